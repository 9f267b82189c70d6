import type { Hex } from 'viem';
import { concat, fixed, ProtocolError, reader, taggedHash, uint } from './bytes.ts';
import { type SumTree, sumTree } from './trees.ts';

/** Bits of a receipt's `flags`. */
export const RECEIPT_FLAG = { public: 1, noAudit: 2 } as const;

/** One inference as the consumer signs for it. */
export type Receipt = {
  channelId: Hex;
  epoch: number;
  /** Place in its voucher's receipts tree. */
  position: number;
  modelId: number;
  tokensIn: number;
  tokensOut: number;
  /** Wei, a whole number of gwei. */
  fee: bigint;
  servedAt: number;
  flags: number;
  requestHash: Hex;
  outputRoot: Hex;
  /** Bytes of the answer. */
  outputLength: number;
  /** Root of the retrieved rows, zero if none. */
  contextRoot: Hex;
};

/** Bytes of an encoded receipt, without the hash's tag. */
export const RECEIPT_BYTES = 171;

/** What a receipt's hash is taken over, without the tag. */
export function encodeReceipt(receipt: Receipt): Uint8Array<ArrayBuffer> {
  return concat(
    fixed(receipt.channelId, 32, 'channelId'),
    uint(receipt.epoch, 4, 'epoch'),
    uint(receipt.position, 4, 'position'),
    uint(receipt.modelId, 5, 'modelId'),
    uint(receipt.tokensIn, 4, 'tokensIn'),
    uint(receipt.tokensOut, 4, 'tokensOut'),
    uint(receipt.fee, 12, 'fee'),
    uint(receipt.servedAt, 5, 'servedAt'),
    uint(receipt.flags, 1, 'flags'),
    fixed(receipt.requestHash, 32, 'requestHash'),
    fixed(receipt.outputRoot, 32, 'outputRoot'),
    uint(receipt.outputLength, 4, 'outputLength'),
    fixed(receipt.contextRoot, 32, 'contextRoot'),
  );
}

/** Reads a receipt's preimage back, from `offset`. */
export function decodeReceipt(bytes: Uint8Array, offset = 0): Receipt {
  const read = reader(bytes, offset);
  return {
    channelId: read.hex(32),
    epoch: read.number(4),
    position: read.number(4),
    modelId: read.number(5),
    tokensIn: read.number(4),
    tokensOut: read.number(4),
    fee: read.bigint(12),
    servedAt: read.number(5),
    flags: read.number(1),
    requestHash: read.hex(32),
    outputRoot: read.hex(32),
    outputLength: read.number(4),
    contextRoot: read.hex(32),
  };
}

/** Hash of a receipt: its leaf, and its identity. */
export function hashReceipt(receipt: Receipt): Hex {
  return taggedHash(0x10, encodeReceipt(receipt));
}

/** Sum tree over one voucher's receipts. Its root is `receiptsRoot`, its sum `cumulativeFee − settledFee`. */
export function receiptsTree(receipts: readonly Receipt[]): SumTree {
  return sumTree(
    receipts.map((receipt, position) => {
      if (receipt.position !== position) {
        throw new ProtocolError(`Receipt ${position} of the voucher says position ${receipt.position}.`);
      }
      return { hash: hashReceipt(receipt), sum: receipt.fee };
    }),
  );
}

/** Whether the consumer lets anyone see request and answer. */
export function isPublic(receipt: Pick<Receipt, 'flags'>): boolean {
  return (receipt.flags & RECEIPT_FLAG.public) !== 0;
}

/** Whether the consumer ruled out an audit; such a receipt pays contributors by the model's baseline. */
export function isNoAudit(receipt: Pick<Receipt, 'flags'>): boolean {
  return (receipt.flags & RECEIPT_FLAG.noAudit) !== 0;
}

/** Flags that the format allows: known bits, and never PUBLIC with NO_AUDIT. */
export function flagsAreValid(flags: number): boolean {
  return flags === 0 || flags === RECEIPT_FLAG.public || flags === RECEIPT_FLAG.noAudit;
}

/** What a model charges, in wei, each a whole number of gwei. */
export type Prices = { activation: bigint; baseFee: bigint; inputPer1k: bigint; outputPer1k: bigint };

/**
 * What a call costs: base fee and tokens, rounded up to a whole gwei. `activated`: the adapter had to be
 * loaded for this call.
 */
export function feeOf(prices: Prices, tokensIn: number, tokensOut: number, activated = false): bigint {
  const thousandths = BigInt(tokensIn) * prices.inputPer1k + BigInt(tokensOut) * prices.outputPer1k;
  const unit = 1000n * GWEI;
  const tokens = ((thousandths + unit - 1n) / unit) * GWEI;
  return prices.baseFee + tokens + (activated ? prices.activation : 0n);
}

/** Fees are multiples of this: it makes every basis-point share exact. */
export const GWEI = 1_000_000_000n;
