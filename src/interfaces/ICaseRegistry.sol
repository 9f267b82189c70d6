// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Claim} from "../types/Claim.sol";
import {IDatanetHygiene} from "./IDatanetHygiene.sol";

/// @title Cases: what a contract can't recompute, judged by validators.
/// @notice A case lasts `limits.maxCase` at most: a quarter to commit votes, a quarter to reveal them, half to appeal to
/// governance. An appeal must be filed in the first quarter of that half; without one the verdict is final then. A case
/// holds stake and never a claim.
/// @dev Consumers pull verdicts with {verdictOf}; nothing is called back.
interface ICaseRegistry {
    /// @notice What a case is about.
    /// Claim: a node's claim; subject = claim id, its proposer is accused and its NODE stake is at stake.
    /// Curation: a curator's penalty; subject = contribution id, the CURATOR stake of the accused is at stake.
    /// Publication: a model; subject = model id. The publication bond is at stake, but no agent's; the accused (or 0)
    /// only can't vote.
    enum CaseKind {
        Claim,
        Curation,
        Publication
    }

    /// @notice What was decided. No quorum acquits.
    enum Verdict {
        Pending,
        Acquitted,
        Convicted
    }

    /// @notice A case.
    /// @param kind What it is about
    /// @param ruling Governance's decision on the appeal; Pending if there is none
    /// @param closed Whether the verdict was executed
    /// @param accused Agent accused, or 0
    /// @param openedAt When it was opened
    /// @param duration Seconds that it lasts at most
    /// @param paramsVersion Version of the parameters that it is judged by
    /// @param bond What the opener paid, and the appellant too, in wei
    /// @param total Validators' stake when it was opened
    /// @param convict Stake of the votes revealed for a conviction
    /// @param acquit Stake of the votes revealed for an acquittal
    /// @param opener Who opened it
    /// @param appellant Who appealed, or 0
    /// @param subject Claim id, contribution id or model id
    struct Case {
        CaseKind kind;
        Verdict ruling;
        bool closed;
        uint40 accused;
        uint40 openedAt;
        uint32 duration;
        uint32 paramsVersion;
        uint96 bond;
        uint96 total;
        uint96 convict;
        uint96 acquit;
        address opener;
        address appellant;
        bytes32 subject;
    }

    /// @notice A validator's vote in a case.
    /// @param commitment What it committed to; 0 if nothing
    /// @param weight Its stake, as counted in this case
    /// @param revealed Whether it has been revealed
    /// @param convict What it says
    /// @param settled Whether its costs have been paid, or its silence penalised
    struct Vote {
        bytes32 commitment;
        uint96 weight;
        bool revealed;
        bool convict;
        bool settled;
    }

    event CaseOpened(
        uint40 indexed caseId,
        CaseKind indexed kind,
        uint40 indexed accused,
        bytes32 subject,
        bytes32 evidenceHash,
        address opener,
        uint40 openedAt,
        uint32 duration,
        uint96 bond
    );
    event EvidenceSubmitted(uint40 indexed caseId, address indexed from, bytes32 evidenceHash);
    event VoteCommitted(uint40 indexed caseId, uint40 indexed validatorId, bytes32 commitment, uint96 weight);
    event VoteRevealed(uint40 indexed caseId, uint40 indexed validatorId, bool convict, uint96 weight);
    event CaseAppealed(uint40 indexed caseId, address indexed appellant, uint96 bond);
    event AppealDecided(uint40 indexed caseId, bool convict);
    event CaseClosed(uint40 indexed caseId, Verdict verdict, bool quorum, uint96 slashed, uint96 costs, uint96 burned);
    event CostsPaid(uint40 indexed caseId, uint40 indexed validatorId, address indexed to, uint96 amount);
    event SilencePenalised(uint40 indexed caseId, uint40 indexed validatorId, uint96 taken);
    event OutcomeNotRecorded(uint40 indexed caseId);
    event Owed(address indexed account, uint96 amount);
    event OwedWithdrawn(address indexed account, uint96 amount);
    event OutcomesSet(address outcomes);
    event HygieneSet(address hygiene);

    error CaseRegistry_UnknownCase(uint40 caseId);
    error CaseRegistry_WrongBond(uint96 expected, uint256 given);
    error CaseRegistry_WrongKind(CaseKind kind);
    error CaseRegistry_NoSuchClaim(bytes32 claimId);
    error CaseRegistry_ClaimTooOld(bytes32 claimId, uint40 until);
    error CaseRegistry_AlreadyOpened(uint40 caseId);
    /// @dev The accused has no penalty of this contribution to answer for, or its time for appeals is over.
    error CaseRegistry_NoPenalty(uint40 accused, bytes32 subject);
    error CaseRegistry_WrongPhase(uint40 caseId);
    error CaseRegistry_NotValidator(uint40 validatorId, address caller);
    error CaseRegistry_Conflicted(uint40 caseId, uint40 validatorId);
    error CaseRegistry_NoWeight(uint40 caseId, uint40 validatorId);
    error CaseRegistry_EmptyCommitment();
    error CaseRegistry_AlreadyCommitted(uint40 caseId, uint40 validatorId);
    error CaseRegistry_NotCommitted(uint40 caseId, uint40 validatorId);
    error CaseRegistry_AlreadyRevealed(uint40 caseId, uint40 validatorId);
    error CaseRegistry_WrongReveal(uint40 caseId, uint40 validatorId);
    error CaseRegistry_AlreadyAppealed(uint40 caseId);
    error CaseRegistry_NotAppealed(uint40 caseId);
    error CaseRegistry_AlreadyDecided(uint40 caseId);
    error CaseRegistry_NotFinal(uint40 caseId);
    error CaseRegistry_AlreadyClosed(uint40 caseId);
    error CaseRegistry_NoCosts(uint40 caseId, uint40 validatorId);
    error CaseRegistry_AlreadySettled(uint40 caseId, uint40 validatorId);
    error CaseRegistry_NothingOwed(address account);
    error CaseRegistry_SendFailed(address to, uint96 amount);
    /// @dev A transaction with more gas succeeds.
    error CaseRegistry_TooLittleGas(uint256 gas);
    error CaseRegistry_OutcomesAlreadySet(address outcomes);
    error CaseRegistry_HygieneAlreadySet(address hygiene);

    /// @notice Opens a case about a claim, before `caseWindow` after the end of its window. A claim can have one case.
    /// The proposer's NODE stake is held until the case is closed.
    /// @param claim The claim, as it was proposed
    /// @param evidenceHash Hash of what the opener has to say
    /// @return caseId Cases count from 1
    function openForClaim(Claim calldata claim, bytes32 evidenceHash) external payable returns (uint40 caseId);

    /// @notice Opens a case about a curation or a publication. A curator answers for each of its penalties in one case at
    /// most, opened while the penalty can be appealed; its stake is held until the case is closed. While a case about a
    /// publication is not closed, there can't be another about the same model and the same accused.
    /// @param kind Curation or Publication
    /// @param accused The curator's agent; for a publication an agent that must not vote, or 0
    /// @param subject bytes32(contributionId) or bytes32(modelId)
    /// @param evidenceHash Hash of what the opener has to say
    /// @return caseId Cases count from 1
    function open(CaseKind kind, uint40 accused, bytes32 subject, bytes32 evidenceHash)
        external
        payable
        returns (uint40 caseId);

    /// @notice Points to further evidence for either side, until votes are revealed. Anyone.
    function submitEvidence(uint40 caseId, bytes32 evidenceHash) external;

    /// @notice Commits a validator's vote. Its agent wallet only; once per case. The validator is active, had stake when
    /// the case was opened, and is neither the accused nor owned by the owner of the accused. Its stake can't be
    /// withdrawn before the case is over.
    /// @param commitment See {commitmentOf}
    function commitVote(uint40 caseId, uint40 validatorId, bytes32 commitment) external;

    /// @notice Reveals a vote. Anyone who knows the salt.
    function revealVote(uint40 caseId, uint40 validatorId, bool convict, bytes32 salt) external;

    /// @notice Asks governance to decide, for the bond of the case. Anyone, once. The bond comes back if governance
    /// decides otherwise than the votes; an appeal that is not decided in time has failed.
    function appeal(uint40 caseId) external payable;

    /// @notice Decides an appeal. Restricted to governance.
    function decideAppeal(uint40 caseId, bool convict) external;

    /// @notice Executes a final verdict: slash, release of the stake, bonds, record. Anyone; nobody can make it fail.
    /// @dev Needs gas for the record (a million in all is enough), even if that fails.
    function close(uint40 caseId) external;

    /// @notice Pays a validator who voted with the outcome its part of the costs, out of the bond of a case that failed.
    /// Anyone.
    function payCosts(uint40 caseId, uint40 validatorId) external;

    /// @notice Burns a small part of a validator's stake that committed a vote and did not reveal it. Anyone.
    function penaliseSilence(uint40 caseId, uint40 validatorId) external;

    /// @notice Pays what is owed to an account: bonds that came back.
    function withdrawOwed(address account) external;

    /// @notice Connects the registry that outcomes are written to. Restricted; works once.
    function setOutcomes(address outcomes) external;

    /// @notice Connects the contract that knows what curators decided. Restricted; works once.
    function setHygiene(IDatanetHygiene hygiene) external;

    /// @notice A case, or a revert when there is none.
    function caseOf(uint40 caseId) external view returns (Case memory);

    /// @notice What is decided by now, and whether that can't change any more.
    function verdictOf(uint40 caseId) external view returns (Verdict verdict, bool isFinal);

    /// @notice When each part of a case ends: commit, reveal, filing an appeal, everything.
    function deadlinesOf(uint40 caseId)
        external
        view
        returns (uint40 commitEnd, uint40 revealEnd, uint40 appealEnd, uint40 end);

    /// @notice A validator's vote.
    function voteOf(uint40 caseId, uint40 validatorId) external view returns (Vote memory);

    /// @notice The last case about a subject and an accused, or 0.
    function caseAbout(CaseKind kind, uint40 accused, bytes32 subject) external view returns (uint40 caseId);

    /// @notice keccak256(abi.encode(chain id, this contract, caseId, validatorId, convict, salt)): it binds the vote to its
    /// validator and its case, so a copied commitment can't be revealed.
    function commitmentOf(uint40 caseId, uint40 validatorId, bool convict, bytes32 salt) external view returns (bytes32);

    /// @notice Number of cases opened.
    function caseCount() external view returns (uint40);

    /// @notice What is owed to an account.
    function owed(address account) external view returns (uint96);
}
