// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Stake of agents: what backs their claims and their word, and what a fraud proof or a conviction takes.
/// @notice Stake is held per agent and role, see {Roles}. stake = free + bonded + unbonding: bonded stake backs an open
/// claim, unbonding stake waits to leave; both stay slashable until they have left. Only nodes have bonds and exposure.
interface IAgentStaking {
    /// @notice An agent's stake in one role.
    /// @param stake Everything the agent has here, in wei
    /// @param bonded The part locked behind open claims
    /// @param unbonding The part waiting for `unbondAt`
    /// @param exposure Sum of the owners' shares of the agent's recent claims, as recorded: some may be too old to count
    /// @param due Part of the stake that a conviction has taken but that still backs open claims
    /// @param unbondAt When the unbonding part can be withdrawn
    /// @param freezes Number of cases that hold the stake, and 2^15 more while a vote suspends the agent
    struct StakeState {
        uint96 stake;
        uint96 bonded;
        uint96 unbonding;
        uint96 exposure;
        uint96 due;
        uint40 unbondAt;
        uint16 freezes;
    }

    event CasesSet(address cases);
    event Staked(uint40 indexed agentId, uint8 indexed role, address indexed from, uint96 amount);
    event UnbondRequested(uint40 indexed agentId, uint8 indexed role, uint96 amount, uint40 unbondAt);
    event Withdrawn(uint40 indexed agentId, uint8 indexed role, address indexed to, uint96 amount);
    event BondLocked(uint40 indexed agentId, uint96 bond, uint96 exposure, uint40 exposedUntil, uint8 index);
    event BondReleased(uint40 indexed agentId, uint96 bond);
    event ExposureEnded(uint40 indexed agentId, uint8 index, uint96 exposure);
    event Slashed(uint40 indexed agentId, uint96 reward, uint96 burned, address indexed rewardTo);
    event StakeSlashed(
        uint40 indexed agentId, uint8 indexed role, uint96 taken, uint96 due, uint96 reward, address indexed rewardTo
    );
    event StakeFrozen(uint40 indexed agentId, uint8 indexed role, uint16 freezes);
    event StakeUnfrozen(uint40 indexed agentId, uint8 indexed role, uint16 freezes);
    event AgentSuspended(uint40 indexed agentId, uint8 indexed role, bool suspended);
    event StakeHeld(uint40 indexed agentId, uint8 indexed role, uint40 until);
    event Owed(address indexed account, uint96 amount);
    event OwedWithdrawn(address indexed account, uint96 amount);

    error AgentStaking_NotSettlement(address caller);
    error AgentStaking_NotCases(address caller);
    error AgentStaking_CasesAlreadySet(address cases);
    error AgentStaking_UnknownRole(uint8 role);
    error AgentStaking_NotAgentOwner(uint40 agentId, address caller);
    error AgentStaking_ZeroAmount();
    error AgentStaking_SuspensionUnchanged(uint40 agentId, uint8 role, bool suspended);
    error AgentStaking_TooManyFreezes(uint40 agentId, uint8 role);
    error AgentStaking_NotFrozen(uint40 agentId, uint8 role);
    error AgentStaking_Frozen(uint40 agentId, uint8 role, uint16 freezes);
    error AgentStaking_InsufficientFreeStake(uint40 agentId, uint96 free, uint96 needed);
    error AgentStaking_StakeBelowMinimum(uint40 agentId, uint96 stake, uint96 minimum);
    error AgentStaking_ExposureExceedsStake(uint40 agentId, uint256 exposure, uint96 stake);
    error AgentStaking_TooManyExposures(uint40 agentId);
    error AgentStaking_NotUnbonded(uint40 agentId, uint40 unbondAt);
    error AgentStaking_NothingDue(uint40 agentId);
    error AgentStaking_NothingOwed(address account);
    error AgentStaking_SendFailed(address to, uint96 amount);

    /// @notice Connects the one contract that may freeze, unfreeze, hold and slash by verdict. Restricted; works once.
    function setCases(address cases) external;

    /// @notice Suspends an agent in a role or ends that: its stake is frozen, it is not active and can't propose claims.
    /// What cases freeze stays frozen. Restricted to governance.
    function setSuspended(uint40 agentId, uint8 role, bool suspended) external;

    /// @notice Adds the value sent to an agent's stake. The first in a role comes from who may act for the agent, because an
    /// agent with stake can't be transferred; to what is there anyone may add. Only the agent's owner gets it back.
    function stake(uint40 agentId, uint8 role) external payable;

    /// @notice Starts unbonding `amount` of free stake; a second request adds to the first and restarts the clock.
    /// Agent's owner only, and not while a case holds the stake.
    function requestUnbond(uint40 agentId, uint8 role, uint96 amount) external;

    /// @notice Pays unbonded stake to the agent's owner. Anyone may call, but not while a case holds the stake.
    function withdraw(uint40 agentId, uint8 role) external;

    // ------------------------------------------------------------------------------------------------ settlement only

    /// @notice Locks `bond` of a node's free stake behind a claim and records its exposure, after it has returned the bond of
    /// a claim before.
    /// @dev A frozen node may still propose: a case never delays a claim.
    /// @param agentId The proposer
    /// @param released Bond of a claim of the agent's whose window has ended, as {release}; 0 if there is none
    /// @param bond Stake to lock
    /// @param exposure The claim's owners' share
    /// @param exposedUntil Until when it counts as exposure; later than the claim can be open
    /// @param minimum Least stake of a node
    /// @return index Index of the exposure entry; it is the claim's until `exposedUntil`
    function lock(uint40 agentId, uint96 released, uint96 bond, uint96 exposure, uint40 exposedUntil, uint96 minimum)
        external
        returns (uint8 index);

    /// @notice Returns a bond to free stake.
    /// @dev Warning: an entry is another claim's once its time is over, so only end an exposure while its claim is open
    /// (when it is vetoed, with a bond of 0; the bond leaves when the window ends).
    /// @param agentId The proposer
    /// @param bond The bond
    /// @param index The claim's exposure entry
    /// @param endExposure Whether the claim counts for nothing any more
    function release(uint40 agentId, uint96 bond, uint8 index, bool endExposure) external;

    /// @notice Takes a bond and ends the rejected claim's exposure: `reward` goes to `rewardTo`, the rest is burned.
    /// @dev A reward that can't be sent is credited, see {withdrawOwed}: a prover can't make its own proof fail.
    function slash(uint40 agentId, uint96 bond, uint96 reward, address rewardTo, uint8 index) external;

    // ----------------------------------------------------------------------------------------------------- cases only

    /// @notice Holds an agent's stake in a role: it can neither unbond nor be withdrawn until as many {unfreeze} came.
    function freeze(uint40 agentId, uint8 role) external;

    /// @notice Ends one {freeze}.
    function unfreeze(uint40 agentId, uint8 role) external;

    /// @notice Keeps the stake of a validator that has committed a vote from being withdrawn before `until`.
    function hold(uint40 agentId, uint8 role, uint40 until) external;

    /// @notice Takes up to `amount` of an agent's stake: free stake first, then unbonding stake. Bonds stay behind their
    /// claims; what they keep from being taken is due, and burned by {collectDue} when they are released.
    /// @dev Never reverts for want of stake.
    /// @param agentId The agent
    /// @param role The role whose stake is taken
    /// @param amount What to take; the rest of the stake if it is less
    /// @param reward Part of what is taken now that goes to `rewardTo`, the rest is burned
    /// @param rewardTo Who gets the reward
    /// @return taken What was taken now
    function slashStake(uint40 agentId, uint8 role, uint96 amount, uint96 reward, address rewardTo)
        external
        returns (uint96 taken);

    // --------------------------------------------------------------------------------------------------------- anyone

    /// @notice Burns what a node still owes of a conviction, as far as its bonds allow by now.
    function collectDue(uint40 agentId) external;

    /// @notice Pays a reward that could not be sent, to the account it belongs to.
    function withdrawOwed(address account) external;

    // ---------------------------------------------------------------------------------------------------------- views

    /// @notice Everything an agent has staked in a role, bonded and unbonding parts included.
    function stakeOf(uint40 agentId, uint8 role) external view returns (uint96);

    /// @notice Stake that is neither bonded nor unbonding nor due.
    function freeStakeOf(uint40 agentId, uint8 role) external view returns (uint96);

    /// @notice An agent's stake in a role in full.
    function stakeState(uint40 agentId, uint8 role) external view returns (StakeState memory);

    /// @notice Sum of the owners' shares of a node's claims that still count.
    function exposureOf(uint40 agentId) external view returns (uint96);

    /// @notice Stake of all validators that is not unbonding.
    function validatorStake() external view returns (uint96);

    /// @notice A validator's stake that was not unbonding at the end of second `time`, which must have passed.
    function validatorStakeAt(uint40 agentId, uint40 time) external view returns (uint96);

    /// @notice Whether an agent may act in a role: its stake that stays is at least the role's minimum, and no case
    /// holds it.
    function isActive(uint40 agentId, uint8 role) external view returns (bool);

    /// @notice Whether an agent has stake in any role; then its token can't be transferred.
    function isLocked(uint40 agentId) external view returns (bool);

    /// @notice Reward waiting for {withdrawOwed}.
    function owed(address account) external view returns (uint96);

    /// @notice The contract that may lock, release and slash.
    function settlement() external view returns (address);

    /// @notice The contract that may freeze, unfreeze, hold and slash by verdict.
    function cases() external view returns (address);
}
