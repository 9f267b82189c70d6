// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";

/// @title The protocol's parameters
/// @notice An append-only list of immutable versions. See {IProtocolParameters}.
contract ProtocolParameters is IProtocolParameters, AccessManagedUpgradeable, UUPSUpgradeable {
    /// @custom:storage-location erc7201:openledger.storage.ProtocolParameters
    struct ProtocolParametersStorage {
        uint32 currentVersion;
        IAttributionSettlement settlement;
        Limits limits;
        mapping(uint32 version => Parameters) versions;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant PPM = 1_000_000;
    /// @dev A greater threshold than one half would pay nobody but a clear winner.
    uint256 private constant MAX_TAU = PPM / 2;
    uint256 private constant MAX_CHALLENGE_WINDOW = 14 days;
    uint256 private constant MAX_UNBONDING = 90 days;
    uint256 private constant MAX_EXIT_DELAY = 14 days;
    uint256 private constant MAX_EXTENSION = 7 days;
    uint256 private constant MAX_PAUSE = 14 days;
    uint256 private constant MAX_CASE = 60 days;
    uint256 private constant MAX_CASE_WINDOW = 14 days;
    uint256 private constant MAX_EXPIRY = 730 days;
    uint256 private constant MAX_PENALTY_POINTS = 1_000;
    uint256 private constant MAX_STAKE = 10_000_000e18;
    uint256 private constant MAX_FEE_REF = 1_000e18;
    uint256 private constant DEVNET_L2 = 31_337;
    uint256 private constant DEVNET_L1 = 31_338;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ProtocolParameters")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xe3e8bffa3b83ebc3159ac5081f8f6a23d7e4bfa7c5baf532cfa2feb53c263a00;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager
    /// @param limits_ The bounds of this network
    /// @param first The first version
    function initialize(address authority, Limits calldata limits_, Parameters calldata first) external initializer {
        __AccessManaged_init(authority);
        // Check: windows of seconds are for development chains only
        bool devnet = block.chainid == DEVNET_L2 || block.chainid == DEVNET_L1;
        uint256 shortest = devnet ? 1 : 1 days;
        bool tooLoose = limits_.minChallengeWindow < shortest || limits_.unbondingMargin < shortest
            || limits_.maxCase < 4 * shortest || limits_.maxCase > MAX_CASE || limits_.maxExtension > MAX_EXTENSION
            || limits_.maxPause > MAX_PAUSE;
        if (tooLoose) revert ProtocolParameters_LimitsTooLoose(limits_);
        _storage().limits = limits_;
        _append(first);
    }

    /// @inheritdoc IProtocolParameters
    function update(Parameters calldata next) external restricted returns (uint32 version) {
        return _append(next);
    }

    /// @inheritdoc IProtocolParameters
    function setAttributionThreshold(uint32 base, uint32 min, uint32 max) external restricted returns (uint32 version) {
        ProtocolParametersStorage storage $ = _storage();
        Parameters memory next = $.versions[$.currentVersion];
        next.tauBasePpm = base;
        next.tauMinPpm = min;
        next.tauMaxPpm = max;
        return _append(next);
    }

    /// @inheritdoc IProtocolParameters
    function setSettlement(address settlement_) external restricted {
        ProtocolParametersStorage storage $ = _storage();
        if (address($.settlement) != address(0)) {
            revert ProtocolParameters_SettlementAlreadySet(address($.settlement));
        }
        $.settlement = IAttributionSettlement(settlement_);
        emit SettlementSet(settlement_);
        // Interaction: the settlement is ours
        for (uint32 version = 1; version <= $.currentVersion; ++version) {
            $.settlement.adoptTerms(version, _settlementTerms($.versions[version]));
        }
    }

    /// @inheritdoc IProtocolParameters
    function currentVersion() external view returns (uint32) {
        return _storage().currentVersion;
    }

    /// @inheritdoc IProtocolParameters
    function parameters(uint32 version) external view returns (Parameters memory) {
        return _version(version);
    }

    /// @inheritdoc IProtocolParameters
    function settlementTerms(uint32 version) external view returns (SettlementTerms memory) {
        return _settlementTerms(_version(version));
    }

    /// @inheritdoc IProtocolParameters
    function currentSettlementTerms() external view returns (uint32 version, SettlementTerms memory) {
        version = _storage().currentVersion;
        return (version, _settlementTerms(_version(version)));
    }

    /// @inheritdoc IProtocolParameters
    function allocationTerms(uint32 version) external view returns (AllocationTerms memory) {
        Parameters storage p = _version(version);
        return AllocationTerms({
            modelBps: p.modelBps,
            contributorsBps: p.contributorsBps,
            tauBasePpm: p.tauBasePpm,
            tauMinPpm: p.tauMinPpm,
            tauMaxPpm: p.tauMaxPpm,
            feeRef: p.feeRef,
            mixInfluenceBps: p.mixInfluenceBps,
            mixSpanBps: p.mixSpanBps,
            mixRetrievalBps: p.mixRetrievalBps
        });
    }

    /// @inheritdoc IProtocolParameters
    function orphanTerms(uint32 version) external view returns (uint32, uint32, uint8) {
        Parameters storage p = _storage().versions[version];
        // No version asks for none.
        if (p.attestations == 0) revert ProtocolParameters_UnknownVersion(version);
        return (p.attributionDeadline, p.expiry, p.attestations);
    }

    /// @inheritdoc IProtocolParameters
    function settlement() external view returns (address) {
        return address(_storage().settlement);
    }

    /// @inheritdoc IProtocolParameters
    function limits() external view returns (Limits memory) {
        return _storage().limits;
    }

    function _append(Parameters memory next) private returns (uint32 version) {
        ProtocolParametersStorage storage $ = _storage();
        // Check: every field
        _checkSplit(next);
        _checkAttribution(next);
        _checkWindows(next, $.limits);
        _checkBonds(next);
        _checkDisputes(next);
        // Effect: append
        version = ++$.currentVersion;
        $.versions[version] = next;
        emit ParametersUpdated(version, next);
        // Interaction: the settlement is ours; what it redeems from now on is under this version
        IAttributionSettlement settlement_ = $.settlement;
        if (address(settlement_) != address(0)) {
            settlement_.adoptTerms(version, _settlementTerms($.versions[version]));
        }
    }

    function _checkSplit(Parameters memory p) private pure {
        _within("burnBps", p.burnBps, 0, 2_000);
        _within("treasuryBps", p.treasuryBps, 0, 2_000);
        _within("nodeBps", p.nodeBps, 500, 5_000);
        _within("stakersBps", p.stakersBps, 0, 3_000);
        _within("modelBps", p.modelBps, 500, 5_000);
        _within("contributorsBps", p.contributorsBps, 2_000, 8_000);
        uint256 sum = uint256(p.burnBps) + p.treasuryBps + p.nodeBps + p.stakersBps + p.modelBps + p.contributorsBps;
        if (sum != BPS) revert ProtocolParameters_SplitNotWhole(sum);
    }

    function _checkAttribution(Parameters memory p) private pure {
        _within("tauMaxPpm", p.tauMaxPpm, 1, MAX_TAU);
        _within("tauMinPpm", p.tauMinPpm, 1, p.tauMaxPpm);
        _within("tauBasePpm", p.tauBasePpm, p.tauMinPpm, p.tauMaxPpm);
        _within("feeRef", p.feeRef, 1 gwei, MAX_FEE_REF);
        if (p.feeRef % 1 gwei != 0) revert ProtocolParameters_FeeRefNotWholeGwei(p.feeRef);
        _within("mixInfluenceBps", p.mixInfluenceBps, 0, BPS);
        _within("mixSpanBps", p.mixSpanBps, 0, BPS);
        _within("mixRetrievalBps", p.mixRetrievalBps, 0, BPS);
        uint256 sum = uint256(p.mixInfluenceBps) + p.mixSpanBps + p.mixRetrievalBps;
        if (sum != BPS) revert ProtocolParameters_MixNotWhole(sum);
    }

    function _checkWindows(Parameters memory p, Limits memory limits_) private pure {
        _within("challengeWindow", p.challengeWindow, limits_.minChallengeWindow, MAX_CHALLENGE_WINDOW);
        _within("caseWindow", p.caseWindow, 1, MAX_CASE_WINDOW);
        _within("unbondingPeriod", p.unbondingPeriod, 1, MAX_UNBONDING);
        _within("exitDelay", p.exitDelay, 1, MAX_EXIT_DELAY);
        // An answer and the proof that there is none must fit into what requests may extend a window by.
        _within("responseWindow", p.responseWindow, 1, limits_.maxExtension / 2);
        // A node must have had the time to propose, be rejected once and propose again.
        _within("attributionDeadline", p.attributionDeadline, 2 * uint256(p.challengeWindow), MAX_EXPIRY);
        _within("expiry", p.expiry, 2 * uint256(p.attributionDeadline), MAX_EXPIRY);
        // A stake must stay slashable for as long as any claim of its owner can be proven false.
        uint256 required = uint256(p.challengeWindow) + limits_.maxExtension + limits_.maxPause + p.caseWindow
            + limits_.unbondingMargin;
        if (p.unbondingPeriod < required) {
            revert ProtocolParameters_UnbondingTooShort(p.unbondingPeriod, required);
        }
    }

    function _checkBonds(Parameters memory p) private pure {
        _within("nodeStakeMin", p.nodeStakeMin, 1 gwei, MAX_STAKE);
        _within("bondMin", p.bondMin, 1 gwei, p.nodeStakeMin);
        _within("bondBps", p.bondBps, 0, 2 * BPS);
        _within("detectionPpm", p.detectionPpm, PPM / 100, PPM);
        // At least half is burned: else whoever cheats proves its own fraud first and loses nothing.
        _within("slashRewardBps", p.slashRewardBps, 1, BPS / 2);
    }

    function _checkDisputes(Parameters memory p) private pure {
        _within("auditDraws", p.auditDraws, 0, 64);
        _within("attestations", p.attestations, 1, 32);
        _within("curatorStakeMin", p.curatorStakeMin, 1 gwei, MAX_STAKE);
        _within("validatorStakeMin", p.validatorStakeMin, 1 gwei, MAX_STAKE);
        _within("caseBond", p.caseBond, 1 gwei, MAX_STAKE);
        _within("requestBond", p.requestBond, 1 gwei, MAX_STAKE);
        _within("caseSlashBps", p.caseSlashBps, 1, BPS);
        _within("caseQuorumBps", p.caseQuorumBps, BPS / 10, BPS);
        _within("penaltyThreshold", p.penaltyThreshold, 0, MAX_PENALTY_POINTS);
        _within("penaltyStepBps", p.penaltyStepBps, 0, BPS);
        uint256 sum = uint256(p.dataBps) + p.labelBps + p.validationBps;
        if (sum != BPS) revert ProtocolParameters_CreditNotWhole(sum);
    }

    function _version(uint32 version) private view returns (Parameters storage p) {
        p = _storage().versions[version];
        // No version has it below 500; whoever reads a version reads this slot too.
        if (p.modelBps == 0) revert ProtocolParameters_UnknownVersion(version);
    }

    function _settlementTerms(Parameters storage p) private view returns (SettlementTerms memory) {
        return SettlementTerms({
            burnBps: p.burnBps,
            treasuryBps: p.treasuryBps,
            nodeBps: p.nodeBps,
            stakersBps: p.stakersBps,
            modelBps: p.modelBps,
            contributorsBps: p.contributorsBps,
            challengeWindow: p.challengeWindow,
            unbondingPeriod: p.unbondingPeriod,
            detectionPpm: p.detectionPpm,
            bondBps: p.bondBps,
            slashRewardBps: p.slashRewardBps,
            bondMin: p.bondMin,
            nodeStakeMin: p.nodeStakeMin,
            caseWindow: p.caseWindow
        });
    }

    function _within(bytes32 field, uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert ProtocolParameters_OutOfBounds(field, value, min, max);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (ProtocolParametersStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
