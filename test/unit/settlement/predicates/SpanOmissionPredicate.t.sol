// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Item} from "../../../../src/types/Leaves.sol";
import {SpanOmissionWitness} from "../../../../src/types/Witness.sol";
import {EvidenceTest} from "../../../utils/EvidenceTest.sol";
import {Draft} from "../../../utils/Prover.sol";

contract SpanOmissionPredicateTest is EvidenceTest {
    /// @dev What is complete and honest must be answered, not refused.
    function _says(Draft memory x, SpanOmissionWitness memory w) private view returns (bool) {
        return d.spanOmission.isFraud(x.claim, _flat(abi.encode(w)));
    }

    /// @dev A witness that leads nowhere may be refused as well as answered with no.
    function _is(Draft memory x, SpanOmissionWitness memory w) private view returns (bool fraud) {
        try d.spanOmission.isFraud(x.claim, _flat(abi.encode(w))) returns (bool answer) {
            fraud = answer;
        } catch {}
    }

    function _prove(Draft memory x, SpanOmissionWitness memory w) private {
        _assertFraud(x, address(d.spanOmission), _flat(abi.encode(w)));
    }

    function _nothing() private pure returns (Item[] memory) {
        return new Item[](0);
    }

    /// @dev Three made-up spans; the last has this length and belongs to contribution `i`.
    function _full(uint256 i, uint16 last) private view returns (Item[] memory listed) {
        listed = new Item[](3);
        (listed[0], listed[1], listed[2]) = (_span(0, 0, 0, 300), _span(0, 0, 0, 200), _span(i, 0, 0, last));
        (listed[0].asset, listed[1].asset) = (1, 2);
    }

    function test_WhatIsListedIsNoFraud() public {
        // it should say no for what is listed
        Draft memory x = _claimOf(_listed());
        assertFalse(_says(x, _matchWitness(x, 0, 10, 1_000, 80)));
        assertFalse(_says(x, _matchWitness(x, 1, 105, 64, 90)));
        assertFalse(_says(x, _matchWitness(x, 1, 110, 69, 64)));
    }

    function test_AMatchThatIsNotListedIsFraud() public {
        // it should say yes when a match is not listed and there is room
        Draft memory x = _claimOf(_nothing());
        _prove(x, _matchWitness(x, 0, 10, 1_000, 80));
    }

    function test_AMatchThatBeatsTheLastIsFraud() public {
        // it should say yes when a match beats the last listed
        Draft memory x = _claimOf(_full(2, 89));
        _prove(x, _matchWitness(x, 1, 105, 64, 90));
    }

    function test_OrderDecidesBetweenEqualMatches() public {
        // it should say yes when an equal match has the lower asset
        // it should say no for a match that ranks behind the last listed
        Draft memory x = _claimOf(_full(1, 80));
        assertFalse(_says(x, _matchWitness(x, 0, 11, 1_001, 79)));
        _prove(x, _matchWitness(x, 0, 10, 1_000, 80));
    }

    function test_AnEqualMatchOfAHigherAssetIsNone() public {
        // it should say no for a match that ranks behind the last listed
        Draft memory x = _claimOf(_full(0, 90));
        assertFalse(_says(x, _matchWitness(x, 1, 105, 64, 90)));
    }

    function test_AShorterSpanOfTheAssetIsFraud() public {
        // it should say yes when the asset is listed with a shorter span
        Draft memory x = _claimOf(_only(_span(1, 105, 64, 89)));
        _prove(x, _matchWitness(x, 1, 105, 64, 90));
    }

    function test_LengthsAreBounded() public {
        // it should say no for a match that is too short
        // it should say yes for the longest match that counts
        // it should say no for a match that is too long
        Draft memory x = _claimOf(_nothing());
        assertFalse(_says(x, _matchWitness(x, 0, 10, 1_000, 63)));
        assertTrue(_is(x, _matchWitness(x, 0, 10, 1_000, 64)));
        SpanOmissionWitness memory w = _matchWitness(x, 0, 10, 1_000, 80);
        w.len = 513;
        assertFalse(_is(x, w));
    }

    function test_OneByteThatDiffersIsNoMatch() public {
        // it should say no when one byte differs
        Draft memory x = _claimOf(_nothing());
        assertFalse(_is(x, _matchWitness(x, 0, 10, 1_000, 81)));
        assertFalse(_is(x, _matchWitness(x, 0, 9, 999, 80)));
    }

    function test_ARangePastTheEndIsNoMatch() public {
        // it should say no for a range past the content or the answer
        Draft memory x = _claimOf(_nothing());
        SpanOmissionWitness memory w = _matchWitness(x, 0, 10, 1_000, 80);
        w.srcOff = 1_021;
        assertFalse(_is(x, w));
        w = _matchWitness(x, 0, 10, 1_000, 80);
        w.outOff = 121;
        assertFalse(_is(x, w));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_WordsThatAreNotInTheTreesProveNothing(uint256 bit, uint8 where) public {
        // it should say no for words that are not in the trees
        Draft memory x = _claimOf(_nothing());
        SpanOmissionWitness memory w = _matchWitness(x, 0, 10, 1_000, 80);
        bytes[6] memory parts =
            [w.contentWords, w.outputWords, w.outputWordSalts, w.contentPath, w.outputPath, w.corpus];
        bytes memory part = parts[where % 6];
        bit %= part.length * 8;
        part[bit / 8] ^= bytes1(uint8(1) << uint8(bit % 8));
        assertFalse(_is(x, w));
    }

    function test_TheWordsAreThoseOfTheMatch() public {
        // it should say no for more or fewer words than the match has
        Draft memory x = _claimOf(_nothing());
        SpanOmissionWitness memory w = _matchWitness(x, 0, 10, 1_000, 80);
        w.contentWords = bytes.concat(w.contentWords, bytes32(0));
        assertFalse(_is(x, w));
        w = _matchWitness(x, 0, 10, 1_000, 80);
        w.outputWordSalts = bytes.concat(w.outputWordSalts, bytes32(0));
        assertFalse(_is(x, w));
        w = _matchWitness(x, 0, 10, 1_000, 80);
        w.outputPath = bytes.concat(w.outputPath, bytes32(0));
        assertFalse(_is(x, w));
        w.outputPath = hex"00";
        assertFalse(_is(x, w));
    }

    function test_WhatIsNotAuditableIsNotJudged() public {
        // it should say no for a receipt that is not auditable
        Draft memory x = _claimOf(_nothing(), 1e18, 2);
        assertFalse(_says(x, _matchWitness(x, 0, 10, 1_000, 80)));
    }

    function test_WhatCostsNothingIsNotJudged() public {
        // it should say no for an answer that costs nothing
        Draft memory x = _claimOf(_nothing());
        x.receipts[0].fee = 0;
        _seal(x);
        assertFalse(_says(x, _matchWitness(x, 0, 10, 1_000, 80)));
    }

    function test_AModelThatDoesNotPayBySpansIsNotJudged() public {
        // it should say no for a model that does not pay by spans
        Draft memory x = _claimOf(_nothing());
        _enter(5);
        assertFalse(_says(x, _matchWitness(x, 0, 10, 1_000, 80)));
    }

    function test_AnotherCorpusProvesNothing() public {
        // it should say no for an asset that is not in the corpus
        Draft memory x = _claimOf(_nothing());
        SpanOmissionWitness memory w = _matchWitness(x, 0, 10, 1_000, 80);
        w.corpus[4] = 0x0f;
        assertFalse(_is(x, w));
    }

    function test_AnotherReceiptProvesNothing() public {
        // it should say no for another receipt
        Draft memory x = _claimOf(_nothing());
        SpanOmissionWitness memory w = _matchWitness(x, 0, 10, 1_000, 80);
        w.receipt[170] ^= 0x01;
        assertFalse(_is(x, w));
        w = _matchWitness(x, 0, 10, 1_000, 80);
        w.position = 1;
        assertFalse(_is(x, w));
    }
}
