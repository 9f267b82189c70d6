// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {Presets} from "../../../script/Presets.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";
import {Allocation} from "../../../src/libraries/Allocation.sol";
import {Item, Receipt as Served} from "../../../src/types/Leaves.sol";
import {Allocate} from "../../utils/Allocate.sol";

/// @dev The check on calldata against the step-by-step allocation, on honest attributions and on such that differ a little.
contract AllocationCheckTest is Test {
    struct Case {
        Item[] items;
        uint32[] creditIndexes;
        bytes32 queryHash;
        Served receipt;
        IModelRegistry.ModelTerms terms;
        IProtocolParameters.Parameters params;
    }

    function check(
        bytes calldata attribution,
        bytes calldata creditIndexes,
        Served memory r,
        IModelRegistry.AllocationTerms memory t,
        IProtocolParameters.AllocationTerms memory p
    ) external pure returns (bool) {
        return Allocation.isHonest(attribution, creditIndexes, r, t, p);
    }

    function _check(Case memory c) private view returns (bool) {
        bytes memory attribution = abi.encodePacked(bytes32(0), c.receipt.modelId, c.receipt.fee, c.queryHash);
        for (uint256 k = 0; k < c.items.length; ++k) {
            Item memory i = c.items[k];
            attribution = abi.encodePacked(attribution, i.asset, i.kind, i.score, i.amount, i.evidence);
        }
        bytes memory indexes;
        for (uint256 k = 0; k < c.creditIndexes.length; ++k) {
            indexes = abi.encodePacked(indexes, c.creditIndexes[k]);
        }
        IModelRegistry.ModelTerms memory t = c.terms;
        return this.check(
            attribution,
            indexes,
            c.receipt,
            IModelRegistry.AllocationTerms(true, t.baselineRoot != 0, t.parent, t.royaltyBps, t.scheme),
            _terms(c.params)
        );
    }

    function _terms(IProtocolParameters.Parameters memory p)
        private
        pure
        returns (IProtocolParameters.AllocationTerms memory t)
    {
        (t.modelBps, t.contributorsBps, t.feeRef) = (p.modelBps, p.contributorsBps, p.feeRef);
        (t.tauBasePpm, t.tauMinPpm, t.tauMaxPpm) = (p.tauBasePpm, p.tauMinPpm, p.tauMaxPpm);
        (t.mixInfluenceBps, t.mixSpanBps, t.mixRetrievalBps) = (p.mixInfluenceBps, p.mixSpanBps, p.mixRetrievalBps);
    }

    function _reference(Case memory c) private pure returns (bool) {
        return Allocate.isHonest(c.items, c.creditIndexes, c.queryHash, c.receipt, c.terms, c.params);
    }

    /// @dev Honest evidence of up to 13 items, some of it at the edges.
    function _case(uint256 seed) private pure returns (Case memory c) {
        uint256 random = uint256(keccak256(abi.encode(seed)));
        c.params = Presets.production().parameters;
        c.params.tauMinPpm = uint32(random % 50_000);
        c.params.tauBasePpm = c.params.tauMinPpm + uint32(random >> 32) % 100_000;
        c.params.tauMaxPpm = c.params.tauBasePpm + uint32(random >> 64) % 400_000;
        (c.params.mixInfluenceBps, c.params.mixSpanBps, c.params.mixRetrievalBps) = (5_000, 3_000, 2_000);
        if (random >> 90 & 3 == 0) {
            (c.params.mixInfluenceBps, c.params.mixSpanBps, c.params.mixRetrievalBps) = (0, 0, 10_000);
        }
        c.terms.parent = uint40(random >> 96);
        c.terms.royaltyBps = random >> 140 & 3 == 0 ? 0 : uint16(random >> 144) % 10_001;
        c.terms.scheme = uint8(random >> 160) & 15;
        c.terms.baselineRoot = random >> 168 & 1 == 0 ? bytes32(0) : bytes32(random);
        c.receipt.modelId = uint40(random >> 170);
        c.receipt.flags = random >> 210 & 7 == 0 ? 2 : uint8(random >> 213 & 1);
        c.receipt.fee = uint96(random >> (160 + (random >> 216) % 96));
        c.receipt.outputLength = random >> 224 & 7 == 0 ? 0 : uint32(random >> 227) % 1_500;
        bool noEvidence = c.receipt.flags == 2 || c.receipt.fee == 0;
        Item[] memory listed = noEvidence ? new Item[](0) : _listed(random, c.terms.scheme);
        c.items = Allocate.allocate(listed, c.receipt, c.terms, c.params);
        c.creditIndexes = _indexes(c.items);
        c.queryHash = c.receipt.flags == 2 || c.terms.scheme & 1 == 0 ? bytes32(0) : keccak256("query");
    }

    function _indexes(Item[] memory items) private pure returns (uint32[] memory indexes) {
        indexes = new uint32[](items.length);
        for (uint256 k = 0; k < items.length; ++k) {
            indexes[k] = items[k].amount == 0 ? type(uint32).max : uint32(k);
        }
    }

    function _listed(uint256 random, uint8 scheme) private pure returns (Item[] memory listed) {
        listed = new Item[](13);
        uint256 n;
        uint8[3] memory most = [8, 3, 2];
        for (uint8 kind = 0; kind < 3; ++kind) {
            if (scheme >> kind & 1 == 0) continue;
            random = uint256(keccak256(abi.encode(random)));
            uint256 count = random % (most[kind] + 1);
            int64 score = int64(uint64(random >> (8 + 193 + (random >> 8) % 54)));
            for (uint256 k = 0; k < count && score > 0; ++k) {
                random = uint256(keccak256(abi.encode(random)));
                uint32 outOff = uint32(random >> 8) % 1_400;
                bytes14 evidence;
                if (kind == 1) {
                    evidence = bytes14(abi.encodePacked(outOff, uint40(random), uint16(random >> 48) % 600, uint24(0)));
                }
                if (kind == 2) evidence = bytes14(abi.encodePacked(outOff, uint16(random), uint64(0)));
                listed[n++] = Item(uint40(4 * k + kind), kind, score, 0, evidence);
                // Ties, and a long tail below the threshold.
                if (random >> 128 & 3 != 0) score = score / int64(uint64(1 + (random >> 130) % 9));
            }
        }
        assembly ("memory-safe") {
            mstore(listed, n)
        }
    }

    /// forge-config: default.fuzz.runs = 1000
    function testFuzz_WhatAllocateMakesIsHonest(uint256 seed) public view {
        Case memory c = _case(seed);
        assertTrue(_reference(c));
        assertTrue(_check(c));
    }

    /// forge-config: default.fuzz.runs = 2000
    function testFuzz_TheCheckAndTheAllocationAgreeOnWhatDiffers(uint256 seed, uint256 how) public view {
        Case memory c = _case(seed);
        uint256 n = c.items.length;
        uint256 k = n == 0 ? 0 : (how >> 8) % n;
        uint256 what = how % 16;
        if (what == 0) c.queryHash = c.queryHash == 0 ? bytes32("query") : bytes32(0);
        else if (what == 1) c.receipt.flags = uint8(how >> 16);
        else if (what == 2) c.receipt.fee = uint96(how >> 16);
        else if (what == 3) c.receipt.outputLength = uint32(how >> 16);
        else if (what == 4) c.terms.scheme = uint8(how >> 16);
        else if (what == 5) c.creditIndexes = new uint32[]((how >> 16) % 18);
        else if (what == 6) c.items = new Item[]((how >> 16) % 18);
        else if (what == 7) c.terms.royaltyBps = uint16(how >> 16) % 10_001;
        else if (n != 0) _change(c, what, k, how >> 16);
        bool expected = _reference(c);
        assertEq(_check(c), expected);
    }

    function _change(Case memory c, uint256 what, uint256 k, uint256 value) private pure {
        Item memory item = c.items[k];
        if (what == 8) item.amount = value & 1 == 0 ? item.amount + 1 : uint96(value);
        if (what == 9 && item.amount != 0) item.amount -= 1;
        if (what == 10) item.score = value & 1 == 0 ? item.score + 1 : int64(uint64(value));
        if (what == 11) item.kind = uint8(value) % 8;
        if (what == 12) item.asset = value & 1 == 0 ? c.items[0].asset : uint40(value);
        if (what == 13) item.evidence = bytes14(uint112(1) << (value % 112));
        if (what == 14) {
            uint256 j = value % c.items.length;
            (c.items[k], c.items[j]) = (c.items[j], c.items[k]);
        }
        if (what == 15) c.creditIndexes[k] = value & 1 == 0 ? 0 : type(uint32).max;
        // Changed scores, kinds or places can be honest again with other amounts.
        if (what != 8 && what != 9 && what != 15 && value & 2 == 0) _reallocate(c);
    }

    function _reallocate(Case memory c) private pure {
        uint256 n;
        while (n < c.items.length && c.items[n].kind < 3) ++n;
        Item[] memory listed = new Item[](n);
        for (uint256 k = 0; k < n; ++k) {
            if (c.items[k].score <= 0) return;
            listed[k] = c.items[k];
        }
        c.items = Allocate.allocate(listed, c.receipt, c.terms, c.params);
        c.creditIndexes = _indexes(c.items);
    }

    function test_TheLongestListIsHonest() public view {
        Case memory c = _case(1);
        (c.receipt.fee, c.receipt.flags, c.receipt.outputLength) = (1e18, 0, 1_500);
        (c.terms.scheme, c.terms.parent, c.terms.royaltyBps, c.terms.baselineRoot) = (7, 99, 1_000, "baseline");
        (c.params.tauBasePpm, c.params.tauMinPpm, c.params.tauMaxPpm) = (900_000, 900_000, 900_000);
        (c.params.mixInfluenceBps, c.params.mixSpanBps, c.params.mixRetrievalBps) = (5_000, 3_000, 2_000);
        c.queryHash = "query";
        Item[] memory listed = new Item[](13);
        for (uint40 k = 0; k < 13; ++k) {
            uint8 kind = k < 8 ? 0 : k < 11 ? 1 : 2;
            bytes14 evidence =
                kind == 1 ? bytes14(abi.encodePacked(uint32(0), uint40(0), uint16(64), uint24(0))) : bytes14(0);
            listed[k] = Item(k + 1, kind, 64, 0, evidence);
        }
        c.items = Allocate.allocate(listed, c.receipt, c.terms, c.params);
        c.creditIndexes = _indexes(c.items);
        assertEq(c.items.length, Allocation.MAX_ITEMS);
        assertTrue(_check(c));
    }

    function test_TheLargestFeeDoesNotOverflow() public view {
        Case memory c = _case(1);
        c.receipt.fee = type(uint96).max;
        c.receipt.flags = 0;
        c.terms.scheme = 7;
        c.queryHash = "query";
        Item[] memory listed = new Item[](3);
        for (uint8 kind = 0; kind < 3; ++kind) {
            listed[kind] = Item(4, kind, type(int64).max, 0, 0);
        }
        c.items = Allocate.allocate(listed, c.receipt, c.terms, c.params);
        c.creditIndexes = _indexes(c.items);
        assertTrue(_check(c));
        c.items[0].amount -= 1;
        assertFalse(_check(c));
    }
}
