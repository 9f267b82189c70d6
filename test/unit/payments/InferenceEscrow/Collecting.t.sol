// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {InferenceEscrow} from "../../../../src/payments/InferenceEscrow.sol";
import {SignedVoucher} from "../../../../src/types/Claim.sol";
import {EscrowFixture} from "./EscrowFixture.sol";

/// @notice What vouchers pay.
contract EscrowCollectingTest is EscrowFixture {
    /// @dev Order of secp256k1.
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function _why(bytes4 selector, uint256 expected, uint256 given) private view returns (bytes memory) {
        return abi.encodeWithSelector(selector, channelId, expected, given);
    }

    function _resigned(SignedVoucher memory v) private view returns (SignedVoucher memory) {
        v.signature = _sign(consumerKey, escrow.voucherDigest(v));
        return v;
    }

    function _accepted(SignedVoucher memory v, bytes32 digest, uint256 key) private view returns (bytes memory) {
        return _sign(key, escrow.acceptanceDigest(digest, v.receiptsRoot));
    }

    function _notAccepted(address recovered) private view returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotAccepted.selector, channelId, recovered);
    }

    // ------------------------------------------------------------------------------------------------- who may collect

    function test_RevertWhen_AnyoneButTheSettlementCollects() public {
        SignedVoucher[] memory vouchers = _one(_voucher(1e18));
        // it should let nobody but the settlement collect
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotSettlement.selector, operator));
        vm.prank(operator);
        escrow.collect(nodeId, address(0), vouchers);
    }

    function test_RevertWhen_TheChannelIsNotTheNodes() public {
        SignedVoucher memory v = _voucher(1e18);
        v.channelId = "x";
        // it should refuse the voucher of an unknown channel
        _refused(v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, bytes32("x")));
        vm.prank(stranger);
        uint40 other = uint40(agents.register("store:0x"));
        SignedVoucher[] memory vouchers = _one(_voucher(1e18));
        // it should refuse a voucher for another node
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_WrongNode.selector, channelId, nodeId));
        escrow.collect(other, address(0), vouchers);
    }

    // ------------------------------------------------------------------------------------------------ what must hold

    function testFuzz_RevertWhen_AVoucherIsNotTheNext(uint32 epoch, uint96 settled) public {
        vm.assume(epoch != 1 && settled != 2e18);
        _collect(_voucher(2e18));
        SignedVoucher memory v = _voucher(1e18);
        v.epoch = epoch;
        // it should refuse a voucher of a past or future epoch
        _refused(_resigned(v), _why(IInferenceEscrow.InferenceEscrow_WrongEpoch.selector, 1, epoch));
        v.epoch = 1;
        v.settledFee = settled;
        // it should refuse a voucher on another settled fee
        _refused(_resigned(v), _why(IInferenceEscrow.InferenceEscrow_WrongSettledFee.selector, 2e18, settled));
    }

    function testFuzz_RevertWhen_AFeeDoesNotFit(uint96 fee) public {
        _collect(_voucher(2e18));
        SignedVoucher memory v = _unsigned(channelId, 0);
        v.cumulativeFee = fee;
        v = _resigned(v);
        if (fee < 2e18) {
            // it should refuse a cumulative fee below the settled one
            _refused(v, _why(IInferenceEscrow.InferenceEscrow_FeeBelowSettled.selector, 2e18, fee));
        } else if (fee > DEPOSIT) {
            // it should refuse more than the deposit and pay no part of it
            _refused(v, _why(IInferenceEscrow.InferenceEscrow_FeeExceedsDeposit.selector, DEPOSIT, fee));
        }
        fee = uint96(bound(fee, 2e18, DEPOSIT));
        v.cumulativeFee = fee;
        v = _resigned(v);
        uint96 more = fee - 2e18;
        if (more % 1 gwei != 0) {
            // it should refuse a fraction of a gwei
            return _refused(
                v, abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_FeeNotWholeGwei.selector, channelId, more)
            );
        }
        assertEq(_collect(v), more);
    }

    function test_RevertWhen_AVoucherIsEmpty() public {
        // it should refuse a voucher without receipts or root
        bytes memory why = abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_EmptyVoucher.selector, channelId);
        SignedVoucher memory v = _unsigned(channelId, 1e18);
        v.receiptCount = 0;
        _refused(_resigned(v), why);
        v = _unsigned(channelId, 1e18);
        v.receiptsRoot = 0;
        _refused(_resigned(v), why);
        (v,) = _prepaid(1e18, 0);
        _refused(v, why);
    }

    function testFuzz_RevertWhen_TheSignerSignedSomethingElse(uint96 fee, bytes32 root, uint32 count) public {
        SignedVoucher memory v = _voucher(1e18);
        fee = uint96(bound(fee, 0, DEPOSIT / 1 gwei)) * 1 gwei;
        vm.assume(root != 0 && count != 0 && (fee != 1e18 || root != ROOT || count != 3));
        (v.cumulativeFee, v.receiptsRoot, v.receiptCount) = (fee, root, count);
        SignedVoucher[] memory vouchers = _one(v);
        // it should refuse anything but what was signed
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        escrow.collect(nodeId, address(0), vouchers);
    }

    function test_RevertWhen_TheSignatureIsNone() public {
        // it should refuse what is not a signature, and its mirror image
        SignedVoucher memory v = _voucher(1e18);
        bytes memory good = v.signature;
        v.signature = "";
        _refused(v, _notSignedBy(channelId, address(0)));
        v.signature = new bytes(65);
        _refused(v, _notSignedBy(channelId, address(0)));
        v.signature = abi.encodePacked(good, uint8(0));
        _refused(v, _notSignedBy(channelId, address(0)));
        (bytes32 r, bytes32 s, uint8 sv) = _parts(good);
        v.signature = abi.encodePacked(r, bytes32(N - uint256(s)), sv == 27 ? uint8(28) : uint8(27));
        _refused(v, _notSignedBy(channelId, address(0)));
        v.signature = _sign(operatorKey, escrow.voucherDigest(v));
        _refused(v, _notSignedBy(channelId, operator));
    }

    function _parts(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    // ------------------------------------------------------------------------------------------------------- paying

    function testFuzz_AVoucherPaysWhatWasSigned(uint96 first, uint96 second) public {
        first = uint96(bound(first, 0, DEPOSIT / 1 gwei)) * 1 gwei;
        second = uint96(bound(second, 0, (DEPOSIT - first) / 1 gwei)) * 1 gwei;
        uint256 before = address(this).balance;
        // it should pay exactly what was signed
        assertEq(_collect(_voucher(first)), first);
        assertEq(_collect(_voucher(second)), second);
        assertEq(address(this).balance - before, uint256(first) + second);
        IInferenceEscrow.Channel memory c = escrow.channel(channelId);
        assertEq(c.settled, first + second);
        assertEq(c.epoch, 2);
        assertEq(c.deposit, DEPOSIT);
        assertEq(address(escrow).balance, DEPOSIT - first - second);
    }

    function test_SeveralVouchersPayTheirSum() public {
        vm.deal(stranger, 9e18);
        vm.prank(stranger);
        bytes32 other = escrow.openChannel{value: 9e18}(nodeId, session, "other");
        SignedVoucher[] memory vouchers = new SignedVoucher[](3);
        vouchers[0] = _voucher(1e18);
        vouchers[1] = _voucher(other, 2e18, sessionKey);
        vouchers[2] = _unsigned(channelId, 0);
        (vouchers[2].epoch, vouchers[2].settledFee, vouchers[2].cumulativeFee) = (1, 1e18, 5e18);
        vouchers[2] = _resigned(vouchers[2]);
        uint256 before = address(this).balance;
        // it should pay their sum in one transfer
        assertEq(escrow.collect(nodeId, address(0), vouchers), 7e18);
        assertEq(address(this).balance - before, 7e18);
        assertEq(escrow.channel(channelId).settled, 5e18);
        assertEq(escrow.channel(other).settled, 2e18);
    }

    function test_AFreeVoucherCounts() public {
        // it should count a free voucher without a transfer
        assertEq(_collect(_voucher(0)), 0);
        assertEq(escrow.channel(channelId).epoch, 1);
    }

    function test_RevertWhen_TheSettlementRefusesTheMoney() public {
        Refusing refuser = new Refusing();
        InferenceEscrow fresh = _newEscrow(address(refuser));
        vm.prank(consumer);
        bytes32 id = fresh.openChannel{value: 2e18}(nodeId, consumer, bytes32(0));
        SignedVoucher memory v = _unsigned(channelId, 1e18);
        v.channelId = id;
        v.signature = _sign(consumerKey, fresh.voucherDigest(v));
        SignedVoucher[] memory vouchers = _one(v);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_SendFailed.selector, address(refuser), 1e18)
        );
        refuser.collect(fresh, nodeId, vouchers);
        // it should book nothing when the settlement refuses the money
        assertEq(fresh.channel(id).settled, 0);
    }

    // --------------------------------------------------------------------------------------------------- acceptances

    function test_AnyoneRedeemsWhatTheNodeAccepted() public {
        SignedVoucher memory v = _voucher(1e18);
        bytes32 digest = escrow.voucherDigest(v);
        // it should need the acceptance of the agent wallet
        _refused(v, operator, _notAccepted(address(0)));
        v.acceptance = _accepted(v, digest, consumerKey);
        _refused(v, operator, _notAccepted(consumer));
        v.acceptance = _accepted(v, digest, operatorKey);
        assertEq(escrow.collect(nodeId, operator, _one(v)), 1e18);
    }

    function test_RevertWhen_TheAcceptanceIsOfSomethingElse() public {
        SignedVoucher memory v = _voucher(1e18);
        bytes32 digest = escrow.voucherDigest(v);
        // it should refuse the acceptance of another voucher or root
        v.acceptance = _accepted(v, keccak256("another"), operatorKey);
        SignedVoucher[] memory vouchers = _one(v);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_NotAccepted.selector);
        escrow.collect(nodeId, operator, vouchers);
        v.acceptance = _sign(operatorKey, escrow.acceptanceDigest(digest, keccak256("another")));
        vouchers = _one(v);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_NotAccepted.selector);
        escrow.collect(nodeId, operator, vouchers);
    }

    // ------------------------------------------------------------------------------------------------------- prepaid

    function testFuzz_ThePrepaidRootIsTheNodes(bytes32 root) public {
        vm.assume(root != 0);
        (SignedVoucher memory v, bytes32 digest) = _prepaid(1e18, root);
        // it should take the root that the agent wallet names
        assertEq(_collect(v), 1e18);
        // The epoch makes it good for once, with whatever root.
        v.receiptsRoot = ~root == 0 ? bytes32("x") : ~root;
        _refused(v, _why(IInferenceEscrow.InferenceEscrow_WrongEpoch.selector, 1, 0));
        (v, digest) = _prepaid(1e18, root);
        v.acceptance = _accepted(v, digest, operatorKey);
        // it should take the root that the agent wallet accepted
        assertEq(escrow.collect(nodeId, operator, _one(v)), 1e18);
    }

    function test_RevertWhen_AStrangerChoosesThePrepaidRoot() public {
        (SignedVoucher memory v, bytes32 digest) = _prepaid(1e18, ROOT);
        // it should refuse any other root
        _refused(v, operator, _notAccepted(address(0)));
        v.acceptance = _accepted(v, digest, operatorKey);
        v.receiptsRoot = "another";
        SignedVoucher[] memory vouchers = _one(v);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_NotAccepted.selector);
        escrow.collect(nodeId, operator, vouchers);
    }

    function test_RevertWhen_APrepaidVoucherIsForMoreThanOneReceipt() public {
        SignedVoucher memory v = _unsigned(channelId, 1e18);
        (v.receiptsRoot, v.receiptCount) = (0, 2);
        v = _resigned(v);
        v.receiptsRoot = ROOT;
        SignedVoucher[] memory vouchers = _one(v);
        // it should refuse a prepaid voucher of more than one receipt
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        escrow.collect(nodeId, address(0), vouchers);
        // Nor may the node say that it was one.
        v.receiptCount = 1;
        vouchers = _one(v);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        escrow.collect(nodeId, address(0), vouchers);
    }

    function test_RevertWhen_TheNodeReplacesARootThatWasSigned() public {
        SignedVoucher memory v = _unsigned(channelId, 1e18);
        v.receiptCount = 1;
        v = _resigned(v);
        v.receiptsRoot = "another";
        SignedVoucher[] memory vouchers = _one(v);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
        escrow.collect(nodeId, address(0), vouchers);
    }

    // --------------------------------------------------------------------------------------------------------- views

    function test_AChannelThatIsNotOpenIsEmpty() public {
        IInferenceEscrow.Channel memory none;
        // it should show nothing of what is not open
        assertEq(abi.encode(escrow.channel("x")), abi.encode(none));
        vm.prank(consumer);
        escrow.setSigner(channelId, session);
        // it should show whose signature counts at this moment
        assertEq(escrow.channel(channelId).signer, consumer);
        skip(EXIT_DELAY);
        assertEq(escrow.channel(channelId).signer, session);
    }

    function testFuzz_DigestsAreEIP712(SignedVoucher calldata v) public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
        bytes memory content = abi.encode(
            keccak256(
                "Voucher(bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount)"
            ),
            v.channelId,
            v.epoch,
            v.settledFee,
            v.cumulativeFee,
            v.receiptsRoot,
            v.receiptCount
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, keccak256(content)));
        // it should hash a voucher as EIP-712 says
        assertEq(escrow.voucherDigest(v), digest);
        content =
            abi.encode(keccak256("VoucherAccepted(bytes32 voucherHash,bytes32 receiptsRoot)"), digest, v.receiptsRoot);
        // it should hash an acceptance as EIP-712 says
        assertEq(
            escrow.acceptanceDigest(digest, v.receiptsRoot),
            keccak256(abi.encodePacked(hex"1901", domain, keccak256(content)))
        );
    }

    function test_AnIdHasOneMeaning() public {
        bytes32 id = escrow.channelIdOf(consumer, nodeId, "n");
        // it should differ with chain, escrow, consumer, node and nonce
        assertNotEq(escrow.channelIdOf(stranger, nodeId, "n"), id);
        assertNotEq(escrow.channelIdOf(consumer, nodeId + 1, "n"), id);
        assertNotEq(escrow.channelIdOf(consumer, nodeId, "m"), id);
        assertNotEq(_newEscrow(address(this)).channelIdOf(consumer, nodeId, "n"), id);
        vm.chainId(1);
        assertNotEq(escrow.channelIdOf(consumer, nodeId, "n"), id);
    }
}

/// @dev A settlement that takes no money.
contract Refusing {
    function collect(InferenceEscrow escrow, uint40 nodeId, SignedVoucher[] calldata vouchers) external {
        escrow.collect(nodeId, address(0), vouchers);
    }
}
