// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {stdError} from "forge-std/Test.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {Reenterer, Refuser, StakingFixture} from "./StakingFixture.sol";

/// @dev What settlement does with a node's stake.
contract AgentStakingBondsTest is StakingFixture {
    function test_RevertWhen_AnyoneButTheSettlementLocksReleasesOrSlashes() public {
        bytes memory why = abi.encodeWithSelector(IAgentStaking.AgentStaking_NotSettlement.selector, stranger);
        vm.startPrank(stranger);
        // it should let nobody but the settlement lock
        vm.expectRevert(why);
        staking.lock(nodeId, 0, 1, 1, 1, 0);
        // it should let nobody but the settlement release
        vm.expectRevert(why);
        staking.release(nodeId, 1, 0, true);
        // it should let nobody but the settlement slash
        vm.expectRevert(why);
        staking.slash(nodeId, 1, 1, stranger, 0);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------------------------------------------------- lock

    function test_ABondIsNotFreeAndComesBack() public {
        uint8 index = _lock(300e18, 400e18, 60);
        // it should lock the bond and count the exposure
        assertEq(staking.freeStakeOf(nodeId, Roles.NODE), STAKE - 300e18);
        assertEq(staking.exposureOf(nodeId), 400e18);
        _release(300e18, index, false);
        // it should free the bond
        assertEq(staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        // it should keep the exposure of a claim that counts
        assertEq(staking.exposureOf(nodeId), 400e18);
        _wait(60);
        // it should not count claims whose time is over
        assertEq(staking.exposureOf(nodeId), 0);
    }

    function test_RevertWhen_TheBondExceedsTheFreeStake() public {
        _unbond(1);
        // it should refuse a bond above the free stake
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_InsufficientFreeStake.selector, nodeId, STAKE - 1, STAKE)
        );
        _lock(STAKE, 1, 60);
    }

    function test_RevertWhen_TheStakeThatStaysIsBelowTheMinimum() public {
        _unbond(901e18);
        // it should refuse a node whose staying stake is below the minimum
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_StakeBelowMinimum.selector, nodeId, 99e18, 100e18)
        );
        _lock(1e18, 1e18, 60);
    }

    function test_RevertWhen_ExposureExceedsTheStakeThatStays() public {
        _lock(1e18, 600e18, 60);
        // it should refuse exposure above the stake that stays
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 1_001e18, STAKE)
        );
        _lock(1e18, 401e18, 60);
        _unbond(100e18);
        // it should let stake that is leaving back nothing new
        vm.expectRevert(
            abi.encodeWithSelector(
                IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 901e18, STAKE - 100e18
            )
        );
        _lock(1e18, 301e18, 60);
    }

    function test_OldClaimsMakeRoom() public {
        for (uint256 i = 0; i < 4; ++i) {
            _lock(1e18, 100e18, 60);
        }
        _lock(1e18, 100e18, 90);
        _wait(60);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, 500e18);
        // it should forget old claims when that makes room
        assertEq(_lock(1e18, 900e18, 60), 0);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, 1_000e18);
        assertEq(staking.exposureOf(nodeId), 1_000e18);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 1_000e18 + 1, STAKE
            )
        );
        _lock(1, 1, 60);
    }

    function test_AFrozenNodeMayPropose() public {
        vm.prank(address(cases));
        staking.freeze(nodeId, Roles.NODE);
        _lock(1e18, 1e18, 60);
        // it should let a frozen node propose
        assertEq(staking.exposureOf(nodeId), 1e18);
    }

    function test_WhatIsDueBacksNothing() public {
        _lock(800e18, 1, 60);
        _slashStake(500e18, 0, address(0));
        assertEq(staking.stakeState(nodeId, Roles.NODE).due, 300e18);
        _stake(nodeId, Roles.NODE, 310e18);
        // it should count what is due as gone
        assertEq(staking.freeStakeOf(nodeId, Roles.NODE), 10e18);
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_InsufficientFreeStake.selector, nodeId, 10e18, 11e18)
        );
        _lock(11e18, 1, 60);
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 810e18 + 1, 810e18)
        );
        _lock(10e18, 810e18, 60);
    }

    // ---------------------------------------------------------------------------------------------------------- ring

    function test_ASteadyPaceNeedsNoNewSlots() public {
        // Three claims are live at any time; a new one comes every 20 seconds.
        uint8 highest;
        for (uint256 i = 0; i < 30; ++i) {
            uint8 index = _lock(1, 1e18, 60);
            if (index > highest) highest = index;
            _release(1, index, false);
            _wait(20);
        }
        // it should reuse entries whose time is over before it takes new ones
        assertLe(highest, 3);
        assertEq(staking.exposureOf(nodeId), 2e18);
    }

    function test_TheNextFreeEntryIsTaken() public {
        assertEq(_lock(1, 1e18, 10), 0);
        assertEq(_lock(1, 2e18, 100), 1);
        assertEq(_lock(1, 4e18, 10), 2);
        _wait(10);
        // it should take the oldest entry first when its time is over
        assertEq(_lock(1, 8e18, 100), 0);
        // it should pass over entries that still count
        assertEq(_lock(1, 16e18, 100), 2);
        assertEq(staking.exposureOf(nodeId), 26e18);
        assertEq(_lock(1, 32e18, 100), 3);
    }

    function test_RevertWhen_TheRingIsFull() public {
        for (uint256 i = 0; i < 256; ++i) {
            assertEq(_lock(1, 1, 60), i);
        }
        // it should refuse more claims than the ring has entries
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_TooManyExposures.selector, nodeId));
        _lock(1, 1, 60);
        assertEq(staking.exposureOf(nodeId), 256);
        _wait(60);
        // it should close the ring
        assertEq(_lock(1, 1, 60), 0);
        // A full ring of old claims is forgotten at once.
        assertEq(_lock(1, STAKE - 1, 60), 1);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, STAKE);
    }

    function testFuzz_RecordedExposureIsNeverTooLittle(uint256 seed) public {
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint96 exposure = uint96(seed % 30e18);
            uint8 index = _lock(1, exposure, uint40(seed >> 128) % 200 + 1);
            if (seed % 5 == 0) _slash(1, 0, watcher, index);
            else _release(1, index, seed % 7 == 0);
            _wait((seed >> 64) % 30);
            assertGe(staking.stakeState(nodeId, Roles.NODE).exposure, staking.exposureOf(nodeId));
        }
        _wait(300);
        _unbond(staking.stakeOf(nodeId, Roles.NODE));
        _wait(60);
        // Nothing counts any more, so everything may leave.
        staking.withdraw(nodeId, Roles.NODE);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, 0);
    }

    // ------------------------------------------------------------------------------------------------------- release

    function test_AVetoedClaimEndsItsExposureAndKeepsItsBond() public {
        uint8 index = _lock(300e18, 400e18, 60);
        _release(0, index, true);
        // it should end the exposure of a claim that counts for nothing
        assertEq(staking.exposureOf(nodeId), 0);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, 0);
        assertEq(staking.stakeState(nodeId, Roles.NODE).bonded, 300e18);
        // it should keep the entry for its claim until its time is over
        assertEq(_lock(1, 5e18, 60), index + 1);
        _release(300e18, index, true);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, 5e18);
    }

    function test_TheSmallestExposureEndsToo() public {
        uint8 index = _lock(300e18, 1, 60);
        _release(0, index, true);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, 0);
    }

    function test_ALockReturnsTheBondBefore() public {
        uint8 index = _lock(900e18, 1e18, 60);
        vm.expectEmit(address(staking));
        emit IAgentStaking.BondReleased(nodeId, 900e18);
        vm.prank(address(settlement));
        uint8 next = staking.lock(nodeId, 900e18, 200e18, 2e18, uint40(vm.getBlockTimestamp()) + 60, 100e18);
        // it should free the bond of the claim before first
        IAgentStaking.StakeState memory s = staking.stakeState(nodeId, Roles.NODE);
        assertEq(s.bonded, 200e18);
        // it should keep that claim's exposure
        assertEq(next, index + 1);
        assertEq(s.exposure, 3e18);
        // it should refuse to free more than is bonded
        vm.expectRevert(stdError.arithmeticError);
        vm.prank(address(settlement));
        staking.lock(nodeId, 200e18 + 1, 1, 1, uint40(vm.getBlockTimestamp()) + 60, 100e18);
    }

    function test_RevertWhen_MoreIsReleasedThanIsBonded() public {
        uint8 index = _lock(10e18, 1e18, 60);
        // it should refuse to release more than is bonded
        vm.expectRevert(stdError.arithmeticError);
        _release(10e18 + 1, index, false);
    }

    // --------------------------------------------------------------------------------------------------------- slash

    function test_ASlashTakesTheBond() public {
        uint8 index = _lock(400e18, 500e18, 60);
        _unbond(600e18);
        _slash(400e18, 200e18, watcher, index);
        // it should pay the reward and burn the rest of the bond
        assertEq(watcher.balance, 200e18);
        assertEq(BURN.balance, 200e18);
        // it should take the bond out of the stake
        assertEq(staking.stakeOf(nodeId, Roles.NODE), 600e18);
        // it should end the rejected claim's exposure
        assertEq(staking.exposureOf(nodeId), 0);
        _wait(60);
        staking.withdraw(nodeId, Roles.NODE);
        assertEq(operator.balance, 600e18);
        assertEq(address(staking).balance, 0);
    }

    function test_AnExitCannotComeBeforeASlash() public {
        // The node unbonds everything before it proposes what it can, and again before the proof.
        _unbond(800e18);
        uint8 index = _lock(100e18, 200e18, 60);
        _unbond(100e18);
        vm.expectPartialRevert(IAgentStaking.AgentStaking_InsufficientFreeStake.selector);
        _unbond(1);
        _wait(59);
        vm.expectPartialRevert(IAgentStaking.AgentStaking_NotUnbonded.selector);
        staking.withdraw(nodeId, Roles.NODE);
        _slash(100e18, 50e18, watcher, index);
        // it should take the bond however much is leaving
        assertEq(staking.stakeOf(nodeId, Roles.NODE), 900e18);
        assertEq(staking.stakeState(nodeId, Roles.NODE).unbonding, 900e18);
    }

    function test_ARewardThatCannotBeSentIsOwed() public {
        uint8 index = _lock(10e18, 10e18, 60);
        Refuser refuser = new Refuser();
        _slash(10e18, 5e18, address(refuser), index);
        // it should credit a reward that can't be sent
        assertEq(staking.owed(address(refuser)), 5e18);
        // it should keep what is owed to an account that refuses it
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_SendFailed.selector, address(refuser), 5e18));
        staking.withdrawOwed(address(refuser));
        refuser.relent();
        staking.withdrawOwed(address(refuser));
        // it should pay what is owed
        assertEq(address(refuser).balance, 5e18);
        // it should refuse to pay when nothing is owed
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NothingOwed.selector, address(refuser)));
        staking.withdrawOwed(address(refuser));
    }

    function test_ARewardReceiverThatCallsBackGetsNothingMore() public {
        uint8 index = _lock(10e18, 10e18, 60);
        Reenterer thief = new Reenterer();
        thief.prepare(abi.encodeCall(staking.withdrawOwed, (address(thief))));
        _slash(10e18, 5e18, address(thief), index);
        // it should pay a receiver that calls back no more than the reward
        assertFalse(thief.reentered());
        assertEq(address(thief).balance, 5e18);
        assertEq(address(staking).balance, STAKE - 10e18);
    }

    function test_RevertWhen_TheRewardExceedsTheBond() public {
        uint8 index = _lock(10e18, 10e18, 60);
        // it should refuse a reward above the bond
        vm.expectRevert(stdError.arithmeticError);
        _slash(10e18, 10e18 + 1, watcher, index);
        // it should refuse to slash more than is bonded
        vm.expectRevert(stdError.arithmeticError);
        _slash(10e18 + 1, 0, watcher, index);
    }

    function test_RevertWhen_BurningFails() public {
        uint8 index = _lock(10e18, 10e18, 60);
        vm.etch(BURN, hex"fe");
        // it should undo everything if burning fails
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_SendFailed.selector, BURN, 6e18));
        _slash(10e18, 4e18, watcher, index);
    }

    function test_OneWeiIsSlashedWhole() public {
        uint8 index = _lock(1, 1, 60);
        _slash(1, 0, watcher, index);
        // it should burn a reward that rounds to nothing
        assertEq(BURN.balance, 1);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE - 1);
    }

    function test_ASlashedBondCanNotBeDueAsWell() public {
        uint8 index = _lock(800e18, 1, 60);
        _slashStake(900e18, 0, address(0));
        assertEq(staking.stakeState(nodeId, Roles.NODE).due, 700e18);
        _slash(800e18, 400e18, watcher, index);
        // it should let no more be due than is left
        IAgentStaking.StakeState memory s = staking.stakeState(nodeId, Roles.NODE);
        assertEq(s.stake, 0);
        assertEq(s.due, 0);
        assertEq(BURN.balance + watcher.balance, STAKE);
    }

    function test_WhatIsDueSurvivesASlashThatLeavesEnough() public {
        uint8 first = _lock(300e18, 1, 60);
        _lock(600e18, 1, 60);
        _slashStake(400e18, 0, address(0));
        assertEq(staking.stakeState(nodeId, Roles.NODE).due, 300e18);
        _slash(300e18, 150e18, watcher, first);
        // it should keep what is due when enough is left
        assertEq(staking.stakeState(nodeId, Roles.NODE).due, 300e18);
    }

    // ----------------------------------------------------------------------------------------------------------- gas

    function test_LockIsCheapInTheSteadyState() public {
        for (uint256 i = 0; i < 2; ++i) {
            _release(1, _lock(1, 1e18, 60), false);
        }
        uint8 open = _lock(1, 1e18, 60);
        _wait(60);
        vm.startPrank(address(settlement));
        vm.cool(address(staking));
        staking.release(nodeId, 1, open, false);
        uint256 before = gasleft();
        staking.lock(nodeId, 0, 1, 1e18, uint40(vm.getBlockTimestamp()) + 60, 100e18);
        // Below 18,000 when optimised; coverage compiles without the optimiser.
        assertLt(before - gasleft(), 30_000);
        vm.stopPrank();
    }
}
