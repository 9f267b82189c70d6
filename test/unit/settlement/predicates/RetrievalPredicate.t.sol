// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetRegistry} from "../../../../src/interfaces/IDatanetRegistry.sol";
import {ContributionInput} from "../../../../src/types/Contribution.sol";
import {Item} from "../../../../src/types/Leaves.sol";
import {RetrievalWitness} from "../../../../src/types/Witness.sol";
import {EvidenceTest} from "../../../utils/EvidenceTest.sol";
import {Draft} from "../../../utils/Prover.sol";
import {PlainTree, Trees} from "../../../utils/Trees.sol";

contract RetrievalPredicateTest is EvidenceTest {
    using Trees for PlainTree;

    /// @dev What is complete and honest must be answered, not refused.
    function _says(Draft memory x, RetrievalWitness memory w) private view returns (bool) {
        return d.retrieval.isFraud(x.claim, _flat(abi.encode(w)));
    }

    /// @dev A witness that leads nowhere may be refused as well as answered with no.
    function _is(Draft memory x, RetrievalWitness memory w) private view returns (bool fraud) {
        try d.retrieval.isFraud(x.claim, _flat(abi.encode(w))) returns (bool answer) {
            fraud = answer;
        } catch {}
    }

    function _prove(Draft memory x, RetrievalWitness memory w) private {
        _assertFraud(x, address(d.retrieval), _flat(abi.encode(w)));
    }

    /// @dev A claim that lists one row, by default the one that was placed first.
    function _row(uint40 asset, uint32 row, uint16 place, int64 score) private returns (Draft memory) {
        return _claimOf(_only(_retrieval(asset, row, place, score)));
    }

    // ------------------------------------------------------------------------------------------------------- items

    function test_HonestItemsAreNoFraud() public {
        // it should say no for honest items
        Draft memory x = _claimOf(_listed());
        assertFalse(_says(x, _rowWitness(x, 2, 2)));
        assertFalse(_says(x, _rowWitness(x, 3, 0)));
    }

    function test_NoContextIsFraud() public {
        // it should say yes when no rows were retrieved
        delete context;
        Draft memory x = _row(12, 3, 0, 900);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_APlacePastTheLastIsFraud() public {
        // it should say yes when its place is past the last
        Draft memory x = _row(12, 3, 16, 900);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_AnEmptyPlaceIsFraud() public {
        // it should say yes when nothing is at its place
        Draft memory x = _row(12, 3, 3, 900);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_AnEmptyPlaceMustBeShown() public {
        Draft memory x = _row(12, 3, 0, 900);
        RetrievalWitness memory w = _rowWitness(x, 0, 2);
        w.context = "";
        assertFalse(_is(x, w));
    }

    function test_AnotherRowIsFraud() public {
        // it should say yes when another row is at its place
        Draft memory x = _row(12, 2, 0, 900);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_AnotherAssetIsFraud() public {
        // it should say yes when another row is at its place
        Draft memory x = _row(8, 3, 0, 900);
        _prove(x, _rowWitness(x, 0, 1));
    }

    function test_AnotherScoreIsFraud() public {
        // it should say yes when its score is not the row's
        Draft memory x = _row(12, 3, 0, 901);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_AnAssetThatWasNeverSubmittedIsFraud() public {
        // it should say yes when nothing was submitted under its asset
        (context[0].asset, context[0].row) = (8, 3);
        vm.mockCall(address(d.datanets), abi.encodeCall(IDatanetRegistry.inputHashOf, (2)), abi.encode(bytes32(0)));
        Draft memory x = _row(8, 3, 0, 900);
        _prove(x, _rowWitness(x, 0, 1));
    }

    function test_AnAssetThatIsNoContributionIsFraud() public {
        // it should say yes when its asset is no contribution
        context[0].asset = 13;
        Draft memory x = _row(13, 3, 0, 900);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_ARowPastTheLastIsFraud() public {
        // it should say yes when the contribution has no such row
        context[0].row = ROWS;
        Draft memory x = _row(12, ROWS, 0, 900);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_AnotherRowOfTheContributionIsFraud() public {
        // it should say yes when the contribution has another row there
        context[0].bytesHash = keccak256("what the node showed the model");
        Draft memory x = _row(12, 3, 0, 900);
        _prove(x, _rowWitness(x, 0, 2));
    }

    function test_ARowWithAnotherNumberIsFraud() public {
        // it should say yes when the contribution has another row there
        Draft memory x = _row(12, 3, 0, 900);
        RetrievalWitness memory w = _rowWitness(x, 0, 2);
        w.row = rowLeaf(2, 4);
        w.row = abi.encodePacked(uint32(4), uint40(306), uint32(100), keccak256(rowOf(2, 3)));
        bytes32[] memory leaves = new bytes32[](ROWS);
        leaves[3] = keccak256(abi.encodePacked(uint8(0x22), w.row));
        _submitOther(w, leaves);
        _prove(x, w);
    }

    function test_APadInTheContributionIsFraud() public {
        // it should say yes when the contribution has a pad there
        Draft memory x = _row(12, 3, 0, 900);
        RetrievalWitness memory w = _rowWitness(x, 0, 2);
        w.row = "";
        _submitOther(w, new bytes32[](ROWS));
        _prove(x, w);
    }

    /// @dev Lets the registry have another contribution 2, with these rows.
    function _submitOther(RetrievalWitness memory w, bytes32[] memory leaves) private {
        PlainTree memory t = Trees.plain(leaves, Trees.depthOf(ROWS));
        ContributionInput memory input = abi.decode(w.contribution, (ContributionInput));
        input.rowsRoot = t.root();
        (w.contribution, w.rowPath) = (abi.encode(input), t.proof(3));
        bytes memory call = abi.encodeCall(IDatanetRegistry.inputHashOf, (3));
        vm.mockCall(address(d.datanets), call, abi.encode(keccak256(w.contribution)));
    }

    function test_OnlyRetrievalsAreJudged() public {
        // it should say no for items of other kinds
        Draft memory x = _claimOf(_listed());
        RetrievalWitness memory w = _rowWitness(x, 2, 2);
        w.item = 0;
        assertFalse(_is(x, w));
        w.item = uint8(x.items[0].length);
        assertFalse(_is(x, w));
    }

    function test_WhatIsNotOpenedProvesNothing() public {
        context[0].bytesHash = keccak256("what the node showed the model");
        Draft memory x = _row(12, 3, 0, 900);
        // it should say no for another contribution
        assertFalse(_is(x, _rowWitness(x, 0, 1)));
        // it should say no for a row that is not in the contribution
        RetrievalWitness memory w = _rowWitness(x, 0, 2);
        w.row[44] ^= 0x01;
        assertFalse(_is(x, w));
        // it should say no for another receipt
        w = _rowWitness(x, 0, 2);
        w.receipt[0] ^= 0x01;
        assertFalse(_is(x, w));
        w = _rowWitness(x, 0, 2);
        w.position = 1;
        assertFalse(_is(x, w));
        w = _rowWitness(x, 0, 2);
        w.context[48] ^= 0x01;
        assertFalse(_is(x, w));
        assertTrue(_is(x, _rowWitness(x, 0, 2)));
    }

    // ----------------------------------------------------------------------------------------------------- context

    function test_WhatIsListedIsNoFraud() public {
        // it should say no for what is listed
        Draft memory x = _claimOf(_listed());
        for (uint8 place = 0; place < 3; ++place) {
            assertFalse(_says(x, _contextWitness(x, place)));
        }
    }

    function test_ARowThatIsNotListedIsFraud() public {
        // it should say yes when it is not listed and there is room
        Draft memory x = _row(12, 3, 0, 900);
        _prove(x, _contextWitness(x, 1));
    }

    function test_ARowThatBeatsTheLastIsFraud() public {
        // it should say yes when it beats the last listed
        // it should say no for what ranks behind the last listed
        Item[] memory listed = new Item[](2);
        (listed[0], listed[1]) = (_retrieval(8, 0, 0, 800), _retrieval(13, 0, 1, 500));
        Draft memory x = _claimOf(listed);
        assertFalse(_says(x, _contextWitness(x, 2)));
        // 500 of asset 4 comes before 500 of asset 13.
        assertTrue(_is(x, _contextWitness(x, 1)));
        _prove(x, _contextWitness(x, 0));
    }

    function test_ABetterRowOfTheAssetIsFraud() public {
        // it should say yes when its asset is listed with a lower score
        Item[] memory listed = new Item[](2);
        (listed[0], listed[1]) = (_retrieval(12, 3, 0, 900), _retrieval(4, 2, 2, 400));
        Draft memory x = _claimOf(listed);
        _prove(x, _contextWitness(x, 1));
    }

    function test_AScoreThatIsNotPositiveIsNotMissing() public {
        // it should say no for a score that is not positive
        context[0].score = 0;
        context[1].score = -5;
        Draft memory x = _claimOf(new Item[](0));
        assertFalse(_is(x, _contextWitness(x, 0)));
        assertFalse(_is(x, _contextWitness(x, 1)));
        assertTrue(_is(x, _contextWitness(x, 2)));
    }

    function test_ARowThatIsNotInTheContextProvesNothing() public {
        // it should say no for a row that is not in the context
        Draft memory x = _claimOf(new Item[](0));
        RetrievalWitness memory w = _contextWitness(x, 0);
        w.contextPosition = 1;
        assertFalse(_is(x, w));
        w = _contextWitness(x, 0);
        w.context[16] ^= 0x01;
        assertFalse(_is(x, w));
        w = _contextWitness(x, 0);
        w.contextPosition = 16;
        assertFalse(_is(x, w));
    }

    function test_WhatIsNotAuditableIsNotJudged() public {
        // it should say no for a receipt that is not auditable
        Draft memory x = _claimOf(new Item[](0), 1e18, 2);
        assertFalse(_is(x, _contextWitness(x, 0)));
    }

    function test_WhatCostsNothingIsNotJudged() public {
        // it should say no for an answer that costs nothing
        Draft memory x = _claimOf(new Item[](0));
        x.receipts[0].fee = 0;
        _seal(x);
        assertFalse(_is(x, _contextWitness(x, 0)));
    }

    function test_AModelThatDoesNotPayByRetrievalIsNotJudged() public {
        // it should say no for a model that does not pay by retrieval
        Draft memory x = _claimOf(new Item[](0));
        _enter(3);
        assertFalse(_is(x, _contextWitness(x, 0)));
    }
}
