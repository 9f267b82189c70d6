// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Inner product of a sketch with a query vector.
/// @notice A sketch has 512 entries of four bits: byte i holds entry i below and entry 256 + i above, each in two's
/// complement. A query vector has 512 signed bytes. A small part of the gas of a loop over entries.
/// @dev Entries are biased to become unsigned, by 8 in a sketch and by 128 in a query. A word of 32 entries is split into
/// four words of eight 32-bit lanes; because the second word is byte-reversed first, one multiplication leaves the sum of
/// eight products in the top lane. No lane carries into the next: 64 · 8 · 15 · 255 < 2³². The bias is removed at the end:
/// Σaq = Σ(a+8)(q+128) − 128·Σ(a+8) − 8·Σ(q+128) + 512·8·128.
library SketchDot {
    /// @notice Bytes of a sketch's entries.
    uint256 internal constant SKETCH_BYTES = 256;
    /// @notice Bytes of a query vector.
    uint256 internal constant QUERY_BYTES = 512;

    uint256 private constant QUERY_SIGNS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant SKETCH_SIGNS = 0x8888888888888888888888888888888888888888888888888888888888888888;
    uint256 private constant LOW_NIBBLES = 0x0000000f0000000f0000000f0000000f0000000f0000000f0000000f0000000f;
    uint256 private constant LOW_BYTES = 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
    uint256 private constant LANE_ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;
    uint256 private constant TOP_LANE = 224;
    int256 private constant SKETCH_BIAS = 8;
    int256 private constant QUERY_BIAS = 128;

    error SketchDot_WrongLength(uint256 sketch, uint256 query);

    /// @notice Σ aᵢ·qᵢ over 512 entries.
    /// @param sketch a, 256 bytes
    /// @param query q, 512 bytes
    function dot(bytes calldata sketch, bytes calldata query) internal pure returns (int256) {
        if (sketch.length != SKETCH_BYTES || query.length != QUERY_BYTES) {
            revert SketchDot_WrongLength(sketch.length, query.length);
        }
        uint256 products;
        uint256 sumA;
        uint256 sumQ;
        unchecked {
            for (uint256 offset = 0; offset < QUERY_BYTES; offset += 32) {
                // The second half of the query meets the upper four bits.
                uint256 u = uint256(bytes32(sketch[offset % SKETCH_BYTES:])) ^ SKETCH_SIGNS;
                if (offset >= SKETCH_BYTES) u >>= 4;
                uint256 v = _reverse(uint256(bytes32(query[offset:])) ^ QUERY_SIGNS);
                for (uint256 shift = 0; shift < 32; shift += 8) {
                    uint256 lanesA = (u >> shift) & LOW_NIBBLES;
                    uint256 lanesQ = (v >> (24 - shift)) & LOW_BYTES;
                    products += lanesA * lanesQ;
                    sumA += lanesA;
                    sumQ += lanesQ;
                }
            }
            int256 biased = QUERY_BIAS * int256((sumA * LANE_ONES) >> TOP_LANE);
            biased += SKETCH_BIAS * int256((sumQ * LANE_ONES) >> TOP_LANE);
            return int256(products >> TOP_LANE) - biased + int256(QUERY_BYTES) * SKETCH_BIAS * QUERY_BIAS;
        }
    }

    /// @dev The 32 bytes of a word in opposite order.
    function _reverse(uint256 w) private pure returns (uint256) {
        unchecked {
            w = ((w & 0xff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00) >> 8)
                | ((w & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff) << 8);
            w = ((w & 0xffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000) >> 16)
                | ((w & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff) << 16);
            w = ((w & 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000) >> 32)
                | ((w & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff) << 32);
            w = ((w & 0xffffffffffffffff0000000000000000ffffffffffffffff0000000000000000) >> 64)
                | ((w & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff) << 64);
            return (w >> 128) | (w << 128);
        }
    }
}
