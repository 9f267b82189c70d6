import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { Badge, Failure, Figure, Result } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { formatCount, formatSeconds } from '../../lib/amounts.ts';
import { listDatanets } from '../../lib/indexer.ts';
import { type Job, readJob } from '../../lib/jobs.ts';
import { Anchors } from './anchors.tsx';
import { LossChart } from './loss-chart.tsx';
import { Publish } from './publish.tsx';
import { RunSettings } from './run-settings.tsx';
import { JOB_STATUS } from './train-page.tsx';
import { useCurve } from './use-curve.ts';

/** One run: its curve while it happens, what of it is on chain, and, once trained, how to publish it. */
export function RunPage({ id }: { id: string }) {
  const { nodeUrl } = useNetwork();
  const job = useQuery({
    queryKey: ['job', nodeUrl, id],
    queryFn: () => readJob(nodeUrl, id),
    refetchInterval: ({ state }) => (state.data?.finished_at == null ? 2_000 : false),
  });
  return (
    <div className="page">
      <nav className="crumbs" aria-label="Where this is">
        <Link to="/train">Train</Link>
      </nav>
      <Result query={job}>{(data) => <Run job={data} />}</Result>
    </div>
  );
}

function Run({ job }: { job: Job }) {
  const { indexerUrl, nodeUrl } = useNetwork();
  const queries = useQueryClient();
  const curve = useCurve(job.id, () => queries.invalidateQueries({ queryKey: ['job', nodeUrl, job.id] }));
  const datanets = useQuery({ queryKey: ['datanets', indexerUrl], queryFn: () => listDatanets(indexerUrl) });
  const last = curve.points.at(-1);
  const step = last?.step ?? job.step;
  const status = JOB_STATUS[job.status];
  const running = job.status === 'running' || job.status === 'queued';
  const names = job.datanets.map(
    (id) => datanets.data?.find((one) => one.id === id)?.name ?? `datanet ${id}`,
  );
  return (
    <>
      <header className="page-head">
        <div className="card-head">
          <h1>{job.name}</h1>
          <Badge tone={status.tone}>{status.text}</Badge>
        </div>
        <p>
          Base model ol-{job.baseModel}, learning {formatCount(job.rows)} rows of {names.join(' and ')}.
        </p>
      </header>
      {job.error !== null && <Failure error={new Error(job.error.message)} />}
      <section className="card" aria-label="Progress">
        <dl className="figures">
          <Figure label="step">
            {formatCount(step)} <small>of {formatCount(job.totalSteps)}</small>
          </Figure>
          <Figure label="loss">
            {last === undefined ? (job.loss?.toFixed(3) ?? '–') : last.loss.toFixed(3)}
          </Figure>
          <Figure label="speed">
            {running && last?.tokensPerSecond !== undefined ? (
              <>
                {formatCount(Math.round(last.tokensPerSecond))} <small>tokens/s</small>
              </>
            ) : (
              '–'
            )}
          </Figure>
          <Figure label={running ? 'left' : 'took'}>
            {running
              ? formatSeconds(last?.etaSeconds ?? Number.NaN)
              : formatSeconds((job.finished_at ?? job.created_at) - job.created_at)}
          </Figure>
        </dl>
        <progress max={job.totalSteps} value={step} aria-label="Steps done" />
        <LossChart points={curve.points} anchors={curve.anchors} totalSteps={job.totalSteps} />
      </section>
      <div className="split even">
        <Anchors job={job} />
        <div className="stack">
          <Publish job={job} />
          <RunSettings job={job} />
        </div>
      </div>
    </>
  );
}
