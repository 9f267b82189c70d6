import { encodeAbiParameters, type Hex } from 'viem';
import { type Credit, encodeCredit } from './attribution.ts';
import { toHex } from './bytes.ts';
import { type OpenedClaim, openAttribution, openPayout, openReceipt } from './open-claim.ts';
import { toInt8Bytes } from './sketch.ts';
import { proveSum } from './trees.ts';
import {
  ALLOCATION_TYPES,
  type AllocationWitness,
  allocationValues,
  encodeAllocationWitness,
  NOTHING,
  types,
} from './witness.ts';

/** What the audit registry can be asked for, as it numbers it. */
export const REQUEST_KIND = { attribution: 0, payout: 1, credit: 2, data: 3, audit: 4 } as const;

/** A request about a claim. */
export type ClaimRequest = {
  kind: (typeof REQUEST_KIND)[keyof typeof REQUEST_KIND];
  /** Position of the receipt in the claim; for payouts and credits the asset. */
  subject: number;
  /** Place in the asset's credits tree; zero for other kinds. */
  index: number;
};

/**
 * What answers a request, as `src/types/Opening.sol` declares it by kind; for an audit the witness that opens the
 * receipt. Undefined if the claim's trees are not known well enough, which never happens to an honest proposer.
 */
export function answerRequest(opened: OpenedClaim, { kind, subject, index }: ClaimRequest): Hex | undefined {
  if (kind === REQUEST_KIND.payout) return answerPayout(opened, subject);
  if (kind === REQUEST_KIND.credit) return answerCredit(opened, subject, index);
  const { attributions, context, disclosed, vouchers } = opened;
  if (attributions === undefined) return undefined;
  const attribution = openAttribution(attributions, subject);
  if (kind === REQUEST_KIND.attribution) {
    const { creditIndexes, attributionPath } = attribution;
    return encodeBytes(attribution.attribution, creditIndexes, attributionPath);
  }
  const number = context.claim.firstReceipt + subject;
  const voucher = vouchers.find(
    ({ record }) => record.firstReceipt <= number && number < record.firstReceipt + record.receiptCount,
  );
  const receipt = voucher && openReceipt(voucher, number - voucher.record.firstReceipt);
  if (receipt === undefined) return undefined;
  const witness = { ...attribution, ...receipt };
  if (kind === REQUEST_KIND.audit) return encodeAllocationWitness(witness);
  return encodeDataOpening(witness, disclosed[subject]?.opening?.queryVector);
}

function answerPayout({ payouts, context }: OpenedClaim, asset: number): Hex | undefined {
  const opening = payouts && openPayout(payouts, rootOf(context.claim), asset);
  return opening && encodeBytes(opening.payout, opening.payoutPath);
}

function answerCredit(opened: OpenedClaim, asset: number, index: number): Hex | undefined {
  const { payouts, credits, context } = opened;
  const opening = payouts && openPayout(payouts, rootOf(context.claim), asset);
  if (opening === undefined) return undefined;
  const payout = payouts?.byAsset.get(asset);
  const hasCredits = payout?.seq === context.claim.seq && index < 2 ** payout.creditsDepth;
  if (!hasCredits) return encodeBytes(opening.payout, opening.payoutPath, NOTHING, NOTHING);
  const known = credits.get(asset);
  if (known === undefined) return undefined;
  const credit: Credit | undefined = known.record.credits[index] ?? undefined;
  const leaf = credit === undefined ? NOTHING : encodeCredit(credit);
  return encodeBytes(opening.payout, opening.payoutPath, leaf, proveSum(known.tree, index));
}

function encodeDataOpening(w: AllocationWitness, query: Int8Array | undefined): Hex {
  return encodeAbiParameters(types(`${ALLOCATION_TYPES} bytes`), [
    ...allocationValues(w),
    toHex(query === undefined ? NOTHING : toInt8Bytes(query)),
  ]);
}

function encodeBytes(...parts: Uint8Array[]): Hex {
  return encodeAbiParameters(
    types(parts.map(() => 'bytes').join(' ')),
    parts.map((part) => toHex(part)),
  );
}

function rootOf({ payoutsRoot, payoutsTotal }: OpenedClaim['context']['claim']) {
  return { hash: payoutsRoot, sum: payoutsTotal };
}
