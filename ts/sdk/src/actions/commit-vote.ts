import type { Hex } from 'viem';
import { caseRegistryAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/**
 * Commits a validator's vote in a case, by its agent wallet. Keep the salt first: a vote that is not revealed costs a part of
 * the stake. `commitment`: `voteCommitment` of `protocol/cases`.
 */
export function commitVote(
  client: ActionClient,
  parameters: OnChain & { caseId: number; validatorId: number; commitment: Hex },
): Promise<Sent> {
  const { book, caseId, validatorId, commitment } = parameters;
  return transact(client, {
    book,
    contract: 'CaseRegistry',
    abi: caseRegistryAbi,
    functionName: 'commitVote',
    args: [caseId, validatorId, commitment],
  });
}
