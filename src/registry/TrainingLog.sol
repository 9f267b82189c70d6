// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ITrainingLog} from "../interfaces/ITrainingLog.sol";
import {PositionalMerkle} from "../libraries/PositionalMerkle.sol";

/// @title Log of training runs
/// @notice Anchors how contributions turned into an adapter. See {ITrainingLog}.
contract TrainingLog is AccessManagedUpgradeable, UUPSUpgradeable, ITrainingLog {
    /// @custom:storage-location erc7201:openledger.storage.TrainingLog
    struct TrainingLogStorage {
        mapping(bytes32 runId => Run) runs;
        mapping(bytes32 runId => mapping(uint32 step => bytes32 root)) stepsRoots;
    }

    /// @notice Most datanets that a run can learn from.
    uint256 public constant MAX_DATANETS = 64;

    bytes1 private constant TAG_STEP = 0x30;
    bytes1 private constant TAG_INPUT = 0x31;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.TrainingLog")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x402d01c824cd41ce9a6567f7c749a25fe9b34aa6dae0626524012f3228fb7300;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc ITrainingLog
    function openRun(
        bytes32 runId,
        bytes32 inputsRoot,
        uint32 inputCount,
        uint32 totalSteps,
        uint40[] calldata datanets,
        string calldata uri
    ) external {
        Run storage r = _storage().runs[runId];
        // Check: a new run with something to learn from
        if (runId == 0 || inputsRoot == 0) revert TrainingLog_ZeroHash();
        if (inputCount == 0 || totalSteps == 0) revert TrainingLog_EmptyRun();
        if (r.status != RunStatus.None) revert TrainingLog_RunExists(runId);
        _checkDatanets(datanets);
        // Effect: open it
        r.owner = msg.sender;
        r.openedAt = uint40(block.timestamp);
        r.status = RunStatus.Open;
        r.inputCount = inputCount;
        r.totalSteps = totalSteps;
        r.inputsRoot = inputsRoot;
        r.datanetsHash = keccak256(abi.encodePacked(datanets));
        emit RunOpened(runId, msg.sender, inputsRoot, inputCount, totalSteps, datanets, uri);
    }

    /// @inheritdoc ITrainingLog
    function anchor(bytes32 runId, uint32 step, bytes32 stepsRoot, bytes32 checkpointHash) external {
        Run storage r = _openRun(runId);
        // Check: later than the last one, within the plan
        if (stepsRoot == 0 || checkpointHash == 0) revert TrainingLog_ZeroHash();
        if (step <= r.step || step > r.totalSteps) revert TrainingLog_StepOutOfOrder(r.step, step, r.totalSteps);
        // Effect: anchor it
        r.step = step;
        r.stepsRoot = stepsRoot;
        r.checkpointHash = checkpointHash;
        _storage().stepsRoots[runId][step] = stepsRoot;
        emit CheckpointAnchored(runId, step, stepsRoot, checkpointHash);
    }

    /// @inheritdoc ITrainingLog
    function finish(bytes32 runId, bytes32 adapterHash) external {
        Run storage r = _openRun(runId);
        // Check: all steps are anchored
        if (adapterHash == 0) revert TrainingLog_ZeroHash();
        if (r.step != r.totalSteps) revert TrainingLog_StepsMissing(r.step, r.totalSteps);
        // Effect: end it
        r.status = RunStatus.Finished;
        r.finishedAt = uint40(block.timestamp);
        r.adapterHash = adapterHash;
        emit RunFinished(runId, msg.sender, adapterHash);
    }

    /// @inheritdoc ITrainingLog
    function abandon(bytes32 runId) external {
        Run storage r = _openRun(runId);
        // Effect: end it
        r.status = RunStatus.Abandoned;
        r.finishedAt = uint40(block.timestamp);
        emit RunAbandoned(runId, msg.sender, r.step);
    }

    /// @inheritdoc ITrainingLog
    function run(bytes32 runId) external view returns (Run memory) {
        return _storage().runs[runId];
    }

    /// @inheritdoc ITrainingLog
    function stepsRootAt(bytes32 runId, uint32 step) external view returns (bytes32) {
        return _storage().stepsRoots[runId][step];
    }

    /// @inheritdoc ITrainingLog
    function verifyStep(bytes32 runId, uint32 checkpoint, StepRecord calldata record, bytes calldata proof)
        external
        view
        returns (bool)
    {
        if (record.step == 0 || record.step > checkpoint) return false;
        bytes32 leaf =
            keccak256(abi.encodePacked(TAG_STEP, record.step, record.batchHash, record.lossBits, record.weightsHash));
        uint256 depth = PositionalMerkle.depthOf(checkpoint);
        return PositionalMerkle.verify(_storage().stepsRoots[runId][checkpoint], leaf, record.step - 1, depth, proof);
    }

    /// @inheritdoc ITrainingLog
    function verifyInput(bytes32 runId, RunInput calldata input, uint32 index, bytes calldata proof)
        external
        view
        returns (bool)
    {
        Run storage r = _storage().runs[runId];
        if (index >= r.inputCount) return false;
        bytes32 leaf = keccak256(abi.encodePacked(TAG_INPUT, input.datanetId, input.asset, input.weight));
        return PositionalMerkle.verify(r.inputsRoot, leaf, index, PositionalMerkle.depthOf(r.inputCount), proof);
    }

    /// @dev The caller's run, still open.
    function _openRun(bytes32 runId) private view returns (Run storage r) {
        r = _storage().runs[runId];
        if (r.status == RunStatus.None) revert TrainingLog_UnknownRun(runId);
        if (r.owner != msg.sender) revert TrainingLog_NotOwner(runId, msg.sender);
        if (r.status != RunStatus.Open) revert TrainingLog_NotOpen(runId, r.status);
    }

    function _checkDatanets(uint40[] calldata ids) private pure {
        if (ids.length == 0 || ids.length > MAX_DATANETS) revert TrainingLog_DatanetCount(ids.length);
        uint40 last = 0;
        for (uint256 i = 0; i < ids.length; ++i) {
            if (ids[i] <= last) revert TrainingLog_DatanetOrder(ids[i]);
            last = ids[i];
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (TrainingLogStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
