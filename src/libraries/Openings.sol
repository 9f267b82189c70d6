// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Batch, Claim} from "../types/Claim.sol";
import {Payout, Receipt, VoucherLeaf} from "../types/Leaves.sol";
import {AllocationWitness} from "../types/Witness.sol";
import {Leaves} from "./Leaves.sol";
import {MerkleSum} from "./MerkleSum.sol";
import {PositionalMerkle} from "./PositionalMerkle.sol";

/// @title Openings of what a claim and its batches commit to, shared by the predicates.
library Openings {
    /// @notice Whether `leaf` is at `position` of the claim's attributions, which has one position per receipt.
    function isAttribution(Claim calldata claim, bytes32 leaf, uint256 position, bytes calldata path)
        internal
        pure
        returns (bool)
    {
        if (position >= claim.receiptCount) return false;
        uint256 depth = PositionalMerkle.depthOf(claim.receiptCount);
        return PositionalMerkle.verify(claim.attributionsRoot, leaf, position, depth, path);
    }

    /// @notice Opens a receipt through its voucher and batch: whether all three are the claim's, and at which position of its
    /// attributions the receipt's belongs.
    function receipt(
        IAttributionSettlement settlement,
        Claim calldata claim,
        AllocationWitness calldata w,
        Receipt memory decoded
    ) internal view returns (bool ok, uint256 position) {
        VoucherLeaf memory v;
        (ok, v) = voucher(settlement, claim, w.voucher, w.voucherPath, w.voucherIndex, w.batch);
        if (!ok || decoded.position >= v.receiptCount) return (false, 0);
        ok = MerkleSum.verify(
            v.receiptsRoot,
            v.fee,
            Leaves.hash(Leaves.TAG_RECEIPT, w.receipt),
            decoded.fee,
            decoded.position,
            PositionalMerkle.depthOf(v.receiptCount),
            w.receiptPath
        );
        // The batch is one of the claim's, so its receipts come after the claim's first.
        position = uint256(v.firstReceipt) + decoded.position - claim.firstReceipt;
    }

    /// @notice Decodes a voucher and says whether it is in one of the claim's batches.
    function voucher(
        IAttributionSettlement settlement,
        Claim calldata claim,
        bytes calldata preimage,
        bytes calldata path,
        uint32 index,
        uint32 batchNumber
    ) internal view returns (bool ok, VoucherLeaf memory leaf) {
        if (batchNumber < claim.fromBatch || batchNumber > claim.toBatch) return (false, leaf);
        leaf = Leaves.decodeVoucher(preimage);
        Batch memory batch = settlement.batch(claim.nodeId, batchNumber);
        ok = isVoucher(batch.vouchersRoot, Leaves.hash(Leaves.TAG_VOUCHER, preimage), index, path);
    }

    /// @notice Whether a voucher leaf is in the tree that `redeem` built.
    /// @dev The number of vouchers is not recorded, but the tree is no deeper than they need. So at the height below the
    /// root the leaf is in the right half, or the right half is no pad and is given: index and bitmap show the depth.
    function isVoucher(bytes32 root, bytes32 leaf, uint256 index, bytes calldata path) internal pure returns (bool) {
        if (path.length < 5) return false;
        uint256 bits = uint40(bytes5(path)) | index;
        uint256 depth;
        while (bits >> depth != 0) ++depth;
        return PositionalMerkle.verify(root, leaf, index, depth, path);
    }

    /// @notice Whether a corpus entry is at `asset` of a model's corpus.
    function isCorpus(IModelRegistry.CorpusTerms memory terms, uint40 asset, bytes calldata entry, bytes calldata path)
        internal
        pure
        returns (bool)
    {
        bytes32 leaf = Leaves.hash(Leaves.TAG_CORPUS, entry);
        return PositionalMerkle.verify(terms.corpusRoot, leaf, asset, terms.treeDepth, path);
    }

    /// @notice Decodes a payout leaf (empty: absent) and says whether it is at `asset` of a payouts tree.
    function payout(Claim calldata claim, uint40 asset, bytes calldata preimage, bytes calldata path)
        internal
        pure
        returns (bool ok, Payout memory leaf)
    {
        (bytes32 root, uint256 total, uint256 depth) = (claim.payoutsRoot, claim.payoutsTotal, claim.payoutsDepth);
        if (preimage.length == 0) {
            ok = uint256(asset) >> depth != 0 || MerkleSum.verify(root, total, MerkleSum.PAD, 0, asset, depth, path);
            return (ok, leaf);
        }
        leaf = Leaves.decodePayout(preimage);
        bytes32 hash = Leaves.hash(Leaves.TAG_PAYOUT, preimage);
        ok = MerkleSum.verify(root, total, hash, leaf.cumulative, asset, depth, path);
    }
}
