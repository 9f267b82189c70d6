// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {BondState, ContributionRecord, ContributionStatus} from "../types/Contribution.sol";

/// @title The token of an accepted contribution
/// @notice An ERC-721 token whose id is the contribution's. Whoever owns it is paid what the contribution earns. It keeps
/// the contributions' records and the contributors' penalties too, so that {payeeOf} asks no other contract.
interface IContributionToken is IERC721 {
    /// @notice Penalty points of a contributing account. They stay with it when it sells its tokens.
    /// @param points All points booked
    /// @param withheldBps Part of the earnings of all its contributions that goes to the treasury instead
    struct Penalty {
        uint32 points;
        uint16 withheldBps;
    }

    /// @notice The contract that books penalties is known.
    event HygieneSet(address hygiene);
    /// @notice An account's penalty changed.
    event PenaltySet(address indexed account, uint32 points, uint16 withheldBps);

    error ContributionToken_NotRegistry(address caller);
    error ContributionToken_NotHygiene(address caller);
    error ContributionToken_HygieneAlreadySet(address hygiene);
    error ContributionToken_ZeroAddress();

    /// @notice Says which contract books penalties. Restricted; works once.
    function setHygiene(address hygiene) external;

    /// @notice Records a submission. Only the {IDatanetRegistry}.
    /// @param bonded Whether a bond came with it
    function record(uint40 contributionId, address contributor, uint40 datanetId, bool bonded) external;

    /// @notice Accepts a submission and mints its token to the contributor; does nothing unless it was submitted at or
    /// after `since` and is undecided. Only the {IDatanetRegistry}.
    /// @return before The record as it was
    function mint(uint40 contributionId, uint256 since) external returns (ContributionRecord memory before);

    /// @notice Changes where a contribution stands. Only the {IDatanetRegistry}.
    function setStatus(uint40 contributionId, ContributionStatus status) external;

    /// @notice Changes where a contribution's bond is. Only the {IDatanetRegistry}.
    function setBond(uint40 contributionId, BondState bond) external;

    /// @notice Books penalty points. Only the {IDatanetHygiene}.
    function setPenalty(address account, uint32 points, uint16 withheldBps) external;

    /// @notice Who is paid what a contribution earns, and the part that goes to the treasury instead: all of it when the
    /// contribution was tombstoned or displaced, else what its contributor's penalty says. Reverts without a token.
    function payeeOf(uint40 contributionId) external view returns (address owner, uint16 withheldBps);

    /// @notice The record of a contribution; zeros when there is none.
    function recordOf(uint40 contributionId) external view returns (ContributionRecord memory);

    /// @notice An account's penalty.
    function penaltyOf(address account) external view returns (Penalty memory);

    /// @notice The registry that mints.
    function registry() external view returns (address);

    /// @notice The contract that books penalties.
    function hygiene() external view returns (address);
}
