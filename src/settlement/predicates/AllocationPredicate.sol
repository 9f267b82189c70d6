// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../interfaces/IAttributionSettlement.sol";
import {IModelRegistry} from "../../interfaces/IModelRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {IProtocolParameters} from "../../interfaces/IProtocolParameters.sol";
import {Allocation} from "../../libraries/Allocation.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {Claim} from "../../types/Claim.sol";
import {AttributionHeader, Receipt} from "../../types/Leaves.sol";
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
        (bool opened, uint256 position) = Openings.receipt(SETTLEMENT, claim, w, receipt);
        if (!opened) return false;

        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, position, w.attributionPath)) {
            // A receipt that nothing was said about.
            return Openings.isAttribution(claim, PositionalMerkle.PAD, position, w.attributionPath);
        }
        return !_isHonest(w, receipt, claim.paramsVersion);
    }

    function _isHonest(AllocationWitness calldata w, Receipt memory receipt, uint32 paramsVersion)
        private
        view
        returns (bool)
    {
        if (w.attribution.length < Leaves.HEADER_LENGTH) return false;
        AttributionHeader memory header = Leaves.decodeHeader(w.attribution);
        bytes32 receiptHash = Leaves.hash(Leaves.TAG_RECEIPT, w.receipt);
        if (header.receiptHash != receiptHash || header.modelId != receipt.modelId || header.fee != receipt.fee) {
            return false;
        }
        IModelRegistry.AllocationTerms memory terms = MODELS.allocationTerms(receipt.modelId);
        // Nobody can owe anything for a model that was never registered; a node does not serve one.
        if (!terms.known) return false;
        return
            Allocation.isHonest(
                w.attribution, w.creditIndexes, receipt, terms, PARAMETERS.allocationTerms(paramsVersion)
            );
    }
}
