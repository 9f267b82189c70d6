import { agentStakingAbi } from '../generated/abis.ts';
import { ROLE, type Role } from '../protocol/roles.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Adds to an agent's stake in a role (default: as a node, where it backs its claims). */
export function stakeAgent(
  client: ActionClient,
  parameters: OnChain & { agentId: number; role?: Role; value: bigint },
): Promise<Sent> {
  const { book, agentId, role = 'node', value } = parameters;
  return transact(client, {
    book,
    contract: 'AgentStaking',
    abi: agentStakingAbi,
    functionName: 'stake',
    args: [agentId, ROLE[role]],
    value,
  });
}
