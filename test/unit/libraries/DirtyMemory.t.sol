// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {ClaimLib} from "../../../src/libraries/ClaimLib.sol";
import {SketchDot} from "../../../src/libraries/SketchDot.sol";
import {Leaves} from "../../../src/libraries/Leaves.sol";
import {MerkleSum} from "../../../src/libraries/MerkleSum.sol";
import {PositionalMerkle} from "../../../src/libraries/PositionalMerkle.sol";
import {WordRange} from "../../../src/libraries/WordRange.sol";
import {Claim, PayoutProof, SignedVoucher} from "../../../src/types/Claim.sol";
import {PlainTree, SumTree, Trees} from "../../utils/Trees.sol";

/// @dev The libraries that use assembly, in memory that is dirty: scratch space, and everything behind the free pointer.
/// Each gives the same as Solidity without assembly, and leaves zero slot, free pointer and allocated memory as they were.
contract DirtyMemoryTest is Test {
    using Trees for SumTree;
    using Trees for PlainTree;

    modifier brutalized(uint256 seed) {
        bytes32 before;
        bytes memory allocated = abi.encode(seed, seed, seed);
        before = keccak256(allocated);
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, not(seed))
            let m := mload(0x40)
            for { let i := 0 } lt(i, 0x1000) { i := add(i, 0x20) } {
                mstore(0x00, xor(seed, i))
                mstore(add(m, i), keccak256(0x00, 0x40))
            }
        }
        _;
        assertEq(keccak256(allocated), before, "allocated memory");
        uint256 zero;
        assembly ("memory-safe") {
            zero := mload(0x60)
        }
        assertEq(zero, 0, "zero slot");
    }

    function dot(bytes calldata a, bytes calldata b, uint256 seed) external pure brutalized(seed) returns (int256 r) {
        r = SketchDot.dot(a, b);
    }

    function climbSum(bytes32 hash, uint256 sum, uint256 index, uint256 depth, bytes calldata proof, uint256 seed)
        external
        pure
        brutalized(seed)
        returns (bytes32 root, uint256 total)
    {
        (root, total) = MerkleSum.climb(hash, sum, index, 0, depth, proof);
    }

    function climbPlain(bytes32 hash, uint256 index, uint256 depth, bytes calldata proof, uint256 seed)
        external
        pure
        brutalized(seed)
        returns (bytes32 root)
    {
        root = PositionalMerkle.climb(hash, index, depth, proof);
    }

    function climbRange(bytes32[] calldata leaves, uint256 first, uint256 depth, bytes calldata proof, uint256 seed)
        external
        pure
        brutalized(seed)
        returns (bytes32 root)
    {
        root = WordRange.climb(leaves, first, depth, proof);
    }

    function wordLeaves(bytes32 salt, bytes32 word, uint256 seed)
        external
        pure
        brutalized(seed)
        returns (bytes32 content, bytes32 output)
    {
        (content, output) = (WordRange.contentLeaf(word), WordRange.outputLeaf(salt, word));
    }

    function rootOf(bytes32[] calldata leaves, uint256 seed) external pure brutalized(seed) returns (bytes32 root) {
        root = PositionalMerkle.rootOf(leaves);
    }

    function hashes(uint8 tag, bytes calldata a, bytes calldata b, uint256 seed)
        external
        pure
        brutalized(seed)
        returns (bytes32 leaf, bytes32 attribution)
    {
        leaf = Leaves.hash(tag, a);
        attribution = Leaves.hashAttributionLeaf(a, b);
    }

    function evidence(bytes calldata a, uint256 seed) external pure brutalized(seed) returns (bytes32 hash) {
        hash = Leaves.hashEvidence(a);
    }

    function voucher(SignedVoucher calldata v, uint96 fee, uint40 first, uint256 seed)
        external
        pure
        brutalized(seed)
        returns (bytes32 leaf)
    {
        leaf = Leaves.hashVoucher(v, fee, first);
    }

    function payout(PayoutProof calldata p, uint256 seed) external pure brutalized(seed) returns (bytes32 leaf) {
        leaf = Leaves.hashPayout(p);
    }

    function claim(Claim calldata c, address settlement, uint256 seed)
        external
        view
        brutalized(seed)
        returns (bytes32 domain, bytes32 id)
    {
        domain = ClaimLib.domain(settlement);
        id = ClaimLib.id(c, domain);
    }

    function _bytes(uint256 seed, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            out[i] = bytes1(uint8(uint256(keccak256(abi.encode(seed, i)))));
        }
    }

    function testFuzz_InnerProducts(uint256 seed, uint256 dirt) public view {
        (bytes memory a, bytes memory q) = (_bytes(seed, 256), _bytes(~seed, 512));
        int256 sum;
        for (uint256 i = 0; i < 512; ++i) {
            // Entry i is in the lower four bits of byte i, or in the upper ones of byte i - 256.
            uint8 entry = i < 256 ? uint8(a[i]) << 4 : uint8(a[i - 256]) & 0xf0;
            sum += int256(int8(entry)) / 16 * int256(int8(uint8(q[i])));
        }
        assertEq(this.dot(a, q, dirt), sum);
    }

    function testFuzz_SumTrees(uint256 seed, uint256 present, uint256 index, uint256 dirt) public view {
        uint256 depth = seed % 7;
        index = index % 2 ** depth;
        bytes32[] memory leaves = new bytes32[](2 ** depth);
        uint256[] memory sums = new uint256[](2 ** depth);
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (present >> i & 1 == 0) continue;
            leaves[i] = keccak256(abi.encode(seed, i));
            sums[i] = uint256(keccak256(abi.encode(seed, i, "sum"))) >> 170;
        }
        SumTree memory t = Trees.sum(leaves, sums, depth);
        uint256 n = 2 ** depth + index;
        (bytes32 root, uint256 total) = this.climbSum(t.hashes[n], t.sums[n], index, depth, t.proof(index, 0), dirt);
        assertEq(root, t.root());
        assertEq(total, t.total());
    }

    function testFuzz_PlainTrees(uint256 seed, uint256 present, uint256 index, uint256 dirt) public view {
        uint256 depth = seed % 7;
        index = index % 2 ** depth;
        bytes32[] memory leaves = new bytes32[](2 ** depth);
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (present >> i & 1 == 1) leaves[i] = keccak256(abi.encode(seed, i));
        }
        PlainTree memory t = Trees.plain(leaves, depth);
        assertEq(this.climbPlain(t.hashes[2 ** depth + index], index, depth, t.proof(index), dirt), t.root());
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
        t = Trees.plain(leaves, depth);
        assertEq(this.rootOf(leaves, dirt), t.root());
    }

    function testFuzz_Ranges(uint256 seed, uint256 first, uint256 count, uint256 dirt) public view {
        // A dense tree: what is there comes first.
        uint256 width = 1 + seed % 70;
        (first, count) = (first % width, 1 + count % 20);
        if (first + count > width) count = width - first;
        bytes32[] memory leaves = new bytes32[](width);
        for (uint256 i = 0; i < width; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
        PlainTree memory t = Trees.plain(leaves, Trees.depthOf(width));
        bytes32[] memory range = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            range[i] = leaves[first + i];
        }
        bytes memory proof = t.rangeProof(first, first + count - 1);
        assertEq(this.climbRange(range, first, t.depth, proof, dirt), t.root());
        // One more sibling, one fewer, or a place outside the tree.
        assertEq(this.climbRange(range, first, t.depth, bytes.concat(proof, bytes32(0)), dirt), 0);
        assertEq(this.climbRange(range, first + (1 << t.depth), t.depth, proof, dirt), 0);
        assertEq(this.climbRange(new bytes32[](0), first, t.depth, proof, dirt), 0);
        range[seed % count] ^= bytes32(uint256(1));
        assertNotEq(this.climbRange(range, first, t.depth, proof, dirt), t.root());
    }

    function testFuzz_WordLeaves(bytes32 salt, bytes32 word, uint256 dirt) public view {
        (bytes32 content, bytes32 output) = this.wordLeaves(salt, word, dirt);
        assertEq(content, keccak256(abi.encodePacked(uint8(0x20), word)));
        assertEq(output, keccak256(abi.encodePacked(uint8(0x21), salt, word)));
    }

    function testFuzz_Leaves(uint8 tag, uint256 seed, uint256 dirt) public view {
        (bytes memory a, bytes memory b) = (_bytes(seed, seed % 400), _bytes(~seed, seed % 65));
        (bytes32 leaf, bytes32 attribution) = this.hashes(tag, a, b, dirt);
        assertEq(leaf, keccak256(abi.encodePacked(tag, a)));
        assertEq(attribution, keccak256(abi.encodePacked(uint8(0x13), keccak256(abi.encodePacked(uint8(0x12), a)), b)));
    }

    function testFuzz_Evidence(uint256 seed, uint256 dirt) public view {
        bytes memory header = _bytes(seed, 81);
        (bytes memory all, bytes memory some) = (header, abi.encodePacked(uint8(0x19), _cut(header, 0, 32)));
        some = bytes.concat(some, _cut(header, 49, 32));
        for (uint256 k = 0; k < seed % 17; ++k) {
            bytes memory item = _bytes(uint256(keccak256(abi.encode(seed, k))), 40);
            item[5] = bytes1(uint8(item[5]) % 7);
            all = bytes.concat(all, item);
            if (uint8(item[5]) < 3) some = bytes.concat(some, _cut(item, 0, 14), _cut(item, 26, 14));
        }
        assertEq(this.evidence(all, dirt), keccak256(some));
    }

    function _cut(bytes memory b, uint256 from, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            out[i] = b[from + i];
        }
    }

    function testFuzz_VouchersAndPayouts(
        SignedVoucher calldata v,
        uint96 fee,
        uint40 first,
        PayoutProof calldata p,
        uint256 dirt
    ) public view {
        bytes memory packed = abi.encodePacked(v.channelId, v.epoch, v.receiptsRoot, v.receiptCount, fee, first);
        assertEq(this.voucher(v, fee, first, dirt), keccak256(abi.encodePacked(uint8(0x11), packed)));
        packed = abi.encodePacked(p.asset, p.seq, p.cumulative, p.delta, p.creditsHash, p.creditsDepth);
        assertEq(this.payout(p, dirt), keccak256(abi.encodePacked(uint8(0x15), packed)));
    }

    function testFuzz_Claims(Claim calldata c, address settlement, uint256 dirt) public view {
        (bytes32 domain, bytes32 id) = this.claim(c, settlement, dirt);
        assertEq(domain, keccak256(abi.encode("OpenLedger.Claim.1", block.chainid, settlement)));
        assertEq(id, keccak256(abi.encode(domain, c)));
    }

    function test_RevertWhen_AnAttributionHasNoHeader() public {
        vm.expectRevert(abi.encodeWithSelector(Leaves.Leaves_WrongLength.selector, 0x12, 80));
        this.evidence(new bytes(80), 0);
    }
}
