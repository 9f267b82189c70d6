// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Allocation} from "../../../../src/libraries/Allocation.sol";
import {IModelRegistry} from "../../../../src/interfaces/IModelRegistry.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Answer, Draft} from "../../../utils/Prover.sol";

contract ScorePredicateTest is FraudTest {
    function _indexOf(uint40 asset) private view returns (uint256 i) {
        while (contributionAssets[i] != asset) ++i;
    }

    /// @dev Changes a score, with amounts that follow from it.
    function _lie(uint256 r, uint256 k, int64 by) private view returns (Draft memory x) {
        Answer[] memory answers = _answers();
        answers[r].listed[k].score += by;
        x = _draft(answers);
        _seal(x);
    }

    function test_HonestScoresAreNoFraud() public {
        // it should say no for honest scores
        Answer[] memory answers = _answers();
        Draft memory x = _honest();
        _submit(x);
        for (uint256 r = 0; r < 3; ++r) {
            for (uint8 k = 0; k < x.items[r].length; ++k) {
                if (x.items[r][k].kind != Allocation.INFLUENCE) continue;
                bytes memory sketch = sketchLeaf(_indexOf(x.items[r][k].asset));
                _assertNotFraud(x, address(d.score), _scoreWitness(x, r, k, answers[r].query, sketch));
            }
        }
    }

    function test_AScoreThatIsTooHighByOneIsFraud() public {
        // it should say yes when a score is one too high
        Draft memory x = _lie(0, 0, 1);
        _submit(x);
        bytes memory sketch = sketchLeaf(_indexOf(x.items[0][0].asset));
        _assertFraud(x, address(d.score), _scoreWitness(x, 0, 0, _answers()[0].query, sketch));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_AnyOtherScoreIsFraud(int32 by) public {
        // it should say yes for any other score
        vm.assume(by != 0);
        Answer[] memory answers = _answers();
        vm.assume(answers[1].listed[0].score + by > 0);
        Draft memory x = _lie(1, 0, by);
        _submit(x);
        bytes memory sketch = sketchLeaf(_indexOf(x.items[1][0].asset));
        _assertFraud(x, address(d.score), _scoreWitness(x, 1, 0, answers[1].query, sketch));
    }

    function test_AnAssetWithoutSketchIsFraud() public {
        // it should say yes when the asset has no sketch
        Answer[] memory answers = _answers();
        answers[0].listed[0].asset = 14;
        Draft memory x = _draft(answers);
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.score), _scoreWitness(x, 0, 0, "", ""));
    }

    function test_ASketchAboveTheCapIsFraud() public {
        // it should say yes when the sketch is above the cap
        Draft memory x = _honest();
        _submit(x);
        IModelRegistry.SketchTerms memory terms = d.models.sketchTerms(adapterId);
        terms.sigmaCap = 1;
        vm.mockCall(address(d.models), abi.encodeCall(IModelRegistry.sketchTerms, (adapterId)), abi.encode(terms));
        bytes memory sketch = sketchLeaf(_indexOf(x.items[0][0].asset));
        _assertFraud(x, address(d.score), _scoreWitness(x, 0, 0, "", sketch));
    }

    /// @dev Else a node could commit to what the inner product refuses, and claim any score.
    function test_AQueryThatIsNoVectorIsFraud() public {
        // it should say yes when the committed query is no vector
        Answer[] memory answers = _answers();
        answers[0].query = abi.encodePacked(answers[0].query, bytes1(0));
        Draft memory x = _draft(answers);
        _seal(x);
        _submit(x);
        bytes memory sketch = sketchLeaf(_indexOf(x.items[0][0].asset));
        _assertFraud(x, address(d.score), _scoreWitness(x, 0, 0, answers[0].query, sketch));
    }

    function test_AnotherQueryVectorProvesNothing() public {
        // it should say no for another query vector
        Draft memory x = _honest();
        _submit(x);
        bytes memory sketch = sketchLeaf(_indexOf(x.items[0][0].asset));
        _assertNotFraud(x, address(d.score), _scoreWitness(x, 0, 0, _answers()[1].query, sketch));
    }

    function test_AnotherSketchProvesNothing() public {
        // it should say no for another sketch
        Draft memory x = _honest();
        _submit(x);
        bytes memory sketch = sketchLeaf((_indexOf(x.items[0][0].asset) + 1) % 3);
        _assertNotFraud(x, address(d.score), _scoreWitness(x, 0, 0, _answers()[0].query, sketch));
    }

    function test_OnlyInfluenceIsJudged() public {
        // it should say no for items of other kinds
        Draft memory x = _honest();
        _submit(x);
        uint8 k;
        while (x.items[0][k].kind != Allocation.SPAN) ++k;
        bytes memory sketch = sketchLeaf(0);
        _assertNotFraud(x, address(d.score), _scoreWitness(x, 0, k, _answers()[0].query, sketch));
    }
}
