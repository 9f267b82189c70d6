// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {Native} from "../../../../src/libraries/Native.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementFlushTest is SettlementTest {
    function test_CountersAreSentOnTheirWay() public {
        _redeem(FEE);
        vm.expectEmit();
        emit IAttributionSettlement.Flushed(0.05e18, 0.05e18, 0.1e18);
        settlement.flush();
        // it should send burn, treasury and stakers their parts
        assertEq(Native.BURN.balance, 0.05e18);
        assertEq(address(d.timelock).balance, 0.05e18);
        assertEq(address(d.rewards).balance, 0.1e18);
        (uint96 burn, uint96 treasury, uint96 stakers) = settlement.counters();
        assertEq(burn + treasury + stakers, 0);
    }

    function test_AReceiverThatFailsDoesNotHoldUpTheOthers() public {
        _redeem(FEE);
        vm.etch(Native.BURN, hex"60006000fd");
        vm.etch(address(d.rewards), hex"60006000fd");
        settlement.flush();
        // it should keep that counter and pay the others
        (uint96 burn, uint96 treasury, uint96 stakers) = settlement.counters();
        assertEq(burn, 0.05e18);
        assertEq(treasury, 0);
        assertEq(stakers, 0.1e18);
        assertEq(address(d.timelock).balance, 0.05e18);
        vm.etch(address(d.timelock), hex"60006000fd");
        _redeem(FEE);
        settlement.flush();
        (burn, treasury, stakers) = settlement.counters();
        assertEq(burn, 0.1e18);
        assertEq(treasury, 0.05e18);
        assertEq(stakers, 0.2e18);
    }

    function test_ANodesShareGoesToItsWallet() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        settlement.flush(nodeId);
        // it should send nothing while the claim is open
        assertEq(operator.balance, 0);
        _final(s);
        vm.expectEmit();
        emit IAttributionSettlement.NodePaid(nodeId, operator, 0.2e18);
        settlement.flush(nodeId);
        // it should send what is final to the agent's wallet
        assertEq(operator.balance, 0.2e18);
        assertEq(settlement.node(nodeId).nodeShare, 0);
        settlement.flush(nodeId);
        assertEq(operator.balance, 0.2e18);
    }

    function test_AWalletThatFailsIsOwed() public {
        _settle(FEE, MODEL_ASSET);
        vm.etch(operator, hex"fe");
        settlement.flush(nodeId);
        // it should credit the share
        assertEq(settlement.owed(operator), 0.2e18);
        // it should revert and keep the credit
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_SendFailed.selector, operator, 0.2e18)
        );
        settlement.withdrawOwed(operator);
        vm.etch(operator, "");
        vm.expectEmit();
        emit IAttributionSettlement.OwedWithdrawn(operator, 0.2e18);
        settlement.withdrawOwed(operator);
        // it should pay it once
        assertEq(operator.balance, 0.2e18);
        // it should revert because nothing is owed
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NothingOwed.selector, operator)
        );
        settlement.withdrawOwed(operator);
    }
}
