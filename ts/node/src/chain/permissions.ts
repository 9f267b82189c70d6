import type { Permission } from '@openledger/engine/dataset/contribution';
import { datanetRegistryAbi } from '@openledger/sdk/abis';
import type { Hex } from 'viem';
import type { Chain } from './chain.ts';

/** Whether a datanet lets `trainer` use it now. */
export async function readPermission(
  chain: Chain,
  datanet: number,
  trainer: Hex | undefined,
): Promise<Permission> {
  const registry = { address: chain.contracts.DatanetRegistry, abi: datanetRegistryAbi } as const;
  const { permissioned } = await chain.client.readContract({
    ...registry,
    functionName: 'datanet',
    args: [datanet],
  });
  if (!permissioned) return 'open';
  if (trainer === undefined) return 'unknown';
  const { timestamp } = await chain.client.getBlock();
  const granted = await chain.client.readContract({
    ...registry,
    functionName: 'mayTrain',
    args: [datanet, trainer, Number(timestamp)],
  });
  return granted ? 'granted' : 'missing';
}
