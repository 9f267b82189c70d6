import { inferenceEscrowAbi } from '@openledger/sdk/abis';
import { type Hex, isAddressEqual, zeroAddress } from 'viem';
import { inRanges, type Online } from '../chain/caller.ts';
import { CliError } from '../error.ts';

/** A payment channel as its consumer sees it; amounts in wei. */
export type Channel = {
  channelId: Hex;
  consumer: Hex;
  nodeId: number;
  deposit: bigint;
  /** What the chain has paid to the node. What was signed and not redeemed yet is not known to it. */
  spent: bigint;
  left: bigint;
  /** What was asked back, and when it can be withdrawn; 0: nothing was. */
  exitAmount: bigint;
  exitAt: number;
  state: 'open' | 'closing' | 'ready' | 'empty';
};

/** A channel with what it was opened for: a node pays for free calls by channels of its own. */
export type ListedChannel = Channel & { purpose: 'calls' | 'free calls' };

/** The channels that an address has funded, the oldest first: also those that a node opened for it (x402). */
export async function channelsOf(online: Online, consumer: Hex): Promise<ListedChannel[]> {
  const { book, chain } = online;
  const opened = await inRanges(online, (range) =>
    chain.getContractEvents({
      address: book.contracts.InferenceEscrow,
      abi: inferenceEscrowAbi,
      eventName: 'ChannelOpened',
      args: { consumer },
      strict: true,
      ...range,
    }),
  );
  const now = await timeOfChain(online);
  const channels: ListedChannel[] = [];
  for (const { args } of opened) {
    const channel = await readAt(online, args.channelId, now);
    // The nonce of a sponsor's channels begins with "free" (ts/node/src/free).
    channels.push({ ...channel, purpose: args.nonce.startsWith('0x66726565') ? 'free calls' : 'calls' });
  }
  return channels;
}

/** One channel; throws where there is none, or `consumer` is another's. */
export async function ownChannel(online: Online, channelId: Hex, consumer: Hex): Promise<Channel> {
  const channel = await readAt(online, channelId, await timeOfChain(online));
  if (isAddressEqual(channel.consumer, consumer)) return channel;
  throw new CliError(
    `Channel ${channelId} is ${channel.consumer}'s, and the key is ${consumer}'s. Only who funded a channel may close it.`,
  );
}

async function readAt({ book, chain }: Online, channelId: Hex, now: bigint): Promise<Channel> {
  const { consumer, nodeId, deposit, settled, exitAmount, exitAt } = await chain.readContract({
    address: book.contracts.InferenceEscrow,
    abi: inferenceEscrowAbi,
    functionName: 'channel',
    args: [channelId],
  });
  if (consumer === zeroAddress)
    throw new CliError(`There is no channel ${channelId}. \`openledger channel list\` shows yours.`);
  const left = deposit - settled;
  const state = exitAt !== 0 ? (now >= BigInt(exitAt) ? 'ready' : 'closing') : left > 0n ? 'open' : 'empty';
  return { channelId, consumer, nodeId, deposit, spent: settled, left, exitAmount, exitAt, state };
}

async function timeOfChain({ chain }: Online): Promise<bigint> {
  return (await chain.getBlock()).timestamp;
}
