// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {CreditWitness, MalformedWitness, ScoreWitness, TransitionWitness} from "../../../../src/types/Witness.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Draft} from "../../../utils/Prover.sol";
import {PlainTree, Trees} from "../../../utils/Trees.sol";

/// @dev Witnesses of honest claims that were tampered with, and claims that no honest node would build: what a predicate
/// can't open is no fraud, what lies outside of everything that was committed to is.
contract UnopenedTest is FraudTest {
    using Trees for PlainTree;

    uint40 private constant MODEL_ASSET = 9;

    function _score(Draft memory x, bytes memory sketch) private view returns (ScoreWitness memory) {
        bytes memory flat = _scoreWitness(x, 0, 0, _answers()[0].query, sketch);
        return abi.decode(abi.encodePacked(uint256(32), flat), (ScoreWitness));
    }

    function _isScoreFraud(Draft memory x, ScoreWitness memory w) private view returns (bool) {
        return d.score.isFraud(x.claim, _flat(abi.encode(w)));
    }

    function _modelCredit(Draft memory x) private view returns (CreditWitness memory) {
        bytes memory flat = _creditWitness(x, MODEL_ASSET, 1);
        return abi.decode(abi.encodePacked(uint256(32), flat), (CreditWitness));
    }

    function _isCreditFraud(Draft memory x, CreditWitness memory w) private view returns (bool) {
        return d.credit.isFraud(x.claim, _flat(abi.encode(w)));
    }

    function test_AScoreOfAnItemThatDoesNotExistProvesNothing() public view {
        Draft memory x = _honest();
        ScoreWitness memory w = _score(x, sketchLeaf(0));
        w.item = uint8(x.items[0].length);
        assertFalse(_isScoreFraud(x, w));
    }

    function test_ASketchOfAnotherLengthProvesNothing() public view {
        Draft memory x = _honest();
        assertFalse(_isScoreFraud(x, _score(x, abi.encodePacked(sketchLeaf(0), uint8(0)))));
    }

    function test_AModelWithoutSketchesIsNotJudgedByScores() public view {
        Draft memory x = _draft(_answers());
        x.receipts[0].modelId = baseId;
        _seal(x);
        assertFalse(_isScoreFraud(x, _score(x, "")));
    }

    function test_AnInfluenceOfAnAssetBeyondTheModelsTreeIsFraud() public view {
        Draft memory x = _honest();
        ScoreWitness memory w = _score(x, "");
        assertFalse(_isScoreFraud(x, w)); // the item's asset has a sketch
        x.items[0][0].asset = 16;
        _seal(x);
        w.attribution = _attribution(x, 0);
        w.attributionPath = _attributionsTree(x).proof(0);
        assertTrue(_isScoreFraud(x, w));
    }

    function test_AnItemThatDoesNotExistLacksNoCredit() public view {
        Draft memory x = _honest();
        bytes memory flat = _itemWitness(x, 0, 0);
        CreditWitness memory w = abi.decode(abi.encodePacked(uint256(32), flat), (CreditWitness));
        w.item = uint8(x.items[0].length);
        assertFalse(_isCreditFraud(x, w));
    }

    function test_AnItemIsNotJudgedByARecordOfAnotherLength() public view {
        Draft memory x = _honest();
        bytes memory flat = _itemWitness(x, 0, 0);
        CreditWitness memory w = abi.decode(abi.encodePacked(uint256(32), flat), (CreditWitness));
        w.credit = abi.encodePacked(w.credit, uint8(0));
        assertFalse(_isCreditFraud(x, w));
    }

    function test_ACreditAtAnotherIndexIsNotOpened() public view {
        Draft memory x = _honest();
        CreditWitness memory w = _modelCredit(x);
        w.creditIndex = 0;
        assertFalse(_isCreditFraud(x, w));
    }

    function test_ACreditOfAReceiptBeforeTheClaimIsFraud() public view {
        Draft memory x = _honest();
        CreditWitness memory w = _modelCredit(x);
        assertFalse(_isCreditFraud(x, w));
        x.claim.firstReceipt = 2; // the credit is of receipt 1
        assertTrue(_isCreditFraud(x, w));
    }

    function test_ATreeThatDoesNotExistIsNotMalformed() public view {
        Draft memory x = _honest();
        MalformedWitness memory w;
        w.tree = 3;
        w.preimage = hex"02";
        w.hash = keccak256(hex"02");
        assertFalse(d.malformed.isFraud(x.claim, _flat(abi.encode(w))));
    }

    function test_AnOldPayoutThatTheParentHasNotProvesNothing() public {
        Draft memory first = _honest();
        _submit(first);
        _finalize(first);
        Draft memory next = _honest();
        bytes memory flat = _transitionWitness(next, first, MODEL_ASSET);
        TransitionWitness memory w = abi.decode(abi.encodePacked(uint256(32), flat), (TransitionWitness));
        w.oldPath = w.newPath;
        assertFalse(d.transition.isFraud(next.claim, _flat(abi.encode(w))));
    }
}
