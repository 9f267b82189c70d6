// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {stdError} from "forge-std/Test.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {Reenterer, Refuser, StakingFixture} from "./StakingFixture.sol";

/// @dev What a verdict does with an agent's stake.
contract AgentStakingCasesTest is StakingFixture {
    function _state() private view returns (IAgentStaking.StakeState memory) {
        return staking.stakeState(nodeId, Roles.NODE);
    }

    function test_RevertWhen_AnyoneButTheCasesFreezesOrSlashes() public {
        bytes memory why = abi.encodeWithSelector(IAgentStaking.AgentStaking_NotCases.selector, address(settlement));
        vm.startPrank(address(settlement));
        // it should let nobody but the cases freeze
        vm.expectRevert(why);
        staking.freeze(nodeId, Roles.NODE);
        // it should let nobody but the cases unfreeze
        vm.expectRevert(why);
        staking.unfreeze(nodeId, Roles.NODE);
        // it should let nobody but the cases hold stake
        vm.expectRevert(why);
        staking.hold(nodeId, Roles.NODE, 1);
        // it should let nobody but the cases slash stake
        vm.expectRevert(why);
        staking.slashStake(nodeId, Roles.NODE, 1, 0, watcher);
        vm.stopPrank();
    }

    function test_FreezesAreCounted() public {
        _unbond(5e18);
        _wait(60);
        vm.startPrank(address(cases));
        staking.freeze(nodeId, Roles.NODE);
        staking.freeze(nodeId, Roles.NODE);
        // it should count the cases that hold the stake
        assertEq(_state().freezes, 2);
        // it should hold the stake of one role only
        assertEq(staking.stakeState(nodeId, Roles.VALIDATOR).freezes, 0);
        staking.unfreeze(nodeId, Roles.NODE);
        // it should hold the stake until the last case ends
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_Frozen.selector, nodeId, Roles.NODE, 1));
        staking.withdraw(nodeId, Roles.NODE);
        staking.unfreeze(nodeId, Roles.NODE);
        staking.withdraw(nodeId, Roles.NODE);
        assertEq(operator.balance, 5e18);
        // it should refuse to unfreeze what is not frozen
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotFrozen.selector, nodeId, Roles.NODE));
        staking.unfreeze(nodeId, Roles.NODE);
        vm.stopPrank();
    }

    function test_CasesAndSuspensionsAreApart() public {
        staking.setSuspended(nodeId, Roles.NODE, true);
        // it should end no suspension with a case
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotFrozen.selector, nodeId, Roles.NODE));
        vm.prank(address(cases));
        staking.unfreeze(nodeId, Roles.NODE);
        // it should suspend nobody by many cases
        _setFreezes(1 << 15 | ((1 << 15) - 2));
        vm.startPrank(address(cases));
        staking.freeze(nodeId, Roles.NODE);
        bytes memory why = abi.encodeWithSelector(IAgentStaking.AgentStaking_TooManyFreezes.selector, nodeId, 0);
        // The count and the bit are full together: the sum would not fit.
        vm.expectRevert(stdError.arithmeticError);
        staking.freeze(nodeId, Roles.NODE);
        vm.stopPrank();
        staking.setSuspended(nodeId, Roles.NODE, false);
        vm.expectRevert(why);
        vm.prank(address(cases));
        staking.freeze(nodeId, Roles.NODE);
    }

    /// @dev As if so many cases were open.
    function _setFreezes(uint256 freezes) private {
        uint256 base = 0x9e59c920cd55c9325f8b2845c72ff7fdb0c19c4ad2af921715bd15318d2b0b00 + 1;
        bytes32 ofAgent = keccak256(abi.encode(nodeId, base));
        bytes32 slot = keccak256(abi.encode(Roles.NODE, ofAgent));
        uint256 old = uint256(vm.load(address(staking), slot));
        uint256 mask = uint256(type(uint16).max) << 232;
        vm.store(address(staking), slot, bytes32(old & ~mask | freezes << 232));
        assertEq(_state().freezes, freezes);
    }

    function test_AHoldDelaysAWithdrawal() public {
        uint40 start = uint40(block.timestamp);
        _unbond(5e18);
        vm.startPrank(address(cases));
        staking.hold(nodeId, Roles.NODE, start + 100);
        // it should keep the stake until then
        assertEq(_state().unbondAt, start + 100);
        staking.hold(nodeId, Roles.NODE, start + 50);
        // it should never shorten what holds already
        assertEq(_state().unbondAt, start + 100);
        vm.stopPrank();
        vm.warp(start + 99);
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotUnbonded.selector, nodeId, start + 100));
        staking.withdraw(nodeId, Roles.NODE);
        vm.warp(start + 100);
        staking.withdraw(nodeId, Roles.NODE);
    }

    // ---------------------------------------------------------------------------------------------------- slashStake

    function test_FreeStakeGoesFirst() public {
        _unbond(400e18);
        assertEq(_slashStake(500e18, 0, address(0)), 500e18);
        // it should take free stake first
        assertEq(_state().stake, 500e18);
        assertEq(_state().unbonding, 400e18);
        assertEq(BURN.balance, 500e18);
    }

    function test_UnbondingStakeCannotEscape() public {
        _unbond(900e18);
        _wait(60);
        assertEq(_slashStake(500e18, 0, address(0)), 500e18);
        // it should take unbonding stake next
        assertEq(_state().stake, 500e18);
        assertEq(_state().unbonding, 500e18);
        staking.withdraw(nodeId, Roles.NODE);
        assertEq(operator.balance, 500e18);
    }

    function test_BondsStayBehindTheirClaimsAndAreTakenLater() public {
        uint8 index = _lock(700e18, 1, 60);
        _unbond(100e18);
        assertEq(_slashStake(500e18, 0, address(0)), 300e18);
        // it should leave bonds behind their claims and note what is due
        IAgentStaking.StakeState memory s = _state();
        assertEq(s.stake, 700e18);
        assertEq(s.bonded, 700e18);
        assertEq(s.unbonding, 0);
        assertEq(s.due, 200e18);
        assertFalse(staking.freeStakeOf(nodeId, Roles.NODE) != 0);
        // it should refuse to collect while everything is bonded
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NothingDue.selector, nodeId));
        staking.collectDue(nodeId);
        _release(700e18, index, false);
        // it should not let what is due leave
        assertEq(staking.freeStakeOf(nodeId, Roles.NODE), 500e18);
        vm.expectPartialRevert(IAgentStaking.AgentStaking_InsufficientFreeStake.selector);
        _unbond(500e18 + 1);
        vm.prank(stranger);
        staking.collectDue(nodeId);
        // it should burn what is due when bonds are released
        assertEq(BURN.balance, 500e18);
        assertEq(_state().stake, 500e18);
        assertEq(_state().due, 0);
        // it should refuse to collect when nothing is due
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NothingDue.selector, nodeId));
        staking.collectDue(nodeId);
    }

    function test_TwoConvictionsTakeNoMoreThanThereIs() public {
        _lock(900e18, 1, 60);
        assertEq(_slashStake(type(uint96).max, 0, address(0)), 100e18);
        assertEq(_state().due, 900e18);
        // it should take no more than there is
        assertEq(_slashStake(type(uint96).max, 0, address(0)), 0);
        assertEq(_state().due, 900e18);
    }

    function test_NothingToTakeIsNoError() public {
        vm.prank(address(cases));
        // it should take nothing from an agent without stake
        assertEq(staking.slashStake(99, Roles.CURATOR, 5, 5, watcher), 0);
    }

    function test_ARewardIsPartOfWhatIsTaken() public {
        assertEq(_slashStake(10e18, 4e18, watcher), 10e18);
        // it should pay the reward out of what is taken
        assertEq(watcher.balance, 4e18);
        assertEq(BURN.balance, 6e18);
        _lock(990e18, 1, 60);
        _slashStake(10e18, 4e18, watcher);
        // it should pay no reward for what is not taken
        assertEq(watcher.balance, 4e18);
    }

    function test_ACaseRewardThatCannotBeSentIsOwed() public {
        Refuser refuser = new Refuser();
        _slashStake(10e18, 4e18, address(refuser));
        // it should credit a case's reward that can't be sent
        assertEq(staking.owed(address(refuser)), 4e18);
    }

    function test_AReceiverThatCallsBackIsPaidOnce() public {
        Reenterer thief = new Reenterer();
        thief.prepare(abi.encodeCall(staking.collectDue, (nodeId)));
        _lock(900e18, 1, 60);
        _slashStake(200e18, 50e18, address(thief));
        // it should pay once, even a receiver that calls back
        assertFalse(thief.reentered());
        assertEq(address(thief).balance, 50e18);
        assertEq(_state().due, 100e18);
    }

    function test_AValidatorsHistoryKnowsItsSlashes() public {
        uint40 id = _agent(stranger, Roles.VALIDATOR, 100e18);
        uint40 start = uint40(block.timestamp);
        vm.warp(start + 5);
        vm.prank(address(cases));
        staking.slashStake(id, Roles.VALIDATOR, 1, 0, address(0));
        vm.warp(start + 6);
        // it should remember what a validator lost
        assertEq(staking.validatorStakeAt(id, start + 4), 100e18);
        assertEq(staking.validatorStakeAt(id, start + 5), 100e18 - 1);
        assertEq(staking.validatorStake(), 100e18 - 1);
    }

    /// @dev INV-6 and INV-9 for any order of events.
    function testFuzz_StakeCoversBondsAndUnbonding(uint256 seed) public {
        uint256 paidIn = STAKE;
        uint96 bonded;
        for (uint256 i = 0; i < 30; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint96 free = staking.freeStakeOf(nodeId, Roles.NODE);
            uint96 amount = uint96(seed >> 160) % 300e18;
            uint256 action = seed % 6;
            IAgentStaking.StakeState memory s = _state();
            bool backed = s.stake - s.unbonding - s.due >= 100e18 + amount;
            if (action == 0 && amount <= free && backed && amount != 0) {
                _release(0, _lock(amount, 0, 1), false);
                bonded += amount;
            } else if (action == 1 && amount <= bonded) {
                _release(amount, 0, false);
                bonded -= amount;
            } else if (action == 2 && amount <= bonded) {
                _slash(amount, amount / 2, watcher, 0);
                bonded -= amount;
            } else if (action == 3 && amount <= free && amount != 0) {
                _unbond(amount);
            } else if (action == 4) {
                _slashStake(amount, 0, address(0));
            } else if (action == 5 && amount != 0) {
                _stake(nodeId, Roles.NODE, amount);
                paidIn += amount;
            }
            _wait(2);
            s = _state();
            assertEq(s.bonded, bonded);
            assertGe(s.stake, uint256(s.bonded) + s.unbonding);
            assertGe(s.stake, s.due);
            assertEq(address(staking).balance, s.stake);
            assertEq(paidIn, uint256(s.stake) + BURN.balance + watcher.balance);
        }
    }
}
