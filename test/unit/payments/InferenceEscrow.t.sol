// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAttributionSettlement} from "../../../src/interfaces/IAttributionSettlement.sol";
import {IInferenceEscrow} from "../../../src/interfaces/IInferenceEscrow.sol";
import {SignedVoucher} from "../../../src/types/Claim.sol";
import {Thread} from "../../utils/Thread.sol";

contract InferenceEscrowTest is Thread {
    function _voucher(uint32 epoch, uint96 settled, uint96 cumulative) private view returns (SignedVoucher memory v) {
        v.channelId = channelId;
        v.epoch = epoch;
        v.settledFee = settled;
        v.cumulativeFee = cumulative;
        v.receiptsRoot = keccak256("receipts");
        v.receiptCount = 1;
        v.signature = _signed(consumerKey, v);
    }

    function _signed(uint256 key, SignedVoucher memory v) private view returns (bytes memory) {
        (uint8 sv, bytes32 r, bytes32 s) = vm.sign(key, d.escrow.voucherDigest(v));
        return abi.encodePacked(r, s, sv);
    }

    function _accepted(uint256 key, SignedVoucher memory v) private view returns (bytes memory) {
        (uint8 sv, bytes32 r, bytes32 s) =
            vm.sign(key, d.escrow.acceptanceDigest(d.escrow.voucherDigest(v), v.receiptsRoot));
        return abi.encodePacked(r, s, sv);
    }

    function _redeem(address caller, SignedVoucher memory v) private {
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = v;
        vm.prank(caller);
        d.settlement.redeem(nodeId, vouchers);
    }

    function test_AChannelIsNamedByChainEscrowConsumerNodeAndNonce() public view {
        bytes32 expected = keccak256(abi.encode(block.chainid, address(d.escrow), consumer, nodeId, bytes32(0)));
        assertEq(channelId, expected);
        IInferenceEscrow.Channel memory c = d.escrow.channel(channelId);
        assertEq(c.consumer, consumer);
        assertEq(c.signer, consumer);
        assertEq(c.nodeId, nodeId);
        assertEq(c.deposit, DEPOSIT);
    }

    function test_AVoucherPaysExactlyWhatWasSigned() public {
        _redeem(operator, _voucher(0, 0, 3e18));
        IInferenceEscrow.Channel memory c = d.escrow.channel(channelId);
        assertEq(c.settled, 3e18);
        assertEq(c.epoch, 1);
        assertEq(address(d.settlement).balance, 3e18);
        _redeem(operator, _voucher(1, 3e18, 4e18));
        assertEq(address(d.settlement).balance, 4e18);
        assertEq(address(d.escrow).balance, DEPOSIT - 4e18);
    }

    function test_RevertWhen_AVoucherIsUsedTwice() public {
        SignedVoucher memory v = _voucher(0, 0, 3e18);
        _redeem(operator, v);
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = v;
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_WrongEpoch.selector, channelId, 1, 0));
        vm.prank(operator);
        d.settlement.redeem(nodeId, vouchers);
    }

    function _assertReverts(SignedVoucher memory v, bytes memory why) private {
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = v;
        vm.expectRevert(why);
        vm.prank(operator);
        d.settlement.redeem(nodeId, vouchers);
    }

    function test_RevertWhen_AVoucherDoesNotFitTheChannel() public {
        SignedVoucher memory v = _voucher(0, 1e18, 3e18);
        _assertReverts(
            v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_WrongSettledFee.selector, channelId, 0, 1e18)
        );
        v = _voucher(0, 0, DEPOSIT + 1e9);
        _assertReverts(
            v,
            abi.encodeWithSelector(
                IInferenceEscrow.InferenceEscrow_FeeExceedsDeposit.selector, channelId, DEPOSIT, DEPOSIT + 1e9
            )
        );
        v = _voucher(0, 0, 1e18 + 1);
        _assertReverts(
            v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_FeeNotWholeGwei.selector, channelId, 1e18 + 1)
        );
        v = _voucher(0, 0, 1e18);
        v.receiptsRoot = 0;
        _assertReverts(v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_EmptyVoucher.selector, channelId));
        v = _voucher(0, 0, 1e18);
        v.channelId = keccak256("none");
        _assertReverts(v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, v.channelId));
    }

    function testFuzz_RevertWhen_AnythingButTheSignedVoucherIsRedeemed(uint96 fee, uint32 count, bytes32 root) public {
        SignedVoucher memory v = _voucher(0, 0, 1e18);
        fee = fee % 90e9 * 1e9;
        vm.assume(count != 0 && root != 0 && (fee != 1e18 || count != 1 || root != v.receiptsRoot));
        (v.cumulativeFee, v.receiptCount, v.receiptsRoot) = (fee, count, root);
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = v;
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        vm.prank(operator);
        d.settlement.redeem(nodeId, vouchers);
    }

    function test_RevertWhen_SomebodyElseSigned() public {
        SignedVoucher memory v = _voucher(0, 0, 1e18);
        v.signature = _signed(operatorKey, v);
        _assertReverts(
            v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_BadSignature.selector, channelId, operator)
        );
        v.signature = "";
        _assertReverts(
            v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_BadSignature.selector, channelId, address(0))
        );
    }

    function test_AnyoneRedeemsWhatTheNodeAccepted() public {
        SignedVoucher memory v = _voucher(0, 0, 1e18);
        v.acceptance = _accepted(operatorKey, v);
        _redeem(stranger, v);
        assertEq(d.escrow.channel(channelId).settled, 1e18);
    }

    function test_RevertWhen_AStrangerRedeemsWithoutAcceptance() public {
        SignedVoucher memory v = _voucher(0, 0, 1e18);
        v.acceptance = _accepted(consumerKey, v);
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = v;
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotAccepted.selector, channelId, consumer)
        );
        vm.prank(stranger);
        d.settlement.redeem(nodeId, vouchers);
    }

    function test_ASessionKeySpendsForItsConsumer() public {
        (address key, uint256 secret) = makeAddrAndKey("session");
        vm.deal(consumer, 1e18);
        vm.prank(consumer);
        bytes32 id = d.escrow.openChannel{value: 1e18}(nodeId, key, keccak256("second"));
        SignedVoucher memory v = _voucher(0, 0, 1e18);
        v.channelId = id;
        v.signature = _signed(secret, v);
        _redeem(operator, v);
        assertEq(d.escrow.channel(id).settled, 1e18);
    }

    function test_TheConsumerLeavesAfterTheExitDelay() public {
        _redeem(operator, _voucher(0, 0, 3e18));
        vm.prank(consumer);
        d.escrow.requestExit(channelId);
        uint40 exitAt = d.escrow.channel(channelId).exitAt;
        assertEq(exitAt, block.timestamp + 10);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ExitNotReady.selector, channelId, exitAt)
        );
        d.escrow.withdraw(channelId);
        // What was signed before can still be redeemed inside the delay.
        _redeem(operator, _voucher(1, 3e18, 5e18));
        vm.warp(exitAt);
        d.escrow.withdraw(channelId);
        assertEq(consumer.balance, DEPOSIT - 5e18);
        assertEq(address(d.escrow).balance, 0);
        assertEq(d.escrow.channel(channelId).epoch, 2, "epochs go on");
    }

    function test_AnyoneMayTopUp() public {
        vm.deal(stranger, 1e18);
        vm.prank(stranger);
        d.escrow.topUp{value: 1e18}(channelId);
        assertEq(d.escrow.channel(channelId).deposit, DEPOSIT + 1e18);
    }

    function test_RevertWhen_AChannelIsOpenedWrongly() public {
        vm.startPrank(consumer);
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ChannelExists.selector, channelId));
        d.escrow.openChannel(nodeId, consumer, bytes32(0));
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroSigner.selector);
        d.escrow.openChannel(nodeId, address(0), keccak256("x"));
        vm.expectRevert();
        d.escrow.openChannel(99, consumer, keccak256("x"));
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotConsumer.selector, channelId, stranger)
        );
        vm.prank(stranger);
        d.escrow.requestExit(channelId);
    }

    function test_RevertWhen_AnyoneButTheSettlementCollects() public {
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = _voucher(0, 0, 1e18);
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotSettlement.selector, operator));
        vm.prank(operator);
        d.escrow.collect(nodeId, operator, vouchers);
    }

    function test_RevertWhen_AnyoneSendsMoneyToTheSettlement() public {
        vm.deal(stranger, 1);
        vm.prank(stranger);
        (bool sent, bytes memory why) = address(d.settlement).call{value: 1}("");
        assertFalse(sent);
        assertEq(bytes4(why), IAttributionSettlement.AttributionSettlement_NotEscrow.selector);
    }

    function test_RevertWhen_AnyoneButGovernanceUpgrades() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        d.escrow.upgradeToAndCall(address(this), "");
    }
}
