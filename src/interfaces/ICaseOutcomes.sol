// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Where outcomes of cases are written, for others to read: the ERC-8004 validation registry.
interface ICaseOutcomes {
    /// @notice Records the final verdict of a case about an agent. The case registry only; it ignores a revert.
    /// @param caseId The case
    /// @param agentId The accused
    /// @param subject Claim id, contribution id or model id
    /// @param convicted The verdict
    function recordOutcome(uint40 caseId, uint40 agentId, bytes32 subject, bool convicted) external;
}
