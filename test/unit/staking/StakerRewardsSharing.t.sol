// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IStakerRewards} from "../../../src/interfaces/IStakerRewards.sol";
import {StakerRewards} from "../../../src/staking/StakerRewards.sol";
import {StakerRewardsFixture} from "./StakerRewardsFixture.sol";

/// @dev A staker that calls again when it is paid, or refuses value.
contract Caller {
    StakerRewards private immutable REWARDS;
    bytes private again;
    bool public refuses;
    bool public calledAgain;

    constructor(StakerRewards rewards) {
        REWARDS = rewards;
    }

    function call(bytes calldata data, uint256 value) external returns (bool done) {
        (done,) = address(REWARDS).call{value: value}(data);
    }

    function prepare(bytes calldata data, bool refuse) external {
        again = data;
        refuses = refuse;
    }

    receive() external payable {
        require(!refuses);
        if (again.length == 0) return;
        (calledAgain,) = address(REWARDS).call(again);
    }
}

/// @dev What stakers earn.
contract StakerRewardsSharingTest is StakerRewardsFixture {
    function _claim(address account) private {
        vm.prank(account);
        rewards.claimRewards();
    }

    function _caller(uint96 staked) private returns (Caller caller) {
        caller = new Caller(rewards);
        vm.deal(address(caller), staked);
        assertTrue(caller.call(abi.encodeCall(rewards.deposit, (0)), staked));
    }

    function test_RevertWhen_NothingWasEarned() public {
        _deposit(alice, 0, 1);
        // it should refuse to pay no rewards
        vm.expectRevert(IStakerRewards.StakerRewards_ZeroAmount.selector);
        _claim(alice);
    }

    function test_TheRewardsOfAllTiersArePaid() public {
        _deposit(alice, 0, 1e18);
        _deposit(alice, 3, 1e18);
        _deposit(bob, 0, 1e18);
        _reward(4e18);
        // it should pay the rewards of all tiers
        vm.expectEmit(address(rewards));
        emit IStakerRewards.RewardsClaimed(alice, 3e18);
        _claim(alice);
        assertEq(alice.balance, 3e18);
        assertEq(rewards.earned(alice), 0);
        assertEq(rewards.unpaid(), 1e18);
        _assertSolvent();
    }

    function test_RewardsAreSharedByWeightAndTime() public {
        _deposit(alice, 0, 1e18);
        _reward(4e18);
        _deposit(bob, 4, 1e18);
        _reward(4e18);
        // it should share by weight
        assertEq(rewards.earned(alice), 5e18);
        assertEq(rewards.earned(bob), 3e18);
    }

    function test_RewardsWithoutStakersWait() public {
        _reward(4e18);
        // it should keep the reward for later stakers
        // it should tell what is unpaid and what waits for stakers
        assertEq(rewards.undistributed(), 4e18);
        assertEq(rewards.unpaid(), 0);
        _deposit(alice, 0, 1e18);
        vm.expectEmit(address(rewards));
        emit IStakerRewards.RewardReceived(stranger, 1e18, 5e25);
        _reward(1e18);
        // it should distribute what was kept before
        assertEq(rewards.earned(alice), 5e18);
        assertEq(rewards.undistributed(), 0);
        _assertSolvent();
    }

    function test_WhatRoundingLeavesIsKept() public {
        _deposit(alice, 0, 3e27);
        // 1 wei over 3e29 units of weight: less than the precision
        _reward(1);
        // it should keep what rounding leaves
        assertEq(rewards.undistributed(), 1);
        assertEq(rewards.earned(alice), 0);
        _assertSolvent();
    }

    function test_APlainTransferIsAReward() public {
        _deposit(alice, 0, 1e18);
        // it should take a plain transfer for a reward
        (bool sent,) = address(rewards).call{value: 2e18}("");
        assertTrue(sent);
        assertEq(rewards.earned(alice), 2e18);
    }

    function test_AnAccountThatRefusesLosesNothing() public {
        Caller caller = _caller(1e18);
        _reward(1e18);
        assertTrue(caller.call(abi.encodeCall(rewards.requestWithdraw, (0, 1e18)), 0));
        caller.prepare("", true);
        skip(7 days);
        bytes memory failed =
            abi.encodeWithSelector(IStakerRewards.StakerRewards_SendFailed.selector, address(caller), 1e18);
        // it should keep the amount for an account that refuses it
        vm.prank(address(caller));
        vm.expectRevert(failed);
        rewards.withdraw(0);
        assertEq(rewards.totalPending(), 1e18);
        // it should keep rewards for an account that refuses them
        vm.prank(address(caller));
        vm.expectRevert(failed);
        rewards.claimRewards();
        assertEq(rewards.earned(address(caller)), 1e18);
    }

    function test_AnAccountThatCallsAgainIsPaidOnce() public {
        _deposit(alice, 0, 10e18);
        Caller caller = _caller(10e18);
        _reward(2e18);
        caller.prepare(abi.encodeCall(rewards.claimRewards, ()), false);
        assertTrue(caller.call(abi.encodeCall(rewards.claimRewards, ()), 0));
        // it should not pay rewards twice to an account that calls again
        assertEq(address(caller).balance, 1e18);
        assertFalse(caller.calledAgain());
        assertTrue(caller.call(abi.encodeCall(rewards.requestWithdraw, (0, 10e18)), 0));
        skip(7 days);
        caller.prepare(abi.encodeCall(rewards.withdraw, (0)), false);
        assertTrue(caller.call(abi.encodeCall(rewards.withdraw, (0)), 0));
        // it should not pay twice to an account that calls again
        assertEq(address(caller).balance, 11e18);
        assertFalse(caller.calledAgain());
    }

    /// @dev Solvent by construction: everything that anyone could take is there, whatever the order.
    function testFuzz_NeverOwesMoreThanItHas(uint96[8] memory stakes, uint96[8] memory incomes, uint256 seed) public {
        for (uint256 i = 0; i < 8; ++i) {
            address account = i % 2 == 0 ? alice : bob;
            uint8 tier = uint8(uint256(keccak256(abi.encode(seed, i))) % 5);
            _deposit(account, tier, uint96(bound(stakes[i], 1, 1e26)));
            _reward(uint96(bound(incomes[i], 0, 1e26)));
            // it should never owe more than it has
            _assertSolvent();
            skip(uint256(keccak256(abi.encode(i, seed))) % 40 days);
            uint96 staked = rewards.position(account, tier).staked;
            vm.startPrank(account);
            if (seed >> i & 1 == 1) rewards.requestWithdraw(tier, staked / 2 + 1);
            if (seed >> (8 + i) & 1 == 1 && rewards.earned(account) != 0) rewards.claimRewards();
            vm.stopPrank();
            _assertSolvent();
        }
        for (uint8 i = 0; i < 10; ++i) {
            _leave(i < 5 ? alice : bob, i % 5);
        }
        for (uint256 i = 0; i < 2; ++i) {
            address account = i == 0 ? alice : bob;
            if (rewards.earned(account) != 0) _claim(account);
        }
        assertEq(rewards.totalStaked() + rewards.totalPending(), 0);
        assertEq(rewards.totalWeight(), 0);
        _assertSolvent();
    }

    function _leave(address account, uint8 tier) private {
        vm.startPrank(account);
        uint96 staked = rewards.position(account, tier).staked;
        if (staked != 0) rewards.requestWithdraw(tier, staked);
        vm.warp(vm.getBlockTimestamp() + 400 days);
        if (rewards.position(account, tier).pending != 0) rewards.withdraw(tier);
        vm.stopPrank();
    }
}
