import { describe, expect, it } from 'vitest';
import { allocate } from './allocate.ts';
import { ZERO_HASH } from './bytes.ts';
import { explainClaim, explainReceipt } from './explain.ts';
import { type Evidence, influenceEvidence, selectEvidence, spanEvidence } from './items.ts';
import type { AllocationParameters, AllocationTerms } from './parameters.ts';
import { GWEI, type Receipt } from './receipts.ts';

const parameters: AllocationParameters = {
  modelBps: 2000,
  contributorsBps: 4000,
  tauBasePpm: 50_000,
  tauMinPpm: 50_000,
  tauMaxPpm: 50_000,
  feeRef: GWEI,
  mixInfluenceBps: 5000,
  mixSpanBps: 3000,
  mixRetrievalBps: 2000,
};
const terms: AllocationTerms = { parent: 1, royaltyBps: 0, scheme: 3, baselineRoot: `0x${'11'.repeat(32)}` };
const receipt = {
  fee: 1000n * GWEI,
  flags: 1,
  modelId: 2,
  outputLength: 200,
  contextRoot: ZERO_HASH,
} as Receipt;

/** Ten contributions with falling scores; the last two may not be listed. Asset 4 is also quoted. */
const influence = [900, 800, 700, 600, 500, 400, 300, 20, 10, 5, -3].map((score, index) =>
  influenceEvidence(4 * (index + 1), BigInt(score)),
);
const span = [spanEvidence(4, { outOff: 0, srcOff: 0, len: 100 })];
const items = allocate(receipt, terms, parameters, selectEvidence([...influence, ...span], terms.scheme));
const explain = (asset: number, evidence?: { influence?: Evidence[]; span?: Evidence[] }) =>
  explainReceipt({ asset, receipt, items, terms, parameters, ...(evidence && { evidence }) });
const outcomes = (asset: number) => explain(asset, { influence, span }).kinds.map(({ outcome }) => outcome);

describe('explaining a receipt', () => {
  it('gives rank, score, threshold, amount and competitors of what was paid', () => {
    const { kinds, amount, words } = explain(4, { influence, span });
    const [byInfluence, bySpan] = kinds;
    expect(byInfluence).toMatchObject({ outcome: 'paid', rank: 1, candidates: 10, score: 900n, limit: 8 });
    // 5 % of the listed scores, rounded up.
    expect(byInfluence!.threshold).toBe(211n);
    expect(byInfluence!.competitors[0]).toMatchObject({ asset: 8, score: 800n, listed: true });
    expect(byInfluence!.competitors.at(-1)).toMatchObject({ asset: 40, listed: false, amount: 0n });
    expect(bySpan).toMatchObject({ outcome: 'paid', rank: 1, score: 100n });
    expect(amount).toBe(items.filter(({ asset }) => asset === 4).reduce((sum, one) => sum + one.amount, 0n));
    expect(words).toContain('rank 1 of 10 with the score 900');
  });

  it('tells below the threshold, not among the first, and no evidence apart', () => {
    expect(outcomes(32)).toEqual(['below the threshold', 'no evidence', 'not enabled']);
    expect(outcomes(36)).toEqual(['not among the first', 'no evidence', 'not enabled']);
    expect(outcomes(44)).toEqual(['no evidence', 'no evidence', 'not enabled']);
    expect(outcomes(400)[0]).toBe('no evidence');
    expect(explain(36, { influence }).words).toContain('rank 9 of 10');
    expect(explain(44, { influence }).words).toContain('its score is -3');
  });

  it('says what it does not know of a private receipt', () => {
    expect(explain(36).kinds[0]).toMatchObject({ outcome: 'not public' });
    // There was room for more spans, so there was no other.
    expect(explain(36).kinds[1]).toMatchObject({ outcome: 'no evidence' });
    expect(explain(8).kinds[0]).toMatchObject({ outcome: 'paid', rank: 2, candidates: 8 });
  });

  it('says where the share of an answer without audits went', () => {
    const silent = { ...receipt, flags: 2 };
    const all = allocate(silent, terms, parameters, []);
    const result = explainReceipt({ asset: 4, receipt: silent, items: all, terms, parameters });
    expect(result).toMatchObject({ amount: 0n, kinds: [], rest: { to: 'baseline', amount: 400n * GWEI } });
    expect(result.words).toContain('ruled out audits');
  });

  it('adds up over a claim', () => {
    const one = explain(4, { influence, span });
    const none = explain(36, { influence, span });
    const claim = explainClaim(4, [
      { number: 7, ...one },
      { number: 8, ...none },
    ]);
    expect(claim.amount).toBe(one.amount);
    expect(claim.outcomes.influence).toEqual({ paid: 1, 'not among the first': 1 });
    expect(claim.words).toMatch(/^1 of 2 receipts pay asset 4, together \d+ wei: by influence paid 1×/);
  });
});
