// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Merkle trees whose nodes carry the sum of the amounts below them.
/// @notice node = keccak256(0x01 ‖ leftHash32 ‖ leftSum12 ‖ rightHash32 ‖ rightSum12); the pad leaf is keccak256(0x02) with
/// sum 0. Both sums are hashed apart: with only their total in the node, a tree's owner could shift amounts between children.
/// A proof is bitmap5 ‖ siblings (hash32 ‖ sum12) from the leaf upward; bit h of the bitmap says that the sibling at height h
/// is given, else it is the pad subtree of that height. Bit h of the index says that the node is a right child there.
library MerkleSum {
    /// @notice Pad leaf: keccak256(hex"02").
    bytes32 internal constant PAD = 0xf2ee15ea639b73fa3db9b34a245bdfa015c260c598b211bf05a1ecc4b3e3b4f2;

    /// @notice No tree is deeper: the bitmap has 40 bits.
    uint256 internal constant MAX_DEPTH = 40;

    /// @notice Climbs from the node at `index` of height `level` to the root.
    /// @dev The root is 0 when the proof is not well formed or a sum leaves 96 bits; no valid root is 0.
    /// @param hash Hash of the node
    /// @param sum Sum of the node
    /// @param index Position among the nodes of its height
    /// @param level Height of the node
    /// @param depth Height of the root
    /// @param proof bitmap5 ‖ siblings
    /// @return root Hash of the root
    /// @return total Sum of the root
    function climb(bytes32 hash, uint256 sum, uint256 index, uint256 level, uint256 depth, bytes calldata proof)
        internal
        pure
        returns (bytes32 root, uint256 total)
    {
        if (depth > MAX_DEPTH || level > depth || proof.length < 5 || index >> (depth - level) != 0) return (0, 0);
        if (sum >> 96 != 0) return (0, 0);
        uint256 bitmap = uint40(bytes5(proof));
        if (bitmap >> depth != 0 || bitmap & ((1 << level) - 1) != 0) return (0, 0);
        root = hash;
        total = sum;
        uint256 m = _layOutPads(~bitmap & ((1 << depth) - 1));
        assembly ("memory-safe") {
            let next := add(proof.offset, 5)
            for {} lt(level, depth) { level := add(level, 1) } {
                // Our half of the node, of 44 bytes; what the sum's word writes beyond them, the right half overwrites.
                let side := mul(44, and(index, 1))
                let at := add(add(m, 1), side)
                mstore(at, root)
                mstore(add(at, 32), shl(160, total))
                // The other half
                at := sub(add(m, 45), side)
                switch and(shr(level, bitmap), 1)
                case 0 {
                    mstore(add(at, 12), 0)
                    mstore(at, mload(add(add(m, 0x80), shl(5, level))))
                }
                default {
                    calldatacopy(at, next, 44)
                    total := add(total, shr(160, calldataload(add(next, 32))))
                    next := add(next, 44)
                }
                root := keccak256(m, 89)
                index := shr(1, index)
            }
            // The proof is exactly as long as its bitmap says. The sum never falls on the way up, so that if it ever had more
            // than 96 bits, it has them now.
            if or(shr(96, total), iszero(eq(next, add(proof.offset, proof.length)))) {
                root := 0
                total := 0
            }
        }
    }

    /// @notice Whether the leaf (hash, sum) is at `index` of the tree (root, total).
    function verify(
        bytes32 root,
        uint256 total,
        bytes32 hash,
        uint256 sum,
        uint256 index,
        uint256 depth,
        bytes calldata proof
    ) internal pure returns (bool) {
        (bytes32 computed, uint256 computedTotal) = climb(hash, sum, index, 0, depth, proof);
        return computed != 0 && computed == root && computedTotal == total;
    }

    /// @dev Prepares memory for a climb: a node's 89 bytes at m, the pad subtrees from m + 0x80 on, one word per height up to
    /// the highest in `missing`. The memory is not allocated; nothing else may use it before the climb ends.
    function _layOutPads(uint256 missing) private pure returns (uint256 m) {
        assembly ("memory-safe") {
            m := mload(0x40)
            mstore8(m, 0x01)
            let pad := PAD
            mstore(add(m, 0x80), pad)
            for { let h := 1 } shr(h, missing) { h := add(h, 1) } {
                mstore(add(m, 1), pad)
                mstore(add(m, 33), 0)
                mstore(add(m, 45), pad)
                mstore(add(m, 77), 0)
                pad := keccak256(m, 89)
                mstore(add(add(m, 0x80), shl(5, h)), pad)
            }
        }
    }
}
