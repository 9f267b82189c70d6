// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetRegistry} from "../../src/interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {Allocation} from "../../src/libraries/Allocation.sol";
import {ContributionInput} from "../../src/types/Contribution.sol";
import {ContextRow, Item} from "../../src/types/Leaves.sol";
import {OmissionWitness, RetrievalWitness, SpanOmissionWitness, SpanWitness} from "../../src/types/Witness.sol";
import {FraudTest} from "./FraudTest.sol";
import {Answer, Draft} from "./Prover.sol";
import {PlainTree, Trees} from "./Trees.sol";

/// @dev What the tests of the predicates on evidence share: contents, an answer that quotes two of them, and rows that were
/// placed in its prompt. The adapter pays by influence, spans and retrieval.
///
/// | bytes of the answer | what |
/// |---|---|
/// | 10 … 89 | bytes 1000 … 1079 of content 0 |
/// | 105 … 194 | bytes 64 … 153 of content 1 |
abstract contract EvidenceTest is FraudTest {
    using Trees for PlainTree;

    uint256 internal constant CONTENT_LENGTH = 1_100;
    uint256 internal constant OUTPUT_LENGTH = 200;
    uint32 internal constant ROWS = 5;
    bytes32 internal constant SALT = keccak256("salt");

    uint8 internal scheme = 7;
    ContextRow[] internal context;

    function setUp() public virtual override {
        super.setUp();
        // Row 3 of contribution 2, row 1 of contribution 0, and a second row of it that is less relevant.
        _place(2, 3, 900);
        _place(0, 1, 500);
        _place(0, 2, 400);
        _enter(scheme);
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory call = abi.encodeCall(IDatanetRegistry.inputHashOf, (contributionAssets[i] >> 2));
            vm.mockCall(address(d.datanets), call, abi.encode(keccak256(inputOf(i))));
        }
    }

    /// @dev Lets the registry answer as if the adapter had these contents and this scheme.
    function _enter(uint8 scheme_) internal {
        scheme = scheme_;
        IModelRegistry.CorpusTerms memory terms =
            IModelRegistry.CorpusTerms(corpus().root(), uint8(TREE_DEPTH), scheme_);
        vm.mockCall(address(d.models), abi.encodeCall(IModelRegistry.corpusTerms, (adapterId)), abi.encode(terms));
        IModelRegistry.AllocationTerms memory allocation = d.models.allocationTerms(adapterId);
        allocation.scheme = scheme_;
        bytes memory call = abi.encodeCall(IModelRegistry.allocationTerms, (adapterId));
        vm.mockCall(address(d.models), call, abi.encode(allocation));
    }

    // ---------------------------------------------------------------------------------------------- contributions

    function contentOf(uint256 i) internal pure returns (bytes memory) {
        return _noise(abi.encode("content", i), CONTENT_LENGTH);
    }

    function rowOf(uint256 i, uint256 row) internal pure returns (bytes memory) {
        return _noise(abi.encode("row", i, row), 100);
    }

    function rowLeaf(uint256 i, uint32 row) internal pure returns (bytes memory) {
        return abi.encodePacked(row, uint40(102) * row, uint32(100), keccak256(rowOf(i, row)));
    }

    function rowsTree(uint256 i) internal pure returns (PlainTree memory) {
        bytes32[] memory leaves = new bytes32[](ROWS);
        for (uint32 row = 0; row < ROWS; ++row) {
            leaves[row] = keccak256(abi.encodePacked(uint8(0x22), rowLeaf(i, row)));
        }
        return Trees.plain(leaves, Trees.depthOf(ROWS));
    }

    function inputOf(uint256 i) internal pure returns (bytes memory) {
        ContributionInput memory input;
        input.datanetId = 1;
        input.contentRoot = contentTree(i).root();
        input.byteLength = uint40(CONTENT_LENGTH);
        input.rowsRoot = rowsTree(i).root();
        input.rowCount = ROWS;
        input.licence = "CC0-1.0";
        input.uri = STORE_URI;
        return abi.encode(input);
    }

    function contentTree(uint256 i) internal pure returns (PlainTree memory) {
        bytes memory content = contentOf(i);
        bytes32[] memory leaves = new bytes32[]((content.length + 31) / 32);
        for (uint256 k = 0; k < leaves.length; ++k) {
            leaves[k] = keccak256(abi.encodePacked(uint8(0x20), _word(content, k)));
        }
        return Trees.plain(leaves, Trees.depthOf(leaves.length));
    }

    function corpusLeaf(uint256 i) internal view returns (bytes memory) {
        return abi.encodePacked(contributionAssets[i], contentTree(i).root(), uint40(CONTENT_LENGTH));
    }

    function corpus() internal view returns (PlainTree memory) {
        bytes32[] memory leaves = new bytes32[](2 ** TREE_DEPTH);
        for (uint256 i = 0; i < 3; ++i) {
            leaves[contributionAssets[i]] = keccak256(abi.encodePacked(uint8(0x18), corpusLeaf(i)));
        }
        return Trees.plain(leaves, TREE_DEPTH);
    }

    // ----------------------------------------------------------------------------------------------------- answer

    function output() internal pure returns (bytes memory out) {
        out = _noise("output", OUTPUT_LENGTH);
        _copy(contentOf(0), 1_000, out, 10, 80);
        _copy(contentOf(1), 64, out, 105, 90);
    }

    function wordSalt(uint256 k) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(SALT, uint32(k)));
    }

    function outputTree() internal pure returns (PlainTree memory) {
        bytes memory out = output();
        bytes32[] memory leaves = new bytes32[]((out.length + 31) / 32);
        for (uint256 k = 0; k < leaves.length; ++k) {
            leaves[k] = keccak256(abi.encodePacked(uint8(0x21), wordSalt(k), _word(out, k)));
        }
        return Trees.plain(leaves, Trees.depthOf(leaves.length));
    }

    function _outputRoot(uint256) internal view virtual override returns (bytes32) {
        return outputTree().root();
    }

    function _place(uint256 i, uint32 row, int64 score) internal {
        context.push(ContextRow(contributionAssets[i], row, score, keccak256(rowOf(i, row))));
    }

    function contextLeaf(uint256 k) internal view returns (bytes memory) {
        ContextRow memory c = context[k];
        return abi.encodePacked(c.asset, c.row, c.score, c.bytesHash);
    }

    function contextTree() internal view returns (PlainTree memory) {
        bytes32[] memory leaves = new bytes32[](16);
        for (uint256 k = 0; k < context.length; ++k) {
            leaves[k] = keccak256(abi.encodePacked(uint8(0x23), contextLeaf(k)));
        }
        return Trees.plain(leaves, 4);
    }

    function _contextRoot(uint256) internal view virtual override returns (bytes32) {
        return context.length == 0 ? bytes32(0) : contextTree().root();
    }

    // ------------------------------------------------------------------------------------------------------ draft

    function _span(uint256 i, uint32 outOff, uint40 srcOff, uint16 len) internal view returns (Item memory) {
        bytes14 evidence = bytes14(abi.encodePacked(outOff, srcOff, len, uint24(0)));
        return Item(contributionAssets[i], Allocation.SPAN, int64(uint64(len)), 0, evidence);
    }

    function _retrieval(uint40 asset, uint32 row, uint16 place, int64 score) internal pure returns (Item memory) {
        bytes14 evidence = bytes14(abi.encodePacked(row, place, uint64(0)));
        return Item(asset, Allocation.RETRIEVAL, score, 0, evidence);
    }

    /// @dev What of the answer must be listed.
    function _listed() internal view returns (Item[] memory listed) {
        listed = new Item[](4);
        listed[0] = _span(1, 105, 64, 90);
        listed[1] = _span(0, 10, 1_000, 80);
        listed[2] = _retrieval(contributionAssets[2], 3, 0, 900);
        listed[3] = _retrieval(contributionAssets[0], 1, 1, 500);
    }

    /// @dev A claim over one answer that lists these spans and rows, after all influence.
    function _claimOf(Item[] memory listed) internal returns (Draft memory x) {
        return _claimOf(listed, 1e18, 1);
    }

    function _claimOf(Item[] memory listed, uint96 fee, uint8 flags) internal returns (Draft memory x) {
        Answer[] memory answers = new Answer[](1);
        answers[0] = _answer(fee, 0);
        answers[0].flags = flags;
        answers[0].listed = listed;
        x = _draft(answers);
        _seal(x);
        _submit(x);
    }

    function _only(Item memory item) internal pure returns (Item[] memory listed) {
        listed = new Item[](1);
        listed[0] = item;
    }

    // -------------------------------------------------------------------------------------------------- witnesses

    /// @dev As the item says where it is; `i` is the contribution whose content is shown.
    function _spanWitness(Draft memory x, uint8 k, uint256 i, uint16 offset)
        internal
        view
        returns (SpanWitness memory w)
    {
        bytes14 evidence = x.items[0][k].evidence;
        uint256 target = (uint32(bytes4(evidence)) + offset) / 32;
        uint256 source = (uint40(bytes5(evidence << 32)) + offset) / 32;
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = _attributionsTree(x).proof(0);
        w.item = k;
        w.corpus = corpusLeaf(i);
        w.corpusPath = corpus().proof(contributionAssets[i]);
        w.receipt = _receipt(x, 0);
        w.offset = offset;
        if (source < (CONTENT_LENGTH + 31) / 32) {
            w.contentWord = _word(contentOf(i), source);
            w.contentPath = contentTree(i).proof(source);
        }
        if (target < (OUTPUT_LENGTH + 31) / 32) {
            w.outputWordSalt = wordSalt(target);
            w.outputWord = _word(output(), target);
            w.outputPath = outputTree().proof(target);
        }
    }

    function _matchWitness(Draft memory x, uint256 i, uint32 outOff, uint40 srcOff, uint16 len)
        internal
        view
        returns (SpanOmissionWitness memory w)
    {
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = _attributionsTree(x).proof(0);
        w.corpus = corpusLeaf(i);
        w.corpusPath = corpus().proof(contributionAssets[i]);
        w.receipt = _receipt(x, 0);
        (w.outOff, w.srcOff, w.len) = (outOff, srcOff, len);
        (uint256 first, uint256 last) = (srcOff / 32, (uint256(srcOff) + len - 1) / 32);
        for (uint256 k = first; k <= last; ++k) {
            w.contentWords = abi.encodePacked(w.contentWords, _word(contentOf(i), k));
        }
        w.contentPath = contentTree(i).rangeProof(first, last);
        (first, last) = (outOff / 32, (uint256(outOff) + len - 1) / 32);
        for (uint256 k = first; k <= last; ++k) {
            w.outputWords = abi.encodePacked(w.outputWords, _word(output(), k));
            w.outputWordSalts = abi.encodePacked(w.outputWordSalts, wordSalt(k));
        }
        w.outputPath = outputTree().rangeProof(first, last);
    }

    /// @dev item → context → contribution `i`.
    function _rowWitness(Draft memory x, uint8 k, uint256 i) internal view returns (RetrievalWitness memory w) {
        bytes14 evidence = x.items[0][k].evidence;
        uint32 row = uint32(bytes4(evidence));
        uint16 place = uint16(bytes2(evidence << 32));
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = _attributionsTree(x).proof(0);
        w.item = k;
        w.receipt = _receipt(x, 0);
        if (place < 16) w.contextPath = contextTree().proof(place);
        if (place < context.length) w.context = contextLeaf(place);
        if (row < ROWS) {
            w.row = rowLeaf(i, row);
            w.rowPath = rowsTree(i).proof(row);
        }
        w.contribution = inputOf(i);
    }

    /// @dev context → items.
    function _contextWitness(Draft memory x, uint8 place) internal view returns (RetrievalWitness memory w) {
        w.fromContext = true;
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = _attributionsTree(x).proof(0);
        w.receipt = _receipt(x, 0);
        w.context = contextLeaf(place);
        w.contextPath = contextTree().proof(place);
        w.contextPosition = place;
    }

    function _word(bytes memory b, uint256 k) internal pure returns (bytes32 word) {
        for (uint256 j = 0; j < 32; ++j) {
            if (32 * k + j < b.length) word |= bytes32(b[32 * k + j]) >> (8 * j);
        }
    }

    function _copy(bytes memory from, uint256 source, bytes memory to, uint256 target, uint256 length) private pure {
        for (uint256 j = 0; j < length; ++j) {
            to[target + j] = from[source + j];
        }
    }

    function _noise(bytes memory seed, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        bytes32 word;
        for (uint256 j = 0; j < length; ++j) {
            if (j % 32 == 0) word = keccak256(abi.encode(seed, j / 32));
            out[j] = word[j % 32];
        }
    }
}
