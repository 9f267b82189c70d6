// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../interfaces/IAttributionSettlement.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {ClaimLib} from "../../libraries/ClaimLib.sol";
import {Openings} from "../../libraries/Openings.sol";
import {Claim} from "../../types/Claim.sol";
import {Payout} from "../../types/Leaves.sol";
import {TransitionWitness} from "../../types/Witness.sol";

/// @title Proves that a payout did not follow from the parent's.
/// @notice A leaf either stays as it was, or names this claim and grows by its delta. Anything else is fraud: without this
/// a claim could move what others have earned but not yet claimed, and its total would not show it.
/// Witness: {TransitionWitness}.
contract TransitionPredicate is IPredicate {
    bytes32 private immutable DOMAIN;

    constructor(IAttributionSettlement settlement) {
        DOMAIN = ClaimLib.domain(address(settlement));
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        TransitionWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        bool opened;
        Payout memory old;
        if (claim.parent != 0) {
            if (ClaimLib.id(w.parent, DOMAIN) != claim.parent) return false;
            (opened, old) = Openings.payout(w.parent, w.asset, w.oldPayout, w.oldPath);
            if (!opened) return false;
        } else if (w.oldPayout.length != 0) {
            return false;
        }
        Payout memory next;
        (opened, next) = Openings.payout(claim, w.asset, w.newPayout, w.newPath);
        if (!opened) return false;

        if (keccak256(w.newPayout) == keccak256(w.oldPayout)) return false;
        return next.seq != claim.seq || next.cumulative != uint256(old.cumulative) + next.delta;
    }
}
