// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    TimelockControllerUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";

/// @title The timelock: treasury and executor
/// @notice Holds the treasury and carries out what a vote decided, after a delay. It administers the access manager and
/// nobody administers it: only a vote can change its roles, its delay or its code. What nobody executes within a grace
/// period expires, so that a decision can't be kept for a day on which it means something else.
contract OpenTimelock is TimelockControllerUpgradeable, UUPSUpgradeable {
    /// @notice Seconds in which an operation can be executed once its delay is over.
    uint256 public constant GRACE_PERIOD = 14 days;

    error OpenTimelock_OnlySelf(address caller);
    error OpenTimelock_Expired(bytes32 id, uint256 expiredAt);

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param minDelay Seconds between queueing and executing
    /// @param proposers Who may queue and cancel: the governor, once it exists
    /// @param executors Who may execute; the zero address for anyone
    /// @param admin Sets the roles up, and renounces when that is done
    function initialize(uint256 minDelay, address[] memory proposers, address[] memory executors, address admin)
        public
        override
        initializer
    {
        __TimelockController_init(minDelay, proposers, executors, admin);
    }

    /// @inheritdoc TimelockControllerUpgradeable
    function execute(address target, uint256 value, bytes calldata payload, bytes32 predecessor, bytes32 salt)
        public
        payable
        override
    {
        _checkFresh(hashOperation(target, value, payload, predecessor, salt));
        super.execute(target, value, payload, predecessor, salt);
    }

    /// @inheritdoc TimelockControllerUpgradeable
    function executeBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt
    ) public payable override {
        _checkFresh(hashOperationBatch(targets, values, payloads, predecessor, salt));
        super.executeBatch(targets, values, payloads, predecessor, salt);
    }

    function _checkFresh(bytes32 id) private view {
        // What is unknown or done is for the inherited checks to refuse.
        uint256 readyAt = getTimestamp(id);
        if (readyAt <= DONE_TIMESTAMP) return;
        uint256 expiresAt = readyAt + GRACE_PERIOD;
        if (block.timestamp > expiresAt) revert OpenTimelock_Expired(id, expiresAt);
    }

    function _authorizeUpgrade(address) internal view override {
        if (msg.sender != address(this)) revert OpenTimelock_OnlySelf(msg.sender);
    }
}
