import type { Hex } from 'viem';
import { type Journal, type JournalOptions, openJournal, type TornTail } from '../journal/journal.ts';
import type { ChannelState, EpochState } from './channel.ts';
import {
  type AttributionEntry,
  type LedgerEntry,
  type PaymentEntry,
  type ProposalEntry,
  parseEntry,
  type ReceiptEntry,
  type StoredVoucher,
} from './entries.ts';

/** A signed epoch that can be redeemed, or is being redeemed. */
export type RedeemableEpoch = { channelId: Hex; epoch: EpochState; voucher: StoredVoucher };

/**
 * What the node knows beyond the chain: served receipts, signed vouchers, attributions, settlement intents.
 * The journal is the only thing that persists; everything here is derived from it by replay.
 */
export type Ledger = {
  readonly tornTail: TornTail | undefined;
  channel(channelId: Hex): ChannelState | undefined;
  receipt(hash: Hex): ReceiptEntry | undefined;
  attribution(hash: Hex): AttributionEntry | undefined;
  proposals(): readonly ProposalEntry[];
  /** Payments by signed transfer of a consumer, oldest first. */
  payments(consumer: Hex): readonly PaymentEntry[];
  /** Receipts in the order in which they were served, newest last. */
  receipts(): readonly ReceiptEntry[];
  /** Receipts waiting for their attribution, oldest first. */
  unattributed(): ReceiptEntry[];
  /** Signed epochs that no redemption has sealed yet. */
  redeemable(): RedeemableEpoch[];
  /** Epochs that a redemption has sealed. Whether the chain has them already is the prover's question. */
  sealed(): RedeemableEpoch[];
  append(...entries: LedgerEntry[]): Promise<void>;
  close(): Promise<void>;
};

/** Opens the journal and derives the ledger from it. */
export async function openLedger(
  path: string,
  files?: JournalOptions<LedgerEntry>['files'],
): Promise<Ledger> {
  const journal = await openJournal<LedgerEntry>({ path, parse: parseEntry, files });
  return createLedger(journal);
}

/** The ledger on an open journal. */
export function createLedger(journal: Journal<LedgerEntry>): Ledger {
  const channels = new Map<Hex, ChannelState>();
  const receipts = new Map<Hex, ReceiptEntry>();
  const attributions = new Map<Hex, AttributionEntry>();
  const proposals: ProposalEntry[] = [];
  const payments = new Map<Hex, PaymentEntry[]>();

  function channelOf(channelId: Hex): ChannelState {
    const known = channels.get(channelId);
    if (known !== undefined) return known;
    const fresh: ChannelState = { channelId, current: undefined, sealed: [], defaulted: false };
    channels.set(channelId, fresh);
    return fresh;
  }

  function apply(entry: LedgerEntry): void {
    switch (entry.type) {
      case 'receipt': {
        const state = channelOf(entry.receipt.channelId);
        const { epoch } = entry.receipt;
        state.current ??= { epoch, settledFee: entry.settledFee, receipts: [], voucher: undefined };
        if (state.current.epoch !== epoch || state.current.receipts.length !== entry.receipt.position) {
          throw new Error(`Receipt ${entry.hash} is out of order in its channel.`);
        }
        state.current.receipts.push(entry);
        receipts.set(entry.hash, entry);
        return;
      }
      case 'voucher': {
        const { current } = channelOf(entry.voucher.channelId);
        if (current?.epoch !== entry.voucher.epoch)
          throw new Error('A voucher for an epoch that is not running.');
        current.voucher = entry.voucher;
        return;
      }
      case 'attribution':
        attributions.set(entry.hash, entry);
        return;
      case 'redemption':
        for (const one of entry.vouchers) seal(channelOf(one.channelId), one.epoch);
        return;
      case 'proposal':
        proposals.push(entry);
        return;
      case 'payment': {
        const consumer = lowerCase(entry.consumer);
        payments.set(consumer, [...(payments.get(consumer) ?? []), entry]);
        return;
      }
      case 'default':
        channelOf(entry.channelId).defaulted = true;
        return;
    }
  }

  function seal(state: ChannelState, epoch: number): void {
    if (state.current?.epoch !== epoch) return;
    state.sealed.push(state.current);
    state.current = undefined;
  }

  for (const entry of journal.entries) apply(entry);

  const signed = (state: ChannelState, epoch: EpochState | undefined): RedeemableEpoch[] =>
    epoch?.voucher === undefined ? [] : [{ channelId: state.channelId, epoch, voucher: epoch.voucher }];

  return {
    tornTail: journal.tornTail,
    channel: (channelId) => channels.get(lowerCase(channelId)),
    receipt: (hash) => receipts.get(lowerCase(hash)),
    attribution: (hash) => attributions.get(lowerCase(hash)),
    proposals: () => proposals,
    payments: (consumer) => payments.get(lowerCase(consumer)) ?? [],
    receipts: () => [...receipts.values()],
    unattributed: () => [...receipts.values()].filter(({ hash }) => !attributions.has(hash)),
    redeemable: () => [...channels.values()].flatMap((state) => signed(state, state.current)),
    sealed: () =>
      [...channels.values()].flatMap((state) => state.sealed.flatMap((epoch) => signed(state, epoch))),
    append: async (...entries) => {
      // Memory follows the disk: a failed write leaves no trace in what is served.
      await journal.append(...entries);
      for (const entry of entries) apply(entry);
    },
    close: journal.close,
  };
}

function lowerCase(hex: Hex): Hex {
  return hex.toLowerCase() as Hex;
}
