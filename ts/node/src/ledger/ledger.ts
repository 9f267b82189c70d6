import { utf8 } from '@openledger/sdk/protocol/bytes';
import type { Hex } from 'viem';
import { type JournalOptions, openJournal, type Place, type TornTail } from '../journal/journal.ts';
import { type Archive, createArchive, type PaymentPlace } from './archive.ts';
import type { ChannelState, ReceiptHead, SealedEpoch } from './channel.ts';
import { disclosedBytes } from './claim-size.ts';
import {
  type AttributionEntry,
  type HeldEntry,
  type LedgerEntry,
  type PaymentEntry,
  type ProposalEntry,
  parseEntry,
  type ReceiptEntry,
  type StoredVoucher,
} from './entries.ts';

/**
 * What the node knows beyond the chain: served receipts, signed vouchers, attributions, settlement intents.
 * The journal is the only thing that persists; everything here is derived from it by replay. In memory are the channels,
 * the small part of their running epochs' receipts, and where the journal has the rest: what returns a promise reads it.
 * A read rejects with `journal_corrupt` when the file does not have any more what was written.
 */
export type Ledger = {
  readonly tornTail: TornTail | undefined;
  channel(channelId: Hex): ChannelState | undefined;
  receipt(hash: Hex): Promise<ReceiptEntry | undefined>;
  isAttributed(hash: Hex): boolean;
  attribution(hash: Hex): Promise<AttributionEntry | undefined>;
  /** Payments by signed transfer of a consumer, oldest first. */
  payments(consumer: Hex): readonly PaymentPlace[];
  payment(place: PaymentPlace): Promise<PaymentEntry>;
  /** Metered payments that were accepted, and neither captured nor given back so far as the node knows, oldest first. */
  holds(): HeldEntry[];
  /** The last `limit` receipts in the order in which they were served, of one channel or of all. */
  receipts(limit: number, channelId?: Hex): Promise<ReceiptEntry[]>;
  /** All receipts of an epoch that a redemption has sealed; none when the ledger has no such epoch. */
  sealedReceipts(channelId: Hex, epoch: number): Promise<ReceiptEntry[]>;
  /** Hashes of the receipts that wait for their attribution, oldest first. */
  readonly unattributed: ReadonlySet<Hex>;
  /** The receipts of all running epochs. */
  running(): ReceiptHead[];
  /** The last vouchers of epochs that no redemption has sealed yet. */
  redeemable(): StoredVoucher[];
  /**
   * The first attempt and the last at the node's next claim with data that are not in calldata, by its `seq`; undefined
   * where there was none.
   */
  attempts(seq: number): { first: ProposalEntry; last: ProposalEntry } | undefined;
  /** Epochs that a redemption has sealed. Whether the chain has them already is the prover's question. */
  sealed(): SealedEpoch[];
  append(...entries: LedgerEntry[]): Promise<void>;
  close(): Promise<void>;
};

/** Opens the journal and derives the ledger from it. */
export async function openLedger(
  path: string,
  files?: JournalOptions<LedgerEntry>['files'],
): Promise<Ledger> {
  const channels = new Map<Hex, ChannelState>();
  const holds = new Map<Hex, HeldEntry>();
  let attempts: { first: ProposalEntry; last: ProposalEntry } | undefined;
  const archive: Archive = createArchive(path, (place) => journal.read(place));

  function channelOf(channelId: Hex): ChannelState {
    const known = channels.get(channelId);
    if (known !== undefined) return known;
    const fresh: ChannelState = { channelId, current: undefined, sealed: [], defaulted: false };
    channels.set(channelId, fresh);
    return fresh;
  }

  function apply(entry: LedgerEntry, place: Place): void {
    switch (entry.type) {
      case 'receipt':
        serve(entry);
        break;
      case 'voucher': {
        const { current } = channelOf(entry.voucher.channelId);
        if (current?.epoch !== entry.voucher.epoch)
          throw new Error('A voucher for an epoch that is not running.');
        current.voucher = entry.voucher;
        break;
      }
      case 'redemption':
        for (const one of entry.vouchers) seal(channelOf(one.channelId), one.epoch);
        break;
      case 'default':
        channelOf(entry.channelId).defaulted = true;
        break;
      case 'proposal':
        if (entry.dataScheme === undefined) break;
        attempts = { first: attempts?.first.seq === entry.seq ? attempts.first : entry, last: entry };
        break;
      case 'payment':
        if (isHeld(entry)) holds.set(entry.channelId, entry);
        break;
      case 'capture':
        holds.delete(entry.channelId);
        break;
      case 'attribution':
    }
    archive.add(entry, place);
  }

  function serve({ receipt, hash, nodeSignature, settledFee, request }: ReceiptEntry): void {
    const state = channelOf(receipt.channelId);
    const { epoch, position } = receipt;
    state.current ??= { epoch, settledFee, receipts: [], voucher: undefined, claimBytes: 0 };
    const { current } = state;
    if (current.epoch !== epoch || current.receipts.length !== position) {
      throw new Error(`Receipt ${hash} is out of order in its channel.`);
    }
    current.receipts.push({ receipt, hash, nodeSignature });
    current.claimBytes += disclosedBytes(receipt, utf8(request).length);
  }

  function seal(state: ChannelState, epoch: number): void {
    const { current } = state;
    if (current?.epoch !== epoch) return;
    const { voucher, claimBytes } = current;
    if (voucher === undefined) throw new Error('A redemption of an epoch that has no voucher.');
    const receipts = current.receipts.map(({ hash }) => hash);
    state.sealed.push({ epoch, voucher, receipts, claimBytes });
    state.current = undefined;
  }

  const journal = await openJournal<LedgerEntry>({ path, parse: parseEntry, replay: apply, files });

  function stateOf(channelId: Hex): ChannelState | undefined {
    return channels.get(channelId.toLowerCase() as Hex);
  }

  async function receiptsOf(hashes: readonly Hex[]): Promise<ReceiptEntry[]> {
    const entries = await Promise.all(hashes.map(archive.receipt));
    return entries.filter((entry) => entry !== undefined);
  }

  return {
    tornTail: journal.tornTail,
    channel: stateOf,
    receipt: archive.receipt,
    isAttributed: archive.isAttributed,
    attribution: archive.attribution,
    payments: archive.payments,
    payment: archive.payment,
    holds: () => [...holds.values()],
    receipts(limit, channelId) {
      if (channelId === undefined) return receiptsOf(archive.lastReceipts(limit));
      const state = stateOf(channelId);
      const sealed = state?.sealed.flatMap(({ receipts }) => receipts) ?? [];
      const running = state?.current?.receipts.map(({ hash }) => hash) ?? [];
      return receiptsOf([...sealed, ...running].slice(-limit));
    },
    async sealedReceipts(channelId, epoch) {
      const sealed = stateOf(channelId)?.sealed.find((one) => one.epoch === epoch);
      return receiptsOf(sealed?.receipts ?? []);
    },
    unattributed: archive.unattributed,
    running: () => [...channels.values()].flatMap(({ current }) => current?.receipts ?? []),
    redeemable: () => [...channels.values()].flatMap(({ current }) => current?.voucher ?? []),
    attempts: (seq) => (attempts?.first.seq === seq ? attempts : undefined),
    sealed: () => [...channels.values()].flatMap(({ sealed }) => sealed),
    append: async (...entries) => {
      // Memory follows the disk: a failed write leaves no trace in what is served.
      const place = await journal.append(...entries);
      for (const entry of entries) apply(entry, place);
    },
    close: journal.close,
  };
}

function isHeld(entry: PaymentEntry): entry is HeldEntry {
  return entry.hold !== undefined;
}
