import { formatEther, type Hex } from 'viem';
import type { Chain } from '../chain/chain.ts';
import { NodeError } from '../errors.ts';
import type { ChainChannel } from '../ledger/channel.ts';
import type { HeldEntry } from '../ledger/entries.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import type { Held } from './hold.ts';
import type { Inbox } from './inbox.ts';

/** How long a held payment waits for its request to be sent again, when the answer never came, in seconds. */
export const RETRY_SECONDS = 600;
/** A retry is admitted some moments before its call begins. */
const MARGIN_SECONDS = 60;

export type CapturesDeps = {
  chain: Chain;
  inbox: Inbox;
  ledger: Ledger;
  /** Whether a call is in progress on a channel. */
  isBusy(channelId: Hex): boolean;
  /** The chain's view of a channel, not remembered; undefined where there is none. */
  channelAt(channelId: Hex): Promise<ChainChannel | undefined>;
  log: Log;
  now(): number;
};

/** What becomes of metered payments after the answer. */
export type Captures = {
  /**
   * Captures what answered calls did cost, and releases what was held for calls that were not answered. What is left to do
   * follows from the journal and the chain alone, so a crash at any point is followed by the same decision again.
   */
  run(): Promise<void>;
  /** Whether a channel's hold is being given back: no call may begin on it any more. */
  isReleasing(channelId: Hex): boolean;
};

export function createCaptures(deps: CapturesDeps): Captures {
  const { chain, inbox, ledger, log, now } = deps;
  const releasing = new Set<Hex>();

  async function run(): Promise<void> {
    const waiting = ledger.holds().filter((entry) => isDue(entry));
    if (waiting.length === 0) return;
    const { timestamp } = await chain.client.getBlock();
    const results = await Promise.allSettled(waiting.map((entry) => settle(entry, Number(timestamp))));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  function isDue({ channelId, at }: HeldEntry): boolean {
    if (feeOf(channelId) !== undefined) return true;
    return now() >= at + RETRY_SECONDS + MARGIN_SECONDS && !deps.isBusy(channelId);
  }

  /** What the answer on a channel did cost; undefined where there is none. */
  function feeOf(channelId: Hex): bigint | undefined {
    const state = ledger.channel(channelId);
    return (state?.current ?? state?.sealed.at(-1))?.voucher?.cumulativeFee;
  }

  async function settle(entry: HeldEntry, time: number): Promise<void> {
    const { channelId, channelNonce } = entry;
    const channel = await deps.channelAt(channelId);
    const held = heldOf(entry);
    const fee = feeOf(channelId);
    if (fee === undefined) {
      if (channel !== undefined) return giveBack(entry, held);
      // Hold and channel come together: both may still come, until the payment expires.
      if (time > entry.hold.preApprovalExpiry) await settled(channelId, 0n);
      return;
    }
    const left = await inbox.leftOf(held);
    const isPaid = channel !== undefined && channel.deposit >= fee;
    if (!isPaid && left >= fee && time < entry.hold.captureDeadline) {
      const transaction = await inbox.capture(held, fee, channelNonce);
      log.info({ channel: channelId, fee: formatEther(fee), transaction }, 'captured a metered payment');
      return settled(channelId, fee);
    }
    if (!isPaid) {
      log.error(
        { channel: channelId, fee: formatEther(fee) },
        'an answer was never paid: its payment was not captured before its deadline',
      );
    }
    if (left > 0n) await inbox.release(held);
    await settled(channelId, isPaid ? fee : 0n);
  }

  async function giveBack(entry: HeldEntry, held: Held): Promise<void> {
    const { channelId, consumer, nonce } = entry;
    // Of two tries with one payment, one was answered: the hold is that one's.
    const isAnothers = ledger
      .payments(consumer)
      .some((one) => one.nonce === nonce && feeOf(one.channelId) !== undefined);
    if (isAnothers) return settled(channelId, 0n);
    // No call has begun since `isDue` looked, and none begins from here on.
    if (deps.isBusy(channelId)) return;
    releasing.add(channelId);
    try {
      if ((await inbox.leftOf(held)) > 0n) {
        const transaction = await inbox.release(held);
        log.info({ channel: channelId, transaction }, 'gave back a payment that was not used');
      }
      await settled(channelId, 0n);
    } finally {
      releasing.delete(channelId);
    }
  }

  function settled(channelId: Hex, amount: bigint): Promise<void> {
    return ledger.append({ type: 'capture', channelId, amount, at: now() });
  }

  return { run, isReleasing: (channelId) => releasing.has(channelId) };
}

/** A held payment as the inbox takes it. */
export function heldOf({ consumer, amount, hold }: HeldEntry): Held {
  return { consumer, maxAmount: amount, ...hold };
}

/** Reads a channel that may not exist. */
export function channelReader(read: (channelId: Hex) => Promise<ChainChannel>) {
  return (channelId: Hex): Promise<ChainChannel | undefined> =>
    read(channelId).catch((error: unknown) => {
      if (error instanceof NodeError && error.code === 'channel_unknown') return undefined;
      throw error;
    });
}
