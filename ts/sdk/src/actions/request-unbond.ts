import { agentStakingAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Starts unbonding free stake; it stays slashable until it is withdrawn. */
export function requestUnbond(
  client: ActionClient,
  parameters: OnChain & { agentId: number; amount: bigint },
): Promise<Sent> {
  const { book, agentId, amount } = parameters;
  return transact(client, {
    book,
    contract: 'AgentStaking',
    abi: agentStakingAbi,
    functionName: 'requestUnbond',
    args: [agentId, amount],
  });
}
