// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {ContributionRecord, ContributionStatus} from "../types/Contribution.sol";
import {DatanetBase} from "./DatanetBase.sol";
import {DatanetCuration} from "./DatanetCuration.sol";
import {DatanetPermissions} from "./DatanetPermissions.sol";
import {StoreURI} from "./StoreURI.sol";

/// @title Registry of datanets and their contributions
/// @notice Contributors commit, reveal, and are accepted by curators. See {IDatanetRegistry}.
contract DatanetRegistry is DatanetCuration, DatanetPermissions, UUPSUpgradeable {
    /// @param token The token that accepted contributions become; it keeps their records
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IContributionToken token) DatanetBase(token) {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    function initialize(address authority) external initializer {
        __ERC721_init("OpenLedger Datanet", "DATANET");
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IDatanetRegistry
    function setHygiene(address hygiene_) external restricted {
        DatanetRegistryStorage storage $ = _storage();
        if ($.hygiene != address(0)) revert DatanetRegistry_HygieneAlreadySet($.hygiene);
        if (hygiene_ == address(0)) revert DatanetRegistry_ZeroAddress();
        $.hygiene = hygiene_;
        emit HygieneSet(hygiene_);
    }

    /// @inheritdoc IDatanetRegistry
    function createDatanet(DatanetConfig calldata config) external returns (uint40 datanetId) {
        DatanetRegistryStorage storage $ = _storage();
        // Check: it has a name, a licence policy, a bounded list of curators and a price that can be paid
        if (bytes(config.name).length == 0) revert DatanetRegistry_EmptyName();
        uint256 licenceCount = config.licences.length;
        if (licenceCount == 0 || licenceCount > MAX_LIST) revert DatanetRegistry_LicenceCount(licenceCount);
        if (config.curators.length > MAX_LIST) revert DatanetRegistry_CuratorCount(config.curators.length);
        if (config.pricePerRow % 1 gwei != 0) revert DatanetRegistry_PriceNotWholeGwei(config.pricePerRow);
        // Effect: record it and mint its token
        datanetId = ++$.datanetCount;
        $.datanets[datanetId] = Datanet({
            version: 0,
            configHash: keccak256(abi.encode(config)),
            contributionBond: config.contributionBond,
            pricePerRow: config.pricePerRow,
            permissioned: config.permissioned,
            // Casting is safe: at most MAX_LIST.
            // forge-lint: disable-next-line(unsafe-typecast)
            licenceCount: uint8(licenceCount)
        });
        $.metadataURIs[datanetId] = config.metadataURI;
        for (uint256 i = 0; i < licenceCount; ++i) {
            $.licences[datanetId][keccak256(bytes(config.licences[i]))] = true;
        }
        _mint(msg.sender, datanetId);
        emit DatanetCreated(datanetId, msg.sender, config);
        for (uint256 i = 0; i < config.curators.length; ++i) {
            _setCurator(datanetId, config.curators[i], true);
        }
    }

    /// @inheritdoc IDatanetRegistry
    function setCurator(uint40 datanetId, address curator, bool allowed) external {
        _requireOwner(datanetId);
        _setCurator(datanetId, curator, allowed);
    }

    /// @inheritdoc IDatanetRegistry
    function datanet(uint40 datanetId) external view returns (Datanet memory) {
        _requireDatanet(datanetId);
        return _storage().datanets[datanetId];
    }

    /// @inheritdoc IDatanetRegistry
    function contribution(uint40 contributionId) external view returns (Contribution memory) {
        ContributionRecord memory r = _recordOf(contributionId);
        return Contribution({
            contributor: r.contributor,
            datanetId: r.datanetId,
            submittedAt: r.submittedAt,
            status: r.status,
            bondState: r.bond,
            bond: _bondOf(r),
            inputHash: _storage().hashes[contributionId]
        });
    }

    /// @inheritdoc IDatanetRegistry
    function inputHashOf(uint40 contributionId) external view returns (bytes32) {
        return _inputHash(contributionId);
    }

    /// @inheritdoc IDatanetRegistry
    function contributionURI(uint40 contributionId) external view returns (string memory) {
        bytes32 hash = _inputHash(contributionId);
        if (hash == 0) revert DatanetRegistry_UnknownContribution(contributionId);
        return StoreURI.unpack(hash);
    }

    /// @inheritdoc IDatanetRegistry
    function version(uint40 datanetId) external view returns (bytes32) {
        _requireDatanet(datanetId);
        return _storage().datanets[datanetId].version;
    }

    /// @inheritdoc IDatanetRegistry
    function commitmentOf(uint40 contributionId)
        external
        view
        returns (bytes22 prefix, uint40 committedAt, uint40 committedBlock)
    {
        if (_inputHash(contributionId) != 0) return (0, 0, 0);
        bytes32 word = _storage().hashes[contributionId];
        return (bytes22(word), uint40(uint256(word)), uint40(uint256(word) >> 40));
    }

    /// @inheritdoc IDatanetRegistry
    function isCurator(uint40 datanetId, address account) external view returns (bool) {
        return _storage().curators[datanetId][account];
    }

    /// @inheritdoc IDatanetRegistry
    function allowsLicence(uint40 datanetId, string calldata licence) external view returns (bool) {
        return _storage().licences[datanetId][keccak256(bytes(licence))];
    }

    /// @inheritdoc IDatanetRegistry
    function datanetCount() external view returns (uint40) {
        return _storage().datanetCount;
    }

    /// @inheritdoc IDatanetRegistry
    function contributionCount() external view returns (uint40) {
        return _storage().contributionCount;
    }

    /// @notice The contract that decides duplicates and penalties.
    function hygiene() external view returns (address) {
        return _storage().hygiene;
    }

    /// @notice Where the datanet's longer description is.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return _storage().metadataURIs[uint40(tokenId)];
    }

    function _setCurator(uint40 datanetId, address curator, bool allowed) private {
        if (curator == address(0)) revert DatanetRegistry_ZeroAddress();
        _storage().curators[datanetId][curator] = allowed;
        emit CuratorSet(datanetId, curator, allowed);
    }

    /// @dev 0 before the submission, when the slot still has the commitment.
    function _inputHash(uint40 contributionId) private view returns (bytes32) {
        if (_record(contributionId).status == ContributionStatus.None) return 0;
        return _storage().hashes[contributionId];
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
