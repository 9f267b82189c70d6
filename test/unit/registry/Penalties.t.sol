// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {IContributionToken} from "../../../src/interfaces/IContributionToken.sol";
import {IDatanetHygiene} from "../../../src/interfaces/IDatanetHygiene.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {Native} from "../../../src/libraries/Native.sol";
import {BondState} from "../../../src/types/Contribution.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {Penalised} from "../../utils/Penalised.sol";

/// @dev Penalties and their appeals.
contract PenaltiesTest is Penalised {
    function test_APenaltyFreezesTheBondAndWaits() public {
        uint40 until = uint40(vm.getBlockTimestamp()) + window;
        vm.expectEmit(address(d.hygiene));
        emit IDatanetHygiene.Penalised(
            id, curatorAgent, 30, IDatanetHygiene.Reason.Poison, keccak256("evidence"), until
        );
        _penalise(id, 30);
        IDatanetHygiene.Penalty memory p = d.hygiene.penaltyOf(id);
        assertEq(p.curatorAgentId, curatorAgent);
        assertEq(p.decidedAt, vm.getBlockTimestamp());
        assertEq(p.appealUntil, until);
        assertEq(p.caseId, 0);
        assertEq(p.points, 30);
        assertEq(uint8(p.reason), uint8(IDatanetHygiene.Reason.Poison));
        assertEq(uint8(d.datanets.contribution(id).bondState), uint8(BondState.Frozen));
        assertEq(_withheld(id), 0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_BondFrozen.selector, id));
        d.datanets.reclaimBond(id);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_AppealOpen.selector, id, until));
        d.hygiene.settle(id);
    }

    function test_WithoutAnAppealNobodyGainsTheBondAndPointsAreBooked() public {
        _penalise(id, 30);
        skip(window + 1);
        (uint256 burned, uint256 treasury) = (Native.BURN.balance, address(d.timelock).balance);
        vm.expectEmit(address(d.contributions));
        emit IContributionToken.PenaltySet(alice, 30, 10_000);
        vm.expectEmit(address(d.hygiene));
        emit IDatanetHygiene.PenaltySettled(id, alice, true, 30, BOND);
        vm.prank(stranger);
        d.hygiene.settle(id);
        assertEq(Native.BURN.balance - burned, BOND / 2);
        assertEq(address(d.timelock).balance - treasury, BOND / 2);
        assertEq(address(d.datanets).balance, 0);
        assertEq(address(d.hygiene).balance, 0);
        assertEq(d.contributions.penaltyOf(alice).points, 30);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NothingToReclaim.selector, id));
        d.datanets.reclaimBond(id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_NoPenalty.selector, id));
        d.hygiene.settle(id);
    }

    function test_AConvictedCuratorPaysAndThePenaltyIsVoid() public {
        _penalise(id, 30);
        uint40 caseId = _open(id);
        vm.expectEmit(address(d.hygiene));
        emit IDatanetHygiene.PenaltyAppealed(id, caseId);
        d.hygiene.appeal(id);
        assertEq(d.hygiene.penaltyOf(id).caseId, caseId);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_CaseOpen.selector, id, caseId));
        d.hygiene.settle(id);
        _decide(caseId, true);
        vm.expectEmit(address(d.hygiene));
        emit IDatanetHygiene.PenaltySettled(id, alice, false, 30, 0);
        d.hygiene.settle(id);
        d.cases.close(caseId);
        assertLt(d.staking.stakeOf(curatorAgent, Roles.CURATOR), params.curatorStakeMin);
        assertEq(d.contributions.penaltyOf(alice).points, 0);
        uint256 before = alice.balance;
        d.datanets.reclaimBond(id);
        assertEq(alice.balance - before, BOND);
    }

    function test_AnAcquittedCuratorsPenaltyStands() public {
        _penalise(id, 12);
        uint40 caseId = _open(id);
        _decide(caseId, false);
        d.hygiene.settle(id); // finds the case by itself
        d.cases.close(caseId);
        assertEq(d.staking.stakeOf(curatorAgent, Roles.CURATOR), params.curatorStakeMin);
        assertEq(d.contributions.penaltyOf(alice).points, 12);
        assertEq(_withheld(id), 2 * params.penaltyStepBps);
        assertEq(address(d.datanets).balance, 0);
    }

    /// @dev Nobody can hurry a penalty past a case that was opened in time, linked or not.
    function test_RevertWhen_SettledWhileAnUnlinkedCaseIsOpen() public {
        _penalise(id, 30);
        skip(window);
        uint40 caseId = _open(id);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_CaseOpen.selector, id, caseId));
        d.hygiene.settle(id);
    }

    /// @dev An overturned curator can't hide the verdict behind a second case, whether somebody noted the first or not.
    function test_RevertWhen_ACuratorHidesTheVerdictBehindASecondCase() public {
        params.caseWindow = 60;
        params.unbondingPeriod = 200;
        vm.prank(address(d.timelock));
        d.parameters.update(params);
        _penalise(id, 30);
        uint40 first = _open(id);
        _decide(first, true);
        d.cases.close(first);
        assertLe(vm.getBlockTimestamp(), d.hygiene.penaltyOf(id).appealUntil);
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyOpened.selector, first));
        _open(id);
        d.hygiene.settle(id);
        assertEq(d.contributions.penaltyOf(alice).points, 0);
    }

    function test_RevertWhen_TheAppealComesTooLate() public {
        _penalise(id, 30);
        skip(window + 1);
        bytes32 subject = bytes32(uint256(id));
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoPenalty.selector, curatorAgent, subject));
        _open(id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_NoCase.selector, id));
        d.hygiene.appeal(id);
        d.hygiene.settle(id);
        assertEq(d.contributions.penaltyOf(alice).points, 30);
    }

    /// @dev Nobody can hold a curator's stake for what it has not done.
    function test_RevertWhen_ACuratorIsAccusedBeforeItPenalises() public {
        bytes32 subject = bytes32(uint256(id));
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoPenalty.selector, curatorAgent, subject));
        _open(id);
    }

    /// @dev The case about an earlier penalty says nothing about a later one.
    function test_EachPenaltyHasItsOwnCase() public {
        _penalise(id, 1);
        uint40 first = _open(id);
        _decide(first, false);
        d.hygiene.settle(id);
        d.cases.close(first);
        _penalise(id, 30);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_NoCase.selector, id));
        d.hygiene.appeal(id);
        uint40 second = _open(id);
        d.hygiene.appeal(id);
        assertEq(d.hygiene.penaltyOf(id).caseId, second);
    }

    function test_RevertWhen_NobodyAppealed() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_NoPenalty.selector, id));
        d.hygiene.appeal(id);
        _penalise(id, 30);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_NoCase.selector, id));
        d.hygiene.appeal(id);
    }

    function test_PointsSurviveASaleAndShrinkWhateverTheContributorContributed() public {
        uint40 other = _contribute(alice, _text("good", 3));
        _accept(other);
        vm.prank(alice);
        d.contributions.transferFrom(alice, stranger, other);
        _penalise(id, 11);
        skip(window + 1);
        d.hygiene.settle(id);
        assertEq(_withheld(id), params.penaltyStepBps);
        assertEq(_withheld(other), params.penaltyStepBps); // sold, but made by the same account
        uint40 bobs = _contribute(bob, _text("bob's", 3));
        _accept(bobs);
        vm.prank(bob);
        d.contributions.transferFrom(bob, alice, bobs);
        assertEq(_withheld(bobs), 0); // bought by the penalised account, but not made by it
    }

    function testFuzz_WhatIsWithheldGrowsByTheStep(uint16 first, uint16 second) public {
        first = uint16(bound(first, 1, 100));
        second = uint16(bound(second, 1, 100));
        _penalise(id, first);
        skip(window + 1);
        d.hygiene.settle(id);
        _penalise(id, second);
        skip(window + 1);
        d.hygiene.settle(id);
        uint256 points = uint256(first) + second;
        uint256 above = points > params.penaltyThreshold ? points - params.penaltyThreshold : 0;
        uint256 expected = above * params.penaltyStepBps;
        assertEq(_withheld(id), expected > 10_000 ? 10_000 : expected);
        assertEq(d.contributions.penaltyOf(alice).points, points);
    }

    function test_ANewThresholdAppliesOnceSomeoneRefreshes() public {
        _penalise(id, 12);
        skip(window + 1);
        d.hygiene.settle(id);
        params.penaltyThreshold = 11;
        vm.prank(address(d.timelock));
        d.parameters.update(params);
        assertEq(_withheld(id), 2 * params.penaltyStepBps);
        d.hygiene.refresh(alice);
        assertEq(_withheld(id), params.penaltyStepBps);
        assertEq(d.contributions.penaltyOf(alice).points, 12);
    }

    function test_ASubmissionCanBePenalisedAndThenRejected() public {
        uint40 pending = _contribute(bob, _text("stolen", 3));
        _penalise(pending, 20);
        vm.prank(curator);
        d.datanets.reject(pending, 0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_BondFrozen.selector, pending));
        d.datanets.reclaimBond(pending);
        skip(window + 1);
        d.hygiene.settle(pending);
        assertEq(d.contributions.penaltyOf(bob).points, 20);
        assertEq(uint8(d.datanets.contribution(pending).bondState), uint8(BondState.None));
    }

    function test_WithoutABondOnlyPointsAreLost() public {
        d.datanets.reclaimBond(id);
        _penalise(id, 30);
        skip(window + 1);
        d.hygiene.settle(id);
        assertEq(d.contributions.penaltyOf(alice).points, 30);
    }

    function test_RevertWhen_WhoeverPenalisesIsNoCurator() public {
        uint40 other = _agent(stranger, Roles.CURATOR, params.curatorStakeMin);
        bytes4 notCurator = IDatanetHygiene.DatanetHygiene_NotCurator.selector;
        // stake, but no curator of this datanet
        vm.expectRevert(abi.encodeWithSelector(notCurator, id, other, stranger));
        vm.prank(stranger);
        d.hygiene.penalise(id, other, 1, IDatanetHygiene.Reason.Copying, 0);
        // a curator with another agent's stake
        vm.expectRevert(abi.encodeWithSelector(notCurator, id, other, curator));
        vm.prank(curator);
        d.hygiene.penalise(id, other, 1, IDatanetHygiene.Reason.Copying, 0);
        // a curator without stake
        uint40 bare = _agent(bob, Roles.CURATOR, params.curatorStakeMin - 1);
        vm.prank(curator);
        d.datanets.setCurator(datanetId, bob, true);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_CuratorNotActive.selector, bare));
        vm.prank(bob);
        d.hygiene.penalise(id, bare, 1, IDatanetHygiene.Reason.Copying, 0);
    }

    function test_RevertWhen_PointsAreOutOfBounds() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_Points.selector, 0));
        _penalise(id, 0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_Points.selector, 101));
        _penalise(id, 101);
    }

    function test_RevertWhen_OnePenaltyIsPending() public {
        _penalise(id, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_PenaltyPending.selector, id));
        _penalise(id, 1);
    }

    function test_RevertWhen_ThereIsNothingToPenalise() public {
        vm.prank(alice);
        d.datanets.tombstone(id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongStatus.selector, id));
        _penalise(id, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongStatus.selector, 99));
        _penalise(99, 1);
    }

    function test_RevertWhen_TheTreasuryRefuses() public {
        _penalise(id, 1);
        skip(window + 1);
        vm.etch(address(d.timelock), hex"5f5ffd");
        bytes memory failed =
            abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_SendFailed.selector, address(d.timelock), BOND / 2);
        vm.expectRevert(failed);
        d.hygiene.settle(id);
    }

    function test_OnlyForfeitedBondsPassThrough() public {
        vm.deal(stranger, 1);
        vm.prank(stranger);
        (bool sent,) = address(d.hygiene).call{value: 1}("");
        assertFalse(sent);
    }
}
