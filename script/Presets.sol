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
        p.limits = IProtocolParameters.Limits({minChallengeWindow: 1, unbondingMargin: 30});
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
        p.limits = IProtocolParameters.Limits({minChallengeWindow: 1 days, unbondingMargin: 2 days});
        p.parameters.challengeWindow = 1 days;
        p.parameters.unbondingPeriod = 3 days;
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
        p.limits = IProtocolParameters.Limits({minChallengeWindow: 1 days, unbondingMargin: 14 days});
        p.parameters = IProtocolParameters.Parameters({
            burnBps: 500,
            treasuryBps: 500,
            nodeBps: 2_000,
            stakersBps: 1_000,
            modelBps: 2_000,
            contributorsBps: 4_000,
            tauBasePpm: 50_000,
            tauMinPpm: 10_000,
            tauMaxPpm: 200_000,
            feeRef: 0.01e18,
            mixInfluenceBps: 5_000,
            mixSpanBps: 3_500,
            mixRetrievalBps: 1_500,
            challengeWindow: 3 days,
            unbondingPeriod: 21 days,
            exitDelay: 1 days,
            bondMin: 100e18,
            bondBps: 1_000,
            detectionPpm: 966_000,
            slashRewardBps: 5_000,
            nodeStakeMin: 10_000e18
        });
    }
}
