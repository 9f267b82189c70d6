// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../interfaces/IAttributionSettlement.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {IProtocolParameters} from "../../interfaces/IProtocolParameters.sol";
import {Allocation} from "../../libraries/Allocation.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {MerkleSum} from "../../libraries/MerkleSum.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {Claim} from "../../types/Claim.sol";
import {AttributionHeader, Receipt, VoucherLeaf} from "../../types/Leaves.sol";
import {AllocationWitness} from "../../types/Witness.sol";

/// @title Proves that a receipt's attribution is not what `allocate` makes of it.
/// @notice Fraud: the attribution is missing (the pad leaf), its header is not the receipt's, its items are out of order,
/// too many or of a kind that the model does not pay by, its flags or credit indexes contradict each other, or any amount
/// differs from {Allocation-allocate}. Witness: {AllocationWitness}.
contract AllocationPredicate is IPredicate {
    IAttributionSettlement public immutable SETTLEMENT;
    IModelRegistry public immutable MODELS;
    IProtocolParameters public immutable PARAMETERS;

    constructor(IAttributionSettlement settlement, IModelRegistry models, IProtocolParameters parameters) {
        SETTLEMENT = settlement;
        MODELS = models;
        PARAMETERS = parameters;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        AllocationWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        Receipt memory receipt = Leaves.decodeReceipt(w.receipt);
        (bool opened, uint256 position) = _openReceipt(claim, w, receipt);
        if (!opened) return false;

        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, position, w.attributionPath)) {
            // A receipt that nothing was said about.
            return Openings.isAttribution(claim, PositionalMerkle.PAD, position, w.attributionPath);
        }
        return !_isHonest(
            w.attribution, w.creditIndexes, Leaves.hash(Leaves.TAG_RECEIPT, w.receipt), receipt, claim.paramsVersion
        );
    }

    function _isHonest(
        bytes calldata attribution,
        bytes calldata creditIndexes,
        bytes32 receiptHash,
        Receipt memory receipt,
        uint32 paramsVersion
    ) private view returns (bool) {
        if (attribution.length < Leaves.HEADER_LENGTH) return false;
        AttributionHeader memory header = Leaves.decodeHeader(attribution);
        if (header.receiptHash != receiptHash || header.modelId != receipt.modelId || header.fee != receipt.fee) {
            return false;
        }
        if (!_creditIndexesFit(attribution, creditIndexes)) return false;
        // Nobody can owe anything for a model that was never registered; a node does not serve one.
        if (receipt.modelId == 0 || receipt.modelId > MODELS.modelCount()) return false;
        return Allocation.isHonest(
            attribution, header.queryHash, receipt, MODELS.terms(receipt.modelId), PARAMETERS.parameters(paramsVersion)
        );
    }

    /// @dev Opens the receipt through its voucher and batch, and says where its attribution belongs.
    function _openReceipt(Claim calldata claim, AllocationWitness calldata w, Receipt memory receipt)
        private
        view
        returns (bool opened, uint256 position)
    {
        VoucherLeaf memory voucher;
        (opened, voucher) = Openings.voucher(SETTLEMENT, claim, w.voucher, w.voucherPath, w.voucherIndex, w.batch);
        if (!opened || receipt.position >= voucher.receiptCount) return (false, 0);
        opened = MerkleSum.verify(
            voucher.receiptsRoot,
            voucher.fee,
            Leaves.hash(Leaves.TAG_RECEIPT, w.receipt),
            receipt.fee,
            receipt.position,
            PositionalMerkle.depthOf(voucher.receiptCount),
            w.receiptPath
        );
        // The batch is one of the claim's, so its receipts come after the claim's first.
        position = uint256(voucher.firstReceipt) + receipt.position - claim.firstReceipt;
    }

    /// @dev One index per item; none exactly where the amount is 0.
    function _creditIndexesFit(bytes calldata attribution, bytes calldata creditIndexes) private pure returns (bool) {
        uint256 count = Leaves.itemCount(attribution);
        if (creditIndexes.length != count * 4) return false;
        for (uint256 k = 0; k < count; ++k) {
            (, uint32 index) = Leaves.creditIndexOf(creditIndexes, k);
            if ((index == Leaves.NO_CREDIT) != (Leaves.itemOf(attribution, k).amount == 0)) return false;
        }
        return true;
    }
}
