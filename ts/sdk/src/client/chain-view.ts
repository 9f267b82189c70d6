import type { Hex, PublicClient } from 'viem';
import type { AddressBook } from '../addresses.ts';
import { agentRegistryAbi, inferenceEscrowAbi, modelRegistryAbi } from '../generated/abis.ts';
import type { Prices } from '../protocol/receipts.ts';
import type { SigningDomain } from '../protocol/vouchers.ts';

/** What the client needs to know from the chain about a channel, its node and its models. */
export type ChainView = {
  escrow: SigningDomain;
  settlement: SigningDomain;
  /** The channel's state now; throws when there is no such channel. */
  channel(): Promise<{ nodeId: number; signer: Hex; epoch: number; deposit: bigint; settled: bigint }>;
  /** The wallet that signs for the node. */
  wallet(nodeId: number): Promise<Hex>;
  prices(modelId: number): Promise<Prices>;
};

/** Reads a channel and everything about it from the chain. */
export function chainView(
  client: Pick<PublicClient, 'readContract'>,
  book: AddressBook,
  channelId: Hex,
): ChainView {
  const { chainId, contracts } = book;
  return {
    escrow: { chainId, verifyingContract: contracts.InferenceEscrow },
    settlement: { chainId, verifyingContract: contracts.AttributionSettlement },
    channel: () =>
      client.readContract({
        address: contracts.InferenceEscrow,
        abi: inferenceEscrowAbi,
        functionName: 'channel',
        args: [channelId],
      }),
    wallet: (nodeId) =>
      client.readContract({
        address: contracts.AgentRegistry,
        abi: agentRegistryAbi,
        functionName: 'getAgentWallet',
        args: [BigInt(nodeId)],
      }),
    prices: (modelId) =>
      client.readContract({
        address: contracts.ModelRegistry,
        abi: modelRegistryAbi,
        functionName: 'prices',
        args: [modelId],
      }),
  };
}
