// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../../../../src/interfaces/IProtocolParameters.sol";
import {ClaimPayouts, ClaimStatus, PayoutProof} from "../../../../src/types/Claim.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementPauseTest is SettlementTest {
    uint32 private maxPause;
    uint32 private maxExtension;

    function setUp() public override {
        super.setUp();
        maxPause = d.parameters.limits().maxPause;
        maxExtension = d.parameters.limits().maxExtension;
        _skip(1);
    }

    function _pause() private returns (uint40 until) {
        vm.prank(guardian);
        settlement.pause();
        (, until,) = settlement.pauseState();
    }

    function _paused(uint40 until) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_Paused.selector, until);
    }

    function test_RevertWhen_AStrangerPauses() public {
        // it should revert because nobody else may pause
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        settlement.pause();
        // it should revert because nobody else may unpause
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        settlement.unpause();
    }

    function test_APauseWaitsForTheLongestWindowThereMayBe() public {
        uint40 until = _pause();
        (,, uint40 next) = settlement.pauseState();
        assertEq(next, until + 14 * d.parameters.limits().minChallengeWindow + maxExtension + maxPause);
    }

    function test_RevertWhen_PausedAgainTooSoon() public {
        (,, uint40 next) = settlement.pauseState();
        assertEq(next, 0);
        _settle(FEE, MODEL_ASSET);
        uint40 until = _pause();
        (,, next) = settlement.pauseState();
        assertEq(next, until + window + maxExtension + maxPause);
        bytes memory why =
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_PausedRecently.selector, next);
        // it should revert because of the last pause
        vm.startPrank(guardian);
        vm.expectRevert(why);
        settlement.pause();
        vm.warp(next - 1);
        vm.expectRevert(why);
        settlement.pause();
        vm.warp(next);
        settlement.pause();
    }

    function test_APauseEndsByItself() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        ClaimPayouts[] memory items = _items(s, MODEL_ASSET);
        vm.expectEmit();
        emit IAttributionSettlement.Paused(guardian, uint40(vm.getBlockTimestamp()) + maxPause);
        uint40 until = _pause();
        assertEq(until, vm.getBlockTimestamp() + maxPause);
        // it should stop proposals and payouts until it ends by itself
        vm.warp(until - 1);
        vm.expectRevert(_paused(until));
        settlement.claim(payout, s.claim);
        vm.expectRevert(_paused(until));
        settlement.claimMany(builder, items);
        vm.expectRevert(_paused(until));
        vm.prank(builder);
        settlement.claimTo(items, builder);
        // it should let fraud be proven and redemptions go on
        _redeem(FEE);
        settlement.flush(nodeId);
        settlement.flush();
        assertEq(operator.balance, FEE / 5);
        vm.warp(until);
        settlement.claim(payout, s.claim);
    }

    function test_OpenWindowsAreExtendedByThePause() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        uint40 end = _recordOf(s).end;
        _skip(window - 1);
        _pause();
        // it should extend the window of an open claim by the pause
        assertEq(_recordOf(s).end, end + maxPause);
        vm.warp(end + maxPause - 1);
        _assertStatus(s, ClaimStatus.Proposed);
        uint256 snapshot = vm.snapshotState();
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        vm.revertToState(snapshot);
        vm.warp(end + maxPause);
        _assertStatus(s, ClaimStatus.Final);
        settlement.finalize(nodeId);
        assertEq(settlement.node(nodeId).finalClaim, settlement.claimIdOf(s.claim));
    }

    function test_AClaimThatIsOverStaysOver() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        _skip(window);
        _pause();
        // it should not reopen a claim that is over
        _assertStatus(s, ClaimStatus.Final);
        assertEq(_recordOf(s).end, vm.getBlockTimestamp());
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_ClaimNotDisputable.selector);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
    }

    function test_AClaimAfterThePauseIsNotExtended() public {
        uint40 until = _pause();
        vm.roll(vm.getBlockNumber() + 1);
        vm.warp(until);
        Settled memory s = _open(FEE, MODEL_ASSET);
        // it should not extend a claim that is proposed after it
        assertEq(_recordOf(s).end, until + window);
    }

    function test_ExtensionAndPauseAddUp() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 id = settlement.claimIdOf(s.claim);
        uint40 end = _recordOf(s).end;
        _pause();
        vm.prank(address(d.audits));
        settlement.extend(id, type(uint40).max);
        // it should count both
        assertEq(_recordOf(s).end, end + maxPause + maxExtension);
        vm.warp(end + maxPause + maxExtension - 1);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
    }

    function test_TheNextPauseWaitsForTheLongestWindow() public {
        IProtocolParameters.Parameters memory p = d.parameters.parameters(2);
        (p.challengeWindow, p.unbondingPeriod, p.attributionDeadline) = (50, 90, 150);
        vm.prank(address(d.timelock));
        d.parameters.update(p);
        Settled memory s = _open(FEE, MODEL_ASSET);
        uint40 until = _pause();
        (,, uint40 next) = settlement.pauseState();
        // it should wait for longer than that claim could be open
        assertEq(next, until + 50 + maxExtension + maxPause);
        assertGt(next, _recordOf(s).end + maxExtension);
    }

    function test_RevertWhen_NothingIsPaused() public {
        // it should revert because there is nothing to end
        vm.startPrank(guardian);
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_NotPaused.selector);
        settlement.unpause();
        settlement.pause();
        (, uint40 until,) = settlement.pauseState();
        vm.warp(until);
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_NotPaused.selector);
        settlement.unpause();
    }

    function test_AShortPauseExtendsByItsLength() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        uint40 end = _recordOf(s).end;
        _pause();
        _skip(2);
        vm.expectEmit();
        emit IAttributionSettlement.Unpaused(guardian);
        vm.prank(guardian);
        settlement.unpause();
        // it should extend open windows by no more than the pause lasted
        assertEq(_recordOf(s).end, end + 2);
        _final(s);
        // it should let proposals and payouts go on
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        _open(FEE, MODEL_ASSET);
    }

    /// @dev Whatever the times, a claim is open for at most window + extension + pause, and once over it stays over.
    function testFuzz_AClaimsLifeIsBounded(uint8 before, uint8 length, uint8 extension, uint8 later) public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        uint40 proposedAt = uint40(vm.getBlockTimestamp());
        bytes32 id = settlement.claimIdOf(s.claim);
        _skip(before % 50);
        _pause();
        if (_recordOf(s).status == ClaimStatus.Proposed) {
            uint40 end = _recordOf(s).end;
            vm.prank(address(d.audits));
            settlement.extend(id, end + extension);
        }
        bool wasFinal = _recordOf(s).status == ClaimStatus.Final;
        _skip(length % maxPause);
        vm.prank(guardian);
        settlement.unpause();
        if (wasFinal) _assertStatus(s, ClaimStatus.Final);
        assertLe(_recordOf(s).end, proposedAt + window + maxExtension + maxPause);
        (,, uint40 next) = settlement.pauseState();
        vm.warp(next + later);
        vm.roll(vm.getBlockNumber() + 1);
        _assertStatus(s, ClaimStatus.Final);
        _pause();
        _assertStatus(s, ClaimStatus.Final);
    }
}
