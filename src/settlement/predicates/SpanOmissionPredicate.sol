// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Allocation} from "../../libraries/Allocation.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Listed} from "../../libraries/Listed.sol";
import {Openings} from "../../libraries/Openings.sol";
import {WordRange} from "../../libraries/WordRange.sol";
import {Claim} from "../../types/Claim.sol";
import {AttributionHeader, CorpusEntry, Receipt} from "../../types/Leaves.sol";
import {SpanOmissionWitness} from "../../types/Witness.sol";

/// @title Proves that a contribution which the answer quotes was left out.
/// @notice Fraud: the answer and a content of the model's corpus have a span in common that ranks before the last listed SPAN
/// item, or that is listed with a shorter one, or that is not listed while fewer are than may be. Never for a receipt that is
/// not auditable or costs nothing, nor for a model that does not pay by spans. Witness: {SpanOmissionWitness}.
/// @dev The receipt is the one that the attribution's header names; whether that is the right one is for the Allocation
/// predicate.
contract SpanOmissionPredicate is IPredicate {
    uint256 private constant WORD = 32;

    IModelRegistry public immutable MODELS;

    constructor(IModelRegistry models) {
        MODELS = models;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        SpanOmissionWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, w.position, w.attributionPath)) return false;
        AttributionHeader memory header = Leaves.decodeHeader(w.attribution);
        if (Leaves.hash(Leaves.TAG_RECEIPT, w.receipt) != header.receiptHash) return false;
        Receipt memory receipt = Leaves.decodeReceipt(w.receipt);
        if (header.fee == 0 || receipt.flags & Allocation.FLAG_NO_AUDIT != 0) return false;
        if (w.len < Allocation.MIN_SPAN || w.len > Allocation.MAX_SPAN) return false;

        IModelRegistry.CorpusTerms memory terms = MODELS.corpusTerms(header.modelId);
        if (terms.scheme & Allocation.SCHEME_SPAN == 0) return false;
        CorpusEntry memory entry = Leaves.decodeCorpus(w.corpus);
        if (!Openings.isCorpus(terms, entry.asset, w.corpus, w.corpusPath)) return false;
        if (!Listed.lacks(w.attribution, Allocation.SPAN, Allocation.MAX_SPANS, entry.asset, int256(uint256(w.len)))) {
            return false;
        }
        return _isMatch(w, entry, receipt.outputLength);
    }

    /// @dev Whether content and answer have the bytes in common.
    function _isMatch(SpanOmissionWitness calldata w, CorpusEntry memory entry, uint32 outputLength)
        private
        pure
        returns (bool)
    {
        WordRange.Range memory range = WordRange.Range(entry.contentRoot, entry.byteLength, w.srcOff, w.len);
        if (!WordRange.isContent(range, w.contentWords, w.contentPath)) return false;
        range = WordRange.Range(Leaves.outputRootOf(w.receipt), outputLength, w.outOff, w.len);
        if (!WordRange.isOutput(range, w.outputWords, w.outputWordSalts, w.outputPath)) return false;
        (uint256 source, uint256 output) = (w.srcOff % WORD, w.outOff % WORD);
        return keccak256(w.contentWords[source:source + w.len]) == keccak256(w.outputWords[output:output + w.len]);
    }
}
