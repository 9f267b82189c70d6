import { agentStakingAbi } from '../generated/abis.ts';
import { ROLE, type Role } from '../protocol/roles.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays unbonded stake of a role (default: node) to the agent's owner. */
export function withdrawStake(
  client: ActionClient,
  parameters: OnChain & { agentId: number; role?: Role },
): Promise<Sent> {
  const { book, agentId, role = 'node' } = parameters;
  return transact(client, {
    book,
    contract: 'AgentStaking',
    abi: agentStakingAbi,
    functionName: 'withdraw',
    args: [agentId, ROLE[role]],
  });
}
