// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ContributionInput} from "../types/Contribution.sol";

/// @title What keeps datanets clean: proofs of duplication, and penalties that can be appealed
/// @notice An exact duplicate is proven by whoever has both contents, in one transaction, and nobody is slashed: honest
/// people collide. Everything else is a curator's decision at the risk of its stake: validators judge the appeal.
interface IDatanetHygiene {
    /// @notice Why a contribution is penalised.
    enum Reason {
        Copying,
        NearDuplicate,
        Poison,
        WrongLicence,
        PersonalData
    }

    /// @notice A row that two contributions share.
    /// @param hash keccak256 of the row's bytes
    /// @param length Their number, at least 64
    /// @param laterRow Its number in the later contribution
    /// @param laterOffset Where it begins in the later content
    /// @param laterProof Path in the later rowsRoot
    /// @param earlierRow Its number in the earlier contribution
    /// @param earlierOffset Where it begins in the earlier content
    /// @param earlierProof Path in the earlier rowsRoot
    struct SharedRow {
        bytes32 hash;
        uint32 length;
        uint32 laterRow;
        uint40 laterOffset;
        bytes laterProof;
        uint32 earlierRow;
        uint40 earlierOffset;
        bytes earlierProof;
    }

    /// @notice A penalty that is not settled.
    /// @param curatorAgentId The agent that decided; 0 when there is none
    /// @param decidedAt When
    /// @param appealUntil Last second at which a case about it can be opened
    /// @param caseId The case about it; 0 as long as none is known
    /// @param points Points it books
    /// @param reason Why
    struct Penalty {
        uint40 curatorAgentId;
        uint40 decidedAt;
        uint40 appealUntil;
        uint40 caseId;
        uint16 points;
        Reason reason;
    }

    /// @notice A contribution was proven to share `rows` rows with an earlier one.
    event DuplicateProven(
        uint40 indexed contributionId, uint40 indexed earlierId, address indexed prover, uint256 rows
    );
    /// @notice A curator penalised a contribution. Anyone may open a case about it until `appealUntil`.
    event Penalised(
        uint40 indexed contributionId,
        uint40 indexed curatorAgentId,
        uint16 points,
        Reason reason,
        bytes32 evidenceHash,
        uint40 appealUntil
    );
    /// @notice A penalty waits for the verdict of a case.
    event PenaltyAppealed(uint40 indexed contributionId, uint40 indexed caseId);
    /// @notice A penalty was settled: it stands, and the bond is gone, or it is void.
    event PenaltySettled(
        uint40 indexed contributionId, address indexed contributor, bool stands, uint16 points, uint96 forfeited
    );

    error DatanetHygiene_ZeroAddress();
    error DatanetHygiene_WrongInput(uint40 contributionId);
    /// @dev Ids are the order of commitments.
    error DatanetHygiene_NotEarlier(uint40 contributionId, uint40 earlierId);
    error DatanetHygiene_DifferentDatanets(uint40 datanetId, uint40 earlierDatanetId);
    error DatanetHygiene_SameContributor(address contributor);
    /// @dev The later one is submitted or accepted; the earlier one accepted once, or, if the later one is not, in review.
    error DatanetHygiene_WrongStatus(uint40 contributionId);
    /// @dev A label or validation repeats data, or another one of its kind about the same contribution.
    error DatanetHygiene_DifferentKinds(uint8 kind, uint8 earlierKind);
    error DatanetHygiene_RowCount(uint256 required, uint256 given);
    error DatanetHygiene_RowTooShort(uint256 index, uint32 length);
    /// @dev Rows ascend by hash, so that each counts once on either side.
    error DatanetHygiene_RowsDoNotAscend(uint256 index);
    error DatanetHygiene_RowNotProven(uint256 index, uint40 contributionId);
    error DatanetHygiene_NotCurator(uint40 contributionId, uint40 curatorAgentId, address caller);
    error DatanetHygiene_CuratorNotActive(uint40 curatorAgentId);
    error DatanetHygiene_Points(uint16 points);
    error DatanetHygiene_PenaltyPending(uint40 contributionId);
    error DatanetHygiene_NoPenalty(uint40 contributionId);
    error DatanetHygiene_NoCase(uint40 contributionId);
    error DatanetHygiene_AppealOpen(uint40 contributionId, uint40 appealUntil);
    error DatanetHygiene_CaseOpen(uint40 contributionId, uint40 caseId);
    error DatanetHygiene_SendFailed(address to, uint256 amount);

    /// @notice Proves that a contribution repeats rows of an earlier one by somebody else. The later one is rejected, or,
    /// when it was accepted, earns nothing more; the caller gets a part of its bond, its contributor may reclaim the rest.
    /// @param laterId The duplicate
    /// @param later Its input, as its event has it
    /// @param earlierId A contribution of the same datanet that was committed to before
    /// @param earlier Its input
    /// @param rows {rowsNeeded} shared rows, ascending by hash
    function proveDuplicate(
        uint40 laterId,
        ContributionInput calldata later,
        uint40 earlierId,
        ContributionInput calldata earlier,
        SharedRow[] calldata rows
    ) external;

    /// @notice Penalises a submitted or accepted contribution: freezes its bond and, unless an appeal succeeds, books
    /// points on its contributor. Only a curator of its datanet that is the wallet of an agent with a curator's stake.
    /// @param points 1 to {MAX_POINTS}
    /// @param evidenceHash keccak256 of the evidence, which is kept in the content store
    function penalise(uint40 contributionId, uint40 curatorAgentId, uint16 points, Reason reason, bytes32 evidenceHash)
        external;

    /// @notice Takes note of the case about a penalty, which {ICaseRegistry}.open opened in time. Anyone; {settle} finds it
    /// without.
    function appeal(uint40 contributionId) external;

    /// @notice Settles a penalty. After a conviction of the curator it is void and the bond comes back. After an acquittal
    /// or without a case it stands: the bond goes by halves to the fire and to the treasury. Anyone.
    function settle(uint40 contributionId) external;

    /// @notice Computes what is withheld from an account by the parameters of today. Anyone.
    function refresh(address account) external;

    /// @notice The penalty of a contribution that is not settled; zeros when there is none.
    function penaltyOf(uint40 contributionId) external view returns (Penalty memory);

    /// @notice How many shared rows prove a duplicate of so many rows: min(16, n, ⌈n/100⌉ + 1).
    function rowsNeeded(uint32 rowCount) external pure returns (uint256);
}
