// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../../../../src/interfaces/IProtocolParameters.sol";
import {NodeState} from "../../../../src/types/Claim.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementExpireTest is SettlementTest {
    uint32 private expiry;

    function setUp() public override {
        super.setUp();
        (, expiry) = _deadlines();
    }

    function _treasury() private view returns (uint96 treasury) {
        (, treasury,) = settlement.counters();
    }

    function test_RevertWhen_AClaimIsOpen() public {
        _redeem(FEE);
        _skip(expiry);
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        _propose(s);
        // it should revert because of the open claim
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_ClaimOpen.selector);
        settlement.expire(nodeId);
        _final(s);
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_NothingExpired.selector);
        settlement.expire(nodeId);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
    }

    function test_RevertWhen_NothingHasExpired() public {
        // it should revert because nothing has expired
        bytes memory why =
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NothingExpired.selector, nodeId);
        vm.expectRevert(why);
        settlement.expire(nodeId);
        _redeem(FEE);
        _skip(expiry - 1);
        vm.expectRevert(why);
        settlement.expire(nodeId);
    }

    function test_WhatNobodyClaimsGoesToTheTreasury() public {
        _redeem(FEE);
        _redeem(2 * FEE);
        _skip(10);
        _redeem(FEE);
        _skip(expiry - 10);
        uint96 before = _treasury();
        vm.expectEmit();
        emit IAttributionSettlement.BatchesExpired(nodeId, 1, 2, 2.4e18);
        settlement.expire(nodeId);
        // it should give the owners' and the node's share to the treasury
        assertEq(_treasury() - before, 2.4e18);
        NodeState memory n = settlement.node(nodeId);
        assertEq(n.settledBatches, 2);
        assertEq(n.unattributed, 0.8e18);
        // it should leave the younger batches to be claimed
        Settled memory s = _claim(nodeId, MODEL_ASSET);
        assertEq(s.claim.fromBatch, 3);
        assertEq(s.claim.firstReceipt, 4);
        _propose(s);
        _final(s);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        settlement.flush(nodeId);
        settlement.flush();
        assertEq(address(settlement).balance, 0);
    }

    function test_ManyBatchesExpireInSeveralCalls() public {
        for (uint256 i = 0; i < 70; ++i) {
            _redeem(1 gwei);
        }
        _skip(expiry);
        settlement.expire(nodeId);
        // it should expire a bounded number at a time
        assertEq(settlement.node(nodeId).settledBatches, 64);
        settlement.expire(nodeId);
        assertEq(settlement.node(nodeId).settledBatches, 70);
        assertEq(settlement.node(nodeId).unattributed, 0);
    }

    function test_EveryBatchExpiresByItsOwnVersion() public {
        _redeem(FEE);
        IProtocolParameters.Parameters memory p = d.parameters.parameters(2);
        (p.nodeBps, p.burnBps, p.expiry) = (1_900, 600, expiry + 100);
        vm.prank(address(d.timelock));
        d.parameters.update(p);
        _redeem(FEE);
        _skip(expiry);
        uint96 before = _treasury();
        settlement.expire(nodeId);
        // it should judge each by its own
        assertEq(_treasury() - before, 0.8e18);
        assertEq(settlement.node(nodeId).unattributed, 0.79e18);
        _skip(100);
        settlement.expire(nodeId);
        assertEq(_treasury() - before, 1.59e18);
        assertEq(settlement.node(nodeId).unattributed, 0);
    }

    function test_ANodeThatVanishesHoldsUpNobodysMoney() public {
        // One claim open, one batch behind it, and the node never comes back: its agent cannot even be asked.
        Settled memory s = _open(FEE, MODEL_ASSET);
        _redeem(FEE);
        vm.prank(operator);
        d.agents.setApprovalForAll(operator, false);
        _final(s);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        assertEq(builder.balance, 0.6e18);
        _skip(expiry);
        settlement.expire(nodeId);
        settlement.flush();
        settlement.flush(nodeId);
        assertEq(address(settlement).balance, 0);
    }
}
