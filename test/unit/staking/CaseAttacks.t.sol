// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Preset, Presets} from "../../../script/Presets.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";
import {ClaimStatus} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {CaseFixture} from "./CaseFixture.sol";

/// @dev What accusers, accused and validators may try.
contract CaseAttacksTest is CaseFixture {
    function test_AMajorityThatConvictsAnHonestNodeEarnsNothing() public {
        // The validators themselves accuse, and all convict.
        vm.deal(wallets[0], BOND);
        vm.prank(wallets[0]);
        uint40 caseId = cases.openForClaim{value: BOND}(claim, EVIDENCE);
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        cases.close(caseId);
        cases.withdrawOwed(wallets[0]);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoCosts.selector, caseId, validators[i]));
            cases.payCosts(caseId, validators[i]);
            assertEq(wallets[i].balance, i == 0 ? BOND : 0);
            assertEq(staking.stakeOf(validators[i], Roles.VALIDATOR), weights[i]);
        }
        assertEq(BURN.balance, STAKE / 2);
        assertEq(address(cases).balance, 0);
    }

    function test_GovernanceSavesAnHonestNodeFromItsValidators() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, false));
        _appeal(caseId);
        cases.decideAppeal(caseId, false);
        cases.close(caseId);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(cases.owed(operator), BOND);
        // Only the one who voted with governance has its costs paid.
        cases.payCosts(caseId, validators[2]);
        assertEq(wallets[2].balance, 0.2e18);
        assertEq(BURN.balance, 0.8e18);
    }

    function test_NobodyHoldsStakeLongerThanACaseLasts() public {
        uint40 start = uint40(block.timestamp);
        _unbond(STAKE);
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(false, false, true));
        // Whoever wants the stake held appeals at the last moment; governance never decides.
        vm.warp(start + 24);
        vm.prank(accuser);
        cases.appeal{value: BOND}(caseId);
        vm.warp(start + 40);
        cases.close(caseId);
        assertEq(staking.stakeState(nodeId, Roles.NODE).freezes, 0);
        vm.warp(start + 60);
        staking.withdraw(nodeId, Roles.NODE);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), 0);
    }

    function test_AnExitStartedAtOnceIsStillInReachOfTheLastCase() public {
        uint40 end = settlementEnd();
        _unbond(STAKE);
        vm.warp(end + 9);
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _wait(60);
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_Frozen.selector, nodeId, Roles.NODE, 1));
        staking.withdraw(nodeId, Roles.NODE);
        cases.close(caseId);
        assertEq(staking.stakeState(nodeId, Roles.NODE).unbonding, STAKE / 2);
        uint256 before = operator.balance;
        staking.withdraw(nodeId, Roles.NODE);
        assertEq(operator.balance - before, STAKE / 2);
    }

    function test_ABondIsNoShelterFromAConviction() public {
        uint8 index = _lock(800e18, 1, 60);
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        cases.close(caseId);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), 800e18);
        assertEq(staking.stakeState(nodeId, Roles.NODE).due, 300e18);
        _release(800e18, index, false);
        staking.collectDue(nodeId);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), 500e18);
        assertEq(BURN.balance, 500e18);
    }

    function test_CasesAgainstOneAgentAreCounted() public {
        uint40 first = _openForClaim();
        claim.seq = 2;
        settlement.set(settlement.claimIdOf(claim), uint40(block.timestamp) + 30, ClaimStatus.Proposed);
        _wait(5);
        uint40 second = _openForClaim();
        assertEq(staking.stakeState(nodeId, Roles.NODE).freezes, 2);
        _toFinal(first);
        cases.close(first);
        assertEq(staking.stakeState(nodeId, Roles.NODE).freezes, 1);
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_Frozen.selector, nodeId, Roles.NODE, 1));
        _unbond(1);
        _toFinal(second);
        cases.close(second);
        _unbond(1);
        assertEq(cases.owed(accuser), 2 * BOND);
    }

    function test_AnAccusationDoesNotSilenceAValidator() public {
        // A validator that is a node as well is accused as a node; elsewhere it still votes.
        _stake(validators[0], Roles.NODE, 100e18);
        claim.proposer = validators[0];
        settlement.set(settlement.claimIdOf(claim), uint40(block.timestamp) + 30, ClaimStatus.Proposed);
        _openForClaim();
        uint40 other = _openForCuration();
        _commit(other, 0, true);
        assertEq(cases.voteOf(other, validators[0]).weight, 50e18);
    }

    function test_AVoteThatChangesTheRulesDoesNotChangeAnOpenCase() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        IProtocolParameters.Parameters memory p = params.parameters(1);
        p.caseSlashBps = 1;
        p.caseQuorumBps = 10_000;
        p.caseBond = 7e18;
        params.update(p);
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongBond.selector, BOND, 7e18));
        vm.prank(operator);
        cases.appeal{value: 7e18}(caseId);
        _toFinal(caseId);
        cases.close(caseId);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE / 2);
    }

    function test_OneWeiIsSlashedWhole() public {
        claim.proposer = _agent(stranger, Roles.NODE, 1);
        settlement.set(settlement.claimIdOf(claim), uint40(block.timestamp) + 30, ClaimStatus.Proposed);
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        cases.close(caseId);
        assertEq(staking.stakeOf(claim.proposer, Roles.NODE), 0);
        assertEq(BURN.balance, 1);
    }

    function test_TheGreatestStakesCount() public {
        _stake(validators[0], Roles.VALIDATOR, type(uint96).max - 100e18);
        _stake(nodeId, Roles.NODE, type(uint96).max - STAKE);
        _wait(1);
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        assertEq(cases.caseOf(caseId).convict, type(uint96).max);
        _toFinal(caseId);
        cases.close(caseId);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), type(uint96).max / 2);
    }

    function testFuzz_CostsAreSharedToTheLastWei(uint96 a, uint96 b, uint96 c, uint8 order) public {
        _stake(validators[0], Roles.VALIDATOR, uint96(bound(a, 1, 1e24)));
        _stake(validators[1], Roles.VALIDATOR, uint96(bound(b, 1, 1e24)));
        _stake(validators[2], Roles.VALIDATOR, uint96(bound(c, 1, 1e24)));
        _wait(1);
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(false, false, false));
        _toFinal(caseId);
        cases.close(caseId);
        for (uint256 i = 0; i < 3; ++i) {
            cases.payCosts(caseId, validators[(i + order) % 3]);
        }
        assertEq(address(cases).balance, 0);
        assertEq(wallets[0].balance + wallets[1].balance + wallets[2].balance, 0.2e18);
    }

    function settlementEnd() private view returns (uint40) {
        return settlement.claimRecord(claimId).end;
    }
}

/// @dev Real periods.
contract CasesInProductionTest is CaseFixture {
    function setUp() public override {
        (weights[0], weights[1], weights[2]) = (50_000e18, 30_000e18, 20_000e18);
        super.setUp();
    }

    function _preset() internal pure override returns (Preset memory) {
        return Presets.production();
    }

    function test_AnAppealHasTimeForAVote() public pure {
        Preset[3] memory presets = [Presets.devnet(), Presets.testnet(), Presets.production()];
        for (uint256 i = 0; i < 3; ++i) {
            Preset memory p = presets[i];
            uint256 vote = uint256(p.governor.votingDelay) + p.governor.votingPeriod + p.governor.lateQuorumExtension
                + p.timelockDelay;
            assertGt(p.limits.maxCase / 2, vote);
        }
    }

    function test_ACaseInRealTime() public {
        vm.deal(accuser, 100e18);
        vm.prank(accuser);
        uint40 caseId = cases.openForClaim{value: 100e18}(claim, EVIDENCE);
        uint40 start = uint40(block.timestamp);
        (uint40 commitEnd, uint40 revealEnd, uint40 appealEnd, uint40 end) = cases.deadlinesOf(caseId);
        assertEq(commitEnd, start + 10 days);
        assertEq(revealEnd, start + 20 days);
        assertEq(appealEnd, start + 25 days);
        assertEq(end, start + 40 days);
        _vote(caseId, _votes(true, true, true));
        vm.deal(operator, 100e18);
        vm.prank(operator);
        cases.appeal{value: 100e18}(caseId);
        vm.warp(end - 1);
        cases.decideAppeal(caseId, false);
        cases.close(caseId);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE);
    }

    function test_TheShortestCaseHasASecondForEachPart() public {
        vm.mockCall(
            address(params),
            abi.encodeCall(params.limits, ()),
            abi.encode(
                IProtocolParameters.Limits({
                    minChallengeWindow: 1, maxExtension: 1, maxPause: 1, maxCase: 4, unbondingMargin: 1
                })
            )
        );
        vm.deal(accuser, 100e18);
        vm.prank(accuser);
        uint40 caseId = cases.openForClaim{value: 100e18}(claim, EVIDENCE);
        (uint40 commitEnd, uint40 revealEnd, uint40 appealEnd, uint40 end) = cases.deadlinesOf(caseId);
        uint40 start = uint40(block.timestamp);
        assertEq(commitEnd, start + 1);
        assertEq(revealEnd, start + 2);
        assertEq(appealEnd, start + 3);
        assertEq(end, start + 4);
    }
}
