// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {Batch, Claim, ClaimStatus, NodeState, SignedVoucher} from "../../../../src/types/Claim.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementRedeemTest is SettlementTest {
    // ------------------------------------------------------------------------------------------------------ redeem

    function test_RevertWhen_ThereAreNoVouchers() public {
        // it should revert
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_NoVouchers.selector);
        settlement.redeem(nodeId, new SignedVoucher[](0));
    }

    function test_RevertWhen_ThereAreTooManyVouchers() public {
        // it should revert
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_TooManyVouchers.selector, 513, 512)
        );
        settlement.redeem(nodeId, new SignedVoucher[](513));
    }

    function test_RevertWhen_TheReceiptsCannotBeCounted() public {
        vm.prank(consumer);
        bytes32 second = d.escrow.openChannel(nodeId, consumer, bytes32(uint256(1)));
        SignedVoucher[] memory vouchers = new SignedVoucher[](2);
        vouchers[0] = _voucher(channelId, FEE);
        vouchers[1] = _voucher(second, 0);
        for (uint256 i = 0; i < 2; ++i) {
            vouchers[i].receiptCount = type(uint32).max;
            vouchers[i].signature = _sign(consumerKey, d.escrow.voucherDigest(vouchers[i]));
        }
        // it should revert
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_TooManyReceipts.selector, 2 * uint256(type(uint32).max)
            )
        );
        vm.prank(operator);
        settlement.redeem(nodeId, vouchers);
    }

    function test_RevertWhen_TheEscrowDoesNotSayTheFees() public {
        SignedVoucher[] memory vouchers = _vouchers(FEE);
        vm.mockCall(address(d.escrow), bytes(""), bytes(""));
        // it should revert
        vm.expectRevert(bytes(""));
        vm.prank(operator);
        settlement.redeem(nodeId, vouchers);
    }

    function test_ABatchKeepsTheVouchersRootAndTheVersionOfItsDay() public {
        SignedVoucher[] memory vouchers = _vouchers(FEE);
        bytes32 leaf = keccak256(
            abi.encodePacked(uint8(0x11), channelId, uint32(0), vouchers[0].receiptsRoot, uint32(2), FEE, uint40(0))
        );
        vm.expectEmit();
        emit IAttributionSettlement.VoucherRedeemed(nodeId, channelId, 1, 0, vouchers[0].receiptsRoot, 2, FEE, 0);
        vm.expectEmit();
        emit IAttributionSettlement.BatchAppended(nodeId, 1, leaf, 0, 2, FEE, 2);
        _redeem(FEE);
        // it should append a batch with the vouchers' root, stamped with the version of its day
        Batch memory b = settlement.batch(nodeId, 1);
        assertEq(b.vouchersRoot, leaf);
        assertEq(b.fees, FEE);
        assertEq(b.paramsVersion, 2);
        assertEq(b.redeemedAt, vm.getBlockTimestamp());
        // it should number the receipts on from the last batch
        _redeem(FEE);
        b = settlement.batch(nodeId, 2);
        assertEq(b.firstReceipt, 2);
        assertEq(b.receiptCount, 2);
        assertEq(settlement.node(nodeId).nextReceipt, 4);
        assertEq(settlement.node(nodeId).batches, 2);
    }

    function testFuzz_FeesAreSplitExactly(uint64 gweis) public {
        uint96 fee = uint96(bound(gweis, 1, DEPOSIT / 1e9) * 1e9);
        _redeem(fee);
        // it should split the fees between the counters and the unattributed pool, exactly
        (uint96 burn, uint96 treasury, uint96 stakers) = settlement.counters();
        assertEq(burn, fee * 5 / 100);
        assertEq(treasury, fee * 5 / 100);
        assertEq(stakers, fee / 10);
        assertEq(settlement.node(nodeId).unattributed, uint256(fee) * 8 / 10);
        assertEq(address(settlement).balance, fee);
    }

    function test_AnOpenClaimDoesNotHoldUpRedemptions() public {
        _open(FEE, MODEL_ASSET);
        // it should append the batch all the same
        _redeem(FEE);
        assertEq(settlement.node(nodeId).batches, 2);
    }

    function test_APauseDoesNotHoldUpRedemptions() public {
        vm.prank(guardian);
        settlement.pause();
        // it should append the batch all the same
        _redeem(FEE);
        assertEq(settlement.node(nodeId).batches, 1);
    }

    function test_PlacesOfSettledBatchesAreUsedAgain() public {
        bytes32 first;
        for (uint32 i = 1; i <= 9; ++i) {
            _settle(FEE, MODEL_ASSET);
            settlement.finalize(nodeId);
            if (i == 1) first = settlement.batch(nodeId, 1).vouchersRoot;
        }
        // it should take the place of a settled batch
        assertTrue(first != 0);
        assertEq(settlement.batch(nodeId, 1).vouchersRoot, 0);
        assertEq(settlement.batch(nodeId, 9).firstReceipt, 16);
        assertEq(settlement.batch(nodeId, 10).fees, 0);
    }

    function test_BatchesThatWaitAreAllKept() public {
        for (uint32 i = 0; i < 20; ++i) {
            _redeem(FEE + uint96(i) * 1 gwei);
        }
        // it should keep every one of them
        for (uint32 i = 0; i < 20; ++i) {
            assertEq(settlement.batch(nodeId, i + 1).fees, FEE + uint96(i) * 1 gwei);
            assertEq(settlement.batch(nodeId, i + 1).firstReceipt, 2 * i);
        }
        assertEq(settlement.batch(nodeId, 0).fees, 0);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        assertEq(s.claim.receiptCount, 40);
        _propose(s);
        _final(s);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        assertEq(builder.balance, s.claim.fees * 6 / 10);
    }

    function test_RevertWhen_MoneyComesFromElsewhere() public {
        vm.deal(stranger, 1);
        vm.prank(stranger);
        (bool sent, bytes memory why) = address(settlement).call{value: 1}("");
        assertFalse(sent);
        assertEq(why, abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NotEscrow.selector, stranger));
    }

    // -------------------------------------------------------------------------------------------- redeemAndPropose

    /// @dev The claim over a batch that is about to be redeemed.
    function _ahead(uint96 fee) private returns (Settled memory s) {
        uint256 snapshot = vm.snapshotState();
        _redeem(fee);
        s = _claim(nodeId, MODEL_ASSET);
        vm.revertToState(snapshot);
    }

    function test_OneTransactionSettlesRedeemsAndProposes() public {
        Settled memory first = _settle(FEE, MODEL_ASSET);
        Settled memory s = _ahead(2 * FEE);
        SignedVoucher[] memory vouchers = _vouchers(2 * FEE);
        vm.prank(operator);
        settlement.redeemAndPropose(nodeId, vouchers, s.claim, DATA, LOCATOR);
        // it should settle it, append the batch and propose the claim over it
        NodeState memory n = settlement.node(nodeId);
        assertEq(n.finalClaim, settlement.claimIdOf(first.claim));
        assertEq(n.openClaim, settlement.claimIdOf(s.claim));
        assertEq(n.openTotal, n.finalTotal + 2 * FEE * 6 / 10);
        assertEq(n.openNodeShare, 2 * FEE / 5);
        assertEq(n.nodeShare, FEE / 5);
        assertEq(n.openProposer, nodeId);
        assertEq(n.settledBatches, 1);
        assertEq(n.openToBatch, 2);
        assertEq(n.proposals, 2);
        _assertStatus(s, ClaimStatus.Proposed);
    }

    function test_RevertWhen_AClaimIsStillOpen() public {
        Settled memory first = _open(FEE, MODEL_ASSET);
        bytes32 open = settlement.claimIdOf(first.claim);
        uint40 end = settlement.claimRecord(open).end;
        SignedVoucher[] memory vouchers = _vouchers(FEE);
        // it should revert and redeem nothing
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimOpen.selector, open, end)
        );
        vm.prank(operator);
        settlement.redeemAndPropose(nodeId, vouchers, first.claim, DATA, LOCATOR);
        assertEq(settlement.node(nodeId).batches, 1);
    }

    function test_RevertWhen_TheClaimIsAnotherNodes() public {
        SignedVoucher[] memory vouchers = _vouchers(FEE);
        Claim memory c;
        c.nodeId = nodeId + 1;
        // it should revert because of the node
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongNode.selector, nodeId + 1, nodeId)
        );
        vm.prank(operator);
        settlement.redeemAndPropose(nodeId, vouchers, c, DATA, LOCATOR);
    }

    function test_OlderBatchesKeepTheirVersion() public {
        _redeem(FEE);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        vm.prank(address(d.timelock));
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        SignedVoucher[] memory vouchers = _vouchers(FEE);
        vm.prank(operator);
        settlement.redeemAndPropose(nodeId, vouchers, s.claim, DATA, LOCATOR);
        // it should propose under the version of the batches
        assertEq(s.claim.paramsVersion, 2);
        assertEq(settlement.batch(nodeId, 2).paramsVersion, 3);
        _assertStatus(s, ClaimStatus.Proposed);
    }
}
