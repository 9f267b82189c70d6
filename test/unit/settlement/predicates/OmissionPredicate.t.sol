// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../../../src/interfaces/IModelRegistry.sol";
import {Allocation} from "../../../../src/libraries/Allocation.sol";
import {Item} from "../../../../src/types/Leaves.sol";
import {OmissionWitness} from "../../../../src/types/Witness.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Answer, Draft} from "../../../utils/Prover.sol";
import {PlainTree, Trees} from "../../../utils/Trees.sol";

contract OmissionPredicateTest is FraudTest {
    using Trees for PlainTree;

    /// @dev Asset, in the order of contributions, with the highest score for the first answer.
    uint256 private constant BEST = 0;

    function _is(Draft memory x, OmissionWitness memory w) private view returns (bool) {
        return d.omission.isFraud(x.claim, _flat(abi.encode(w)));
    }

    function _score(uint256 i) private view returns (int64) {
        return int64(int256(uint256(sigmas[i])) * _dot(sketchOf(i), _answers()[0].query));
    }

    /// @dev A claim whose first receipt lists this much influence.
    function _listing(Item[] memory listed) private returns (Draft memory x) {
        Answer[] memory answers = _answers();
        answers[0].listed = listed;
        x = _draft(answers);
        _seal(x);
        _submit(x);
    }

    /// @dev Eight made-up items, the last with this score and asset.
    function _eight(int64 last, uint40 asset) private pure returns (Item[] memory listed) {
        listed = new Item[](8);
        for (uint40 k = 0; k < 8; ++k) {
            listed[k] = Item(1, Allocation.INFLUENCE, last + 8, 0, 0);
        }
        (listed[7].score, listed[7].asset) = (last, asset);
    }

    function _witness(Draft memory x, uint256 i) private view returns (OmissionWitness memory w) {
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = _attributionsTree(x).proof(0);
        w.query = _answers()[0].query;
        w.sketch = sketchLeaf(i);
        w.sketchPath = sketches().proof(contributionAssets[i]);
    }

    function test_WhatIsListedIsNoFraud() public {
        // it should say no for what is listed
        // it should say no for a score that is not positive
        Draft memory x = _honest();
        _submit(x);
        for (uint256 i = 0; i < 3; ++i) {
            assertFalse(_is(x, _witness(x, i)));
        }
    }

    function test_AScoreThatIsNotListedIsFraud() public {
        // it should say yes when a positive score is not listed and there is room
        assertGt(_score(BEST), 0);
        Draft memory x = _listing(new Item[](0));
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(_is(x, _witness(x, i)), _score(i) > 0);
        }
        _assertFraud(x, address(d.omission), _flat(abi.encode(_witness(x, BEST))));
    }

    function test_AScoreThatBeatsTheLastOfEightIsFraud() public {
        // it should say yes when a score beats the last of eight
        Draft memory x = _listing(_eight(_score(BEST) - 1, 2));
        _assertFraud(x, address(d.omission), _flat(abi.encode(_witness(x, BEST))));
    }

    function test_OrderDecidesBetweenEqualScores() public {
        // it should say no for a score that ranks behind the last of eight
        Draft memory x = _listing(_eight(_score(BEST), 3));
        assertFalse(_is(x, _witness(x, BEST)));
        x.items[0][7].asset = 5;
        _seal(x);
        assertTrue(_is(x, _witness(x, BEST)));
        x.items[0][7].score += 1;
        _seal(x);
        assertFalse(_is(x, _witness(x, BEST)));
    }

    function test_AQueryThatIsNoVectorIsFraud() public {
        // it should say yes when the committed query is no vector
        Answer[] memory answers = _answers();
        answers[0].query = hex"01";
        Draft memory x = _draft(answers);
        _seal(x);
        _submit(x);
        OmissionWitness memory w = _witness(x, BEST);
        (w.query, w.sketch, w.sketchPath) = (hex"01", "", "");
        _assertFraud(x, address(d.omission), _flat(abi.encode(w)));
    }

    function test_ASketchAboveTheCapIsNotListed() public {
        // it should say no for a sketch above the cap
        Draft memory x = _listing(new Item[](0));
        IModelRegistry.SketchTerms memory terms = d.models.sketchTerms(adapterId);
        terms.sigmaCap = sigmas[BEST] - 1;
        vm.mockCall(address(d.models), abi.encodeCall(IModelRegistry.sketchTerms, (adapterId)), abi.encode(terms));
        assertFalse(_is(x, _witness(x, BEST)));
        terms.sigmaCap = sigmas[BEST];
        vm.mockCall(address(d.models), abi.encodeCall(IModelRegistry.sketchTerms, (adapterId)), abi.encode(terms));
        assertTrue(_is(x, _witness(x, BEST)));
    }

    function test_WhatIsNotOpenedProvesNothing() public {
        Draft memory x = _listing(new Item[](0));
        // it should say no for another query vector
        OmissionWitness memory w = _witness(x, BEST);
        w.query = _answers()[1].query;
        assertFalse(_is(x, w));
        // it should say no for a sketch that is not the model's
        w = _witness(x, BEST);
        w.sketch[100] ^= 0x01;
        assertFalse(_is(x, w));
        w = _witness(x, BEST);
        w.sketch = abi.encodePacked(w.sketch, uint8(0));
        assertFalse(_is(x, w));
        w = _witness(x, BEST);
        w.sketch[4] = 0x40;
        assertFalse(_is(x, w));
        // it should say no for a claim with other attributions
        w = _witness(x, BEST);
        w.position = 1;
        assertFalse(_is(x, w));
        assertTrue(_is(x, _witness(x, BEST)));
    }

    function test_WhatCostsNothingIsNotJudged() public {
        // it should say no for an answer that costs nothing
        Draft memory x = _listing(new Item[](0));
        x.receipts[0].fee = 0;
        _seal(x);
        assertFalse(_is(x, _witness(x, BEST)));
    }
}
