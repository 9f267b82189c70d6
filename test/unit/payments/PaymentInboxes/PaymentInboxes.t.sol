// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPaymentInboxes} from "../../../../src/interfaces/IPaymentInboxes.sol";
import {PaymentInbox} from "../../../../src/payments/PaymentInbox.sol";
import {InboxFixture} from "../PaymentInbox/InboxFixture.sol";

/// @notice Where inboxes are.
contract PaymentInboxesTest is InboxFixture {
    function testFuzz_AnInboxIsWhereItsNodesIdSays(uint40 id, address caller) public {
        vm.assume(id != nodeId);
        address expected = inboxes.inboxOf(id);
        assertEq(expected.code.length, 0);
        vm.expectEmit(address(inboxes));
        emit IPaymentInboxes.InboxCreated(id, expected);
        vm.prank(caller);
        // it should make the inbox where it was foretold
        assertEq(inboxes.create(id), expected);
        assertEq(PaymentInbox(payable(expected)).nodeId(), id);
        // it should close the inbox in the same transaction
        assertTrue(gopen.isPullOnly(expected));
    }

    function test_MakingAnInboxAgainFindsIt() public {
        vm.recordLogs();
        // it should find the inbox that there is
        assertEq(inboxes.create(nodeId), address(inbox));
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function testFuzz_NoTwoNodesShareAnInbox(uint40 one, uint40 two) public view {
        vm.assume(one != two);
        // it should give each node an address of its own
        assertNotEq(inboxes.inboxOf(one), inboxes.inboxOf(two));
    }
}
