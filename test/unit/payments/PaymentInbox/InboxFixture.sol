// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {DevnetAuthCaptureEscrow, DevnetPaymentCollector} from "../../../../script/devnet/DevnetAuthCapture.sol";
import {
    AUTH_CAPTURE_ESCROW,
    ERC3009_COLLECTOR,
    IAuthCaptureEscrow
} from "../../../../src/interfaces/IAuthCaptureEscrow.sol";
import {IPaymentInbox} from "../../../../src/interfaces/IPaymentInbox.sol";
import {PaymentInbox} from "../../../../src/payments/PaymentInbox.sol";
import {PaymentInboxes} from "../../../../src/payments/PaymentInboxes.sol";
import {EscrowFixture} from "../InferenceEscrow/EscrowFixture.sol";

/// @dev The escrow with an inbox of its node, and a consumer that has gOPEN.
abstract contract InboxFixture is EscrowFixture {
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant PULL = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    uint96 internal constant WRAPPED = 50e18;

    PaymentInboxes internal inboxes;
    PaymentInbox internal inbox;
    /// A key of the node: it signs for channels that payments open.
    address internal nodeSigner;
    uint256 internal nodeSignerKey;

    function setUp() public virtual override {
        super.setUp();
        (nodeSigner, nodeSignerKey) = makeAddrAndKey("node signer");
        inboxes = new PaymentInboxes(new PaymentInbox(escrow, gopen, agents));
        inbox = PaymentInbox(payable(inboxes.create(nodeId)));
        vm.prank(consumer);
        gopen.deposit{value: WRAPPED}();
        vm.etch(address(AUTH_CAPTURE_ESCROW), address(new DevnetAuthCaptureEscrow()).code);
        vm.etch(ERC3009_COLLECTOR, address(new DevnetPaymentCollector()).code);
    }

    /// @dev What a client of x402 signs: a plain transfer to the inbox.
    function _payment(address from, uint256 value, bytes32 nonce, uint256 key)
        internal
        view
        returns (IPaymentInbox.Payment memory p)
    {
        return _payment(address(inbox), from, value, nonce, key);
    }

    function _payment(address to, address from, uint256 value, bytes32 nonce, uint256 key)
        internal
        view
        returns (IPaymentInbox.Payment memory p)
    {
        (p.consumer, p.value, p.nonce) = (from, value, nonce);
        (p.validAfter, p.validBefore) = (block.timestamp - 10 minutes, block.timestamp + 2 minutes);
        bytes32 structHash = keccak256(abi.encode(TRANSFER, from, to, value, p.validAfter, p.validBefore, nonce));
        p.signature = _sign(key, keccak256(abi.encodePacked(hex"1901", gopen.DOMAIN_SEPARATOR(), structHash)));
    }

    function _open(IPaymentInbox.Payment memory p, uint96 salt) internal returns (bytes32) {
        vm.prank(operator);
        return inbox.open(p, _nonce(salt, nodeSigner));
    }

    function _openFails(IPaymentInbox.Payment memory p, bytes memory why) internal {
        vm.expectRevert(why);
        vm.prank(operator);
        inbox.open(p, _nonce(1, nodeSigner));
    }

    /// @dev What a client of x402 signs for a metered call: the most that it pays, to this inbox.
    function _held(address from, uint120 maxAmount, uint256 salt) internal view returns (IPaymentInbox.Hold memory h) {
        return IPaymentInbox.Hold({
            consumer: from,
            maxAmount: maxAmount,
            preApprovalExpiry: uint48(block.timestamp + 2 minutes),
            captureDeadline: uint48(block.timestamp + 1 days),
            salt: salt
        });
    }

    function _infoOf(IPaymentInbox.Hold memory h) internal view returns (IAuthCaptureEscrow.PaymentInfo memory info) {
        (info.operator, info.payer, info.receiver) = (address(inbox), h.consumer, address(inbox));
        (info.token, info.maxAmount, info.salt) = (address(gopen), h.maxAmount, h.salt);
        (info.preApprovalExpiry, info.authorizationExpiry) = (h.preApprovalExpiry, h.captureDeadline);
        info.refundExpiry = h.captureDeadline;
    }

    function _signHold(IPaymentInbox.Hold memory h, uint256 key) internal view returns (bytes memory) {
        IAuthCaptureEscrow.PaymentInfo memory info = _infoOf(h);
        info.payer = address(0);
        bytes32 nonce = AUTH_CAPTURE_ESCROW.getHash(info);
        bytes32 structHash =
            keccak256(abi.encode(PULL, h.consumer, ERC3009_COLLECTOR, h.maxAmount, 0, h.preApprovalExpiry, nonce));
        return _sign(key, keccak256(abi.encodePacked(hex"1901", gopen.DOMAIN_SEPARATOR(), structHash)));
    }

    function _capturable(IPaymentInbox.Hold memory h) internal view returns (uint120 left) {
        (, left,) = AUTH_CAPTURE_ESCROW.paymentState(AUTH_CAPTURE_ESCROW.getHash(_infoOf(h)));
    }

    function _hold(IPaymentInbox.Hold memory h, uint96 salt) internal returns (bytes32) {
        bytes memory signature = _signHold(h, consumerKey);
        vm.prank(operator);
        return inbox.hold(h, signature, _nonce(salt, nodeSigner));
    }

    function _capture(IPaymentInbox.Hold memory h, uint256 value, uint96 salt) internal returns (bytes32) {
        vm.prank(operator);
        return inbox.capture(h, value, _nonce(salt, nodeSigner));
    }

    function _holdFails(IPaymentInbox.Hold memory h, bytes memory signature, bytes memory why) internal {
        vm.expectRevert(why);
        vm.prank(operator);
        inbox.hold(h, signature, _nonce(1, nodeSigner));
    }

    function _captureFails(IPaymentInbox.Hold memory h, uint256 value, uint96 salt, bytes memory why) internal {
        vm.expectRevert(why);
        vm.prank(operator);
        inbox.capture(h, value, _nonce(salt, nodeSigner));
    }

    /// @dev Whatever happened: nothing stays in the inbox.
    function _assertEmpty() internal view {
        assertEq(gopen.balanceOf(address(inbox)), 0);
        assertEq(address(inbox).balance, 0);
    }
}
