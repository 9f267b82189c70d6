import type { Hex } from 'viem';
import { z } from 'zod';
import type { Receipt } from '../protocol/receipts.ts';
import { receiptsTree } from '../protocol/receipts.ts';
import { hashSchema } from '../protocol/store.ts';
import { sumRoot } from '../protocol/trees.ts';
import type { Voucher } from '../protocol/vouchers.ts';

/** A call that was sent and whose receipt has not arrived yet. With it a lost answer can be fetched and checked. */
export type PendingCall = {
  salt: Hex;
  request: string;
  flags: number;
  /** How many rows may be placed in the prompt, if any were asked for. */
  retrieve?: number | undefined;
  /** Whether it asks for embeddings, which are billed without output tokens. */
  embeds?: boolean | undefined;
};

/** What a consumer keeps of a channel: enough to check the node and to continue after a restart. */
export type ChannelRecord = {
  channelId: Hex;
  epoch: number;
  /** What was promised before this epoch. */
  settledFee: bigint;
  /** Receipts of this epoch, checked, in order. */
  receipts: Receipt[];
  /** The last voucher signed, and whether the node has it. */
  voucher?: Voucher & { signature: Hex; delivered: boolean };
  pending?: PendingCall;
};

/** Where channel records are kept. `save` returns when the record is safe. */
export type ChannelStore = {
  load(channelId: Hex): Promise<ChannelRecord | undefined>;
  save(record: ChannelRecord): Promise<void>;
};

/** Keeps records in memory: for tests and for channels that live no longer than the program. */
export function memoryStore(): ChannelStore {
  const records = new Map<Hex, string>();
  return {
    load: async (channelId) => {
      const text = records.get(channelId);
      return text === undefined ? undefined : decodeChannelRecord(text);
    },
    save: async (record) => {
      records.set(record.channelId, encodeChannelRecord(record));
    },
  };
}

/** Keeps records in a browser's `localStorage`, or in anything with its two methods. */
export function webStore(
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  prefix = 'openledger.channel.',
): ChannelStore {
  return {
    load: async (channelId) => {
      const text = storage.getItem(prefix + channelId);
      return text === null ? undefined : decodeChannelRecord(text);
    },
    save: async (record) => storage.setItem(prefix + record.channelId, encodeChannelRecord(record)),
  };
}

/** The voucher that covers every receipt of the record's epoch. */
export function nextVoucher(record: ChannelRecord): Voucher {
  const root = sumRoot(receiptsTree(record.receipts));
  return {
    channelId: record.channelId,
    epoch: record.epoch,
    settledFee: record.settledFee,
    cumulativeFee: record.settledFee + root.sum,
    receiptsRoot: root.hash,
    receiptCount: record.receipts.length,
  };
}

/** Whether receipts of the epoch wait for a voucher. */
export function isUnsigned(record: ChannelRecord): boolean {
  return record.receipts.length > signedCount(record);
}

/** How many of the epoch's receipts the last voucher covers. */
export function signedCount({ voucher, epoch }: ChannelRecord): number {
  return voucher?.epoch === epoch ? voucher.receiptCount : 0;
}

const amount = z.string().regex(/^\d+$/).transform(BigInt);
const count = z.number().int().min(0);
const hex = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/)
  .transform((text) => text as Hex);

/** A receipt as the node's JSON has it: the fee is a decimal string. Fields beside the receipt's are dropped. */
export const receiptSchema = z.object({
  channelId: hashSchema,
  epoch: count,
  position: count,
  modelId: count,
  tokensIn: count,
  tokensOut: count,
  fee: amount,
  servedAt: count,
  flags: count,
  requestHash: hashSchema,
  outputRoot: hashSchema,
  outputLength: count,
  contextRoot: hashSchema,
});

const recordSchema = z.object({
  channelId: hashSchema,
  epoch: count,
  settledFee: amount,
  receipts: z.array(receiptSchema),
  voucher: z
    .object({
      channelId: hashSchema,
      epoch: count,
      settledFee: amount,
      cumulativeFee: amount,
      receiptsRoot: hashSchema,
      receiptCount: count,
      signature: hex,
      delivered: z.boolean(),
    })
    .optional(),
  pending: z
    .object({
      salt: hashSchema,
      request: z.string(),
      flags: count,
      retrieve: count.optional(),
      embeds: z.boolean().optional(),
    })
    .optional(),
});

/** A record as JSON text, for stores. */
export function encodeChannelRecord(record: ChannelRecord): string {
  return toJson(record);
}

/** Reads a record back. */
export function decodeChannelRecord(text: string): ChannelRecord {
  return recordSchema.parse(JSON.parse(text));
}

/** JSON with amounts as decimal strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? inner.toString() : inner));
}
