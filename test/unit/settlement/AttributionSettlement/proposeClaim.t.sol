// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAgentStaking} from "../../../../src/interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../../../../src/interfaces/IProtocolParameters.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../../../../src/types/Claim.sol";
import {Roles} from "../../../../src/types/Roles.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementProposeTest is SettlementTest {
    function _expect(bytes4 selector, uint256 expected, uint256 given, Claim memory c) private {
        vm.expectRevert(abi.encodeWithSelector(selector, expected, given));
        vm.prank(operator);
        settlement.proposeClaim(c, DATA, LOCATOR);
    }

    function test_RevertWhen_Paused() public {
        _redeem(FEE);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        vm.prank(guardian);
        settlement.pause();
        (, uint40 until,) = settlement.pauseState();
        // it should revert because of the pause
        vm.expectRevert(abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_Paused.selector, until));
        vm.prank(operator);
        settlement.proposeClaim(s.claim, DATA, LOCATOR);
        vm.warp(until);
        _propose(s);
    }

    function test_RevertWhen_SomebodyElseProposes() public {
        _redeem(FEE);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        // it should revert because of the caller
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NotProposer.selector, nodeId, stranger)
        );
        vm.prank(stranger);
        settlement.proposeClaim(s.claim, DATA, LOCATOR);
    }

    function test_RevertWhen_TheDataIsAnother() public {
        _redeem(FEE);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        // it should revert because of the commitment
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_WrongDataCommitment.selector);
        vm.prank(operator);
        settlement.proposeClaim(s.claim, "other data", LOCATOR);
    }

    function test_RevertWhen_AClaimIsOpen() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        // it should revert because of the open claim
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_ClaimOpen.selector);
        vm.prank(operator);
        settlement.proposeClaim(s.claim, DATA, LOCATOR);
    }

    function test_RevertWhen_AClaimIsNotWhatTheChainKnows() public {
        _redeem(FEE);
        _redeem(2 * FEE);
        Claim memory c = _claim(nodeId, MODEL_ASSET).claim;
        // it should revert because of that member
        c.parent = bytes32(uint256(5));
        _expect(IAttributionSettlement.AttributionSettlement_WrongParent.selector, 0, 5, c);
        c.parent = 0;
        c.seq = 2;
        _expect(IAttributionSettlement.AttributionSettlement_WrongSeq.selector, 1, 2, c);
        c.seq = 1;
        c.toBatch = 3;
        _expect(IAttributionSettlement.AttributionSettlement_WrongBatches.selector, 1, 2, c);
        c.toBatch = 0;
        _expect(IAttributionSettlement.AttributionSettlement_WrongBatches.selector, 1, 2, c);
        (c.fromBatch, c.toBatch) = (2, 2);
        _expect(IAttributionSettlement.AttributionSettlement_WrongBatches.selector, 1, 2, c);
        c.fromBatch = 1;
        c.firstReceipt = 1;
        _expect(IAttributionSettlement.AttributionSettlement_WrongFirstReceipt.selector, 0, 1, c);
        c.firstReceipt = 0;
        c.receiptCount = 5;
        _expect(IAttributionSettlement.AttributionSettlement_WrongReceiptCount.selector, 4, 5, c);
        c.receiptCount = 4;
        c.fees += 1;
        _expect(IAttributionSettlement.AttributionSettlement_WrongFees.selector, 3 * FEE, 3 * FEE + 1, c);
        c.fees -= 1;
        c.paramsVersion = 1;
        _expect(IAttributionSettlement.AttributionSettlement_WrongParamsVersion.selector, 2, 1, c);
        c.paramsVersion = 2;
        c.payoutsTotal += 1;
        _expect(IAttributionSettlement.AttributionSettlement_WrongPayoutsTotal.selector, 1.8e18, c.payoutsTotal, c);
    }

    function test_RevertWhen_ARootIsZero() public {
        _redeem(FEE);
        Claim memory c = _claim(nodeId, MODEL_ASSET).claim;
        bytes32 root = c.payoutsRoot;
        c.payoutsRoot = 0;
        // it should revert because of the root
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_EmptyRoot.selector);
        vm.prank(operator);
        settlement.proposeClaim(c, DATA, LOCATOR);
        (c.payoutsRoot, c.attributionsRoot) = (root, 0);
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_EmptyRoot.selector);
        vm.prank(operator);
        settlement.proposeClaim(c, DATA, LOCATOR);
    }

    function test_RevertWhen_TheTreeIsTooDeep() public {
        _redeem(FEE);
        Claim memory c = _claim(nodeId, MODEL_ASSET).claim;
        c.payoutsDepth = 41;
        // it should revert because of the depth
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_PayoutsTooDeep.selector, 41)
        );
        vm.prank(operator);
        settlement.proposeClaim(c, DATA, LOCATOR);
    }

    function test_RevertWhen_BatchesOfTwoVersionsAreInOneClaim() public {
        _redeem(FEE);
        vm.prank(address(d.timelock));
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        _redeem(FEE);
        Claim memory c = _claim(nodeId, MODEL_ASSET).claim;
        _expect(IAttributionSettlement.AttributionSettlement_WrongParamsVersion.selector, 3, 2, c);
        // One after the other.
        Settled memory s = _claimOver(nodeId, MODEL_ASSET, 1, 1);
        _propose(s);
        _final(s);
        s = _claim(nodeId, MODEL_ASSET);
        assertEq(s.claim.paramsVersion, 3);
        _propose(s);
    }

    // ----------------------------------------------------------------------------------------------------- orphans

    function test_RevertWhen_TheNodeStillHasTime() public {
        uint40 rescuer = _rescuer();
        _redeem(FEE);
        (uint32 deadline,) = _deadlines();
        _skip(deadline - 1);
        _redeem(FEE);
        Settled memory s = _claim(rescuer, MODEL_ASSET);
        _skip(1);
        // The younger batch is the node's own for longer.
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_NotOrphaned.selector);
        vm.prank(makeAddr("rescuer"));
        settlement.proposeClaim(s.claim, DATA, LOCATOR);
        s = _claimOver(rescuer, MODEL_ASSET, 1, 1);
        vm.warp(vm.getBlockTimestamp() - 1);
        uint256 orphanedAt = uint256(settlement.batch(nodeId, 1).redeemedAt) + deadline;
        // it should revert because the node still has time
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_NotOrphaned.selector, nodeId, 1, orphanedAt
            )
        );
        vm.prank(makeAddr("rescuer"));
        settlement.proposeClaim(s.claim, DATA, LOCATOR);
        vm.warp(orphanedAt);
        _propose(s);
    }

    function test_WhoeverClaimsOrphansBondsAndEarns() public {
        uint40 rescuer = _rescuer();
        _redeem(FEE);
        (uint32 deadline,) = _deadlines();
        _skip(deadline);
        Settled memory s = _claim(rescuer, MODEL_ASSET);
        _propose(s);
        // it should bond the claim out of the proposer's stake
        assertEq(settlement.node(nodeId).openProposer, rescuer);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(d.staking.freeStakeOf(rescuer, Roles.NODE), STAKE - _recordOf(s).bond);
        assertEq(d.staking.exposureOf(rescuer), s.claim.payoutsTotal);
        _final(s);
        assertEq(settlement.node(nodeId).nodeShare, 0);
        settlement.flush(nodeId);
        assertEq(operator.balance, 0);
        // it should give the node's share to the proposer once the claim is final
        settlement.flush(rescuer);
        assertEq(makeAddr("rescuer").balance, FEE / 5);
        assertEq(d.staking.freeStakeOf(rescuer, Roles.NODE), STAKE);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        assertEq(builder.balance, s.claim.payoutsTotal);
        // The node comes back, and its next claim is its own.
        Settled memory next = _settle(FEE, MODEL_ASSET);
        assertEq(settlement.node(nodeId).nodeShare, FEE / 5);
        settlement.claim(_payout(next, MODEL_ASSET), next.claim);
    }

    function test_TheNextProposalGivesTheBondBack() public {
        uint40 rescuer = _rescuer();
        _redeem(FEE);
        (uint32 deadline,) = _deadlines();
        _skip(deadline);
        Settled memory s = _claim(rescuer, MODEL_ASSET);
        _propose(s);
        _redeem(FEE);
        _final(s);
        Settled memory next = _claim(nodeId, MODEL_ASSET);
        _propose(next);
        // it should give the bond back when another proposes next
        assertEq(d.staking.freeStakeOf(rescuer, Roles.NODE), STAKE);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE - _recordOf(next).bond);
        assertEq(settlement.node(nodeId).openProposer, nodeId);
    }

    function test_AFalseOrphanClaimCostsItsProposer() public {
        uint40 rescuer = _rescuer();
        _redeem(FEE);
        (uint32 deadline,) = _deadlines();
        _skip(deadline);
        Settled memory s = _claim(rescuer, MODEL_ASSET);
        _propose(s);
        uint96 bond = _recordOf(s).bond;
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        assertEq(d.staking.stakeOf(rescuer, Roles.NODE), STAKE - bond);
        assertEq(d.staking.exposureOf(rescuer), 0);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), STAKE);
        // The node can still claim what is its own.
        s = _claim(nodeId, MODEL_ASSET);
        _propose(s);
        _final(s);
        settlement.flush(nodeId);
        assertEq(operator.balance, FEE / 5);
    }

    // -------------------------------------------------------------------------------------------------------- bond

    function test_RevertWhen_TheStakeDoesNotCoverTheClaim() public {
        vm.prank(operator);
        d.staking.requestUnbond(nodeId, Roles.NODE, STAKE - 100e18);
        vm.deal(consumer, 900e18);
        vm.prank(consumer);
        d.escrow.topUp{value: 900e18}(channelId);
        _redeem(500e18);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        // it should revert because of the stake
        vm.expectPartialRevert(IAgentStaking.AgentStaking_InsufficientFreeStake.selector);
        vm.prank(operator);
        settlement.proposeClaim(s.claim, DATA, LOCATOR);
    }

    function test_AClaimIsOneSlotAndOneBond() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        // it should record the claim in one slot and lock the bond
        ClaimRecord memory r = _recordOf(s);
        assertEq(r.end, vm.getBlockTimestamp() + window);
        assertEq(r.extension, 0);
        assertEq(r.bond, 1e18);
        assertEq(r.nodeId, nodeId);
        assertEq(r.proposedBlock, vm.getBlockNumber());
        _assertStatus(s, ClaimStatus.Proposed);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE - 1e18);
    }

    function test_ClaimAndDataAreInTheLogs() public {
        _redeem(FEE);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        // it should put claim and data into the logs
        vm.expectEmit();
        emit IAttributionSettlement.ClaimProposed(id, nodeId, s.claim);
        vm.expectEmit();
        emit IAttributionSettlement.ClaimData(id, DATA, LOCATOR);
        _propose(s);
    }

    function test_TheBondIsTheGreatestOfItsThreeRules() public {
        // it should ask for the greatest of the bond's three rules
        // Contributors' share / 0.966 is below the minimum of 1 OPEN.
        assertEq(_recordOf(_settle(FEE, MODEL_ASSET)).bond, 1e18);
        uint256 fee = 50.3e18 + 7e9;
        assertEq(_recordOf(_settle(uint96(fee), MODEL_ASSET)).bond, (fee * 4 / 10 * 1e6 + 965_999) / 966_000);
        IProtocolParameters.Parameters memory p = d.parameters.parameters(2);
        p.bondBps = 20_000;
        vm.prank(address(d.timelock));
        d.parameters.update(p);
        assertEq(_recordOf(_settle(10e18, MODEL_ASSET)).bond, 12e18);
    }

    function test_AVoteJustBeforeAClaimDoesNotChangeIt() public {
        _redeem(FEE);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        IProtocolParameters.Parameters memory p = d.parameters.parameters(2);
        (p.modelBps, p.contributorsBps, p.challengeWindow, p.unbondingPeriod) = (1_000, 5_000, 40, 70);
        p.bondMin = 50e18;
        vm.prank(address(d.timelock));
        d.parameters.update(p);
        _propose(s);
        // it should hold the claim to the version of its batches
        assertEq(_recordOf(s).bond, 1e18);
        assertEq(_recordOf(s).end, vm.getBlockTimestamp() + window);
    }
}
