// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ITokenDistribution} from "../interfaces/ITokenDistribution.sol";

/// @title The distribution of OPEN
/// @notice See {ITokenDistribution}. Nobody administers it.
contract TokenDistribution is ITokenDistribution {
    using SafeERC20 for IERC20;

    /// @inheritdoc ITokenDistribution
    IERC20 public immutable TOKEN;
    /// @inheritdoc ITokenDistribution
    uint40 public immutable GENESIS;

    Allocation[] private _allocations;
    mapping(uint256 index => uint96) private _released;

    /// @param token The token, whose whole supply is here already
    /// @param genesis When the launch parts are free and the times of all schedules begin
    /// @param allocations Who gets what and when; together the whole supply
    constructor(IERC20 token, uint40 genesis, Allocation[] memory allocations) {
        uint256 sum = 0;
        for (uint256 i = 0; i < allocations.length; ++i) {
            Allocation memory a = allocations[i];
            // Check: someone gets something, and a part that does not come at launch comes over time
            bool valid = a.beneficiary != address(0) && a.amount != 0 && a.atLaunch <= a.amount
                && (a.atLaunch == a.amount || a.duration != 0);
            if (!valid) revert TokenDistribution_InvalidAllocation(i);
            sum += a.amount;
            _allocations.push(a);
            emit Allocated(i, a.category, a.beneficiary, a.amount);
        }
        uint256 supply = token.totalSupply();
        if (sum != supply || token.balanceOf(address(this)) != supply) {
            revert TokenDistribution_NotTheWholeSupply(sum, token.balanceOf(address(this)), supply);
        }
        TOKEN = token;
        GENESIS = genesis;
    }

    /// @inheritdoc ITokenDistribution
    function release(uint256 index) external returns (uint96 amount) {
        // Check: something has vested since
        amount = releasable(index);
        if (amount == 0) revert TokenDistribution_NothingToRelease(index);
        // Effect: released
        _released[index] += amount;
        address to = _allocations[index].beneficiary;
        emit Released(index, to, amount);
        // Interaction: pay
        TOKEN.safeTransfer(to, amount);
    }

    /// @inheritdoc ITokenDistribution
    function allocationCount() external view returns (uint256) {
        return _allocations.length;
    }

    /// @inheritdoc ITokenDistribution
    function allocation(uint256 index) external view returns (Allocation memory) {
        return _allocation(index);
    }

    /// @inheritdoc ITokenDistribution
    function released(uint256 index) external view returns (uint96) {
        return _released[index];
    }

    /// @inheritdoc ITokenDistribution
    function circulating(uint40 time) external view returns (uint256 sum) {
        for (uint256 i = 0; i < _allocations.length; ++i) {
            sum += vested(i, time);
        }
    }

    /// @inheritdoc ITokenDistribution
    function releasable(uint256 index) public view returns (uint96) {
        return vested(index, uint40(block.timestamp)) - _released[index];
    }

    /// @inheritdoc ITokenDistribution
    function vested(uint256 index, uint40 time) public view returns (uint96) {
        Allocation memory a = _allocation(index);
        if (time < GENESIS) return 0;
        uint256 passed = time - GENESIS;
        if (passed <= a.cliff) return a.atLaunch;
        passed -= a.cliff;
        if (passed >= a.duration) return a.amount;
        // Less than the amount, since less than the whole time has passed.
        // forge-lint: disable-next-line(unsafe-typecast)
        return a.atLaunch + uint96(uint256(a.amount - a.atLaunch) * passed / a.duration);
    }

    function _allocation(uint256 index) private view returns (Allocation memory) {
        if (index >= _allocations.length) revert TokenDistribution_UnknownAllocation(index);
        return _allocations[index];
    }
}
