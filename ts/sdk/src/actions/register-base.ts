import type { Hex } from 'viem';
import { modelRegistryAbi } from '../generated/abis.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

export type BaseTerms = { weightsHash: Hex; tokenizerHash: Hex; licence: string; uri: string };

/** Registers a base model; its token goes to the caller. */
export async function registerBase(
  client: ActionClient,
  parameters: OnChain & { terms: BaseTerms },
): Promise<Sent & { modelId: number }> {
  const { book, terms } = parameters;
  const sent = await transact(client, {
    book,
    contract: 'ModelRegistry',
    abi: modelRegistryAbi,
    functionName: 'registerBase',
    args: [terms],
  });
  return { ...sent, modelId: eventOf(sent.receipt, modelRegistryAbi, 'BaseRegistered').modelId };
}
