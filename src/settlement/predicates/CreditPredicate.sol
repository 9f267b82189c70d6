// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {MerkleSum} from "../../libraries/MerkleSum.sol";
import {Openings} from "../../libraries/Openings.sol";
import {PositionalMerkle} from "../../libraries/PositionalMerkle.sol";
import {Claim} from "../../types/Claim.sol";
import {Credit, Item, Payout} from "../../types/Leaves.sol";
import {CreditWitness} from "../../types/Witness.sol";

/// @title Proves that items and credits are not one to one.
/// @notice Every item with an amount names a credit in its asset's credits tree, and every credit names an item. Fraud: an
/// item whose asset was not paid by this claim or whose credit is something else, or a credit whose item is something else
/// or does not exist. Witness: {CreditWitness}.
contract CreditPredicate is IPredicate {
    uint256 private constant RECORDED_LENGTH = 44;

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external pure returns (bool) {
        CreditWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        return w.fromCredit ? _isCreditWithoutItem(claim, w) : _isItemWithoutCredit(claim, w);
    }

    function _isItemWithoutCredit(Claim calldata claim, CreditWitness calldata w) private pure returns (bool) {
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, w.position, w.attributionPath)) return false;
        if (w.item >= Leaves.itemCount(w.attribution)) return false;
        Item memory item = Leaves.itemOf(w.attribution, w.item);
        (bool given, uint32 index) = Leaves.creditIndexOf(w.creditIndexes, w.item);
        // Indexes that don't fit the items are for the Allocation predicate.
        if (item.amount == 0 || !given) return false;

        (bool opened, Payout memory payout) = Openings.payout(claim, item.asset, w.payout, w.payoutPath);
        if (!opened) return false;
        if (w.payout.length == 0 || payout.seq != claim.seq) return true;
        if (uint256(index) >> payout.creditsDepth != 0) return true;
        bytes32 hash = Leaves.hashCredit(claim.firstReceipt + w.position, w.item, item.amount);
        return _isOther(payout, index, w.credit, w.creditPath, hash, item.amount);
    }

    /// @dev Whether something else than (hash, amount) is recorded at `index` of the credits tree.
    function _isOther(
        Payout memory payout,
        uint32 index,
        bytes calldata recorded,
        bytes calldata path,
        bytes32 hash,
        uint96 amount
    ) private pure returns (bool) {
        if (recorded.length != RECORDED_LENGTH) return false;
        bytes32 recordedHash = bytes32(recorded[0:32]);
        uint96 recordedSum = uint96(bytes12(recorded[32:44]));
        if (recordedHash == hash && recordedSum == amount) return false;
        return _isRecorded(payout, recordedHash, recordedSum, index, path);
    }

    function _isRecorded(Payout memory payout, bytes32 hash, uint96 sum, uint32 index, bytes calldata path)
        private
        pure
        returns (bool)
    {
        return MerkleSum.verify(payout.creditsHash, payout.delta, hash, sum, index, payout.creditsDepth, path);
    }

    function _isCreditWithoutItem(Claim calldata claim, CreditWitness calldata w) private pure returns (bool) {
        Payout memory payout = Leaves.decodePayout(w.payout);
        (bool opened,) = Openings.payout(claim, payout.asset, w.payout, w.payoutPath);
        if (!opened || payout.seq != claim.seq) return false;
        Credit memory credit = Leaves.decodeCredit(w.credit);
        opened =
            _isRecorded(payout, Leaves.hash(Leaves.TAG_CREDIT, w.credit), credit.amount, w.creditIndex, w.creditPath);
        if (!opened) return false;
        if (credit.receiptNumber < claim.firstReceipt) return true;
        uint256 position = credit.receiptNumber - claim.firstReceipt;
        if (position >= claim.receiptCount) return true;

        bytes32 leaf = w.attribution.length == 0
            ? PositionalMerkle.PAD
            : Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, position, w.attributionPath)) return false;
        if (credit.item >= Leaves.itemCount(w.attribution)) return true;
        Item memory item = Leaves.itemOf(w.attribution, credit.item);
        (bool given, uint32 index) = Leaves.creditIndexOf(w.creditIndexes, credit.item);
        return !given || index != w.creditIndex || item.asset != payout.asset || item.amount != credit.amount;
    }
}
