// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Allocation} from "../../libraries/Allocation.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {WordRange} from "../../libraries/WordRange.sol";
import {Claim} from "../../types/Claim.sol";
import {AttributionHeader, CorpusEntry, Item, Receipt, Span} from "../../types/Leaves.sol";
import {SpanWitness} from "../../types/Witness.sol";

/// @title Proves that a listed span is none.
/// @notice Fraud: a SPAN item whose length is out of bounds or not its score, whose asset is listed twice or has no content in
/// the model's corpus, that reaches past the content or the answer, or that has one byte which differs between them.
/// Witness: {SpanWitness}.
/// @dev The receipt is the one that the attribution's header names; whether that is the right one is for the Allocation
/// predicate.
contract SpanPredicate is IPredicate {
    uint256 private constant WORD = 32;

    IModelRegistry public immutable MODELS;

    constructor(IModelRegistry models) {
        MODELS = models;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        SpanWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, w.position, w.attributionPath)) return false;
        if (w.item >= Leaves.itemCount(w.attribution)) return false;
        Item memory item = Leaves.itemOf(w.attribution, w.item);
        if (item.kind != Allocation.SPAN) return false;
        Span memory span = Leaves.decodeSpan(item.evidence);
        if (span.len < Allocation.MIN_SPAN || span.len > Allocation.MAX_SPAN) return true;
        if (item.score != int256(span.len) || _isListedTwice(w.attribution, w.item, item.asset)) return true;

        AttributionHeader memory header = Leaves.decodeHeader(w.attribution);
        IModelRegistry.CorpusTerms memory terms = MODELS.corpusTerms(header.modelId);
        if (w.corpus.length == 0) return _isAbsent(terms, item.asset, w.corpusPath);
        if (!Openings.isCorpus(terms, item.asset, w.corpus, w.corpusPath)) return false;
        CorpusEntry memory entry = Leaves.decodeCorpus(w.corpus);
        if (span.srcOff + span.len > entry.byteLength) return true;

        if (Leaves.hash(Leaves.TAG_RECEIPT, w.receipt) != header.receiptHash) return false;
        Receipt memory receipt = Leaves.decodeReceipt(w.receipt);
        if (span.outOff + span.len > receipt.outputLength) return true;
        return w.offset < span.len && _differs(w, span, entry, receipt.outputLength);
    }

    function _isListedTwice(bytes calldata attribution, uint256 item, uint40 asset) private pure returns (bool) {
        uint256 count = Leaves.itemCount(attribution);
        for (uint256 k = 0; k < count; ++k) {
            (uint256 head,) = Leaves.itemWords(attribution, k);
            // asset5 ‖ kind1 ‖ …
            if (k != item && head >> 208 == (uint256(asset) << 8 | Allocation.SPAN)) return true;
        }
        return false;
    }

    function _isAbsent(IModelRegistry.CorpusTerms memory terms, uint40 asset, bytes calldata path)
        private
        pure
        returns (bool)
    {
        // A model without a corpus pays nobody by spans: that is for the Allocation predicate.
        if (terms.corpusRoot == 0) return false;
        if (uint256(asset) >> terms.treeDepth != 0) return true;
        return PositionalMerkle.verify(terms.corpusRoot, PositionalMerkle.PAD, asset, terms.treeDepth, path);
    }

    /// @dev Whether byte `w.offset` of the span is one in the content and another one in the answer.
    function _differs(SpanWitness calldata w, Span memory span, CorpusEntry memory entry, uint32 outputLength)
        private
        pure
        returns (bool)
    {
        (uint256 source, uint256 output) = (span.srcOff + w.offset, span.outOff + w.offset);
        uint256 depth = WordRange.depthOf(entry.byteLength);
        bytes32 leaf = WordRange.contentLeaf(w.contentWord);
        if (!PositionalMerkle.verify(entry.contentRoot, leaf, source / WORD, depth, w.contentPath)) return false;
        depth = WordRange.depthOf(outputLength);
        leaf = WordRange.outputLeaf(w.outputWordSalt, w.outputWord);
        bytes32 root = Leaves.outputRootOf(w.receipt);
        if (!PositionalMerkle.verify(root, leaf, output / WORD, depth, w.outputPath)) return false;
        return w.contentWord[source % WORD] != w.outputWord[output % WORD];
    }
}
