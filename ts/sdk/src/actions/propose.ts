import { openGovernorAbi } from '../generated/abis.ts';
import type { Proposal } from './proposal.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

/** Puts a proposal to the vote. */
export async function propose(
  client: ActionClient,
  parameters: OnChain & { proposal: Proposal },
): Promise<Sent & { proposalId: bigint; proposal: Proposal }> {
  const { book, proposal } = parameters;
  const { targets, values, calldatas, description } = proposal;
  const sent = await transact(client, {
    book,
    contract: 'OpenGovernor',
    abi: openGovernorAbi,
    functionName: 'propose',
    args: [targets, values, calldatas, description],
  });
  const { proposalId } = eventOf(sent.receipt, openGovernorAbi, 'ProposalCreated');
  return { ...sent, proposalId, proposal };
}
