import { openGovernorAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** What a voter can say. */
export const VOTE = { against: 0, for: 1, abstain: 2 } as const;
export type VoteSupport = keyof typeof VOTE;

/** Votes on a proposal. */
export function castVote(
  client: ActionClient,
  parameters: OnChain & { proposalId: bigint; support: VoteSupport },
): Promise<Sent> {
  const { book, proposalId, support } = parameters;
  return transact(client, {
    book,
    contract: 'OpenGovernor',
    abi: openGovernorAbi,
    functionName: 'castVote',
    args: [proposalId, VOTE[support]],
  });
}
