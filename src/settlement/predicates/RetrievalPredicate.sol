// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetRegistry} from "../../interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Allocation} from "../../libraries/Allocation.sol";
import {Assets} from "../../libraries/Assets.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Listed} from "../../libraries/Listed.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {Claim} from "../../types/Claim.sol";
import {AttributionHeader, ContextRow, Item, Receipt} from "../../types/Leaves.sol";
import {RetrievalWitness} from "../../types/Witness.sol";

/// @title Proves that what was paid as retrieved is not what the answer was made from.
/// @notice Fraud: a RETRIEVAL item that the receipt's context does not have, or whose row is not in the contribution as it was
/// submitted; or a row of the context whose asset ranks before the last listed item, is listed with a lower score, or is not
/// listed while fewer are than may be. The latter never for a receipt that is not auditable or costs nothing, nor for a model
/// that does not pay by retrieval. Witness: {RetrievalWitness}.
/// @dev The receipt is the one that the attribution's header names; whether that is the right one is for the Allocation
/// predicate.
contract RetrievalPredicate is IPredicate {
    uint256 private constant CONTEXT_DEPTH = 4;
    /// @dev Places in abi.encode(ContributionInput), after the offset in front of it.
    uint256 private constant ROWS_ROOT = 4 * 32;
    uint256 private constant ROW_COUNT = 5 * 32;

    IModelRegistry public immutable MODELS;
    IDatanetRegistry public immutable DATANETS;

    constructor(IModelRegistry models, IDatanetRegistry datanets) {
        MODELS = models;
        DATANETS = datanets;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        RetrievalWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, w.position, w.attributionPath)) return false;
        AttributionHeader memory header = Leaves.decodeHeader(w.attribution);
        if (Leaves.hash(Leaves.TAG_RECEIPT, w.receipt) != header.receiptHash) return false;
        Receipt memory receipt = Leaves.decodeReceipt(w.receipt);
        bytes32 root = Leaves.contextRootOf(w.receipt);
        return w.fromContext ? _isRowWithoutItem(w, root, header, receipt.flags) : _isItemWithoutRow(w, root);
    }

    function _isItemWithoutRow(RetrievalWitness calldata w, bytes32 root) private view returns (bool) {
        if (w.item >= Leaves.itemCount(w.attribution)) return false;
        Item memory item = Leaves.itemOf(w.attribution, w.item);
        if (item.kind != Allocation.RETRIEVAL) return false;
        // row4 ‖ contextPosition2 ‖ 0
        uint32 row = uint32(bytes4(item.evidence));
        uint256 position = uint16(bytes2(item.evidence << 32));
        if (root == 0 || position >> CONTEXT_DEPTH != 0) return true;
        if (w.context.length == 0) return _isAt(root, PositionalMerkle.PAD, position, CONTEXT_DEPTH, w.contextPath);

        ContextRow memory context = Leaves.decodeContext(w.context);
        bytes32 leaf = Leaves.hash(Leaves.TAG_CONTEXT, w.context);
        if (!_isAt(root, leaf, position, CONTEXT_DEPTH, w.contextPath)) return false;
        if (context.asset != item.asset || context.row != row || context.score != item.score) return true;
        return _isOtherRow(w, item.asset, row, context.bytesHash);
    }

    /// @dev Whether the contribution has another row there, or none.
    function _isOtherRow(RetrievalWitness calldata w, uint40 asset, uint32 row, bytes32 bytesHash)
        private
        view
        returns (bool)
    {
        if (Assets.kindOf(asset) != Assets.CONTRIBUTION) return true;
        bytes32 inputHash = DATANETS.inputHashOf(Assets.tokenIdOf(asset));
        // Nothing was submitted under that id.
        if (inputHash == 0) return true;
        if (keccak256(w.contribution) != inputHash) return false;
        uint256 rowCount = uint256(bytes32(w.contribution[ROW_COUNT:]));
        if (row >= rowCount) return true;
        bytes32 root = bytes32(w.contribution[ROWS_ROOT:]);
        uint256 depth = PositionalMerkle.depthOf(rowCount);
        if (w.row.length == 0) return _isAt(root, PositionalMerkle.PAD, row, depth, w.rowPath);

        (uint32 index, bytes32 submitted) = Leaves.decodeRow(w.row);
        if (!_isAt(root, Leaves.hash(Leaves.TAG_ROW, w.row), row, depth, w.rowPath)) return false;
        return index != row || submitted != bytesHash;
    }

    function _isRowWithoutItem(RetrievalWitness calldata w, bytes32 root, AttributionHeader memory header, uint8 flags)
        private
        view
        returns (bool)
    {
        if (header.fee == 0 || flags & Allocation.FLAG_NO_AUDIT != 0) return false;
        if (MODELS.allocationTerms(header.modelId).scheme & Allocation.SCHEME_RETRIEVAL == 0) return false;
        ContextRow memory context = Leaves.decodeContext(w.context);
        bytes32 leaf = Leaves.hash(Leaves.TAG_CONTEXT, w.context);
        if (!_isAt(root, leaf, w.contextPosition, CONTEXT_DEPTH, w.contextPath)) return false;
        return
            Listed.lacks(w.attribution, Allocation.RETRIEVAL, Allocation.MAX_RETRIEVALS, context.asset, context.score);
    }

    function _isAt(bytes32 root, bytes32 leaf, uint256 position, uint256 depth, bytes calldata path)
        private
        pure
        returns (bool)
    {
        return PositionalMerkle.verify(root, leaf, position, depth, path);
    }
}
