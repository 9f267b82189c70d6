// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    TimelockControllerUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";

/// @title The timelock: treasury and executor
/// @notice Holds the treasury and carries out what a vote decided, after a delay. It administers the access manager and
/// nobody administers it: only a vote can change its roles, its delay or its code.
contract OpenTimelock is TimelockControllerUpgradeable, UUPSUpgradeable {
    error OpenTimelock_OnlySelf(address caller);

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

    function _authorizeUpgrade(address) internal view override {
        if (msg.sender != address(this)) revert OpenTimelock_OnlySelf(msg.sender);
    }
}
