import { describe, expect, it } from 'vitest';
import { allocate } from './allocate.ts';
import { ZERO_HASH } from './bytes.ts';
import { ITEM_KIND, influenceEvidence, NO_EVIDENCE, spanEvidence } from './items.ts';
import { ownersShare } from './parameters.ts';
import { GWEI } from './receipts.ts';

const receipt = { fee: 10_000n * GWEI, flags: 1, modelId: 2, outputLength: 200 };
const terms = { parent: 1, royaltyBps: 1000, scheme: 3, baselineRoot: `0x${'01'.repeat(32)}` as const };
const parameters = {
  modelBps: 2000,
  contributorsBps: 4000,
  tauBasePpm: 100_000,
  tauMinPpm: 0,
  tauMaxPpm: 1_000_000,
  feeRef: 10_000n * GWEI,
  mixInfluenceBps: 5000,
  mixSpanBps: 3000,
  mixRetrievalBps: 2000,
};

// Every rule and edge is in the golden vectors; here is what a reader wants to see at a glance.
describe('allocate', () => {
  it('gives spans their slice by the share of the answer they cover, and influence the rest', () => {
    const items = allocate(receipt, terms, parameters, [
      influenceEvidence(4, 3n),
      influenceEvidence(8, 1n),
      spanEvidence(4, { outOff: 0, srcOff: 0, len: 100 }),
    ]);
    // Contributors: 4000 gwei. Spans: 4000 · 3/8 · 100/200 = 750. Influence: 3250, three to one.
    expect(items.map(({ asset, amount }) => [asset, amount])).toEqual([
      [4, 2437_500_000_000n],
      [8, 812_500_000_000n],
      [4, 750n * GWEI],
      [9, 1800n * GWEI],
      [5, 200n * GWEI],
    ]);
  });

  it('pays exactly the owners’ share, whatever the evidence', () => {
    for (const scores of [[], [1n], [5n, 3n, 1n], [10n ** 15n, 1n]]) {
      const listed = scores.map((score, index) => influenceEvidence(4 * (index + 1), score));
      const items = allocate(receipt, terms, parameters, listed);
      expect(items.reduce((sum, { amount }) => sum + amount, 0n)).toBe(ownersShare(receipt.fee, parameters));
    }
  });

  it('pays by the baseline when nothing counts, and the treasury when there is none', () => {
    const kinds = (baselineRoot: `0x${string}`) =>
      allocate(receipt, { ...terms, baselineRoot }, parameters, []).map(({ kind }) => kind);
    expect(kinds(terms.baselineRoot)).toEqual([ITEM_KIND.model, ITEM_KIND.royalty, ITEM_KIND.baseline]);
    expect(kinds(ZERO_HASH)).toEqual([ITEM_KIND.model, ITEM_KIND.royalty, ITEM_KIND.treasury]);
  });

  it('refuses evidence where none may be listed', () => {
    expect(() => allocate({ ...receipt, flags: 2 }, terms, parameters, [influenceEvidence(4, 1n)])).toThrow(
      'NO_AUDIT',
    );
    const model = { asset: 9, kind: ITEM_KIND.model, score: 0n, evidence: NO_EVIDENCE };
    expect(() => allocate(receipt, terms, parameters, [model])).toThrow('computed, not listed');
  });
});
