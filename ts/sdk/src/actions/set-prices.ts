import { modelRegistryAbi } from '../generated/abis.ts';
import type { Prices } from '../protocol/receipts.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Changes what a model's inferences cost. Only its owner; wei, whole gwei. */
export function setPrices(
  client: ActionClient,
  parameters: OnChain & { modelId: number; prices: Prices },
): Promise<Sent> {
  const { book, modelId, prices } = parameters;
  return transact(client, {
    book,
    contract: 'ModelRegistry',
    abi: modelRegistryAbi,
    functionName: 'setPrices',
    args: [modelId, prices],
  });
}
