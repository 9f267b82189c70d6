import { encodeAbiParameters, type Hex, keccak256 } from 'viem';

/** What a case can be about, as the registry numbers it. */
export const CASE_KIND = ['claim', 'curation', 'publication'] as const;

/** What can be decided, as the registry numbers it. */
export const VERDICT = ['pending', 'acquitted', 'convicted'] as const;

/** Whose vote in which case. */
export type VotePlace = { chainId: number; registry: Hex; caseId: number; validatorId: number };

/** A vote, and 32 random bytes that hide it until it is revealed. */
export type CaseVote = { convict: boolean; salt: Hex };

/**
 * What a validator commits to, as `CaseRegistry.commitmentOf`. Computed here: whoever answers that call would learn the vote
 * before it is revealed.
 */
export function voteCommitment(place: VotePlace, { convict, salt }: CaseVote): Hex {
  const { chainId, registry, caseId, validatorId } = place;
  return keccak256(
    encodeAbiParameters(
      [
        { type: 'uint256' },
        { type: 'address' },
        { type: 'uint40' },
        { type: 'uint40' },
        { type: 'bool' },
        { type: 'bytes32' },
      ],
      [BigInt(chainId), registry, caseId, validatorId, convict, salt],
    ),
  );
}
