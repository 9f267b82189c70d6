// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";
import {DevnetPaymentCollector} from "../../../../script/devnet/DevnetAuthCapture.sol";
import {
    AUTH_CAPTURE_ESCROW,
    ERC3009_COLLECTOR,
    IAuthCaptureEscrow
} from "../../../../src/interfaces/IAuthCaptureEscrow.sol";
import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {IPaymentInbox} from "../../../../src/interfaces/IPaymentInbox.sol";
import {ContractWallet} from "../InferenceEscrow/EscrowFixture.sol";
import {InboxFixture} from "./InboxFixture.sol";

/// @notice Metered payments: from a signed maximum to a hold, and from there to a channel and back to the consumer.
contract PaymentInboxHoldingTest is InboxFixture {
    bytes private constant BAD_SIGNATURE = abi.encodeWithSelector(ERC3009Upgradeable.ERC3009InvalidSignature.selector);

    // ----------------------------------------------------------------------------------------------------------- hold

    function testFuzz_APaymentIsHeld(uint96 amount, uint256 salt, uint96 nonce) public {
        amount = uint96(bound(amount, 1, WRAPPED));
        IPaymentInbox.Hold memory h = _held(consumer, amount, salt);
        bytes32 id = escrow.channelIdOf(consumer, nodeId, _nonce(nonce, nodeSigner));
        bytes memory signature = _signHold(h, consumerKey);
        vm.expectEmit(address(inbox));
        emit IPaymentInbox.PaymentHeld(consumer, id, amount);
        vm.prank(operator);
        assertEq(inbox.hold(h, signature, _nonce(nonce, nodeSigner)), id);
        // it should place the most that may be taken on hold
        assertEq(_capturable(h), amount);
        assertEq(gopen.balanceOf(consumer), WRAPPED - amount);
        assertEq(gopen.balanceOf(address(AUTH_CAPTURE_ESCROW)), amount);
        // it should open an empty channel that the node's key signs for
        IInferenceEscrow.Channel memory c = escrow.channel(id);
        assertEq(c.consumer, consumer);
        assertEq(c.nodeId, nodeId);
        assertEq(c.signer, nodeSigner);
        assertEq(c.deposit, 0);
        // it should keep nothing
        _assertEmpty();
    }

    function test_AContractWalletIsHeld() public {
        ContractWallet wallet = new ContractWallet(consumer);
        vm.prank(consumer);
        gopen.transfer(address(wallet), 4e18);
        // it should take a hold that a contract wallet signed
        IPaymentInbox.Hold memory h = _held(address(wallet), 4e18, 1);
        _hold(h, 1);
        _capture(h, 1e18, 1);
        assertEq(gopen.balanceOf(address(wallet)), 3e18);
    }

    function testFuzz_RevertWhen_AnyoneButTheNodeHolds(address caller) public {
        vm.assume(caller != operator);
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        bytes memory signature = _signHold(h, consumerKey);
        // it should let nobody but the node hold
        vm.expectRevert(abi.encodeWithSelector(IPaymentInbox.PaymentInbox_NotNode.selector, nodeId, caller));
        vm.prank(caller);
        inbox.hold(h, signature, _nonce(1, nodeSigner));
        // Nor past the inbox.
        IAuthCaptureEscrow.PaymentInfo memory info = _infoOf(h);
        vm.assume(caller != address(inbox));
        vm.expectRevert(abi.encodeWithSelector(IAuthCaptureEscrow.InvalidSender.selector, caller, inbox));
        vm.prank(caller);
        AUTH_CAPTURE_ESCROW.authorize(info, 1e18, ERC3009_COLLECTOR, signature);
        vm.assume(caller != address(AUTH_CAPTURE_ESCROW));
        vm.expectRevert(DevnetPaymentCollector.OnlyAuthCaptureEscrow.selector);
        vm.prank(caller);
        DevnetPaymentCollector(ERC3009_COLLECTOR).collect(info, 1e18, signature);
        _hold(h, 1);
    }

    function test_RevertWhen_APaymentIsHeldTwice() public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 2);
        bytes32 hash = AUTH_CAPTURE_ESCROW.getHash(_infoOf(h));
        bytes memory why = abi.encodeWithSelector(IAuthCaptureEscrow.PaymentAlreadyCollected.selector, hash);
        // it should refuse to hold a payment twice
        _holdFails(h, _signHold(h, consumerKey), why);
        _capture(h, 1, 2);
        _holdFails(h, _signHold(h, consumerKey), why);
    }

    function test_RevertWhen_TheBalanceDoesNotCoverTheHold() public {
        IPaymentInbox.Hold memory h = _held(consumer, WRAPPED + 1, 1);
        // it should refuse to hold what the balance does not cover
        _holdFails(
            h,
            _signHold(h, consumerKey),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, consumer, WRAPPED, WRAPPED + 1)
        );
    }

    function test_RevertWhen_ThePaymentIsLate() public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        bytes memory signature = _signHold(h, consumerKey);
        vm.warp(h.preApprovalExpiry);
        // it should refuse to hold a payment that is late
        _holdFails(
            h,
            signature,
            abi.encodeWithSelector(
                IAuthCaptureEscrow.AfterPreApprovalExpiry.selector, h.preApprovalExpiry, h.preApprovalExpiry
            )
        );
    }

    function testFuzz_RevertWhen_AnythingButTheSignedPaymentIsHeld(
        address from,
        uint120 amount,
        uint48 expiry,
        uint48 deadline,
        uint256 salt
    ) public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        bytes memory signature = _signHold(h, consumerKey);
        amount = uint120(bound(amount, 1, type(uint120).max));
        expiry = uint48(bound(expiry, block.timestamp + 1, type(uint48).max));
        deadline = uint48(bound(deadline, expiry, type(uint48).max));
        vm.assume(from.code.length == 0);
        bool isSame = from == consumer && amount == h.maxAmount && expiry == h.preApprovalExpiry
            && deadline == h.captureDeadline && salt == h.salt;
        vm.assume(!isSame);
        (h.consumer, h.maxAmount, h.preApprovalExpiry) = (from, amount, expiry);
        (h.captureDeadline, h.salt) = (deadline, salt);
        // it should refuse to hold anything but what was signed
        _holdFails(h, signature, BAD_SIGNATURE);
    }

    function test_RevertWhen_TheHoldIsForAnotherNode() public {
        vm.prank(stranger);
        uint40 other = uint40(agents.register("store:0x"));
        IPaymentInbox theirs = IPaymentInbox(inboxes.create(other));
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        bytes memory signature = _signHold(h, consumerKey);
        // it should refuse to hold a payment to another node
        vm.expectRevert(BAD_SIGNATURE);
        vm.prank(stranger);
        theirs.hold(h, signature, _nonce(1, stranger));
    }

    function test_RevertWhen_TheChannelOfAHoldExists() public {
        vm.prank(stranger);
        bytes32 id = escrow.openChannelFor(consumer, nodeId, _nonce(1, nodeSigner));
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        bytes memory why = abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ChannelExists.selector, id);
        // it should leave the money where it was when the channel exists
        _holdFails(h, _signHold(h, consumerKey), why);
        assertEq(gopen.balanceOf(consumer), WRAPPED);
        _hold(h, 2);
    }

    // -------------------------------------------------------------------------------------------------------- capture

    function testFuzz_WhatACallDidCostIsTaken(uint96 amount, uint96 cost) public {
        amount = uint96(bound(amount, 1, WRAPPED));
        cost = uint96(bound(cost, 1, amount));
        IPaymentInbox.Hold memory h = _held(consumer, amount, 1);
        bytes32 id = _hold(h, 1);
        uint256 before = address(escrow).balance;
        // it should pay a fee to nobody else
        vm.expectCall(
            address(AUTH_CAPTURE_ESCROW), abi.encodeCall(IAuthCaptureEscrow.capture, (_infoOf(h), cost, 0, address(0)))
        );
        vm.expectEmit(address(inbox));
        emit IPaymentInbox.PaymentCaptured(consumer, id, cost, amount - cost);
        assertEq(_capture(h, cost, 1), id);
        // it should make what the call did cost the deposit of the consumer's channel
        assertEq(escrow.channel(id).deposit, cost);
        assertEq(address(escrow).balance - before, cost);
        // it should give the rest of the hold back at once
        assertEq(gopen.balanceOf(consumer), WRAPPED - cost);
        assertEq(_capturable(h), 0);
        assertEq(gopen.balanceOf(address(AUTH_CAPTURE_ESCROW)), 0);
        _assertEmpty();
    }

    function test_AWholeHoldIsTaken() public {
        IPaymentInbox.Hold memory h = _held(consumer, 3e18, 1);
        bytes32 id = _hold(h, 1);
        _capture(h, 3e18, 1);
        // it should leave no rest where everything is taken
        assertEq(escrow.channel(id).deposit, 3e18);
        assertEq(gopen.balanceOf(consumer), WRAPPED - 3e18);
    }

    function test_TheNodesVoucherIsPaidOutOfWhatWasCaptured() public {
        IPaymentInbox.Hold memory h = _held(consumer, 3e18, 1);
        bytes32 id = _hold(h, 1);
        // The voucher is signed as soon as the call is answered, and good for nothing before the capture.
        _capture(h, 2e18, 1);
        // it should let the channel pay vouchers of the node's key
        assertEq(_collect(_voucher(id, 2e18, nodeSignerKey)), 2e18);
    }

    function testFuzz_RevertWhen_AnyoneButTheNodeCaptures(address caller) public {
        vm.assume(caller != operator);
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 1);
        // it should let nobody but the node capture
        vm.expectRevert(abi.encodeWithSelector(IPaymentInbox.PaymentInbox_NotNode.selector, nodeId, caller));
        vm.prank(caller);
        inbox.capture(h, 1, _nonce(1, nodeSigner));
    }

    function test_RevertWhen_TheAmountIsWrong() public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 1);
        // it should refuse to capture nothing
        _captureFails(h, 0, 1, abi.encodeWithSelector(IPaymentInbox.PaymentInbox_ZeroAmount.selector));
        // it should refuse to capture more than is on hold
        bytes32 hash = AUTH_CAPTURE_ESCROW.getHash(_infoOf(h));
        _captureFails(
            h,
            1e18 + 1,
            1,
            abi.encodeWithSelector(IAuthCaptureEscrow.InsufficientAuthorization.selector, hash, 1e18, 1e18 + 1)
        );
    }

    function test_RevertWhen_ItIsCapturedTwice() public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 1);
        _capture(h, 1e17, 1);
        // it should refuse to capture twice
        bytes32 hash = AUTH_CAPTURE_ESCROW.getHash(_infoOf(h));
        _captureFails(
            h, 1, 1, abi.encodeWithSelector(IAuthCaptureEscrow.InsufficientAuthorization.selector, hash, 0, 1)
        );
    }

    function test_RevertWhen_ItIsTooLateToCapture() public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 1);
        vm.warp(h.captureDeadline);
        // it should refuse to capture after the deadline
        _captureFails(
            h,
            1,
            1,
            abi.encodeWithSelector(
                IAuthCaptureEscrow.AfterAuthorizationExpiry.selector, h.captureDeadline, h.captureDeadline
            )
        );
    }

    function testFuzz_RevertWhen_TheChannelIsNotTheConsumers(uint96 salt) public {
        vm.assume(salt != 1);
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 1);
        vm.prank(stranger);
        escrow.openChannelFor(stranger, nodeId, _nonce(salt, nodeSigner));
        bytes32 id = escrow.channelIdOf(consumer, nodeId, _nonce(salt, nodeSigner));
        // it should refuse to capture into a channel that is not the consumer's
        _captureFails(h, 1, salt, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, id));
        _capture(h, 1, 1);
    }

    // -------------------------------------------------------------------------------------------------------- release

    function testFuzz_AHoldIsReleased(uint96 amount, bool isLate) public {
        amount = uint96(bound(amount, 1, WRAPPED));
        IPaymentInbox.Hold memory h = _held(consumer, amount, 1);
        _hold(h, 1);
        // it should give a hold back after the deadline, too
        if (isLate) vm.warp(h.captureDeadline);
        vm.prank(operator);
        inbox.release(h);
        // it should give the whole hold back
        assertEq(gopen.balanceOf(consumer), WRAPPED);
        _assertEmpty();
    }

    function testFuzz_RevertWhen_AnyoneButTheNodeReleases(address caller) public {
        vm.assume(caller != operator && caller != address(inbox));
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 1);
        // it should let nobody but the node release
        vm.expectRevert(abi.encodeWithSelector(IPaymentInbox.PaymentInbox_NotNode.selector, nodeId, caller));
        vm.prank(caller);
        inbox.release(h);
        IAuthCaptureEscrow.PaymentInfo memory info = _infoOf(h);
        vm.expectRevert(abi.encodeWithSelector(IAuthCaptureEscrow.InvalidSender.selector, caller, inbox));
        vm.prank(caller);
        AUTH_CAPTURE_ESCROW.void(info);
    }

    function test_RevertWhen_NothingIsOnHold() public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        bytes32 hash = AUTH_CAPTURE_ESCROW.getHash(_infoOf(h));
        // it should refuse to release what is not on hold
        vm.expectRevert(abi.encodeWithSelector(IAuthCaptureEscrow.ZeroAuthorization.selector, hash));
        vm.prank(operator);
        inbox.release(h);
    }

    function test_TheConsumerTakesBackWhatTheNodeLeaves() public {
        IPaymentInbox.Hold memory h = _held(consumer, 1e18, 1);
        _hold(h, 1);
        IAuthCaptureEscrow.PaymentInfo memory info = _infoOf(h);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAuthCaptureEscrow.BeforeAuthorizationExpiry.selector, uint48(block.timestamp), h.captureDeadline
            )
        );
        vm.prank(consumer);
        AUTH_CAPTURE_ESCROW.reclaim(info);
        vm.warp(h.captureDeadline);
        // it should let the consumer take the hold back after the deadline
        vm.prank(consumer);
        AUTH_CAPTURE_ESCROW.reclaim(info);
        assertEq(gopen.balanceOf(consumer), WRAPPED);
    }
}
