import { describe, expect, it } from 'vitest';
import { baselineAsset, contributionAsset, modelAsset, parseAsset } from './assets.ts';

describe('asset ids', () => {
  it('tell contributions, models and baselines apart', () => {
    expect([contributionAsset(3), modelAsset(3), baselineAsset(3)]).toEqual([12, 13, 14]);
    expect(parseAsset(13)).toEqual({ tokenId: 3, kind: 1 });
    expect(parseAsset(0)).toBeUndefined();
  });

  it('reach to the largest token id without losing bits', () => {
    const largest = 2 ** 38 - 1;
    expect(parseAsset(modelAsset(largest))).toEqual({ tokenId: largest, kind: 1 });
    expect(() => modelAsset(largest + 1)).toThrow('outside');
  });

  it('refuse what is not one', () => {
    expect(() => contributionAsset(0)).toThrow('outside');
    expect(() => parseAsset(3)).toThrow('not an asset id');
    expect(() => parseAsset(15)).toThrow('not an asset id');
  });
});
