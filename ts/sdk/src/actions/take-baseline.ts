import type { Hex } from 'viem';
import { baselineVaultAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays a contribution its part of a model's baseline. `proof`: `proveSum(baselineTree(…), asset)`. */
export function takeBaseline(
  client: ActionClient,
  parameters: OnChain & { modelId: number; asset: number; parts: number; proof: Hex },
): Promise<Sent> {
  const { book, modelId, asset, parts, proof } = parameters;
  return transact(client, {
    book,
    contract: 'BaselineVault',
    abi: baselineVaultAbi,
    functionName: 'take',
    args: [modelId, asset, parts, proof],
  });
}
