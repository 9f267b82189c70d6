import type { Hex } from 'viem';
import { datanetRegistryAbi } from '../generated/abis.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

/** What defines a datanet; all but the curators is fixed for ever. */
export type DatanetConfig = {
  name: string;
  subject: string;
  /** SPDX ids. */
  licences: string[];
  /** How a row is laid out, e.g. "chat" or "text". */
  schema: string;
  mediaType: string;
  permissioned: boolean;
  contributionBond: bigint;
  pricePerRow: bigint;
  metadataURI: string;
  metadataHash: Hex;
  curators: Hex[];
};

/** Creates a datanet; its token goes to the caller. */
export async function createDatanet(
  client: ActionClient,
  parameters: OnChain & { config: DatanetConfig },
): Promise<Sent & { datanetId: number }> {
  const { book, config } = parameters;
  const sent = await transact(client, {
    book,
    contract: 'DatanetRegistry',
    abi: datanetRegistryAbi,
    functionName: 'createDatanet',
    args: [config],
  });
  return { ...sent, datanetId: eventOf(sent.receipt, datanetRegistryAbi, 'DatanetCreated').datanetId };
}
