import { agentStakingAbi } from '../generated/abis.ts';
import { ROLE, type Role } from '../protocol/roles.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Starts unbonding free stake of a role (default: node); it stays slashable until it is withdrawn. */
export function requestUnbond(
  client: ActionClient,
  parameters: OnChain & { agentId: number; role?: Role; amount: bigint },
): Promise<Sent> {
  const { book, agentId, role = 'node', amount } = parameters;
  return transact(client, {
    book,
    contract: 'AgentStaking',
    abi: agentStakingAbi,
    functionName: 'requestUnbond',
    args: [agentId, ROLE[role], amount],
  });
}
