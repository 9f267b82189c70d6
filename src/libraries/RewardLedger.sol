// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The arithmetic of rewards that are shared by weight.
/// @notice Pure functions on plain numbers, so that they can be proved: whatever is credited to accounts was distributed, and
/// whatever was distributed was received. The proofs are in `test/formal`.
library RewardLedger {
    /// @notice Scale of rewards per unit of weight.
    uint256 internal constant PRECISION = 1e27;

    /// @notice Shares what there is among the whole weight. Rounds down per unit of weight, and what that is worth up, so that
    /// all accounts together are never credited more than was distributed.
    /// @param available What was received and not distributed
    /// @param weight The whole weight; nothing is distributed while it is 0
    /// @return growth By how much the reward per unit of weight grows, scaled by PRECISION
    /// @return distributed What that is worth
    /// @return undistributed What waits for the next time
    function distribute(uint256 available, uint256 weight)
        internal
        pure
        returns (uint256 growth, uint256 distributed, uint256 undistributed)
    {
        if (weight == 0) return (0, 0, available);
        growth = available * PRECISION / weight;
        distributed = (growth * weight + PRECISION - 1) / PRECISION;
        undistributed = available - distributed;
    }

    /// @notice What an account of this weight has earned while the reward per unit of weight grew by so much. Rounds down.
    function earned(uint256 weight, uint256 growth) internal pure returns (uint256) {
        return weight * growth / PRECISION;
    }
}
