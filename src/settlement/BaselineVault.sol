// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IBaselineVault} from "../interfaces/IBaselineVault.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Assets} from "../libraries/Assets.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {MerkleSum} from "../libraries/MerkleSum.sol";
import {Native} from "../libraries/Native.sol";
import {NodeLedger} from "../libraries/NodeLedger.sol";

/// @title Baseline shares.
/// @notice See {IBaselineVault}.
contract BaselineVault is IBaselineVault, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @custom:storage-location erc7201:openledger.storage.BaselineVault
    struct BaselineVaultStorage {
        mapping(uint40 modelId => uint96) received;
        mapping(uint40 modelId => mapping(uint40 asset => uint96)) taken;
        uint96 withheld;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.BaselineVault")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xcb8a9ce412dce16cdd02f629cbcbbec2a05e022fb3858fae34a47ee08b8e8800;

    /// @dev Sum of a baseline's parts.
    uint256 private constant WHOLE = 1e9;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IModelRegistry public immutable MODELS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IContributionToken public immutable CONTRIBUTIONS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address public immutable TREASURY;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IModelRegistry models, IContributionToken contributions, address treasury) {
        MODELS = models;
        CONTRIBUTIONS = contributions;
        TREASURY = treasury;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IBaselineVault
    function fund(uint40 modelId) external payable {
        BaselineVaultStorage storage $ = _storage();
        if (msg.value == 0) revert BaselineVault_ZeroAmount();
        uint96 amount = Native.toUint96(msg.value);
        $.received[modelId] += amount;
        emit BaselineFunded(modelId, msg.sender, amount, $.received[modelId]);
    }

    /// @inheritdoc IBaselineVault
    function take(uint40 modelId, uint40 asset, uint32 parts, bytes calldata proof)
        external
        nonReentrant
        returns (uint96 amount)
    {
        // Check
        if (asset == 0 || Assets.kindOf(asset) != Assets.CONTRIBUTION) revert BaselineVault_NotAContribution(asset);
        if (!_isInBaseline(modelId, asset, parts, proof)) revert BaselineVault_BadProof(modelId, asset);
        (address owner, uint16 withheldBps) = CONTRIBUTIONS.payeeOf(Assets.tokenIdOf(asset));
        bool mayCall =
            owner.code.length == 0 || msg.sender == owner || CONTRIBUTIONS.isApprovedForAll(owner, msg.sender);
        if (!mayCall) revert BaselineVault_OwnerMustCall(owner, msg.sender);
        // parts ≤ 1e9, because the tree's sum is and no part of it is negative: the share is at most what was received.
        BaselineVaultStorage storage $ = _storage();
        uint96 share = Native.toUint96(uint256($.received[modelId]) * parts / WHOLE);
        uint96 due = share - $.taken[modelId][asset];
        if (due == 0) revert BaselineVault_NothingToTake(modelId, asset);
        // Effect
        $.taken[modelId][asset] = share;
        uint96 kept;
        (amount, kept) = NodeLedger.withhold(due, withheldBps);
        if (kept != 0) $.withheld += kept;
        emit BaselineTaken(modelId, asset, owner, amount, kept, share);
        // Interaction
        if (amount != 0 && !Native.trySend(owner, amount)) revert BaselineVault_SendFailed(owner, amount);
    }

    /// @inheritdoc IBaselineVault
    function flush() external nonReentrant {
        BaselineVaultStorage storage $ = _storage();
        uint96 amount = $.withheld;
        $.withheld = 0;
        emit WithheldFlushed(amount);
        if (!Native.trySend(TREASURY, amount)) revert BaselineVault_SendFailed(TREASURY, amount);
    }

    /// @inheritdoc IBaselineVault
    function withheld() external view returns (uint96) {
        return _storage().withheld;
    }

    /// @inheritdoc IBaselineVault
    function received(uint40 modelId) external view returns (uint96) {
        return _storage().received[modelId];
    }

    /// @inheritdoc IBaselineVault
    function taken(uint40 modelId, uint40 asset) external view returns (uint96) {
        return _storage().taken[modelId][asset];
    }

    function _isInBaseline(uint40 modelId, uint40 asset, uint32 parts, bytes calldata proof)
        private
        view
        returns (bool)
    {
        IModelRegistry.ModelTerms memory terms = MODELS.terms(modelId);
        bytes32 leaf = Leaves.hashBaseline(asset, parts);
        return MerkleSum.verify(terms.baselineRoot, WHOLE, leaf, parts, asset, terms.treeDepth, proof);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (BaselineVaultStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
