// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {Thread} from "../../utils/Thread.sol";

contract AgentStakingTest is Thread {
    address private constant BURN = 0x000000000000000000000000000000000000dEaD;

    function _lock(uint96 bond, uint96 exposure, uint40 until) private returns (uint8) {
        vm.prank(address(d.settlement));
        return d.staking.lock(nodeId, bond, exposure, until, 100e18);
    }

    function _unbond(uint96 amount) private {
        vm.prank(operator);
        d.staking.requestUnbond(nodeId, Roles.NODE, amount);
    }

    function test_AnyoneStakesForAnAgentAndOnlyItsOwnerTakesBack() public {
        vm.deal(stranger, 5e18);
        vm.prank(stranger);
        d.staking.stake{value: 5e18}(nodeId, Roles.NODE);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), STAKE + 5e18);
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotAgentOwner.selector, nodeId, stranger));
        vm.prank(stranger);
        d.staking.requestUnbond(nodeId, Roles.NODE, 5e18);

        _unbond(5e18);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        uint40 unbondAt = d.staking.stakeState(nodeId, Roles.NODE).unbondAt;
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotUnbonded.selector, nodeId, unbondAt));
        d.staking.withdraw(nodeId, Roles.NODE);
        vm.warp(unbondAt);
        d.staking.withdraw(nodeId, Roles.NODE);
        assertEq(operator.balance, 5e18);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), STAKE);
    }

    function test_RevertWhen_TheAgentDoesNotExist() public {
        vm.deal(stranger, 1);
        vm.expectRevert();
        vm.prank(stranger);
        d.staking.stake{value: 1}(99, Roles.NODE);
    }

    function test_ABondIsNotFreeAndComesBack() public {
        uint8 index = _lock(300e18, 400e18, uint40(block.timestamp + 60));
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE - 300e18);
        assertEq(d.staking.exposureOf(nodeId), 400e18);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAgentStaking.AgentStaking_InsufficientFreeStake.selector, nodeId, STAKE - 300e18, STAKE
            )
        );
        _unbond(STAKE);
        vm.prank(address(d.settlement));
        d.staking.release(nodeId, 300e18, index, false);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(d.staking.exposureOf(nodeId), 400e18, "still exposed");
        vm.warp(block.timestamp + 60);
        assertEq(d.staking.exposureOf(nodeId), 0);
    }

    function test_RevertWhen_ExposureExceedsTheStakeThatStays() public {
        _lock(1e18, 600e18, uint40(block.timestamp + 60));
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 1_001e18, STAKE)
        );
        _lock(1e18, 401e18, uint40(block.timestamp + 60));
        // Stake that is leaving backs nothing new.
        _unbond(100e18);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 901e18, STAKE - 100e18
            )
        );
        _lock(1e18, 301e18, uint40(block.timestamp + 60));
        // Once the first claim is old, there is room again.
        vm.warp(block.timestamp + 60);
        _lock(1e18, 900e18, uint40(block.timestamp + 60));
    }

    function test_RevertWhen_TheStakeIsBelowTheMinimum() public {
        _unbond(901e18);
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_StakeBelowMinimum.selector, nodeId, 99e18, 100e18)
        );
        _lock(1e18, 1e18, uint40(block.timestamp + 60));
    }

    function test_UnbondingStakeIsSlashableThroughItsBond() public {
        uint8 index = _lock(400e18, 500e18, uint40(block.timestamp + 60));
        _unbond(600e18);
        vm.prank(address(d.settlement));
        d.staking.slash(nodeId, 400e18, 200e18, watcher, index);
        assertEq(watcher.balance, 200e18);
        assertEq(BURN.balance, 200e18);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), 600e18);
        assertEq(d.staking.exposureOf(nodeId), 0);
        vm.warp(block.timestamp + 60);
        d.staking.withdraw(nodeId, Roles.NODE);
        assertEq(operator.balance, 600e18);
        assertEq(address(d.staking).balance, 0);
    }

    function test_AVoteThatShortensUnbondingDoesNotLetExposedStakeLeave() public {
        _lock(1e18, 900e18, uint40(block.timestamp + 3_600));
        _unbond(500e18);
        vm.warp(block.timestamp + 60);
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 900e18, 500e18)
        );
        d.staking.withdraw(nodeId, Roles.NODE);
        vm.warp(block.timestamp + 3_600);
        d.staking.withdraw(nodeId, Roles.NODE);
        assertEq(operator.balance, 500e18);
    }

    function test_ARewardThatCannotBeSentIsOwed() public {
        uint8 index = _lock(10e18, 10e18, uint40(block.timestamp + 60));
        Refuser refuser = new Refuser();
        vm.prank(address(d.settlement));
        d.staking.slash(nodeId, 10e18, 5e18, address(refuser), index);
        assertEq(d.staking.owed(address(refuser)), 5e18);
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_SendFailed.selector, address(refuser), 5e18));
        d.staking.withdrawOwed(address(refuser));
        refuser.relent();
        d.staking.withdrawOwed(address(refuser));
        assertEq(address(refuser).balance, 5e18);
    }

    function test_RevertWhen_AnyoneButTheSettlementLocksReleasesOrSlashes() public {
        bytes memory why = abi.encodeWithSelector(IAgentStaking.AgentStaking_NotSettlement.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(why);
        d.staking.lock(nodeId, 1, 1, 1, 0);
        vm.expectRevert(why);
        d.staking.release(nodeId, 1, 0, true);
        vm.expectRevert(why);
        d.staking.slash(nodeId, 1, 1, stranger, 0);
        vm.stopPrank();
    }

    function test_AnAgentWithStakeDoesNotChangeHands() public {
        assertTrue(d.staking.isLocked(nodeId));
        vm.expectRevert();
        vm.prank(operator);
        d.agents.transferFrom(operator, stranger, nodeId);
        _unbond(STAKE);
        vm.warp(block.timestamp + 60);
        d.staking.withdraw(nodeId, Roles.NODE);
        assertFalse(d.staking.isLocked(nodeId));
        vm.prank(operator);
        d.agents.transferFrom(operator, stranger, nodeId);
    }

    function testFuzz_StakeIsFreePlusBondedPlusUnbonding(uint96 bond, uint96 unbond) public {
        bond = uint96(bound(bond, 1, 400e18));
        unbond = uint96(bound(unbond, 1, 400e18));
        _lock(bond, bond, uint40(block.timestamp + 60));
        _unbond(unbond);
        IAgentStaking.StakeState memory s = d.staking.stakeState(nodeId, Roles.NODE);
        assertEq(s.stake, d.staking.freeStakeOf(nodeId, Roles.NODE) + s.bonded + s.unbonding);
        assertEq(s.bonded, bond);
        assertEq(s.unbonding, unbond);
    }

    function test_ExposureUsesTheUnbondingPeriodInForce() public view {
        IProtocolParameters.Parameters memory p = d.parameters.parameters(1);
        assertGe(p.unbondingPeriod, p.challengeWindow);
    }
}

contract Refuser {
    bool private willing;

    function relent() external {
        willing = true;
    }

    receive() external payable {
        require(willing, "no");
    }
}
