import type { Hex } from 'viem';
import { inferenceEscrowAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Starts closing a channel; the node can still redeem what was signed until the exit delay is over. */
export function requestExit(client: ActionClient, parameters: OnChain & { channelId: Hex }): Promise<Sent> {
  const { book, channelId } = parameters;
  return transact(client, {
    book,
    contract: 'InferenceEscrow',
    abi: inferenceEscrowAbi,
    functionName: 'requestExit',
    args: [channelId],
  });
}
