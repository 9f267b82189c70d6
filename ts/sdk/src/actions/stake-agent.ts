import { agentStakingAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Adds to an agent's stake, which backs its claims. */
export function stakeAgent(
  client: ActionClient,
  parameters: OnChain & { agentId: number; value: bigint },
): Promise<Sent> {
  const { book, agentId, value } = parameters;
  return transact(client, {
    book,
    contract: 'AgentStaking',
    abi: agentStakingAbi,
    functionName: 'stake',
    args: [agentId],
    value,
  });
}
