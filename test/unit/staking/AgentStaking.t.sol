// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IAgentRegistry} from "../../../src/interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {Native} from "../../../src/libraries/Native.sol";
import {AgentStaking} from "../../../src/staking/AgentStaking.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {Reenterer, Refuser, StakingFixture} from "./StakingFixture.sol";

/// @dev What anybody and what an agent's owner can do. Bonds and cases have tests of their own.
contract AgentStakingTest is StakingFixture {
    // -------------------------------------------------------------------------------------------------------- wiring

    function test_OnlyGovernanceConnectsTheCases() public {
        // it should let only governance connect the cases
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        staking.setCases(stranger);
        // it should connect the cases once
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_CasesAlreadySet.selector, address(cases)));
        staking.setCases(stranger);
        assertEq(staking.cases(), address(cases));
    }

    function test_OnlyGovernanceUpgrades() public {
        address code = address(new AgentStaking(agents, params, address(settlement)));
        // it should upgrade by a vote only
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        staking.upgradeToAndCall(code, "");
        staking.upgradeToAndCall(code, "");
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE);
    }

    // --------------------------------------------------------------------------------------------------------- stake

    function test_RevertWhen_NobodyCouldTakeTheStakeBack() public {
        vm.deal(stranger, 1);
        // it should refuse stake that nobody could take back
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 99));
        vm.prank(stranger);
        staking.stake{value: 1}(99, Roles.NODE);
    }

    /// @dev Else anybody could keep an agent from being sold, for a wei.
    function test_OthersCanOnlyAddToAStake() public {
        vm.deal(stranger, 2);
        vm.startPrank(stranger);
        // it should refuse the first stake in a role from anyone but who may act for the agent
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotAgentOwner.selector, nodeId, stranger));
        staking.stake{value: 1}(nodeId, Roles.VALIDATOR);
        // it should let anyone add to a stake
        staking.stake{value: 2}(nodeId, Roles.NODE);
        vm.stopPrank();
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE + 2);
        // it should take the first stake from an operator of the owner
        vm.prank(operator);
        agents.setApprovalForAll(watcher, true);
        vm.deal(watcher, 1);
        vm.prank(watcher);
        staking.stake{value: 1}(nodeId, Roles.VALIDATOR);
        assertEq(staking.stakeOf(nodeId, Roles.VALIDATOR), 1);
    }

    function test_RevertWhen_TheStakeMakesNoSense() public {
        // it should refuse a role that does not exist
        vm.deal(address(this), 1 << 97);
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_UnknownRole.selector, 3));
        staking.stake{value: 1}(nodeId, 3);
        // it should refuse a stake of nothing
        vm.expectRevert(IAgentStaking.AgentStaking_ZeroAmount.selector);
        staking.stake(nodeId, Roles.NODE);
        // it should refuse more stake than there can be
        vm.expectRevert(abi.encodeWithSelector(Native.Native_AmountTooLarge.selector, 1 << 96));
        staking.stake{value: 1 << 96}(nodeId, Roles.NODE);
    }

    function test_StakesOfRolesAreApart() public {
        _stake(nodeId, Roles.CURATOR, 5e18);
        // it should add to the agent's stake in that role alone
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(staking.stakeOf(nodeId, Roles.CURATOR), 5e18);
        // it should add to the validators' stake if the agent is one
        assertEq(staking.validatorStake(), 0);
        _stake(nodeId, Roles.VALIDATOR, 7e18);
        assertEq(staking.validatorStake(), 7e18);
    }

    function test_AValidatorsStakeHasAHistory() public {
        uint40 start = uint40(block.timestamp);
        uint40 id = _agent(stranger, Roles.VALIDATOR, 20e18);
        vm.warp(start + 10);
        _stake(id, Roles.VALIDATOR, 5e18);
        vm.warp(start + 20);
        vm.prank(stranger);
        staking.requestUnbond(id, Roles.VALIDATOR, 7e18);
        vm.warp(start + 30);
        // it should remember when the validator had how much
        assertEq(staking.validatorStakeAt(id, start - 1), 0);
        assertEq(staking.validatorStakeAt(id, start + 9), 20e18);
        assertEq(staking.validatorStakeAt(id, start + 19), 25e18);
        // it should remember that the validator has less
        assertEq(staking.validatorStakeAt(id, start + 20), 18e18);
        // it should take the amount out of the validators' stake
        assertEq(staking.validatorStake(), 18e18);
        assertEq(staking.validatorStakeAt(nodeId, start + 20), 0);
    }

    // ------------------------------------------------------------------------------------------------- requestUnbond

    function test_RevertWhen_AStrangerUnbonds() public {
        // it should let only the agent's owner unbond
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotAgentOwner.selector, nodeId, stranger));
        vm.prank(stranger);
        staking.requestUnbond(nodeId, Roles.NODE, 1);
    }

    function test_RevertWhen_ThereIsNothingToUnbond() public {
        // it should refuse to unbond nothing
        vm.expectRevert(IAgentStaking.AgentStaking_ZeroAmount.selector);
        _unbond(0);
        _lock(300e18, 400e18, 60);
        // it should refuse to unbond what backs a claim
        vm.expectRevert(
            abi.encodeWithSelector(
                IAgentStaking.AgentStaking_InsufficientFreeStake.selector, nodeId, 700e18, 700e18 + 1
            )
        );
        _unbond(700e18 + 1);
    }

    function test_RevertWhen_TheStakeIsFrozen() public {
        _unbond(10e18);
        _wait(60);
        vm.prank(address(cases));
        staking.freeze(nodeId, Roles.NODE);
        bytes memory frozen = abi.encodeWithSelector(IAgentStaking.AgentStaking_Frozen.selector, nodeId, Roles.NODE, 1);
        // it should refuse to unbond frozen stake
        vm.expectRevert(frozen);
        _unbond(1);
        // it should refuse to pay frozen stake
        vm.expectRevert(frozen);
        staking.withdraw(nodeId, Roles.NODE);
    }

    function test_UnbondingTakesItsTime() public {
        uint40 start = uint40(block.timestamp);
        _unbond(10e18);
        // it should start the unbonding period in force
        assertEq(staking.stakeState(nodeId, Roles.NODE).unbondAt, start + 60);
        vm.warp(start + 59);
        _unbond(20e18);
        // it should add to what is unbonding and restart the clock
        IAgentStaking.StakeState memory s = staking.stakeState(nodeId, Roles.NODE);
        assertEq(s.unbonding, 30e18);
        assertEq(s.unbondAt, start + 119);
        // it should refuse before the stake is unbonded
        vm.warp(start + 118);
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotUnbonded.selector, nodeId, start + 119));
        staking.withdraw(nodeId, Roles.NODE);
    }

    function test_AHoldOutlastsTheUnbondingPeriod() public {
        uint40 until = uint40(block.timestamp) + 100;
        vm.prank(address(cases));
        staking.hold(nodeId, Roles.NODE, until);
        _unbond(1);
        // it should keep the later time
        assertEq(staking.stakeState(nodeId, Roles.NODE).unbondAt, until);
    }

    // ------------------------------------------------------------------------------------------------------ withdraw

    function test_RevertWhen_NothingUnbonds() public {
        // it should refuse to withdraw nothing
        vm.expectRevert(IAgentStaking.AgentStaking_ZeroAmount.selector);
        staking.withdraw(nodeId, Roles.NODE);
    }

    function test_StakeGoesBackToTheOwnerWhoeverCalls() public {
        _stake(nodeId, Roles.CURATOR, 5e18);
        vm.prank(operator);
        staking.requestUnbond(nodeId, Roles.CURATOR, 5e18);
        _wait(60);
        vm.prank(stranger);
        staking.withdraw(nodeId, Roles.CURATOR);
        // it should pay the agent's owner whoever calls
        assertEq(operator.balance, 5e18);
        assertEq(staking.stakeOf(nodeId, Roles.CURATOR), 0);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE);
    }

    function test_AVoteThatShortensUnbondingDoesNotLetExposedStakeLeave() public {
        _lock(1e18, 900e18, 3_600);
        _unbond(500e18);
        _wait(60);
        // it should keep what claims of the past rest on
        vm.expectRevert(
            abi.encodeWithSelector(IAgentStaking.AgentStaking_ExposureExceedsStake.selector, nodeId, 900e18, 500e18)
        );
        staking.withdraw(nodeId, Roles.NODE);
        _wait(3_540);
        staking.withdraw(nodeId, Roles.NODE);
        // it should pay and forget the claims whose time is over
        assertEq(operator.balance, 500e18);
        assertEq(staking.stakeState(nodeId, Roles.NODE).exposure, 0);
    }

    function test_AnOwnerThatRefusesValueOnlyHarmsItself() public {
        Refuser refuser = new Refuser();
        uint40 id = _agent(address(refuser), Roles.NODE, 5e18);
        vm.prank(address(refuser));
        staking.requestUnbond(id, Roles.NODE, 5e18);
        _wait(60);
        // it should keep the stake of an owner that refuses value
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_SendFailed.selector, address(refuser), 5e18));
        staking.withdraw(id, Roles.NODE);
        refuser.relent();
        staking.withdraw(id, Roles.NODE);
        assertEq(address(refuser).balance, 5e18);
    }

    function test_AnOwnerThatCallsBackIsPaidOnce() public {
        Reenterer thief = new Reenterer();
        uint40 id = _agent(address(thief), Roles.NODE, 10e18);
        vm.prank(address(thief));
        staking.requestUnbond(id, Roles.NODE, 5e18);
        thief.prepare(abi.encodeCall(staking.withdraw, (id, Roles.NODE)));
        _wait(60);
        staking.withdraw(id, Roles.NODE);
        // it should pay once, even an owner that calls back
        assertFalse(thief.reentered());
        assertEq(address(thief).balance, 5e18);
        assertEq(staking.stakeOf(id, Roles.NODE), 5e18);
    }

    // --------------------------------------------------------------------------------------------------------- views

    function test_AnAgentIsActiveWithStakeThatStays() public {
        uint40 id = _agent(stranger, Roles.VALIDATOR, 10e18);
        // it should call an agent active whose staying stake is at least the role's minimum
        assertTrue(staking.isActive(nodeId, Roles.NODE));
        assertTrue(staking.isActive(id, Roles.VALIDATOR));
        assertFalse(staking.isActive(nodeId, Roles.VALIDATOR));
        assertFalse(staking.isActive(nodeId, 7));
        _stake(nodeId, Roles.CURATOR, 10e18 - 1);
        assertFalse(staking.isActive(nodeId, Roles.CURATOR));
        _stake(nodeId, Roles.CURATOR, 1);
        assertTrue(staking.isActive(nodeId, Roles.CURATOR));
        // it should not count stake that is leaving
        _unbond(900e18 + 1);
        assertFalse(staking.isActive(nodeId, Roles.NODE));
        // it should not call an agent active in a role whose stake a case holds
        vm.prank(address(cases));
        staking.freeze(nodeId, Roles.CURATOR);
        assertFalse(staking.isActive(nodeId, Roles.CURATOR));
    }

    function test_AnAgentWithStakeInAnyRoleDoesNotChangeHands() public {
        for (uint8 role = 0; role < Roles.COUNT; ++role) {
            uint40 id = _agent(stranger, role, 5);
            // it should call an agent locked that has stake in any role
            assertTrue(staking.isLocked(id));
            vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_HasStake.selector, id));
            vm.prank(stranger);
            agents.transferFrom(stranger, operator, id);
            vm.prank(stranger);
            staking.requestUnbond(id, role, 5);
            _wait(60);
            staking.withdraw(id, role);
            assertFalse(staking.isLocked(id));
            vm.prank(stranger);
            agents.transferFrom(stranger, operator, id);
        }
    }

    function testFuzz_StakeIsFreePlusBondedPlusUnbonding(uint96 bond, uint96 unbond) public {
        bond = uint96(bound(bond, 1, 400e18));
        unbond = uint96(bound(unbond, 1, 400e18));
        _lock(bond, bond, 60);
        _unbond(unbond);
        IAgentStaking.StakeState memory s = staking.stakeState(nodeId, Roles.NODE);
        // it should tell every part of an agent's stake
        assertEq(s.stake, staking.freeStakeOf(nodeId, Roles.NODE) + s.bonded + s.unbonding);
        assertEq(s.bonded, bond);
        assertEq(s.unbonding, unbond);
        assertEq(s.exposure, bond);
        // it should tell that other roles have neither bonds nor exposure
        assertEq(staking.stakeState(nodeId, Roles.CURATOR).bonded, 0);
    }

    function test_TheGreatestStakeFits() public {
        uint96 all = type(uint96).max - STAKE;
        _stake(nodeId, Roles.NODE, all);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), type(uint96).max);
        uint8 index = _lock(type(uint96).max, type(uint96).max, 60);
        assertEq(staking.exposureOf(nodeId), type(uint96).max);
        _slash(type(uint96).max, type(uint96).max / 2, watcher, index);
        assertEq(watcher.balance + BURN.balance, type(uint96).max);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), 0);
    }
}
