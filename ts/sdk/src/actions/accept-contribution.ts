import { datanetRegistryAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Accepts a contribution as a curator: mints its token and moves the datanet's version on. */
export function acceptContribution(
  client: ActionClient,
  parameters: OnChain & { contributionId: number },
): Promise<Sent> {
  const { book, contributionId } = parameters;
  return transact(client, {
    book,
    contract: 'DatanetRegistry',
    abi: datanetRegistryAbi,
    functionName: 'accept',
    args: [contributionId],
  });
}
