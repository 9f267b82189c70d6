// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IPredicate} from "../../../../src/interfaces/IPredicate.sol";
import {Native} from "../../../../src/libraries/Native.sol";
import {Claim, ClaimStatus, NodeState, PayoutProof} from "../../../../src/types/Claim.sol";
import {Roles} from "../../../../src/types/Roles.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementDisputesTest is SettlementTest {
    function _notDisputable(bytes32 id) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotDisputable.selector, id);
    }

    // ---------------------------------------------------------------------------------------------------- finalize

    function test_NothingToFinalize() public {
        // it should do nothing
        vm.recordLogs();
        settlement.finalize(nodeId);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_AnOpenClaimStaysOpen() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        vm.warp(vm.getBlockTimestamp() + window - 1);
        settlement.finalize(nodeId);
        // it should leave the claim open
        assertEq(settlement.node(nodeId).openClaim, settlement.claimIdOf(s.claim));
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE - 1e18);
    }

    function test_TimeMakesAClaimFinal() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        NodeState memory seen = settlement.node(nodeId);
        vm.expectEmit();
        emit IAttributionSettlement.ClaimFinalized(id, nodeId, 0.6e18, 0.2e18);
        settlement.finalize(nodeId);
        // it should settle the batches, release the bond and give the node its share
        NodeState memory n = settlement.node(nodeId);
        assertEq(keccak256(abi.encode(n)), keccak256(abi.encode(seen)), "the view says it before");
        assertEq(n.finalClaim, id);
        assertEq(n.openClaim, 0);
        assertEq(n.settledBatches, 1);
        assertEq(n.finalTotal, 0.6e18);
        assertEq(n.nodeShare, 0.2e18);
        assertEq(n.unattributed, 0);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(d.staking.exposureOf(nodeId), 0.6e18);
        _assertStatus(s, ClaimStatus.Final);
    }

    function test_AFinalClaimStaysFinalThroughTheNextPause() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        vm.prank(guardian);
        settlement.pause();
        _final(s);
        uint40 end = _recordOf(s).end;
        settlement.finalize(nodeId);
        (,, uint40 next) = settlement.pauseState();
        _skip(next - vm.getBlockTimestamp());
        vm.prank(guardian);
        settlement.pause();
        // it should keep the claim final when the next pause begins
        _assertStatus(s, ClaimStatus.Final);
        assertEq(_recordOf(s).end, end);
    }

    function test_AVetoedClaimNeverBecomesFinal() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        vm.prank(guardian);
        settlement.veto(id);
        vm.warp(vm.getBlockTimestamp() + window);
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        vm.expectRevert(abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_ClaimNotFinal.selector, id));
        settlement.claim(payout, s.claim);
        assertEq(settlement.node(nodeId).openClaim, 0, "as the view sees it");
        settlement.finalize(nodeId);
        // it should release the bond and end the exposure
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(d.staking.exposureOf(nodeId), 0);
        // it should leave the batches for another claim
        NodeState memory n = settlement.node(nodeId);
        assertEq(n.settledBatches, 0);
        assertEq(n.unattributed, 0.8e18);
        assertEq(n.nodeShare, 0);
        s = _claim(nodeId, MODEL_ASSET);
        assertEq(s.claim.seq, 2);
        _propose(s);
        _final(s);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
    }

    // -------------------------------------------------------------------------------------------------- proveFraud

    function test_RevertWhen_AClaimCannotBeDisputed() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        // it should revert because it cannot be disputed
        Claim memory unknown = abi.decode(abi.encode(s.claim), (Claim));
        unknown.seq = 7;
        bytes32 unknownId = settlement.claimIdOf(unknown);
        vm.expectRevert(_notDisputable(unknownId));
        settlement.proveFraud(unknown, address(oracle), "", watcher);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        vm.expectRevert(_notDisputable(id));
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        s = _claim(nodeId, MODEL_ASSET);
        id = _propose(s);
        vm.warp(vm.getBlockTimestamp() + window);
        vm.expectRevert(_notDisputable(id));
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
    }

    function test_RevertWhen_TheRewardGoesNowhere() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        // it should revert because of the zero address
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_ZeroRewardTo.selector);
        settlement.proveFraud(s.claim, address(oracle), "", address(0));
    }

    function test_RevertWhen_ThePredicateDoesNotCount() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        // it should revert because of the predicate
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_UnknownPredicate.selector, address(this), 2
            )
        );
        settlement.proveFraud(s.claim, address(this), "", watcher);
        vm.prank(address(d.timelock));
        settlement.setPredicate(address(this), 3, 9);
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_UnknownPredicate.selector);
        settlement.proveFraud(s.claim, address(this), "", watcher);
        // One that has ended.
        vm.startPrank(address(d.timelock));
        settlement.setPredicate(address(oracle), 2, 2);
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        vm.stopPrank();
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        _redeem(FEE);
        s = _claimOver(nodeId, MODEL_ASSET, 1, 1);
        _propose(s);
        _final(s);
        s = _claim(nodeId, MODEL_ASSET);
        _propose(s);
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_UnknownPredicate.selector);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
    }

    function test_RevertWhen_ThePredicateReverts() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        vm.mockCallRevert(address(oracle), abi.encodeWithSelector(IPredicate.isFraud.selector), "no witness");
        // it should revert with the predicate's reason
        vm.expectRevert("no witness");
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
    }

    function test_RevertWhen_NothingIsProven() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        oracle.set(false);
        bytes32 id = settlement.claimIdOf(s.claim);
        // it should revert because nothing is proven
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NotFraud.selector, id, address(oracle))
        );
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
    }

    function test_AFraudIsRejectedAndSlashed() public {
        Settled memory s = _open(10e18 + 1 gwei, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        uint96 bond = _recordOf(s).bond;
        uint256 burned = Native.BURN.balance;
        vm.expectEmit();
        emit IAttributionSettlement.FraudProven(id, nodeId, address(oracle), watcher, bond / 2, bond - bond / 2);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        // it should slash the bond, half to the prover and half burned
        assertEq(watcher.balance, bond / 2);
        assertEq(Native.BURN.balance - burned, bond - bond / 2);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), STAKE - bond);
        assertEq(d.staking.exposureOf(nodeId), 0);
        // it should reject the claim and let the node propose again over the same batches
        _assertStatus(s, ClaimStatus.Rejected);
        assertEq(settlement.node(nodeId).openClaim, 0);
        s = _claim(nodeId, MODEL_ASSET);
        assertEq(s.claim.seq, 2);
        assertEq(s.claim.parent, 0);
        _propose(s);
        _final(s);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        assertEq(builder.balance, s.claim.payoutsTotal);
    }

    function test_ProvingOnesOwnFraudCostsHalfTheBond() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        vm.prank(operator);
        settlement.proveFraud(s.claim, address(oracle), "", operator);
        // it should still cost the proposer half the bond
        assertEq(operator.balance, 0.5e18);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), STAKE - 1e18);
    }

    function test_AGuardianCannotSaveACheater() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        vm.prank(guardian);
        settlement.veto(id);
        vm.warp(vm.getBlockTimestamp() + window - 1);
        // it should slash it all the same
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        assertEq(watcher.balance, 0.5e18);
        _assertStatus(s, ClaimStatus.Rejected);
    }

    function test_AProverThatRevertsDoesNotSaveTheCheater() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        vm.etch(watcher, hex"fe");
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        // it should credit the reward
        assertEq(d.staking.owed(watcher), 0.5e18);
        _assertStatus(s, ClaimStatus.Rejected);
    }

    // -------------------------------------------------------------------------------------------------------- veto

    function test_RevertWhen_AStrangerVetoes() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        // it should revert because of the authority
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        settlement.veto(id);
    }

    function test_RevertWhen_TheGuardianComesTooLate() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        vm.warp(vm.getBlockTimestamp() + window);
        // it should revert because it is too late
        vm.startPrank(guardian);
        vm.expectRevert(_notDisputable(id));
        settlement.veto(id);
        vm.warp(vm.getBlockTimestamp() - 1);
        vm.expectEmit();
        emit IAttributionSettlement.ClaimVetoed(id, nodeId);
        settlement.veto(id);
        vm.expectRevert(_notDisputable(id));
        settlement.veto(id);
        vm.stopPrank();
        // it should stop the claim
        _assertStatus(s, ClaimStatus.Vetoed);
        // it should keep the bond until the window's end
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE - 1e18);
        settlement.finalize(nodeId);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE - 1e18);
        vm.warp(vm.getBlockTimestamp() + 1);
        settlement.finalize(nodeId);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
    }

    // ------------------------------------------------------------------------------------------------------ extend

    function test_RevertWhen_OthersExtend() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        // it should revert because of the caller
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NotAudits.selector, stranger)
        );
        vm.prank(stranger);
        settlement.extend(id, type(uint40).max);
    }

    function test_RevertWhen_TheClaimIsOver() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        // it should revert because it is over
        vm.expectRevert(_notDisputable(id));
        vm.prank(address(d.audits));
        settlement.extend(id, type(uint40).max);
    }

    function test_ExtensionsAreBounded() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        uint40 end = _recordOf(s).end;
        uint32 most = d.parameters.limits().maxExtension;
        vm.startPrank(address(d.audits));
        // it should change nothing
        assertEq(settlement.extend(id, end), end);
        assertEq(_recordOf(s).extension, 0);
        // it should keep the window open until then
        vm.expectEmit();
        emit IAttributionSettlement.ClaimExtended(id, nodeId, end + 3);
        assertEq(settlement.extend(id, end + 3), end + 3);
        assertEq(_recordOf(s).end, end + 3);
        assertEq(_recordOf(s).extension, 3);
        // it should cut them off at the limit
        assertEq(settlement.extend(id, type(uint40).max), end + most);
        assertEq(settlement.extend(id, type(uint40).max), end + most);
        vm.stopPrank();
        assertEq(_recordOf(s).extension, most);
        vm.warp(end + most - 1);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
    }
}
