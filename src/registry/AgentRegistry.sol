// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";

/// @title Registry of agents
/// @notice The identity registry of ERC-8004. See {IAgentRegistry}.
contract AgentRegistry is
    ERC721Upgradeable,
    EIP712Upgradeable,
    AccessManagedUpgradeable,
    UUPSUpgradeable,
    IAgentRegistry
{
    using Checkpoints for Checkpoints.Trace160;

    /// @custom:storage-location erc7201:openledger.storage.AgentRegistry
    struct AgentRegistryStorage {
        IAgentStaking staking;
        uint40 agentCount;
        mapping(uint256 agentId => string) uris;
        mapping(uint256 agentId => address) wallets;
        mapping(uint256 agentId => mapping(string key => bytes)) metadata;
        /// By block: who acted for the agent from there on. Empty while it has never been anybody but the first owner.
        mapping(uint256 agentId => Checkpoints.Trace160) walletHistory;
    }

    /// @notice What a new wallet signs, under the domain "ERC8004IdentityRegistry", version "1".
    bytes32 public constant AGENT_WALLET_SET_TYPEHASH =
        keccak256("AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)");
    /// @notice How far ahead the deadline of such a signature may be.
    uint256 public constant MAX_DEADLINE_DELAY = 5 minutes;

    string private constant WALLET_KEY = "agentWallet";
    bytes32 private constant WALLET_KEY_HASH = keccak256("agentWallet");

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AgentRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xcd0312cc5914ec1a85ed4dc2a9b6755ca8e572607da561376b7b6561c7fbae00;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    function initialize(address authority) external initializer {
        __ERC721_init("OpenLedger Agent", "AGENT");
        __EIP712_init("ERC8004IdentityRegistry", "1");
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IAgentRegistry
    function register() external returns (uint256 agentId) {
        return _register("");
    }

    /// @inheritdoc IAgentRegistry
    function register(string calldata agentURI) external returns (uint256 agentId) {
        return _register(agentURI);
    }

    /// @inheritdoc IAgentRegistry
    function register(string calldata agentURI, MetadataEntry[] calldata metadata) external returns (uint256 agentId) {
        agentId = _register(agentURI);
        for (uint256 i = 0; i < metadata.length; ++i) {
            _setMetadata(agentId, metadata[i].metadataKey, metadata[i].metadataValue);
        }
    }

    /// @inheritdoc IAgentRegistry
    function setAgentURI(uint256 agentId, string calldata newURI) external {
        _requireAuthorized(agentId);
        _storage().uris[agentId] = newURI;
        emit URIUpdated(agentId, newURI, msg.sender);
    }

    /// @inheritdoc IAgentRegistry
    function setMetadata(uint256 agentId, string calldata metadataKey, bytes calldata metadataValue) external {
        _requireAuthorized(agentId);
        _setMetadata(agentId, metadataKey, metadataValue);
    }

    /// @inheritdoc IAgentRegistry
    function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes calldata signature) external {
        // Check: the owner asks, and the wallet agrees, now
        address owner = _requireAuthorized(agentId);
        if (newWallet == address(0)) revert AgentRegistry_ZeroAddress();
        if (block.timestamp > deadline) revert AgentRegistry_DeadlinePassed(deadline);
        if (deadline > block.timestamp + MAX_DEADLINE_DELAY) revert AgentRegistry_DeadlineTooFar(deadline);
        bytes32 digest =
            _hashTypedDataV4(keccak256(abi.encode(AGENT_WALLET_SET_TYPEHASH, agentId, newWallet, owner, deadline)));
        if (!SignatureChecker.isValidSignatureNow(newWallet, digest, signature)) {
            revert AgentRegistry_InvalidWalletSignature(newWallet);
        }
        // Effect: set it
        _setWallet(agentId, newWallet);
    }

    /// @inheritdoc IAgentRegistry
    function unsetAgentWallet(uint256 agentId) external {
        _requireAuthorized(agentId);
        _setWallet(agentId, address(0));
    }

    /// @inheritdoc IAgentRegistry
    function setStaking(IAgentStaking staking_) external restricted {
        AgentRegistryStorage storage $ = _storage();
        if (address(staking_) == address(0)) revert AgentRegistry_ZeroAddress();
        if (address($.staking) != address(0)) revert AgentRegistry_AlreadySet(address($.staking));
        $.staking = staking_;
        emit StakingSet(staking_);
    }

    /// @inheritdoc IAgentRegistry
    function getMetadata(uint256 agentId, string calldata metadataKey) external view returns (bytes memory) {
        if (_isWalletKey(metadataKey)) {
            address wallet = _storage().wallets[agentId];
            return wallet == address(0) ? bytes("") : abi.encodePacked(wallet);
        }
        return _storage().metadata[agentId][metadataKey];
    }

    /// @inheritdoc IAgentRegistry
    function isAuthorizedOrOwner(address spender, uint256 agentId) external view returns (bool) {
        return _isAuthorized(_requireOwned(agentId), spender, agentId);
    }

    /// @inheritdoc IAgentRegistry
    function agentCount() external view returns (uint256) {
        return _storage().agentCount;
    }

    /// @inheritdoc IAgentRegistry
    function staking() external view returns (IAgentStaking) {
        return _storage().staking;
    }

    /// @inheritdoc IAgentRegistry
    function getAgentWallet(uint256 agentId) public view returns (address) {
        address wallet = _storage().wallets[agentId];
        return wallet == address(0) ? _requireOwned(agentId) : wallet;
    }

    /// @inheritdoc IAgentRegistry
    function agentWalletAt(uint256 agentId, uint40 blockNumber) external view returns (address) {
        Checkpoints.Trace160 storage history = _storage().walletHistory[agentId];
        if (history.length() == 0) return getAgentWallet(agentId);
        return address(history.upperLookupRecent(blockNumber));
    }

    /// @notice The agent's registration file.
    function tokenURI(uint256 agentId) public view override returns (string memory) {
        _requireOwned(agentId);
        return _storage().uris[agentId];
    }

    /// @dev A transfer needs an agent without stake and takes the wallet away: it was the former owner's choice.
    function _update(address to, uint256 agentId, address auth) internal override returns (address from) {
        from = super._update(to, agentId, auth);
        if (from == address(0) || from == to) return from;
        AgentRegistryStorage storage $ = _storage();
        IAgentStaking stakes = $.staking;
        bool locked = address(stakes) != address(0) && stakes.isLocked(uint40(agentId));
        if (locked) revert AgentRegistry_HasStake(agentId);
        if ($.wallets[agentId] != address(0)) _setWallet(agentId, address(0));
        else _remember(agentId, from, to);
    }

    function _register(string memory agentURI) private returns (uint256 agentId) {
        AgentRegistryStorage storage $ = _storage();
        agentId = ++$.agentCount;
        $.uris[agentId] = agentURI;
        _mint(msg.sender, agentId);
        emit Registered(agentId, agentURI, msg.sender);
    }

    function _setMetadata(uint256 agentId, string calldata key, bytes calldata value) private {
        if (_isWalletKey(key)) revert AgentRegistry_ReservedKey();
        _storage().metadata[agentId][key] = value;
        emit MetadataSet(agentId, key, key, value);
    }

    function _setWallet(uint256 agentId, address wallet) private {
        address former = getAgentWallet(agentId);
        _storage().wallets[agentId] = wallet;
        _remember(agentId, former, getAgentWallet(agentId));
        bytes memory value = wallet == address(0) ? bytes("") : abi.encodePacked(wallet);
        emit MetadataSet(agentId, WALLET_KEY, WALLET_KEY, value);
    }

    /// @dev Nothing is written before the first change: then the former wallet was it from the beginning.
    function _remember(uint256 agentId, address former, address present) private {
        Checkpoints.Trace160 storage history = _storage().walletHistory[agentId];
        if (history.length() == 0) history.push(0, uint160(former));
        history.push(uint96(block.number), uint160(present));
    }

    function _requireAuthorized(uint256 agentId) private view returns (address owner) {
        owner = _requireOwned(agentId);
        if (!_isAuthorized(owner, msg.sender, agentId)) revert AgentRegistry_NotAuthorized(agentId, msg.sender);
    }

    function _isWalletKey(string calldata key) private pure returns (bool) {
        return keccak256(bytes(key)) == WALLET_KEY_HASH;
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (AgentRegistryStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
