// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Where training on priced datanets is paid
interface ITrainingFees {
    /// @notice How many rows of a datanet were paid for in a run.
    function paidRows(bytes32 runId, uint40 datanetId) external view returns (uint32);
}
