// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {GovernorUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/GovernorUpgradeable.sol";
import {
    TimelockControllerUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";
import {
    GovernorCountingSimpleUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorCountingSimpleUpgradeable.sol";
import {
    GovernorPreventLateQuorumUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorPreventLateQuorumUpgradeable.sol";
import {
    GovernorSettingsUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorSettingsUpgradeable.sol";
import {
    GovernorTimelockControlUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorTimelockControlUpgradeable.sol";
import {
    GovernorVotesUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorVotesUpgradeable.sol";
import {
    GovernorVotesQuorumFractionUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/extensions/GovernorVotesQuorumFractionUpgradeable.sol";

/// @title The governor
/// @notice A standard governor on gOPEN: holders propose, vote by timestamp, and the {OpenTimelock} executes. The quorum
/// is a fraction of the supply of gOPEN but never less than a floor, because almost nobody may have wrapped its coins. What
/// succeeded and was not queued, or was queued and not executed, within a grace period has expired.
contract OpenGovernor is
    GovernorUpgradeable,
    GovernorSettingsUpgradeable,
    GovernorCountingSimpleUpgradeable,
    GovernorVotesUpgradeable,
    GovernorVotesQuorumFractionUpgradeable,
    GovernorPreventLateQuorumUpgradeable,
    GovernorTimelockControlUpgradeable,
    UUPSUpgradeable
{
    /// @notice What differs between networks.
    /// @param votingDelay Seconds from the proposal to the vote
    /// @param votingPeriod Seconds of the vote
    /// @param lateQuorumExtension Seconds that remain at least once the quorum is reached
    /// @param proposalThreshold Votes needed to propose
    /// @param quorumPercent Quorum in percent of the supply of gOPEN
    /// @param quorumFloor Least quorum in votes
    struct Config {
        uint48 votingDelay;
        uint32 votingPeriod;
        uint48 lateQuorumExtension;
        uint256 proposalThreshold;
        uint256 quorumPercent;
        uint256 quorumFloor;
    }

    /// @custom:storage-location erc7201:openledger.storage.OpenGovernor
    struct OpenGovernorStorage {
        uint256 quorumFloor;
    }

    /// @notice Seconds in which a proposal can be queued once it has succeeded, and executed once its delay is over.
    uint256 public constant GRACE_PERIOD = 14 days;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.OpenGovernor")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x196f8e0ed16ceff199a93509a7592e67ad57af4c42a66da8ebcaf67b69d81000;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IERC5805 private immutable TOKEN;

    /// @notice The least quorum changed.
    event QuorumFloorSet(uint256 previous, uint256 current);

    error OpenGovernor_ZeroQuorumFloor();

    /// @param token_ gOPEN
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IERC5805 token_) {
        TOKEN = token_;
        _disableInitializers();
    }

    /// @param timelock The {OpenTimelock}
    /// @dev GovernorVotes has nothing to initialize: its token is immutable here.
    /// @custom:oz-upgrades-unsafe-allow missing-initializer-call
    function initialize(TimelockControllerUpgradeable timelock, Config calldata config) external initializer {
        __Governor_init("OpenGovernor");
        __GovernorSettings_init(config.votingDelay, config.votingPeriod, config.proposalThreshold);
        __GovernorVotesQuorumFraction_init(config.quorumPercent);
        __GovernorPreventLateQuorum_init(config.lateQuorumExtension);
        __GovernorTimelockControl_init(timelock);
        _setQuorumFloor(config.quorumFloor);
    }

    /// @notice Changes the least quorum. Only by a vote.
    function setQuorumFloor(uint256 floor) external onlyGovernance {
        _setQuorumFloor(floor);
    }

    /// @notice The least quorum in votes.
    function quorumFloor() public view returns (uint256) {
        return _storage().quorumFloor;
    }

    /// @notice The quorum at a moment: the fraction of the supply, or the floor when that is more.
    function quorum(uint256 timepoint)
        public
        view
        override(GovernorUpgradeable, GovernorVotesQuorumFractionUpgradeable)
        returns (uint256)
    {
        uint256 fraction = super.quorum(timepoint);
        uint256 floor = _storage().quorumFloor;
        return fraction > floor ? fraction : floor;
    }

    /// @notice gOPEN, whose holders vote.
    function token() public view override returns (IERC5805) {
        return TOKEN;
    }

    /// @notice Seconds, as gOPEN counts them: what never changes need not be asked for with every vote.
    function clock() public view override(GovernorUpgradeable, GovernorVotesUpgradeable) returns (uint48) {
        return Time.timestamp();
    }

    function votingDelay() public view override(GovernorUpgradeable, GovernorSettingsUpgradeable) returns (uint256) {
        return super.votingDelay();
    }

    function votingPeriod() public view override(GovernorUpgradeable, GovernorSettingsUpgradeable) returns (uint256) {
        return super.votingPeriod();
    }

    function proposalThreshold()
        public
        view
        override(GovernorUpgradeable, GovernorSettingsUpgradeable)
        returns (uint256)
    {
        return super.proposalThreshold();
    }

    function state(uint256 proposalId)
        public
        view
        override(GovernorUpgradeable, GovernorTimelockControlUpgradeable)
        returns (ProposalState current)
    {
        current = super.state(proposalId);
        uint256 since = 0;
        if (current == ProposalState.Succeeded) since = proposalDeadline(proposalId);
        else if (current == ProposalState.Queued) since = proposalEta(proposalId);
        if (since != 0 && block.timestamp > since + GRACE_PERIOD) return ProposalState.Expired;
    }

    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(GovernorUpgradeable, GovernorTimelockControlUpgradeable)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    function proposalDeadline(uint256 proposalId)
        public
        view
        override(GovernorUpgradeable, GovernorPreventLateQuorumUpgradeable)
        returns (uint256)
    {
        return super.proposalDeadline(proposalId);
    }

    function _tallyUpdated(uint256 proposalId)
        internal
        override(GovernorUpgradeable, GovernorPreventLateQuorumUpgradeable)
    {
        super._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(GovernorUpgradeable, GovernorTimelockControlUpgradeable) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor()
        internal
        view
        override(GovernorUpgradeable, GovernorTimelockControlUpgradeable)
        returns (address)
    {
        return super._executor();
    }

    function _authorizeUpgrade(address) internal override onlyGovernance {}

    function _setQuorumFloor(uint256 floor) private {
        if (floor == 0) revert OpenGovernor_ZeroQuorumFloor();
        OpenGovernorStorage storage $ = _storage();
        emit QuorumFloorSet($.quorumFloor, floor);
        $.quorumFloor = floor;
    }

    function _storage() private pure returns (OpenGovernorStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
