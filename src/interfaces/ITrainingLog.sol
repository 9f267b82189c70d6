// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Log of training runs
/// @notice Anchors, while it happens, how contributions turned into an adapter: the datanets and inputs when a run opens,
/// the root of all step records so far at each checkpoint, and the adapter when it ends. Nothing anchored ever changes:
/// the root of every checkpoint stays, so a record that was rewritten between two checkpoints can be shown.
interface ITrainingLog {
    /// @notice Where a run stands.
    enum RunStatus {
        None,
        Open,
        Finished,
        Abandoned
    }

    /// @notice What the log keeps of a run.
    /// @param owner Who opened it; the only one who can anchor, finish and abandon
    /// @param openedAt When it was opened: grants to train must have held then
    /// @param finishedAt When it was finished or abandoned
    /// @param step The last step anchored
    /// @param inputsRoot Plain tree over the inputs (datanet, contribution, weight)
    /// @param datanetsHash keccak256 of the packed ids of its datanets, each in 32 bytes
    /// @param stepsRoot Plain tree over the records of steps 1 to `step`
    /// @param checkpointHash Hash of the checkpoint at `step`
    /// @param adapterHash Hash of the adapter; 0 unless the run is finished
    struct Run {
        address owner;
        uint40 openedAt;
        uint40 finishedAt;
        RunStatus status;
        uint32 inputCount;
        uint32 totalSteps;
        uint32 step;
        bytes32 inputsRoot;
        bytes32 datanetsHash;
        bytes32 stepsRoot;
        bytes32 checkpointHash;
        bytes32 adapterHash;
    }

    /// @notice One optimizer step; hash: 0x30 ‖ step4 ‖ batchHash32 ‖ lossBits4 ‖ weightsHash32.
    /// @param step Counts from 1
    /// @param batchHash Hash of the rows it learned from
    /// @param lossBits The loss as an IEEE 754 float
    /// @param weightsHash Hash of the weights after it
    struct StepRecord {
        uint32 step;
        bytes32 batchHash;
        bytes4 lossBits;
        bytes32 weightsHash;
    }

    /// @notice One input of a run; hash: 0x31 ‖ datanet5 ‖ asset5 ‖ weight4.
    /// @param datanetId The datanet that it comes from
    /// @param asset The contribution's asset id
    /// @param weight How much of it the run learned from, as its manifest says
    struct RunInput {
        uint40 datanetId;
        uint40 asset;
        uint32 weight;
    }

    /// @notice A run was opened.
    event RunOpened(
        bytes32 indexed runId,
        address indexed owner,
        bytes32 inputsRoot,
        uint32 inputCount,
        uint32 totalSteps,
        uint40[] datanets,
        string uri
    );
    /// @notice A run reached a checkpoint.
    event CheckpointAnchored(bytes32 indexed runId, uint32 step, bytes32 stepsRoot, bytes32 checkpointHash);
    /// @notice A run ended with an adapter.
    event RunFinished(bytes32 indexed runId, address indexed owner, bytes32 adapterHash);
    /// @notice A run ended without an adapter.
    event RunAbandoned(bytes32 indexed runId, address indexed owner, uint32 step);

    error TrainingLog_ZeroHash();
    error TrainingLog_EmptyRun();
    error TrainingLog_RunExists(bytes32 runId);
    error TrainingLog_UnknownRun(bytes32 runId);
    error TrainingLog_NotOwner(bytes32 runId, address caller);
    error TrainingLog_NotOpen(bytes32 runId, RunStatus status);
    /// @dev A run learns from at least 1 and at most 64 datanets.
    error TrainingLog_DatanetCount(uint256 count);
    /// @dev The ids of the datanets must ascend.
    error TrainingLog_DatanetOrder(uint40 datanetId);
    /// @dev Steps must grow and stay within the run's total.
    error TrainingLog_StepOutOfOrder(uint32 lastStep, uint32 step, uint32 totalSteps);
    /// @dev Anchor the last step before finishing.
    error TrainingLog_StepsMissing(uint32 lastStep, uint32 totalSteps);

    /// @notice Opens a run.
    /// @dev Warning: an id belongs to whoever opens it first. A manifest has a seed, so a squatted id costs a new seed.
    /// @param runId keccak256 of the run's manifest
    /// @param inputsRoot Plain tree over the run's inputs, ascending by asset; see {RunInput}
    /// @param inputCount Number of inputs
    /// @param totalSteps Optimizer steps that the manifest plans
    /// @param datanets The datanets that the inputs come from, ascending, 1 to 64
    /// @param uri Where the manifest is
    function openRun(
        bytes32 runId,
        bytes32 inputsRoot,
        uint32 inputCount,
        uint32 totalSteps,
        uint40[] calldata datanets,
        string calldata uri
    ) external;

    /// @notice Anchors a checkpoint. Only the run's owner.
    /// @param step The last step that it covers
    /// @param stepsRoot Plain tree over the records of all steps from 1 to `step`, step s at position s - 1
    /// @param checkpointHash Hash of the checkpoint
    function anchor(bytes32 runId, uint32 step, bytes32 stepsRoot, bytes32 checkpointHash) external;

    /// @notice Ends a run whose last step is anchored. Only the run's owner.
    function finish(bytes32 runId, bytes32 adapterHash) external;

    /// @notice Ends a run that will have no adapter. Only the run's owner. What was anchored stays.
    function abandon(bytes32 runId) external;

    /// @notice The run; all zero when it was never opened.
    function run(bytes32 runId) external view returns (Run memory);

    /// @notice Root of the step records that the checkpoint at `step` anchored; 0 when there is no checkpoint at it.
    function stepsRootAt(bytes32 runId, uint32 step) external view returns (bytes32);

    /// @notice Whether the checkpoint at `checkpoint` anchored this record.
    /// @param checkpoint The step of a checkpoint, at least the record's
    /// @param proof bitmap5 ‖ siblings
    function verifyStep(bytes32 runId, uint32 checkpoint, StepRecord calldata record, bytes calldata proof)
        external
        view
        returns (bool);

    /// @notice Whether the run learned from this input.
    /// @param index Position in the inputs tree
    /// @param proof bitmap5 ‖ siblings
    function verifyInput(bytes32 runId, RunInput calldata input, uint32 index, bytes calldata proof)
        external
        view
        returns (bool);
}
