import type { Hex } from 'viem';
import { datanetRegistryAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Rejects a contribution as a curator. `reasonHash`: blob id of the reason in the content store. */
export function rejectContribution(
  client: ActionClient,
  parameters: OnChain & { contributionId: number; reasonHash: Hex },
): Promise<Sent> {
  const { book, contributionId, reasonHash } = parameters;
  return transact(client, {
    book,
    contract: 'DatanetRegistry',
    abi: datanetRegistryAbi,
    functionName: 'reject',
    args: [contributionId, reasonHash],
  });
}
