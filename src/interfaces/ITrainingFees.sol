// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

interface ITrainingFees {
    function paidRows(bytes32 runId, uint40 datanetId) external view returns (uint32);
}
