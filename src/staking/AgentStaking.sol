// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";
import {StakeLedger} from "../libraries/StakeLedger.sol";
import {Roles} from "../types/Roles.sol";
import {AgentStakingBase} from "./AgentStakingBase.sol";

/// @title Stake of agents.
/// @notice See {IAgentStaking}. {AgentStakingBase} has the state and its views.
contract AgentStaking is AgentStakingBase {
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IAgentRegistry agents, IProtocolParameters parameters, address settlement_)
        AgentStakingBase(agents, parameters, settlement_)
    {}

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IAgentStaking
    function setCases(address cases_) external restricted {
        AgentStakingStorage storage $ = _storage();
        if ($.cases != address(0)) revert AgentStaking_CasesAlreadySet($.cases);
        $.cases = cases_;
        emit CasesSet(cases_);
    }

    /// @inheritdoc IAgentStaking
    function setSuspended(uint40 agentId, uint8 role, bool suspended) external restricted {
        // Check: a change
        if (role >= Roles.COUNT) revert AgentStaking_UnknownRole(role);
        Stake storage s = _storage().stakes[agentId][role];
        if ((s.freezes >= SUSPENDED) == suspended) {
            revert AgentStaking_SuspensionUnchanged(agentId, role, suspended);
        }
        // Effect: the freezes of cases stay as they are
        s.freezes ^= SUSPENDED;
        emit AgentSuspended(agentId, role, suspended);
    }

    /// @inheritdoc IAgentStaking
    function stake(uint40 agentId, uint8 role) external payable {
        AgentStakingStorage storage $ = _storage();
        Stake storage s = $.stakes[agentId][role];
        // Check
        if (role >= Roles.COUNT) revert AgentStaking_UnknownRole(role);
        if (msg.value == 0) revert AgentStaking_ZeroAmount();
        uint96 amount = Native.toUint96(msg.value);
        // Check: the agent exists and its owner begins: stake keeps an agent from being transferred
        if (s.amount == 0 && !AGENTS.isAuthorizedOrOwner(msg.sender, agentId)) {
            revert AgentStaking_NotAgentOwner(agentId, msg.sender);
        }
        // Effect
        uint96 before = s.amount - s.unbonding;
        s.amount += amount;
        _checkpoint(agentId, role, before, s);
        emit Staked(agentId, role, msg.sender, amount);
    }

    /// @inheritdoc IAgentStaking
    function requestUnbond(uint40 agentId, uint8 role, uint96 amount) external {
        AgentStakingStorage storage $ = _storage();
        Stake storage s = $.stakes[agentId][role];
        // Check
        if (AGENTS.ownerOf(agentId) != msg.sender) revert AgentStaking_NotAgentOwner(agentId, msg.sender);
        if (amount == 0) revert AgentStaking_ZeroAmount();
        if (s.freezes != 0) revert AgentStaking_Frozen(agentId, role, s.freezes);
        uint96 free = freeStakeOf(agentId, role);
        if (amount > free) revert AgentStaking_InsufficientFreeStake(agentId, free, amount);
        (, IProtocolParameters.SettlementTerms memory terms) = PARAMETERS.currentSettlementTerms();
        // Effect
        uint96 before = s.amount - s.unbonding;
        s.unbonding += amount;
        uint40 unbondAt = _max(s.unbondAt, uint40(block.timestamp) + terms.unbondingPeriod);
        s.unbondAt = unbondAt;
        _checkpoint(agentId, role, before, s);
        emit UnbondRequested(agentId, role, amount, unbondAt);
    }

    /// @inheritdoc IAgentStaking
    function withdraw(uint40 agentId, uint8 role) external nonReentrant {
        Stake storage s = _storage().stakes[agentId][role];
        // Check
        address owner = AGENTS.ownerOf(agentId);
        uint96 amount = s.unbonding;
        if (amount == 0) revert AgentStaking_ZeroAmount();
        if (s.freezes != 0) revert AgentStaking_Frozen(agentId, role, s.freezes);
        if (block.timestamp < s.unbondAt) revert AgentStaking_NotUnbonded(agentId, s.unbondAt);
        uint96 left = s.amount - amount;
        // A vote can shorten the unbonding period, but not what claims of the past rest on.
        if (role == Roles.NODE) _mustCover(agentId, left);
        // Effect
        s.amount = left;
        s.unbonding = 0;
        emit Withdrawn(agentId, role, owner, amount);
        // Interaction
        if (!Native.trySend(owner, amount)) revert AgentStaking_SendFailed(owner, amount);
    }

    // ----------------------------------------------------------------------------------------------- settlement only

    /// @inheritdoc IAgentStaking
    function lock(uint40 agentId, uint96 released, uint96 bond, uint96 exposure, uint40 exposedUntil, uint96 minimum)
        external
        onlySettlement
        returns (uint8 index)
    {
        // Check
        (Bonds memory b, uint96 staying) = _backing(agentId, released, bond, minimum);
        mapping(uint256 => Exposure) storage ring = _storage().exposures[agentId];
        uint96 others;
        (index, others) = _slot(agentId, ring, b);
        uint256 exposed = uint256(others) + exposure;
        if (exposed > staying) exposed = uint256(_dropExpired(ring, index, others)) + exposure;
        if (exposed > staying) revert AgentStaking_ExposureExceedsStake(agentId, exposed, staying);
        // Effect
        ring[index] = Exposure({amount: exposure, until: exposedUntil});
        unchecked {
            b.cursor = index + 1; // the ring closes
        }
        b.bonded += bond;
        // Not above the stake, so it fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        b.exposure = uint96(exposed);
        _storage().bonds[agentId] = b;
        if (released != 0) emit BondReleased(agentId, released);
        emit BondLocked(agentId, bond, exposure, exposedUntil, index);
    }

    /// @inheritdoc IAgentStaking
    function release(uint40 agentId, uint96 bond, uint8 index, bool endExposure) external onlySettlement {
        Bonds storage b = _storage().bonds[agentId];
        if (endExposure) _endExposure(agentId, b, index);
        if (bond == 0) return;
        b.bonded -= bond;
        emit BondReleased(agentId, bond);
    }

    /// @inheritdoc IAgentStaking
    function slash(uint40 agentId, uint96 bond, uint96 reward, address rewardTo, uint8 index)
        external
        onlySettlement
        nonReentrant
    {
        AgentStakingStorage storage $ = _storage();
        Stake storage s = $.stakes[agentId][Roles.NODE];
        Bonds storage b = $.bonds[agentId];
        // Effect
        uint96 due = s.owes ? $.dues[agentId] : 0;
        (uint96 stakeLeft, uint96 bondedLeft, uint96 dueLeft, uint96 burned) =
            StakeLedger.slashBond(s.amount, b.bonded, due, bond, reward);
        s.amount = stakeLeft;
        b.bonded = bondedLeft;
        if (dueLeft != due) _setDue(agentId, s, dueLeft);
        _endExposure(agentId, b, index);
        emit Slashed(agentId, reward, burned, rewardTo);
        // Interaction
        _pay(burned, reward, rewardTo);
    }

    // ---------------------------------------------------------------------------------------------------- cases only

    /// @inheritdoc IAgentStaking
    function freeze(uint40 agentId, uint8 role) external onlyCases {
        Stake storage s = _storage().stakes[agentId][role];
        // Check: the count stays below the bit of a suspension
        uint16 freezes = s.freezes + 1;
        if (freezes % SUSPENDED == 0) revert AgentStaking_TooManyFreezes(agentId, role);
        // Effect
        s.freezes = freezes;
        emit StakeFrozen(agentId, role, freezes);
    }

    /// @inheritdoc IAgentStaking
    function unfreeze(uint40 agentId, uint8 role) external onlyCases {
        Stake storage s = _storage().stakes[agentId][role];
        // Check
        uint16 freezes = s.freezes;
        if (freezes % SUSPENDED == 0) revert AgentStaking_NotFrozen(agentId, role);
        // Effect
        s.freezes = --freezes;
        emit StakeUnfrozen(agentId, role, freezes);
    }

    /// @inheritdoc IAgentStaking
    function hold(uint40 agentId, uint8 role, uint40 until) external onlyCases {
        Stake storage s = _storage().stakes[agentId][role];
        s.unbondAt = _max(s.unbondAt, until);
        emit StakeHeld(agentId, role, until);
    }

    /// @inheritdoc IAgentStaking
    function slashStake(uint40 agentId, uint8 role, uint96 amount, uint96 reward, address rewardTo)
        external
        onlyCases
        nonReentrant
        returns (uint96 taken)
    {
        return _cut(agentId, role, amount, reward, rewardTo);
    }

    // -------------------------------------------------------------------------------------------------------- anyone

    /// @inheritdoc IAgentStaking
    function collectDue(uint40 agentId) external nonReentrant {
        uint96 taken = _cut(agentId, Roles.NODE, 0, 0, address(0));
        if (taken == 0) revert AgentStaking_NothingDue(agentId);
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
}
