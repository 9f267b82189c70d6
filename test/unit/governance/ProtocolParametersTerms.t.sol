// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {Presets} from "../../../script/Presets.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";

/// @dev What the consumers read, what it costs, the bounds of disputes, and the limits of a network.
contract ProtocolParametersTermsTest is Test {
    AccessManager private manager;
    ProtocolParameters private params;
    IProtocolParameters.Parameters private p;

    bytes32 private constant IMPLEMENTATION = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);
    uint256 private constant STORAGE = 0xe3e8bffa3b83ebc3159ac5081f8f6a23d7e4bfa7c5baf532cfa2feb53c263a00;

    function setUp() public {
        manager = new AccessManager(address(this));
        p = Presets.production().parameters;
        params = ProtocolParameters(_deploy(address(new ProtocolParameters()), Presets.production().limits));
    }

    function _deploy(address implementation, IProtocolParameters.Limits memory limits) private returns (address) {
        bytes memory init = abi.encodeCall(ProtocolParameters.initialize, (address(manager), limits, p));
        return address(new ERC1967Proxy(implementation, init));
    }

    function _rejects(bytes32 field, uint256 value, uint256 min, uint256 max) private {
        vm.expectRevert(
            abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_OutOfBounds.selector, field, value, min, max)
        );
        params.update(p);
        p = Presets.production().parameters;
    }

    /// @dev The slots of version `version` that were read; anything else than the implementation, the number of versions
    /// and these fails.
    function _slotsRead(uint32 version) private returns (uint256 count, uint256 last) {
        (bytes32[] memory reads,) = vm.accesses(address(params));
        uint256 base = uint256(keccak256(abi.encode(uint256(version), STORAGE + 2)));
        bool[6] memory seen;
        for (uint256 i = 0; i < reads.length; ++i) {
            uint256 slot = uint256(reads[i]);
            if (reads[i] == IMPLEMENTATION || slot == STORAGE) continue;
            assertGe(slot, base);
            assertLt(slot, base + 6);
            if (!seen[slot - base]) ++count;
            seen[slot - base] = true;
            if (slot - base > last) last = slot - base;
        }
    }

    function _assertSettlementTerms(IProtocolParameters.SettlementTerms memory t) private view {
        assertEq(t.burnBps, p.burnBps);
        assertEq(t.treasuryBps, p.treasuryBps);
        assertEq(t.nodeBps, p.nodeBps);
        assertEq(t.stakersBps, p.stakersBps);
        assertEq(t.modelBps, p.modelBps);
        assertEq(t.contributorsBps, p.contributorsBps);
        assertEq(t.challengeWindow, p.challengeWindow);
        assertEq(t.unbondingPeriod, p.unbondingPeriod);
        assertEq(t.detectionPpm, p.detectionPpm);
        assertEq(t.bondBps, p.bondBps);
        assertEq(t.slashRewardBps, p.slashRewardBps);
        assertEq(t.bondMin, p.bondMin);
        assertEq(t.nodeStakeMin, p.nodeStakeMin);
        assertEq(t.caseWindow, p.caseWindow);
    }

    function test_SettlementTermsAreTheVersionsAndReadTwoOfItsSlots() public {
        vm.record();
        IProtocolParameters.SettlementTerms memory t = params.settlementTerms(1);
        (uint256 count, uint256 last) = _slotsRead(1);
        assertEq(count, 2);
        assertEq(last, 1);
        _assertSettlementTerms(t);
    }

    function test_CurrentSettlementTermsAreThoseInForceAndReadTwoSlotsToo() public {
        IProtocolParameters.Parameters memory first = p;
        p.burnBps = 600;
        p.treasuryBps = 400;
        params.update(p);
        vm.record();
        (uint32 version, IProtocolParameters.SettlementTerms memory t) = params.currentSettlementTerms();
        (uint256 count, uint256 last) = _slotsRead(2);
        assertEq(version, 2);
        assertEq(count, 2);
        assertEq(last, 1);
        _assertSettlementTerms(t);
        p = first;
        _assertSettlementTerms(params.settlementTerms(1));
    }

    function test_AllocationTermsAreTheVersionsAndReadTwoOfItsSlots() public {
        vm.record();
        IProtocolParameters.AllocationTerms memory t = params.allocationTerms(1);
        (uint256 count, uint256 last) = _slotsRead(1);
        assertEq(count, 2);
        assertEq(last, 2);
        assertEq(t.modelBps, p.modelBps);
        assertEq(t.contributorsBps, p.contributorsBps);
        assertEq(t.tauBasePpm, p.tauBasePpm);
        assertEq(t.tauMinPpm, p.tauMinPpm);
        assertEq(t.tauMaxPpm, p.tauMaxPpm);
        assertEq(t.feeRef, p.feeRef);
        assertEq(t.mixInfluenceBps, p.mixInfluenceBps);
        assertEq(t.mixSpanBps, p.mixSpanBps);
        assertEq(t.mixRetrievalBps, p.mixRetrievalBps);
    }

    function test_OrphanTermsAreTheVersions() public {
        vm.record();
        (uint32 deadline, uint32 expiry, uint8 attestations) = params.orphanTerms(1);
        (uint256 count,) = _slotsRead(1);
        assertEq(count, 2);
        assertEq(deadline, p.attributionDeadline);
        assertEq(expiry, p.expiry);
        assertEq(attestations, p.attestations);
    }

    function test_RevertWhen_TheTermsAreOfAVersionThatDoesNotExistYet() public {
        for (uint32 v = 0; v <= 2; v += 2) {
            bytes memory unknown =
                abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_UnknownVersion.selector, v);
            vm.expectRevert(unknown);
            params.settlementTerms(v);
            vm.expectRevert(unknown);
            params.allocationTerms(v);
            vm.expectRevert(unknown);
            params.orphanTerms(v);
        }
    }

    function test_AuditsAndAttestationsHaveBounds() public {
        p.auditDraws = 65;
        _rejects("auditDraws", 65, 0, 64);
        p.attestations = 0;
        _rejects("attestations", 0, 1, 32);
        p.attestations = 33;
        _rejects("attestations", 33, 1, 32);
        p.responseWindow = 0;
        _rejects("responseWindow", 0, 1, 1.5 days);
        p.responseWindow = 1.5 days + 1;
        _rejects("responseWindow", 1.5 days + 1, 1, 1.5 days);
    }

    function test_StakesAndBondsOfDisputesHaveBounds() public {
        uint256 max = 10_000_000e18;
        p.curatorStakeMin = 1 gwei - 1;
        _rejects("curatorStakeMin", 1 gwei - 1, 1 gwei, max);
        p.curatorStakeMin = uint96(max + 1);
        _rejects("curatorStakeMin", max + 1, 1 gwei, max);
        p.validatorStakeMin = 1 gwei - 1;
        _rejects("validatorStakeMin", 1 gwei - 1, 1 gwei, max);
        p.validatorStakeMin = uint96(max + 1);
        _rejects("validatorStakeMin", max + 1, 1 gwei, max);
        p.caseBond = 1 gwei - 1;
        _rejects("caseBond", 1 gwei - 1, 1 gwei, max);
        p.caseBond = uint96(max + 1);
        _rejects("caseBond", max + 1, 1 gwei, max);
        p.requestBond = 1 gwei - 1;
        _rejects("requestBond", 1 gwei - 1, 1 gwei, max);
        p.requestBond = uint96(max + 1);
        _rejects("requestBond", max + 1, 1 gwei, max);
    }

    function test_VerdictsAndPenaltiesHaveBounds() public {
        p.caseSlashBps = 0;
        _rejects("caseSlashBps", 0, 1, 10_000);
        p.caseSlashBps = 10_001;
        _rejects("caseSlashBps", 10_001, 1, 10_000);
        p.caseQuorumBps = 999;
        _rejects("caseQuorumBps", 999, 1_000, 10_000);
        p.caseQuorumBps = 10_001;
        _rejects("caseQuorumBps", 10_001, 1_000, 10_000);
        p.penaltyThreshold = 1_001;
        _rejects("penaltyThreshold", 1_001, 0, 1_000);
        p.penaltyStepBps = 10_001;
        _rejects("penaltyStepBps", 10_001, 0, 10_000);
    }

    function testFuzz_TheCreditOfARowIsWhole(uint16 data, uint16 label, uint16 validation) public {
        (p.dataBps, p.labelBps, p.validationBps) = (data, label, validation);
        uint256 sum = uint256(data) + label + validation;
        if (sum != 10_000) {
            vm.expectRevert(abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_CreditNotWhole.selector, sum));
        }
        params.update(p);
    }

    function test_TheCreditCanGoToTheDataAlone() public {
        (p.dataBps, p.labelBps, p.validationBps) = (10_000, 0, 0);
        assertEq(params.update(p), 2);
    }

    function test_TheLimitsOfANetworkAreKept() public view {
        assertEq(keccak256(abi.encode(params.limits())), keccak256(abi.encode(Presets.production().limits)));
    }

    function test_RevertWhen_ALimitIsTooLoose() public {
        vm.chainId(1);
        address implementation = address(new ProtocolParameters());
        IProtocolParameters.Limits memory limits = Presets.production().limits;
        uint32[2][6] memory wrong = [
            [uint32(0), uint32(1 days) - 1],
            [uint32(1), uint32(7 days) + 1],
            [uint32(2), uint32(14 days) + 1],
            [uint32(3), uint32(4 days) - 1],
            [uint32(3), uint32(60 days) + 1],
            [uint32(4), uint32(1 days) - 1]
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            limits = Presets.production().limits;
            uint32 value = wrong[i][1];
            if (wrong[i][0] == 0) limits.minChallengeWindow = value;
            if (wrong[i][0] == 1) limits.maxExtension = value;
            if (wrong[i][0] == 2) limits.maxPause = value;
            if (wrong[i][0] == 3) limits.maxCase = value;
            if (wrong[i][0] == 4) limits.unbondingMargin = value;
            vm.expectRevert(
                abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_LimitsTooLoose.selector, limits)
            );
            this.deploy(implementation, limits);
        }
    }

    function deploy(address implementation, IProtocolParameters.Limits memory limits) external returns (address) {
        return _deploy(implementation, limits);
    }

    function test_SecondsAreForBothDevelopmentChains() public {
        IProtocolParameters.Limits memory limits = Presets.devnet().limits;
        p = Presets.devnet().parameters;
        address implementation = address(new ProtocolParameters());
        vm.chainId(31_337);
        _deploy(implementation, limits);
        vm.chainId(31_338);
        _deploy(implementation, limits);
    }

    function test_AVoteOnlyUpgrades() public {
        address next = address(new ProtocolParameters());
        vm.expectRevert();
        vm.prank(makeAddr("stranger"));
        params.upgradeToAndCall(next, "");
        params.upgradeToAndCall(next, "");
        assertEq(params.currentVersion(), 1);
    }
}
