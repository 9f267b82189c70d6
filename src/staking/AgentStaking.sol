// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";

/// @title Stake of agents.
/// @notice See {IAgentStaking}.
contract AgentStaking is IAgentStaking, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @dev What a claim of the past still counts for.
    struct Exposure {
        uint96 amount;
        uint40 until;
    }

    /// @custom:storage-location erc7201:openledger.storage.AgentStaking
    struct AgentStakingStorage {
        address settlement;
        mapping(uint40 agentId => StakeState) stakes;
        mapping(uint40 agentId => mapping(uint32 index => Exposure)) exposures;
        mapping(address account => uint96) owed;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AgentStaking")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x9e59c920cd55c9325f8b2845c72ff7fdb0c19c4ad2af921715bd15318d2b0b00;

    /// @dev Expired exposures dropped per claim; more than one, so the list never grows for good.
    uint256 private constant MAX_DROPPED = 8;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry public immutable AGENTS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;

    modifier onlySettlement() {
        if (msg.sender != _storage().settlement) revert AgentStaking_NotSettlement(msg.sender);
        _;
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IAgentRegistry agents, IProtocolParameters parameters) {
        AGENTS = agents;
        PARAMETERS = parameters;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IAgentStaking
    function setSettlement(address settlement_) external restricted {
        AgentStakingStorage storage $ = _storage();
        if ($.settlement != address(0)) revert AgentStaking_SettlementAlreadySet($.settlement);
        $.settlement = settlement_;
        emit SettlementSet(settlement_);
    }

    /// @inheritdoc IAgentStaking
    function stake(uint40 agentId) external payable {
        // Check: the agent exists (`ownerOf` reverts otherwise), so somebody can take the stake back
        AGENTS.ownerOf(agentId);
        if (msg.value == 0) revert AgentStaking_ZeroAmount();
        uint96 amount = Native.toUint96(msg.value);
        // Effect
        _storage().stakes[agentId].stake += amount;
        emit Staked(agentId, msg.sender, amount);
    }

    /// @inheritdoc IAgentStaking
    function requestUnbond(uint40 agentId, uint96 amount) external {
        StakeState storage s = _storage().stakes[agentId];
        // Check
        if (AGENTS.ownerOf(agentId) != msg.sender) revert AgentStaking_NotAgentOwner(agentId, msg.sender);
        if (amount == 0) revert AgentStaking_ZeroAmount();
        uint96 free = _free(s);
        if (amount > free) revert AgentStaking_InsufficientFreeStake(agentId, free, amount);
        // Effect
        s.unbonding += amount;
        s.unbondAt = uint40(block.timestamp) + PARAMETERS.parameters(PARAMETERS.currentVersion()).unbondingPeriod;
        emit UnbondRequested(agentId, amount, s.unbondAt);
    }

    /// @inheritdoc IAgentStaking
    function withdraw(uint40 agentId) external nonReentrant {
        StakeState storage s = _storage().stakes[agentId];
        // Check
        address owner = AGENTS.ownerOf(agentId);
        uint96 amount = s.unbonding;
        if (amount == 0) revert AgentStaking_ZeroAmount();
        if (block.timestamp < s.unbondAt) revert AgentStaking_NotUnbonded(agentId, s.unbondAt);
        uint96 left = s.stake - amount;
        _dropExpired(agentId, s);
        // A vote can shorten the unbonding period, but not what open claims rest on.
        if (left < s.exposure) revert AgentStaking_ExposureExceedsStake(agentId, s.exposure, left);
        // Effect
        s.stake = left;
        s.unbonding = 0;
        emit Withdrawn(agentId, owner, amount);
        // Interaction
        if (!Native.trySend(owner, amount)) revert AgentStaking_SendFailed(owner, amount);
    }

    /// @inheritdoc IAgentStaking
    function lock(uint40 agentId, uint96 bond, uint96 exposure, uint40 exposedUntil, uint96 minimum)
        external
        onlySettlement
        returns (uint32 index)
    {
        AgentStakingStorage storage $ = _storage();
        StakeState storage s = $.stakes[agentId];
        _dropExpired(agentId, s);
        // Check
        uint96 free = _free(s);
        if (bond > free) revert AgentStaking_InsufficientFreeStake(agentId, free, bond);
        // Unbonding stake may leave before the claim is final: it backs nothing new.
        uint96 staying = s.stake - s.unbonding;
        if (staying < minimum) revert AgentStaking_StakeBelowMinimum(agentId, staying, minimum);
        uint256 exposed = uint256(s.exposure) + exposure;
        if (exposed > staying) revert AgentStaking_ExposureExceedsStake(agentId, exposed, staying);
        // Effect
        index = s.nextExposure;
        $.exposures[agentId][index] = Exposure({amount: exposure, until: exposedUntil});
        s.nextExposure = index + 1;
        // Not above the stake, so it fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        s.exposure = uint96(exposed);
        s.bonded += bond;
        emit BondLocked(agentId, bond, exposure, exposedUntil, index);
    }

    /// @inheritdoc IAgentStaking
    function release(uint40 agentId, uint96 bond, uint32 exposureIndex, bool endExposure) external onlySettlement {
        StakeState storage s = _storage().stakes[agentId];
        s.bonded -= bond;
        if (endExposure) _endExposure(agentId, s, exposureIndex);
        emit BondReleased(agentId, bond);
    }

    /// @inheritdoc IAgentStaking
    function slash(uint40 agentId, uint96 bond, uint96 reward, address rewardTo, uint32 exposureIndex)
        external
        onlySettlement
        nonReentrant
    {
        AgentStakingStorage storage $ = _storage();
        StakeState storage s = $.stakes[agentId];
        // Effect
        s.bonded -= bond;
        s.stake -= bond;
        _endExposure(agentId, s, exposureIndex);
        uint96 burned = bond - reward;
        emit Slashed(agentId, reward, burned, rewardTo);
        // Interaction
        if (!Native.trySend(Native.BURN, burned)) revert AgentStaking_SendFailed(Native.BURN, burned);
        if (!Native.trySend(rewardTo, reward)) $.owed[rewardTo] += reward;
    }

    /// @inheritdoc IAgentStaking
    function withdrawOwed(address account) external nonReentrant {
        AgentStakingStorage storage $ = _storage();
        uint96 amount = $.owed[account];
        if (amount == 0) revert AgentStaking_NothingOwed(account);
        $.owed[account] = 0;
        emit OwedWithdrawn(account, amount);
        if (!Native.trySend(account, amount)) revert AgentStaking_SendFailed(account, amount);
    }

    /// @inheritdoc IAgentStaking
    function stakeOf(uint40 agentId) external view returns (uint96) {
        return _storage().stakes[agentId].stake;
    }

    /// @inheritdoc IAgentStaking
    function freeStakeOf(uint40 agentId) external view returns (uint96) {
        return _free(_storage().stakes[agentId]);
    }

    /// @inheritdoc IAgentStaking
    function exposureOf(uint40 agentId) external view returns (uint96 exposure) {
        AgentStakingStorage storage $ = _storage();
        StakeState storage s = $.stakes[agentId];
        for (uint32 i = s.firstExposure; i < s.nextExposure; ++i) {
            Exposure storage e = $.exposures[agentId][i];
            if (block.timestamp < e.until) exposure += e.amount;
        }
    }

    /// @inheritdoc IAgentStaking
    function isLocked(uint40 agentId) external view returns (bool) {
        return _storage().stakes[agentId].stake != 0;
    }

    /// @inheritdoc IAgentStaking
    function stakeState(uint40 agentId) external view returns (StakeState memory) {
        return _storage().stakes[agentId];
    }

    /// @inheritdoc IAgentStaking
    function owed(address account) external view returns (uint96) {
        return _storage().owed[account];
    }

    /// @inheritdoc IAgentStaking
    function settlement() external view returns (address) {
        return _storage().settlement;
    }

    /// @dev Drops expired entries from the front of the list. One that expires later than its successors holds them back,
    /// which errs on the side of too much exposure.
    function _dropExpired(uint40 agentId, StakeState storage s) private {
        mapping(uint32 => Exposure) storage entries = _storage().exposures[agentId];
        uint32 first = s.firstExposure;
        uint32 next = s.nextExposure;
        uint96 exposure = s.exposure;
        for (uint256 i = 0; i < MAX_DROPPED && first < next && block.timestamp >= entries[first].until; ++i) {
            exposure -= entries[first].amount;
            delete entries[first];
            ++first;
        }
        if (first == s.firstExposure) return;
        s.firstExposure = first;
        s.exposure = exposure;
    }

    function _endExposure(uint40 agentId, StakeState storage s, uint32 index) private {
        Exposure storage e = _storage().exposures[agentId][index];
        // Already 0 when it has expired and been dropped.
        s.exposure -= e.amount;
        e.amount = 0;
    }

    function _free(StakeState storage s) private view returns (uint96) {
        return s.stake - s.bonded - s.unbonding;
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (AgentStakingStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
