import type { Hex } from 'viem';
import { inferenceEscrowAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays the unspent deposit back to the consumer once the exit delay is over. */
export function withdrawChannel(
  client: ActionClient,
  parameters: OnChain & { channelId: Hex },
): Promise<Sent> {
  const { book, channelId } = parameters;
  return transact(client, {
    book,
    contract: 'InferenceEscrow',
    abi: inferenceEscrowAbi,
    functionName: 'withdraw',
    args: [channelId],
  });
}
