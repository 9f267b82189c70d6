// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AUTH_CAPTURE_ESCROW, IAuthCaptureEscrow} from "../../src/interfaces/IAuthCaptureEscrow.sol";
import {IPaymentInbox} from "../../src/interfaces/IPaymentInbox.sol";
import {InboxFixture} from "../unit/payments/PaymentInbox/InboxFixture.sol";

/// @dev Invariant 14: the money of metered payments, in any order of holds, captures, releases, reclaims and vouchers, while
/// time passes. The campaign calls the functions of this contract itself.
contract HoldsInvariants is InboxFixture {
    IPaymentInbox.Hold[] private holds;
    /// What each hold's channel got; and whether the hold is over.
    mapping(uint256 index => uint256) private captured;
    mapping(uint256 index => bool) private isOver;
    uint256 private redeemed;

    function setUp() public override {
        super.setUp();
        bytes4[] memory actions = new bytes4[](6);
        (actions[0], actions[1], actions[2]) = (this.hold.selector, this.capture.selector, this.release.selector);
        (actions[3], actions[4], actions[5]) = (this.reclaim.selector, this.redeem.selector, this.pass.selector);
        targetContract(address(this));
        targetSelector(FuzzSelector({addr: address(this), selectors: actions}));
    }

    // -------------------------------------------------------------------------------------------------------- actions

    function hold(uint256 amount, uint256 salt) external {
        uint256 balance = gopen.balanceOf(consumer);
        if (balance == 0) return;
        // Small parts of the balance, so that there are many.
        uint120 maxAmount = uint120(bound(amount, 1, balance / 8 + 1));
        IPaymentInbox.Hold memory h = _held(consumer, maxAmount, uint256(keccak256(abi.encode(salt, holds.length))));
        _hold(h, uint96(holds.length));
        holds.push(h);
    }

    function capture(uint256 seed, uint256 value) external {
        if (holds.length == 0) return;
        uint256 i = seed % holds.length;
        IPaymentInbox.Hold memory h = holds[i];
        bool isPossible = !isOver[i] && block.timestamp < h.captureDeadline;
        value = bound(value, 1, isPossible ? h.maxAmount : type(uint96).max);
        vm.prank(operator);
        try inbox.capture(h, value, _nonce(uint96(i), nodeSigner)) {
            assertTrue(isPossible, "captured what was not on hold");
            (captured[i], isOver[i]) = (value, true);
        } catch {
            assertFalse(isPossible, "a capture failed");
        }
    }

    function release(uint256 seed) external {
        if (holds.length == 0) return;
        uint256 i = seed % holds.length;
        vm.prank(operator);
        try inbox.release(holds[i]) {
            assertFalse(isOver[i], "released what was not on hold");
            isOver[i] = true;
        } catch {
            assertTrue(isOver[i], "a release failed");
        }
    }

    function reclaim(uint256 seed) external {
        if (holds.length == 0) return;
        uint256 i = seed % holds.length;
        IAuthCaptureEscrow.PaymentInfo memory info = _infoOf(holds[i]);
        bool isPossible = !isOver[i] && block.timestamp >= holds[i].captureDeadline;
        vm.prank(consumer);
        try AUTH_CAPTURE_ESCROW.reclaim(info) {
            assertTrue(isPossible, "reclaimed too early");
            isOver[i] = true;
        } catch {
            assertFalse(isPossible, "a reclaim failed");
        }
    }

    function redeem(uint256 seed) external {
        if (holds.length == 0) return;
        uint256 i = seed % holds.length;
        bytes32 id = _channelOf(i);
        uint96 left = escrow.channel(id).deposit - escrow.channel(id).settled;
        left -= left % 1 gwei; // fees are whole gwei
        if (left == 0) return;
        redeemed += _collect(_voucher(id, left, nodeSignerKey));
    }

    function pass(uint32 time) external {
        skip(time % 12 hours);
    }

    // ----------------------------------------------------------------------------------------------------- invariants

    function invariant_HeldMoneyIsThePayersOrItsChannels() public view {
        uint256 onHold;
        uint256 deposits;
        for (uint256 i = 0; i < holds.length; ++i) {
            assertEq(_capturable(holds[i]), isOver[i] ? 0 : holds[i].maxAmount);
            onHold += isOver[i] ? 0 : holds[i].maxAmount;
            assertEq(escrow.channel(_channelOf(i)).deposit, captured[i]);
            assertEq(escrow.channel(_channelOf(i)).consumer, consumer);
            deposits += captured[i];
        }
        assertEq(gopen.balanceOf(address(AUTH_CAPTURE_ESCROW)), onHold);
        assertEq(gopen.balanceOf(consumer) + onHold + deposits, WRAPPED);
        assertEq(address(escrow).balance, DEPOSIT + deposits - redeemed);
        _assertEmpty();
    }

    function _channelOf(uint256 i) private view returns (bytes32) {
        return escrow.channelIdOf(consumer, nodeId, _nonce(uint96(i), nodeSigner));
    }
}
