import type { BatchRecord } from '@openledger/sdk/protocol/claims';
import { recoverVoucherSigner, type SigningDomain } from '@openledger/sdk/protocol/vouchers';
import { type Hex, isAddressEqual } from 'viem';
import { type ChainChannel, type SealedEpoch, unsignedReceipts } from '../ledger/channel.ts';
import { MAX_CLAIM_BYTES } from '../ledger/claim-size.ts';
import { type LedgerEntry, redemptionOf } from '../ledger/entries.ts';
import type { KeyLock } from '../ledger/key-lock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';

export type VoucherDeps = {
  ledger: Ledger;
  locks: KeyLock;
  /** Domain of vouchers. */
  escrow: SigningDomain;
  readChannel(channelId: Hex): Promise<ChainChannel>;
  log: Log;
  now(): number;
};

/** Which of the node's vouchers go to the chain next. */
export type Vouchers = {
  /**
   * Channels that owe the node something which the chain will soon refuse to pay: their consumers have asked to leave, or
   * named another signer.
   */
  changing(): Promise<ReadonlySet<Hex>>;
  /**
   * Closes the running epochs whose receipts are all signed, of these channels or of all: later receipts go to the next
   * epoch. A consumer that leaves or changes the signer, or stays away for long, without signing its last receipt loses the channel.
   */
  seal(channels?: ReadonlySet<Hex>): Promise<void>;
  /**
   * Sealed epochs that the chain would accept now, of these channels or of all, those with the largest fees first: as many
   * as fit into one transaction and into `room` bytes of claimData. `left`: how many more there are.
   */
  choose(room: number, channels?: ReadonlySet<Hex>): Promise<{ epochs: SealedEpoch[]; left: number }>;
  /** The first of these redeemed batches that fit into `room` bytes of claimData, one at least, and their bytes at most. */
  fitting(batches: readonly BatchRecord[], room: number): { batches: BatchRecord[]; bytes: number };
};

/** The settlement's bound. */
const MAX_VOUCHERS = 64;
/** How long a consumer may leave its last receipt unsigned while its channel waits to be settled. */
const UNSIGNED_PATIENCE_S = 3_600;

export function createVouchers({ ledger, locks, escrow, readChannel, log, now }: VoucherDeps): Vouchers {
  /** Epochs that the chain was seen to have behind it: nothing brings them back, so nothing is read for them again. */
  const behind = new WeakSet<SealedEpoch>();

  /** Sealed epochs that the chain may not have yet, each with its channel. */
  async function ahead(
    channels?: ReadonlySet<Hex>,
  ): Promise<{ sealed: SealedEpoch; channel: ChainChannel }[]> {
    const found: { sealed: SealedEpoch; channel: ChainChannel }[] = [];
    for (const sealed of ledger.sealed()) {
      const channelId = idOf(sealed.voucher);
      if (behind.has(sealed) || channels?.has(channelId) === false) continue;
      const channel = await readChannel(channelId);
      if (channel.epoch > sealed.epoch) behind.add(sealed);
      else found.push({ sealed, channel });
    }
    return found;
  }

  async function changing(): Promise<ReadonlySet<Hex>> {
    const found = new Set<Hex>();
    const look = (channelId: Hex, channel: ChainChannel) => {
      if (isChanging(channel)) found.add(channelId);
    };
    for (const { sealed, channel } of await ahead()) look(idOf(sealed.voucher), channel);
    for (const channelId of ledger.redeemable().map(idOf)) look(channelId, await readChannel(channelId));
    return found;
  }

  async function seal(channels?: ReadonlySet<Hex>): Promise<void> {
    for (const channelId of ledger.redeemable().map(idOf)) {
      if (channels !== undefined && !channels.has(channelId)) continue;
      const isUrgent = isChanging(await readChannel(channelId));
      await locks.run(channelId, async () => {
        const current = ledger.channel(channelId)?.current;
        if (current?.voucher === undefined) return;
        const at = now();
        const entries: LedgerEntry[] = [];
        for (const { hash, receipt } of unsignedReceipts(current)) {
          if (!isUrgent && at - receipt.servedAt < UNSIGNED_PATIENCE_S) return;
          entries.push({ type: 'default', channelId, hash, at });
          log.warn(
            { channel: channelId, fee: receipt.fee.toString() },
            'an answer was never paid; the channel is closed here',
          );
        }
        await ledger.append(...entries, redemptionOf(current.voucher, at));
      });
    }
  }

  /** Why the chain would refuse a voucher: with it, it would refuse all that are sent beside it. */
  async function faultOf({ voucher, claimBytes }: SealedEpoch, channel: ChainChannel) {
    if (channel.settled !== voucher.settledFee || channel.deposit < voucher.cumulativeFee)
      return 'the deposit is gone';
    const signer = await recoverVoucherSigner(escrow, voucher, voucher.signature);
    if (!isAddressEqual(signer, channel.signer)) return 'its signer was replaced';
    return claimBytes > MAX_CLAIM_BYTES ? 'its receipts are too large for a claim' : undefined;
  }

  async function choose(room: number, channels?: ReadonlySet<Hex>) {
    const open: SealedEpoch[] = [];
    // Their deposits are still to be captured.
    const onHold = new Set(ledger.holds().map((entry) => entry.channelId));
    for (const { sealed, channel } of await ahead(channels)) {
      const { channelId, epoch } = sealed.voucher;
      if (channel.epoch !== epoch || onHold.has(channelId)) continue;
      const fault = await faultOf(sealed, channel);
      if (fault === undefined) open.push(sealed);
      else log.error({ channel: channelId, epoch }, `a voucher cannot be redeemed: ${fault}`);
    }
    const fee = ({ voucher }: SealedEpoch) => voucher.cumulativeFee - voucher.settledFee;
    open.sort((a, b) => (fee(a) === fee(b) ? 0 : fee(a) > fee(b) ? -1 : 1));
    let bytes = 0;
    const fits = open.filter(({ claimBytes }) => {
      if (bytes + claimBytes > room) return false;
      bytes += claimBytes;
      return true;
    });
    const epochs = fits.slice(0, MAX_VOUCHERS);
    return { epochs, left: open.length - epochs.length };
  }

  function fitting(all: readonly BatchRecord[], room: number): { batches: BatchRecord[]; bytes: number } {
    const batches: BatchRecord[] = [];
    let bytes = 0;
    for (const batch of all) {
      const size = sizeOf(batch);
      // Each alone was chosen to fit into calldata.
      if (batches.length > 0 && bytes + size > room) break;
      batches.push(batch);
      bytes += size;
    }
    return { batches, bytes };
  }

  function sizeOf(batch: BatchRecord): number {
    return batch.vouchers.reduce((sum, { channelId, epoch }) => {
      const sealed = ledger.channel(channelId)?.sealed.find((one) => one.epoch === epoch);
      return sum + (sealed?.claimBytes ?? 0);
    }, 0);
  }

  return { changing, seal, choose, fitting };
}

/** Whether the consumer has asked to leave, or named another signer. */
function isChanging({ exitAt, signerAt }: ChainChannel): boolean {
  return exitAt !== 0 || signerAt !== 0;
}

function idOf({ channelId }: { channelId: Hex }): Hex {
  return channelId.toLowerCase() as Hex;
}
