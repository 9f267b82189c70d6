// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IContributionToken} from "../../../../src/interfaces/IContributionToken.sol";
import {NodeLedger} from "../../../../src/libraries/NodeLedger.sol";
import {Claim, PayoutProof} from "../../../../src/types/Claim.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementClaimTest is SettlementTest {
    uint40 private constant CONTRIBUTION_ASSET = 4;

    function _error(bytes4 selector, uint40 asset) private view returns (bytes memory) {
        return abi.encodeWithSelector(selector, nodeId, asset);
    }

    function _withhold(uint16 bps) private {
        vm.mockCall(
            address(d.contributions), abi.encodeCall(IContributionToken.payeeOf, (1)), abi.encode(contributors[0], bps)
        );
    }

    function test_RevertWhen_Paused() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        vm.prank(guardian);
        settlement.pause();
        // it should revert because of the pause
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_Paused.selector);
        settlement.claim(payout, s.claim);
    }

    function test_RevertWhen_TheClaimIsNotFinal() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        bytes memory why =
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotFinal.selector, id);
        // it should revert because the claim is not final
        vm.expectRevert(why);
        settlement.claim(payout, s.claim);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        vm.warp(vm.getBlockTimestamp() + window);
        vm.expectRevert(why);
        settlement.claim(payout, s.claim);
    }

    function test_RevertWhen_ThePayoutIsAltered() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        payout.nodeId = 9;
        // it should revert because of the node
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongNode.selector, nodeId, 9)
        );
        settlement.claim(payout, s.claim);
        payout.nodeId = nodeId;
        payout.cumulative += 1;
        // it should revert because of the proof
        bytes memory why = _error(IAttributionSettlement.AttributionSettlement_BadProof.selector, MODEL_ASSET);
        vm.expectRevert(why);
        settlement.claim(payout, s.claim);
        payout.cumulative -= 1;
        payout.seq += 1;
        vm.expectRevert(why);
        settlement.claim(payout, s.claim);
    }

    function test_RevertWhen_TheAssetEarnsNothing() public {
        Settled memory s = _settle(FEE, 7);
        PayoutProof memory payout = _payout(s, 7);
        // it should revert because of the asset
        vm.expectRevert(abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_UnknownAsset.selector, 7));
        settlement.claim(payout, s.claim);
    }

    function test_RevertWhen_EverythingHasBeenPaid() public {
        uint40[4] memory assets = [uint40(0), 4, 9, 10];
        for (uint256 i = 0; i < 4; ++i) {
            Settled memory s = _settle(FEE, assets[i]);
            PayoutProof memory payout = _payout(s, assets[i]);
            settlement.claim(payout, s.claim);
            // it should revert because there is nothing to pay
            vm.expectRevert(_error(IAttributionSettlement.AttributionSettlement_NothingToPay.selector, assets[i]));
            settlement.claim(payout, s.claim);
        }
    }

    function test_TheTreasuryHasACounter() public {
        Settled memory s = _settle(FEE, 0);
        (, uint96 before,) = settlement.counters();
        vm.expectEmit();
        emit IAttributionSettlement.Paid(nodeId, 0, address(d.timelock), 0.6e18, 0.6e18);
        settlement.claim(_payout(s, 0), s.claim);
        // it should add to the treasury's counter
        (, uint96 treasury,) = settlement.counters();
        assertEq(treasury - before, 0.6e18);
    }

    function test_ABaselineGetsItsShare() public {
        Settled memory s = _settle(FEE, 10);
        settlement.claim(_payout(s, 10), s.claim);
        // it should fund the model's baseline
        assertEq(d.vault.received(2), 0.6e18);
        assertEq(address(d.vault).balance, 0.6e18);
    }

    function test_WhoeverOwnsTheTokenIsPaid() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        vm.expectEmit();
        emit IAttributionSettlement.Paid(nodeId, MODEL_ASSET, builder, 0.6e18, 0.6e18);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        vm.prank(builder);
        d.models.transferFrom(builder, stranger, adapterId);
        s = _settle(FEE, MODEL_ASSET);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        // it should pay whoever owns the token what was not paid before
        assertEq(builder.balance, 0.6e18);
        assertEq(stranger.balance, 0.6e18);
        assertEq(settlement.paid(nodeId, MODEL_ASSET), 1.2e18);
        assertEq(settlement.node(nodeId).paid, 1.2e18);
    }

    /// @dev A second claim that moves what the first had paid: nobody proved it, and still no other node pays for it.
    function test_RevertWhen_AFalseClaimWouldPayMoreThanTheNodeHas() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        earned[5] = earned[MODEL_ASSET];
        earned[MODEL_ASSET] = 0;
        s = _settle(FEE, 5);
        PayoutProof memory payout = _payout(s, 5);
        // it should never pay more than the node's claims have
        vm.expectRevert(abi.encodeWithSelector(NodeLedger.NodeLedger_Overpaid.selector, 1.8e18, 1.2e18));
        settlement.claim(payout, s.claim);
    }

    function test_PayoutsGoWhereTheOwnerSays() public {
        vm.prank(builder);
        settlement.setPayoutAddress(stranger);
        vm.etch(builder, hex"fe");
        vm.etch(stranger, hex"00");
        Settled memory s = _settle(FEE, MODEL_ASSET);
        // it should pay that address, whoever calls
        vm.prank(watcher);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        assertEq(stranger.balance, 0.6e18);
    }

    function test_AWithheldPartGoesToTheTreasury() public {
        _withhold(2_500);
        Settled memory s = _settle(FEE, CONTRIBUTION_ASSET);
        (, uint96 before,) = settlement.counters();
        vm.expectEmit();
        emit IAttributionSettlement.Withheld(nodeId, CONTRIBUTION_ASSET, 0.15e18);
        vm.expectEmit();
        emit IAttributionSettlement.Paid(nodeId, CONTRIBUTION_ASSET, contributors[0], 0.45e18, 0.6e18);
        settlement.claim(_payout(s, CONTRIBUTION_ASSET), s.claim);
        // it should give that part to the treasury
        (, uint96 treasury,) = settlement.counters();
        assertEq(contributors[0].balance, 0.45e18);
        assertEq(treasury - before, 0.15e18);
    }

    function test_ATombstonedContributionEarnsNothing() public {
        _withhold(10_000);
        Settled memory s = _settle(FEE, CONTRIBUTION_ASSET);
        (, uint96 before,) = settlement.counters();
        settlement.claim(_payout(s, CONTRIBUTION_ASSET), s.claim);
        // it should give everything to the treasury
        (, uint96 treasury,) = settlement.counters();
        assertEq(contributors[0].balance, 0);
        assertEq(treasury - before, 0.6e18);
    }

    function test_ContractsArePaidWhenTheyOrTheirOperatorsAsk() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        vm.etch(builder, hex"00");
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        // it should revert when neither it nor its operator calls
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_PayeeMustCall.selector, builder, stranger
            )
        );
        vm.prank(stranger);
        settlement.claim(payout, s.claim);
        // it should pay when it or its operator calls
        vm.prank(builder);
        settlement.claim(payout, s.claim);
        vm.prank(builder);
        d.models.setApprovalForAll(stranger, true);
        s = _settle(FEE, MODEL_ASSET);
        payout = _payout(s, MODEL_ASSET);
        vm.prank(stranger);
        settlement.claim(payout, s.claim);
        assertEq(builder.balance, 1.2e18);
    }

    function test_AFailedSendIsOwed() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        vm.etch(builder, hex"fe");
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        vm.expectEmit();
        emit IAttributionSettlement.Owed(builder, 0.6e18);
        vm.prank(builder);
        settlement.claim(payout, s.claim);
        // it should credit what it owes
        assertEq(settlement.owed(builder), 0.6e18);
    }

    function test_AnOlderClaimPaysAfterALaterOneHas() public {
        Settled memory a = _settle(FEE, 5);
        Settled memory b = _settle(FEE, MODEL_ASSET);
        settlement.claim(_payout(b, MODEL_ASSET), b.claim);
        // More than the first claim's total in all, and not more than the second's, which nobody has recorded yet.
        settlement.claim(_payout(a, 5), a.claim);
        assertEq(baseOwner.balance, 0.6e18);
        assertEq(settlement.node(nodeId).paid, 1.2e18);
    }

    function test_AnOlderFinalClaimStillPaysWhatItSaid() public {
        Settled memory a = _settle(FEE, MODEL_ASSET);
        Settled memory b = _settle(FEE, MODEL_ASSET);
        settlement.finalize(nodeId);
        // it should still pay what the older claim says
        settlement.claim(_payout(a, MODEL_ASSET), a.claim);
        assertEq(builder.balance, 0.6e18);
        settlement.claim(_payout(b, MODEL_ASSET), b.claim);
        assertEq(builder.balance, 1.2e18);
        PayoutProof memory old = _payout(a, MODEL_ASSET);
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_NothingToPay.selector);
        settlement.claim(old, a.claim);
    }
}
