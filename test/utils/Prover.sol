// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {PayoutProof} from "../../src/types/Claim.sol";
import {Payout} from "../../src/types/Leaves.sol";
import {AllocationWitness, CreditWitness, ScoreWitness, TransitionWitness} from "../../src/types/Witness.sol";
import {Answer, Draft, Drafts} from "./Drafts.sol";
import {PlainTree, SumTree, Trees} from "./Trees.sol";

/// @dev Opens the parts of a draft: payouts for whoever earned them, witnesses for whoever doubts them.
abstract contract Prover is Drafts {
    using Trees for SumTree;
    using Trees for PlainTree;

    function _payoutProof(Draft memory x, uint40 asset) internal pure returns (PayoutProof memory) {
        Payout memory p = x.payouts[asset];
        return PayoutProof({
            nodeId: x.claim.nodeId,
            asset: asset,
            seq: p.seq,
            cumulative: p.cumulative,
            delta: p.delta,
            creditsHash: p.creditsHash,
            creditsDepth: p.creditsDepth,
            proof: _payoutsTree(x).proof(asset, 0)
        });
    }

    function _allocationWitness(Draft memory x, uint256 r) internal view returns (bytes memory) {
        AllocationWitness memory w = AllocationWitness({
            attribution: _attribution(x, r),
            creditIndexes: _creditIndexes(x, r),
            attributionPath: _attributionsTree(x).proof(r),
            receipt: _receipt(x, r),
            receiptPath: _receiptsTree(x).proof(r, 0),
            voucher: _voucherLeaf(x),
            voucherPath: abi.encodePacked(uint40(0)),
            voucherIndex: 0,
            batch: x.claim.toBatch
        });
        return _flat(abi.encode(w));
    }

    function _scoreWitness(Draft memory x, uint256 r, uint8 k, bytes memory query, bytes memory sketch)
        internal
        view
        returns (bytes memory)
    {
        ScoreWitness memory w = ScoreWitness({
            attribution: _attribution(x, r),
            creditIndexes: _creditIndexes(x, r),
            attributionPath: _attributionsTree(x).proof(r),
            position: uint32(r),
            item: k,
            query: query,
            sketch: sketch,
            sketchPath: sketches().proof(x.items[r][k].asset)
        });
        return _flat(abi.encode(w));
    }

    /// @dev item → credit: opens what is recorded at the item's credit index.
    function _itemWitness(Draft memory x, uint256 r, uint8 k) internal view returns (bytes memory) {
        CreditWitness memory w;
        uint40 asset = x.items[r][k].asset;
        uint32 index = x.creditIndexes[r][k];
        SumTree memory t = _creditsTree(x, asset);
        bool inside = index < 2 ** t.depth && x.credits[asset].length != 0;
        w.attribution = _attribution(x, r);
        w.creditIndexes = _creditIndexes(x, r);
        w.attributionPath = _attributionsTree(x).proof(r);
        w.position = uint32(r);
        w.item = k;
        w.payout = _payout(x, asset);
        w.payoutPath = _payoutsTree(x).proof(asset, 0);
        if (inside) {
            uint256 leaf = 2 ** t.depth + index;
            w.credit = abi.encodePacked(t.hashes[leaf], uint96(t.sums[leaf]));
            w.creditPath = t.proof(index, 0);
        }
        return _flat(abi.encode(w));
    }

    /// @dev credit → item: opens a credit and the attribution it names.
    function _creditWitness(Draft memory x, uint40 asset, uint32 i) internal view returns (bytes memory) {
        CreditWitness memory w;
        w.fromCredit = true;
        w.payout = _payout(x, asset);
        w.payoutPath = _payoutsTree(x).proof(asset, 0);
        w.credit = _credit(x, asset, i);
        w.creditPath = _creditsTree(x, asset).proof(i, 0);
        w.creditIndex = i;
        uint256 r = x.credits[asset][i].receiptNumber - x.firstReceipt;
        if (r < x.receipts.length) {
            w.position = uint32(r);
            if (x.queryHashes[r] != bytes32(uint256(1))) {
                w.attribution = _attribution(x, r);
                w.creditIndexes = _creditIndexes(x, r);
            }
            w.attributionPath = _attributionsTree(x).proof(r);
        }
        return _flat(abi.encode(w));
    }

    /// @dev The parent is the last claim that `_finalize` was called with.
    function _transitionWitness(Draft memory x, Draft memory parent, uint40 asset)
        internal
        pure
        returns (bytes memory)
    {
        TransitionWitness memory w;
        w.asset = asset;
        if (x.claim.parent != 0) {
            w.oldPayout = _payout(parent, asset);
            w.oldPath = _payoutsTree(parent).proof(asset, 0);
            w.parent = parent.claim;
        }
        w.newPayout = _payout(x, asset);
        w.newPath = _payoutsTree(x).proof(asset, 0);
        return _flat(abi.encode(w));
    }

    /// @dev A witness is the struct's members without the offset in front of them.
    function _flat(bytes memory encoded) internal pure returns (bytes memory flat) {
        flat = new bytes(encoded.length - 32);
        for (uint256 i = 0; i < flat.length; i += 32) {
            assembly ("memory-safe") {
                mstore(add(add(flat, 32), i), mload(add(add(encoded, 64), i)))
            }
        }
    }

    function _terms() internal view returns (IModelRegistry.ModelTerms memory) {
        return d.models.terms(adapterId);
    }
}
