// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Log of training runs
/// @notice Anchors, while it happens, how contributions turned into an adapter: the inputs when a run opens, the root
/// of all step records so far at each checkpoint, and the adapter when it ends. Nothing anchored ever changes.
interface ITrainingLog {
    /// @notice What the log keeps of a run.
    /// @param owner Who opened it; the only one who can anchor and finish
    /// @param step The last step anchored
    /// @param stepsRoot Plain tree over the records of steps 1 to `step`
    /// @param checkpointHash Hash of the checkpoint at `step`
    /// @param adapterHash Hash of the adapter; 0 while the run is open
    struct Run {
        address owner;
        uint40 openedAt;
        uint40 finishedAt;
        uint32 inputCount;
        uint32 totalSteps;
        uint32 step;
        bytes32 inputsRoot;
        bytes32 stepsRoot;
        bytes32 checkpointHash;
        bytes32 adapterHash;
    }

    /// @notice A run was opened.
    event RunOpened(
        bytes32 indexed runId,
        address indexed owner,
        bytes32 inputsRoot,
        uint32 inputCount,
        uint32 totalSteps,
        string uri
    );
    /// @notice A run reached a checkpoint.
    event CheckpointAnchored(bytes32 indexed runId, uint32 step, bytes32 stepsRoot, bytes32 checkpointHash);
    /// @notice A run ended with an adapter.
    event RunFinished(bytes32 indexed runId, address indexed owner, bytes32 adapterHash);

    error TrainingLog_ZeroHash();
    error TrainingLog_EmptyRun();
    error TrainingLog_RunExists(bytes32 runId);
    error TrainingLog_UnknownRun(bytes32 runId);
    error TrainingLog_NotOwner(bytes32 runId, address caller);
    error TrainingLog_AlreadyFinished(bytes32 runId);
    /// @dev Steps must grow and stay within the run's total.
    error TrainingLog_StepOutOfOrder(uint32 lastStep, uint32 step, uint32 totalSteps);
    /// @dev Anchor the last step before finishing.
    error TrainingLog_StepsMissing(uint32 lastStep, uint32 totalSteps);

    /// @notice Opens a run.
    /// @dev Warning: an id belongs to whoever opens it first. A manifest has a seed, so a squatted id costs a new seed.
    /// @param runId keccak256 of the run's manifest
    /// @param inputsRoot Plain tree over the run's inputs (datanet, contribution, weight), by asset
    /// @param inputCount Number of inputs
    /// @param totalSteps Optimizer steps that the manifest plans
    /// @param uri Where the manifest is
    function openRun(bytes32 runId, bytes32 inputsRoot, uint32 inputCount, uint32 totalSteps, string calldata uri)
        external;

    /// @notice Anchors a checkpoint. Only the run's owner.
    /// @param stepsRoot Plain tree over the records of all steps from 1 to `step`
    function anchor(bytes32 runId, uint32 step, bytes32 stepsRoot, bytes32 checkpointHash) external;

    /// @notice Ends a run whose last step is anchored. Only the run's owner.
    function finish(bytes32 runId, bytes32 adapterHash) external;

    /// @notice The run; all zero when it was never opened.
    function run(bytes32 runId) external view returns (Run memory);
}
