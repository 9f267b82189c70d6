// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {Assets} from "../libraries/Assets.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {MerkleSum} from "../libraries/MerkleSum.sol";
import {NodeLedger} from "../libraries/NodeLedger.sol";
import {Claim, ClaimPayouts, PayoutProof} from "../types/Claim.sol";
import {StoredNode, StoredPause} from "../types/SettlementState.sol";
import {SettlementBase} from "./SettlementBase.sol";

/// @title Who is paid what of a final claim.
/// @notice See {IAttributionSettlement}. A final claim pays whether or not it has been recorded as final: what it may pay in
/// all is its own total, or a later one's.
abstract contract SettlementPayouts is SettlementBase {
    /// @dev Books everything in `items` that is payable to the account; skips the rest.
    /// @param anyhow Whether the account asked for it, so that it is paid even if it is a contract
    function _bookAll(address account, bool anyhow, ClaimPayouts[] calldata items) internal returns (uint96 amount) {
        StoredPause memory pause = _checkNotPaused();
        for (uint256 i = 0; i < items.length; ++i) {
            Claim calldata finalClaim = items[i].finalClaim;
            if (!_isFinal(_claimIdOf(finalClaim), pause)) continue;
            for (uint256 k = 0; k < items[i].payouts.length; ++k) {
                amount += _bookFor(account, anyhow, items[i].payouts[k], finalClaim);
            }
        }
    }

    function _bookFor(address account, bool anyhow, PayoutProof calldata payout, Claim calldata finalClaim)
        private
        returns (uint96)
    {
        uint8 kind = Assets.kindOf(payout.asset);
        // Baseline money must say which model it is for, and the treasury's goes to a counter: `claim` does both.
        if (payout.asset == Assets.TREASURY || kind >= Assets.BASELINE) return 0;
        if (payout.nodeId != finalClaim.nodeId || !_isPayout(payout, finalClaim)) return 0;
        (address owner, uint16 withheldBps, IERC721 token) = _ownerOf(payout.asset, kind);
        if (owner != account || !(anyhow || token.isApprovedForAll(account, msg.sender))) return 0;
        (, uint96 amount) = _book(payout, finalClaim, owner, withheldBps);
        return amount;
    }

    function _isPayout(PayoutProof calldata payout, Claim calldata c) internal pure returns (bool) {
        return MerkleSum.verify(
            c.payoutsRoot,
            c.payoutsTotal,
            Leaves.hashPayout(payout),
            payout.cumulative,
            payout.asset,
            c.payoutsDepth,
            payout.proof
        );
    }

    /// @dev Owner of a contribution or a model, the part of its earnings that is withheld, and its token.
    function _ownerOf(uint40 asset, uint8 kind)
        internal
        view
        returns (address owner, uint16 withheldBps, IERC721 token)
    {
        uint40 tokenId = Assets.tokenIdOf(asset);
        if (kind == Assets.MODEL) return (MODELS.ownerOf(tokenId), 0, MODELS);
        (owner, withheldBps) = CONTRIBUTIONS.payeeOf(tokenId);
        token = CONTRIBUTIONS;
    }

    /// @dev Books what an asset has earned and not been paid, and withholds the treasury's part. A node's money pays for that
    /// node's claims only.
    /// @return booked Whether there was anything
    /// @return amount The payee's part
    function _book(PayoutProof calldata payout, Claim calldata finalClaim, address payee, uint16 withheldBps)
        internal
        returns (bool booked, uint96 amount)
    {
        amount = _bookWhole(payout, finalClaim.payoutsTotal);
        if (amount == 0) return (false, 0);
        if (withheldBps != 0) amount = _withhold(payout.nodeId, payout.asset, amount, withheldBps);
        emit IAttributionSettlement.Paid(payout.nodeId, payout.asset, payee, amount, payout.cumulative);
        return (true, amount);
    }

    function _bookWhole(PayoutProof calldata payout, uint96 funded) private returns (uint96 amount) {
        AttributionSettlementStorage storage $ = _storage();
        StoredNode storage n = $.nodes[payout.nodeId];
        mapping(uint40 => uint96) storage paid = $.paid[payout.nodeId];
        uint96 paidByNode = n.paid;
        uint96 paidToAsset = paid[payout.asset];
        // Later claims may have paid more than this one's total: what the last final one may pay counts.
        if (uint256(paidByNode) + payout.cumulative > uint256(funded) + paidToAsset) {
            _advance(payout.nodeId);
            funded = NodeLedger.inWei(n.finalTotal);
        }
        (amount, paidByNode, paidToAsset) = NodeLedger.book(paidByNode, paidToAsset, payout.cumulative, funded);
        if (amount == 0) return 0;
        n.paid = paidByNode;
        paid[payout.asset] = paidToAsset;
    }

    function _withhold(uint40 nodeId, uint40 asset, uint96 amount, uint16 bps) private returns (uint96 toPayee) {
        uint96 toTreasury;
        (toPayee, toTreasury) = NodeLedger.withhold(amount, bps);
        _storage().counters.treasury += toTreasury;
        emit IAttributionSettlement.Withheld(nodeId, asset, toTreasury);
    }
}
