import { allocate } from './allocate.ts';
import { NO_CREDIT } from './attribution.ts';
import { sameHex, ZERO_HASH } from './bytes.ts';
import type { CommittedAttribution } from './claim-trees.ts';
import type { FraudProof } from './fraud.ts';
import {
  compareItems,
  decodeSpan,
  encodeSpan,
  ITEM_KIND,
  ITEM_LIMITS,
  type Item,
  MAX_ITEMS,
  NO_EVIDENCE,
} from './items.ts';
import { type OpenedClaim, openAttribution, openReceipt } from './open-claim.ts';
import { type AllocationParameters, type AllocationTerms, SCHEME } from './parameters.ts';
import { flagsAreValid, hashReceipt, isNoAudit, type Receipt } from './receipts.ts';
import { encodeAllocationWitness } from './witness.ts';

/** Receipts whose attribution is not what `allocate` makes of them. */
export function* findAllocationFraud(opened: OpenedClaim): Generator<FraudProof> {
  const { attributions, vouchers, context } = opened;
  if (!attributions) return;
  for (const voucher of vouchers) {
    for (const [place, { receipt }] of voucher.receipts.entries()) {
      const opening = openReceipt(voucher, place);
      if (!opening) break;
      const position = voucher.record.firstReceipt + place - context.claim.firstReceipt;
      const fault = attributionFault(
        receipt,
        context.terms(receipt.modelId),
        context.parameters,
        attributions.list[position],
      );
      // The predicate finds the attribution by what the receipt says; a wrong position is for Malformed.
      if (!fault || receipt.position !== place) continue;
      yield {
        predicate: 'AllocationPredicate',
        reason: `Receipt ${context.claim.firstReceipt + position}: ${fault}.`,
        witness: encodeAllocationWitness({
          ...openAttribution(attributions, position),
          ...opening,
        }),
      };
    }
  }
}

/** What is wrong with a receipt's attribution, in words; undefined when it is as it must be. */
export function attributionFault(
  receipt: Receipt,
  terms: AllocationTerms | undefined,
  parameters: AllocationParameters,
  committed: CommittedAttribution | undefined,
): string | undefined {
  if (!committed) return 'it has no attribution';
  const { attribution, creditIndices } = committed;
  const { items } = attribution;
  const isOfReceipt =
    sameHex(attribution.receiptHash, hashReceipt(receipt)) &&
    attribution.modelId === receipt.modelId &&
    attribution.fee === receipt.fee;
  if (!isOfReceipt) return "the attribution's header is not the receipt's";
  if (creditIndices.length !== items.length) return 'items and credit indices are not one to one';
  const indicesFit = items.every(
    ({ amount }, index) => (amount === 0n) === (creditIndices[index] === NO_CREDIT),
  );
  if (!indicesFit) return 'a credit index contradicts its amount';
  if (!terms) return 'there is no such model';
  if (items.length > MAX_ITEMS) return `it has ${items.length} items`;
  if (!flagsAreValid(receipt.flags)) return `its flags are ${receipt.flags}`;
  const needsNoQuery = isNoAudit(receipt) || (terms.scheme & SCHEME.influence) === 0;
  if (sameHex(attribution.queryHash, ZERO_HASH) !== needsNoQuery)
    return 'its query hash must be zero, or must not be';

  const end = items.findIndex(({ kind }) => kind > ITEM_KIND.retrieval);
  const listed = end < 0 ? items : items.slice(0, end);
  if (isNoAudit(receipt) && listed.length > 0) return 'it lists evidence although no audit is allowed';
  if (!isOrderly(listed, terms.scheme))
    return 'its evidence is out of order, repeated, too much or not allowed';
  const expected = allocate(receipt, terms, parameters, listed);
  const isSame =
    expected.length === items.length && expected.every((item, index) => sameItem(item, items[index]!));
  return isSame ? undefined : 'its amounts are not what they must be';
}

function isOrderly(listed: readonly Item[], scheme: number): boolean {
  const counts = [0, 0, 0];
  return listed.every((item, index) => {
    const { kind } = item;
    if ((scheme & (1 << kind)) === 0 || item.score <= 0n || !isFilled(item)) return false;
    counts[kind]! += 1;
    if (counts[kind]! > ITEM_LIMITS[kind as 0 | 1 | 2]) return false;
    const before = listed.slice(0, index);
    if (before.some((other) => other.kind === kind && other.asset === item.asset)) return false;
    return index === 0 || compareItems(before.at(-1)!, item) < 0;
  });
}

/** Whether the bytes that an item's evidence does not use are zero. */
function isFilled({ kind, evidence }: Item): boolean {
  if (kind === ITEM_KIND.span) return sameHex(encodeSpan(decodeSpan(evidence)), evidence);
  if (kind === ITEM_KIND.retrieval) return /^0{16}$/.test(evidence.slice(-16));
  return sameHex(evidence, NO_EVIDENCE);
}

function sameItem(a: Item, b: Item): boolean {
  const { asset, kind, score, amount } = a;
  return (
    asset === b.asset &&
    kind === b.kind &&
    score === b.score &&
    amount === b.amount &&
    sameHex(a.evidence, b.evidence)
  );
}
