// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";
import {StakeLedger} from "../libraries/StakeLedger.sol";
import {Roles} from "../types/Roles.sol";

/// @title What staking remembers about agents, and how it adds up.
/// @notice See {IAgentStaking}. What changes it from outside is in {AgentStaking}, the arithmetic in {StakeLedger}.
abstract contract AgentStakingBase is
    IAgentStaking,
    AccessManagedUpgradeable,
    UUPSUpgradeable,
    ReentrancyGuardTransient
{
    using Checkpoints for Checkpoints.Trace208;

    /// @dev An agent's stake in one role: one slot.
    struct Stake {
        uint96 amount;
        uint96 unbonding;
        uint40 unbondAt;
        uint16 freezes;
        bool owes;
    }

    /// @dev What a node's stake backs: one slot. `cursor` is where the next exposure entry is looked for.
    struct Bonds {
        uint96 bonded;
        uint96 exposure;
        uint8 cursor;
    }

    /// @dev What one claim counts for. An entry is reused when its time is over; until then it belongs to its claim, even
    /// if its amount has become 0. `until` stays, so that writing to it again is cheap.
    struct Exposure {
        uint96 amount;
        uint40 until;
    }

    /// @custom:storage-location erc7201:openledger.storage.AgentStaking
    struct AgentStakingStorage {
        address cases;
        uint96 validatorStake;
        mapping(uint40 agentId => mapping(uint8 role => Stake)) stakes;
        mapping(uint40 agentId => Bonds) bonds;
        mapping(uint40 agentId => mapping(uint256 index => Exposure)) exposures;
        mapping(uint40 agentId => uint96) dues;
        mapping(uint40 agentId => Checkpoints.Trace208) validators;
        mapping(address account => uint96) owed;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AgentStaking")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x9e59c920cd55c9325f8b2845c72ff7fdb0c19c4ad2af921715bd15318d2b0b00;

    /// @dev Size of a node's ring of exposure entries: what a `uint8` can count.
    uint256 private constant RING = 256;

    /// @dev The greatest bit of `freezes`: a vote suspended the agent. The others count cases.
    uint16 internal constant SUSPENDED = 1 << 15;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry public immutable AGENTS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address private immutable SETTLEMENT;

    modifier onlySettlement() {
        if (msg.sender != SETTLEMENT) revert AgentStaking_NotSettlement(msg.sender);
        _;
    }

    modifier onlyCases() {
        if (msg.sender != _storage().cases) revert AgentStaking_NotCases(msg.sender);
        _;
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IAgentRegistry agents, IProtocolParameters parameters, address settlement_) {
        AGENTS = agents;
        PARAMETERS = parameters;
        SETTLEMENT = settlement_;
        _disableInitializers();
    }

    // --------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAgentStaking
    function stakeOf(uint40 agentId, uint8 role) external view returns (uint96) {
        return _storage().stakes[agentId][role].amount;
    }

    /// @inheritdoc IAgentStaking
    function freeStakeOf(uint40 agentId, uint8 role) public view returns (uint96) {
        StakeState memory s = stakeState(agentId, role);
        return StakeLedger.free(s.stake, s.bonded, s.unbonding, s.due);
    }

    /// @inheritdoc IAgentStaking
    function stakeState(uint40 agentId, uint8 role) public view returns (StakeState memory state) {
        AgentStakingStorage storage $ = _storage();
        Stake memory s = $.stakes[agentId][role];
        state.stake = s.amount;
        state.unbonding = s.unbonding;
        state.unbondAt = s.unbondAt;
        state.freezes = s.freezes;
        if (role != Roles.NODE) return state;
        state.bonded = $.bonds[agentId].bonded;
        state.exposure = $.bonds[agentId].exposure;
        state.due = $.dues[agentId];
    }

    /// @inheritdoc IAgentStaking
    function exposureOf(uint40 agentId) external view returns (uint96 exposure) {
        mapping(uint256 => Exposure) storage ring = _storage().exposures[agentId];
        for (uint256 i = 0; i < RING && ring[i].until != 0; ++i) {
            if (block.timestamp < ring[i].until) exposure += ring[i].amount;
        }
    }

    /// @inheritdoc IAgentStaking
    function validatorStake() external view returns (uint96) {
        return _storage().validatorStake;
    }

    /// @inheritdoc IAgentStaking
    function validatorStakeAt(uint40 agentId, uint40 time) external view returns (uint96) {
        // Checkpoints are made of stakes.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(_storage().validators[agentId].upperLookupRecent(time));
    }

    /// @inheritdoc IAgentStaking
    function isActive(uint40 agentId, uint8 role) external view returns (bool) {
        StakeState memory s = stakeState(agentId, role);
        IProtocolParameters.Parameters memory p = PARAMETERS.parameters(PARAMETERS.currentVersion());
        uint96 minimum =
            role == Roles.NODE ? p.nodeStakeMin : role == Roles.CURATOR ? p.curatorStakeMin : p.validatorStakeMin;
        return s.freezes == 0 && StakeLedger.staying(s.stake, s.unbonding, s.due) >= minimum;
    }

    /// @inheritdoc IAgentStaking
    function isLocked(uint40 agentId) external view returns (bool) {
        mapping(uint8 => Stake) storage stakes = _storage().stakes[agentId];
        return
            stakes[Roles.NODE].amount != 0 || stakes[Roles.CURATOR].amount != 0 || stakes[Roles.VALIDATOR].amount != 0;
    }

    /// @inheritdoc IAgentStaking
    function owed(address account) external view returns (uint96) {
        return _storage().owed[account];
    }

    /// @inheritdoc IAgentStaking
    function settlement() external view returns (address) {
        return SETTLEMENT;
    }

    /// @inheritdoc IAgentStaking
    function cases() external view returns (address) {
        return _storage().cases;
    }

    // ------------------------------------------------------------------------------------------------------ internal

    /// @dev What backs a new claim: reverts when it is too little for the bond or for a node.
    function _backing(uint40 agentId, uint96 released, uint96 bond, uint96 minimum)
        internal
        view
        returns (Bonds memory b, uint96 staying)
    {
        AgentStakingStorage storage $ = _storage();
        Stake memory s = $.stakes[agentId][Roles.NODE];
        if (s.freezes >= SUSPENDED) revert AgentStaking_Frozen(agentId, Roles.NODE, s.freezes);
        b = $.bonds[agentId];
        b.bonded -= released;
        uint96 due = s.owes ? $.dues[agentId] : 0;
        uint96 free = StakeLedger.free(s.amount, b.bonded, s.unbonding, due);
        if (bond > free) revert AgentStaking_InsufficientFreeStake(agentId, free, bond);
        // Unbonding stake may leave before the claim is final: it backs nothing new.
        staying = StakeLedger.staying(s.amount, s.unbonding, due);
        if (staying < minimum) revert AgentStaking_StakeBelowMinimum(agentId, staying, minimum);
    }

    /// @dev Finds the entry for a new claim: the one at the cursor if its time is over, as it is when claims come at a
    /// steady pace; else the next that is over or unused. Before the ring grows, its start is looked at.
    /// @return index The entry
    /// @return others The recorded exposure without it
    function _slot(uint40 agentId, mapping(uint256 => Exposure) storage ring, Bonds memory b)
        internal
        view
        returns (uint8 index, uint96 others)
    {
        index = b.cursor;
        for (uint256 i = 0; i < RING; ++i) {
            Exposure memory e = ring[index];
            if (e.until == 0 && index != 0 && block.timestamp >= ring[0].until) {
                index = 0;
                e = ring[0];
            }
            if (block.timestamp >= e.until) return (index, b.exposure - e.amount);
            unchecked {
                ++index; // the ring closes
            }
        }
        revert AgentStaking_TooManyExposures(agentId);
    }

    /// @dev Takes all entries whose time is over out of the sum, but the one that is about to be replaced.
    function _dropExpired(mapping(uint256 => Exposure) storage ring, uint256 except, uint96 exposure)
        internal
        returns (uint96)
    {
        for (uint256 i = 0; i < RING; ++i) {
            Exposure memory e = ring[i];
            if (e.until == 0) break;
            if (i == except || e.amount == 0 || block.timestamp < e.until) continue;
            exposure -= e.amount;
            ring[i].amount = 0;
        }
        return exposure;
    }

    function _mustCover(uint40 agentId, uint96 left) internal {
        AgentStakingStorage storage $ = _storage();
        uint96 exposure = $.bonds[agentId].exposure;
        if (left >= exposure) return;
        exposure = _dropExpired($.exposures[agentId], RING, exposure);
        if (left < exposure) revert AgentStaking_ExposureExceedsStake(agentId, exposure, left);
        $.bonds[agentId].exposure = exposure;
    }

    function _endExposure(uint40 agentId, Bonds storage b, uint8 index) internal {
        Exposure storage e = _storage().exposures[agentId][index];
        uint96 amount = e.amount;
        if (amount == 0) return;
        b.exposure -= amount;
        e.amount = 0;
        emit ExposureEnded(agentId, index, amount);
    }

    function _cut(uint40 agentId, uint8 role, uint96 amount, uint96 reward, address rewardTo)
        internal
        returns (uint96 taken)
    {
        AgentStakingStorage storage $ = _storage();
        Stake storage s = $.stakes[agentId][role];
        StakeState memory before = stakeState(agentId, role);
        // Effect
        uint96 stakeLeft;
        uint96 unbondingLeft;
        uint96 dueLeft;
        (stakeLeft, unbondingLeft, dueLeft, taken) =
            StakeLedger.cut(before.stake, before.bonded, before.unbonding, before.due, amount);
        s.amount = stakeLeft;
        s.unbonding = unbondingLeft;
        if (dueLeft != before.due) _setDue(agentId, s, dueLeft);
        _checkpoint(agentId, role, before.stake - before.unbonding, s);
        (uint96 paid, uint96 burned) = StakeLedger.share(taken, reward);
        emit StakeSlashed(agentId, role, taken, dueLeft, paid, rewardTo);
        // Interaction
        _pay(burned, paid, rewardTo);
    }

    function _setDue(uint40 agentId, Stake storage s, uint96 due) internal {
        _storage().dues[agentId] = due;
        s.owes = due != 0;
    }

    /// @dev Burning can't fail: nobody can put code there.
    function _pay(uint96 burned, uint96 reward, address rewardTo) internal {
        if (!Native.trySend(Native.BURN, burned)) revert AgentStaking_SendFailed(Native.BURN, burned);
        if (reward == 0 || Native.trySend(rewardTo, reward)) return;
        _storage().owed[rewardTo] += reward;
        emit Owed(rewardTo, reward);
    }

    /// @dev Votes weigh what a validator had when the case was opened, so its stake has a history; a quorum is of all stake.
    /// @param before Its stake before, without what was unbonding
    function _checkpoint(uint40 agentId, uint8 role, uint96 before, Stake storage s) internal {
        if (role != Roles.VALIDATOR) return;
        AgentStakingStorage storage $ = _storage();
        uint96 present = s.amount - s.unbonding;
        $.validatorStake = $.validatorStake - before + present;
        $.validators[agentId].push(uint48(block.timestamp), present);
    }

    function _max(uint40 a, uint40 b) internal pure returns (uint40) {
        return a > b ? a : b;
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() internal pure returns (AgentStakingStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
