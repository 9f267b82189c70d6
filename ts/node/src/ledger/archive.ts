import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';
import type { Place } from '../journal/journal.ts';
import type { AttributionEntry, LedgerEntry, PaymentEntry, ReceiptEntry } from './entries.ts';

/** A payment by signed transfer, without its body. */
export type PaymentPlace = Pick<PaymentEntry, 'nonce' | 'channelId'> & { place: Place };

/**
 * What has been written down, without the writing: a receipt takes its hash and two places here, however long its
 * request, answer and evidence are, and its body is read back from the journal by whoever needs it. Nothing else in the
 * node knows that bodies are not in memory.
 */
export type Archive = {
  /** Takes note of an entry that is on the disk. */
  add(entry: LedgerEntry, place: Place): void;
  /** Receipts without attribution, oldest first. */
  readonly unattributed: ReadonlySet<Hex>;
  isAttributed(hash: Hex): boolean;
  receipt(hash: Hex): Promise<ReceiptEntry | undefined>;
  attribution(hash: Hex): Promise<AttributionEntry | undefined>;
  /** Hashes of the last receipts, oldest first. */
  lastReceipts(limit: number): Hex[];
  payments(consumer: Hex): readonly PaymentPlace[];
  payment(place: PaymentPlace): Promise<PaymentEntry>;
};

type Places = { receipt: Place; attribution: Place | undefined };

/** An empty archive; `read` gives the entries at a place of the journal `path`. */
export function createArchive(path: string, read: (place: Place) => Promise<LedgerEntry[]>): Archive {
  const places = new Map<Hex, Places>();
  const order: Hex[] = [];
  const unattributed = new Set<Hex>();
  const payments = new Map<Hex, PaymentPlace[]>();

  function add(entry: LedgerEntry, place: Place): void {
    if (entry.type === 'receipt') {
      places.set(entry.hash, { receipt: place, attribution: undefined });
      order.push(entry.hash);
      unattributed.add(entry.hash);
    } else if (entry.type === 'attribution') {
      const known = places.get(entry.hash);
      if (known === undefined) throw new Error(`An attribution of receipt ${entry.hash}, which is unknown.`);
      known.attribution = place;
      unattributed.delete(entry.hash);
    } else if (entry.type === 'payment') {
      const { nonce, channelId } = entry;
      const consumer = lowerCase(entry.consumer);
      const own = payments.get(consumer);
      if (own === undefined) payments.set(consumer, [{ nonce, channelId, place }]);
      else own.push({ nonce, channelId, place });
    }
  }

  /** The entry of a type at a place that `fits`. */
  async function find<Type extends LedgerEntry['type']>(
    type: Type,
    place: Place,
    fits: (entry: Extract<LedgerEntry, { type: Type }>) => boolean,
  ): Promise<Extract<LedgerEntry, { type: Type }>> {
    for (const entry of await read(place)) {
      if (isOf(entry, type) && fits(entry)) return entry;
    }
    throw new NodeError(
      'journal_corrupt',
      `The journal ${path} has another record at byte ${place} than the ${type} that was written there.`,
      'Something replaced the file while the node was running: stop the node, and restore the file from a backup.',
    );
  }

  return {
    add,
    unattributed,
    isAttributed: (hash) => places.get(lowerCase(hash))?.attribution !== undefined,
    async receipt(hash) {
      const known = places.get(lowerCase(hash));
      return known && find('receipt', known.receipt, (entry) => entry.hash === lowerCase(hash));
    },
    async attribution(hash) {
      const place = places.get(lowerCase(hash))?.attribution;
      return place === undefined
        ? undefined
        : find('attribution', place, (entry) => entry.hash === lowerCase(hash));
    },
    lastReceipts: (limit) => order.slice(-limit),
    payments: (consumer) => payments.get(lowerCase(consumer)) ?? [],
    payment: ({ nonce, channelId, place }) =>
      find('payment', place, (entry) => entry.nonce === nonce && entry.channelId === channelId),
  };
}

function isOf<Type extends LedgerEntry['type']>(
  entry: LedgerEntry,
  type: Type,
): entry is Extract<LedgerEntry, { type: Type }> {
  return entry.type === type;
}

function lowerCase(hex: Hex): Hex {
  return hex.toLowerCase() as Hex;
}
