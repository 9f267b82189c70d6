import { datanetRegistryAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays a contribution's bond back to its contributor, after a decision or when no curator decided in time. */
export function reclaimBond(
  client: ActionClient,
  parameters: OnChain & { contributionId: number },
): Promise<Sent> {
  const { book, contributionId } = parameters;
  return transact(client, {
    book,
    contract: 'DatanetRegistry',
    abi: datanetRegistryAbi,
    functionName: 'reclaimBond',
    args: [contributionId],
  });
}
