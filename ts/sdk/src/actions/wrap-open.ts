import { governanceOpenAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Wraps native OPEN as gOPEN and lets the caller vote with it. */
export async function wrapOpen(client: ActionClient, parameters: OnChain & { value: bigint }): Promise<Sent> {
  const { book, value } = parameters;
  const token = { book, contract: 'GovernanceOpen', abi: governanceOpenAbi } as const;
  await transact(client, { ...token, functionName: 'deposit', args: [], value });
  // Votes count only once they are delegated, to oneself too.
  return transact(client, { ...token, functionName: 'delegate', args: [client.account.address] });
}
