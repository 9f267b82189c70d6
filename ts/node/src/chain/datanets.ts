import { datanetRegistryAbi } from '@openledger/sdk/abis';
import type { Hex } from 'viem';
import type { Chain } from './chain.ts';

/** A datanet as it was created. */
export type ListedDatanet = {
  id: number;
  owner: Hex;
  name: string;
  subject: string;
  licences: readonly string[];
  mediaType: string;
  permissioned: boolean;
};

/** All datanets, oldest first. */
export async function readDatanets(chain: Chain): Promise<ListedDatanet[]> {
  const logs = await chain.client.getContractEvents({
    address: chain.contracts.DatanetRegistry,
    abi: datanetRegistryAbi,
    eventName: 'DatanetCreated',
    fromBlock: chain.startBlock,
    strict: true,
  });
  return logs.map(({ args }) => {
    const { name, subject, licences, mediaType, permissioned } = args.config;
    return { id: args.datanetId, owner: args.owner, name, subject, licences, mediaType, permissioned };
  });
}
