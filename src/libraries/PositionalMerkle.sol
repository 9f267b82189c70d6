// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Merkle trees that bind a leaf to its position.
/// @notice node = keccak256(0x03 ‖ left32 ‖ right32); the pad leaf is keccak256(0x02). Proofs as in {MerkleSum}, with
/// siblings of 32 bytes.
library PositionalMerkle {
    /// @notice Pad leaf: keccak256(hex"02").
    bytes32 internal constant PAD = 0xf2ee15ea639b73fa3db9b34a245bdfa015c260c598b211bf05a1ecc4b3e3b4f2;

    /// @notice No tree is deeper: the bitmap has 40 bits.
    uint256 internal constant MAX_DEPTH = 40;

    /// @notice Climbs from the leaf at `index` to the root; 0 when the proof is not well formed.
    function climb(bytes32 leaf, uint256 index, uint256 depth, bytes calldata proof)
        internal
        pure
        returns (bytes32 root)
    {
        if (depth > MAX_DEPTH || proof.length < 5 || index >> depth != 0) return 0;
        uint256 bitmap = uint40(bytes5(proof));
        if (bitmap >> depth != 0) return 0;
        root = leaf;
        assembly ("memory-safe") {
            // A node's 65 bytes are laid out at m, the pad subtrees from m + 0x80 on, one word per height.
            let m := mload(0x40)
            mstore8(m, 0x03)
            {
                let missing := and(not(bitmap), sub(shl(depth, 1), 1))
                let pad := PAD
                mstore(add(m, 0x80), pad)
                for { let h := 1 } shr(h, missing) { h := add(h, 1) } {
                    mstore(add(m, 1), pad)
                    mstore(add(m, 33), pad)
                    pad := keccak256(m, 65)
                    mstore(add(add(m, 0x80), shl(5, h)), pad)
                }
            }
            let next := add(proof.offset, 5)
            for { let level := 0 } lt(level, depth) { level := add(level, 1) } {
                let side := shl(5, and(shr(level, index), 1))
                mstore(add(add(m, 1), side), root)
                let at := sub(add(m, 33), side)
                switch and(shr(level, bitmap), 1)
                case 0 { mstore(at, mload(add(add(m, 0x80), shl(5, level)))) }
                default {
                    mstore(at, calldataload(next))
                    next := add(next, 32)
                }
                root := keccak256(m, 65)
            }
            if iszero(eq(next, add(proof.offset, proof.length))) { root := 0 }
        }
    }

    /// @notice Whether `leaf` is at `index` of the tree with this root.
    function verify(bytes32 root, bytes32 leaf, uint256 index, uint256 depth, bytes calldata proof)
        internal
        pure
        returns (bool)
    {
        bytes32 computed = climb(leaf, index, depth, proof);
        return computed != 0 && computed == root;
    }

    /// @notice Root over leaves 0 … n-1, padded to 2^depthOf(n).
    /// @dev Warning: overwrites `leaves`.
    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 width = leaves.length;
        if (width == 0) return PAD;
        bytes32 pad = PAD;
        for (uint256 depth = depthOf(width); depth > 0; --depth) {
            uint256 parents = (width + 1) / 2;
            for (uint256 i = 0; i < parents; ++i) {
                bytes32 right = 2 * i + 1 < width ? leaves[2 * i + 1] : pad;
                leaves[i] = node(leaves[2 * i], right);
            }
            pad = node(pad, pad);
            width = parents;
        }
        return leaves[0];
    }

    /// @notice An inner node.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 0x03)
            mstore(add(m, 1), left)
            mstore(add(m, 33), right)
            hash := keccak256(m, 65)
        }
    }

    /// @notice Depth of a tree of `count` leaves: ⌈log₂ max(count, 1)⌉.
    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        while (1 << depth < count) ++depth;
    }
}
