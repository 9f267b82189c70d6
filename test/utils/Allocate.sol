// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Allocation} from "../../src/libraries/Allocation.sol";
import {Assets} from "../../src/libraries/Assets.sol";
import {Item, Receipt} from "../../src/types/Leaves.sol";

/// @dev `allocate` of formats.md step by step, as provers compute it. What the chain does instead is check an allocation
/// ({Allocation-isHonest}); the tests hold one against the other.
library Allocate {
    uint8 private constant INFLUENCE = Allocation.INFLUENCE;
    uint8 private constant SPAN = Allocation.SPAN;
    uint8 private constant RETRIEVAL = Allocation.RETRIEVAL;

    uint256 private constant BPS = 10_000;
    uint256 private constant PPM = 1_000_000;
    /// @dev The part of the 14 evidence bytes that a span or a retrieval leaves zero.
    uint256 private constant SPAN_ZEROS = (1 << 8 * 3) - 1;
    uint256 private constant RETRIEVAL_ZEROS = (1 << 8 * 8) - 1;

    /// @notice What {Allocation-isHonest} must say: all items are what `allocate` makes of the listed ones.
    function isHonest(
        Item[] memory items,
        uint32[] memory creditIndexes,
        bytes32 queryHash,
        Receipt memory r,
        IModelRegistry.ModelTerms memory t,
        IProtocolParameters.Parameters memory p
    ) internal pure returns (bool) {
        if (items.length > 16 || creditIndexes.length != items.length || r.flags > 2) return false;
        bool noAudit = r.flags == 2;
        if ((queryHash == 0) != (noAudit || t.scheme & 1 == 0)) return false;
        uint256 n;
        while (n < items.length && items[n].kind <= RETRIEVAL) ++n;
        if (noAudit && n != 0) return false;
        Item[] memory listed = new Item[](n);
        for (uint256 k = 0; k < items.length; ++k) {
            if ((creditIndexes[k] == type(uint32).max) != (items[k].amount == 0)) return false;
            // Copies: `allocate` overwrites amounts, and must not overwrite those it is compared with.
            if (k < n) {
                listed[k] = Item(items[k].asset, items[k].kind, items[k].score, items[k].amount, items[k].evidence);
            }
        }
        if (!isOrderly(listed, t.scheme)) return false;
        return keccak256(abi.encode(items)) == keccak256(abi.encode(allocate(listed, r, t, p)));
    }

    /// @notice Whether listed evidence (kinds 0-2) is in order: enabled kinds, positive scores, kind ascending, score
    /// descending, asset ascending, an asset once per kind, no more items than a kind may have, unused evidence bytes zero.
    function isOrderly(Item[] memory listed, uint8 scheme) internal pure returns (bool) {
        uint256[3] memory counts;
        for (uint256 k = 0; k < listed.length; ++k) {
            Item memory item = listed[k];
            if (item.kind > RETRIEVAL || scheme & (1 << item.kind) == 0 || item.score <= 0) return false;
            if (uint256(uint112(item.evidence)) & _zeroMask(item.kind) != 0) return false;
            ++counts[item.kind];
            if (k == 0) continue;
            Item memory before = listed[k - 1];
            if (before.kind > item.kind) return false;
            if (before.kind < item.kind) continue;
            if (before.score < item.score || (before.score == item.score && before.asset >= item.asset)) return false;
            for (uint256 j = k; j > 0 && listed[j - 1].kind == item.kind; --j) {
                if (listed[j - 1].asset == item.asset) return false;
            }
        }
        return counts[INFLUENCE] <= Allocation.MAX_INFLUENCE && counts[SPAN] <= Allocation.MAX_SPANS
            && counts[RETRIEVAL] <= Allocation.MAX_RETRIEVALS;
    }

    /// @notice All items of a receipt: the listed evidence with amounts, then model, royalty and baseline or treasury.
    /// @dev Warning: evidence of a kind that the model does not pay by is the caller's mistake; {isOrderly} rules it out.
    /// @param listed Evidence of kinds 0-2 in order; its amounts are overwritten
    /// @param r The receipt
    /// @param t The terms of its model
    /// @param p The parameters
    function allocate(
        Item[] memory listed,
        Receipt memory r,
        IModelRegistry.ModelTerms memory t,
        IProtocolParameters.Parameters memory p
    ) internal pure returns (Item[] memory items) {
        if (r.fee == 0) return items;
        uint256 rest = _shareContributors(listed, r, t.scheme, p);
        uint256 modelPot = uint256(r.fee) * p.modelBps / BPS;
        uint256 royalty = modelPot * t.royaltyBps / BPS;

        items = new Item[](listed.length + 3);
        for (uint256 k = 0; k < listed.length; ++k) {
            items[k] = listed[k];
        }
        uint256 count = listed.length;
        if (modelPot > royalty) items[count++] = _owned(Assets.model(r.modelId), Allocation.MODEL, modelPot - royalty);
        if (royalty > 0) items[count++] = _owned(Assets.model(t.parent), Allocation.ROYALTY, royalty);
        if (rest > 0) {
            items[count++] = t.baselineRoot == 0
                ? _owned(Assets.TREASURY, Allocation.TREASURY, rest)
                : _owned(Assets.baseline(r.modelId), Allocation.BASELINE, rest);
        }
        assembly ("memory-safe") {
            mstore(items, count)
        }
    }

    /// @notice The threshold of a receipt in ppm: clamp(tauBase · feeRef / fee, tauMin, tauMax).
    function threshold(uint256 fee, IProtocolParameters.Parameters memory p) internal pure returns (uint256 tau) {
        tau = uint256(p.tauBasePpm) * p.feeRef / fee;
        if (tau < p.tauMinPpm) return p.tauMinPpm;
        if (tau > p.tauMaxPpm) return p.tauMaxPpm;
    }

    /// @dev Writes the listed items' amounts and returns what goes to baseline or treasury.
    function _shareContributors(
        Item[] memory listed,
        Receipt memory r,
        uint8 scheme,
        IProtocolParameters.Parameters memory p
    ) private pure returns (uint256 rest) {
        uint256 pot = uint256(r.fee) * p.contributorsBps / BPS;
        (bool[] memory counts, uint256[3] memory weights) = _counting(listed, threshold(r.fee, p));
        uint256 mix = (scheme & 1 != 0 ? p.mixInfluenceBps : 0) + (scheme & 2 != 0 ? uint256(p.mixSpanBps) : 0)
            + (scheme & 4 != 0 ? uint256(p.mixRetrievalBps) : 0);

        uint256 retrievalPot = mix != 0 && weights[RETRIEVAL] != 0 ? pot * p.mixRetrievalBps / mix : 0;
        uint256 spanPot = mix != 0 && r.outputLength != 0
            ? pot * p.mixSpanBps * _covered(listed, counts, r.outputLength) / (r.outputLength * mix)
            : 0;
        rest = pot - retrievalPot - spanPot;
        _sharePot(listed, counts, RETRIEVAL, retrievalPot, weights[RETRIEVAL]);
        _sharePot(listed, counts, SPAN, spanPot, weights[SPAN]);
        if (weights[INFLUENCE] != 0) {
            _sharePot(listed, counts, INFLUENCE, rest, weights[INFLUENCE]);
            rest = 0;
        } else {
            _sharePot(listed, counts, INFLUENCE, 0, 0);
        }
    }

    /// @dev Which items reach the threshold of their kind, and the sum of their scores per kind.
    function _counting(Item[] memory listed, uint256 tau)
        private
        pure
        returns (bool[] memory counts, uint256[3] memory weights)
    {
        uint256[3] memory totals;
        for (uint256 k = 0; k < listed.length; ++k) {
            if (listed[k].score > 0) totals[listed[k].kind] += uint64(listed[k].score);
        }
        counts = new bool[](listed.length);
        for (uint256 k = 0; k < listed.length; ++k) {
            if (listed[k].score <= 0) continue;
            uint256 score = uint64(listed[k].score);
            if (score * PPM < tau * totals[listed[k].kind]) continue;
            counts[k] = true;
            weights[listed[k].kind] += score;
        }
    }

    /// @dev Shares a pot by score; what rounding leaves goes to the first counting item.
    function _sharePot(Item[] memory listed, bool[] memory counts, uint8 kind, uint256 pot, uint256 weight)
        private
        pure
    {
        uint256 left = pot;
        uint256 first = listed.length;
        for (uint256 k = 0; k < listed.length; ++k) {
            if (listed[k].kind != kind) continue;
            listed[k].amount = 0;
            if (!counts[k]) continue;
            if (first == listed.length) first = k;
            uint256 amount = pot * uint64(listed[k].score) / weight;
            // At most the pot, which is at most a fee of 96 bits.
            listed[k].amount = uint96(amount);
            left -= amount;
        }
        if (first != listed.length) listed[first].amount += uint96(left);
    }

    /// @dev Output bytes under at least one counting span.
    function _covered(Item[] memory listed, bool[] memory counts, uint256 outputLength)
        private
        pure
        returns (uint256 covered)
    {
        uint256[] memory starts = new uint256[](listed.length);
        uint256[] memory ends = new uint256[](listed.length);
        uint256 n;
        for (uint256 k = 0; k < listed.length; ++k) {
            if (listed[k].kind != SPAN || !counts[k]) continue;
            // outOff4 ‖ srcOff5 ‖ len2 ‖ 000000
            uint256 evidence = uint112(listed[k].evidence);
            uint256 start = evidence >> 80;
            uint256 end = start + uint16(evidence >> 24);
            if (end > outputLength) end = outputLength;
            uint256 slot = n++;
            for (; slot > 0 && starts[slot - 1] > start; --slot) {
                starts[slot] = starts[slot - 1];
                ends[slot] = ends[slot - 1];
            }
            starts[slot] = start;
            ends[slot] = end;
        }
        uint256 reached;
        for (uint256 i = 0; i < n; ++i) {
            uint256 from = starts[i] > reached ? starts[i] : reached;
            if (ends[i] > from) covered += ends[i] - from;
            if (ends[i] > reached) reached = ends[i];
        }
    }

    function _owned(uint40 asset, uint8 kind, uint256 amount) private pure returns (Item memory) {
        // At most the fee, which has 96 bits.
        return Item({asset: asset, kind: kind, score: 0, amount: uint96(amount), evidence: 0});
    }

    function _zeroMask(uint8 kind) private pure returns (uint256) {
        if (kind == SPAN) return SPAN_ZEROS;
        if (kind == RETRIEVAL) return RETRIEVAL_ZEROS;
        return type(uint112).max;
    }
}
