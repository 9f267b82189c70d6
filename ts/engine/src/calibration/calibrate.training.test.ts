import { expect, test } from 'vitest';
import { tinyBase, tinyManifest, tinyRows } from '../../test/tiny-base.ts';
import { runIdOf } from '../training/manifest.ts';
import { calibrate, calibrationSchema } from './calibrate.ts';

test('a run is measured, the same way for the same seed', async () => {
  const base = tinyBase();
  const manifest = tinyManifest(base, 'exact');
  const steps: number[] = [];
  const options = { base, manifest, rows: tinyRows, subsets: 6, queries: 4, threads: 1 };
  const first = await calibrate({
    ...options,
    onProgress: (done, total) => steps.push((100 * done) / total),
  });
  expect(calibrationSchema.parse(first)).toEqual(first);
  expect(first).toMatchObject({ runId: runIdOf(manifest), subsets: 6, queries: 4, profile: 'native' });
  expect(first.lds.low).toBeLessThanOrEqual(first.lds.value);
  // With four rows every row is among the first five.
  expect(first.recall.value).toBe(1);
  expect(steps.at(-1)).toBe(100);
  expect(await calibrate(options)).toEqual(first);
  expect((await calibrate({ ...options, seed: 2 })).lds).not.toEqual(first.lds);
}, 120_000);
