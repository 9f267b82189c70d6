// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {OpenGovernor} from "../src/governance/OpenGovernor.sol";
import {IProtocolParameters} from "../src/interfaces/IProtocolParameters.sol";

/// @notice Everything that differs between networks, as data.
/// @param guardian Who may veto claims inside their window
/// @param timelockDelay Seconds between queueing and executing a vote
/// @param publicationBond Bond in wei that publishing an adapter needs
struct Preset {
    address guardian;
    uint256 timelockDelay;
    uint96 publicationBond;
    OpenGovernor.Config governor;
    IProtocolParameters.Limits limits;
    IProtocolParameters.Parameters parameters;
}

/// @title The presets: seconds on a devnet, hours on a testnet, days in production
library Presets {
    uint256 internal constant DEVNET_L2 = 31_337;

    /// @dev Account 18 of the devnet's mnemonic.
    address private constant DEVNET_GUARDIAN = 0xdD2FD4581271e230360230F9337D5c0430Bf44C0;

    error Presets_Unknown(string name);
    error Presets_NoGuardian();

    /// @param name devnet, testnet or production
    /// @param guardian Needed outside the devnet
    function byName(string memory name, address guardian) internal pure returns (Preset memory p) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("devnet")) {
            p = devnet();
            if (guardian != address(0)) p.guardian = guardian;
            return p;
        }
        if (hash == keccak256("testnet")) p = testnet();
        else if (hash == keccak256("production")) p = production();
        else revert Presets_Unknown(name);
        if (guardian == address(0)) revert Presets_NoGuardian();
        p.guardian = guardian;
    }

    function devnet() internal pure returns (Preset memory p) {
        p = production();
        p.guardian = DEVNET_GUARDIAN;
        p.timelockDelay = 1;
        p.publicationBond = 0;
        p.governor = OpenGovernor.Config({
            votingDelay: 1,
            votingPeriod: 10,
            lateQuorumExtension: 2,
            proposalThreshold: 10e18,
            quorumPercent: 5,
            quorumFloor: 100e18
        });
        p.limits = IProtocolParameters.Limits({
            minChallengeWindow: 1, maxExtension: 10, maxPause: 5, maxCase: 40, unbondingMargin: 5
        });
        p.parameters.caseWindow = 10;
        p.parameters.responseWindow = 5;
        p.parameters.attributionDeadline = 120;
        p.parameters.expiry = 1_200;
        p.parameters.attestations = 1;
        p.parameters.curatorStakeMin = 10e18;
        p.parameters.validatorStakeMin = 10e18;
        p.parameters.caseBond = 1e18;
        p.parameters.requestBond = 0.1e18;
        p.parameters.challengeWindow = 30;
        p.parameters.unbondingPeriod = 60;
        p.parameters.exitDelay = 10;
        p.parameters.bondMin = 1e18;
        p.parameters.nodeStakeMin = 100e18;
    }

    function testnet() internal pure returns (Preset memory p) {
        p = production();
        p.timelockDelay = 1 hours;
        p.governor.votingDelay = 10 minutes;
        p.governor.votingPeriod = 1 days;
        p.governor.lateQuorumExtension = 1 hours;
        p.governor.proposalThreshold = 100e18;
        p.governor.quorumFloor = 1_000e18;
        p.limits = IProtocolParameters.Limits({
            minChallengeWindow: 1 days, maxExtension: 1 days, maxPause: 1 days, maxCase: 8 days, unbondingMargin: 1 days
        });
        p.parameters.caseWindow = 1 days;
        p.parameters.responseWindow = 12 hours;
        p.parameters.attributionDeadline = 4 days;
        p.parameters.expiry = 30 days;
        p.parameters.attestations = 2;
        p.parameters.curatorStakeMin = 10e18;
        p.parameters.validatorStakeMin = 10e18;
        p.parameters.caseBond = 1e18;
        p.parameters.requestBond = 0.1e18;
        p.parameters.challengeWindow = 1 days;
        p.parameters.unbondingPeriod = 5 days;
        p.parameters.exitDelay = 1 hours;
        p.parameters.bondMin = 1e18;
        p.parameters.nodeStakeMin = 100e18;
    }

    function production() internal pure returns (Preset memory p) {
        p.timelockDelay = 1 weeks;
        p.publicationBond = 100e18;
        p.governor = OpenGovernor.Config({
            votingDelay: 1 days,
            votingPeriod: 1 weeks,
            lateQuorumExtension: 2 days,
            proposalThreshold: 10_000e18,
            quorumPercent: 5,
            quorumFloor: 2_000_000e18
        });
        p.limits = IProtocolParameters.Limits({
            minChallengeWindow: 1 days,
            maxExtension: 3 days,
            maxPause: 7 days,
            maxCase: 40 days,
            unbondingMargin: 2 days
        });
        p.parameters = IProtocolParameters.Parameters({
            burnBps: 500,
            treasuryBps: 500,
            nodeBps: 2_000,
            stakersBps: 1_000,
            modelBps: 2_000,
            contributorsBps: 4_000,
            challengeWindow: 3 days,
            unbondingPeriod: 21 days,
            exitDelay: 1 days,
            detectionPpm: 966_000,
            bondBps: 1_000,
            slashRewardBps: 5_000,
            bondMin: 100e18,
            nodeStakeMin: 10_000e18,
            caseWindow: 3 days,
            caseSlashBps: 5_000,
            penaltyThreshold: 10,
            tauBasePpm: 50_000,
            tauMinPpm: 10_000,
            tauMaxPpm: 200_000,
            feeRef: 0.01e18,
            mixInfluenceBps: 5_000,
            mixSpanBps: 3_500,
            mixRetrievalBps: 1_500,
            auditDraws: 32,
            attestations: 3,
            curatorStakeMin: 1_000e18,
            validatorStakeMin: 10_000e18,
            attributionDeadline: 14 days,
            expiry: 180 days,
            caseBond: 100e18,
            requestBond: 1e18,
            responseWindow: 1 days,
            caseQuorumBps: 3_333,
            penaltyStepBps: 500,
            dataBps: 6_000,
            labelBps: 3_000,
            validationBps: 1_000
        });
    }
}
