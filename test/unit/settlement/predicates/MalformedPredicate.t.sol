// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {MalformedWitness} from "../../../../src/types/Witness.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Draft} from "../../../utils/Prover.sol";
import {SumTree, Trees} from "../../../utils/Trees.sol";

contract MalformedPredicateTest is FraudTest {
    using Trees for SumTree;

    uint8 private constant RECEIPTS = 0;
    uint8 private constant PAYOUTS = 1;
    uint8 private constant CREDITS = 2;

    /// @dev Opens the node at (height, index) of a tree; the leaf's preimage is given for height 0.
    function _open(SumTree memory t, uint8 tree, uint8 height, uint40 index, bytes memory leaf)
        private
        pure
        returns (MalformedWitness memory w)
    {
        uint256 n = 2 ** (t.depth - height) + index;
        w.tree = tree;
        w.height = height;
        w.index = index;
        w.hash = t.hashes[n];
        w.sum = uint96(t.sums[n]);
        w.path = t.proof(index, height);
        w.preimage = height == 0
            ? leaf
            : Trees.sumPreimage(t.hashes[2 * n], t.sums[2 * n], t.hashes[2 * n + 1], t.sums[2 * n + 1]);
    }

    function _openPayout(Draft memory x, uint8 height, uint40 index) private pure returns (bytes memory) {
        bytes memory leaf = height == 0 ? _tagged(0x15, _payout(x, index)) : bytes("");
        return _flat(abi.encode(_open(_payoutsTree(x), PAYOUTS, height, index, leaf)));
    }

    function _openReceipt(Draft memory x, uint8 height, uint40 index) private view returns (bytes memory) {
        bytes memory leaf =
            height == 0 && index < x.receipts.length ? _tagged(0x10, _receipt(x, index)) : bytes(hex"02");
        MalformedWitness memory w = _open(_receiptsTree(x), RECEIPTS, height, index, leaf);
        w.voucher = _voucherLeaf(x);
        w.voucherPath = abi.encodePacked(uint40(0));
        w.batch = x.claim.toBatch;
        return _flat(abi.encode(w));
    }

    function _openCredit(Draft memory x, uint40 asset, uint8 height, uint40 index) private pure returns (bytes memory) {
        bytes memory leaf =
            height == 0 && index < x.credits[asset].length ? _tagged(0x14, _credit(x, asset, index)) : bytes(hex"02");
        MalformedWitness memory w = _open(_creditsTree(x, asset), CREDITS, height, index, leaf);
        w.payout = _payout(x, asset);
        w.payoutPath = _payoutsTree(x).proof(asset, 0);
        return _flat(abi.encode(w));
    }

    function _tagged(uint8 tag, bytes memory preimage) private pure returns (bytes memory) {
        return preimage.length == 0 ? bytes(hex"02") : abi.encodePacked(tag, preimage);
    }

    function test_HonestTreesAreNoFraud() public {
        // it should say no for every node of honest trees
        Draft memory x = _honest();
        _submit(x);
        for (uint8 h = 0; h <= 4; ++h) {
            for (uint40 i = 0; i < 2 ** (4 - h); ++i) {
                _assertNotFraud(x, address(d.malformed), _openPayout(x, h, i));
            }
        }
        for (uint8 h = 0; h <= 2; ++h) {
            for (uint40 i = 0; i < 2 ** (2 - h); ++i) {
                _assertNotFraud(x, address(d.malformed), _openReceipt(x, h, i));
                _assertNotFraud(x, address(d.malformed), _openCredit(x, 9, h, i));
            }
        }
    }

    function test_AnotherPreimageProvesNothing() public {
        // it should say no when the preimage is not that of the node
        Draft memory x = _honest();
        _submit(x);
        MalformedWitness memory w = _open(_payoutsTree(x), PAYOUTS, 0, 9, _tagged(0x15, _payout(x, 5)));
        _assertNotFraud(x, address(d.malformed), _flat(abi.encode(w)));
    }

    function test_APayoutThatDiffersFromItsSumIsFraud() public {
        // it should say yes when a payout is not its recorded sum
        Draft memory x = _draft(_answers());
        x.recordedSums[5] -= 1;
        x.recordedSums[9] += 1;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.malformed), _openPayout(x, 0, 9));
    }

    function test_APayoutAtAnothersPositionIsFraud() public {
        // it should say yes when a payout is at another position
        Draft memory x = _draft(_answers());
        x.payouts[5].asset = 9;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.malformed), _openPayout(x, 0, 5));
    }

    function test_ARootThatDoesNotSayWhatIsBelowIsFraud() public {
        // it should say yes when the root does not add up to the total
        Draft memory x = _draft(_answers());
        // The tree holds one wei less than the claim says: its root can only be opened with another total.
        x.payouts[5].cumulative -= 1;
        x.recordedSums[5] -= 1;
        _seal(x);
        _submit(x);
        MalformedWitness memory w = _open(_payoutsTree(x), PAYOUTS, 4, 0, "");
        assertEq(w.sum, x.claim.payoutsTotal - 1);
        w.sum = x.claim.payoutsTotal;
        _assertFraud(x, address(d.malformed), _flat(abi.encode(w)));
    }

    function test_SomethingThatIsNoPayoutIsFraud() public {
        // it should say yes for a leaf that is no payout
        Draft memory x = _draft(_answers());
        _seal(x);
        // A leaf of 66 bytes under another tag.
        SumTree memory t = _payoutsTree(x);
        t.hashes[16 + 5] = keccak256(_tagged(0x16, _payout(x, 5)));
        for (uint256 n = 10; n > 0; n /= 2) {
            t.hashes[n] = Trees.sumNode(t.hashes[2 * n], t.sums[2 * n], t.hashes[2 * n + 1], t.sums[2 * n + 1]);
        }
        x.claim.payoutsRoot = t.root();
        _submit(x);
        bytes memory leaf = _tagged(0x16, _payout(x, 5));
        _assertFraud(x, address(d.malformed), _flat(abi.encode(_open(t, PAYOUTS, 0, 5, leaf))));
    }

    function test_ANodeThatDoesNotAddUpIsFraud() public {
        // it should say yes when a node does not add up
        Draft memory x = _draft(_answers());
        _seal(x);
        // Two inner nodes record shifted sums; everything above adds up again.
        SumTree memory t = _payoutsTree(x);
        t.sums[4] += 3;
        t.sums[5] -= 3;
        for (uint256 n = 2; n > 0; n /= 2) {
            t.hashes[n] = Trees.sumNode(t.hashes[2 * n], t.sums[2 * n], t.hashes[2 * n + 1], t.sums[2 * n + 1]);
        }
        x.claim.payoutsRoot = t.root();
        _submit(x);
        _assertFraud(x, address(d.malformed), _flat(abi.encode(_open(t, PAYOUTS, 2, 1, ""))));
    }

    function test_AForeignReceiptIsFraud() public {
        // it should say yes for a receipt of another channel or epoch
        Draft memory x = _draft(_answers());
        x.receipts[1].epoch = 7;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.malformed), _openReceipt(x, 0, 1));
    }

    function test_AReceiptAtAnothersPositionIsFraud() public {
        // it should say yes when a receipt is at another position
        Draft memory x = _draft(_answers());
        x.receipts[1].position = 2;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.malformed), _openReceipt(x, 0, 1));
    }

    function test_AMissingReceiptIsFraud() public {
        // it should say yes when a receipt is missing
        Draft memory x = _draft(_answers());
        x.voucher.receiptCount = 4;
        x.claim.receiptCount = 4;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.malformed), _openReceipt(x, 0, 3));
    }

    function test_AReceiptBehindTheCountIsFraud() public {
        // it should say yes for a receipt behind the count
        Draft memory x = _draft(_answers());
        // Still depth 2 when only three of four leaves are counted as receipts.
        x.receipts[2].position = 3;
        Draft memory y = x;
        bytes32[] memory leaves = new bytes32[](4);
        uint256[] memory sums = new uint256[](4);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 at_ = i == 2 ? 3 : i;
            leaves[at_] = keccak256(_tagged(0x10, _receipt(y, i)));
            sums[at_] = y.receipts[i].fee;
        }
        SumTree memory t = Trees.sum(leaves, sums, 2);
        _seal(x);
        x.voucher.receiptsRoot = t.root();
        x.voucher.signature = _sign(consumerKey, d.escrow.voucherDigest(x.voucher));
        _submit(x);
        MalformedWitness memory w = _open(t, RECEIPTS, 0, 3, _tagged(0x10, _receipt(x, 2)));
        w.voucher = _voucherLeaf(x);
        w.voucherPath = abi.encodePacked(uint40(0));
        w.batch = x.claim.toBatch;
        _assertFraud(x, address(d.malformed), _flat(abi.encode(w)));
    }

    function test_ACreditThatDiffersFromItsSumIsFraud() public {
        // it should say yes when a credit is not its recorded sum
        Draft memory x = _draft(_answers());
        SumTree memory t = _creditsTree(x, 9);
        // Leaf 0 records one wei more than it says, leaf 1 one less.
        t.sums[4] += 1;
        t.sums[5] -= 1;
        for (uint256 n = 2; n > 0; n /= 2) {
            t.hashes[n] = Trees.sumNode(t.hashes[2 * n], t.sums[2 * n], t.hashes[2 * n + 1], t.sums[2 * n + 1]);
        }
        x.payouts[9].creditsHash = t.root();
        _seal(x);
        _submit(x);
        MalformedWitness memory w = _open(t, CREDITS, 0, 0, _tagged(0x14, _credit(x, 9, 0)));
        w.payout = _payout(x, 9);
        w.payoutPath = _payoutsTree(x).proof(9, 0);
        _assertFraud(x, address(d.malformed), _flat(abi.encode(w)));
    }

    function test_CreditsOfEarlierClaimsAreNotJudgedAgain() public {
        // it should say no for credits of an earlier claim
        Draft memory x = _draft(_answers());
        x.payouts[9].seq = 0;
        x.payouts[9].creditsDepth = 2;
        x.payouts[9].delta += 1;
        _seal(x);
        _submit(x);
        MalformedWitness memory w = _open(_creditsTree(x, 9), CREDITS, 2, 0, "");
        w.sum = x.payouts[9].delta;
        w.payout = _payout(x, 9);
        w.payoutPath = _payoutsTree(x).proof(9, 0);
        _assertNotFraud(x, address(d.malformed), _flat(abi.encode(w)));
    }
}
