// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Allocation} from "../../libraries/Allocation.sol";
import {SketchDot} from "../../libraries/SketchDot.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {Claim} from "../../types/Claim.sol";
import {AttributionHeader, Item} from "../../types/Leaves.sol";
import {ScoreWitness} from "../../types/Witness.sol";

/// @title Proves that an influence score is not what the committed vectors give.
/// @notice Fraud: an INFLUENCE item whose asset has no sketch in the model, whose sketch's sigma is above the model's cap, whose
/// committed query is no vector of 512 bytes, or whose score differs from sigma · ⟨a_c, a_q⟩. Witness: {ScoreWitness}.
/// @dev It proves arithmetic on committed vectors. Whether the query vector belongs to the answer is a matter of audits.
contract ScorePredicate is IPredicate {
    IModelRegistry public immutable MODELS;

    constructor(IModelRegistry models) {
        MODELS = models;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        ScoreWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, w.position, w.attributionPath)) return false;
        if (w.item >= Leaves.itemCount(w.attribution)) return false;
        Item memory item = Leaves.itemOf(w.attribution, w.item);
        if (item.kind != Allocation.INFLUENCE) return false;

        AttributionHeader memory header = Leaves.decodeHeader(w.attribution);
        IModelRegistry.SketchTerms memory terms = MODELS.sketchTerms(header.modelId);
        if (w.sketch.length == 0) return _isAbsent(terms, item.asset, w.sketchPath);

        if (w.sketch.length != Leaves.SKETCH_LENGTH) return false;
        bytes32 sketch = Leaves.hash(Leaves.TAG_SKETCH, w.sketch);
        if (!PositionalMerkle.verify(terms.sketchRoot, sketch, item.asset, terms.treeDepth, w.sketchPath)) {
            return false;
        }
        uint32 sigma = uint32(bytes4(w.sketch[5:9]));
        if (sigma > terms.sigmaCap) return true;
        if (keccak256(w.query) != header.queryHash) return false;
        // The node committed to something that no score can follow from.
        if (w.query.length != SketchDot.QUERY_BYTES) return true;
        return int256(uint256(sigma)) * SketchDot.dot(w.sketch[9:265], w.query) != item.score;
    }

    function _isAbsent(IModelRegistry.SketchTerms memory terms, uint40 asset, bytes calldata path)
        private
        pure
        returns (bool)
    {
        // A model without sketches pays nobody by influence: that is for the Allocation predicate.
        if (terms.sketchRoot == 0) return false;
        if (uint256(asset) >> terms.treeDepth != 0) return true;
        return PositionalMerkle.verify(terms.sketchRoot, PositionalMerkle.PAD, asset, terms.treeDepth, path);
    }
}
