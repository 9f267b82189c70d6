// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IAgentStaking} from "./IAgentStaking.sol";

/// @title Registry of agents
/// @notice The identity registry of ERC-8004: an agent is an ERC-721 token with a URI, metadata and a wallet that acts
/// for it. An agent cannot be transferred while it has stake, so nobody can sell what it owes.
interface IAgentRegistry is IERC721 {
    /// @notice One metadata entry of ERC-8004.
    struct MetadataEntry {
        string metadataKey;
        bytes metadataValue;
    }

    /// @notice An agent was registered.
    event Registered(uint256 indexed agentId, string agentURI, address indexed owner);
    /// @notice An agent's URI changed.
    event URIUpdated(uint256 indexed agentId, string newURI, address indexed updatedBy);
    /// @notice An agent's metadata changed. The wallet is metadata under the reserved key "agentWallet".
    event MetadataSet(
        uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue
    );

    /// @notice The contract that holds the agents' stakes is known.
    event StakingSet(IAgentStaking staking);

    error AgentRegistry_ZeroAddress();
    error AgentRegistry_AlreadySet(address already);
    error AgentRegistry_NotAuthorized(uint256 agentId, address caller);
    /// @dev The wallet is set with {setAgentWallet}, which asks for the wallet's signature.
    error AgentRegistry_ReservedKey();
    error AgentRegistry_DeadlinePassed(uint256 deadline);
    error AgentRegistry_DeadlineTooFar(uint256 deadline);
    error AgentRegistry_InvalidWalletSignature(address wallet);
    /// @dev Unbond and withdraw all stake first.
    error AgentRegistry_HasStake(uint256 agentId);

    /// @notice Registers an agent without a URI; its token goes to the caller.
    function register() external returns (uint256 agentId);

    /// @notice Registers an agent; its token goes to the caller. Ids count from 1.
    function register(string calldata agentURI) external returns (uint256 agentId);

    /// @notice Registers an agent with metadata.
    function register(string calldata agentURI, MetadataEntry[] calldata metadata) external returns (uint256 agentId);

    /// @notice Changes an agent's URI. Owner or operator.
    function setAgentURI(uint256 agentId, string calldata newURI) external;

    /// @notice Sets metadata. Owner or operator.
    function setMetadata(uint256 agentId, string calldata metadataKey, bytes calldata metadataValue) external;

    /// @notice Sets the wallet that acts for the agent. Owner or operator, with the wallet's consent.
    /// @param deadline Until when the signature holds, at most 5 minutes ahead
    /// @param signature EIP-712 or ERC-1271 signature of the new wallet over
    /// AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)
    function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes calldata signature) external;

    /// @notice Clears the wallet, so that the owner acts for the agent again. Owner or operator.
    function unsetAgentWallet(uint256 agentId) external;

    /// @notice Says which contract holds the agents' stakes. Restricted to governance.
    function setStaking(IAgentStaking staking) external;

    /// @notice The contract that holds the agents' stakes; until it is set, agents have none.
    function staking() external view returns (IAgentStaking);

    /// @notice The wallet that acts for the agent: the one set, else the owner. A transfer clears it.
    function getAgentWallet(uint256 agentId) external view returns (address);

    /// @notice The wallet that acted for the agent when a block had ended; for the present block and later ones, the present
    /// wallet. History is never rewritten. For a block before the agent was registered: its first owner.
    function agentWalletAt(uint256 agentId, uint40 blockNumber) external view returns (address);

    /// @notice An agent's metadata; empty when not set.
    function getMetadata(uint256 agentId, string calldata metadataKey) external view returns (bytes memory);

    /// @notice Whether an account owns the agent or may act for its owner; reverts when there is no such agent.
    function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool);

    /// @notice How many agents there are; their ids are 1 to this.
    function agentCount() external view returns (uint256);
}
