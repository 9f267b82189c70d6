// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {Claim} from "../types/Claim.sol";
import {Payout, Receipt} from "../types/Leaves.sol";
import {AttributionOpening, CreditOpening, DataOpening, PayoutOpening} from "../types/Opening.sol";
import {AllocationWitness} from "../types/Witness.sol";
import {Allocation} from "./Allocation.sol";
import {Leaves} from "./Leaves.sol";
import {MerkleSum} from "./MerkleSum.sol";
import {Openings} from "./Openings.sol";

/// @title What counts as an answer to a request.
/// @notice Each check is one that an honest proposer can always meet with what it proposed, and that says nothing on whether
/// what is shown is right: that is for the predicates. A pad in the place of an attribution is no answer: there must be one.
/// @dev Witnesses are read where they lie; offsets that point elsewhere open nothing or revert.
library Answers {
    /// @notice Whether the attribution at `position` is opened.
    function isAttribution(Claim calldata claim, uint256 position, bytes calldata witness)
        internal
        pure
        returns (bool)
    {
        AttributionOpening calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        return Openings.isAttribution(claim, leaf, position, w.path);
    }

    /// @notice Whether the payout of `asset` is opened, or its absence.
    function isPayout(Claim calldata claim, uint40 asset, bytes calldata witness) internal pure returns (bool opened) {
        PayoutOpening calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        (opened,) = Openings.payout(claim, asset, w.payout, w.path);
    }

    /// @notice Whether what is at `index` of the asset's credits is opened, or that this claim has no credits there.
    function isCredit(Claim calldata claim, uint40 asset, uint32 index, bytes calldata witness)
        internal
        pure
        returns (bool)
    {
        CreditOpening calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        (bool opened, Payout memory p) = Openings.payout(claim, asset, w.payout, w.payoutPath);
        if (!opened) return false;
        if (w.payout.length == 0 || p.seq != claim.seq || uint256(index) >> p.creditsDepth != 0) return true;
        (bytes32 leaf, uint256 amount) = (MerkleSum.PAD, 0);
        if (w.credit.length != 0) {
            leaf = Leaves.hash(Leaves.TAG_CREDIT, w.credit);
            amount = Leaves.decodeCredit(w.credit).amount;
        }
        return MerkleSum.verify(p.creditsHash, p.delta, leaf, amount, index, p.creditsDepth, w.path);
    }

    /// @notice Whether receipt and attribution at `position` are opened, and the query of a PUBLIC receipt.
    function isData(IAttributionSettlement settlement, Claim calldata claim, uint256 position, bytes calldata witness)
        internal
        view
        returns (bool)
    {
        DataOpening calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        (bool opened, uint256 opensAt, uint8 flags) = receiptOf(settlement, claim, witness);
        if (!opened || opensAt != position) return false;
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, position, w.attributionPath)) return false;
        if (flags & Allocation.FLAG_PUBLIC == 0 || w.attribution.length < Leaves.HEADER_LENGTH) return true;
        bytes32 queryHash = Leaves.queryHashOf(w.attribution);
        return queryHash == 0 || keccak256(w.query) == queryHash;
    }

    /// @notice Opens the receipt of an {AllocationWitness}: whether it is one of the claim's, at which position its attribution
    /// belongs, and its flags.
    function receiptOf(IAttributionSettlement settlement, Claim calldata claim, bytes calldata witness)
        internal
        view
        returns (bool opened, uint256 position, uint8 flags)
    {
        AllocationWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        Receipt memory receipt = Leaves.decodeReceipt(w.receipt);
        (opened, position) = Openings.receipt(settlement, claim, w, receipt);
        flags = receipt.flags;
    }
}
