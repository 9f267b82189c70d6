// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Leaves} from "./Leaves.sol";
import {PositionalMerkle} from "./PositionalMerkle.sol";

/// @title Bytes of a content or an answer, opened as consecutive words of their tree.
/// @notice A proof of consecutive leaves is bitmap5 ‖ siblings from the leaves upward: at each height first the sibling left
/// of the range, which a dense tree always has, then the one right of it. Bit h of the bitmap says that the right one is given
/// at height h, else it is the pad subtree of that height. A bit where the range has no right sibling is 0.
library WordRange {
    uint256 private constant WORD = 32;

    /// @notice `length` bytes from `offset` on, of a content or an answer.
    /// @param root Root of the tree over its words
    /// @param byteLength Its length
    struct Range {
        bytes32 root;
        uint256 byteLength;
        uint256 offset;
        uint256 length;
    }

    /// @notice Depth of the tree over the words of `byteLength` bytes.
    function depthOf(uint256 byteLength) internal pure returns (uint256) {
        unchecked {
            return PositionalMerkle.depthOf((byteLength + WORD - 1) / WORD);
        }
    }

    /// @notice Leaf of a word of a contribution's content: keccak256(0x20 ‖ word32).
    function contentLeaf(bytes32 word) internal pure returns (bytes32 leaf) {
        return _leafAt(Leaves.TAG_CONTENT_WORD, word);
    }

    /// @notice Leaf of a word of an answer: keccak256(0x21 ‖ wordSalt32 ‖ word32), wordSalt = keccak256(salt32 ‖ index4).
    function outputLeaf(bytes32 wordSalt, bytes32 word) internal pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 0x21)
            mstore(add(m, 1), wordSalt)
            mstore(add(m, 33), word)
            leaf := keccak256(m, 65)
        }
    }

    /// @notice Whether `words` are those of a content that hold the range.
    function isContent(Range memory range, bytes calldata words, bytes calldata proof) internal pure returns (bool) {
        (uint256 first, uint256 count) = _bounds(range);
        if (count == 0 || words.length != count * WORD) return false;
        bytes32[] memory leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = contentLeaf(_wordAt(words, i));
        }
        return _verify(range, leaves, first, proof);
    }

    /// @notice Whether `words` are those of an answer that hold the range.
    /// @param wordSalts keccak256(salt32 ‖ index4) of each word
    function isOutput(Range memory range, bytes calldata words, bytes calldata wordSalts, bytes calldata proof)
        internal
        pure
        returns (bool)
    {
        (uint256 first, uint256 count) = _bounds(range);
        if (count == 0 || words.length != count * WORD || wordSalts.length != words.length) return false;
        bytes32[] memory leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = outputLeaf(_wordAt(wordSalts, i), _wordAt(words, i));
        }
        return _verify(range, leaves, first, proof);
    }

    /// @notice Root over the leaves at first, first + 1, …; 0 when the proof is not well formed.
    /// @dev Warning: overwrites `leaves`.
    function climb(bytes32[] memory leaves, uint256 first, uint256 depth, bytes calldata proof)
        internal
        pure
        returns (bytes32)
    {
        uint256 count = leaves.length;
        if (count == 0 || depth > PositionalMerkle.MAX_DEPTH || proof.length < 5) return 0;
        uint256 bitmap = uint40(bytes5(proof));
        if ((first + count - 1) >> depth != 0 || bitmap >> depth != 0) return 0;
        bytes32 pad = PositionalMerkle.PAD;
        uint256 next = 5;
        // The left half of each pair is read before it is overwritten: `to` never overtakes `from`.
        for (uint256 h = 0; h < depth; ++h) {
            (uint256 from, uint256 to) = (0, 0);
            if (first & 1 == 1) {
                leaves[0] = PositionalMerkle.node(_siblingAt(proof, next), leaves[0]);
                (from, to, next) = (1, 1, next + WORD);
            }
            for (; from + 1 < count; from += 2) {
                leaves[to++] = PositionalMerkle.node(leaves[from], leaves[from + 1]);
            }
            bool given = bitmap >> h & 1 == 1;
            if (from < count) {
                bytes32 right = pad;
                if (given) (right, next) = (_siblingAt(proof, next), next + WORD);
                leaves[to++] = PositionalMerkle.node(leaves[from], right);
            } else if (given) {
                return 0;
            }
            (first, count) = (first >> 1, to);
            pad = PositionalMerkle.node(pad, pad);
        }
        return next == proof.length ? leaves[0] : bytes32(0);
    }

    function _verify(Range memory range, bytes32[] memory leaves, uint256 first, bytes calldata proof)
        private
        pure
        returns (bool)
    {
        bytes32 computed = climb(leaves, first, depthOf(range.byteLength), proof);
        return computed != 0 && computed == range.root;
    }

    /// @dev The words that hold the range; none when it is empty or reaches past the end.
    function _bounds(Range memory range) private pure returns (uint256 first, uint256 count) {
        // Offsets have at most 40 bits and lengths 16.
        unchecked {
            uint256 end = range.offset + range.length;
            if (range.length == 0 || end > range.byteLength) return (0, 0);
            first = range.offset / WORD;
            count = (end - 1) / WORD - first + 1;
        }
    }

    function _leafAt(uint8 tag, bytes32 word) private pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            mstore8(0x00, tag)
            mstore(0x01, word)
            leaf := keccak256(0x00, 33)
        }
    }

    function _wordAt(bytes calldata words, uint256 i) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(add(words.offset, shl(5, i)))
        }
    }

    /// @dev What lies past the proof's end is read, but makes the proof's length wrong.
    function _siblingAt(bytes calldata proof, uint256 place) private pure returns (bytes32 sibling) {
        assembly ("memory-safe") {
            sibling := calldataload(add(proof.offset, place))
        }
    }
}
