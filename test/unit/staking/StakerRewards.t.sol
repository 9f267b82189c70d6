// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {IStakerRewards} from "../../../src/interfaces/IStakerRewards.sol";
import {Native} from "../../../src/libraries/Native.sol";
import {StakerRewards} from "../../../src/staking/StakerRewards.sol";
import {StakerRewardsFixture} from "./StakerRewardsFixture.sol";

/// @dev Stakes, locks and withdrawals. What they earn: StakerRewardsSharing.t.sol.
contract StakerRewardsTest is StakerRewardsFixture {
    function _position(address account, uint8 tier) private view returns (IStakerRewards.Position memory) {
        return rewards.position(account, tier);
    }

    function test_RevertWhen_TheTierIsUnknown() public {
        bytes memory unknown = abi.encodeWithSelector(IStakerRewards.StakerRewards_UnknownTier.selector, 5);
        vm.deal(alice, 1);
        vm.startPrank(alice);
        // it should refuse an unknown tier
        vm.expectRevert(unknown);
        rewards.deposit{value: 1}(5);
        // it should refuse a request in an unknown tier
        vm.expectRevert(unknown);
        rewards.requestWithdraw(5, 1);
        // it should refuse to relax an unknown tier
        vm.expectRevert(unknown);
        rewards.relax(alice, 5);
    }

    function test_RevertWhen_NothingIsDeposited() public {
        // it should refuse a deposit of nothing
        vm.expectRevert(IStakerRewards.StakerRewards_ZeroAmount.selector);
        rewards.deposit(0);
    }

    function test_RevertWhen_MoreIsDepositedThanThereCanBe() public {
        // it should refuse more than there can be
        uint256 tooMuch = uint256(type(uint96).max) + 1;
        vm.deal(alice, tooMuch);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(Native.Native_AmountTooLarge.selector, tooMuch));
        rewards.deposit{value: tooMuch}(0);
    }

    function test_AFlexibleDepositHasNoLock() public {
        // it should stake without a lock
        vm.expectEmit(address(rewards));
        emit IStakerRewards.Deposited(alice, 0, alice, 2e18, 0);
        _deposit(alice, 0, 2e18);
        // it should tell a position by account and tier
        assertEq(_position(alice, 0).staked, 2e18);
        assertEq(_position(alice, 0).unlockAt, 0);
        assertEq(rewards.totalStaked(), 2e18);
        assertEq(rewards.weightOf(alice), 200e18);
        // it should credit what the stake earned before
        _reward(1e18);
        _deposit(alice, 0, 2e18);
        assertEq(rewards.earned(alice), 1e18);
        _assertSolvent();
    }

    function test_ALockedDepositLocksAndWeighsMore() public {
        for (uint8 tier = 1; tier <= 4; ++tier) {
            (uint40 lock, uint16 weight) = rewards.tierTerms(tier);
            uint128 before = rewards.weightOf(alice);
            _deposit(alice, tier, 1e18);
            // it should lock for the tier's whole duration
            assertEq(_position(alice, tier).unlockAt, block.timestamp + lock);
            // it should weigh what the tier weighs
            assertEq(rewards.weightOf(alice) - before, uint128(1e18) * weight);
        }
        _assertSolvent();
    }

    function test_MoreInALockedTierLocksForTheMean() public {
        _deposit(alice, 1, 1e18);
        skip(20 days);
        _deposit(alice, 1, 3e18);
        // it should lock both for the mean of what remains and the whole, by amount
        assertEq(_position(alice, 1).unlockAt, block.timestamp + 25 days);
        assertEq(_position(alice, 1).staked, 4e18);
    }

    function testFuzz_AMeanLockNeverEndsSoonerNorOutlastsAWholeOne(uint96 one, uint96 two, uint40 passed, uint8 tier)
        public
    {
        tier = uint8(bound(tier, 1, 4));
        (uint40 lock,) = rewards.tierTerms(tier);
        one = uint96(bound(one, 1, 1e27));
        two = uint96(bound(two, 1, 1e27));
        _deposit(alice, tier, one);
        uint40 before = _position(alice, tier).unlockAt;
        skip(bound(passed, 0, lock - 1));
        _deposit(alice, tier, two);
        assertGe(_position(alice, tier).unlockAt, before);
        assertLe(_position(alice, tier).unlockAt, vm.getBlockTimestamp() + lock);
    }

    function test_ADepositAfterTheLockMovesTheOldStakeFirst() public {
        _deposit(alice, 1, 1e18);
        skip(30 days);
        // it should move the old stake to the flexible tier first
        vm.expectEmit(address(rewards));
        emit IStakerRewards.Relaxed(alice, 1, 1e18);
        _deposit(alice, 1, 2e18);
        assertEq(_position(alice, 0).staked, 1e18);
        assertEq(_position(alice, 1).staked, 2e18);
        assertEq(_position(alice, 1).unlockAt, block.timestamp + 30 days);
        assertEq(rewards.weightOf(alice), 100e18 + 250e18);
        _assertSolvent();
    }

    function test_RevertWhen_StakedForNobody() public {
        // it should refuse to stake for nobody
        vm.expectRevert(IStakerRewards.StakerRewards_ZeroAccount.selector);
        rewards.depositFor{value: 1}(address(0), 0);
    }

    function test_AGiftIsTheAccounts() public {
        // it should stake for the account and not for the sender
        vm.expectEmit(address(rewards));
        emit IStakerRewards.Deposited(alice, 2, address(this), 5, uint40(block.timestamp + 90 days));
        rewards.depositFor{value: 5}(alice, 2);
        assertEq(_position(alice, 2).staked, 5);
        assertEq(rewards.weightOf(address(this)), 0);
    }

    function test_DustDoesNotLockAnotherLonger() public {
        _deposit(alice, 4, 1_000e18);
        skip(364 days);
        uint40 before = _position(alice, 4).unlockAt;
        // it should not lengthen a lock by more than the gift is worth
        for (uint256 i = 0; i < 50; ++i) {
            rewards.depositFor{value: 1e12}(alice, 4);
        }
        assertEq(_position(alice, 4).unlockAt, before);
        rewards.depositFor{value: 1_000e18 + 50e12}(alice, 4);
        assertEq(_position(alice, 4).unlockAt, before + 182 days);
    }

    function test_RevertWhen_NothingIsRequested() public {
        _deposit(alice, 0, 1);
        // it should refuse a request for nothing
        vm.expectRevert(IStakerRewards.StakerRewards_ZeroAmount.selector);
        vm.prank(alice);
        rewards.requestWithdraw(0, 0);
    }

    function test_RevertWhen_MoreIsTakenThanStaked() public {
        _deposit(alice, 0, 2e18);
        // it should refuse more than is staked
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakerRewards.StakerRewards_InsufficientStake.selector, 2e18, 3e18));
        rewards.requestWithdraw(0, 3e18);
    }

    function test_LeavingTakesTheUnbondingDelay() public {
        _deposit(alice, 0, 2e18);
        _reward(2e18);
        // it should be available after the unbonding delay
        vm.expectEmit(address(rewards));
        emit IStakerRewards.WithdrawRequested(alice, 0, 1e18, uint40(block.timestamp + 7 days));
        vm.prank(alice);
        rewards.requestWithdraw(0, 1e18);
        _deposit(bob, 0, 1e18);
        _reward(2e18);
        // it should keep what was earned and stop earning
        // it should tell what an account has earned
        assertEq(rewards.earned(alice), 3e18);
        assertEq(rewards.earned(bob), 1e18);
        // it should tell the stake of all and what waits for withdrawal
        assertEq(rewards.totalStaked(), 2e18);
        assertEq(rewards.totalPending(), 1e18);
        _assertSolvent();
    }

    function test_ALockThatEndsLaterDecides() public {
        _deposit(alice, 1, 2e18);
        skip(10 days);
        vm.prank(alice);
        rewards.requestWithdraw(1, 1e18);
        // it should be available when the lock ends
        assertEq(_position(alice, 1).availableAt, block.timestamp + 20 days);
        skip(15 days);
        vm.prank(alice);
        rewards.requestWithdraw(1, 0.5e18);
        // it should move the first request to the later time
        assertEq(_position(alice, 1).availableAt, vm.getBlockTimestamp() + 7 days);
        assertEq(_position(alice, 1).pending, 1.5e18);
        assertEq(rewards.weightOf(alice), 62.5e18);
    }

    function test_ARequestNeverComesSooner() public {
        _deposit(alice, 0, 2e18);
        vm.prank(alice);
        rewards.requestWithdraw(0, 1e18);
        uint40 first = _position(alice, 0).availableAt;
        _unbondIn(1 days);
        // it should never move a request to an earlier time
        vm.prank(alice);
        rewards.requestWithdraw(0, 1e18);
        assertEq(_position(alice, 0).availableAt, first);
        assertEq(_position(alice, 0).pending, 2e18);
    }

    function test_RevertWhen_NothingWaits() public {
        _deposit(alice, 0, 1);
        // it should refuse to pay nothing
        vm.expectRevert(IStakerRewards.StakerRewards_ZeroAmount.selector);
        vm.prank(alice);
        rewards.withdraw(0);
    }

    function test_ARequestIsPaidInItsTime() public {
        _deposit(alice, 0, 2e18);
        vm.startPrank(alice);
        rewards.requestWithdraw(0, 2e18);
        skip(7 days - 1);
        // it should refuse until the amount is available
        vm.expectRevert(
            abi.encodeWithSelector(IStakerRewards.StakerRewards_NotAvailable.selector, vm.getBlockTimestamp() + 1)
        );
        rewards.withdraw(0);
        skip(1);
        // it should pay it once
        vm.expectEmit(address(rewards));
        emit IStakerRewards.Withdrawn(alice, 0, 2e18);
        rewards.withdraw(0);
        assertEq(alice.balance, 2e18);
        assertEq(rewards.totalPending(), 0);
        vm.expectRevert(IStakerRewards.StakerRewards_ZeroAmount.selector);
        rewards.withdraw(0);
        vm.stopPrank();
        _assertSolvent();
    }

    function test_RevertWhen_ThereIsNothingToRelax() public {
        bytes4 nothing = IStakerRewards.StakerRewards_NothingToRelax.selector;
        _deposit(alice, 0, 1);
        _deposit(alice, 1, 1);
        skip(30 days - 1);
        // it should refuse when there is nothing to relax
        for (uint8 tier = 0; tier <= 2; ++tier) {
            vm.expectRevert(abi.encodeWithSelector(nothing, alice, tier));
            rewards.relax(alice, tier);
        }
    }

    function test_AnyoneEndsTheWeightOfALockThatHasEnded() public {
        _deposit(alice, 4, 1e18);
        _deposit(bob, 0, 1e18);
        _reward(4e18);
        skip(365 days);
        // it should move the stake to the flexible tier for anyone who asks
        vm.prank(stranger);
        rewards.relax(alice, 4);
        assertEq(_position(alice, 0).staked, 1e18);
        assertEq(_position(alice, 4).staked, 0);
        assertEq(_position(alice, 4).unlockAt, 0);
        // it should credit what the lock's weight earned until then
        assertEq(rewards.earned(alice), 3e18);
        _reward(4e18);
        assertEq(rewards.earned(alice), 5e18);
        assertEq(rewards.earned(bob), 3e18);
        _assertSolvent();
    }

    function test_TheTiersRise() public view {
        // it should name each tier's lock and weight
        uint40[5] memory locks = [uint40(0), 30 days, 90 days, 180 days, 365 days];
        uint16[5] memory weights = [uint16(100), 125, 150, 200, 300];
        for (uint8 tier = 0; tier < 5; ++tier) {
            (uint40 lock, uint16 weight) = rewards.tierTerms(tier);
            assertEq(lock, locks[tier]);
            assertEq(weight, weights[tier]);
        }
    }

    function test_TheDelayFollowsAShorterUnbonding() public {
        // it should cap the unbonding delay at seven days
        assertEq(rewards.unbondingDelay(), 7 days);
        _unbondIn(60);
        assertEq(rewards.unbondingDelay(), 60);
    }

    function test_OnlyAVoteUpgrades() public {
        address next = address(new StakerRewards(params));
        _deposit(alice, 1, 1e18);
        // it should upgrade by a vote only
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, alice));
        vm.prank(alice);
        rewards.upgradeToAndCall(next, "");
        rewards.upgradeToAndCall(next, "");
        assertEq(_position(alice, 1).staked, 1e18);
    }

    /// @dev No parameters of this network allow it; on a devnet they do.
    function _unbondIn(uint32 delay) private {
        ProtocolParameters.SettlementTerms memory terms;
        terms.unbondingPeriod = delay;
        vm.mockCall(
            address(params), abi.encodeCall(ProtocolParameters.currentSettlementTerms, ()), abi.encode(uint32(2), terms)
        );
    }
}
