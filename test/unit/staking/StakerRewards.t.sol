// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IStakerRewards} from "../../../src/interfaces/IStakerRewards.sol";
import {Thread} from "../../utils/Thread.sol";

contract StakerRewardsTest is Thread {
    address private alice = makeAddr("alice");
    address private bob = makeAddr("bob");

    function _deposit(address account, uint96 amount) private {
        vm.deal(account, account.balance + amount);
        vm.prank(account);
        d.rewards.deposit{value: amount}();
    }

    function _reward(uint96 amount) private {
        vm.deal(stranger, amount);
        vm.prank(stranger);
        d.rewards.notifyReward{value: amount}();
    }

    function test_RewardsAreSharedByStakeAndTime() public {
        _deposit(alice, 1e18);
        _reward(4e18);
        _deposit(bob, 3e18);
        _reward(4e18);
        assertEq(d.rewards.earned(alice), 5e18);
        assertEq(d.rewards.earned(bob), 3e18);
        vm.prank(alice);
        d.rewards.claimRewards();
        assertEq(alice.balance, 5e18);
        assertEq(d.rewards.earned(alice), 0);
    }

    function test_RewardsWithoutStakersWaitForTheFirst() public {
        _reward(4e18);
        assertEq(d.rewards.undistributed(), 4e18);
        _deposit(alice, 1e18);
        _reward(1e18);
        assertEq(d.rewards.earned(alice), 5e18);
        assertEq(d.rewards.undistributed(), 0);
    }

    function test_APlainTransferIsAReward() public {
        _deposit(alice, 1e18);
        vm.deal(stranger, 2e18);
        vm.prank(stranger);
        (bool sent,) = address(d.rewards).call{value: 2e18}("");
        assertTrue(sent);
        assertEq(d.rewards.earned(alice), 2e18);
    }

    function test_LeavingTakesTheUnbondingPeriodAndEarnsNothingMeanwhile() public {
        _deposit(alice, 2e18);
        vm.prank(alice);
        d.rewards.requestWithdraw(1e18);
        _reward(1e18);
        IStakerRewards.Position memory p = d.rewards.position(alice);
        assertEq(p.staked, 1e18);
        assertEq(p.pending, 1e18);
        assertEq(p.accrued, 1e18);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakerRewards.StakerRewards_NotAvailable.selector, p.availableAt));
        d.rewards.withdraw();
        vm.warp(p.availableAt);
        vm.startPrank(alice);
        d.rewards.withdraw();
        d.rewards.claimRewards();
        vm.stopPrank();
        assertEq(alice.balance, 2e18);
    }

    function test_RevertWhen_MoreIsTakenThanStaked() public {
        _deposit(alice, 2e18);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakerRewards.StakerRewards_InsufficientStake.selector, 2e18, 3e18));
        d.rewards.requestWithdraw(3e18);
    }

    /// @dev Solvent by construction: everything that anyone could take is there.
    function testFuzz_NeverOwesMoreThanItHas(uint96[6] memory stakes, uint96[6] memory rewards) public {
        for (uint256 i = 0; i < 6; ++i) {
            uint96 stake = uint96(bound(stakes[i], 1, 1e27));
            uint96 reward = uint96(bound(rewards[i], 0, 1e27));
            _deposit(i % 2 == 0 ? alice : bob, stake);
            if (reward != 0) _reward(reward);
            uint256 owed = uint256(d.rewards.earned(alice)) + d.rewards.earned(bob) + d.rewards.totalStaked();
            assertLe(owed + d.rewards.undistributed(), address(d.rewards).balance);
        }
    }
}
