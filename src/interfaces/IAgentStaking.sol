// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Stake of agents: what backs their claims and what a fraud proof takes.
/// @notice stake = free + bonded + unbonding. Bonded and unbonding stake stays slashable until it has left.
interface IAgentStaking {
    /// @notice An agent's stake.
    /// @param stake Everything the agent has here, in wei
    /// @param bonded The part locked behind an open claim
    /// @param firstExposure Index of the oldest recorded exposure entry
    /// @param nextExposure Index that the next entry gets
    /// @param unbonding The part waiting for `unbondAt`
    /// @param exposure Sum of the owners' shares of the agent's recent claims, as recorded
    /// @param unbondAt When the unbonding part can be withdrawn
    struct StakeState {
        uint96 stake;
        uint96 bonded;
        uint32 firstExposure;
        uint32 nextExposure;
        uint96 unbonding;
        uint96 exposure;
        uint40 unbondAt;
    }

    event SettlementSet(address settlement);
    event Staked(uint40 indexed agentId, address indexed from, uint96 amount);
    event UnbondRequested(uint40 indexed agentId, uint96 amount, uint40 unbondAt);
    event Withdrawn(uint40 indexed agentId, address indexed to, uint96 amount);
    event BondLocked(uint40 indexed agentId, uint96 bond, uint96 exposure, uint40 exposedUntil, uint32 index);
    event BondReleased(uint40 indexed agentId, uint96 bond);
    event Slashed(uint40 indexed agentId, uint96 reward, uint96 burned, address indexed rewardTo);
    event OwedWithdrawn(address indexed account, uint96 amount);

    error AgentStaking_NotSettlement(address caller);
    error AgentStaking_SettlementAlreadySet(address settlement);
    error AgentStaking_NotAgentOwner(uint40 agentId, address caller);
    error AgentStaking_ZeroAmount();
    error AgentStaking_AmountTooLarge(uint256 amount);
    error AgentStaking_InsufficientFreeStake(uint40 agentId, uint96 free, uint96 needed);
    error AgentStaking_StakeBelowMinimum(uint40 agentId, uint96 stake, uint96 minimum);
    error AgentStaking_ExposureExceedsStake(uint40 agentId, uint256 exposure, uint96 stake);
    error AgentStaking_NotUnbonded(uint40 agentId, uint40 unbondAt);
    error AgentStaking_NothingOwed(address account);
    error AgentStaking_SendFailed(address to, uint96 amount);

    /// @notice Connects the one contract that may lock, release and slash. Restricted; works once.
    function setSettlement(address settlement) external;

    /// @notice Adds the value sent to an agent's stake. Anyone may pay; only the agent's owner gets it back.
    function stake(uint40 agentId) external payable;

    /// @notice Starts unbonding `amount` of free stake; a second request adds to the first and restarts the clock.
    function requestUnbond(uint40 agentId, uint96 amount) external;

    /// @notice Pays unbonded stake to the agent's owner.
    function withdraw(uint40 agentId) external;

    /// @notice Locks `bond` of free stake behind a claim and records its exposure. Settlement only.
    /// @param agentId The proposer
    /// @param bond Stake to lock
    /// @param exposure The claim's owners' share
    /// @param exposedUntil Until when it counts as exposure
    /// @param minimum Minimum stake of a node
    /// @return index Index of the exposure entry
    function lock(uint40 agentId, uint96 bond, uint96 exposure, uint40 exposedUntil, uint96 minimum)
        external
        returns (uint32 index);

    /// @notice Returns a bond to free stake. Settlement only.
    /// @param agentId The proposer
    /// @param bond The bond
    /// @param exposureIndex The claim's exposure entry
    /// @param endExposure Whether the claim counts for nothing any more (vetoed)
    function release(uint40 agentId, uint96 bond, uint32 exposureIndex, bool endExposure) external;

    /// @notice Takes a bond and ends the rejected claim's exposure: `reward` goes to `rewardTo`, the rest is burned.
    /// Settlement only.
    /// @dev A reward that can't be sent is credited, see {withdrawOwed}: a prover can't make its own proof fail.
    function slash(uint40 agentId, uint96 bond, uint96 reward, address rewardTo, uint32 exposureIndex) external;

    /// @notice Pays a reward that could not be sent, to the account it belongs to.
    function withdrawOwed(address account) external;

    /// @notice Everything an agent has staked, bonded and unbonding parts included.
    function stakeOf(uint40 agentId) external view returns (uint96);

    /// @notice Stake that is neither bonded nor unbonding.
    function freeStakeOf(uint40 agentId) external view returns (uint96);

    /// @notice Owners' shares of the agent's claims that still count.
    function exposureOf(uint40 agentId) external view returns (uint96);

    /// @notice Whether the agent must not change hands: it has stake here.
    function isLocked(uint40 agentId) external view returns (bool);

    /// @notice The recorded state of an agent's stake.
    function stakeState(uint40 agentId) external view returns (StakeState memory);

    /// @notice Rewards of `account` that could not be sent.
    function owed(address account) external view returns (uint96);

    /// @notice The settlement contract.
    function settlement() external view returns (address);
}
