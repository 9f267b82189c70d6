// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Pays baseline shares: what a model's contributions earn when nothing in particular was used.
/// @notice Receives the payouts of BASELINE assets and splits each model's money by its committed baseline.
interface IBaselineVault {
    event BaselineFunded(uint40 indexed modelId, address indexed from, uint96 amount, uint96 received);
    event BaselineTaken(
        uint40 indexed modelId,
        uint40 indexed asset,
        address indexed owner,
        uint96 amount,
        uint96 withheld,
        uint96 taken
    );
    event WithheldFlushed(uint96 amount);

    error BaselineVault_ZeroAmount();
    error BaselineVault_AmountTooLarge(uint256 amount);
    error BaselineVault_NotAContribution(uint40 asset);
    error BaselineVault_BadProof(uint40 modelId, uint40 asset);
    error BaselineVault_NothingToTake(uint40 modelId, uint40 asset);
    error BaselineVault_OwnerMustCall(address owner, address caller);
    error BaselineVault_SendFailed(address to, uint96 amount);

    /// @notice Adds the value sent to a model's baseline.
    /// @param modelId Token id of the model
    function fund(uint40 modelId) external payable;

    /// @notice Pays a contribution's owner floor(received · parts / 1e9) - taken, less what penalties or a tombstone withhold
    /// for the treasury. Anyone may call for an owner without code; an owner with code, or its ERC-721 operator, calls itself.
    /// @param modelId Token id of the model
    /// @param asset Asset id of the contribution
    /// @param parts Its parts of 1e9 in the model's baseline
    /// @param proof bitmap5 ‖ siblings (h32 ‖ s12) in the model's baselineRoot
    /// @return amount What was paid
    function take(uint40 modelId, uint40 asset, uint32 parts, bytes calldata proof) external returns (uint96 amount);

    /// @notice Sends what was withheld to the treasury. Anyone may call.
    function flush() external;

    /// @notice Everything a model's baseline has received.
    function received(uint40 modelId) external view returns (uint96);

    /// @notice What was withheld and not yet sent to the treasury.
    function withheld() external view returns (uint96);

    /// @notice What a contribution has taken of a model's baseline, the withheld part included.
    function taken(uint40 modelId, uint40 asset) external view returns (uint96);
}
