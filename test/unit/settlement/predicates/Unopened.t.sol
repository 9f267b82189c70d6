// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {
    AllocationWitness,
    CreditWitness,
    MalformedWitness,
    ScoreWitness,
    TransitionWitness
} from "../../../../src/types/Witness.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Answer, Draft} from "../../../utils/Prover.sol";
import {PlainTree, Trees} from "../../../utils/Trees.sol";

/// @dev Witnesses of honest claims that were tampered with, and claims that no honest node would build: what a predicate
/// can't open is no fraud, what lies outside of everything that was committed to is.
contract UnopenedTest is FraudTest {
    using Trees for PlainTree;

    uint40 private constant MODEL_ASSET = 9;
    bytes private constant GARBAGE = "no preimage of anything";

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

    function test_AnAttributionShorterThanItsHeaderIsFraud() public {
        Draft memory x = _honest();
        _submit(x);
        assertTrue(_isAllocationFraud(x, hex"00"));
    }

    function test_AnAttributionWithAPartOfAnItemIsFraud() public {
        Draft memory x = _honest();
        _submit(x);
        bytes memory honest = _attribution(x, 0);
        assertFalse(_isAllocationFraud(x, honest));
        assertTrue(_isAllocationFraud(x, abi.encodePacked(honest, uint8(0))));
    }

    /// @dev Commits to the attribution in the place of the first receipt's.
    function _isAllocationFraud(Draft memory x, bytes memory attribution) private view returns (bool) {
        bytes memory flat = _allocationWitness(x, 0);
        AllocationWitness memory w = abi.decode(abi.encodePacked(uint256(32), flat), (AllocationWitness));
        w.attribution = attribution;
        bytes32[] memory leaves = new bytes32[](x.receipts.length);
        bytes32 hash = keccak256(abi.encodePacked(uint8(0x12), w.attribution));
        leaves[0] = keccak256(abi.encodePacked(uint8(0x13), hash, w.creditIndexes));
        PlainTree memory t = Trees.plain(leaves, Trees.depthOf(leaves.length));
        x.claim.attributionsRoot = t.root();
        w.attributionPath = t.proof(0);
        return d.allocation.isFraud(x.claim, _flat(abi.encode(w)));
    }

    function test_ARootThatIsNoNodeIsMalformed() public view {
        Draft memory x = _honest();
        x.claim.payoutsRoot = keccak256(GARBAGE);
        assertTrue(_isMalformed(x, _garbage(1, x.claim.payoutsDepth, x.claim.payoutsTotal)));
    }

    function test_APayoutThatIsNoneIsMalformed() public view {
        Draft memory x = _honest();
        (x.claim.payoutsRoot, x.claim.payoutsDepth) = (keccak256(GARBAGE), 0);
        assertTrue(_isMalformed(x, _garbage(1, 0, x.claim.payoutsTotal)));
    }

    function test_APayoutWithTooDeepCreditsIsMalformed() public view {
        Draft memory x = _honest();
        MalformedWitness memory w = _garbage(1, 0, x.claim.payoutsTotal);
        w.preimage = abi.encodePacked(uint8(0x15), _onlyPayout(x, keccak256("credits"), 255));
        w.hash = keccak256(w.preimage);
        (x.claim.payoutsRoot, x.claim.payoutsDepth) = (w.hash, 0);
        assertTrue(_isMalformed(x, w));
    }

    function test_ACreditThatIsNoneIsMalformed() public view {
        Draft memory x = _honest();
        MalformedWitness memory w = _garbage(2, 0, x.claim.payoutsTotal);
        w.payout = _onlyPayout(x, w.hash, 0);
        w.payoutPath = abi.encodePacked(uint40(0));
        (x.claim.payoutsRoot, x.claim.payoutsDepth) = (keccak256(abi.encodePacked(uint8(0x15), w.payout)), 0);
        assertTrue(_isMalformed(x, w));
    }

    function test_AReceiptThatIsNoneIsMalformed() public {
        Answer[] memory answers = new Answer[](1);
        answers[0] = _answer(1e18, 0);
        Draft memory x = _draft(answers);
        _seal(x);
        x.voucher.receiptsRoot = keccak256(GARBAGE);
        x.voucher.signature = _sign(consumerKey, d.escrow.voucherDigest(x.voucher));
        _submit(x);
        MalformedWitness memory w = _garbage(0, 0, 1e18);
        w.voucher = _voucherLeaf(x);
        w.voucherPath = abi.encodePacked(uint40(0));
        w.batch = x.claim.toBatch;
        assertTrue(_isMalformed(x, w));
    }

    /// @dev Opens a root, or the only leaf, that is the hash of no preimage of the formats.
    function _garbage(uint8 tree, uint8 height, uint96 sum) private pure returns (MalformedWitness memory w) {
        (w.tree, w.height, w.sum) = (tree, height, sum);
        w.hash = keccak256(GARBAGE);
        w.preimage = GARBAGE;
        w.path = abi.encodePacked(uint40(0));
    }

    /// @dev A payout of this claim to asset 0 that is the claim's whole tree.
    function _onlyPayout(Draft memory x, bytes32 creditsHash, uint8 creditsDepth) private pure returns (bytes memory) {
        uint96 total = x.claim.payoutsTotal;
        return abi.encodePacked(uint40(0), x.claim.seq, total, total, creditsHash, creditsDepth);
    }

    function _isMalformed(Draft memory x, MalformedWitness memory w) private view returns (bool) {
        return d.malformed.isFraud(x.claim, _flat(abi.encode(w)));
    }
}
