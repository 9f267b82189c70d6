// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {Assets} from "../libraries/Assets.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {MerkleSum} from "../libraries/MerkleSum.sol";
import {Native} from "../libraries/Native.sol";
import {Claim, ClaimPayouts, ClaimStatus, NodeState, PayoutProof} from "../types/Claim.sol";
import {SettlementBase} from "./SettlementBase.sol";

/// @title Money out: owners by proof, the rest by flushing counters.
/// @notice See {IAttributionSettlement}.
abstract contract SettlementPayouts is SettlementBase {
    /// @inheritdoc IAttributionSettlement
    function claim(PayoutProof calldata payout, Claim calldata finalClaim) external nonReentrant {
        // Check
        (bool isFinal, bytes32 claimId) = _isFinal(finalClaim);
        if (!isFinal) revert AttributionSettlement_ClaimNotFinal(claimId);
        _mustEqual(AttributionSettlement_WrongNode.selector, finalClaim.nodeId, payout.nodeId);
        if (!_isPayout(payout, finalClaim)) revert AttributionSettlement_BadProof(payout.nodeId, payout.asset);
        (address payee, bool mayCall) = _payee(payout.asset);
        if (!mayCall) revert AttributionSettlement_PayeeMustCall(payee, msg.sender);
        // Effect
        uint96 amount = _book(payout, payee);
        if (amount == 0) revert AttributionSettlement_NothingToPay(payout.nodeId, payout.asset);
        // Interaction
        if (payout.asset == Assets.TREASURY) {
            _storage().treasury += amount;
        } else if (Assets.kindOf(payout.asset) == Assets.BASELINE) {
            VAULT.fund{value: amount}(Assets.tokenIdOf(payout.asset));
        } else {
            _sendOrOwe(payee, amount);
        }
    }

    /// @inheritdoc IAttributionSettlement
    function claimMany(address account, ClaimPayouts[] calldata items) external nonReentrant returns (uint96 amount) {
        for (uint256 i = 0; i < items.length; ++i) {
            Claim calldata finalClaim = items[i].finalClaim;
            (bool isFinal,) = _isFinal(finalClaim);
            if (!isFinal) continue;
            for (uint256 k = 0; k < items[i].payouts.length; ++k) {
                amount += _bookFor(account, items[i].payouts[k], finalClaim);
            }
        }
        if (amount != 0) _sendOrOwe(account, amount);
    }

    /// @inheritdoc IAttributionSettlement
    function flush() external nonReentrant {
        AttributionSettlementStorage storage $ = _storage();
        (uint96 burned, uint96 treasury, uint96 stakers) = ($.burn, $.treasury, $.stakers);
        // Effect
        ($.burn, $.treasury, $.stakers) = (0, 0, 0);
        // Interaction: a receiver that fails keeps its counter and does not hold up the others
        if (!Native.trySend(Native.BURN, burned)) ($.burn, burned) = (burned, 0);
        if (!Native.trySend(TREASURY, treasury)) ($.treasury, treasury) = (treasury, 0);
        if (!Native.trySend(address(STAKERS), stakers)) ($.stakers, stakers) = (stakers, 0);
        emit Flushed(burned, treasury, stakers);
    }

    /// @inheritdoc IAttributionSettlement
    function flush(uint40 nodeId) external nonReentrant {
        _advance(nodeId);
        NodeState storage n = _storage().nodes[nodeId];
        uint96 amount = n.nodeShare;
        if (amount == 0) return;
        address wallet = AGENTS.getAgentWallet(nodeId);
        n.nodeShare = 0;
        emit NodePaid(nodeId, wallet, amount);
        _sendOrOwe(wallet, amount);
    }

    /// @inheritdoc IAttributionSettlement
    function withdrawOwed(address account) external nonReentrant {
        AttributionSettlementStorage storage $ = _storage();
        uint96 amount = $.owed[account];
        if (amount == 0) revert AttributionSettlement_NothingOwed(account);
        $.owed[account] = 0;
        emit OwedWithdrawn(account, amount);
        if (!Native.trySend(account, amount)) revert AttributionSettlement_SendFailed(account, amount);
    }

    function _isPayout(PayoutProof calldata payout, Claim calldata c) private pure returns (bool) {
        bytes32 leaf = Leaves.hashPayout(payout);
        return MerkleSum.verify(
            c.payoutsRoot, c.payoutsTotal, leaf, payout.cumulative, payout.asset, c.payoutsDepth, payout.proof
        );
    }

    /// @dev Who is paid for an asset, and whether the caller may make it be paid now: money is not pushed into contracts.
    function _payee(uint40 asset) private view returns (address payee, bool mayCall) {
        if (asset == Assets.TREASURY) return (TREASURY, true);
        uint8 kind = Assets.kindOf(asset);
        if (kind == Assets.BASELINE) return (address(VAULT), true);
        if (kind > Assets.BASELINE) revert AttributionSettlement_UnknownAsset(asset);
        IERC721 token = kind == Assets.MODEL ? MODELS : CONTRIBUTIONS;
        payee = token.ownerOf(Assets.tokenIdOf(asset));
        mayCall = payee.code.length == 0 || msg.sender == payee || token.isApprovedForAll(payee, msg.sender);
    }

    /// @dev Books a payout for `claimMany`; 0 when it is not payable to the account by this caller.
    function _bookFor(address account, PayoutProof calldata payout, Claim calldata finalClaim)
        private
        returns (uint96)
    {
        if (payout.nodeId != finalClaim.nodeId || !_isPayout(payout, finalClaim)) return 0;
        (address payee, bool mayCall) = _payee(payout.asset);
        // Baseline money must say which model it is for: `claim` does.
        if (payee != account || payee == address(VAULT) || !mayCall) return 0;
        return _book(payout, account);
    }

    function _isFinal(Claim calldata c) private returns (bool, bytes32 claimId) {
        _advance(c.nodeId);
        claimId = claimIdOf(c);
        return (_storage().claims[claimId].status == ClaimStatus.Final, claimId);
    }

    /// @dev Books what an asset has earned and not been paid. A node's money pays for that node's claims only.
    function _book(PayoutProof calldata payout, address payee) private returns (uint96 amount) {
        AttributionSettlementStorage storage $ = _storage();
        uint96 before = $.paid[payout.nodeId][payout.asset];
        if (payout.cumulative <= before) return 0;
        amount = payout.cumulative - before;
        NodeState storage n = $.nodes[payout.nodeId];
        uint256 total = uint256(n.paid) + amount;
        if (total > n.finalTotal) revert AttributionSettlement_Overpaid(payout.nodeId, total, n.finalTotal);
        $.paid[payout.nodeId][payout.asset] = payout.cumulative;
        n.paid = uint96(total);
        emit Paid(payout.nodeId, payout.asset, payee, amount, payout.cumulative);
    }
}
