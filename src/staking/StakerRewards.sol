// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {IStakerRewards} from "../interfaces/IStakerRewards.sol";
import {Native} from "../libraries/Native.sol";
import {RewardLedger} from "../libraries/RewardLedger.sol";

/// @title Passive staking
/// @notice See {IStakerRewards}.
/// @dev Solvency: balance ≥ totalStaked + totalPending + unpaid + undistributed. Whatever arrives is added to
/// `undistributed`; a distribution moves as much to `unpaid` as the growth of `rewardPerWeight` is worth, rounded up, while
/// each account is credited rounded down; and a payment is taken from `unpaid`. The arithmetic is in {RewardLedger}.
contract StakerRewards is IStakerRewards, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    struct Account {
        uint128 weight;
        uint96 accrued;
        uint256 rewardPerWeightPaid;
        mapping(uint8 tier => Position) positions;
    }

    /// @custom:storage-location erc7201:openledger.storage.StakerRewards
    struct StakerRewardsStorage {
        uint96 totalStaked;
        uint96 totalPending;
        uint96 undistributed;
        uint96 unpaid;
        uint128 totalWeight;
        /// Rewards per unit of weight since the beginning, scaled by {RewardLedger-PRECISION}.
        uint256 rewardPerWeight;
        mapping(address account => Account) accounts;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.StakerRewards")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x77ab8282b2482cd4c2517cdc83fa99ef820ade2d08960c125b0034bea8bc1e00;

    uint8 private constant FLEXIBLE = 0;
    /// @dev Shorter where stake of agents unbonds in less than that.
    uint40 private constant MAX_UNBONDING = 7 days;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IProtocolParameters parameters) {
        PARAMETERS = parameters;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @notice Plain transfers are rewards.
    receive() external payable {
        _notify();
    }

    /// @inheritdoc IStakerRewards
    function deposit(uint8 tier) external payable {
        _deposit(msg.sender, tier);
    }

    /// @inheritdoc IStakerRewards
    function depositFor(address account, uint8 tier) external payable {
        if (account == address(0)) revert StakerRewards_ZeroAccount();
        _deposit(account, tier);
    }

    /// @inheritdoc IStakerRewards
    function requestWithdraw(uint8 tier, uint96 amount) external {
        StakerRewardsStorage storage $ = _storage();
        // Check: an amount that is staked
        (, uint16 weight) = tierTerms(tier);
        if (amount == 0) revert StakerRewards_ZeroAmount();
        Account storage a = _accrue($, msg.sender);
        Position storage p = a.positions[tier];
        uint96 staked = p.staked;
        if (amount > staked) revert StakerRewards_InsufficientStake(staked, amount);
        // Effect: it stops earning; availability never moves to an earlier time
        uint40 availableAt = uint40(block.timestamp) + unbondingDelay();
        if (p.unlockAt > availableAt) availableAt = p.unlockAt;
        if (p.availableAt > availableAt) availableAt = p.availableAt;
        p.staked = staked - amount;
        p.pending += amount;
        p.availableAt = availableAt;
        _removeWeight($, a, uint128(amount) * weight);
        $.totalStaked -= amount;
        $.totalPending += amount;
        emit WithdrawRequested(msg.sender, tier, amount, availableAt);
    }

    /// @inheritdoc IStakerRewards
    function withdraw(uint8 tier) external nonReentrant {
        StakerRewardsStorage storage $ = _storage();
        Position storage p = $.accounts[msg.sender].positions[tier];
        // Check: something waits, and long enough
        uint96 amount = p.pending;
        if (amount == 0) revert StakerRewards_ZeroAmount();
        if (block.timestamp < p.availableAt) revert StakerRewards_NotAvailable(p.availableAt);
        // Effect: nothing waits any more
        p.pending = 0;
        p.availableAt = 0;
        $.totalPending -= amount;
        emit Withdrawn(msg.sender, tier, amount);
        // Interaction: pay
        if (!Native.trySend(msg.sender, amount)) revert StakerRewards_SendFailed(msg.sender, amount);
    }

    /// @inheritdoc IStakerRewards
    function claimRewards() external nonReentrant {
        StakerRewardsStorage storage $ = _storage();
        Account storage a = _accrue($, msg.sender);
        // Check: something was earned
        uint96 amount = a.accrued;
        if (amount == 0) revert StakerRewards_ZeroAmount();
        // Effect: it is paid out of what was distributed
        a.accrued = 0;
        $.unpaid -= amount;
        emit RewardsClaimed(msg.sender, amount);
        // Interaction: pay
        if (!Native.trySend(msg.sender, amount)) revert StakerRewards_SendFailed(msg.sender, amount);
    }

    /// @inheritdoc IStakerRewards
    function relax(address account, uint8 tier) external {
        StakerRewardsStorage storage $ = _storage();
        tierTerms(tier);
        Account storage a = _accrue($, account);
        if (!_relax($, a, account, tier)) revert StakerRewards_NothingToRelax(account, tier);
    }

    /// @inheritdoc IStakerRewards
    function notifyReward() external payable {
        _notify();
    }

    /// @inheritdoc IStakerRewards
    function position(address account, uint8 tier) external view returns (Position memory) {
        return _storage().accounts[account].positions[tier];
    }

    /// @inheritdoc IStakerRewards
    function earned(address account) external view returns (uint96) {
        StakerRewardsStorage storage $ = _storage();
        return $.accounts[account].accrued + _unaccrued($, $.accounts[account]);
    }

    /// @inheritdoc IStakerRewards
    function weightOf(address account) external view returns (uint128) {
        return _storage().accounts[account].weight;
    }

    /// @inheritdoc IStakerRewards
    function totalStaked() external view returns (uint96) {
        return _storage().totalStaked;
    }

    /// @inheritdoc IStakerRewards
    function totalPending() external view returns (uint96) {
        return _storage().totalPending;
    }

    /// @inheritdoc IStakerRewards
    function totalWeight() external view returns (uint128) {
        return _storage().totalWeight;
    }

    /// @inheritdoc IStakerRewards
    function unpaid() external view returns (uint96) {
        return _storage().unpaid;
    }

    /// @inheritdoc IStakerRewards
    function undistributed() external view returns (uint96) {
        return _storage().undistributed;
    }

    /// @inheritdoc IStakerRewards
    function unbondingDelay() public view returns (uint40) {
        (, IProtocolParameters.SettlementTerms memory terms) = PARAMETERS.currentSettlementTerms();
        return terms.unbondingPeriod < MAX_UNBONDING ? terms.unbondingPeriod : MAX_UNBONDING;
    }

    /// @inheritdoc IStakerRewards
    function tierTerms(uint8 tier) public pure returns (uint40 lock, uint16 weight) {
        if (tier == FLEXIBLE) return (0, 100);
        if (tier == 1) return (30 days, 125);
        if (tier == 2) return (90 days, 150);
        if (tier == 3) return (180 days, 200);
        if (tier == 4) return (365 days, 300);
        revert StakerRewards_UnknownTier(tier);
    }

    function _deposit(address account, uint8 tier) private {
        StakerRewardsStorage storage $ = _storage();
        // Check: a tier and an amount
        (uint40 lock, uint16 weight) = tierTerms(tier);
        if (msg.value == 0) revert StakerRewards_ZeroAmount();
        uint96 amount = Native.toUint96(msg.value);
        // Effect: a stake whose lock has ended does not share the new lock
        Account storage a = _accrue($, account);
        _relax($, a, account, tier);
        Position storage p = a.positions[tier];
        uint96 staked = p.staked;
        uint40 unlockAt = 0;
        if (lock != 0) unlockAt = _meanUnlock(staked, p.unlockAt, amount, lock);
        p.staked = staked + amount;
        p.unlockAt = unlockAt;
        _addWeight($, a, uint128(amount) * weight);
        $.totalStaked += amount;
        emit Deposited(account, tier, msg.sender, amount, unlockAt);
    }

    /// @dev The mean of what remains of the old lock and the whole of a new one, by amount. Rounds down, and can't be less
    /// than what remains, because that never exceeds a whole lock.
    function _meanUnlock(uint96 staked, uint40 unlockAt, uint96 amount, uint40 lock) private view returns (uint40) {
        uint256 remaining = staked == 0 ? 0 : unlockAt - block.timestamp;
        uint256 mean = (uint256(staked) * remaining + uint256(amount) * lock) / (uint256(staked) + amount);
        return uint40(block.timestamp + mean);
    }

    /// @dev Moves a stake whose lock has ended to the flexible tier and says whether there was one.
    function _relax(StakerRewardsStorage storage $, Account storage a, address account, uint8 tier)
        private
        returns (bool)
    {
        Position storage p = a.positions[tier];
        uint96 amount = p.staked;
        if (tier == FLEXIBLE || amount == 0 || block.timestamp < p.unlockAt) return false;
        (, uint16 weight) = tierTerms(tier);
        (, uint16 flexible) = tierTerms(FLEXIBLE);
        p.staked = 0;
        p.unlockAt = 0;
        a.positions[FLEXIBLE].staked += amount;
        _removeWeight($, a, uint128(amount) * (weight - flexible));
        emit Relaxed(account, tier, amount);
        return true;
    }

    /// @dev Rounds down per unit of weight; what is left waits for the next reward.
    function _notify() private {
        StakerRewardsStorage storage $ = _storage();
        uint96 amount = Native.toUint96(msg.value);
        (uint256 growth, uint256 distributed, uint256 undistributed_) =
            RewardLedger.distribute(uint256($.undistributed) + amount, $.totalWeight);
        $.rewardPerWeight += growth;
        $.unpaid += Native.toUint96(distributed);
        $.undistributed = Native.toUint96(undistributed_);
        emit RewardReceived(msg.sender, amount, $.rewardPerWeight);
    }

    function _addWeight(StakerRewardsStorage storage $, Account storage a, uint128 weight) private {
        a.weight += weight;
        $.totalWeight += weight;
    }

    function _removeWeight(StakerRewardsStorage storage $, Account storage a, uint128 weight) private {
        a.weight -= weight;
        $.totalWeight -= weight;
    }

    /// @dev Credits what an account earned; before every change of its weight.
    function _accrue(StakerRewardsStorage storage $, address account) private returns (Account storage a) {
        a = $.accounts[account];
        uint96 amount = _unaccrued($, a);
        a.rewardPerWeightPaid = $.rewardPerWeight;
        if (amount != 0) a.accrued += amount;
    }

    function _unaccrued(StakerRewardsStorage storage $, Account storage a) private view returns (uint96) {
        return Native.toUint96(RewardLedger.earned(a.weight, $.rewardPerWeight - a.rewardPerWeightPaid));
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (StakerRewardsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
