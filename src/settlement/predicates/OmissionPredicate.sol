// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Allocation} from "../../libraries/Allocation.sol";
import {SketchDot} from "../../libraries/SketchDot.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Listed} from "../../libraries/Listed.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {Claim} from "../../types/Claim.sol";
import {AttributionHeader} from "../../types/Leaves.sol";
import {OmissionWitness} from "../../types/Witness.sol";

/// @title Proves that a contribution with influence was left out.
/// @notice Fraud: an asset that is not listed has, by the committed vectors, a score that ranks before the last listed
/// INFLUENCE item, or a positive one while fewer are listed than may be; or the committed query is no vector of 512 bytes.
/// Witness: {OmissionWitness}.
/// @dev A sketch above the model's cap scores nothing: {ScorePredicate} forbids to list it. Only a receipt that may be audited,
/// of a model that pays by influence, has a query hash other than 0.
contract OmissionPredicate is IPredicate {
    IModelRegistry public immutable MODELS;

    constructor(IModelRegistry models) {
        MODELS = models;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        OmissionWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, w.position, w.attributionPath)) return false;
        AttributionHeader memory header = Leaves.decodeHeader(w.attribution);
        if (header.fee == 0 || keccak256(w.query) != header.queryHash) return false;
        // The node committed to something that no score can follow from.
        if (w.query.length != SketchDot.QUERY_BYTES) return true;

        if (w.sketch.length != Leaves.SKETCH_LENGTH) return false;
        IModelRegistry.SketchTerms memory terms = MODELS.sketchTerms(header.modelId);
        uint40 asset = uint40(bytes5(w.sketch[0:5]));
        uint32 sigma = uint32(bytes4(w.sketch[5:9]));
        if (terms.sketchRoot == 0 || sigma > terms.sigmaCap) return false;
        leaf = Leaves.hash(Leaves.TAG_SKETCH, w.sketch);
        if (!PositionalMerkle.verify(terms.sketchRoot, leaf, asset, terms.treeDepth, w.sketchPath)) return false;

        Listed.Kind memory listed = Listed.ofKind(w.attribution, Allocation.INFLUENCE, asset);
        // A listed one with another score is for {ScorePredicate}.
        if (listed.found) return false;
        int256 score = int256(uint256(sigma)) * SketchDot.dot(w.sketch[9:265], w.query);
        return Listed.hasPlaceFor(listed, Allocation.MAX_INFLUENCE, asset, score);
    }
}
