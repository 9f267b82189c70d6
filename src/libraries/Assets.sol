// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Asset ids: what earns.
/// @notice asset = tokenId << 2 | kind; 0 is the treasury.
library Assets {
    uint40 internal constant TREASURY = 0;
    uint8 internal constant CONTRIBUTION = 0;
    uint8 internal constant MODEL = 1;
    uint8 internal constant BASELINE = 2;

    /// @notice Kind of an asset.
    function kindOf(uint40 asset) internal pure returns (uint8) {
        return uint8(asset & 3);
    }

    /// @notice Token id of an asset.
    function tokenIdOf(uint40 asset) internal pure returns (uint40) {
        return asset >> 2;
    }

    /// @notice Asset of a model: its owner earns.
    function model(uint40 modelId) internal pure returns (uint40) {
        return modelId << 2 | MODEL;
    }

    /// @notice Asset of a model's baseline.
    function baseline(uint40 modelId) internal pure returns (uint40) {
        return modelId << 2 | BASELINE;
    }
}
