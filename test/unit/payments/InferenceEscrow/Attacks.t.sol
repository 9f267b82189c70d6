// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {InferenceEscrow} from "../../../../src/payments/InferenceEscrow.sol";
import {SignedVoucher} from "../../../../src/types/Claim.sol";
import {ContractWallet, EscrowFixture} from "./EscrowFixture.sol";

/// @notice What does not work against channels.
contract EscrowAttacksTest is EscrowFixture {
    // ------------------------------------------------------------------------------------------------------- replays

    function test_RevertWhen_AVoucherComesFromAnotherChain() public {
        SignedVoucher memory v = _voucher(1e18);
        vm.chainId(1);
        SignedVoucher[] memory vouchers = _one(v);
        // The channel is there, as after a fork, but the domain is another.
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        escrow.collect(nodeId, address(0), vouchers);
        v.acceptance = _sign(operatorKey, escrow.acceptanceDigest(escrow.voucherDigest(v), ROOT));
        v.signature = _sign(consumerKey, escrow.voucherDigest(v));
        vm.chainId(31_337);
        vouchers = _one(v);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        escrow.collect(nodeId, operator, vouchers);
    }

    function test_RevertWhen_AVoucherComesFromAnotherEscrow() public {
        SignedVoucher memory v = _voucher(1e18);
        InferenceEscrow second = _newEscrow(address(this));
        vm.prank(consumer);
        bytes32 id = second.openChannel{value: 2e18}(nodeId, consumer, bytes32(0));
        SignedVoucher[] memory vouchers = _one(v);
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, channelId));
        second.collect(nodeId, address(0), vouchers);
        vouchers[0].channelId = id;
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        second.collect(nodeId, address(0), vouchers);
    }

    function test_RevertWhen_AVoucherIsForAnotherNodesChannel() public {
        vm.prank(stranger);
        uint40 other = uint40(agents.register("store:0x"));
        vm.prank(consumer);
        bytes32 id = escrow.openChannel{value: 2e18}(other, consumer, bytes32(0));
        SignedVoucher memory v = _voucher(1e18);
        v.channelId = id;
        SignedVoucher[] memory vouchers = _one(v);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        escrow.collect(other, address(0), vouchers);
    }

    function test_RevertWhen_AVoucherIsInABatchTwice() public {
        SignedVoucher[] memory vouchers = new SignedVoucher[](2);
        vouchers[0] = _voucher(1e18);
        vouchers[1] = vouchers[0];
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_WrongEpoch.selector, channelId, 1, 0));
        escrow.collect(nodeId, address(0), vouchers);
    }

    function test_TwoVouchersOfOneEpochPayOnce() public {
        SignedVoucher memory less = _voucher(1e18);
        SignedVoucher memory more = _voucher(2e18);
        assertEq(_collect(more), 2e18);
        _refused(less, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_WrongEpoch.selector, channelId, 1, 0));
    }

    // ------------------------------------------------------------------------------------------------------ re-entry

    function test_AConsumerThatCallsBackGetsNothingTwice() public {
        ContractWallet wallet = new ContractWallet(consumer);
        vm.deal(address(this), 5e18);
        bytes32 id = escrow.openChannelFor{value: 5e18}(address(wallet), nodeId, _nonce(1, session));
        wallet.execute(address(escrow), 0, abi.encodeCall(escrow.requestWithdraw, (id, 2e18)));
        wallet.callBack(address(escrow), abi.encodeCall(escrow.withdraw, (id)));
        skip(EXIT_DELAY);
        escrow.withdraw(id);
        assertTrue(wallet.called());
        assertFalse(wallet.succeeded());
        assertEq(address(wallet).balance, 2e18);
        assertEq(escrow.channel(id).deposit, 3e18);
    }

    function test_OneWithdrawalIsOverBeforeTheNext() public {
        ContractWallet wallet = new ContractWallet(consumer);
        vm.deal(address(this), 5e18);
        bytes32[2] memory ids;
        for (uint256 i = 0; i < 2; ++i) {
            ids[i] = escrow.openChannelFor{value: 2e18}(address(wallet), nodeId, _nonce(uint96(i + 1), session));
            wallet.execute(address(escrow), 0, abi.encodeCall(escrow.requestWithdraw, (ids[i], 1e18)));
        }
        wallet.callBack(address(escrow), abi.encodeCall(escrow.withdraw, (ids[1])));
        skip(EXIT_DELAY);
        escrow.withdraw(ids[0]);
        assertTrue(wallet.called());
        assertFalse(wallet.succeeded());
        assertEq(address(wallet).balance, 1e18);
    }

    function test_AConsumerThatAsksAgainWhileItIsPaidWaitsAgain() public {
        ContractWallet wallet = new ContractWallet(consumer);
        vm.deal(address(this), 5e18);
        bytes32 id = escrow.openChannelFor{value: 5e18}(address(wallet), nodeId, _nonce(1, session));
        wallet.execute(address(escrow), 0, abi.encodeCall(escrow.requestWithdraw, (id, 2e18)));
        wallet.callBack(address(escrow), abi.encodeCall(escrow.requestExit, (id)));
        skip(EXIT_DELAY);
        escrow.withdraw(id);
        assertTrue(wallet.succeeded());
        assertEq(escrow.channel(id).exitAmount, 3e18);
        assertEq(escrow.channel(id).exitAt, block.timestamp + EXIT_DELAY);
    }

    // -------------------------------------------------------------------------------------------------------- griefs

    function test_DustCannotHoldUpAnExit() public {
        vm.prank(consumer);
        escrow.requestExit(channelId);
        uint40 exitAt = escrow.channel(channelId).exitAt;
        vm.deal(stranger, 10);
        for (uint256 i = 0; i < 10; ++i) {
            vm.prank(stranger);
            escrow.topUp{value: 1}(channelId);
        }
        vm.warp(exitAt);
        escrow.withdraw(channelId);
        assertEq(escrow.channel(channelId).deposit, 10, "the dust is the consumer's, when it wants it");
    }

    function test_DustCannotUseUpAnAuthorization() public {
        // Only the escrow can use an authorization to it, and a channel opened before is topped up.
        vm.deal(address(this), 3e18);
        gopen.depositTo{value: 3e18}(consumer);
        bytes32 nonce = _nonce(9, session);
        bytes32 id = escrow.channelIdOf(consumer, nodeId, nonce);
        IInferenceEscrow.Authorization memory a = _authorization(consumer, id, 3e18, consumerKey);
        vm.prank(stranger);
        vm.expectRevert();
        gopen.receiveWithAuthorization(consumer, address(escrow), a.value, a.validAfter, a.validBefore, id, a.signature);
        vm.prank(stranger);
        escrow.openChannelFor(consumer, nodeId, nonce);
        escrow.openChannelWithAuthorization(consumer, nodeId, nonce, a);
        assertEq(escrow.channel(id).deposit, 3e18);
    }

    function test_AStrangerCannotTakeAnIdOfAnotherWithItsOwnSigner() public {
        // The consumer's channel has a signer that the nonce does not name: nobody else can open it.
        bytes32 mine = escrow.channelIdOf(consumer, nodeId, "mine");
        vm.prank(stranger);
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroSigner.selector);
        escrow.openChannelFor(consumer, nodeId, bytes32("mine"));
        vm.prank(consumer);
        assertEq(escrow.openChannel(nodeId, session, "mine"), mine);
        assertEq(escrow.channel(mine).signer, session);
    }

    // ------------------------------------------------------------------------------------------------------ extremes

    function test_TheLargestChannelSpendsItAll() public {
        uint256 most = uint256(type(uint64).max) * 1 gwei;
        vm.deal(stranger, most);
        vm.prank(stranger);
        bytes32 id = escrow.openChannel{value: most}(nodeId, session, "most");
        assertEq(_collect(_voucher(id, uint96(most), sessionKey)), most);
        assertEq(escrow.channel(id).settled, most);
        SignedVoucher memory v = _unsigned(id, 0);
        v.cumulativeFee = type(uint96).max;
        v.signature = _sign(sessionKey, escrow.voucherDigest(v));
        _refused(
            v,
            abi.encodeWithSelector(
                IInferenceEscrow.InferenceEscrow_FeeExceedsDeposit.selector, id, most, type(uint96).max
            )
        );
    }

    function test_AChannelWithoutADepositPaysNothing() public {
        vm.prank(stranger);
        bytes32 id = escrow.openChannel(nodeId, session, "empty");
        _refused(
            _voucher(id, 1 gwei, sessionKey),
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_FeeExceedsDeposit.selector, id, 0, 1 gwei)
        );
        assertEq(_collect(_voucher(id, 0, sessionKey)), 0);
    }

    /// @dev Whatever happens in whatever order: the channel never pays more than its deposit, and every wei is somewhere.
    function testFuzz_ADepositIsSpentOrGivenBackAndNeverTwice(uint256 seed) public {
        uint256 added = DEPOSIT;
        uint256 received = address(this).balance;
        uint256 returned = consumer.balance;
        vm.deal(stranger, type(uint96).max);
        for (uint256 i = 0; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            IInferenceEscrow.Channel memory c = escrow.channel(channelId);
            uint96 left = c.deposit - c.settled;
            uint96 amount = uint96(seed >> 8) % (left + 1);
            if (seed % 5 == 0) _collect(_voucher(amount / 1 gwei * 1 gwei));
            if (seed % 5 == 1) {
                vm.prank(consumer);
                escrow.requestWithdraw(channelId, amount);
            }
            if (seed % 5 == 2) vm.warp(vm.getBlockTimestamp() + seed % 12);
            if (seed % 5 == 3 && c.exitAt != 0 && vm.getBlockTimestamp() >= c.exitAt) escrow.withdraw(channelId);
            if (seed % 5 == 4) {
                vm.prank(stranger);
                escrow.topUp{value: amount + 1}(channelId);
                added += amount + 1;
            }
            c = escrow.channel(channelId);
            assertLe(c.settled, c.deposit);
            assertEq(address(escrow).balance, c.deposit - c.settled);
            assertEq(address(this).balance - received, c.settled);
            assertEq(added, c.deposit + consumer.balance - returned);
        }
    }
}
