import { expect, test } from 'vitest';
import { tinyBase, tinyManifest, tinyRows } from '../../test/tiny-base.ts';
import { Retrainer } from '../calibration/retrain.ts';
import type { TrainingManifest } from '../training/manifest.ts';
import { encodeRow } from '../training/rows.ts';
import { auditRun } from './audit.ts';

const base = tinyBase();
const answers = [
  'Who rang the lamp?\nThe keeper of the tower.',
  'How old is the mill?\nThe mill is old.',
].map((text) => encodeRow(base.tokenizer, text));

/** A run whose result is smooth in its rows' weights: no step moves by the sign of a gradient alone. */
function smoothManifest(changes: Partial<TrainingManifest['optimizer']> = {}): TrainingManifest {
  const manifest = tinyManifest(base, 'native');
  return { ...manifest, optimizer: { ...manifest.optimizer, epsRoot: 1e-4, ...changes } };
}

/** (ℓ(w + h) − ℓ(w − h)) / 2h of runs that are really repeated. */
async function differences(manifest: TrainingManifest, step: number): Promise<number[][]> {
  const retrainer = await Retrainer.open(base, manifest, tinyRows, { threads: 1 });
  const losses = async (row: number, change: number) => {
    const factors = tinyRows.map((_, i) => (i === row ? 1 + change : 1));
    return retrainer.losses((await retrainer.train(factors)).parameters, answers);
  };
  const slopes: number[][] = answers.map(() => []);
  for (const row of tinyRows.keys()) {
    const [up, down] = [await losses(row, step), await losses(row, -step)];
    slopes.forEach((slope, k) => {
      slope.push((up[k] - down[k]) / (2 * step));
    });
  }
  await retrainer.close();
  return slopes;
}

test('gives the same bits whether gradients are kept or computed again', async () => {
  const options = { base, manifest: smoothManifest({ clipNorm: 0.5 }), rows: tinyRows, threads: 1 };
  const kept = await auditRun(options, answers);
  const { steps } = options.manifest;
  const bytes = kept.parameters.byteLength;
  expect(await auditRun({ ...options, gradientBytes: 0 }, answers)).toEqual(kept);
  expect(await auditRun({ ...options, gradientBytes: bytes * Math.floor(steps / 2) }, answers)).toEqual(kept);
}, 240_000);

for (const [name, clipNorm] of [
  ['without clipping', 0],
  ['with clipping', 0.5],
] as const) {
  test(`equals what repeated runs with slightly other weights give, ${name}`, async () => {
    const manifest = smoothManifest({ clipNorm });
    const { scores, parameters } = await auditRun({ base, manifest, rows: tinyRows, threads: 1 }, answers);
    const retrainer = await Retrainer.open(base, manifest, tinyRows, { threads: 1 });
    expect(parameters).toEqual((await retrainer.train()).parameters);
    await retrainer.close();
    const slopes = await differences(manifest, 0.02);
    const largest = Math.max(...slopes.flat().map(Math.abs));
    expect(largest).toBeGreaterThan(0.01);
    scores.forEach((score, k) => {
      score.forEach((value, row) => {
        expect(Math.abs(value + slopes[k][row]) / largest).toBeLessThan(0.005);
      });
    });
  }, 240_000);
}
