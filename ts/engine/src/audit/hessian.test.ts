import { expect, test } from 'vitest';
import { tinyBase, tinyManifest, tinyRows } from '../../test/tiny-base.ts';
import { Retrainer } from '../calibration/retrain.ts';
import { baseLayout } from '../llama/parameters.ts';
import type { BaseModel } from '../model/base.ts';
import { Random } from '../numeric/random.ts';
import type { FineTuneSettings } from '../training/presets.ts';
import { rowsOf } from './audit.ts';
import { Hessian } from './hessian.ts';

const LORA: FineTuneSettings['lora'] = { rank: 2, alpha: 4, rankStabilised: false, initScale: 1, seed: 1 };

const tiny = tinyBase();

function baseOf(changes: Partial<BaseModel['config']>): BaseModel {
  const config = { ...tiny.config, ...changes };
  const random = new Random(8);
  return {
    ...tiny,
    config,
    weights: new Float32Array(baseLayout(config).size).map(() => 0.2 * random.normal()),
  };
}

for (const [name, changes, lora, profile] of [
  ['every layer adapted', {}, {}, 'native'],
  ['every layer adapted, in the exact profile', {}, {}, 'exact'],
  [
    'biases, another head, and as many keys as queries',
    { biases: ['q_proj', 'k_proj', 'v_proj'], tiedEmbeddings: false, kvHeads: 4 },
    {},
    'native',
  ],
  ['values and queries adapted', {}, { targets: ['q_proj', 'v_proj'] }, 'native'],
  ['the feed-forward adapted', {}, { targets: ['gate_proj', 'down_proj'] }, 'native'],
] as const) {
  test(`a Hessian product is how the gradient changes along the direction: ${name}`, async () => {
    const base = baseOf(changes);
    const batches = { batch: 3, accumulation: 1, lengths: [24, 40, 64], seed: 5 };
    const manifest = tinyManifest(base, profile, { lora: { ...LORA, ...lora }, batches });
    const retrainer = await Retrainer.open(base, manifest, tinyRows, { threads: 1 });
    const hessian = await Hessian.open(base, manifest, 1);
    const { parameters } = await retrainer.train();
    const [{ batch, members }] = retrainer.batches(1);
    const random = new Random(4);
    const directions = [1, 2, 3].map(() => Float64Array.from(parameters, () => random.normal()));
    const rows = rowsOf({ batch, members }).map(({ row }) => row);
    const products = await hessian.products(rows, parameters, directions);
    const alone = await hessian.products(rows, parameters, directions.slice(1, 2));

    for (const [k, direction] of directions.entries()) {
      const h = 2e-3;
      const moved = (by: number) => parameters.map((value, i) => value + by * direction[i]);
      const [up, down] = [
        await retrainer.gradient(batch, moved(h)),
        await retrainer.gradient(batch, moved(-h)),
      ];
      const expected = up.map((value, i) => (value - down[i]) / (2 * h));
      expect(distance(products[k].product, expected)).toBeLessThan(0.01);
      const gradient = await retrainer.gradient(batch, parameters);
      const total = rows.reduce(
        (sum, { weights }, row) => sum + Math.max(...weights) * products[k].slopes[row],
        0,
      );
      const slope = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
      expect(Math.abs(total / slope - 1)).toBeLessThan(1e-3);
    }
    expect(distance(alone[0].product, products[1].product)).toBeLessThan(1e-5);
    await Promise.all([retrainer.close(), hessian.close()]);
  });
}

/** How far a vector is from another, beside that one's length. */
function distance(vector: ArrayLike<number>, from: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < from.length; i += 1) {
    difference += (vector[i] - from[i]) ** 2;
    length += from[i] ** 2;
  }
  return Math.sqrt(difference / length);
}
