// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {SignedVoucher} from "../../../../src/types/Claim.sol";
import {ContractWallet, EscrowFixture} from "./EscrowFixture.sol";

/// @notice How money gets back to a consumer.
contract EscrowLeavingTest is EscrowFixture {
    function _request(uint96 amount) private {
        vm.prank(consumer);
        escrow.requestWithdraw(channelId, amount);
    }

    // --------------------------------------------------------------------------------------------------- requestExit

    function test_AnExitIsForWhatIsLeftNow() public {
        _collect(_voucher(40e18));
        vm.expectEmit(address(escrow));
        emit IInferenceEscrow.ExitRequested(channelId, 60e18, uint40(block.timestamp) + EXIT_DELAY);
        vm.startPrank(consumer);
        escrow.requestExit(channelId);
        // it should promise what is left now after the exit delay
        assertEq(escrow.channel(channelId).exitAmount, 60e18);
        assertEq(escrow.channel(channelId).exitAt, block.timestamp + EXIT_DELAY);
        escrow.topUp{value: 5e18}(channelId);
        vm.stopPrank();
        skip(EXIT_DELAY);
        uint256 before = consumer.balance;
        escrow.withdraw(channelId);
        // it should not promise what is topped up later
        assertEq(consumer.balance - before, 60e18);
        assertEq(_collect(_voucher(5e18)), 5e18);
    }

    function test_RevertWhen_AnExitIsNotTheConsumers() public {
        // it should not know a channel that is not open
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, bytes32("x")));
        escrow.requestExit("x");
        // it should let nobody but the consumer leave
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotConsumer.selector, channelId, stranger)
        );
        vm.prank(stranger);
        escrow.requestExit(channelId);
    }

    function test_RevertWhen_NothingIsLeft() public {
        _collect(_voucher(DEPOSIT));
        // it should refuse to give back nothing
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroAmount.selector);
        vm.prank(consumer);
        escrow.requestExit(channelId);
    }

    // ----------------------------------------------------------------------------------------------- requestWithdraw

    function test_RevertWhen_AWithdrawalIsNotTheConsumers() public {
        // it should not know what it never opened
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, bytes32("x")));
        escrow.requestWithdraw("x", 1);
        // it should let nobody but the consumer ask
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotConsumer.selector, channelId, stranger)
        );
        vm.prank(stranger);
        escrow.requestWithdraw(channelId, 1);
    }

    function testFuzz_AWithdrawalIsOfWhatIsLeft(uint96 spent, uint96 amount) public {
        spent = uint96(bound(spent, 0, DEPOSIT / 1 gwei)) * 1 gwei;
        _collect(_voucher(spent));
        uint96 left = DEPOSIT - spent;
        amount = uint96(bound(amount, 1, 2 * DEPOSIT));
        if (amount > left) {
            // it should refuse more than is left
            vm.expectRevert(
                abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotSoMuchLeft.selector, channelId, left, amount)
            );
            return _request(amount);
        }
        _request(amount);
        // it should promise the amount after the exit delay
        assertEq(escrow.channel(channelId).exitAmount, amount);
        skip(EXIT_DELAY);
        uint256 before = consumer.balance;
        escrow.withdraw(channelId);
        assertEq(consumer.balance - before, amount);
        assertEq(address(escrow).balance, left - amount);
    }

    function test_ARequestReplacesTheOneBefore() public {
        _request(60e18);
        vm.warp(vm.getBlockTimestamp() + EXIT_DELAY - 1);
        _request(10e18);
        // it should replace the request before and start the delay again
        vm.warp(vm.getBlockTimestamp() + 1);
        uint40 exitAt = uint40(vm.getBlockTimestamp()) + EXIT_DELAY - 1;
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ExitNotReady.selector, channelId, exitAt)
        );
        escrow.withdraw(channelId);
        vm.warp(exitAt);
        escrow.withdraw(channelId);
        assertEq(escrow.channel(channelId).deposit, DEPOSIT - 10e18);
    }

    function test_ARequestIsTakenBack() public {
        _request(60e18);
        vm.expectEmit(address(escrow));
        emit IInferenceEscrow.ExitRequested(channelId, 0, 0);
        _request(0);
        skip(EXIT_DELAY);
        // it should take the request back
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ExitNotReady.selector, channelId, 0));
        escrow.withdraw(channelId);
        assertEq(escrow.channel(channelId).exitAmount, 0);
    }

    // ------------------------------------------------------------------------------------------------------ withdraw

    function test_RevertWhen_NothingMayBeWithdrawnYet() public {
        // it should refuse to pay what nobody asked for
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ExitNotReady.selector, channelId, 0));
        escrow.withdraw(channelId);
        _request(1);
        uint40 exitAt = uint40(vm.getBlockTimestamp()) + EXIT_DELAY;
        vm.warp(exitAt - 1);
        // it should refuse to pay before the delay is over
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ExitNotReady.selector, channelId, exitAt)
        );
        escrow.withdraw(channelId);
    }

    function test_AnyoneCompletesAnExit() public {
        _collect(_voucher(40e18));
        vm.prank(consumer);
        escrow.requestExit(channelId);
        skip(EXIT_DELAY);
        uint256 before = consumer.balance;
        vm.expectEmit(address(escrow));
        emit IInferenceEscrow.ChannelWithdrawn(channelId, consumer, 60e18);
        vm.prank(stranger);
        escrow.withdraw(channelId);
        // it should pay the consumer whoever calls
        assertEq(consumer.balance - before, 60e18);
        assertEq(address(escrow).balance, 0);
        // it should pay once
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ExitNotReady.selector, channelId, 0));
        escrow.withdraw(channelId);
        // it should keep the channel and its epochs
        IInferenceEscrow.Channel memory c = escrow.channel(channelId);
        assertEq(c.epoch, 1);
        assertEq(c.settled, 40e18);
        assertEq(c.deposit, 40e18);
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ChannelExists.selector, channelId));
        vm.prank(consumer);
        escrow.openChannel(nodeId, consumer, bytes32(0));
    }

    function test_ANodeRedeemsInsideTheExitDelayAndEvenLater() public {
        SignedVoucher memory v = _voucher(70e18);
        _request(50e18);
        skip(EXIT_DELAY);
        // The delay is over, but nobody has withdrawn: what is there still pays.
        assertEq(_collect(v), 70e18);
        uint256 before = consumer.balance;
        escrow.withdraw(channelId);
        // it should pay what is left and not more
        assertEq(consumer.balance - before, 30e18);
        assertEq(escrow.channel(channelId).deposit, 70e18);
    }

    function test_AWithdrawalFirstLeavesTooLittleForTheVoucher() public {
        SignedVoucher memory v = _voucher(70e18);
        _request(50e18);
        skip(EXIT_DELAY);
        escrow.withdraw(channelId);
        _refused(
            v,
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_FeeExceedsDeposit.selector, channelId, 50e18, 70e18)
        );
        // What was not asked for was never in danger.
        assertEq(_collect(_voucher(50e18)), 50e18);
    }

    function test_VouchersTookEverything() public {
        vm.prank(consumer);
        escrow.requestExit(channelId);
        _collect(_voucher(DEPOSIT));
        skip(EXIT_DELAY);
        uint256 before = consumer.balance;
        escrow.withdraw(channelId);
        // it should pay nothing and end the request
        assertEq(consumer.balance, before);
        assertEq(escrow.channel(channelId).exitAt, 0);
    }

    function test_RevertWhen_AConsumerRefusesItsMoney() public {
        ContractWallet wallet = new ContractWallet(consumer);
        vm.deal(address(this), 5e18);
        bytes32 id = escrow.openChannelFor{value: 5e18}(address(wallet), nodeId, _nonce(1, session));
        wallet.execute(address(escrow), 0, abi.encodeCall(escrow.requestExit, (id)));
        skip(EXIT_DELAY);
        wallet.refuse(true);
        // it should keep the money of a consumer that refuses it
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_SendFailed.selector, address(wallet), 5e18)
        );
        escrow.withdraw(id);
        wallet.refuse(false);
        escrow.withdraw(id);
        assertEq(address(wallet).balance, 5e18);
    }
}
