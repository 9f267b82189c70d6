// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Inner product of two vectors of 256 signed bytes.
/// @notice About 5,000 gas instead of 100,000 for a loop over bytes.
/// @dev Each byte is biased by 128 to become unsigned. A word is split into four words of eight 32-bit lanes; because the
/// second word is byte-reversed first, one multiplication leaves the sum of eight products in the top lane. No lane
/// carries into the next: 32 · 8 · 255² < 2³². The bias is removed at the end:
/// Σab = Σ(a+128)(b+128) − 128·Σ(a+128) − 128·Σ(b+128) + 256·128².
library Int8Dot {
    /// @notice Entries of a vector.
    uint256 internal constant LENGTH = 256;

    uint256 private constant SIGN_BITS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant LOW_BYTES = 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
    uint256 private constant LANE_ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;
    uint256 private constant TOP_LANE = 224;
    int256 private constant BIAS = 128;

    error Int8Dot_WrongLength(uint256 a, uint256 b);

    /// @notice Σ aᵢ·bᵢ over 256 signed bytes each.
    function dot(bytes calldata a, bytes calldata b) internal pure returns (int256) {
        if (a.length != LENGTH || b.length != LENGTH) revert Int8Dot_WrongLength(a.length, b.length);
        uint256 products;
        uint256 sumA;
        uint256 sumB;
        unchecked {
            for (uint256 offset = 0; offset < LENGTH; offset += 32) {
                uint256 u = uint256(bytes32(a[offset:])) ^ SIGN_BITS;
                uint256 v = _reverse(uint256(bytes32(b[offset:])) ^ SIGN_BITS);
                for (uint256 shift = 0; shift < 32; shift += 8) {
                    uint256 lanesA = (u >> shift) & LOW_BYTES;
                    uint256 lanesB = (v >> (24 - shift)) & LOW_BYTES;
                    products += lanesA * lanesB;
                    sumA += lanesA;
                    sumB += lanesB;
                }
            }
            int256 sums = int256((sumA * LANE_ONES) >> TOP_LANE) + int256((sumB * LANE_ONES) >> TOP_LANE);
            return int256(products >> TOP_LANE) - BIAS * sums + int256(LENGTH) * BIAS * BIAS;
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
