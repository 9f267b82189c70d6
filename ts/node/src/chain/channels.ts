import { inferenceEscrowAbi } from '@openledger/sdk/abis';
import { type Hex, zeroAddress } from 'viem';
import { describe, NodeError } from '../errors.ts';
import type { ChainChannel } from '../ledger/channel.ts';
import type { Chain } from './chain.ts';
import { isUnreachable } from './retry.ts';

const FRESH_MS = 1_000;
/** How long a channel may be served on what was last known when the RPC is gone; exits take longer than that. */
const STALE_MS = 10_000;

/** Reads a channel from the chain; rejects with `channel_unknown`. */
export async function readChannel(chain: Chain, channelId: Hex): Promise<ChainChannel> {
  const channel = await chain.client.readContract({
    address: chain.contracts.InferenceEscrow,
    abi: inferenceEscrowAbi,
    functionName: 'channel',
    args: [channelId],
  });
  if (channel.consumer !== zeroAddress) return channel;
  throw new NodeError(
    'channel_unknown',
    `There is no channel ${channelId} on chain ${chain.viemChain.id}.`,
    'Open one with InferenceEscrow.openChannel; its id is in the ChannelOpened event.',
  );
}

/** Reads channels for the gateway, remembering each for a moment. */
export function createChannelReader(chain: Chain, clock: () => number = Date.now) {
  const known = new Map<Hex, { at: number; channel: ChainChannel }>();

  return async function readRecent(channelId: Hex): Promise<ChainChannel> {
    const id = channelId.toLowerCase() as Hex;
    const cached = known.get(id);
    if (cached !== undefined && clock() - cached.at < FRESH_MS) return cached.channel;
    try {
      const channel = await readChannel(chain, id);
      known.set(id, { at: clock(), channel });
      return channel;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      if (cached !== undefined && clock() - cached.at < STALE_MS) return cached.channel;
      throw new NodeError(
        'chain_unreachable',
        `The node cannot reach the chain, so it cannot check the channel (${describe(error)}).`,
        'Try again in a moment; nothing was billed.',
        { cause: error },
      );
    }
  };
}
