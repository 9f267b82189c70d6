// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Receipt} from "../types/Leaves.sol";
import {Assets} from "./Assets.sol";
import {Leaves} from "./Leaves.sol";

/// @title Who gets what of one receipt's owners' share.
/// @notice Checks that an attribution is what the pure integer function `allocate` of formats.md makes of its listed evidence.
/// It reads the receipt, the model's immutable terms and one version of the parameters, nothing else, so what an open claim
/// must contain can't change under it.
/// @dev Items are read where they lie in calldata, as two overlapping words: `head`, their first 32 bytes (asset5 ‖ kind1 ‖
/// score8 ‖ amount12 ‖ …), and `tail`, their last (… ‖ evidence14). Scores are positive, so they have 63 bits, and amounts 96:
/// no product or sum here leaves 256 bits.
library Allocation {
    uint8 internal constant INFLUENCE = 0;
    uint8 internal constant SPAN = 1;
    uint8 internal constant RETRIEVAL = 2;
    uint8 internal constant MODEL = 3;
    uint8 internal constant ROYALTY = 4;
    uint8 internal constant BASELINE = 5;
    uint8 internal constant TREASURY = 6;

    uint8 internal constant FLAG_PUBLIC = 1;
    uint8 internal constant FLAG_NO_AUDIT = 2;
    uint8 internal constant SCHEME_INFLUENCE = 1;
    uint8 internal constant SCHEME_SPAN = 2;
    uint8 internal constant SCHEME_RETRIEVAL = 4;

    uint256 internal constant MAX_ITEMS = 16;
    uint256 internal constant MAX_INFLUENCE = 8;
    uint256 internal constant MAX_SPANS = 3;
    uint256 internal constant MAX_RETRIEVALS = 2;

    /// @notice Shorter and longer spans do not count, in bytes.
    uint256 internal constant MIN_SPAN = 64;
    uint256 internal constant MAX_SPAN = 512;

    uint256 private constant BPS = 10_000;
    uint256 private constant PPM = 1_000_000;
    uint256 private constant KINDS = 3;
    /// @dev Most items of each kind, a byte per kind.
    uint256 private constant MAX_OF_KIND = MAX_RETRIEVALS << 16 | MAX_SPANS << 8 | MAX_INFLUENCE;
    /// @dev What of the 14 evidence bytes must be zero: a span uses 11, a retrieval 6, influence none.
    uint256 private constant SPAN_ZEROS = (1 << 8 * 3) - 1;
    uint256 private constant RETRIEVAL_ZEROS = (1 << 8 * 8) - 1;
    uint256 private constant ALL_ZEROS = (1 << 8 * 14) - 1;
    uint256 private constant NOT_IN_ORDER = type(uint256).max;

    /// @dev Sums per kind of listed evidence.
    struct Shares {
        uint256 tau;
        uint256 listed;
        uint256[KINDS] totals;
        uint256[KINDS] weights;
        uint256[KINDS] pots;
        uint256 spans;
    }

    /// @notice Whether an attribution's items, query hash and credit indexes are what they must be, given the receipt. Its
    /// header has been compared with the receipt before.
    /// @param attribution Preimage of the attribution without its tag, header included
    /// @param creditIndexes creditIndex4 × items
    /// @param r The receipt
    /// @param t The terms of the receipt's model
    /// @param p The parameters of the claim's version
    function isHonest(
        bytes calldata attribution,
        bytes calldata creditIndexes,
        Receipt memory r,
        IModelRegistry.AllocationTerms memory t,
        IProtocolParameters.AllocationTerms memory p
    ) internal pure returns (bool) {
        unchecked {
            uint256 count = (attribution.length - Leaves.HEADER_LENGTH) / Leaves.ITEM_LENGTH;
            if (attribution.length != Leaves.HEADER_LENGTH + count * Leaves.ITEM_LENGTH) return false;
            if (count > MAX_ITEMS || !_creditIndexesFit(attribution, creditIndexes, count)) return false;
            // PUBLIC with NO_AUDIT is invalid, and there are no other flags.
            if (r.flags > FLAG_NO_AUDIT) return false;
            // What is not auditable is not paid by evidence.
            uint256 scheme = r.flags == FLAG_NO_AUDIT ? 0 : t.scheme;
            if ((Leaves.queryHashOf(attribution) == 0) != (scheme & SCHEME_INFLUENCE == 0)) return false;
            if (r.fee == 0) return count == 0;

            Shares memory s;
            s.listed = _addUp(attribution, count, scheme, s.totals);
            if (s.listed == NOT_IN_ORDER) return false;
            s.tau = _threshold(r.fee, p);
            _weigh(attribution, s, r.outputLength);
            uint256 rest = _fillPots(s, r, t.scheme, p);
            return _areShares(attribution, s) && _isRest(attribution, count, s.listed, rest, r, t, p.modelBps);
        }
    }

    /// @dev One index per item; none exactly where the amount is 0.
    function _creditIndexesFit(bytes calldata attribution, bytes calldata creditIndexes, uint256 count)
        private
        pure
        returns (bool)
    {
        unchecked {
            if (creditIndexes.length != count * 4) return false;
            for (uint256 k = 0; k < count; ++k) {
                (uint256 head,) = _item(attribution, k);
                if ((Leaves.creditIndexAt(creditIndexes, k) == Leaves.NO_CREDIT) != (_amountOf(head) == 0)) {
                    return false;
                }
            }
            return true;
        }
    }

    /// @dev Adds up the scores of the listed evidence (the leading items of kinds 0-2) and says how many items that is, or
    /// {NOT_IN_ORDER} unless: enabled kinds, positive scores, kind ascending, score descending, asset ascending, an asset once
    /// per kind, no more items than a kind may have, unused evidence bytes zero.
    function _addUp(bytes calldata attribution, uint256 count, uint256 scheme, uint256[KINDS] memory totals)
        private
        pure
        returns (uint256 listed)
    {
        unchecked {
            uint256 before;
            uint256 ofKind;
            for (; listed < count; ++listed) {
                (uint256 head, uint256 tail) = _item(attribution, listed);
                uint256 kind = _kindOf(head);
                if (kind > RETRIEVAL) break;
                uint256 score = _scoreOf(head);
                if (scheme >> kind & 1 == 0 || score == 0 || score >> 63 != 0) return NOT_IN_ORDER;
                if (tail & _zeroMask(kind) != 0) return NOT_IN_ORDER;
                // Ascending, and never 0.
                uint256 rank = kind << 104 | ((1 << 63) - score) << 40 | head >> 216;
                if (rank <= before) return NOT_IN_ORDER;
                ofKind = before >> 104 == kind ? ofKind + 1 : 1;
                if (ofKind > uint8(MAX_OF_KIND >> 8 * kind)) return NOT_IN_ORDER;
                for (uint256 j = 1; j < ofKind; ++j) {
                    (uint256 other,) = _item(attribution, listed - j);
                    if (other >> 216 == head >> 216) return NOT_IN_ORDER;
                }
                before = rank;
                totals[kind] += score;
            }
        }
    }

    /// @dev Weights of the items that reach the threshold of their kind, and where the spans among them lie.
    function _weigh(bytes calldata attribution, Shares memory s, uint256 outputLength) private pure {
        unchecked {
            for (uint256 k = 0; k < s.listed; ++k) {
                (uint256 head, uint256 tail) = _item(attribution, k);
                uint256 kind = _kindOf(head);
                uint256 score = _scoreOf(head);
                if (!_counts(score, s, kind)) continue;
                s.weights[kind] += score;
                if (kind != SPAN) continue;
                // outOff4 ‖ srcOff5 ‖ len2 ‖ 000000; there are at most 3 of them
                uint256 start = uint32(tail >> 80);
                uint256 end = start + uint16(tail >> 24);
                if (end > outputLength) end = outputLength;
                if (end > start) s.spans = s.spans << 64 | start << 32 | end;
            }
        }
    }

    /// @dev What each kind has to share; returns what goes to baseline or treasury.
    function _fillPots(Shares memory s, Receipt memory r, uint256 scheme, IProtocolParameters.AllocationTerms memory p)
        private
        pure
        returns (uint256 rest)
    {
        unchecked {
            rest = uint256(r.fee) * p.contributorsBps / BPS;
            uint256 mix = (scheme & 1) * p.mixInfluenceBps + (scheme >> 1 & 1) * p.mixSpanBps + (scheme >> 2 & 1)
                * p.mixRetrievalBps;
            if (mix != 0) {
                uint256 pot = rest;
                if (s.weights[RETRIEVAL] != 0) s.pots[RETRIEVAL] = pot * p.mixRetrievalBps / mix;
                if (s.spans != 0) {
                    s.pots[SPAN] = pot * p.mixSpanBps * _covered(s.spans) / (r.outputLength * mix);
                }
                rest = pot - s.pots[RETRIEVAL] - s.pots[SPAN];
            }
            if (s.weights[INFLUENCE] != 0) (s.pots[INFLUENCE], rest) = (rest, 0);
        }
    }

    /// @dev Whether each kind's counting items share its pot by score, what rounding leaves going to the first, and the others
    /// get nothing.
    function _areShares(bytes calldata attribution, Shares memory s) private pure returns (bool) {
        unchecked {
            uint256[KINDS] memory paid;
            uint256 seen;
            for (uint256 k = 0; k < s.listed; ++k) {
                (uint256 head,) = _item(attribution, k);
                uint256 kind = _kindOf(head);
                uint256 score = _scoreOf(head);
                uint256 amount = _amountOf(head);
                if (!_counts(score, s, kind)) {
                    if (amount != 0) return false;
                    continue;
                }
                // The first takes what the others leave of the pot, which the sum below shows.
                if (seen >> kind & 1 != 0 && amount != s.pots[kind] * score / s.weights[kind]) return false;
                seen |= 1 << kind;
                paid[kind] += amount;
            }
            return
                paid[INFLUENCE] == s.pots[INFLUENCE] && paid[SPAN] == s.pots[SPAN]
                    && paid[RETRIEVAL] == s.pots[RETRIEVAL];
        }
    }

    /// @dev Whether the items after the listed ones are the model's, its parent's and the baseline's or the treasury's.
    function _isRest(
        bytes calldata attribution,
        uint256 count,
        uint256 k,
        uint256 rest,
        Receipt memory r,
        IModelRegistry.AllocationTerms memory t,
        uint256 modelBps
    ) private pure returns (bool) {
        unchecked {
            uint256 pot = uint256(r.fee) * modelBps / BPS;
            uint256 royalty = pot * t.royaltyBps / BPS;
            if (pot > royalty) {
                if (!_isOwned(attribution, k, Assets.model(r.modelId), MODEL, pot - royalty)) return false;
                ++k;
            }
            if (royalty != 0) {
                if (!_isOwned(attribution, k, Assets.model(t.parent), ROYALTY, royalty)) return false;
                ++k;
            }
            if (rest != 0) {
                bool fits = t.hasBaseline
                    ? _isOwned(attribution, k, Assets.baseline(r.modelId), BASELINE, rest)
                    : _isOwned(attribution, k, Assets.TREASURY, TREASURY, rest);
                if (!fits) return false;
                ++k;
            }
            return k == count;
        }
    }

    /// @dev Whether item `k` is this one, without score and evidence. Past the last item it is not: see {Leaves-itemWords}.
    function _isOwned(bytes calldata attribution, uint256 k, uint256 asset, uint256 kind, uint256 amount)
        private
        pure
        returns (bool)
    {
        unchecked {
            if (attribution.length < Leaves.HEADER_LENGTH + (k + 1) * Leaves.ITEM_LENGTH) return false;
            (uint256 head, uint256 tail) = _item(attribution, k);
            return head == (asset << 216 | kind << 208 | amount << 48) && tail & ALL_ZEROS == 0;
        }
    }

    /// @dev clamp(tauBase · feeRef / fee, tauMin, tauMax), in ppm.
    function _threshold(uint256 fee, IProtocolParameters.AllocationTerms memory p) private pure returns (uint256 tau) {
        unchecked {
            tau = uint256(p.tauBasePpm) * p.feeRef / fee;
            if (tau < p.tauMinPpm) return p.tauMinPpm;
            if (tau > p.tauMaxPpm) return p.tauMaxPpm;
        }
    }

    /// @dev Bytes under at least one of at most three spans: start4 ‖ end4 each, 0 for none.
    function _covered(uint256 spans) private pure returns (uint256 covered) {
        unchecked {
            (uint256 a, uint256 b, uint256 c) = (uint64(spans), uint64(spans >> 64), uint64(spans >> 128));
            // Into the order of their starts.
            if (a > b) (a, b) = (b, a);
            if (b > c) (b, c) = (c, b);
            if (a > b) (a, b) = (b, a);
            uint256 reached = uint32(a);
            covered = reached - (a >> 32);
            (covered, reached) = _extend(covered, reached, b);
            (covered,) = _extend(covered, reached, c);
        }
    }

    function _extend(uint256 covered, uint256 reached, uint256 span) private pure returns (uint256, uint256) {
        unchecked {
            (uint256 start, uint256 end) = (span >> 32, uint32(span));
            if (end <= reached) return (covered, reached);
            return (covered + end - (start > reached ? start : reached), end);
        }
    }

    function _counts(uint256 score, Shares memory s, uint256 kind) private pure returns (bool) {
        unchecked {
            return score * PPM >= s.tau * s.totals[kind];
        }
    }

    function _item(bytes calldata attribution, uint256 k) private pure returns (uint256 head, uint256 tail) {
        return Leaves.itemWords(attribution, k);
    }

    function _kindOf(uint256 head) private pure returns (uint256) {
        return uint8(head >> 208);
    }

    function _scoreOf(uint256 head) private pure returns (uint256) {
        return uint64(head >> 144);
    }

    function _amountOf(uint256 head) private pure returns (uint256) {
        return uint96(head >> 48);
    }

    function _zeroMask(uint256 kind) private pure returns (uint256) {
        if (kind == SPAN) return SPAN_ZEROS;
        if (kind == RETRIEVAL) return RETRIEVAL_ZEROS;
        return ALL_ZEROS;
    }
}
