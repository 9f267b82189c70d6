// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../interfaces/IAttributionSettlement.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {MerkleSum} from "../../libraries/MerkleSum.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {Claim} from "../../types/Claim.sol";
import {Credit, Payout, Receipt, VoucherLeaf} from "../../types/Leaves.sol";
import {MalformedWitness} from "../../types/Witness.sol";

/// @title Proves that a sum tree does not add up or holds something that does not belong where it is.
/// @notice Fraud: a node whose children's sums are not its recorded sum, a leaf whose amount is not its recorded sum, a leaf
/// at a wrong position, something that is neither node, leaf nor pad, a pad where a receipt must be (or the reverse), a
/// receipt of another channel or epoch or with a fee that is not whole gwei. Trees: the receipts of a voucher, the payouts,
/// the credits of a payout of this claim. Witness: {MalformedWitness}.
/// @dev The path leads to the root with the sums as recorded, so of several broken nodes on a path the highest can be proven.
contract MalformedPredicate is IPredicate {
    uint8 public constant RECEIPTS = 0;
    uint8 public constant PAYOUTS = 1;
    uint8 public constant CREDITS = 2;

    uint256 private constant GWEI = 1e9;
    /// @dev Credit indexes have 32 bits.
    uint8 private constant MAX_CREDITS_DEPTH = 32;

    IAttributionSettlement public immutable SETTLEMENT;

    struct Tree {
        bytes32 root;
        uint256 total;
        uint256 depth;
        VoucherLeaf voucher;
    }

    constructor(IAttributionSettlement settlement) {
        SETTLEMENT = settlement;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        MalformedWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        (bool opened, Tree memory tree) = _open(claim, w);
        if (!opened) return false;
        (bytes32 root, uint256 total) = MerkleSum.climb(w.hash, w.sum, w.index, w.height, tree.depth, w.path);
        if (root == 0 || root != tree.root || total != tree.total) return false;
        if (keccak256(w.preimage) != w.hash) return false;

        if (w.height != 0) return !_isNode(w.preimage, w.sum);
        if (w.preimage.length == 1 && uint8(w.preimage[0]) == Leaves.TAG_PAD) {
            return w.sum != 0 || (w.tree == RECEIPTS && w.index < tree.voucher.receiptCount);
        }
        if (w.tree == RECEIPTS) return !_isReceipt(w.preimage, w.sum, w.index, tree.voucher);
        if (w.tree == PAYOUTS) return !_isPayout(claim, w.preimage, w.sum, w.index);
        return !_isCredit(w.preimage, w.sum);
    }

    /// @dev The root of the tree in question.
    function _open(Claim calldata claim, MalformedWitness calldata w)
        private
        view
        returns (bool opened, Tree memory tree)
    {
        if (w.tree == PAYOUTS) {
            (tree.root, tree.total, tree.depth) = (claim.payoutsRoot, claim.payoutsTotal, claim.payoutsDepth);
            return (true, tree);
        }
        if (w.tree == CREDITS) {
            Payout memory payout = Leaves.decodePayout(w.payout);
            (opened,) = Openings.payout(claim, payout.asset, w.payout, w.payoutPath);
            (tree.root, tree.total, tree.depth) = (payout.creditsHash, payout.delta, payout.creditsDepth);
            return (opened && payout.seq == claim.seq, tree);
        }
        if (w.tree != RECEIPTS) return (false, tree);
        (opened, tree.voucher) = Openings.voucher(SETTLEMENT, claim, w.voucher, w.voucherPath, w.voucherIndex, w.batch);
        tree.root = tree.voucher.receiptsRoot;
        tree.total = tree.voucher.fee;
        tree.depth = PositionalMerkle.depthOf(tree.voucher.receiptCount);
    }

    function _isNode(bytes calldata preimage, uint96 sum) private pure returns (bool) {
        if (!_is(preimage, Leaves.TAG_NODE, Leaves.NODE_LENGTH)) return false;
        uint256 left = uint96(bytes12(preimage[33:45]));
        uint256 right = uint96(bytes12(preimage[77:89]));
        return left + right == sum;
    }

    function _isReceipt(bytes calldata preimage, uint96 sum, uint40 index, VoucherLeaf memory voucher)
        private
        pure
        returns (bool)
    {
        if (!_is(preimage, Leaves.TAG_RECEIPT, Leaves.RECEIPT_LENGTH)) return false;
        Receipt memory receipt = Leaves.decodeReceipt(preimage[1:]);
        return receipt.fee == sum && receipt.fee % GWEI == 0 && receipt.position == index
            && index < voucher.receiptCount && receipt.channelId == voucher.channelId && receipt.epoch == voucher.epoch;
    }

    function _isPayout(Claim calldata claim, bytes calldata preimage, uint96 sum, uint40 index)
        private
        pure
        returns (bool)
    {
        if (!_is(preimage, Leaves.TAG_PAYOUT, Leaves.PAYOUT_LENGTH)) return false;
        Payout memory payout = Leaves.decodePayout(preimage[1:]);
        if (payout.seq == claim.seq && payout.creditsDepth > MAX_CREDITS_DEPTH) return false;
        return payout.cumulative == sum && payout.asset == index;
    }

    function _isCredit(bytes calldata preimage, uint96 sum) private pure returns (bool) {
        if (!_is(preimage, Leaves.TAG_CREDIT, Leaves.CREDIT_LENGTH)) return false;
        Credit memory credit = Leaves.decodeCredit(preimage[1:]);
        return credit.amount == sum;
    }

    function _is(bytes calldata preimage, uint8 tag, uint256 length) private pure returns (bool) {
        return preimage.length == length + 1 && uint8(preimage[0]) == tag;
    }
}
