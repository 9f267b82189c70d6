// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {NodeLedger} from "../../src/libraries/NodeLedger.sol";

/// @title Monotonic payouts, and payouts within what became final: {NodeLedger.book}.
/// @dev As {NodeLedgerProof}; apart from it, because the solver carries a contract's functions from proof to proof.
contract PayoutProof {
    function pay(uint96 paid, uint96 paidToAsset, uint96 cumulative, uint96 funded) external pure {
        require(paid <= funded);
        (uint96 amount, uint96 paidNow, uint96 paidToAssetNow) = NodeLedger.book(paid, paidToAsset, cumulative, funded);
        // Never more than became final, and exactly what leaves is written down.
        assert(paidNow <= funded);
        assert(uint256(paidNow) == uint256(paid) + amount);
        assert(uint256(paidToAssetNow) == uint256(paidToAsset) + amount);
    }

    function payNeverGoesDown(uint96 paid, uint96 paidToAsset, uint96 cumulative, uint96 funded) external pure {
        (uint96 amount,, uint96 paidToAssetNow) = NodeLedger.book(paid, paidToAsset, cumulative, funded);
        assert(paidToAssetNow >= paidToAsset);
        assert(amount == 0 || paidToAssetNow == cumulative);
    }
}
