// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The protocol's parameters
/// @notice An append-only list of immutable versions, counted from 1. A batch is stamped with the version of its day and
/// a claim names it, so a vote never changes an open claim.
interface IProtocolParameters {
    /// @notice One version.
    /// @param burnBps Part of a fee that is burned
    /// @param treasuryBps Part of a fee for the treasury
    /// @param nodeBps Part of a fee for the node
    /// @param stakersBps Part of a fee for the stakers
    /// @param modelBps Part of a fee for the model's owner and its parent
    /// @param contributorsBps Part of a fee for the contributors
    /// @param tauBasePpm Attribution threshold at a fee of `feeRef`, in millionths of the kind's total score
    /// @param tauMinPpm The least threshold
    /// @param tauMaxPpm The greatest threshold
    /// @param feeRef The fee in wei at which the threshold is `tauBasePpm`
    /// @param mixInfluenceBps Slice of the contributors' share for influence
    /// @param mixSpanBps Slice for spans
    /// @param mixRetrievalBps Slice for retrieval
    /// @param challengeWindow Seconds in which a claim can be proven false
    /// @param unbondingPeriod Seconds until unbonded stake can be withdrawn
    /// @param exitDelay Seconds until a channel's deposit can be withdrawn
    /// @param bondMin Least bond of a claim in wei
    /// @param bondBps Bond in relation to the owners' share
    /// @param detectionPpm Chance that an audit catches a falsified claim, in millionths
    /// @param slashRewardBps Part of a slash for whoever proved the fraud; the rest is burned
    /// @param nodeStakeMin Least stake of a node in wei
    struct Parameters {
        uint16 burnBps;
        uint16 treasuryBps;
        uint16 nodeBps;
        uint16 stakersBps;
        uint16 modelBps;
        uint16 contributorsBps;
        uint32 tauBasePpm;
        uint32 tauMinPpm;
        uint32 tauMaxPpm;
        uint96 feeRef;
        uint16 mixInfluenceBps;
        uint16 mixSpanBps;
        uint16 mixRetrievalBps;
        uint32 challengeWindow;
        uint32 unbondingPeriod;
        uint32 exitDelay;
        uint96 bondMin;
        uint16 bondBps;
        uint32 detectionPpm;
        uint16 slashRewardBps;
        uint96 nodeStakeMin;
    }

    /// @notice Bounds in seconds that depend on the network; fixed when the contract is deployed.
    /// @param minChallengeWindow At least a day, but on a development chain
    /// @param unbondingMargin What the unbonding period must exceed the challenge window by: every extension and case
    /// that could still slash
    struct Limits {
        uint32 minChallengeWindow;
        uint32 unbondingMargin;
    }

    /// @notice There is a new version.
    event ParametersUpdated(uint32 indexed version, Parameters parameters);

    /// @dev `field` is the name of the parameter that is out of bounds.
    error ProtocolParameters_OutOfBounds(bytes32 field, uint256 value, uint256 min, uint256 max);
    error ProtocolParameters_SplitNotWhole(uint256 sumBps);
    error ProtocolParameters_MixNotWhole(uint256 sumBps);
    error ProtocolParameters_FeeRefNotWholeGwei(uint96 feeRef);
    error ProtocolParameters_UnbondingTooShort(uint32 unbondingPeriod, uint256 required);
    error ProtocolParameters_UnknownVersion(uint32 version);
    error ProtocolParameters_LimitsTooLoose(uint32 minChallengeWindow, uint32 unbondingMargin);

    /// @notice Appends a version. Restricted to governance.
    /// @return version The new version
    function update(Parameters calldata next) external returns (uint32 version);

    /// @notice Appends a version that differs from the current one only in the attribution threshold. Restricted to
    /// governance.
    /// @return version The new version
    function setAttributionThreshold(uint32 base, uint32 min, uint32 max) external returns (uint32 version);

    /// @notice The version in force.
    function currentVersion() external view returns (uint32);

    /// @notice One version, or a revert when there is no such version yet.
    function parameters(uint32 version) external view returns (Parameters memory);

    /// @notice The bounds of this network.
    function limits() external view returns (Limits memory);
}
