// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Leaves} from "./Leaves.sol";

/// @title What an attribution lists of one kind of evidence, for proofs that something better was left out.
library Listed {
    /// @param count Items of the kind
    /// @param lastAsset Asset of the last of them, which is the weakest: score descending, asset ascending
    /// @param lastScore Its score
    /// @param found Whether the asset in question is among them
    /// @param score Its score there
    struct Kind {
        uint256 count;
        uint40 lastAsset;
        int64 lastScore;
        bool found;
        int64 score;
    }

    /// @notice Looks through the items of a kind, with an eye on one asset.
    function ofKind(bytes calldata attribution, uint256 kind, uint40 asset) internal pure returns (Kind memory listed) {
        uint256 count = Leaves.itemCount(attribution);
        for (uint256 k = 0; k < count; ++k) {
            (uint256 head,) = Leaves.itemWords(attribution, k);
            // asset5 ‖ kind1 ‖ score8 ‖ …
            if (uint8(head >> 208) != kind) continue;
            ++listed.count;
            listed.lastAsset = uint40(head >> 216);
            listed.lastScore = int64(uint64(head >> 144));
            if (listed.lastAsset != asset) continue;
            listed.found = true;
            listed.score = listed.lastScore;
        }
    }

    /// @notice Whether an asset with this score, of which `limit` may be listed, would have had a place.
    function hasPlaceFor(Kind memory listed, uint256 limit, uint40 asset, int256 score) internal pure returns (bool) {
        if (listed.count < limit && score > 0) return true;
        if (listed.count == 0) return false;
        return score > listed.lastScore || (score == listed.lastScore && asset < listed.lastAsset);
    }

    /// @notice As {hasPlaceFor}, or the asset is listed with a lower score.
    function lacks(bytes calldata attribution, uint256 kind, uint256 limit, uint40 asset, int256 score)
        internal
        pure
        returns (bool)
    {
        Kind memory listed = ofKind(attribution, kind, asset);
        return listed.found ? score > listed.score : hasPlaceFor(listed, limit, asset, score);
    }
}
