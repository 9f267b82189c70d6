// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {MerkleSum} from "../../../src/libraries/MerkleSum.sol";
import {SumTree, Trees} from "../../utils/Trees.sol";

contract MerkleSumTest is Test {
    using Trees for SumTree;

    function climb(bytes32 hash, uint256 sum, uint256 index, uint256 level, uint256 depth, bytes calldata proof)
        external
        pure
        returns (bytes32, uint256)
    {
        return MerkleSum.climb(hash, sum, index, level, depth, proof);
    }

    function verify(SumTree memory t, bytes32 hash, uint256 sum, uint256 index, bytes calldata proof)
        external
        pure
        returns (bool)
    {
        return MerkleSum.verify(t.root(), t.total(), hash, sum, index, t.depth, proof);
    }

    /// @dev `present` has a bit per position that holds a leaf.
    function _tree(uint256 depth, uint256 present, uint256 seed) private pure returns (SumTree memory) {
        uint256 width = 2 ** depth;
        bytes32[] memory leaves = new bytes32[](width);
        uint256[] memory sums = new uint256[](width);
        for (uint256 i = 0; i < width; ++i) {
            if (present >> i & 1 == 0) continue;
            leaves[i] = keccak256(abi.encode(seed, i));
            sums[i] = uint256(keccak256(abi.encode(seed, i, "sum"))) >> 170;
        }
        return Trees.sum(leaves, sums, depth);
    }

    function test_PadLeafIsTheHashOfItsTag() public pure {
        assertEq(MerkleSum.PAD, keccak256(hex"02"));
    }

    function testFuzz_EveryNodeOfEveryTreeOpens(uint256 depth, uint256 present, uint256 seed, uint256 at_) public view {
        depth = bound(depth, 0, 6);
        SumTree memory t = _tree(depth, present, seed);
        uint256 n = bound(at_, 1, 2 ** (depth + 1) - 1);
        uint256 level = depth;
        while (n >> (depth - level) != 1) --level;
        uint256 index = n - 2 ** (depth - level);
        (bytes32 root, uint256 total) = this.climb(t.hashes[n], t.sums[n], index, level, depth, t.proof(index, level));
        assertEq(root, t.root());
        assertEq(total, t.total());
    }

    function testFuzz_NothingElseOpens(uint256 present, uint256 seed, uint256 index, uint256 other, uint96 sum)
        public
        view
    {
        SumTree memory t = _tree(5, present | 3, seed);
        index = bound(index, 0, 31);
        other = bound(other, 0, 31);
        bytes memory proof = t.proof(index, 0);
        bytes32 hash = t.hashes[32 + index];
        uint256 right = t.sums[32 + index];
        assertTrue(this.verify(t, hash, right, index, proof));
        if (t.hashes[32 + other] != hash) assertFalse(this.verify(t, hash, right, other, proof), "position");
        if (sum != right) assertFalse(this.verify(t, hash, sum, index, proof), "sum");
        assertFalse(this.verify(t, keccak256("other"), right, index, proof), "hash");
        assertFalse(this.verify(t, hash, right, index, abi.encodePacked(proof, uint8(0))), "longer");
        bytes memory shorter = new bytes(proof.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = proof[i];
        }
        assertFalse(this.verify(t, hash, right, index, shorter), "shorter");
    }

    function test_PositionsAndLevelsOutsideTheTreeDoNotOpen() public view {
        SumTree memory t = _tree(3, 255, 1);
        (bytes32 root,) = this.climb(t.hashes[8], t.sums[8], 8, 0, 3, t.proof(0, 0));
        assertEq(root, 0);
        (root,) = this.climb(t.hashes[8], t.sums[8], 0, 4, 3, t.proof(0, 0));
        assertEq(root, 0);
        (root,) = this.climb(t.hashes[8], t.sums[8], 0, 0, 41, t.proof(0, 0));
        assertEq(root, 0);
        // A bitmap that names a level above the tree, or below the node.
        bytes memory proof = t.proof(0, 1);
        proof[4] = bytes1(uint8(proof[4]) | 1);
        (root,) = this.climb(t.hashes[4], t.sums[4], 0, 1, 3, proof);
        assertEq(root, 0);
        proof = t.proof(0, 0);
        proof[4] = bytes1(uint8(proof[4]) | 8);
        (root,) = this.climb(t.hashes[8], t.sums[8], 0, 0, 3, proof);
        assertEq(root, 0);
    }

    function test_SumsBeyond96BitsDoNotOpen() public view {
        bytes32[] memory leaves = new bytes32[](2);
        uint256[] memory sums = new uint256[](2);
        (leaves[0], leaves[1]) = (keccak256("a"), keccak256("b"));
        (sums[0], sums[1]) = (type(uint96).max, 1);
        SumTree memory t = Trees.sum(leaves, sums, 1);
        (bytes32 root,) = this.climb(leaves[0], sums[0], 0, 0, 1, t.proof(0, 0));
        assertEq(root, 0);
        (root,) = this.climb(leaves[0], uint256(1) << 96, 0, 0, 0, abi.encodePacked(uint40(0)));
        assertEq(root, 0);
    }

    function test_ATreeOfDepth40OpensFromPadsAlone() public view {
        bytes32 hash = keccak256("only");
        uint256 index = 0xabcdef0123;
        bytes32 expected = hash;
        bytes32 pad = MerkleSum.PAD;
        for (uint256 h = 0; h < 40; ++h) {
            expected = index >> h & 1 == 0 ? Trees.sumNode(expected, 9, pad, 0) : Trees.sumNode(pad, 0, expected, 9);
            pad = Trees.sumNode(pad, 0, pad, 0);
        }
        (bytes32 root, uint256 total) = this.climb(hash, 9, index, 0, 40, abi.encodePacked(uint40(0)));
        assertEq(root, expected);
        assertEq(total, 9);
    }
}
