import { type Hex, isAddressEqual } from 'viem';
import { sameHex, utf8 } from '../protocol/bytes.ts';
import { outputTree, requestHash } from '../protocol/content.ts';
import { type CitedRow, contextRowOf, isContextOf } from '../protocol/context.ts';
import { feeOf, hashReceipt, type Prices, type Receipt } from '../protocol/receipts.ts';
import { plainRoot } from '../protocol/trees.ts';
import { recoverReceiptIssuer, type SigningDomain } from '../protocol/vouchers.ts';
import type { ChannelRecord, PendingCall } from './channel-record.ts';
import { signedCount } from './channel-record.ts';

/** What a receipt is held against. */
export type ReceiptExpectation = {
  record: ChannelRecord;
  call: PendingCall;
  /** The answer as it arrived. */
  output: string;
  /** The rows that it cites. */
  citations?: readonly CitedRow[] | undefined;
  prices: Prices;
  settlement: SigningDomain;
  nodeId: number;
  wallet: Hex;
};

/**
 * What is wrong with a receipt, in words; undefined when the consumer can sign for it. The numbers of tokens are the
 * one thing that is taken from the node: they depend on its tokenizer.
 */
export async function receiptFault(
  receipt: Receipt,
  nodeSignature: Hex,
  expected: ReceiptExpectation,
): Promise<string | undefined> {
  const { record, call, prices } = expected;
  const output = utf8(expected.output);
  if (!sameHex(receipt.channelId, record.channelId)) return 'it is for another channel';
  const place = placeFault(receipt, record);
  if (place) return place;
  if (receipt.flags !== call.flags) return `its flags are ${receipt.flags} instead of ${call.flags}`;
  if (!sameHex(receipt.requestHash, requestHash(call.salt, utf8(call.request))))
    return 'it is for another request';
  if (receipt.outputLength !== output.length) return 'its output length is not that of the answer';
  if (!sameHex(receipt.outputRoot, plainRoot(outputTree(call.salt, output))))
    return 'it is for another answer';
  const { citations = [] } = expected;
  if (citations.length > (call.retrieve ?? 0)) return 'it names rows that were not asked for';
  if (!isContextOf(receipt, citations.map(contextRowOf)))
    return 'the rows that it names are not the cited ones';
  const fees = [false, true].map((activated) =>
    feeOf(prices, receipt.tokensIn, receipt.tokensOut, activated),
  );
  if (!fees.includes(receipt.fee)) return `its fee is ${receipt.fee} wei, but the prices give ${fees[0]}`;
  if (output.length > 0 && (receipt.tokensOut === 0) !== (call.embeds ?? false))
    return call.embeds ? 'it counts tokens in vectors' : 'it counts no tokens in the answer';
  const hash = hashReceipt(receipt);
  const issuer = await recoverReceiptIssuer(expected.settlement, expected.nodeId, hash, nodeSignature).catch(
    () => undefined,
  );
  if (!issuer || !isAddressEqual(issuer, expected.wallet)) return "it is not signed by the node's wallet";
  return undefined;
}

/** The next place of this epoch, or the first of the next one once everything before is signed for. */
function placeFault(receipt: Receipt, record: ChannelRecord): string | undefined {
  if (receipt.epoch === record.epoch && receipt.position === record.receipts.length) return undefined;
  const isNext = receipt.epoch === record.epoch + 1 && receipt.position === 0;
  if (isNext && record.receipts.length > 0 && signedCount(record) === record.receipts.length)
    return undefined;
  return `it is number ${receipt.position} of epoch ${receipt.epoch}, but ${record.receipts.length} of epoch ${record.epoch} is next`;
}

/** The record with a checked receipt added; a new epoch begins where the last one's voucher ended. */
export function withReceipt(record: ChannelRecord, receipt: Receipt): ChannelRecord {
  const { pending: _, ...rest } = record;
  if (receipt.epoch === record.epoch) return { ...rest, receipts: [...record.receipts, receipt] };
  const settledFee = record.voucher?.cumulativeFee ?? record.settledFee;
  return { ...rest, epoch: receipt.epoch, settledFee, receipts: [receipt] };
}
