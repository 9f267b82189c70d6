// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {SignedVoucher} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {FraudTest} from "../../utils/FraudTest.sol";
import {Draft} from "../../utils/Prover.sol";

/// @dev A vote suspends an agent.
contract AgentSuspensionTest is FraudTest {
    function _suspend(bool suspended) private {
        vm.prank(address(d.timelock));
        d.staking.setSuspended(nodeId, Roles.NODE, suspended);
    }

    function test_RevertWhen_SomebodyElseSuspends() public {
        // it should let only governance suspend
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, guardian));
        vm.prank(guardian);
        d.staking.setSuspended(nodeId, Roles.NODE, true);
    }

    function test_RevertWhen_TheRoleIsUnknown() public {
        // it should refuse to suspend in an unknown role
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_UnknownRole.selector, Roles.COUNT));
        vm.prank(address(d.timelock));
        d.staking.setSuspended(nodeId, Roles.COUNT, true);
    }

    function test_RevertWhen_NothingChanges() public {
        bytes4 unchanged = IAgentStaking.AgentStaking_SuspensionUnchanged.selector;
        vm.startPrank(address(d.timelock));
        // it should refuse a suspension that changes nothing
        vm.expectRevert(abi.encodeWithSelector(unchanged, nodeId, Roles.NODE, false));
        d.staking.setSuspended(nodeId, Roles.NODE, false);
        d.staking.setSuspended(nodeId, Roles.NODE, true);
        vm.expectRevert(abi.encodeWithSelector(unchanged, nodeId, Roles.NODE, true));
        d.staking.setSuspended(nodeId, Roles.NODE, true);
    }

    function test_ASuspendedAgentCannotActOrLeave() public {
        Draft memory x = _honest();
        vm.prank(operator);
        d.staking.requestUnbond(nodeId, Roles.NODE, 1e18);
        vm.expectEmit(address(d.staking));
        emit IAgentStaking.AgentSuspended(nodeId, Roles.NODE, true);
        _suspend(true);
        // it should not be active, unbond or withdraw
        assertFalse(d.staking.isActive(nodeId, Roles.NODE));
        vm.startPrank(operator);
        bytes memory frozen =
            abi.encodeWithSelector(IAgentStaking.AgentStaking_Frozen.selector, nodeId, Roles.NODE, 1 << 15);
        vm.expectRevert(frozen);
        d.staking.requestUnbond(nodeId, Roles.NODE, 1e18);
        vm.expectRevert(frozen);
        d.staking.withdraw(nodeId, Roles.NODE);
        // it should not propose
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = x.voucher;
        d.settlement.redeem(nodeId, vouchers);
        vm.expectRevert(frozen);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
        vm.stopPrank();
        _suspend(false);
        // it should be active again
        assertTrue(d.staking.isActive(nodeId, Roles.NODE));
        vm.prank(operator);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
    }

    function test_TheFreezeOfACaseOutlivesASuspension() public {
        _suspend(true);
        vm.prank(address(d.cases));
        d.staking.freeze(nodeId, Roles.NODE);
        _suspend(false);
        // it should leave the freezes of cases alone
        assertFalse(d.staking.isActive(nodeId, Roles.NODE));
        vm.prank(address(d.cases));
        d.staking.unfreeze(nodeId, Roles.NODE);
        assertTrue(d.staking.isActive(nodeId, Roles.NODE));
    }
}
