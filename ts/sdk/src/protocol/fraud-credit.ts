import { type Credit, encodeCredit, hashCredit } from './attribution.ts';
import { concat, sameHex, uint } from './bytes.ts';
import type { FraudProof } from './fraud.ts';
import { type OpenedClaim, openAttribution, openPayout } from './open-claim.ts';
import { proveSum, type SumNode, sumNodeAt, verifySum } from './trees.ts';
import { encodeCreditWitness } from './witness.ts';

/** Items without their credit, and credits without their item. */
export function* findCreditFraud(opened: OpenedClaim): Generator<FraudProof> {
  if (!opened.attributions || !opened.payouts) return;
  yield* findItemsWithoutCredit(opened);
  yield* findCreditsWithoutItem(opened);
}

function* findItemsWithoutCredit({
  attributions,
  payouts,
  credits,
  context,
}: OpenedClaim): Generator<FraudProof> {
  const { claim } = context;
  for (const [position, committed] of attributions!.list.entries()) {
    if (!committed) continue;
    for (const [item, { asset, amount }] of committed.attribution.items.entries()) {
      const creditIndex = committed.creditIndices[item];
      if (amount === 0n || creditIndex === undefined) continue;
      const receiptNumber = claim.firstReceipt + position;
      const payout = payouts!.byAsset.get(asset);
      const paid = payout !== undefined && payout.seq === claim.seq;
      const isOutside = paid && creditIndex >= 2 ** payout.creditsDepth;
      let recorded: SumNode | undefined;
      let creditPath: Uint8Array | undefined;
      if (paid && !isOutside) {
        const tree = credits.get(asset)?.tree;
        if (!tree) continue;
        recorded = sumNodeAt(tree, 0, creditIndex);
        const hash = hashCredit({ receiptNumber, item, amount });
        if (recorded.sum === amount && sameHex(recorded.hash, hash)) continue;
        creditPath = proveSum(tree, creditIndex);
        const root = { hash: payout.creditsHash, sum: payout.delta };
        if (!verifySum(root, recorded, creditIndex, payout.creditsDepth, creditPath)) continue;
      }
      const opening = openPayout(payouts!, payoutsRoot(claim), asset);
      if (!opening) continue;
      yield {
        predicate: 'CreditPredicate',
        reason: `Item ${item} of receipt ${receiptNumber} pays ${amount} to asset ${asset}, which has no such credit.`,
        witness: encodeCreditWitness({
          fromCredit: false,
          ...openAttribution(attributions!, position),
          position,
          item,
          ...opening,
          credit: recorded && concat(recorded.hash, uint(recorded.sum, 12, 'credit')),
          creditPath,
          creditIndex: 0,
        }),
      };
    }
  }
}

function* findCreditsWithoutItem({
  attributions,
  payouts,
  credits,
  context,
}: OpenedClaim): Generator<FraudProof> {
  const { claim } = context;
  for (const [asset, { record, tree }] of credits) {
    const payout = payouts!.byAsset.get(asset);
    if (!payout) continue;
    const root = { hash: payout.creditsHash, sum: payout.delta };
    for (const [creditIndex, credit] of record.credits.entries()) {
      if (!credit || hasItem(credit, creditIndex)) continue;
      const leaf = { hash: hashCredit(credit), sum: credit.amount };
      const creditPath = proveSum(tree, creditIndex);
      const opening = openPayout(payouts!, payoutsRoot(claim), asset);
      if (!opening || !verifySum(root, leaf, creditIndex, payout.creditsDepth, creditPath)) continue;
      const position = credit.receiptNumber - claim.firstReceipt;
      const isInside = position >= 0 && position < claim.receiptCount;
      yield {
        predicate: 'CreditPredicate',
        reason: `Asset ${asset} is credited ${credit.amount} for item ${credit.item} of receipt ${credit.receiptNumber}, which is not so.`,
        witness: encodeCreditWitness({
          fromCredit: true,
          ...(isInside ? openAttribution(attributions!, position) : {}),
          position: isInside ? position : 0,
          item: credit.item,
          ...opening,
          credit: encodeCredit(credit),
          creditPath,
          creditIndex,
        }),
      };
    }

    function hasItem(credit: Credit, creditIndex: number): boolean {
      const committed = attributions!.list[credit.receiptNumber - claim.firstReceipt];
      const item = committed?.attribution.items[credit.item];
      return (
        item !== undefined &&
        item.asset === payout!.asset &&
        item.amount === credit.amount &&
        committed!.creditIndices[credit.item] === creditIndex
      );
    }
  }
}

function payoutsRoot(claim: { payoutsRoot: SumNode['hash']; payoutsTotal: bigint }): SumNode {
  return { hash: claim.payoutsRoot, sum: claim.payoutsTotal };
}
