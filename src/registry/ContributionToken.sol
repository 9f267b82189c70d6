// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {BondState, ContributionRecord, ContributionStatus} from "../types/Contribution.sol";

/// @title The token of an accepted contribution
/// @notice Whoever owns it is paid what the contribution earns. See {IContributionToken}.
/// @dev A token that was never transferred has no owner slot: its owner is the contributor in its record.
contract ContributionToken is ERC721Upgradeable, AccessManagedUpgradeable, UUPSUpgradeable, IContributionToken {
    /// @custom:storage-location erc7201:openledger.storage.ContributionToken
    struct ContributionTokenStorage {
        mapping(uint256 contributionId => ContributionRecord) records;
        mapping(address account => Penalty) penalties;
        address hygiene;
    }

    uint16 private constant ALL_BPS = 10_000;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ContributionToken")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x27431a3a9950d987a63f304cb7a031d0f7d4c676ddbc19a37e1ea57f50d26a00;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IDatanetRegistry private immutable _registry;

    modifier onlyRegistry() {
        if (msg.sender != address(_registry)) revert ContributionToken_NotRegistry(msg.sender);
        _;
    }

    /// @param registry_ The registry that mints
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IDatanetRegistry registry_) {
        if (address(registry_) == address(0)) revert ContributionToken_ZeroAddress();
        _registry = registry_;
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    function initialize(address authority) external initializer {
        __ERC721_init("OpenLedger Contribution", "CONTRIBUTION");
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IContributionToken
    function setHygiene(address hygiene_) external restricted {
        ContributionTokenStorage storage $ = _storage();
        if ($.hygiene != address(0)) revert ContributionToken_HygieneAlreadySet($.hygiene);
        if (hygiene_ == address(0)) revert ContributionToken_ZeroAddress();
        $.hygiene = hygiene_;
        emit HygieneSet(hygiene_);
    }

    /// @inheritdoc IContributionToken
    function record(uint40 contributionId, address contributor, uint40 datanetId, bool bonded) external onlyRegistry {
        _storage().records[contributionId] = ContributionRecord({
            contributor: contributor,
            datanetId: datanetId,
            submittedAt: uint40(block.timestamp),
            status: ContributionStatus.Submitted,
            bond: bonded ? BondState.Held : BondState.None
        });
    }

    /// @inheritdoc IContributionToken
    function mint(uint40 contributionId, uint256 since)
        external
        onlyRegistry
        returns (ContributionRecord memory before)
    {
        ContributionRecord storage r = _storage().records[contributionId];
        before = r;
        if (before.status != ContributionStatus.Submitted || before.submittedAt < since) return before;
        r.status = ContributionStatus.Accepted;
        _increaseBalance(before.contributor, 1);
        emit Transfer(address(0), before.contributor, contributionId);
    }

    /// @inheritdoc IContributionToken
    function setStatus(uint40 contributionId, ContributionStatus status) external onlyRegistry {
        _storage().records[contributionId].status = status;
    }

    /// @inheritdoc IContributionToken
    function setBond(uint40 contributionId, BondState bond) external onlyRegistry {
        _storage().records[contributionId].bond = bond;
    }

    /// @inheritdoc IContributionToken
    function setPenalty(address account, uint32 points, uint16 withheldBps) external {
        ContributionTokenStorage storage $ = _storage();
        if (msg.sender != $.hygiene) revert ContributionToken_NotHygiene(msg.sender);
        $.penalties[account] = Penalty(points, withheldBps);
        emit PenaltySet(account, points, withheldBps);
    }

    /// @inheritdoc IContributionToken
    function payeeOf(uint40 contributionId) external view returns (address owner, uint16 withheldBps) {
        owner = _requireOwned(contributionId);
        ContributionRecord storage r = _storage().records[contributionId];
        if (r.status != ContributionStatus.Accepted) return (owner, ALL_BPS);
        return (owner, _storage().penalties[r.contributor].withheldBps);
    }

    /// @inheritdoc IContributionToken
    function recordOf(uint40 contributionId) external view returns (ContributionRecord memory) {
        return _storage().records[contributionId];
    }

    /// @inheritdoc IContributionToken
    function penaltyOf(address account) external view returns (Penalty memory) {
        return _storage().penalties[account];
    }

    /// @inheritdoc IContributionToken
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @inheritdoc IContributionToken
    function hygiene() external view returns (address) {
        return _storage().hygiene;
    }

    /// @notice Where the contribution's record is.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return _registry.contributionURI(uint40(tokenId));
    }

    /// @dev Until its first transfer a token belongs to the contributor of its record.
    function _ownerOf(uint256 tokenId) internal view override returns (address owner) {
        owner = super._ownerOf(tokenId);
        if (owner != address(0)) return owner;
        ContributionRecord storage r = _storage().records[tokenId];
        ContributionStatus status = r.status;
        bool minted = status == ContributionStatus.Accepted || status == ContributionStatus.Tombstoned
            || status == ContributionStatus.Displaced;
        if (minted) owner = r.contributor;
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (ContributionTokenStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
