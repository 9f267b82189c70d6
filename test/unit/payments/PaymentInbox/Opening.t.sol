// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";
import {IGovernanceOpen} from "../../../../src/interfaces/IGovernanceOpen.sol";
import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {IPaymentInbox} from "../../../../src/interfaces/IPaymentInbox.sol";
import {ContractWallet} from "../InferenceEscrow/EscrowFixture.sol";
import {InboxFixture} from "./InboxFixture.sol";

/// @notice From a signed transfer to a channel, and what cannot be done with one.
contract PaymentInboxOpeningTest is InboxFixture {
    bytes32 private constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
    bytes4 private constant BAD_SIGNATURE = ERC3009Upgradeable.ERC3009InvalidSignature.selector;

    // ----------------------------------------------------------------------------------------------------------- open

    function testFuzz_APaymentBecomesAChannelOfTheConsumers(uint96 value, bytes32 nonce, uint96 salt) public {
        value = uint96(bound(value, 1, WRAPPED));
        IPaymentInbox.Payment memory p = _payment(consumer, value, nonce, consumerKey);
        bytes32 id = escrow.channelIdOf(consumer, nodeId, _nonce(salt, nodeSigner));
        uint256 before = address(escrow).balance;
        vm.expectEmit(address(inbox));
        emit IPaymentInbox.PaymentOpened(consumer, nonce, id, value);
        assertEq(_open(p, salt), id);
        // it should make the whole payment the deposit of a channel of the consumer's
        IInferenceEscrow.Channel memory c = escrow.channel(id);
        assertEq(c.consumer, consumer);
        assertEq(c.nodeId, nodeId);
        assertEq(c.deposit, value);
        assertEq(address(escrow).balance - before, value);
        assertEq(gopen.balanceOf(consumer), WRAPPED - value);
        // it should let the node's key sign for it
        assertEq(c.signer, nodeSigner);
        // it should keep nothing
        _assertEmpty();
    }

    function test_TheNodesKeyBuysWhatWasPaidForAndTheConsumerGetsTheRest() public {
        bytes32 id = _open(_payment(consumer, 5e18, "one", consumerKey), 1);
        assertEq(_collect(_voucher(id, 3e18, nodeSignerKey)), 3e18);
        // it should leave what no voucher took to the consumer
        vm.prank(consumer);
        escrow.requestExit(id);
        skip(EXIT_DELAY);
        uint256 before = consumer.balance;
        escrow.withdraw(id);
        assertEq(consumer.balance - before, 2e18);
    }

    function test_AContractWalletPays() public {
        ContractWallet wallet = new ContractWallet(consumer);
        vm.prank(consumer);
        gopen.transfer(address(wallet), 4e18);
        // it should take the signature of a contract wallet
        bytes32 id = _open(_payment(address(wallet), 4e18, "wallet", consumerKey), 1);
        assertEq(escrow.channel(id).consumer, address(wallet));
        assertEq(escrow.channel(id).deposit, 4e18);
        _assertEmpty();
    }

    function testFuzz_RevertWhen_AnyoneButTheNodeOpens(address caller) public {
        vm.assume(caller != operator);
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        // it should refuse anyone but the node's agent wallet
        vm.expectRevert(abi.encodeWithSelector(IPaymentInbox.PaymentInbox_NotNode.selector, nodeId, caller));
        vm.prank(caller);
        inbox.open(p, _nonce(1, caller));
        // The payment is as good as before.
        _open(p, 1);
    }

    function test_RevertWhen_NothingIsPaid() public {
        // it should refuse a payment of nothing
        _openFails(
            _payment(consumer, 0, "nothing", consumerKey),
            abi.encodeWithSelector(IPaymentInbox.PaymentInbox_ZeroAmount.selector)
        );
    }

    function test_RevertWhen_APaymentIsUsedTwice() public {
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        _open(p, 2);
        // it should refuse a payment twice
        _openFails(
            p, abi.encodeWithSelector(ERC3009Upgradeable.ERC3009UsedAuthorization.selector, consumer, bytes32("one"))
        );
    }

    function test_RevertWhen_ThePaymentWasCancelled() public {
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        bytes32 structHash = keccak256(abi.encode(CANCEL, consumer, bytes32("one")));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", gopen.DOMAIN_SEPARATOR(), structHash));
        gopen.cancelAuthorization(consumer, "one", _sign(consumerKey, digest));
        // Another's payment lies ready beside it: it pays for nobody else's.
        IPaymentInbox.Payment memory other = _payment(consumer, 1e18, "two", consumerKey);
        // it should refuse a payment that the consumer cancelled
        _openFails(
            p, abi.encodeWithSelector(ERC3009Upgradeable.ERC3009UsedAuthorization.selector, consumer, bytes32("one"))
        );
        _open(other, 1);
    }

    function test_RevertWhen_TwoPaymentsShareOneBalance() public {
        _open(_payment(consumer, WRAPPED, "one", consumerKey), 2);
        // it should refuse a payment that the balance does not cover
        _openFails(
            _payment(consumer, 1e18, "two", consumerKey),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, consumer, 0, 1e18)
        );
    }

    function test_RevertWhen_ThePaymentIsOutOfItsWindow() public {
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        bytes memory why = abi.encodeWithSelector(
            ERC3009Upgradeable.ERC3009InvalidAuthorizationTime.selector, p.validAfter, p.validBefore
        );
        uint256 start = block.timestamp;
        // it should refuse a payment outside its window
        vm.warp(p.validBefore);
        _openFails(p, why);
        vm.warp(p.validAfter);
        _openFails(p, why);
        vm.warp(start);
        _open(p, 1);
    }

    function testFuzz_RevertWhen_AnythingButTheSignedPaymentIsOpened(
        address from,
        uint96 value,
        uint40 until,
        bytes32 nonce
    ) public {
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        value = uint96(bound(value, 1, WRAPPED));
        until = uint40(bound(until, block.timestamp + 1, type(uint40).max));
        vm.assume(from != consumer || value != p.value || until != p.validBefore || nonce != p.nonce);
        vm.assume(from.code.length == 0);
        (p.consumer, p.value, p.validBefore, p.nonce) = (from, value, until, nonce);
        // it should refuse anything but what the consumer signed
        _openFails(p, abi.encodeWithSelector(BAD_SIGNATURE));
        _assertEmpty();
    }

    function test_RevertWhen_ThePaymentIsForAnotherNode() public {
        vm.prank(stranger);
        uint40 other = uint40(agents.register("store:0x"));
        address theirs = inboxes.create(other);
        IPaymentInbox.Payment memory p = _payment(theirs, consumer, 1e18, "one", consumerKey);
        // it should refuse a payment to another node
        _openFails(p, abi.encodeWithSelector(BAD_SIGNATURE));
    }

    function test_RevertWhen_TheChannelExists() public {
        bytes32 nonce = _nonce(1, nodeSigner);
        vm.prank(stranger);
        bytes32 id = escrow.openChannelFor(consumer, nodeId, nonce);
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        // it should refuse a channel that somebody opened before
        _openFails(p, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ChannelExists.selector, id));
        // Nothing has moved, and the next choice of nonce is as good.
        assertEq(gopen.balanceOf(consumer), WRAPPED);
        _open(p, 2);
    }

    function test_RevertWhen_NobodyCouldSign() public {
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        // it should refuse a channel without a signer
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroSigner.selector);
        vm.prank(operator);
        inbox.open(p, _nonce(1, address(0)));
    }

    function test_TheWalletOfTheNodeMayChange() public {
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        vm.prank(operator);
        agents.transferFrom(operator, stranger, nodeId);
        // it should follow the node's agent wallet
        _openFails(p, abi.encodeWithSelector(IPaymentInbox.PaymentInbox_NotNode.selector, nodeId, operator));
        vm.prank(stranger);
        inbox.open(p, _nonce(1, nodeSigner));
    }

    // ---------------------------------------------------------------------------------------------------------- close

    function testFuzz_RevertWhen_SomebodyElseExecutesThePayment(address caller) public {
        vm.assume(caller != address(inbox));
        IPaymentInbox.Payment memory p = _payment(consumer, 1e18, "one", consumerKey);
        // it should let nobody execute a payment past the inbox
        bytes memory why =
            abi.encodeWithSelector(IGovernanceOpen.GovernanceOpen_PullOnly.selector, address(inbox), caller);
        vm.expectRevert(why);
        vm.prank(caller);
        gopen.transferWithAuthorization(
            consumer, address(inbox), p.value, p.validAfter, p.validBefore, p.nonce, p.signature
        );
        (bytes32 r, bytes32 s) = (bytes32(_slice(p.signature, 0)), bytes32(_slice(p.signature, 32)));
        vm.expectRevert(why);
        vm.prank(caller);
        gopen.transferWithAuthorization(
            consumer, address(inbox), p.value, p.validAfter, p.validBefore, p.nonce, uint8(p.signature[64]), r, s
        );
        _open(p, 1);
    }

    function test_ClosingTwiceChangesNothing() public {
        assertTrue(gopen.isPullOnly(address(inbox)));
        vm.prank(stranger);
        inbox.close();
        // it should be closed however often it is asked for
        assertTrue(gopen.isPullOnly(address(inbox)));
        _open(_payment(consumer, 1e18, "one", consumerKey), 1);
    }

    // ---------------------------------------------------------------------------------------------------------- views

    function test_AnInboxKnowsItsNode() public {
        // it should name its node
        assertEq(inbox.nodeId(), nodeId);
        // it should take native coin from gOPEN alone
        vm.deal(stranger, 1);
        vm.prank(stranger);
        (bool done, bytes memory why) = address(inbox).call{value: 1}("");
        assertFalse(done);
        assertEq(why, abi.encodeWithSelector(IPaymentInbox.PaymentInbox_NotGovernanceOpen.selector, stranger));
    }

    function test_RevertWhen_TheImplementationItselfIsUsed() public {
        IPaymentInbox implementation = inboxes.IMPLEMENTATION();
        IPaymentInbox.Payment memory p = _payment(address(implementation), consumer, 1e18, "one", consumerKey);
        // it should be no node's inbox before it is cloned
        vm.expectRevert();
        vm.prank(operator);
        implementation.open(p, _nonce(1, nodeSigner));
    }

    function _slice(bytes memory data, uint256 from) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), from))
        }
    }
}
