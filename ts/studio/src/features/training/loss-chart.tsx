import {
  CartesianGrid,
  Line,
  LineChart,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { Anchor, CurvePoint } from '../../lib/jobs.ts';
import { thin, withMean } from './curve.ts';
import { niceTicks } from './ticks.ts';

/** The loss, step by step, with a line at each checkpoint. The same numbers are below as a table. */
export function LossChart({
  points,
  anchors,
  totalSteps,
}: {
  points: readonly CurvePoint[];
  anchors: readonly Anchor[];
  totalSteps: number;
}) {
  const drawn = thin(withMean(points), 600);
  if (drawn.length === 0) return <div className="chart empty">The first step is on its way.</div>;
  const losses = niceTicks(Math.max(...drawn.map(({ loss }) => loss)));
  const steps = niceTicks(totalSteps, 6).filter((step) => step <= totalSteps);
  return (
    <figure className="chart" data-points={points.length}>
      <figcaption className="sr">
        Training loss over {points.length} steps, from {points[0]!.loss.toFixed(2)} to{' '}
        {points.at(-1)!.loss.toFixed(2)}.
      </figcaption>
      <ResponsiveContainer width="100%" height={280}>
        <LineChart
          data={drawn}
          margin={{ top: 12, right: 12, bottom: 4, left: 0 }}
          accessibilityLayer={false}
        >
          <CartesianGrid stroke="var(--line)" vertical={false} />
          <XAxis
            dataKey="step"
            type="number"
            domain={[0, totalSteps]}
            ticks={steps}
            tick={{ fill: 'var(--soft)', fontSize: 12 }}
            tickLine={false}
            axisLine={{ stroke: 'var(--line)' }}
            allowDecimals={false}
          />
          <YAxis
            width={40}
            domain={[0, losses.at(-1)!]}
            ticks={losses}
            tick={{ fill: 'var(--soft)', fontSize: 12 }}
            tickLine={false}
            axisLine={false}
          />
          <Tooltip
            isAnimationActive={false}
            formatter={(value, name) => [Number(value).toFixed(4), name === 'mean' ? 'running mean' : 'loss']}
            labelFormatter={(label) => `step ${label}`}
            contentStyle={{ background: 'var(--card)', border: '1px solid var(--line)', borderRadius: 8 }}
          />
          {anchors.map(({ step }) => (
            <ReferenceLine key={step} x={step} stroke="var(--gold)" strokeDasharray="3 4" />
          ))}
          <Line
            dataKey="loss"
            stroke="var(--accent-faint)"
            strokeWidth={1.2}
            dot={drawn.length < 3}
            isAnimationActive={false}
          />
          <Line
            dataKey="mean"
            stroke="var(--accent)"
            strokeWidth={2.4}
            dot={false}
            isAnimationActive={false}
          />
        </LineChart>
      </ResponsiveContainer>
      <p className="legend">
        <span data-key="loss">loss of each step</span>
        <span data-key="mean">running mean</span>
        <span data-key="anchor">checkpoint</span>
      </p>
      <details className="as-table">
        <summary>View as table</summary>
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col">Loss</th>
              </tr>
            </thead>
            <tbody>
              {thin(points, 200).map(({ step, loss }) => (
                <tr key={step}>
                  <td>{step}</td>
                  <td>{loss.toFixed(4)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
