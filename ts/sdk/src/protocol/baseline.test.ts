import { describe, expect, it } from 'vitest';
import { BASELINE_TOTAL, baselinePayable, baselineShares, baselineTree } from './baseline.ts';
import { sumRoot } from './trees.ts';

describe('a baseline', () => {
  it('shares by weight and gives the remainder to the first', () => {
    const shares = baselineShares([4, 8, 12].map((asset) => ({ asset, weight: 1n })));
    expect(shares.map(({ parts }) => parts)).toEqual([333_333_334, 333_333_333, 333_333_333]);
    expect(sumRoot(baselineTree(shares, 4)).sum).toBe(BigInt(BASELINE_TOTAL));
  });

  it('must add up', () => {
    expect(() => baselineTree([{ asset: 4, parts: 5 }], 3)).toThrow('add up to 5');
    expect(() => baselineShares([])).toThrow('positive weight');
  });

  it('pays each part once', () => {
    expect(baselinePayable(1000n, 250_000_000, 100n)).toBe(150n);
  });
});
