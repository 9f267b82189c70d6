// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {IAgentStaking} from "../../src/interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";
import {IInferenceEscrow} from "../../src/interfaces/IInferenceEscrow.sol";
import {ClaimStatus, NodeState} from "../../src/types/Claim.sol";
import {Roles} from "../../src/types/Roles.sol";
import {SettlementHandler, Verdict} from "./SettlementHandler.sol";

/// @notice The numbered invariants of docs/invariants.md that are about money and claims.
contract SettlementInvariants is Test {
    SettlementHandler private handler;
    IAttributionSettlement private settlement;
    IInferenceEscrow private escrow;
    IAgentStaking private staking;
    uint40 private nodeId;
    bytes32 private channelId;

    function setUp() public {
        handler = new SettlementHandler();
        handler.setUp();
        (address s, address e, address a, uint40 n, bytes32 c) = handler.thread();
        (settlement, escrow, staking) = (IAttributionSettlement(s), IInferenceEscrow(e), IAgentStaking(a));
        (nodeId, channelId) = (n, c);
        targetContract(address(handler));
        bytes4[] memory actions = new bytes4[](10);
        actions[0] = SettlementHandler.settle.selector;
        actions[1] = SettlementHandler.prove.selector;
        actions[2] = SettlementHandler.slander.selector;
        actions[3] = SettlementHandler.veto.selector;
        actions[4] = SettlementHandler.wait.selector;
        actions[5] = SettlementHandler.claim.selector;
        actions[6] = SettlementHandler.flush.selector;
        actions[7] = SettlementHandler.stakeMore.selector;
        actions[8] = SettlementHandler.unbond.selector;
        actions[9] = SettlementHandler.withdrawStake.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
    }

    /// @dev One campaign checks them all: the same sequences for each would only take longer.
    function invariant_1_2_3_4_5_6_9_10_12_MoneyAndClaims() public view {
        _balancesCoverWhatIsOwed();
        _paidIsFunded();
        _leavesAddUp();
        _verdictsStand();
        _bondsAreConserved();
        _stakeCoversExposure();
        _channelsPayWhatWasSigned();
    }

    /// @dev INV-1: what is there is what is owed to owners, node, burn, treasury and stakers; exactly, as all fees are
    /// whole gwei.
    function _balancesCoverWhatIsOwed() private view {
        NodeState memory n = settlement.node(nodeId);
        (uint96 burn, uint96 treasury, uint96 stakers) = settlement.counters();
        uint256 owners = n.finalTotal - n.paid;
        assertEq(address(settlement).balance, owners + n.unattributed + n.nodeShare + burn + treasury + stakers);
        IInferenceEscrow.Channel memory c = escrow.channel(channelId);
        assertEq(address(escrow).balance, c.deposit - c.settled);
        assertEq(address(staking).balance, staking.stakeOf(nodeId, Roles.NODE));
    }

    /// @dev INV-2: a node's claims pay at most what was redeemed for its owners.
    function _paidIsFunded() private view {
        NodeState memory n = settlement.node(nodeId);
        assertLe(n.paid, n.finalTotal);
        assertLe(n.finalTotal, handler.redeemed() * 6 / 10);
    }

    /// @dev INV-3 (the handler checks that it never goes down) and INV-10: what leaves prove never exceeds the total.
    function _leavesAddUp() private view {
        (uint256 earned, uint256 total, uint256 paid) = handler.ledger();
        assertEq(earned, total);
        assertLe(paid, total);
    }

    /// @dev INV-4, INV-5: claims end as the campaign saw them end; none that was proven false is final.
    function _verdictsStand() private view {
        for (uint256 i = 0; i < handler.verdictCount(); ++i) {
            Verdict memory v = handler.verdict(i);
            assertEq(uint8(handler.actual(i).status), uint8(v.status));
            if (v.slashed) assertEq(uint8(v.status), uint8(ClaimStatus.Rejected));
        }
        assertEq(handler.slandered(), 0, "an honest claim was defrauded");
    }

    /// @dev INV-6: bonds come back, or leave as reward and burn.
    function _bondsAreConserved() private view {
        uint256 slashed;
        uint256 reward;
        for (uint256 i = 0; i < handler.verdictCount(); ++i) {
            Verdict memory v = handler.verdict(i);
            if (!v.slashed) continue;
            slashed += v.bond;
            reward += v.bond / 2;
        }
        assertEq(handler.rewards(), reward);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), handler.staked() - handler.withdrawn() - slashed);
        IAgentStaking.StakeState memory s = staking.stakeState(nodeId, Roles.NODE);
        assertEq(s.stake, uint256(staking.freeStakeOf(nodeId, Roles.NODE)) + s.bonded + s.unbonding);
    }

    /// @dev INV-9: stake covers the exposure of every claim that still counts.
    function _stakeCoversExposure() private view {
        assertLe(staking.exposureOf(nodeId), staking.stakeOf(nodeId, Roles.NODE));
    }

    /// @dev INV-12: a channel pays what was signed, and never more than its deposit.
    function _channelsPayWhatWasSigned() private view {
        IInferenceEscrow.Channel memory c = escrow.channel(channelId);
        assertLe(c.settled, c.deposit);
        assertEq(c.settled, handler.signedFees());
    }
}
