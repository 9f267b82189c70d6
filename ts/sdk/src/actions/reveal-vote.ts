import { caseRegistryAbi } from '../generated/abis.ts';
import type { CaseVote } from '../protocol/cases.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Reveals a validator's vote in a case, when the time for commitments is over. Anyone who knows the salt may. */
export function revealVote(
  client: ActionClient,
  parameters: OnChain & { caseId: number; validatorId: number } & CaseVote,
): Promise<Sent> {
  const { book, caseId, validatorId, convict, salt } = parameters;
  return transact(client, {
    book,
    contract: 'CaseRegistry',
    abi: caseRegistryAbi,
    functionName: 'revealVote',
    args: [caseId, validatorId, convict, salt],
  });
}
