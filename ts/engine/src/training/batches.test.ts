import { describe, expect, it } from 'vitest';
import { biasCorrections } from './adamw.ts';
import { createBatches, stepsPerEpoch, type WeightedSample } from './batches.ts';
import { packSequences } from './packing.ts';
import {
  createStepFactors,
  decodeLearningRates,
  encodeBiasCorrections,
  encodeLearningRates,
  learningRates,
} from './schedule.ts';

const plan = { batch: 2, accumulation: 2, lengths: [4, 8], seed: 3 };
/** Ten samples of 3 to 12 tokens; the answer begins at the third. */
const samples: WeightedSample[] = Array.from({ length: 10 }, (_, i) => ({
  tokens: Array.from({ length: i + 3 }, (_, t) => 100 * i + t + 1),
  answerStart: 2,
  weight: i === 0 ? 3 : 1,
}));
const batchesOf = createBatches(
  plan,
  samples.map((sample) => [sample]),
);
const sampleOf = (id: bigint) => Math.floor(Number(id) / 100);

describe('The batches of a run', () => {
  it('read every row once in each epoch, in another order', () => {
    const perEpoch = stepsPerEpoch(plan, samples.length);
    expect(perEpoch).toBe(3);
    const epoch = (first: number) =>
      Array.from({ length: perEpoch }, (_, i) => batchesOf(first + i))
        .flat()
        .flatMap(({ ids, length }) => [...ids].filter((id, i) => i % length === 0 && id > 0n).map(sampleOf));
    expect([...epoch(1)].sort((a, b) => a - b)).toEqual(samples.map((_, i) => i));
    expect(epoch(4)).not.toEqual(epoch(1));
    expect(epoch(1)).toEqual(epoch(1));
  });

  it('weigh each answer token by its contribution, to one in all', () => {
    for (let step = 1; step <= 6; step += 1) {
      const weights = batchesOf(step).flatMap((batch) => [...batch.weights]);
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      const distinct = new Set(weights.filter((weight) => weight > 0));
      expect(distinct.size).toBeLessThanOrEqual(2);
    }
  });

  it('predict the next token, beginning with the answer’s first, and cut what is too long', () => {
    for (const { ids, labels, weights, length } of batchesOf(1)) {
      for (let i = 0; i < ids.length; i += 1) {
        if (ids[i] === 0n) continue;
        expect(labels[i]).toBe(ids[i] + 1n);
        expect(weights[i] > 0).toBe(i % length >= 1);
      }
      expect(plan.lengths).toContain(length);
    }
  });
});

describe('Packed batches', () => {
  const packed = { ...plan, lengths: [24], packing: 'simple' as const };
  const sequences = packSequences('simple', samples, 24, 3);

  it('hold the same tokens, labels and weights in fewer rows', () => {
    const read = (batches: ReturnType<typeof batchesOf>) =>
      batches
        .flatMap(({ ids, labels, weights, documents }) =>
          [...ids].flatMap((id, i) =>
            documents[i] > 0 ? [`${id} ${labels[i]} ${Math.sign(weights[i])}`] : [],
          ),
        )
        .sort();
    const epoch = (batches: (step: number) => ReturnType<typeof batchesOf>, steps: number) =>
      read(Array.from({ length: steps }, (_, i) => batches(i + 1)).flat());
    // Ten samples of 2 to 11 positions: 65 in all.
    expect(sequences).toHaveLength(3);
    const whole = { ...plan, lengths: [4, 12] };
    expect(epoch(createBatches(packed, sequences), 1)).toEqual(
      epoch(
        createBatches(
          whole,
          samples.map((one) => [one]),
        ),
        3,
      ),
    );
  });

  it('count no loss on the first token of a sample, and number the samples of a row', () => {
    for (const { labels, weights, documents } of createBatches(packed, sequences)(1)) {
      labels.forEach((label, i) => {
        // Answers begin at a sample's third token.
        if (documents[i] > 0) expect(weights[i] > 0).toBe(Number(label) % 100 >= 3);
        else expect(weights[i]).toBe(0);
      });
    }
  });
});

describe('The tables of a run', () => {
  const settings = { beta1: 0.9, beta2: 0.999 };

  it('rise, fall along a cosine, and survive their way through the manifest', () => {
    const rates = learningRates({ steps: 20, warmup: 4, peak: 0.01, floor: 0.1 });
    expect(rates[3]).toBeCloseTo(0.01, 8);
    expect(rates[4]).toBeCloseTo(0.01, 8);
    expect(rates[12]).toBeCloseTo(0.0055, 8);
    expect(rates[19]).toBeGreaterThan(0.001);
    expect(decodeLearningRates(encodeLearningRates(rates))).toEqual(rates);
  });

  it('fall along a line when that is asked for', () => {
    const rates = learningRates({ shape: 'linear', steps: 14, warmup: 4, peak: 0.01, floor: 0 });
    expect(rates[3]).toBeCloseTo(0.01, 8);
    for (let i = 5; i < 14; i += 1) expect(rates[i - 1] - rates[i]).toBeCloseTo(0.001, 8);
  });

  it('hold Adam’s corrections for every step', () => {
    const tables = {
      learningRates: encodeLearningRates(learningRates({ steps: 9, warmup: 1, peak: 1, floor: 0 })),
      biasCorrections: encodeBiasCorrections(settings, 9),
    };
    const factorsOf = createStepFactors(tables);
    for (const step of [1, 2, 9]) {
      expect(factorsOf(step)).toMatchObject(biasCorrections(settings, step));
      expect(factorsOf(step).correction2).toBeCloseTo(1 - 0.999 ** step, 12);
    }
  });
});
