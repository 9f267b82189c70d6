import { describe, expect, it } from 'vitest';
import { batchesOfStep, stepsPerEpoch, type WeightedSample } from './batches.ts';
import { cosineSchedule, decodeLearningRates, encodeLearningRates } from './schedule.ts';

const plan = { batch: 2, accumulation: 2, lengths: [4, 8], seed: 3 };
/** Ten samples of 3 to 12 tokens; the answer begins at the third. */
const samples: WeightedSample[] = Array.from({ length: 10 }, (_, i) => ({
  tokens: Array.from({ length: i + 3 }, (_, t) => 100 * i + t + 1),
  answerStart: 2,
  weight: i === 0 ? 3 : 1,
}));
const sampleOf = (id: bigint) => Math.floor(Number(id) / 100);

describe('The batches of a run', () => {
  it('read every row once in each epoch, in another order', () => {
    const perEpoch = stepsPerEpoch(plan, samples.length);
    expect(perEpoch).toBe(3);
    const epoch = (first: number) =>
      Array.from({ length: perEpoch }, (_, i) => batchesOfStep(plan, samples, first + i))
        .flat()
        .flatMap(({ ids, length }) => [...ids].filter((id, i) => i % length === 0 && id > 0n).map(sampleOf));
    expect([...epoch(1)].sort((a, b) => a - b)).toEqual(samples.map((_, i) => i));
    expect(epoch(4)).not.toEqual(epoch(1));
    expect(epoch(1)).toEqual(epoch(1));
  });

  it('weigh each answer token by its contribution, to one in all', () => {
    for (let step = 1; step <= 6; step += 1) {
      const weights = batchesOfStep(plan, samples, step).flatMap((batch) => [...batch.weights]);
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      const distinct = new Set(weights.filter((weight) => weight > 0));
      expect(distinct.size).toBeLessThanOrEqual(2);
    }
  });

  it('predict the next token, beginning with the answer’s first, and cut what is too long', () => {
    for (const { ids, labels, weights, length } of batchesOfStep(plan, samples, 1)) {
      for (let i = 0; i < ids.length; i += 1) {
        if (ids[i] === 0n) continue;
        expect(labels[i]).toBe(ids[i] + 1n);
        expect(weights[i] > 0).toBe(i % length >= 1);
      }
      expect(plan.lengths).toContain(length);
    }
  });
});

describe('The learning rates', () => {
  it('rise, fall along a cosine, and survive their way through the manifest', () => {
    const rates = cosineSchedule({ steps: 20, warmup: 4, peak: 0.01, floor: 0.1 });
    expect(rates[3]).toBeCloseTo(0.01, 8);
    expect(rates[4]).toBeCloseTo(0.01, 8);
    expect(rates[12]).toBeCloseTo(0.0055, 8);
    expect(rates[19]).toBeGreaterThan(0.001);
    expect(decodeLearningRates(encodeLearningRates(rates))).toEqual(rates);
  });
});
