// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The distribution of OPEN
/// @notice Holds the whole supply from genesis and gives it out by a schedule that is fixed for ever. Anyone may release
/// what has vested, to the beneficiary.
interface ITokenDistribution {
    /// @notice One line of the schedule.
    /// @param category What it is for, as text
    /// @param beneficiary Who gets it
    /// @param amount All of it
    /// @param atLaunch The part that is free at genesis
    /// @param cliff Seconds after genesis until the rest begins to vest
    /// @param duration Seconds after the cliff until all has vested, linearly
    struct Allocation {
        bytes32 category;
        address beneficiary;
        uint96 amount;
        uint96 atLaunch;
        uint40 cliff;
        uint40 duration;
    }

    event Allocated(uint256 indexed index, bytes32 indexed category, address indexed beneficiary, uint96 amount);
    event Released(uint256 indexed index, address indexed beneficiary, uint96 amount);

    error TokenDistribution_InvalidAllocation(uint256 index);
    error TokenDistribution_NotTheWholeSupply(uint256 allocated, uint256 held, uint256 supply);
    error TokenDistribution_UnknownAllocation(uint256 index);
    error TokenDistribution_NothingToRelease(uint256 index);

    /// @notice Sends what has vested and was not released yet to the beneficiary. Anyone may call.
    function release(uint256 index) external returns (uint96 amount);

    /// @notice The token.
    // solhint-disable-next-line func-name-mixedcase
    function TOKEN() external view returns (IERC20);

    /// @notice When the schedule begins.
    // solhint-disable-next-line func-name-mixedcase
    function GENESIS() external view returns (uint40);

    /// @notice How many allocations there are, counted from 0.
    function allocationCount() external view returns (uint256);

    /// @notice One allocation.
    function allocation(uint256 index) external view returns (Allocation memory);

    /// @notice What was released of an allocation.
    function released(uint256 index) external view returns (uint96);

    /// @notice What could be released now.
    function releasable(uint256 index) external view returns (uint96);

    /// @notice What has vested of an allocation by a time.
    function vested(uint256 index, uint40 time) external view returns (uint96);

    /// @notice What has vested of all allocations by a time: the supply that can circulate.
    function circulating(uint40 time) external view returns (uint256);
}
