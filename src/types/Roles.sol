// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title What an agent can stake for.
library Roles {
    /// @notice Serves inference, attributes it and settles it.
    uint8 internal constant NODE = 0;
    /// @notice Accepts, rejects and penalises contributions.
    uint8 internal constant CURATOR = 1;
    /// @notice Holds data, audits receipts and judges cases.
    uint8 internal constant VALIDATOR = 2;
    /// @notice How many roles there are.
    uint8 internal constant COUNT = 3;
}
