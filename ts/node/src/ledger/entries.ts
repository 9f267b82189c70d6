import type { Hex } from 'viem';
import { z } from 'zod';

const hex = z.custom<Hex>(
  (value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value),
  'is not hex',
);
const count = z.number().int().min(0);
const bigint = z.bigint();
const bytes = z.instanceof(Uint8Array);

const receipt = z.object({
  channelId: hex,
  epoch: count,
  position: count,
  modelId: count,
  tokensIn: count,
  tokensOut: count,
  fee: bigint,
  servedAt: count,
  flags: count,
  requestHash: hex,
  outputRoot: hex,
  outputLength: count,
  contextRoot: hex,
});

const voucher = z.object({
  channelId: hex,
  epoch: count,
  settledFee: bigint,
  cumulativeFee: bigint,
  receiptsRoot: hex,
  receiptCount: count,
  signature: hex,
});

const evidence = z.object({
  asset: count,
  kind: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  score: bigint,
  evidence: hex,
});

/** An answer was served: its receipt, and what is needed to attribute it and to open it to an audit. */
const receiptEntry = z.object({
  type: z.literal('receipt'),
  receipt,
  hash: hex,
  /** What the channel had settled when the receipt's epoch began. */
  settledFee: bigint,
  nodeSignature: hex,
  salt: hex,
  request: z.string(),
  output: z.string(),
  promptTokens: z.array(count),
  /** The rows that were placed in the prompt, in their order. */
  context: z.array(z.object({ asset: count, row: count, score: bigint, text: z.string() })).optional(),
});

/** The consumer signed for all receipts of an epoch so far. */
const voucherEntry = z.object({ type: z.literal('voucher'), voucher, at: count });

/** An answer was attributed; the notice is what the node signed for the consumer to see. */
const attributionEntry = z.object({
  type: z.literal('attribution'),
  hash: hex,
  queryVector: bytes.optional(),
  queryHash: hex,
  evidence: z.array(evidence),
  evidenceHash: hex,
  noticeSignature: hex,
  /** More matches than may be paid, for display. */
  spans: z.array(z.object({ asset: count, outOff: count, srcOff: count, len: count })),
  at: count,
});

/**
 * The node decided to redeem these vouchers. From here on their channels are in the next epoch,
 * whether or not the transaction has been sent yet.
 */
const redemptionEntry = z.object({
  type: z.literal('redemption'),
  vouchers: z.array(z.object({ channelId: hex, epoch: count, receiptCount: count })),
  at: count,
});

/** The node decided to propose this claim; its parts are in the content store. */
const proposalEntry = z.object({
  type: z.literal('proposal'),
  claimId: hex,
  seq: count,
  dump: hex,
  /** Where its data are, if not in calldata: as the settlement numbers it. */
  dataScheme: count.optional(),
  at: count,
});

/** A receipt was left behind unpaid when its epoch was redeemed; the channel is served no more. */
const defaultEntry = z.object({ type: z.literal('default'), channelId: hex, hash: hex, at: count });

/** A payment by signed transfer (x402) was accepted: the node is about to open this channel with it. */
const paymentEntry = z.object({
  type: z.literal('payment'),
  consumer: hex,
  /** The authorization's nonce: with the consumer, what can be used once. */
  nonce: hex,
  channelId: hex,
  channelNonce: hex,
  amount: bigint,
  /** keccak256 of the request it was sent with: another request cannot use it up. */
  request: hex,
  at: count,
  /** Of a metered payment: `amount` is on hold until it is captured. Times in seconds. */
  hold: z.object({ preApprovalExpiry: count, captureDeadline: count, salt: bigint }).optional(),
});

/** A hold is over: `amount` of it was captured, and the rest went back to the consumer. */
const captureEntry = z.object({ type: z.literal('capture'), channelId: hex, amount: bigint, at: count });

const entry = z.discriminatedUnion('type', [
  receiptEntry,
  voucherEntry,
  attributionEntry,
  redemptionEntry,
  proposalEntry,
  defaultEntry,
  paymentEntry,
  captureEntry,
]);

/** One thing that happened, as the journal keeps it. Version 1: fields may be added, never changed. */
export type LedgerEntry = z.infer<typeof entry>;
export type ReceiptEntry = z.infer<typeof receiptEntry>;
export type AttributionEntry = z.infer<typeof attributionEntry>;
export type ProposalEntry = z.infer<typeof proposalEntry>;
export type PaymentEntry = z.infer<typeof paymentEntry>;
/** A metered payment. */
export type HeldEntry = PaymentEntry & { hold: NonNullable<PaymentEntry['hold']> };
export type StoredVoucher = z.infer<typeof voucher>;

/** Closes the epoch of its last voucher. */
export function redemptionOf({ channelId, epoch, receiptCount }: StoredVoucher, at: number): LedgerEntry {
  return { type: 'redemption', vouchers: [{ channelId, epoch, receiptCount }], at };
}

/** Checks an entry that was read back. */
export function parseEntry(value: unknown): LedgerEntry {
  return entry.parse(value);
}
