// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Vm} from "forge-std/Vm.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../../../src/interfaces/IAttributionSettlement.sol";
import {IPredicate} from "../../../src/interfaces/IPredicate.sol";
import {Claim, ClaimPayouts, ClaimStatus, NodeState, PayoutProof, SignedVoucher} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {FraudTest} from "../../utils/FraudTest.sol";
import {Draft} from "../../utils/Prover.sol";

contract AttributionSettlementTest is FraudTest {
    function _vouchers(Draft memory x) private pure returns (SignedVoucher[] memory vouchers) {
        vouchers = new SignedVoucher[](1);
        vouchers[0] = x.voucher;
    }

    function _redeem(Draft memory x) private {
        vm.prank(operator);
        d.settlement.redeem(nodeId, _vouchers(x));
    }

    function _expect(bytes memory why, Claim memory c, Draft memory x) private {
        vm.expectRevert(why);
        vm.prank(operator);
        d.settlement.proposeClaim(c, x.claimData, LOCATOR);
    }

    // ---------------------------------------------------------------------------------------------- redeem, propose

    function test_ABatchKeepsTheVouchersRootAndTheVersionOfItsDay() public {
        Draft memory x = _honest();
        _redeem(x);
        bytes32 leaf = keccak256(abi.encodePacked(uint8(0x11), _voucherLeaf(x)));
        assertEq(d.settlement.batch(nodeId, 1).vouchersRoot, leaf);
        assertEq(d.settlement.batch(nodeId, 1).receiptCount, 3);
        assertEq(d.settlement.batch(nodeId, 1).fees, x.claim.fees);
        assertEq(d.settlement.batch(nodeId, 1).paramsVersion, 1);
        assertEq(d.settlement.batch(nodeId, 1).redeemedAt, block.timestamp);
        NodeState memory n = d.settlement.node(nodeId);
        assertEq(n.batches, 1);
        assertEq(n.nextReceipt, 3);
        (uint96 burn, uint96 treasury, uint96 stakers) = d.settlement.counters();
        assertEq(burn + treasury + stakers + n.unattributed, x.claim.fees);
    }

    function test_OneClaimCoversSeveralBatches() public {
        // Two batches of one prepaid answer each; the claim covers both.
        Draft memory a = _honest();
        _redeem(a);
        Draft memory b = _honest();
        _redeem(b);
        Claim memory c = b.claim;
        c.fromBatch = 1;
        c.toBatch = 2;
        c.firstReceipt = 0;
        c.receiptCount = 6;
        c.fees = a.claim.fees + b.claim.fees;
        c.payoutsTotal = a.claim.payoutsTotal + b.claim.payoutsTotal;
        vm.prank(operator);
        d.settlement.proposeClaim(c, b.claimData, LOCATOR);
        assertEq(d.settlement.node(nodeId).openClaim, d.settlement.claimIdOf(c));
    }

    function test_RevertWhen_AClaimIsNotWhatTheChainKnows() public {
        Draft memory x = _honest();
        _redeem(x);
        Claim memory c = x.claim;
        c.parent = keccak256("other");
        _expect(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_WrongParent.selector, bytes32(0), c.parent
            ),
            c,
            x
        );
        c.parent = 0;
        c.seq = 2;
        _expect(abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongSeq.selector, 1, 2), c, x);
        c.seq = 1;
        c.toBatch = 2;
        _expect(abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongBatches.selector, 1, 1), c, x);
        c.toBatch = 1;
        c.firstReceipt = 1;
        _expect(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongFirstReceipt.selector, 0, 1), c, x
        );
        c.firstReceipt = 0;
        c.receiptCount = 4;
        _expect(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongReceiptCount.selector, 3, 4), c, x
        );
        c.receiptCount = 3;
        c.fees += 1e9;
        _expect(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_WrongFees.selector, c.fees - 1e9, c.fees
            ),
            c,
            x
        );
        c.fees -= 1e9;
        c.payoutsTotal += 1;
        _expect(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_WrongPayoutsTotal.selector,
                c.payoutsTotal - 1,
                c.payoutsTotal
            ),
            c,
            x
        );
        c.payoutsTotal -= 1;
        c.payoutsRoot = 0;
        _expect(abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_EmptyRoot.selector), c, x);
        c.payoutsRoot = x.claim.attributionsRoot;
        c.payoutsDepth = 41;
        _expect(abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_PayoutsTooDeep.selector, 41), c, x);
        c.payoutsDepth = 4;
        c.dataCommitment = keccak256("elsewhere");
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_WrongDataCommitment.selector);
        vm.prank(operator);
        d.settlement.proposeClaim(c, x.claimData, LOCATOR);
    }

    function test_RevertWhen_BatchesHaveAnotherParametersVersion() public {
        Draft memory x = _honest();
        vm.prank(address(d.timelock));
        d.parameters.setAttributionThreshold(60_000, 10_000, 200_000);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongParamsVersion.selector, 2, 1)
        );
        vm.prank(operator);
        d.settlement.redeemAndPropose(nodeId, _vouchers(x), x.claim, x.claimData, LOCATOR);
    }

    function test_AVoteDoesNotChangeAnOpenClaim() public {
        Draft memory x = _honest();
        _submit(x);
        vm.prank(address(d.timelock));
        d.parameters.setAttributionThreshold(500_000, 500_000, 500_000);
        _assertNotFraud(x, address(d.allocation), _allocationWitness(x, 0));
    }

    function test_RevertWhen_SomebodyElseProposes() public {
        Draft memory x = _honest();
        _redeem(x);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NotProposer.selector, nodeId, stranger)
        );
        vm.prank(stranger);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
    }

    function test_RevertWhen_AClaimIsOpen() public {
        Draft memory x = _honest();
        bytes32 claimId = _submit(x);
        Draft memory y = _honest();
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_ClaimOpen.selector);
        vm.prank(operator);
        d.settlement.redeemAndPropose(nodeId, _vouchers(y), y.claim, y.claimData, LOCATOR);
        assertEq(d.settlement.node(nodeId).openClaim, claimId);
    }

    function test_RevertWhen_TheStakeDoesNotCoverTheClaim() public {
        vm.startPrank(operator);
        d.staking.requestUnbond(nodeId, Roles.NODE, STAKE - 100e18);
        vm.stopPrank();
        vm.deal(consumer, 1_000e18);
        vm.prank(consumer);
        d.escrow.topUp{value: 1_000e18}(channelId);
        Draft memory x = _draft(_answers());
        // The owners' share alone exceeds what stays staked.
        x.receipts[0].fee = 500e18;
        x.voucher.cumulativeFee = 500.3e18 + 7e9;
        x.claim.fees = x.voucher.cumulativeFee;
        x.claim.payoutsTotal = x.claim.fees * 6 / 10;
        _seal(x);
        vm.expectPartialRevert(IAgentStaking.AgentStaking_InsufficientFreeStake.selector);
        vm.prank(operator);
        d.settlement.redeemAndPropose(nodeId, _vouchers(x), x.claim, x.claimData, LOCATOR);
    }

    function test_TheBondIsTheGreatestOfItsThreeRules() public {
        Draft memory x = _honest();
        bytes32 claimId = _submit(x);
        // Contributors' share / 0.966 is below the minimum of 1 OPEN.
        assertEq(d.settlement.claimRecord(claimId).bond, 1e18);
        _finalize(x);
        vm.deal(consumer, 90e18);
        vm.prank(consumer);
        d.escrow.topUp{value: 90e18}(channelId);
        Draft memory y = _draft(_answers());
        y.receipts[0].fee = 50e18;
        y.claim.fees = 50.3e18 + 7e9;
        y.voucher.cumulativeFee = y.voucher.settledFee + y.claim.fees;
        y.claim.payoutsTotal = x.claim.payoutsTotal + y.claim.fees * 6 / 10;
        _seal(y);
        claimId = _submit(y);
        uint256 contributorsShare = uint256(y.claim.fees) * 4 / 10;
        assertEq(d.settlement.claimRecord(claimId).bond, (contributorsShare * 1e6 + 965_999) / 966_000);
    }

    function test_ClaimDataIsInTheLogs() public {
        Draft memory x = _honest();
        vm.recordLogs();
        bytes32 claimId = _submit(x);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        assertEq(last.topics[0], IAttributionSettlement.ClaimData.selector);
        assertEq(last.topics[1], claimId);
        (bytes memory data, bytes memory locator) = abi.decode(last.data, (bytes, bytes));
        assertEq(data, x.claimData);
        assertEq(locator, LOCATOR);
    }

    // -------------------------------------------------------------------------------------------------------- fraud

    function _fraudulent() private view returns (Draft memory x) {
        x = _draft(_answers());
        x.items[0][0].amount -= 1;
        x.items[0][1].amount += 1;
        _pay(x);
        _seal(x);
    }

    function test_AfterARejectionTheNodeProposesTheSameBatchesAgain() public {
        Draft memory x = _fraudulent();
        _submit(x);
        _assertFraud(x, address(d.allocation), _allocationWitness(x, 0));
        assertEq(d.staking.exposureOf(nodeId), 0);

        // The honest claim over the same, already redeemed batch.
        Draft memory y = _draft(_answers());
        (y.voucher, y.firstReceipt) = (x.voucher, 0);
        for (uint32 r = 0; r < 3; ++r) {
            y.receipts[r].epoch = 0;
        }
        (y.claim.toBatch, y.claim.firstReceipt) = (1, 0);
        _pay(y);
        _seal(y);
        assertEq(y.claim.seq, 2);
        assertEq(y.claim.parent, 0);
        vm.prank(operator);
        d.settlement.proposeClaim(y.claim, y.claimData, LOCATOR);
        _finalize(y);
        d.settlement.claim(_payoutProof(y, 9), y.claim);
        assertEq(builder.balance, y.payouts[9].cumulative);
    }

    function test_RevertWhen_TheProofComesTooLate() public {
        Draft memory x = _fraudulent();
        bytes32 claimId = _submit(x);
        bytes memory witness = _allocationWitness(x, 0);
        vm.warp(block.timestamp + _parameters().challengeWindow);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotDisputable.selector, claimId)
        );
        d.settlement.proveFraud(x.claim, address(d.allocation), witness, watcher);
    }

    function test_RevertWhen_AClaimIsProvenFalseTwice() public {
        Draft memory x = _fraudulent();
        bytes32 claimId = _submit(x);
        bytes memory witness = _allocationWitness(x, 0);
        d.settlement.proveFraud(x.claim, address(d.allocation), witness, watcher);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotDisputable.selector, claimId)
        );
        d.settlement.proveFraud(x.claim, address(d.allocation), witness, watcher);
    }

    function test_RevertWhen_APredicateIsNotOurs() public {
        Draft memory x = _honest();
        _submit(x);
        address yes = address(new AlwaysYes());
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_UnknownPredicate.selector, yes, 1)
        );
        d.settlement.proveFraud(x.claim, yes, "", watcher);
    }

    function test_RevertWhen_TheRewardGoesNowhere() public {
        Draft memory x = _fraudulent();
        _submit(x);
        bytes memory witness = _allocationWitness(x, 0);
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_ZeroRewardTo.selector);
        d.settlement.proveFraud(x.claim, address(d.allocation), witness, address(0));
    }

    function test_AVetoedClaimStaysSlashableAndItsBondLeavesOnlyThen() public {
        Draft memory x = _fraudulent();
        bytes32 claimId = _submit(x);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        d.settlement.veto(claimId);
        vm.prank(guardian);
        d.settlement.veto(claimId);
        assertEq(uint8(d.settlement.claimRecord(claimId).status), uint8(ClaimStatus.Vetoed));
        assertLt(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        _assertFraud(x, address(d.allocation), _allocationWitness(x, 0));
    }

    function test_AVetoedClaimNeverBecomesFinal() public {
        Draft memory x = _honest();
        bytes32 claimId = _submit(x);
        vm.prank(guardian);
        d.settlement.veto(claimId);
        vm.warp(block.timestamp + _parameters().challengeWindow);
        PayoutProof memory payout = _payoutProof(x, 9);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotFinal.selector, claimId)
        );
        d.settlement.claim(payout, x.claim);
        d.settlement.finalize(nodeId);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(d.staking.exposureOf(nodeId), 0);
        NodeState memory n = d.settlement.node(nodeId);
        assertEq(n.openClaim, 0);
        assertEq(n.settledBatches, 0);
        assertEq(n.unattributed, uint256(x.claim.fees) * 8 / 10, "waits for a claim that becomes final");
    }

    function test_RevertWhen_TheGuardianComesTooLate() public {
        Draft memory x = _honest();
        bytes32 claimId = _submit(x);
        vm.warp(block.timestamp + _parameters().challengeWindow);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotDisputable.selector, claimId)
        );
        vm.prank(guardian);
        d.settlement.veto(claimId);
    }

    // ------------------------------------------------------------------------------------------------------ payouts

    function test_RevertWhen_AClaimIsNotFinal() public {
        Draft memory x = _honest();
        bytes32 claimId = _submit(x);
        PayoutProof memory payout = _payoutProof(x, 9);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotFinal.selector, claimId)
        );
        d.settlement.claim(payout, x.claim);
    }

    function test_RevertWhen_APayoutIsClaimedTwiceOrAltered() public {
        Draft memory x = _honest();
        _submit(x);
        _finalize(x);
        PayoutProof memory payout = _payoutProof(x, 9);
        payout.cumulative += 1;
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_BadProof.selector, nodeId, 9)
        );
        d.settlement.claim(payout, x.claim);
        payout.cumulative -= 1;
        payout.nodeId = 9;
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongNode.selector, nodeId, 9)
        );
        d.settlement.claim(payout, x.claim);
        payout.nodeId = nodeId;
        d.settlement.claim(payout, x.claim);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NothingToPay.selector, nodeId, 9)
        );
        d.settlement.claim(payout, x.claim);
    }

    function test_WhoeverOwnsTheTokenIsPaid() public {
        Draft memory x = _honest();
        _submit(x);
        _finalize(x);
        vm.prank(builder);
        d.models.transferFrom(builder, stranger, adapterId);
        d.settlement.claim(_payoutProof(x, 9), x.claim);
        assertEq(stranger.balance, x.payouts[9].cumulative);
    }

    function test_ContractsArePaidWhenTheyOrTheirOperatorsAsk() public {
        Draft memory x = _honest();
        _submit(x);
        _finalize(x);
        vm.etch(builder, hex"00");
        PayoutProof memory payout = _payoutProof(x, 9);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_PayeeMustCall.selector, builder, stranger
            )
        );
        vm.prank(stranger);
        d.settlement.claim(payout, x.claim);
        vm.prank(builder);
        d.settlement.claim(payout, x.claim);
        assertEq(builder.balance, x.payouts[9].cumulative);
    }

    function test_AFailedSendIsOwed() public {
        Draft memory x = _honest();
        _submit(x);
        _finalize(x);
        vm.etch(builder, hex"fe");
        PayoutProof memory payout = _payoutProof(x, 9);
        vm.prank(builder);
        d.settlement.claim(payout, x.claim);
        assertEq(d.settlement.owed(builder), payout.cumulative);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_SendFailed.selector, builder, payout.cumulative
            )
        );
        d.settlement.withdrawOwed(builder);
        vm.etch(builder, "");
        d.settlement.withdrawOwed(builder);
        assertEq(builder.balance, payout.cumulative);
        assertEq(d.settlement.owed(builder), 0);
    }

    function test_ClaimManyPaysOneAccountAtOnceAndSkipsTheRest() public {
        Draft memory x = _honest();
        _submit(x);
        _finalize(x);
        vm.prank(baseOwner);
        d.models.transferFrom(baseOwner, builder, baseId);
        ClaimPayouts[] memory items = new ClaimPayouts[](2);
        items[0].finalClaim = x.claim;
        items[0].payouts = new PayoutProof[](4);
        items[0].payouts[0] = _payoutProof(x, 9);
        items[0].payouts[1] = _payoutProof(x, 5);
        items[0].payouts[2] = _payoutProof(x, 4); // a contributor's
        items[0].payouts[3] = _payoutProof(x, 9); // again
        items[1].finalClaim = abi.decode(abi.encode(x.claim), (Claim));
        items[1].finalClaim.fees += 1; // not a claim
        items[1].payouts = items[0].payouts;
        uint96 amount = d.settlement.claimMany(builder, items);
        assertEq(amount, x.payouts[9].cumulative + x.payouts[5].cumulative);
        assertEq(builder.balance, amount);
        assertEq(d.settlement.paid(nodeId, 4), 0);
    }

    function test_AnOlderFinalClaimStillPaysWhatItSaid() public {
        Draft memory x = _honest();
        _submit(x);
        _finalize(x);
        Draft memory y = _honest();
        _submit(y);
        _finalize(y);
        d.settlement.finalize(nodeId);
        d.settlement.claim(_payoutProof(x, 9), x.claim);
        assertEq(builder.balance, x.payouts[9].cumulative);
        d.settlement.claim(_payoutProof(y, 9), y.claim);
        assertEq(builder.balance, y.payouts[9].cumulative);
        PayoutProof memory old = _payoutProof(x, 9);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NothingToPay.selector, nodeId, 9)
        );
        d.settlement.claim(old, x.claim);
    }

    function test_AReceiverThatFailsDoesNotHoldUpTheOthers() public {
        Draft memory x = _honest();
        _redeem(x);
        vm.etch(address(d.rewards), hex"fe");
        d.settlement.flush();
        (uint96 burn, uint96 treasury, uint96 stakers) = d.settlement.counters();
        assertEq(burn + treasury, 0);
        assertEq(stakers, x.claim.fees / 10);
        assertEq(address(d.timelock).balance, x.claim.fees / 20);
    }

    // --------------------------------------------------------------------------------------------------- predicates

    function test_PredicatesCountForTheVersionsThatNameThem() public {
        address yes = address(new AlwaysYes());
        vm.startPrank(address(d.timelock));
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_PredicateNotAhead.selector, 1, 1)
        );
        d.settlement.setPredicate(yes, 1, 9);
        d.settlement.setPredicate(yes, 2, 9);
        vm.stopPrank();

        Draft memory x = _honest();
        _submit(x);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_UnknownPredicate.selector, yes, 1)
        );
        d.settlement.proveFraud(x.claim, yes, "", watcher);

        vm.startPrank(address(d.timelock));
        d.parameters.setAttributionThreshold(60_000, 10_000, 200_000);
        d.settlement.setPredicate(yes, 2, 2);
        vm.stopPrank();
        (uint32 from, uint32 to) = d.settlement.predicateVersions(yes);
        assertEq(from, 2);
        assertEq(to, 2);
    }

    function test_RevertWhen_PredicatesAreBootstrappedAgainOrByOthers() public {
        vm.prank(address(d.timelock));
        vm.expectRevert();
        d.settlement.bootstrapPredicates(new address[](0));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        d.settlement.setPredicate(address(d.credit), 5, 6);
    }
}

contract AlwaysYes is IPredicate {
    function isFraud(Claim calldata, bytes calldata) external pure returns (bool) {
        return true;
    }
}
