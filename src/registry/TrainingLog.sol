// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ITrainingLog} from "../interfaces/ITrainingLog.sol";

/// @title Log of training runs
/// @notice Anchors how contributions turned into an adapter. See {ITrainingLog}.
contract TrainingLog is AccessManagedUpgradeable, UUPSUpgradeable, ITrainingLog {
    /// @custom:storage-location erc7201:openledger.storage.TrainingLog
    struct TrainingLogStorage {
        mapping(bytes32 runId => Run) runs;
    }

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
    function openRun(bytes32 runId, bytes32 inputsRoot, uint32 inputCount, uint32 totalSteps, string calldata uri)
        external
    {
        Run storage r = _storage().runs[runId];
        // Check: a new run with something to learn from
        if (runId == 0 || inputsRoot == 0) revert TrainingLog_ZeroHash();
        if (inputCount == 0 || totalSteps == 0) revert TrainingLog_EmptyRun();
        if (r.owner != address(0)) revert TrainingLog_RunExists(runId);
        // Effect: open it
        r.owner = msg.sender;
        r.openedAt = uint40(block.timestamp);
        r.inputCount = inputCount;
        r.totalSteps = totalSteps;
        r.inputsRoot = inputsRoot;
        emit RunOpened(runId, msg.sender, inputsRoot, inputCount, totalSteps, uri);
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
        emit CheckpointAnchored(runId, step, stepsRoot, checkpointHash);
    }

    /// @inheritdoc ITrainingLog
    function finish(bytes32 runId, bytes32 adapterHash) external {
        Run storage r = _openRun(runId);
        // Check: all steps are anchored
        if (adapterHash == 0) revert TrainingLog_ZeroHash();
        if (r.step != r.totalSteps) revert TrainingLog_StepsMissing(r.step, r.totalSteps);
        // Effect: end it
        r.finishedAt = uint40(block.timestamp);
        r.adapterHash = adapterHash;
        emit RunFinished(runId, msg.sender, adapterHash);
    }

    /// @inheritdoc ITrainingLog
    function run(bytes32 runId) external view returns (Run memory) {
        return _storage().runs[runId];
    }

    /// @dev The caller's run, still open.
    function _openRun(bytes32 runId) private view returns (Run storage r) {
        r = _storage().runs[runId];
        if (r.owner == address(0)) revert TrainingLog_UnknownRun(runId);
        if (r.owner != msg.sender) revert TrainingLog_NotOwner(runId, msg.sender);
        if (r.adapterHash != 0) revert TrainingLog_AlreadyFinished(runId);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (TrainingLogStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
