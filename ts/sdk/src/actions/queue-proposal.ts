import { openGovernorAbi } from '../generated/abis.ts';
import { type Proposal, proposalArgs } from './proposal.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Hands a proposal that passed to the timelock. */
export function queueProposal(
  client: ActionClient,
  parameters: OnChain & { proposal: Proposal },
): Promise<Sent> {
  const { book, proposal } = parameters;
  return transact(client, {
    book,
    contract: 'OpenGovernor',
    abi: openGovernorAbi,
    functionName: 'queue',
    args: [...proposalArgs(proposal)],
  });
}
