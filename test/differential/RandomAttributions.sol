// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Allocation} from "../../src/libraries/Allocation.sol";
import {Item, Receipt as Served} from "../../src/types/Leaves.sol";
import {Allocate} from "../utils/Allocate.sol";

/// @dev A seeded stream of numbers, and attributions made of it.
abstract contract RandomAttributions {
    /// @dev An attribution, and all that decides whether it is honest.
    struct Sample {
        bytes receiptPreimage;
        bytes32 queryHash;
        Item[] items;
        uint32[] creditIndexes;
        IModelRegistry.AllocationTerms terms;
        IProtocolParameters.AllocationTerms params;
    }

    uint40 private constant MODEL_ID = 1;
    uint256 private drawn;

    function _next() internal returns (uint256) {
        return uint256(keccak256(abi.encode("openledger vectors", ++drawn)));
    }

    function _word() internal returns (bytes32) {
        return bytes32(_next());
    }

    function _below(uint256 limit) internal returns (uint256) {
        return _next() % limit;
    }

    function _bytes(uint256 length) internal returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            if (i % 32 == 0) _next();
            out[i] = keccak256(abi.encode(drawn))[i % 32];
        }
    }

    /// @dev An honest attribution (lies 0 and above 6), or one with a lie: an amount, the order, a score, a credit index, an
    /// item too few or too many.
    function _sample(uint256 lie) internal returns (Sample memory s) {
        Served memory r;
        (r.modelId, r.outputLength) = (MODEL_ID, uint32(_below(1_500)));
        r.fee = uint96(_below(5) == 0 ? _below(20) * 1e9 : _below(1e10) * 1e9);
        r.flags = uint8(_below(3));
        s.terms = IModelRegistry.AllocationTerms({
            known: true,
            hasBaseline: _below(4) != 0,
            parent: uint40(2 + _below(1e6)),
            royaltyBps: uint16(_below(3) == 0 ? 0 : _below(5_001)),
            scheme: uint8(_below(8))
        });
        s.params = _params();
        bool audited = r.flags != Allocation.FLAG_NO_AUDIT;
        if (audited && s.terms.scheme & 1 == 1) s.queryHash = _word();
        s.receiptPreimage = _receiptPreimage(r);
        s.items =
            Allocate.allocate(_evidence(audited ? s.terms.scheme : 0, r), r, _termsOf(s.terms), _paramsOf(s.params));
        s.creditIndexes = new uint32[](s.items.length);
        for (uint256 k = 0; k < s.items.length; ++k) {
            s.creditIndexes[k] = s.items[k].amount == 0 ? type(uint32).max : uint32(_below(1_000));
        }
        if (s.items.length > 1) _lie(s, lie);
    }

    function _encode(Sample memory s) internal pure returns (bytes memory attribution, bytes memory indexes) {
        bytes32 receiptHash = keccak256(bytes.concat(hex"10", s.receiptPreimage));
        attribution = abi.encodePacked(receiptHash, MODEL_ID, _feeOf(s.receiptPreimage), s.queryHash);
        for (uint256 k = 0; k < s.items.length; ++k) {
            Item memory i = s.items[k];
            attribution = abi.encodePacked(attribution, i.asset, i.kind, i.score, i.amount, i.evidence);
        }
        for (uint256 k = 0; k < s.creditIndexes.length; ++k) {
            indexes = abi.encodePacked(indexes, s.creditIndexes[k]);
        }
    }

    function _params() private returns (IProtocolParameters.AllocationTerms memory p) {
        (p.modelBps, p.contributorsBps) = (uint16(_below(4_000)), uint16(_below(6_000)));
        p.tauMinPpm = uint32(_below(100_000));
        p.tauMaxPpm = p.tauMinPpm + uint32(_below(400_000));
        (p.tauBasePpm, p.feeRef) = (uint32(_below(300_000)), uint96(_below(1e10) * 1e9));
        (p.mixInfluenceBps, p.mixSpanBps) = (uint16(_below(8_000)), uint16(_below(1_500)));
        p.mixRetrievalBps = uint16(_below(500));
    }

    /// @dev Orderly evidence of the kinds that the scheme enables.
    function _evidence(uint8 scheme, Served memory r) private returns (Item[] memory listed) {
        if (r.fee == 0) return listed;
        listed = new Item[](13);
        uint256 n;
        uint8[3] memory most = [8, 3, 2];
        for (uint8 kind = 0; kind < 3; ++kind) {
            if (scheme >> kind & 1 == 0) continue;
            uint256 count = _below(most[kind] + 1);
            uint256 score = 1 << 40;
            for (uint256 k = 0; k < count; ++k) {
                score = 1 + _below(score);
                bytes14 evidence = 0;
                if (kind == Allocation.SPAN) {
                    evidence = bytes14(
                        abi.encodePacked(uint32(_below(1_500)), uint40(_next()), uint16(_below(513)), bytes3(0))
                    );
                } else if (kind == Allocation.RETRIEVAL) {
                    evidence = bytes14(abi.encodePacked(uint32(_next()), uint16(_next()), uint64(0)));
                }
                // Assets ascend, so that equal scores are in order, too.
                listed[n++] = Item(uint40((k + 1) << 34 | _below(1 << 34)), kind, int64(uint64(score)), 0, evidence);
            }
        }
        assembly ("memory-safe") {
            mstore(listed, n)
        }
    }

    function _lie(Sample memory s, uint256 lie) private {
        uint256 k = _below(s.items.length);
        uint256 other = (k + 1 + _below(s.items.length - 1)) % s.items.length;
        if (lie == 1) {
            s.items[k].amount += 1;
            if (s.items[other].amount > 0) s.items[other].amount -= 1;
        } else if (lie == 2) {
            (s.items[k], s.items[other]) = (s.items[other], s.items[k]);
            (s.creditIndexes[k], s.creditIndexes[other]) = (s.creditIndexes[other], s.creditIndexes[k]);
        } else if (lie == 3) {
            s.items[k].score += 1;
        } else if (lie == 4) {
            s.creditIndexes[k] = s.creditIndexes[k] == type(uint32).max ? 0 : type(uint32).max;
        } else if (lie == 5) {
            _shorten(s);
        } else if (lie == 6) {
            s.items[k] = s.items[other];
        }
    }

    function _shorten(Sample memory s) private pure {
        (Item[] memory items, uint32[] memory indexes) = (s.items, s.creditIndexes);
        assembly ("memory-safe") {
            mstore(items, sub(mload(items), 1))
            mstore(indexes, sub(mload(indexes), 1))
        }
    }

    function _receiptPreimage(Served memory r) private returns (bytes memory) {
        bytes memory head =
            abi.encodePacked(_word(), uint32(_next()), uint32(_next()), r.modelId, uint64(_next()), r.fee);
        return abi.encodePacked(head, uint40(_next()), r.flags, _word(), _word(), r.outputLength, _word());
    }

    function _feeOf(bytes memory receiptPreimage) private pure returns (uint96 fee) {
        assembly ("memory-safe") {
            fee := shr(160, mload(add(receiptPreimage, 85)))
        }
    }

    function _termsOf(IModelRegistry.AllocationTerms memory t)
        private
        pure
        returns (IModelRegistry.ModelTerms memory terms)
    {
        (terms.parent, terms.royaltyBps, terms.scheme) = (t.parent, t.royaltyBps, t.scheme);
        if (t.hasBaseline) terms.baselineRoot = bytes32(uint256(1));
    }

    function _paramsOf(IProtocolParameters.AllocationTerms memory t)
        private
        pure
        returns (IProtocolParameters.Parameters memory p)
    {
        (p.modelBps, p.contributorsBps, p.feeRef) = (t.modelBps, t.contributorsBps, t.feeRef);
        (p.tauBasePpm, p.tauMinPpm, p.tauMaxPpm) = (t.tauBasePpm, t.tauMinPpm, t.tauMaxPpm);
        (p.mixInfluenceBps, p.mixSpanBps, p.mixRetrievalBps) = (t.mixInfluenceBps, t.mixSpanBps, t.mixRetrievalBps);
    }
}
