// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../../../src/interfaces/IModelRegistry.sol";
import {Item} from "../../../../src/types/Leaves.sol";
import {SpanWitness} from "../../../../src/types/Witness.sol";
import {EvidenceTest} from "../../../utils/EvidenceTest.sol";
import {Draft} from "../../../utils/Prover.sol";
import {PlainTree, Trees} from "../../../utils/Trees.sol";

contract SpanPredicateTest is EvidenceTest {
    using Trees for PlainTree;

    /// @dev The claim is open; the witness is changed by the tests before it is judged.
    function _is(Draft memory x, SpanWitness memory w) private view returns (bool) {
        return d.span.isFraud(x.claim, _flat(abi.encode(w)));
    }

    function _prove(Draft memory x, SpanWitness memory w) private {
        _assertFraud(x, address(d.span), _flat(abi.encode(w)));
    }

    function _absence(uint40 asset) private view returns (bytes memory) {
        return corpus().proof(asset);
    }

    function test_HonestSpansAreNoFraud() public {
        // it should say no for honest spans
        Draft memory x = _claimOf(_listed());
        for (uint16 i = 0; i < 80; i += 7) {
            assertFalse(_is(x, _spanWitness(x, 0, 1, i)));
            assertFalse(_is(x, _spanWitness(x, 1, 0, i)));
        }
    }

    function test_OneByteThatDiffersIsFraud() public {
        // it should say yes when one byte differs
        Draft memory x = _claimOf(_only(_span(0, 10, 1_000, 81)));
        assertFalse(_is(x, _spanWitness(x, 0, 0, 79)));
        _prove(x, _spanWitness(x, 0, 0, 80));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_ASpanElsewhereDiffersWhereItsBytesDo(uint32 outOff, uint40 srcOff, uint16 i) public {
        (outOff, srcOff, i) = (outOff % 136, srcOff % 1_036, i % 64);
        bool differs = output()[outOff + i] != contentOf(0)[srcOff + i];
        Draft memory x = _claimOf(_only(_span(0, outOff, srcOff, 64)));
        assertEq(_is(x, _spanWitness(x, 0, 0, i)), differs);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_ASpanThatIsInTheContentIsNoFraud(uint32 start, uint16 i) public {
        (start, i) = (start % 17, i % 64);
        Draft memory x = _claimOf(_only(_span(0, 10 + start, 1_000 + start, 64)));
        assertFalse(_is(x, _spanWitness(x, 0, 0, i)));
    }

    function test_ATooShortSpanIsFraud() public {
        // it should say yes when the span is too short
        Draft memory x = _claimOf(_only(_span(0, 10, 1_000, 63)));
        SpanWitness memory w = _spanWitness(x, 0, 0, 0);
        (w.corpus, w.receipt) = ("", "");
        _prove(x, w);
    }

    function test_ATooLongSpanIsFraud() public {
        // it should say yes when the span is too long
        Draft memory x = _claimOf(_only(_span(0, 0, 0, 513)));
        _prove(x, _spanWitness(x, 0, 0, 0));
    }

    function test_TheLongestSpanIsNoFraud() public {
        Draft memory x = _claimOf(_only(_span(0, 0, 0, 512)));
        SpanWitness memory w = _spanWitness(x, 0, 0, 0);
        (w.corpus, w.receipt) = ("", "");
        assertFalse(_is(x, w));
    }

    function test_AScoreThatIsNotTheLengthIsFraud() public {
        // it should say yes when the score is not the length
        Item memory item = _span(0, 10, 1_000, 80);
        item.score = 81;
        Draft memory x = _claimOf(_only(item));
        _prove(x, _spanWitness(x, 0, 0, 0));
    }

    function test_AnAssetListedTwiceIsFraud() public {
        // it should say yes when the asset is listed twice
        Item[] memory listed = new Item[](2);
        (listed[0], listed[1]) = (_span(0, 10, 1_000, 80), _span(0, 10, 1_000, 79));
        Draft memory x = _claimOf(listed);
        _prove(x, _spanWitness(x, 1, 0, 0));
    }

    function test_AnAssetWithoutContentIsFraud() public {
        // it should say yes when the asset is not in the corpus
        Item memory item = _span(0, 10, 1_000, 80);
        item.asset = 15;
        Draft memory x = _claimOf(_only(item));
        SpanWitness memory w = _spanWitness(x, 0, 0, 0);
        (w.corpus, w.corpusPath) = ("", _absence(15));
        _prove(x, w);
    }

    function test_AnAssetOutsideTheCorpusTreeIsFraud() public {
        // it should say yes when the asset is outside the corpus tree
        Draft memory x = _claimOf(_only(_span(0, 10, 1_000, 80)));
        IModelRegistry.CorpusTerms memory terms = IModelRegistry.CorpusTerms(keccak256("corpus"), 2, 7);
        vm.mockCall(address(d.models), abi.encodeCall(IModelRegistry.corpusTerms, (adapterId)), abi.encode(terms));
        SpanWitness memory w = _spanWitness(x, 0, 0, 0);
        (w.corpus, w.corpusPath) = ("", "");
        _prove(x, w);
    }

    function test_ASpanPastTheContentIsFraud() public {
        // it should say yes when the span reaches past the content
        Draft memory x = _claimOf(_only(_span(0, 10, 1_021, 80)));
        SpanWitness memory w = _spanWitness(x, 0, 0, 0);
        w.receipt = "";
        _prove(x, w);
    }

    function test_ASpanPastTheAnswerIsFraud() public {
        // it should say yes when the span reaches past the answer
        Draft memory x = _claimOf(_only(_span(0, 121, 1_000, 80)));
        _prove(x, _spanWitness(x, 0, 0, 0));
    }

    function test_OnlySpansAreJudged() public {
        // it should say no for items of other kinds
        // it should say no for an item that does not exist
        Draft memory x = _claimOf(_listed());
        SpanWitness memory w = _spanWitness(x, 0, 1, 0);
        w.item = 2;
        assertFalse(_is(x, w));
        w.item = uint8(x.items[0].length);
        assertFalse(_is(x, w));
    }

    function test_WhatIsNotOpenedProvesNothing() public {
        Draft memory x = _claimOf(_only(_span(0, 10, 1_000, 81)));
        // it should say no for a byte outside the span
        assertFalse(_is(x, _spanWitness(x, 0, 0, 81)));
        // it should say no for another receipt
        SpanWitness memory w = _spanWitness(x, 0, 0, 80);
        w.receipt[0] ^= 0x01;
        assertFalse(_is(x, w));
        // it should say no for another content
        assertFalse(_is(x, _spanWitness(x, 0, 1, 80)));
        // it should say no for another word of the content
        w = _spanWitness(x, 0, 0, 80);
        w.contentWord ^= bytes32(uint256(1) << 255);
        assertFalse(_is(x, w));
        // it should say no for another word of the answer
        w = _spanWitness(x, 0, 0, 80);
        w.outputWordSalt = wordSalt(7);
        assertFalse(_is(x, w));
        // it should say no for a claim with other attributions
        w = _spanWitness(x, 0, 0, 80);
        w.position = 1;
        assertFalse(_is(x, w));
        assertTrue(_is(x, _spanWitness(x, 0, 0, 80)));
    }

    function test_AModelWithoutCorpusIsForAllocation() public {
        // it should say no for a model without a corpus
        Draft memory x = _claimOf(_only(_span(0, 10, 1_000, 80)));
        IModelRegistry.CorpusTerms memory terms;
        vm.mockCall(address(d.models), abi.encodeCall(IModelRegistry.corpusTerms, (adapterId)), abi.encode(terms));
        SpanWitness memory w = _spanWitness(x, 0, 0, 0);
        (w.corpus, w.corpusPath) = ("", "");
        assertFalse(_is(x, w));
    }
}
