// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Passive staking: the stakers' share of fees, pro rata and without a promise.
/// @notice Pays out only what it has received. One tier now: flexible, with an unbonding period.
interface IStakerRewards {
    /// @notice A staker's position.
    /// @param staked Value that earns
    /// @param pending Value waiting for `availableAt`; it earns nothing
    /// @param availableAt When `pending` can be withdrawn
    /// @param accrued Rewards credited so far and not yet paid
    struct Position {
        uint96 staked;
        uint96 pending;
        uint40 availableAt;
        uint96 accrued;
    }

    event Deposited(address indexed account, uint96 amount);
    event WithdrawRequested(address indexed account, uint96 amount, uint40 availableAt);
    event Withdrawn(address indexed account, uint96 amount);
    event RewardReceived(address indexed from, uint96 amount, uint256 rewardPerToken);
    event RewardsClaimed(address indexed account, uint96 amount);

    error StakerRewards_ZeroAmount();
    error StakerRewards_AmountTooLarge(uint256 amount);
    error StakerRewards_InsufficientStake(uint96 staked, uint96 requested);
    error StakerRewards_NotAvailable(uint40 availableAt);
    error StakerRewards_SendFailed(address to, uint96 amount);

    /// @notice Stakes the value sent.
    function deposit() external payable;

    /// @notice Stops `amount` from earning and starts its unbonding; a second request restarts the clock.
    function requestWithdraw(uint96 amount) external;

    /// @notice Pays what has unbonded.
    function withdraw() external;

    /// @notice Pays the caller's rewards.
    function claimRewards() external;

    /// @notice Distributes the value sent among the present stakers; waits for the first one if there is none.
    function notifyReward() external payable;

    /// @notice A position with its rewards up to now.
    function position(address account) external view returns (Position memory);

    /// @notice Rewards that `account` could claim now.
    function earned(address account) external view returns (uint96);

    /// @notice Value that earns, over all stakers.
    function totalStaked() external view returns (uint96);

    /// @notice Rewards received while nobody staked.
    function undistributed() external view returns (uint96);
}
