import { openGovernorAbi } from '../generated/abis.ts';
import { type Proposal, proposalArgs } from './proposal.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Executes a queued proposal once the timelock allows it. */
export function executeProposal(
  client: ActionClient,
  parameters: OnChain & { proposal: Proposal },
): Promise<Sent> {
  const { book, proposal } = parameters;
  return transact(client, {
    book,
    contract: 'OpenGovernor',
    abi: openGovernorAbi,
    functionName: 'execute',
    args: [...proposalArgs(proposal)],
  });
}
