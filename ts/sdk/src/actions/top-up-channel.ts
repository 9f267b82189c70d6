import type { Hex } from 'viem';
import { inferenceEscrowAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Adds to a channel's deposit. Anyone may; the consumer gets back what is not spent. */
export function topUpChannel(
  client: ActionClient,
  parameters: OnChain & { channelId: Hex; value: bigint },
): Promise<Sent> {
  const { book, channelId, value } = parameters;
  return transact(client, {
    book,
    contract: 'InferenceEscrow',
    abi: inferenceEscrowAbi,
    functionName: 'topUp',
    args: [channelId],
    value,
  });
}
