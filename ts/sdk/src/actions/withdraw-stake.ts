import { agentStakingAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays unbonded stake to the agent's owner. */
export function withdrawStake(
  client: ActionClient,
  parameters: OnChain & { agentId: number },
): Promise<Sent> {
  const { book, agentId } = parameters;
  return transact(client, {
    book,
    contract: 'AgentStaking',
    abi: agentStakingAbi,
    functionName: 'withdraw',
    args: [agentId],
  });
}
