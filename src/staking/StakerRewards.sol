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

/// @title Passive staking.
/// @notice See {IStakerRewards}.
contract StakerRewards is IStakerRewards, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    struct Account {
        Position position;
        uint256 rewardPerTokenPaid;
    }

    /// @custom:storage-location erc7201:openledger.storage.StakerRewards
    struct StakerRewardsStorage {
        uint96 totalStaked;
        uint96 undistributed;
        /// Rewards per staked wei since the beginning, scaled by PRECISION.
        uint256 rewardPerToken;
        mapping(address account => Account) accounts;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.StakerRewards")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x77ab8282b2482cd4c2517cdc83fa99ef820ade2d08960c125b0034bea8bc1e00;

    uint256 private constant PRECISION = 1e27;

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
    function deposit() external payable {
        StakerRewardsStorage storage $ = _storage();
        if (msg.value == 0) revert StakerRewards_ZeroAmount();
        uint96 amount = Native.toUint96(msg.value);
        Account storage a = _accrue($, msg.sender);
        a.position.staked += amount;
        $.totalStaked += amount;
        emit Deposited(msg.sender, amount);
    }

    /// @inheritdoc IStakerRewards
    function requestWithdraw(uint96 amount) external {
        StakerRewardsStorage storage $ = _storage();
        if (amount == 0) revert StakerRewards_ZeroAmount();
        Account storage a = _accrue($, msg.sender);
        uint96 staked = a.position.staked;
        if (amount > staked) revert StakerRewards_InsufficientStake(staked, amount);
        uint40 availableAt =
            uint40(block.timestamp) + PARAMETERS.parameters(PARAMETERS.currentVersion()).unbondingPeriod;
        a.position.staked = staked - amount;
        a.position.pending += amount;
        a.position.availableAt = availableAt;
        $.totalStaked -= amount;
        emit WithdrawRequested(msg.sender, amount, availableAt);
    }

    /// @inheritdoc IStakerRewards
    function withdraw() external nonReentrant {
        Position storage p = _storage().accounts[msg.sender].position;
        uint96 amount = p.pending;
        if (amount == 0) revert StakerRewards_ZeroAmount();
        if (block.timestamp < p.availableAt) revert StakerRewards_NotAvailable(p.availableAt);
        p.pending = 0;
        emit Withdrawn(msg.sender, amount);
        if (!Native.trySend(msg.sender, amount)) revert StakerRewards_SendFailed(msg.sender, amount);
    }

    /// @inheritdoc IStakerRewards
    function claimRewards() external nonReentrant {
        Account storage a = _accrue(_storage(), msg.sender);
        uint96 amount = a.position.accrued;
        if (amount == 0) revert StakerRewards_ZeroAmount();
        a.position.accrued = 0;
        emit RewardsClaimed(msg.sender, amount);
        if (!Native.trySend(msg.sender, amount)) revert StakerRewards_SendFailed(msg.sender, amount);
    }

    /// @inheritdoc IStakerRewards
    function notifyReward() external payable {
        _notify();
    }

    /// @inheritdoc IStakerRewards
    function position(address account) external view returns (Position memory p) {
        p = _storage().accounts[account].position;
        p.accrued += _unaccrued(_storage(), account);
    }

    /// @inheritdoc IStakerRewards
    function earned(address account) external view returns (uint96) {
        return _storage().accounts[account].position.accrued + _unaccrued(_storage(), account);
    }

    /// @inheritdoc IStakerRewards
    function totalStaked() external view returns (uint96) {
        return _storage().totalStaked;
    }

    /// @inheritdoc IStakerRewards
    function undistributed() external view returns (uint96) {
        return _storage().undistributed;
    }

    /// @dev Rounds down per staked wei; what is left waits for the next reward.
    function _notify() private {
        StakerRewardsStorage storage $ = _storage();
        uint96 amount = Native.toUint96(msg.value);
        uint256 available = uint256($.undistributed) + amount;
        uint256 total = $.totalStaked;
        if (total != 0) {
            uint256 growth = available * PRECISION / total;
            $.rewardPerToken += growth;
            // Rounded up, so that all stakers together are never owed more than was received.
            uint256 distributed = (growth * total + PRECISION - 1) / PRECISION;
            available -= distributed;
        }
        $.undistributed = Native.toUint96(available);
        emit RewardReceived(msg.sender, amount, $.rewardPerToken);
    }

    function _accrue(StakerRewardsStorage storage $, address account) private returns (Account storage a) {
        a = $.accounts[account];
        uint96 amount = _unaccrued($, account);
        a.rewardPerTokenPaid = $.rewardPerToken;
        if (amount != 0) a.position.accrued += amount;
    }

    function _unaccrued(StakerRewardsStorage storage $, address account) private view returns (uint96) {
        Account storage a = $.accounts[account];
        return Native.toUint96(uint256(a.position.staked) * ($.rewardPerToken - a.rewardPerTokenPaid) / PRECISION);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (StakerRewardsStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
