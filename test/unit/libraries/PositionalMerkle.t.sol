// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {Openings} from "../../../src/libraries/Openings.sol";
import {PositionalMerkle} from "../../../src/libraries/PositionalMerkle.sol";
import {PlainTree, Trees} from "../../utils/Trees.sol";

contract PositionalMerkleTest is Test {
    using Trees for PlainTree;

    function verify(bytes32 root, bytes32 leaf, uint256 index, uint256 depth, bytes calldata proof)
        external
        pure
        returns (bool)
    {
        return PositionalMerkle.verify(root, leaf, index, depth, proof);
    }

    function isVoucher(bytes32 root, bytes32 leaf, uint256 index, bytes calldata path) external pure returns (bool) {
        return Openings.isVoucher(root, leaf, index, path);
    }

    function _leaves(uint256 count, uint256 seed) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }

    function testFuzz_EveryLeafOfEveryTreeOpens(uint256 depth, uint256 present, uint256 seed, uint256 index)
        public
        view
    {
        depth = bound(depth, 0, 6);
        index = bound(index, 0, 2 ** depth - 1);
        bytes32[] memory leaves = _leaves(2 ** depth, seed);
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (present >> i & 1 == 0) leaves[i] = 0;
        }
        PlainTree memory t = Trees.plain(leaves, depth);
        assertTrue(this.verify(t.root(), t.hashes[2 ** depth + index], index, depth, t.proof(index)));
    }

    function testFuzz_NothingElseOpens(uint256 seed, uint256 index, uint256 other) public view {
        PlainTree memory t = Trees.plain(_leaves(32, seed), 5);
        index = bound(index, 0, 31);
        other = bound(other, 0, 31);
        bytes32 leaf = t.hashes[32 + index];
        bytes memory proof = t.proof(index);
        if (other != index) assertFalse(this.verify(t.root(), leaf, other, 5, proof));
        assertFalse(this.verify(t.root(), leaf, index, 4, proof));
        assertFalse(this.verify(t.root(), leaf, index + 32, 5, proof));
        assertFalse(this.verify(t.root(), keccak256("other"), index, 5, proof));
        assertFalse(this.verify(t.root(), leaf, index, 5, abi.encodePacked(proof, uint8(0))));
    }

    function test_NoTreeIsDeeperThanItsBitmap() public view {
        bytes32 leaf = keccak256("leaf");
        (bytes32 root, bytes32 pad) = (leaf, PositionalMerkle.PAD);
        for (uint256 level = 0; level < 40; ++level) {
            root = keccak256(abi.encodePacked(uint8(3), root, pad));
            pad = keccak256(abi.encodePacked(uint8(3), pad, pad));
        }
        bytes memory proof = abi.encodePacked(uint40(0));
        assertTrue(this.verify(root, leaf, 0, 40, proof));
        root = keccak256(abi.encodePacked(uint8(3), root, pad));
        assertFalse(this.verify(root, leaf, 0, 41, proof));
    }

    function testFuzz_RootOfIsThatOfAPaddedTree(uint256 count, uint256 seed) public pure {
        count = bound(count, 1, 70);
        uint256 depth = PositionalMerkle.depthOf(count);
        assertEq(depth, Trees.depthOf(count));
        PlainTree memory t = Trees.plain(_leaves(count, seed), depth);
        assertEq(PositionalMerkle.rootOf(_leaves(count, seed)), t.root());
    }

    function testFuzz_AVouchersPathShowsTheDepthOfItsTree(uint256 count, uint256 seed, uint256 index) public view {
        count = bound(count, 1, 70);
        index = bound(index, 0, count - 1);
        PlainTree memory t = Trees.plain(_leaves(count, seed), Trees.depthOf(count));
        bytes32[] memory leaves = _leaves(count, seed);
        assertTrue(this.isVoucher(t.root(), leaves[index], index, t.proof(index)));
        assertFalse(this.isVoucher(t.root(), leaves[index], index + 1, t.proof(index)));
    }

    function test_TheEmptyTreeIsThePadLeaf() public pure {
        assertEq(PositionalMerkle.rootOf(new bytes32[](0)), keccak256(hex"02"));
        assertEq(PositionalMerkle.depthOf(0), 0);
        assertEq(PositionalMerkle.depthOf(type(uint32).max), 32);
    }
}
