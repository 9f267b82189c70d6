// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Passive staking: the stakers' share of fees, pro rata and without a promise
/// @notice Pays out only what it has received. A stake is in one of five tiers: flexible, or locked for 30, 90, 180 or 365
/// days for a greater weight. What arrives is shared by weight at that moment; what arrives while nobody stakes is kept for
/// later stakers.
interface IStakerRewards {
    /// @notice An account's stake in one tier.
    /// @param staked Value that earns
    /// @param unlockAt When its lock ends; 0 in the flexible tier
    /// @param pending Value that no longer earns and waits for `availableAt`
    /// @param availableAt When `pending` can be withdrawn
    struct Position {
        uint96 staked;
        uint40 unlockAt;
        uint96 pending;
        uint40 availableAt;
    }

    event Deposited(address indexed account, uint8 indexed tier, address from, uint96 amount, uint40 unlockAt);
    event WithdrawRequested(address indexed account, uint8 indexed tier, uint96 amount, uint40 availableAt);
    event Withdrawn(address indexed account, uint8 indexed tier, uint96 amount);
    /// @notice A lock ended and its stake went to the flexible tier.
    event Relaxed(address indexed account, uint8 indexed tier, uint96 amount);
    event RewardReceived(address indexed from, uint96 amount, uint256 rewardPerWeight);
    event RewardsClaimed(address indexed account, uint96 amount);

    error StakerRewards_ZeroAmount();
    error StakerRewards_ZeroAccount();
    error StakerRewards_UnknownTier(uint8 tier);
    error StakerRewards_InsufficientStake(uint96 staked, uint96 requested);
    error StakerRewards_NotAvailable(uint40 availableAt);
    error StakerRewards_NothingToRelax(address account, uint8 tier);
    error StakerRewards_SendFailed(address to, uint96 amount);

    /// @notice Stakes the value sent. In a locked tier the new lock of the whole position is the mean of what remains and the
    /// full duration, by amount; a stake whose lock has ended goes to the flexible tier first.
    function deposit(uint8 tier) external payable;

    /// @notice Stakes the value sent for `account`, as {deposit} does.
    /// @dev Warning: a gift to a position that is still locked lengthens its lock in proportion to the gift: it takes as much
    /// again as the position to make half of the difference.
    function depositFor(address account, uint8 tier) external payable;

    /// @notice Stops `amount` from earning. It can be withdrawn after the unbonding delay, and not before its lock ends; a
    /// second request moves the first one's time to its own.
    function requestWithdraw(uint8 tier, uint96 amount) external;

    /// @notice Pays what can be withdrawn of a tier.
    function withdraw(uint8 tier) external;

    /// @notice Pays the caller's rewards of all tiers.
    function claimRewards() external;

    /// @notice Moves a stake whose lock has ended to the flexible tier, where it weighs less. Anyone may do it, so that
    /// nobody keeps the weight of a lock without one.
    function relax(address account, uint8 tier) external;

    /// @notice Distributes the value sent among the present stakers; kept for later ones if there is none.
    function notifyReward() external payable;

    /// @notice An account's stake in a tier.
    function position(address account, uint8 tier) external view returns (Position memory);

    /// @notice Rewards that `account` could claim now.
    function earned(address account) external view returns (uint96);

    /// @notice Weight of an account over all tiers: stake times the tier's weight.
    function weightOf(address account) external view returns (uint128);

    /// @notice Length of a tier's lock in seconds, and its weight per wei, where the flexible tier has 100.
    function tierTerms(uint8 tier) external pure returns (uint40 lock, uint16 weight);

    /// @notice Seconds from a request until its amount can be withdrawn, in every tier.
    function unbondingDelay() external view returns (uint40);

    /// @notice Value that earns, over all stakers and tiers.
    function totalStaked() external view returns (uint96);

    /// @notice Value that waits to be withdrawn.
    function totalPending() external view returns (uint96);

    /// @notice Weight of all stakers.
    function totalWeight() external view returns (uint128);

    /// @notice Rewards distributed and not yet paid; never less than the sum of what all could claim.
    function unpaid() external view returns (uint96);

    /// @notice Rewards received that wait for a staker.
    function undistributed() external view returns (uint96);
}
