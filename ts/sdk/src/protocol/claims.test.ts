import { describe, expect, it } from 'vitest';
import { createWorld, DOMAIN, randomClaim } from '../../test/world.ts';
import { hashPayout } from './attribution.ts';
import { fromHex, ZERO_HASH } from './bytes.ts';
import { claimId } from './claim-id.ts';
import { payoutsTree } from './claim-trees.ts';
import { buildClaim, nextBatch } from './claims.ts';
import { ownersShare } from './parameters.ts';
import { payoutProof, payoutProofs } from './payout-proof.ts';
import { sumRoot, verifySum } from './trees.ts';

describe('buildClaim', () => {
  it('pays exactly the owners’ share of the fees, on top of what was earned before', () => {
    const world = createWorld(1);
    const first = randomClaim(world);
    const second = randomClaim(world, first.built.settled, 2);
    for (const { input, built } of [first, second]) {
      const { claim, trees } = built;
      const before = input.parent.claim.payoutsTotal;
      expect(claim.payoutsTotal).toBe(before + ownersShare(claim.fees, input.parameters));
      expect(sumRoot(payoutsTree(trees.payouts))).toEqual({
        hash: claim.payoutsRoot,
        sum: claim.payoutsTotal,
      });
    }
    expect(second.built.claim).toMatchObject({
      parent: first.built.claimId,
      fromBatch: 2,
      toBatch: 3,
      seq: 2,
    });
  });

  it('is the same every time', () => {
    const { input, built } = randomClaim(createWorld(2));
    expect(buildClaim(input)).toEqual(built);
    expect(claimId(DOMAIN, built.claim)).toBe(built.claimId);
  });

  it('keeps what the claim does not touch byte for byte', () => {
    const world = createWorld(3);
    const first = randomClaim(world);
    const second = randomClaim(world, first.built.settled);
    const untouched = second.built.trees.payouts.payouts.filter(({ seq }) => seq === 1);
    for (const payout of untouched) expect(first.built.trees.payouts.payouts).toContainEqual(payout);
  });

  it('refuses receipts that the voucher was not signed for', () => {
    const { input } = randomClaim(createWorld(4));
    const [one, ...rest] = input.receipts;
    const changed = { ...one!, receipt: { ...one!.receipt, tokensOut: one!.receipt.tokensOut + 1 } };
    expect(() => buildClaim({ ...input, receipts: [changed, ...rest] })).toThrow(
      'not the ones that its voucher',
    );
    expect(() => buildClaim({ ...input, receipts: rest })).toThrow();
  });

  it('refuses batches that do not follow the parent, or of two parameters versions', () => {
    const world = createWorld(5);
    const { input } = randomClaim(world, undefined, 2);
    expect(() => buildClaim({ ...input, batches: input.batches.slice(1) })).toThrow('batch 1 at 0 is next');
    const [first, second] = input.batches;
    const voted = { ...second!, paramsVersion: 2 };
    expect(() => buildClaim({ ...input, batches: [first!, voted] })).toThrow('settle it in a later claim');
    expect(() => buildClaim({ ...input, batches: [] })).toThrow('redeem vouchers first');
  });

  it('needs the query vector of a model that pays by influence', () => {
    const { input } = randomClaim(createWorld(6), undefined, 2);
    const receipts = input.receipts.map(({ queryVector: _, ...one }) => one);
    expect(() => buildClaim({ ...input, receipts })).toThrow('needs its query vector');
  });
});

describe('nextBatch', () => {
  it('numbers receipts through its vouchers', () => {
    const voucher = {
      channelId: ZERO_HASH,
      epoch: 0,
      settledFee: 1n,
      cumulativeFee: 4n,
      receiptsRoot: ZERO_HASH,
      receiptCount: 3,
    };
    const batch = nextBatch({ batches: 4, nextReceipt: 10 }, 2, [voucher, { ...voucher, receiptCount: 5 }]);
    expect(batch).toMatchObject({ number: 5, firstReceipt: 10, receiptCount: 8, fees: 6n, paramsVersion: 2 });
    expect(batch.vouchers.map(({ firstReceipt }) => firstReceipt)).toEqual([10, 13]);
  });
});

describe('payoutProofs', () => {
  it('open every payout under the claim', () => {
    const { built } = randomClaim(createWorld(7));
    const root = { hash: built.claim.payoutsRoot, sum: built.claim.payoutsTotal };
    const proofs = payoutProofs(built.settled);
    expect(proofs.length).toBe(built.trees.payouts.payouts.length);
    for (const proof of proofs) {
      const leaf = { hash: hashPayout(proof), sum: proof.cumulative };
      expect(verifySum(root, leaf, proof.asset, built.claim.payoutsDepth, fromHex(proof.proof))).toBe(true);
    }
    expect(payoutProof(built.settled, 999_999)).toBeUndefined();
  });
});
