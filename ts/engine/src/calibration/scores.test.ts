import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import {
  areaUnderCurve,
  type Bank,
  bootstrapScore,
  datamodelingScores,
  predictions,
  ranks,
  spearman,
} from './scores.ts';

const random = new Random(2);
const [rows, queries, subsets] = [30, 12, 40];
const truth = Array.from({ length: queries }, () =>
  Float64Array.from({ length: rows }, () => random.normal()),
);
const kept = Array.from({ length: subsets }, () =>
  Uint8Array.from({ length: rows }, () => random.next() >>> 31),
);
const sumOf = (score: Float64Array, s: number) => score.reduce((sum, x, i) => sum + x * kept[s][i], 0);
const bank: Bank = {
  kept,
  losses: kept.map((_, s) => Float64Array.from(truth, (score) => 20 - sumOf(score, s) ** 3)),
};

describe('spearman', () => {
  it('is the correlation of ranks, which ties share', () => {
    expect([...ranks([10, 30, 20, 30])]).toEqual([1, 3.5, 2, 3.5]);
    expect(spearman([1, 2, 3, 4], [1, 8, 27, 64])).toBeCloseTo(1, 12);
    expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1, 12);
    // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])
    expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
    expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0);
  });
});

describe('datamodelingScores', () => {
  it('are 1 for the scores that made the losses, however curved the loss is, and less for others', () => {
    for (const score of datamodelingScores(bank, predictions(bank, truth))) expect(score).toBeCloseTo(1, 12);
    const noisy = truth.map((score) => score.map((x) => x + 2 * random.normal()));
    const scores = datamodelingScores(bank, predictions(bank, noisy));
    expect(Math.max(...scores)).toBeLessThan(0.95);
  });
});

describe('bootstrapScore', () => {
  it('gives an interval around the mean, which for a difference is above 0 only if one is really better', () => {
    const worse = (by: number) => truth.map((score) => score.map((x) => x + by * random.normal()));
    const [good, bad] = [worse(0.3), worse(3)].map((scores) => predictions(bank, scores));
    const alone = bootstrapScore(bank, good, undefined, { draws: 200 });
    expect(alone.low).toBeLessThan(alone.value);
    expect(alone.high).toBeLessThanOrEqual(1);
    expect(bootstrapScore(bank, good, bad, { draws: 200 }).low).toBeGreaterThan(0);
    const same = bootstrapScore(bank, good, predictions(bank, worse(0.3)), { draws: 200 });
    expect(same.low).toBeLessThan(0);
    expect(same.high).toBeGreaterThan(0);
  });
});

describe('areaUnderCurve', () => {
  it('counts pairs in the right order', () => {
    expect(areaUnderCurve([3, 4], [1, 2])).toBe(1);
    expect(areaUnderCurve([1, 4], [2, 3])).toBe(0.5);
    expect(areaUnderCurve([2], [2, 1])).toBe(0.75);
  });
});
