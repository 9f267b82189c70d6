// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPaymentInbox} from "../../../../src/interfaces/IPaymentInbox.sol";
import {PaymentInbox} from "../../../../src/payments/PaymentInbox.sol";
import {PaymentInboxes} from "../../../../src/payments/PaymentInboxes.sol";
import {EscrowFixture} from "../InferenceEscrow/EscrowFixture.sol";

/// @dev The escrow with an inbox of its node, and a consumer that has gOPEN.
abstract contract InboxFixture is EscrowFixture {
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
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

    /// @dev Whatever happened: nothing stays in the inbox.
    function _assertEmpty() internal view {
        assertEq(gopen.balanceOf(address(inbox)), 0);
        assertEq(address(inbox).balance, 0);
    }
}
