// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @dev Merkle trees as formats.md describes them, written as plainly as possible. Nodes are numbered from the root: the
/// children of n are 2n and 2n + 1, the leaf at position i is 2^depth + i.
struct SumTree {
    uint256 depth;
    bytes32[] hashes;
    uint256[] sums;
}

struct PlainTree {
    uint256 depth;
    bytes32[] hashes;
}

library Trees {
    bytes32 internal constant PAD = keccak256(hex"02");

    function depthOf(uint256 count) internal pure returns (uint256 depth) {
        while (2 ** depth < count) ++depth;
    }

    function sumNode(bytes32 lh, uint256 ls, bytes32 rh, uint256 rs) internal pure returns (bytes32) {
        return keccak256(sumPreimage(lh, ls, rh, rs));
    }

    function sumPreimage(bytes32 lh, uint256 ls, bytes32 rh, uint256 rs) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), lh, uint96(ls), rh, uint96(rs));
    }

    function plainNode(bytes32 l, bytes32 r) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(3), l, r));
    }

    /// @dev A hash of 0 means: pad.
    function sum(bytes32[] memory leaves, uint256[] memory sums, uint256 depth)
        internal
        pure
        returns (SumTree memory t)
    {
        uint256 width = 2 ** depth;
        t.depth = depth;
        t.hashes = new bytes32[](2 * width);
        t.sums = new uint256[](2 * width);
        for (uint256 i = 0; i < width; ++i) {
            bool given = i < leaves.length && leaves[i] != 0;
            t.hashes[width + i] = given ? leaves[i] : PAD;
            if (i < sums.length) t.sums[width + i] = sums[i];
        }
        for (uint256 n = width - 1; n > 0; --n) {
            t.hashes[n] = sumNode(t.hashes[2 * n], t.sums[2 * n], t.hashes[2 * n + 1], t.sums[2 * n + 1]);
            t.sums[n] = t.sums[2 * n] + t.sums[2 * n + 1];
        }
    }

    function plain(bytes32[] memory leaves, uint256 depth) internal pure returns (PlainTree memory t) {
        uint256 width = 2 ** depth;
        t.depth = depth;
        t.hashes = new bytes32[](2 * width);
        for (uint256 i = 0; i < width; ++i) {
            t.hashes[width + i] = i < leaves.length && leaves[i] != 0 ? leaves[i] : PAD;
        }
        for (uint256 n = width - 1; n > 0; --n) {
            t.hashes[n] = plainNode(t.hashes[2 * n], t.hashes[2 * n + 1]);
        }
    }

    /// @dev bitmap5 ‖ siblings of the node at `index` of height `level`.
    function proof(SumTree memory t, uint256 index, uint256 level) internal pure returns (bytes memory) {
        bytes memory siblings;
        uint256 bitmap;
        bytes32 pad = PAD;
        for (uint256 h = 0; h < t.depth; ++h) {
            if (h >= level) {
                uint256 sibling = (2 ** (t.depth - h) + (index >> (h - level))) ^ 1;
                if (t.hashes[sibling] != pad || t.sums[sibling] != 0) {
                    bitmap |= 1 << h;
                    siblings = abi.encodePacked(siblings, t.hashes[sibling], uint96(t.sums[sibling]));
                }
            }
            pad = sumNode(pad, 0, pad, 0);
        }
        return abi.encodePacked(uint40(bitmap), siblings);
    }

    function proof(PlainTree memory t, uint256 index) internal pure returns (bytes memory) {
        bytes memory siblings;
        uint256 bitmap;
        bytes32 pad = PAD;
        for (uint256 h = 0; h < t.depth; ++h) {
            uint256 sibling = (2 ** (t.depth - h) + (index >> h)) ^ 1;
            if (t.hashes[sibling] != pad) {
                bitmap |= 1 << h;
                siblings = abi.encodePacked(siblings, t.hashes[sibling]);
            }
            pad = plainNode(pad, pad);
        }
        return abi.encodePacked(uint40(bitmap), siblings);
    }

    /// @dev Proof of the leaves `first` … `last` of a dense tree: at each height the left sibling, then the right one unless
    /// it is a pad.
    function rangeProof(PlainTree memory t, uint256 first, uint256 last) internal pure returns (bytes memory) {
        bytes memory siblings;
        uint256 bitmap;
        bytes32 pad = PAD;
        for (uint256 h = 0; h < t.depth; ++h) {
            uint256 row = 2 ** (t.depth - h);
            if (first >> h & 1 == 1) siblings = abi.encodePacked(siblings, t.hashes[row + (first >> h) - 1]);
            if (last >> h & 1 == 0 && t.hashes[row + (last >> h) + 1] != pad) {
                bitmap |= 1 << h;
                siblings = abi.encodePacked(siblings, t.hashes[row + (last >> h) + 1]);
            }
            pad = plainNode(pad, pad);
        }
        return abi.encodePacked(uint40(bitmap), siblings);
    }

    function root(SumTree memory t) internal pure returns (bytes32) {
        return t.hashes[1];
    }

    function total(SumTree memory t) internal pure returns (uint256) {
        return t.sums[1];
    }

    function root(PlainTree memory t) internal pure returns (bytes32) {
        return t.hashes[1];
    }
}
