import { inferenceEscrowAbi } from '@openledger/sdk/abis';
import { channelId as channelIdOf } from '@openledger/sdk/protocol/vouchers';
import { concatHex, type Hex, isAddressEqual, toHex } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { confirmed } from '../chain/transact.ts';
import { NodeError } from '../errors.ts';
import { leftOn } from '../gateway/call-rules.ts';
import type { ChainChannel } from '../ledger/channel.ts';
import { type KeyLock, WALLET_KEY } from '../ledger/key-lock.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Free calls that are answered at the same time at most: a channel has one call at a time. */
const CHANNELS = 16;
/** Answers on a channel that wait for settlement at most: they are settled in one transaction. */
const UNSETTLED = 32;
/** How many calls' worth a deposit is. */
const CALLS_PER_DEPOSIT = 20n;

export type SponsorDeps = {
  chain: Chain;
  wallet: ChainWallet;
  nodeId: number;
  ledger: Pick<Ledger, 'channel'>;
  locks: KeyLock;
  /** Whether a call is in progress on a channel. */
  isBusy(channelId: Hex): boolean;
  /** The chain's view of a channel, not remembered. */
  readChannel(channelId: Hex): Promise<ChainChannel>;
};

/** A channel of the node's own, lent to one call. */
export type Lent = {
  channelId: Hex;
  /** Sees to it that the channel holds `fee`, in wei; sends a transaction when it does not. */
  secure(fee: bigint): Promise<ChainChannel>;
  /** Gives it back. A call that began keeps it busy until its end. */
  release(): void;
};

/** The node as the consumer of its own calls: channels from its wallet to itself, whose vouchers it signs. */
export type Sponsor = {
  /** Undefined when every channel is in use, or waits for settlement. */
  lend(): Lent | undefined;
};

export function createSponsor(deps: SponsorDeps): Sponsor {
  const { chain, wallet, nodeId, ledger } = deps;
  const { address } = wallet.account;
  const escrow = { address: chain.contracts.InferenceEscrow, abi: inferenceEscrowAbi } as const;
  const lent = new Set<Hex>();
  const own = Array.from({ length: CHANNELS }, (_, index) => {
    // Always the same ones, so that a restart finds their deposits again.
    const nonce = concatHex([toHex('free', { size: 4 }), toHex(index, { size: 8 }), address]);
    const { chainId, verifyingContract } = chain.escrow;
    return {
      nonce,
      channelId: channelIdOf({ chainId, escrow: verifyingContract, consumer: address, nodeId, nonce }),
    };
  });

  function isFree(channelId: Hex): boolean {
    if (lent.has(channelId) || deps.isBusy(channelId)) return false;
    return (ledger.channel(channelId)?.current?.receipts.length ?? 0) < UNSETTLED;
  }

  async function secure(channelId: Hex, nonce: Hex, fee: bigint): Promise<ChainChannel> {
    const known = await readIfOpen(channelId);
    if (known !== undefined && holds(channelId, known, fee)) return known;
    const value = fee * CALLS_PER_DEPOSIT;
    if ((await chain.client.getBalance({ address })) <= value) {
      throw new NodeError(
        'payment_required',
        'The node’s wallet cannot pay for free calls now.',
        'Name a channel of your own in openledger.channelId.',
      );
    }
    await deps.locks.run(WALLET_KEY, async () => {
      const hash =
        known === undefined
          ? await wallet.writeContract({
              ...escrow,
              functionName: 'openChannel',
              args: [nodeId, address, nonce],
              value,
            })
          : await wallet.writeContract({ ...escrow, functionName: 'topUp', args: [channelId], value });
      await confirmed(chain, hash, 'paying in for free calls');
    });
    const channel = await deps.readChannel(channelId);
    if (holds(channelId, channel, fee)) return channel;
    throw new NodeError(
      'channel_closing',
      `The channel ${channelId} for free calls is being closed by the node’s operator.`,
      'Name a channel of your own in openledger.channelId.',
    );
  }

  function holds(channelId: Hex, channel: ChainChannel, fee: bigint): boolean {
    const isOwn = isAddressEqual(channel.signer, address) && channel.exitAt === 0;
    return isOwn && leftOn(ledger.channel(channelId), channel) >= fee;
  }

  function readIfOpen(channelId: Hex): Promise<ChainChannel | undefined> {
    return deps.readChannel(channelId).catch((error: unknown) => {
      if (error instanceof NodeError && error.code === 'channel_unknown') return undefined;
      throw error;
    });
  }

  return {
    lend() {
      const found = own.find(({ channelId }) => isFree(channelId));
      if (found === undefined) return undefined;
      const { channelId, nonce } = found;
      lent.add(channelId);
      return {
        channelId,
        secure: (fee) => secure(channelId, nonce, fee),
        release: () => void lent.delete(channelId),
      };
    },
  };
}
