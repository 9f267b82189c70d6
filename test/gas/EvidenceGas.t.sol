// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {stdStorage, StdStorage} from "forge-std/Test.sol";
import {Native} from "../../src/libraries/Native.sol";
import {Claim} from "../../src/types/Claim.sol";
import {ContributionInput} from "../../src/types/Contribution.sol";
import {Item} from "../../src/types/Leaves.sol";
import {OmissionWitness, RetrievalWitness, SpanOmissionWitness, SpanWitness} from "../../src/types/Witness.sol";
import {EvidenceTest} from "../utils/EvidenceTest.sol";
import {Answer, Draft} from "../utils/Prover.sol";
import {Trees} from "../utils/Trees.sol";

/// @dev What proofs about evidence cost in trees of depth 17 (an answer's tree: 9), behind proxies. Only what is opened is
/// real; siblings are random. The answer has the first bytes of a content as its own first bytes.
contract EvidenceGasTest is EvidenceTest {
    using stdStorage for StdStorage;

    uint256 private constant DEPTH = 17;
    uint256 private constant OUTPUT_DEPTH = 9;
    uint32 private constant RECEIPTS = 100_000;
    uint32 private constant POSITION = 0x0a5a5;
    /// @dev First word of a match in the content and in the answer; neither match begins with its word.
    uint40 private constant SOURCE = 0x05a5b;
    uint32 private constant TARGET = 0x0b5;

    bytes private text;
    bytes private attributionPath;
    bytes private corpus_;
    bytes private corpusPath;
    bytes private contentPath;
    bytes private outputPath;
    bytes private contextPath;
    bytes32 private outputRoot;
    bytes32 private contextRoot_;

    function setUp() public override {
        super.setUp();
        vm.clearMockedCalls();
        vm.deal(watcher, 1 ether);
        vm.deal(Native.BURN, 1 ether);
        stdstore.enable_packed_slots().target(address(d.models)).sig("terms(uint40)").with_key(adapterId).depth(2)
            .checked_write(uint256(7));
        stdstore.enable_packed_slots().target(address(d.models)).sig("terms(uint40)").with_key(adapterId).depth(3)
            .checked_write(DEPTH);
    }

    function _outputRoot(uint256) internal view override returns (bytes32) {
        return outputRoot;
    }

    function _contextRoot(uint256) internal view override returns (bytes32) {
        return contextRoot_;
    }

    /// @dev The root over one leaf and random siblings.
    function _up(bytes memory seed, bytes32 leaf, uint256 index, uint256 depth)
        private
        pure
        returns (bytes32 root, bytes memory path)
    {
        path = abi.encodePacked(uint40((1 << depth) - 1));
        root = leaf;
        for (uint256 h = 0; h < depth; ++h) {
            bytes32 sibling = keccak256(abi.encode(seed, h));
            path = abi.encodePacked(path, sibling);
            root = index >> h & 1 == 1 ? Trees.plainNode(sibling, root) : Trees.plainNode(root, sibling);
        }
    }

    /// @dev The root over consecutive leaves and random siblings on both sides.
    function _upRange(bytes memory seed, bytes32[] memory row, uint256 first, uint256 depth)
        private
        pure
        returns (bytes32 root, bytes memory path)
    {
        uint256 bitmap;
        uint256 count = row.length;
        for (uint256 h = 0; h < depth; ++h) {
            bytes32[] memory wide = new bytes32[](count + 2);
            uint256 n;
            if (first & 1 == 1) {
                wide[n++] = keccak256(abi.encode(seed, h, "left"));
                path = abi.encodePacked(path, wide[0]);
            }
            for (uint256 i = 0; i < count; ++i) {
                wide[n++] = row[i];
            }
            if (n % 2 == 1) {
                wide[n++] = keccak256(abi.encode(seed, h, "right"));
                path = abi.encodePacked(path, wide[n - 1]);
                bitmap |= 1 << h;
            }
            (first, count) = (first >> 1, n / 2);
            for (uint256 i = 0; i < count; ++i) {
                row[i] = Trees.plainNode(wide[2 * i], wide[2 * i + 1]);
            }
        }
        return (row[0], abi.encodePacked(uint40(bitmap), path));
    }

    /// @dev A claim over one voucher of many receipts, of which one answer lists this.
    function _make(Item[] memory listed) private returns (Draft memory x) {
        Answer[] memory answers = new Answer[](1);
        answers[0] = _answer(1e15, 0);
        answers[0].outputLength = uint32(32 << OUTPUT_DEPTH);
        answers[0].listed = listed;
        x = _draft(answers);
        x.receipts[0].position = POSITION;
        uint96 fees = 10e18;
        x.voucher.cumulativeFee = x.voucher.settledFee + fees;
        x.voucher.receiptCount = RECEIPTS;
        x.voucher.receiptsRoot = keccak256("receipts");
        x.voucher.signature = _sign(consumerKey, d.escrow.voucherDigest(x.voucher));
        x.claim.receiptCount = RECEIPTS;
        x.claim.fees = fees;
        x.claim.payoutsTotal = d.settlement.node(nodeId).finalTotal + fees * 6 / 10;
        x.claim.payoutsDepth = uint8(DEPTH);
        x.claim.payoutsRoot = keccak256("payouts");
        bytes32 leaf = keccak256(abi.encodePacked(uint8(0x12), _attribution(x, 0)));
        leaf = keccak256(abi.encodePacked(uint8(0x13), leaf, _creditIndexes(x, 0)));
        (x.claim.attributionsRoot, attributionPath) = _up("attributions", leaf, POSITION, DEPTH);
        x.claimData = "data";
        x.claim.dataCommitment = keccak256(abi.encodePacked(uint8(0), keccak256(x.claimData), keccak256(LOCATOR)));
        _submit(x);
    }

    /// @dev A claim that is final, so that slots have been used before, then the one in question.
    function _second(Item[] memory listed) private returns (Draft memory) {
        _make(listed);
        vm.warp(vm.getBlockTimestamp() + _parameters().challengeWindow);
        d.settlement.finalize(nodeId);
        return _make(listed);
    }

    function _prove(string memory name, Claim memory claim, address predicate, bytes memory witness) private {
        vm.startPrank(watcher);
        d.settlement.proveFraud(claim, predicate, witness, watcher);
        vm.stopPrank();
        emit log_named_uint(name, vm.lastCallGas().gasTotalUsed);
        assertEq(uint8(d.settlement.claimRecord(d.settlement.claimIdOf(claim)).status), 3);
    }

    /// @dev `length` bytes that are the same from byte 5 of the content's word and byte 9 of the answer's on.
    function _quote(uint256 length) private {
        text = _bytes(length);
        (uint256 source, uint256 target) = ((5 + length + 31) / 32, (9 + length + 31) / 32);
        bytes32[] memory leaves = new bytes32[](source);
        for (uint256 k = 0; k < source; ++k) {
            leaves[k] = keccak256(abi.encodePacked(uint8(0x20), _wordOf(5, k)));
        }
        (bytes32 root, bytes memory path) = _upRange("content", leaves, SOURCE, DEPTH);
        contentPath = path;
        corpus_ = abi.encodePacked(contributionAssets[0], root, uint40(32 << DEPTH));
        bytes32 leaf = keccak256(abi.encodePacked(uint8(0x18), corpus_));
        (root, corpusPath) = _up("corpus", leaf, contributionAssets[0], DEPTH);
        stdstore.target(address(d.models)).sig("terms(uint40)").with_key(adapterId).depth(8).checked_write(root);
        leaves = new bytes32[](target);
        for (uint256 k = 0; k < target; ++k) {
            leaves[k] = keccak256(abi.encodePacked(uint8(0x21), wordSalt(TARGET + k), _wordOf(9, k)));
        }
        (outputRoot, outputPath) = _upRange("output", leaves, TARGET, OUTPUT_DEPTH);
    }

    function _bytes(uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            out[i] = keccak256(abi.encode("text", i))[0];
        }
    }

    /// @dev Word `k` of the text after `offset` zeros.
    function _wordOf(uint256 offset, uint256 k) private view returns (bytes32 word) {
        bytes memory t = text;
        for (uint256 j = 0; j < 32; ++j) {
            uint256 i = 32 * k + j;
            if (i >= offset && i < offset + t.length) word |= bytes32(t[i - offset]) >> (8 * j);
        }
    }

    function _wordsOf(uint256 offset, uint256 length) private view returns (bytes memory out) {
        for (uint256 k = 0; k < (offset + length + 31) / 32; ++k) {
            out = abi.encodePacked(out, _wordOf(offset, k));
        }
    }

    function _proveMatch(string memory name, uint16 length) private {
        _quote(length);
        Draft memory x = _second(new Item[](0));
        SpanOmissionWitness memory w;
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = attributionPath;
        w.position = POSITION;
        (w.corpus, w.corpusPath) = (corpus_, corpusPath);
        w.receipt = _receipt(x, 0);
        (w.outOff, w.srcOff, w.len) = (TARGET * 32 + 9, SOURCE * 32 + 5, length);
        (w.contentWords, w.contentPath) = (_wordsOf(5, length), contentPath);
        (w.outputWords, w.outputPath) = (_wordsOf(9, length), outputPath);
        for (uint256 k = 0; k < w.outputWords.length / 32; ++k) {
            w.outputWordSalts = abi.encodePacked(w.outputWordSalts, wordSalt(TARGET + k));
        }
        _prove(name, x.claim, address(d.spanOmission), _flat(abi.encode(w)));
    }

    function test_SpanOmission() public {
        _proveMatch("SpanOmission, 64 bytes", 64);
    }

    function test_LongestSpanOmission() public {
        _proveMatch("SpanOmission, 512 bytes", 512);
    }

    function test_Span() public {
        // One word on each side: the span's first byte is wrong.
        text = _bytes(20);
        (bytes32 root, bytes memory path) =
            _up("content", keccak256(abi.encodePacked(uint8(0x20), _wordOf(5, 0))), SOURCE, DEPTH);
        contentPath = path;
        corpus_ = abi.encodePacked(contributionAssets[0], root, uint40(32 << DEPTH));
        (root, corpusPath) =
            _up("corpus", keccak256(abi.encodePacked(uint8(0x18), corpus_)), contributionAssets[0], DEPTH);
        stdstore.target(address(d.models)).sig("terms(uint40)").with_key(adapterId).depth(8).checked_write(root);
        bytes32 leaf = keccak256(abi.encodePacked(uint8(0x21), wordSalt(TARGET), _wordOf(9, 0)));
        (outputRoot, outputPath) = _up("output", leaf, TARGET, OUTPUT_DEPTH);
        Draft memory x = _second(_only(_span(0, TARGET * 32 + 9, SOURCE * 32 + 6, 64)));
        SpanWitness memory w;
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = attributionPath;
        w.position = POSITION;
        (w.corpus, w.corpusPath) = (corpus_, corpusPath);
        w.receipt = _receipt(x, 0);
        (w.contentWord, w.contentPath) = (_wordOf(5, 0), contentPath);
        (w.outputWordSalt, w.outputWord, w.outputPath) = (wordSalt(TARGET), _wordOf(9, 0), outputPath);
        _prove("Span", x.claim, address(d.span), _flat(abi.encode(w)));
    }

    function test_Omission() public {
        bytes memory sketch = sketchLeaf(0);
        (bytes32 root, bytes memory path) =
            _up("sketches", keccak256(abi.encodePacked(uint8(0x16), sketch)), contributionAssets[0], DEPTH);
        stdstore.target(address(d.models)).sig("terms(uint40)").with_key(adapterId).depth(7).checked_write(root);
        Draft memory x = _second(new Item[](0));
        OmissionWitness memory w;
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = attributionPath;
        w.position = POSITION;
        w.query = _answer(1e15, 0).query;
        (w.sketch, w.sketchPath) = (sketch, path);
        _prove("Omission", x.claim, address(d.omission), _flat(abi.encode(w)));
    }

    /// @dev The witness of a row at place 3 of the context, whose contribution has 2^17 rows.
    function _rowWitness(Item[] memory listed, bytes32 bytesHash)
        private
        returns (Draft memory x, RetrievalWitness memory w)
    {
        w.context = abi.encodePacked(contributionAssets[0], uint32(SOURCE), int64(900), bytesHash);
        (contextRoot_, contextPath) = _up("context", keccak256(abi.encodePacked(uint8(0x23), w.context)), 3, 4);
        x = _second(listed);
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = attributionPath;
        w.position = POSITION;
        w.receipt = _receipt(x, 0);
        w.contextPath = contextPath;
    }

    function test_Retrieval() public {
        bytes memory row = abi.encodePacked(uint32(SOURCE), uint40(1 << 20), uint32(100), keccak256("submitted"));
        ContributionInput memory input;
        (input.rowsRoot, contentPath) = _up("rows", keccak256(abi.encodePacked(uint8(0x22), row)), SOURCE, DEPTH);
        (input.datanetId, input.rowCount, input.contentRoot) = (1, uint32(1 << DEPTH), keccak256("content"));
        (input.licence, input.uri, input.sourceHash) = ("CC0-1.0", STORE_URI, keccak256("source"));
        bytes memory contribution = abi.encode(input);
        stdstore.target(address(d.datanets)).sig("inputHashOf(uint40)").with_key(uint256(1))
            .checked_write(keccak256(contribution));
        Item memory item = _retrieval(contributionAssets[0], uint32(SOURCE), 3, 900);
        (Draft memory x, RetrievalWitness memory w) = _rowWitness(_only(item), keccak256("shown"));
        (w.row, w.rowPath, w.contribution) = (row, contentPath, contribution);
        _prove("Retrieval", x.claim, address(d.retrieval), _flat(abi.encode(w)));
    }

    function test_RetrievalOmission() public {
        (Draft memory x, RetrievalWitness memory w) = _rowWitness(new Item[](0), keccak256("shown"));
        (w.fromContext, w.contextPosition) = (true, 3);
        _prove("Retrieval (from the context)", x.claim, address(d.retrieval), _flat(abi.encode(w)));
    }
}
