// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The protocol's parameters
/// @notice An append-only list of immutable versions, counted from 1. A batch is stamped with the version of its day and
/// a claim names it, so a vote never changes an open claim.
interface IProtocolParameters {
    /// @notice One version. Its members are ordered so that what settlement reads is in the first two slots and what the
    /// allocation reads in the third.
    /// @param burnBps Part of a fee that is burned
    /// @param treasuryBps Part of a fee for the treasury
    /// @param nodeBps Part of a fee for the node
    /// @param stakersBps Part of a fee for the stakers
    /// @param modelBps Part of a fee for the model's owner and its parent
    /// @param contributorsBps Part of a fee for the contributors
    /// @param challengeWindow Seconds in which a claim can be proven false
    /// @param unbondingPeriod Seconds until unbonded stake can be withdrawn
    /// @param exitDelay Seconds until a channel's deposit can be withdrawn or its signer changes
    /// @param detectionPpm Chance that an audit catches a falsified claim, in millionths
    /// @param bondBps Bond in relation to the owners' share
    /// @param slashRewardBps Part of a slash for whoever proved the fraud; the rest is burned
    /// @param bondMin Least bond of a claim in wei
    /// @param nodeStakeMin Least stake of a node in wei
    /// @param caseWindow Seconds after a claim's window in which a case about it can still be opened
    /// @param caseSlashBps Part of its stake that a convicted agent loses
    /// @param penaltyThreshold Penalty points up to which a contributor is paid in full
    /// @param tauBasePpm Attribution threshold at a fee of `feeRef`, in millionths of the kind's total score
    /// @param tauMinPpm The least threshold
    /// @param tauMaxPpm The greatest threshold
    /// @param feeRef The fee in wei at which the threshold is `tauBasePpm`
    /// @param mixInfluenceBps Slice of the contributors' share for influence
    /// @param mixSpanBps Slice for spans
    /// @param mixRetrievalBps Slice for retrieval
    /// @param auditDraws Receipts drawn per claim for an audit
    /// @param attestations Validators that must hold a claim's data when it is not in calldata
    /// @param curatorStakeMin Least stake of a curator that penalises, in wei
    /// @param validatorStakeMin Least stake of a validator, in wei
    /// @param attributionDeadline Seconds after redemption until any staked node may claim a batch
    /// @param expiry Seconds after redemption until an unattributed batch goes to the treasury
    /// @param caseBond Bond in wei of whoever opens or appeals a case
    /// @param requestBond Bond in wei of whoever requests an opening
    /// @param responseWindow Seconds to answer a request or to open a drawn receipt
    /// @param caseQuorumBps Part of the validators' stake that must reveal a vote
    /// @param penaltyStepBps Part of a contributor's earnings withheld per penalty point above the threshold
    /// @param dataBps Part of a row's credit for its data, when it has a label or a validation
    /// @param labelBps Part for the label
    /// @param validationBps Part for the validation
    struct Parameters {
        uint16 burnBps;
        uint16 treasuryBps;
        uint16 nodeBps;
        uint16 stakersBps;
        uint16 modelBps;
        uint16 contributorsBps;
        uint32 challengeWindow;
        uint32 unbondingPeriod;
        uint32 exitDelay;
        uint32 detectionPpm;
        uint16 bondBps;
        uint16 slashRewardBps;
        // slot 1
        uint96 bondMin;
        uint96 nodeStakeMin;
        uint32 caseWindow;
        uint16 caseSlashBps;
        uint16 penaltyThreshold;
        // slot 2
        uint32 tauBasePpm;
        uint32 tauMinPpm;
        uint32 tauMaxPpm;
        uint96 feeRef;
        uint16 mixInfluenceBps;
        uint16 mixSpanBps;
        uint16 mixRetrievalBps;
        uint8 auditDraws;
        uint8 attestations;
        // slot 3
        uint96 curatorStakeMin;
        uint96 validatorStakeMin;
        uint32 attributionDeadline;
        uint32 expiry;
        // slot 4
        uint96 caseBond;
        uint96 requestBond;
        uint32 responseWindow;
        uint16 caseQuorumBps;
        uint16 penaltyStepBps;
        // slot 5
        uint16 dataBps;
        uint16 labelBps;
        uint16 validationBps;
    }

    /// @notice What settlement needs of a version: the first two slots. Members as in {Parameters}.
    struct SettlementTerms {
        uint16 burnBps;
        uint16 treasuryBps;
        uint16 nodeBps;
        uint16 stakersBps;
        uint16 modelBps;
        uint16 contributorsBps;
        uint32 challengeWindow;
        uint32 unbondingPeriod;
        uint32 detectionPpm;
        uint16 bondBps;
        uint16 slashRewardBps;
        uint96 bondMin;
        uint96 nodeStakeMin;
        uint32 caseWindow;
    }

    /// @notice What the allocation of a fee needs of a version. Members as in {Parameters}.
    struct AllocationTerms {
        uint16 modelBps;
        uint16 contributorsBps;
        uint32 tauBasePpm;
        uint32 tauMinPpm;
        uint32 tauMaxPpm;
        uint96 feeRef;
        uint16 mixInfluenceBps;
        uint16 mixSpanBps;
        uint16 mixRetrievalBps;
    }

    /// @notice Bounds in seconds that depend on the network; fixed when the contract is deployed.
    /// @param minChallengeWindow Least challenge window: at least a day, but on a development chain
    /// @param maxExtension Most that requests may extend one claim's window by
    /// @param maxPause Most that a pause may extend a claim's window by, or hold up payouts
    /// @param maxCase Longest life of a case: votes, reveal and appeal
    /// @param unbondingMargin What the unbonding period must exceed challenge window + maxExtension + maxPause + case window by
    struct Limits {
        uint32 minChallengeWindow;
        uint32 maxExtension;
        uint32 maxPause;
        uint32 maxCase;
        uint32 unbondingMargin;
    }

    /// @notice There is a new version.
    event ParametersUpdated(uint32 indexed version, Parameters parameters);
    /// @notice The settlement keeps the terms of every version from now on.
    event SettlementSet(address settlement);

    /// @dev `field` is the name of the parameter that is out of bounds.
    error ProtocolParameters_OutOfBounds(bytes32 field, uint256 value, uint256 min, uint256 max);
    error ProtocolParameters_SplitNotWhole(uint256 sumBps);
    error ProtocolParameters_MixNotWhole(uint256 sumBps);
    error ProtocolParameters_CreditNotWhole(uint256 sumBps);
    error ProtocolParameters_FeeRefNotWholeGwei(uint96 feeRef);
    error ProtocolParameters_UnbondingTooShort(uint32 unbondingPeriod, uint256 required);
    error ProtocolParameters_UnknownVersion(uint32 version);
    error ProtocolParameters_LimitsTooLoose(Limits limits);
    error ProtocolParameters_SettlementAlreadySet(address settlement);

    /// @notice Appends a version. Restricted to governance.
    /// @return version The new version
    function update(Parameters calldata next) external returns (uint32 version);

    /// @notice Appends a version that differs from the current one only in the attribution threshold. Restricted to
    /// governance.
    /// @return version The new version
    function setAttributionThreshold(uint32 base, uint32 min, uint32 max) external returns (uint32 version);

    /// @notice Connects the settlement, once: it is told the terms of every version, those that there are and those to come,
    /// in the transaction that appends them. Restricted to governance.
    function setSettlement(address settlement) external;

    /// @notice The version in force.
    function currentVersion() external view returns (uint32);

    /// @notice One version, or a revert when there is no such version yet.
    function parameters(uint32 version) external view returns (Parameters memory);

    /// @notice What settlement needs of a version, or a revert when there is no such version yet.
    function settlementTerms(uint32 version) external view returns (SettlementTerms memory);

    /// @notice The version in force and what settlement needs of it.
    function currentSettlementTerms() external view returns (uint32 version, SettlementTerms memory);

    /// @notice What the allocation of a fee needs of a version, or a revert when there is no such version yet.
    function allocationTerms(uint32 version) external view returns (AllocationTerms memory);

    /// @notice What settlement seldom needs of a version, or a revert when there is no such version yet. See {Parameters}.
    function orphanTerms(uint32 version)
        external
        view
        returns (uint32 attributionDeadline, uint32 expiry, uint8 attestations);

    /// @notice The settlement that is told every version.
    function settlement() external view returns (address);

    /// @notice The bounds of this network.
    function limits() external view returns (Limits memory);
}
