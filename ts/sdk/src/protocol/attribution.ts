import type { Hex } from 'viem';
import { concat, fixed, int64, keccak, taggedHash, uint, ZERO_HASH } from './bytes.ts';
import { type Evidence, encodeItems, ITEM_KIND, type Item } from './items.ts';
import { SCHEME } from './parameters.ts';
import { isNoAudit, type Receipt } from './receipts.ts';
import { toInt8Bytes } from './sketch.ts';

/** Credit index of an item that has no credit because its amount is zero. */
export const NO_CREDIT = 0xffffffff;

/** What a node says of a receipt. The header repeats the receipt, so that a predicate needs only one opening. */
export type Attribution = {
  receiptHash: Hex;
  modelId: number;
  fee: bigint;
  queryHash: Hex;
  items: Item[];
};

/** What an attribution's hash is taken over, without the tag. */
export function encodeAttribution(attribution: Attribution): Uint8Array<ArrayBuffer> {
  return concat(
    fixed(attribution.receiptHash, 32, 'receiptHash'),
    uint(attribution.modelId, 5, 'modelId'),
    uint(attribution.fee, 12, 'fee'),
    fixed(attribution.queryHash, 32, 'queryHash'),
    encodeItems(attribution.items),
  );
}

/** Hash of an attribution. */
export function hashAttribution(attribution: Attribution): Hex {
  return taggedHash(0x12, encodeAttribution(attribution));
}

/** Credit indices as the attribution's leaf holds them, four bytes each. */
export function encodeCreditIndices(indices: readonly number[]): Uint8Array<ArrayBuffer> {
  return concat(...indices.map((index) => uint(index, 4, 'creditIndex')));
}

/** Leaf of an attribution: its hash and, per item, where its credit is in the asset's credits tree. */
export function hashAttributionLeaf(attributionHash: Hex, creditIndices: readonly number[]): Hex {
  return taggedHash(0x13, fixed(attributionHash, 32), encodeCreditIndices(creditIndices));
}

/** Hash of a query vector: 512 signed bytes. */
export function hashQueryVector(queryVector: Int8Array): Hex {
  return keccak(toInt8Bytes(queryVector));
}

/** Whether a receipt's attribution commits to a query vector. */
export function needsQueryVector(receipt: Pick<Receipt, 'flags'>, scheme: number): boolean {
  return !isNoAudit(receipt) && (scheme & SCHEME.influence) !== 0;
}

/** The query hash of a receipt's attribution: zero for NO_AUDIT and for models that do not pay by influence. */
export function queryHashOf(
  receipt: Pick<Receipt, 'flags'>,
  scheme: number,
  queryVector: Int8Array | undefined,
): Hex {
  return needsQueryVector(receipt, scheme) && queryVector ? hashQueryVector(queryVector) : ZERO_HASH;
}

/** What a node signs in its notice to the user: the evidence, not the amounts. */
export function evidenceHash(receiptHash: Hex, queryHash: Hex, items: readonly Evidence[]): Hex {
  return taggedHash(
    0x19,
    fixed(receiptHash, 32, 'receiptHash'),
    fixed(queryHash, 32, 'queryHash'),
    ...items
      .filter(({ kind }) => kind <= ITEM_KIND.retrieval)
      .map(({ asset, kind, score, evidence }) =>
        concat(uint(asset, 5, 'asset'), uint(kind, 1, 'kind'), int64(score, 'score'), fixed(evidence, 14)),
      ),
  );
}

/** A credit: one item's amount inside the tree of the asset it pays. */
export type Credit = { receiptNumber: number; item: number; amount: bigint };

/** What a credit's leaf hashes, without the tag. */
export function encodeCredit(credit: Credit): Uint8Array<ArrayBuffer> {
  return concat(
    uint(credit.receiptNumber, 5, 'receiptNumber'),
    uint(credit.item, 1, 'item'),
    uint(credit.amount, 12, 'amount'),
  );
}

/** Leaf of a credit; the tree's sum is the amount. */
export function hashCredit(credit: Credit): Hex {
  return taggedHash(0x14, encodeCredit(credit));
}

/** What an asset has earned from a node so far, and how the last claim that touched it came to that. */
export type Payout = {
  asset: number;
  /** The claim that last changed it. */
  seq: number;
  cumulative: bigint;
  delta: bigint;
  creditsHash: Hex;
  creditsDepth: number;
};

/** What a payout's leaf hashes, without the tag. */
export function encodePayout(payout: Payout): Uint8Array<ArrayBuffer> {
  return concat(
    uint(payout.asset, 5, 'asset'),
    uint(payout.seq, 4, 'seq'),
    uint(payout.cumulative, 12, 'cumulative'),
    uint(payout.delta, 12, 'delta'),
    fixed(payout.creditsHash, 32, 'creditsHash'),
    uint(payout.creditsDepth, 1, 'creditsDepth'),
  );
}

/** Leaf of a payout; the tree's sum is the cumulative amount. */
export function hashPayout(payout: Payout): Hex {
  return taggedHash(0x15, encodePayout(payout));
}
