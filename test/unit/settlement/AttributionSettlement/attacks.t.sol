// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {AttributionSettlement} from "../../../../src/settlement/AttributionSettlement.sol";
import {SettlementBase} from "../../../../src/settlement/SettlementBase.sol";
import {SettlementExtension} from "../../../../src/settlement/SettlementExtension.sol";
import {Claim, ClaimPayouts, ClaimStatus, PayoutProof, SignedVoucher} from "../../../../src/types/Claim.sol";
import {Roles} from "../../../../src/types/Roles.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

/// @dev Calls back whenever it is sent money, and remembers what came of it.
contract Reentrant {
    address private target;
    bytes[] private calls;
    uint256 public entered;
    uint256 public received;

    function arm(address target_, bytes[] calldata calls_) external {
        (target, entered) = (target_, 0);
        delete calls;
        for (uint256 i = 0; i < calls_.length; ++i) {
            calls.push(calls_[i]);
        }
    }

    receive() external payable {
        ++received;
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok,) = target.call(calls[i]);
            if (ok) ++entered;
        }
    }
}

contract SettlementAttackTest is SettlementTest {
    /// @dev Everything that a receiver could call back, made out for a payout that is still due.
    function _calls(Settled memory s, uint40 asset) private view returns (bytes[] memory calls) {
        ClaimPayouts[] memory items = _items(s, asset);
        calls = new bytes[](11);
        calls[0] = abi.encodeCall(IAttributionSettlement.claim, (items[0].payouts[0], s.claim));
        calls[1] = abi.encodeCall(IAttributionSettlement.claimMany, (builder, items));
        calls[2] = abi.encodeCall(IAttributionSettlement.claimTo, (items, stranger));
        calls[3] = abi.encodeWithSignature("flush()");
        calls[4] = abi.encodeWithSignature("flush(uint40)", nodeId);
        calls[5] = abi.encodeCall(IAttributionSettlement.finalize, (nodeId));
        calls[6] = abi.encodeCall(IAttributionSettlement.expire, (nodeId));
        calls[7] = abi.encodeCall(IAttributionSettlement.redeem, (nodeId, _vouchers(FEE)));
        calls[8] = abi.encodeCall(IAttributionSettlement.proposeClaim, (s.claim, DATA, LOCATOR));
        calls[9] = abi.encodeCall(IAttributionSettlement.proveFraud, (s.claim, address(oracle), "", stranger));
        calls[10] = abi.encodeCall(IAttributionSettlement.withdrawOwed, (builder));
    }

    /// @dev Puts the attacker's code at an address and arms it.
    function _arm(address place, Settled memory s, uint40 asset) private returns (Reentrant attacker) {
        attacker = Reentrant(payable(place));
        vm.etch(place, type(Reentrant).runtimeCode);
        attacker.arm(address(settlement), _calls(s, asset));
    }

    function _assertHarmless(Reentrant attacker, uint256 received) private view {
        assertEq(attacker.received(), received, "was paid");
        assertEq(attacker.entered(), 0, "got in again");
    }

    function test_NoReceiverGetsInAgain() public {
        _settle(FEE, 5);
        Settled memory s = _settle(FEE, MODEL_ASSET);
        _redeem(FEE);
        // Payee, by claim, claimMany and claimTo.
        vm.prank(baseOwner);
        d.models.transferFrom(baseOwner, builder, baseId);
        Reentrant attacker = _arm(builder, s, 5);
        vm.startPrank(builder);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        _assertHarmless(attacker, 1);
        ClaimPayouts[] memory items = _items(s, 5);
        uint256 snapshot = vm.snapshotState();
        settlement.claimMany(builder, items);
        _assertHarmless(attacker, 2);
        vm.revertToState(snapshot);
        settlement.claimTo(items, builder);
        _assertHarmless(attacker, 2);
        vm.stopPrank();
        assertEq(builder.balance, 1.2e18);
        // Agent wallet, treasury and stakers.
        s = _settle(FEE, 4);
        attacker = _arm(operator, s, 4);
        settlement.flush(nodeId);
        _assertHarmless(attacker, 1);
        attacker = _arm(address(d.rewards), s, 4);
        Reentrant treasury = _arm(address(d.timelock), s, 4);
        settlement.flush();
        _assertHarmless(attacker, 1);
        _assertHarmless(treasury, 1);
        // Whoever proves a fraud.
        s = _open(FEE, MODEL_ASSET);
        attacker = _arm(watcher, s, MODEL_ASSET);
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        _assertHarmless(attacker, 1);
        assertEq(watcher.balance, 0.5e18);
    }

    function test_WhatIsOwedIsPaidOnce() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        vm.etch(builder, hex"fe");
        vm.prank(builder);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        Reentrant attacker = _arm(builder, s, MODEL_ASSET);
        settlement.withdrawOwed(builder);
        _assertHarmless(attacker, 1);
        assertEq(builder.balance, 0.6e18);
    }

    function test_AVoucherCountsOnce() public {
        SignedVoucher[] memory vouchers = _vouchers(FEE);
        vm.startPrank(operator);
        settlement.redeem(nodeId, vouchers);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_WrongEpoch.selector);
        settlement.redeem(nodeId, vouchers);
        vm.stopPrank();
        uint40 other = _rescuer();
        vouchers = _vouchers(FEE);
        vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_WrongNode.selector);
        vm.prank(makeAddr("rescuer"));
        settlement.redeem(other, vouchers);
    }

    function test_AClaimOfOneNodeIsNoClaimOfAnother() public {
        uint40 other = _rescuer();
        Settled memory s = _settle(FEE, MODEL_ASSET);
        PayoutProof memory payout = _payout(s, MODEL_ASSET);
        Claim memory c = abi.decode(abi.encode(s.claim), (Claim));
        (c.nodeId, payout.nodeId) = (other, other);
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_ClaimNotFinal.selector);
        settlement.claim(payout, c);
        vm.chainId(5);
        payout.nodeId = nodeId;
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_ClaimNotFinal.selector);
        settlement.claim(payout, s.claim);
    }

    /// @dev Ten times the token's supply in one claim: no number is too small for it.
    function test_AllTheMoneyThereIs() public {
        uint96 all = 10_000_000_000e18;
        vm.deal(operator, 2 * uint256(all));
        vm.prank(operator);
        d.staking.stake{value: 2 * uint256(all)}(nodeId, Roles.NODE);
        vm.deal(consumer, all);
        vm.prank(consumer);
        d.escrow.topUp{value: all}(channelId);
        Settled memory s = _settle(all, MODEL_ASSET);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        assertEq(builder.balance, uint256(all) * 6 / 10);
        settlement.flush(nodeId);
        settlement.flush();
        assertEq(address(settlement).balance, 0);
    }

    function test_RevertWhen_AStrangerUpgrades() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        UUPSUpgradeable(address(settlement)).upgradeToAndCall(stranger, "");
    }

    function test_AnUpgradeInTheMiddleOfAClaim() public {
        Settled memory first = _settle(FEE, 5);
        settlement.finalize(nodeId);
        Settled memory s = _open(FEE, MODEL_ASSET);
        bytes32 before = keccak256(abi.encode(settlement.node(nodeId), _recordOf(s), settlement.batch(nodeId, 2)));
        SettlementBase.Contracts memory contracts = SettlementBase.Contracts({
            escrow: d.escrow,
            staking: d.staking,
            parameters: d.parameters,
            agents: d.agents,
            models: d.models,
            contributions: d.contributions,
            vault: d.vault,
            stakers: d.rewards,
            treasury: address(d.timelock)
        });
        address next = address(new AttributionSettlement(contracts, new SettlementExtension(contracts)));
        vm.prank(address(d.timelock));
        UUPSUpgradeable(address(settlement)).upgradeToAndCall(next, "");
        assertEq(keccak256(abi.encode(settlement.node(nodeId), _recordOf(s), settlement.batch(nodeId, 2))), before);
        uint256 snapshot = vm.snapshotState();
        settlement.proveFraud(s.claim, address(oracle), "", watcher);
        _assertStatus(s, ClaimStatus.Rejected);
        vm.revertToState(snapshot);
        _final(s);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        settlement.claim(_payout(first, 5), first.claim);
        assertEq(builder.balance, 0.6e18);
        assertEq(baseOwner.balance, 0.6e18);
    }
}
