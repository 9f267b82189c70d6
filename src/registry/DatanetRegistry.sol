// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {StoreURI} from "./StoreURI.sol";

/// @title Registry of datanets and their contributions
/// @notice Contributors commit, reveal, and are accepted by curators. See {IDatanetRegistry}.
contract DatanetRegistry is ERC721Upgradeable, AccessManagedUpgradeable, UUPSUpgradeable, IDatanetRegistry {
    /// @dev When and where a commitment was made; one slot.
    struct Commitment {
        uint40 committedAt;
        uint40 committedBlock;
    }

    /// @custom:storage-location erc7201:openledger.storage.DatanetRegistry
    struct DatanetRegistryStorage {
        IContributionToken token;
        uint40 datanetCount;
        uint40 contributionCount;
        mapping(uint40 datanetId => Datanet) datanets;
        mapping(uint40 datanetId => string) metadataURIs;
        mapping(uint40 datanetId => mapping(bytes32 licenceHash => bool)) licences;
        mapping(uint40 datanetId => mapping(address account => bool)) curators;
        mapping(bytes32 commitment => Commitment) commitments;
        mapping(uint40 contributionId => Contribution) contributions;
        mapping(uint40 contributionId => bytes32) storeHashes;
        mapping(uint40 contributionId => string) otherURIs;
    }

    /// @notice How long curators have to decide about a contribution.
    uint256 public constant REVIEW_WINDOW = 14 days;
    /// @notice How many licences a datanet may take, and how many curators it may start with.
    uint256 public constant MAX_LIST = 32;

    uint8 private constant LAST_KIND = 2;
    bytes1 private constant VERSION_TAG = 0x32;
    bytes1 private constant OP_ACCEPT = 0x00;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.DatanetRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x89e21eb98a99ad74696ff9cc7f797d53cf7230fa3926bb449dd08a57f81bef00;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    /// @param token The token that accepted contributions become
    function initialize(address authority, IContributionToken token) external initializer {
        if (address(token) == address(0)) revert DatanetRegistry_ZeroAddress();
        __ERC721_init("OpenLedger Datanet", "DATANET");
        __AccessManaged_init(authority);
        _storage().token = token;
    }

    /// @inheritdoc IDatanetRegistry
    function createDatanet(DatanetConfig calldata config) external returns (uint40 datanetId) {
        DatanetRegistryStorage storage $ = _storage();
        // Check: it has a name, a licence policy and a bounded list of curators
        if (bytes(config.name).length == 0) revert DatanetRegistry_EmptyName();
        uint256 licenceCount = config.licences.length;
        if (licenceCount == 0 || licenceCount > MAX_LIST) revert DatanetRegistry_LicenceCount(licenceCount);
        if (config.curators.length > MAX_LIST) revert DatanetRegistry_CuratorCount(config.curators.length);
        // Effect: record it and mint its token
        datanetId = ++$.datanetCount;
        Datanet storage d = $.datanets[datanetId];
        d.configHash = keccak256(abi.encode(config));
        d.contributionBond = config.contributionBond;
        d.pricePerRow = config.pricePerRow;
        d.permissioned = config.permissioned;
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
        _requireDatanet(datanetId);
        if (_ownerOf(datanetId) != msg.sender) revert DatanetRegistry_NotOwner(datanetId, msg.sender);
        _setCurator(datanetId, curator, allowed);
    }

    /// @inheritdoc IDatanetRegistry
    function commit(bytes32 commitment) external {
        Commitment storage c = _storage().commitments[commitment];
        // A second commitment keeps the first one's time: whoever copies a pending one only pays for its gas.
        if (c.committedBlock != 0) return;
        c.committedAt = uint40(block.timestamp);
        c.committedBlock = uint40(block.number);
        emit ContributionCommitted(commitment, msg.sender);
    }

    /// @inheritdoc IDatanetRegistry
    function submit(ContributionInput calldata input, bytes32 salt) external payable returns (uint40 contributionId) {
        DatanetRegistryStorage storage $ = _storage();
        // Check: the datanet takes it
        _requireDatanet(input.datanetId);
        uint96 bond = $.datanets[input.datanetId].contributionBond;
        if (msg.value != bond) revert DatanetRegistry_WrongBond(bond, msg.value);
        if (!$.licences[input.datanetId][keccak256(bytes(input.licence))]) {
            revert DatanetRegistry_LicenceNotAllowed(input.datanetId, input.licence);
        }
        if (input.kind > LAST_KIND) revert DatanetRegistry_UnknownKind(input.kind);
        bool empty = input.contentRoot == 0 || input.byteLength == 0 || input.rowsRoot == 0 || input.rowCount == 0;
        if (empty) revert DatanetRegistry_EmptyContribution();
        // Check, effect: use the sender's commitment up
        uint40 committedAt = _useCommitment(keccak256(abi.encode(msg.sender, input.contentRoot, input.rowsRoot, salt)));
        // Effect: record it
        contributionId = ++$.contributionCount;
        $.contributions[contributionId] = Contribution({
            contributor: msg.sender,
            datanetId: input.datanetId,
            submittedAt: uint40(block.timestamp),
            status: Status.Submitted,
            kind: input.kind,
            bond: bond,
            committedAt: committedAt,
            byteLength: input.byteLength,
            rowCount: input.rowCount,
            inputHash: keccak256(abi.encode(input))
        });
        bytes32 storeHash = StoreURI.pack(input.uri);
        if (storeHash == 0) $.otherURIs[contributionId] = input.uri;
        else $.storeHashes[contributionId] = storeHash;
        emit ContributionSubmitted(contributionId, input.datanetId, msg.sender, input, bond, committedAt);
    }

    /// @inheritdoc IDatanetRegistry
    function accept(uint40 contributionId) external {
        DatanetRegistryStorage storage $ = _storage();
        // Check: a curator, in time
        Contribution storage c = _underReview(contributionId);
        uint40 datanetId = c.datanetId;
        // Effect: move the datanet's version on
        c.status = Status.Accepted;
        Datanet storage d = $.datanets[datanetId];
        ++d.accepted;
        bytes32 next = keccak256(abi.encodePacked(VERSION_TAG, d.version, OP_ACCEPT, contributionId << 2));
        d.version = next;
        emit ContributionAccepted(contributionId, datanetId, msg.sender, next);
        // Interaction: our own token, which calls nobody
        $.token.mint(c.contributor, contributionId);
    }

    /// @inheritdoc IDatanetRegistry
    function reject(uint40 contributionId, bytes32 reasonHash) external {
        // Check: a curator, in time
        Contribution storage c = _underReview(contributionId);
        // Effect: reject it
        c.status = Status.Rejected;
        emit ContributionRejected(contributionId, c.datanetId, msg.sender, reasonHash);
    }

    /// @inheritdoc IDatanetRegistry
    function reclaimBond(uint40 contributionId) external {
        Contribution storage c = _contribution(contributionId);
        // Check, effect: silence rejects nothing but also accepts nothing any more
        if (c.status == Status.Submitted) {
            uint256 reviewEnd = c.submittedAt + REVIEW_WINDOW;
            if (block.timestamp <= reviewEnd) revert DatanetRegistry_UnderReview(contributionId, reviewEnd);
            c.status = Status.Expired;
            emit ContributionExpired(contributionId, c.datanetId);
        } else if (c.bond == 0) {
            revert DatanetRegistry_NothingToReclaim(contributionId);
        }
        uint96 bond = c.bond;
        if (bond == 0) return;
        // Effect: nothing is held any more
        c.bond = 0;
        address contributor = c.contributor;
        emit BondReclaimed(contributionId, contributor, bond);
        // Interaction: pay it back
        (bool sent,) = contributor.call{value: bond}("");
        if (!sent) revert DatanetRegistry_TransferFailed(contributor, bond);
    }

    /// @inheritdoc IDatanetRegistry
    function datanet(uint40 datanetId) external view returns (Datanet memory) {
        _requireDatanet(datanetId);
        return _storage().datanets[datanetId];
    }

    /// @inheritdoc IDatanetRegistry
    function contribution(uint40 contributionId) external view returns (Contribution memory) {
        return _contribution(contributionId);
    }

    /// @inheritdoc IDatanetRegistry
    function contributionURI(uint40 contributionId) external view returns (string memory) {
        _contribution(contributionId);
        bytes32 storeHash = _storage().storeHashes[contributionId];
        return storeHash == 0 ? _storage().otherURIs[contributionId] : StoreURI.unpack(storeHash);
    }

    /// @inheritdoc IDatanetRegistry
    function version(uint40 datanetId) external view returns (bytes32) {
        _requireDatanet(datanetId);
        return _storage().datanets[datanetId].version;
    }

    /// @inheritdoc IDatanetRegistry
    function commitments(bytes32 commitment) external view returns (uint40 committedAt, uint40 committedBlock) {
        Commitment storage c = _storage().commitments[commitment];
        return (c.committedAt, c.committedBlock);
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

    /// @dev Deletes a commitment of an earlier block and returns its time.
    function _useCommitment(bytes32 commitment) private returns (uint40 committedAt) {
        mapping(bytes32 => Commitment) storage all = _storage().commitments;
        Commitment memory c = all[commitment];
        if (c.committedBlock == 0) revert DatanetRegistry_NotCommitted(commitment);
        if (block.number <= c.committedBlock) revert DatanetRegistry_TooEarly(c.committedBlock);
        delete all[commitment];
        return c.committedAt;
    }

    /// @dev A contribution that the caller, as a curator of its datanet, may still decide about.
    function _underReview(uint40 contributionId) private view returns (Contribution storage c) {
        c = _contribution(contributionId);
        if (!_storage().curators[c.datanetId][msg.sender]) {
            revert DatanetRegistry_NotCurator(c.datanetId, msg.sender);
        }
        if (c.status != Status.Submitted) revert DatanetRegistry_NotSubmitted(contributionId, c.status);
        uint256 reviewEnd = c.submittedAt + REVIEW_WINDOW;
        if (block.timestamp > reviewEnd) revert DatanetRegistry_ReviewOver(contributionId, reviewEnd);
    }

    function _contribution(uint40 contributionId) private view returns (Contribution storage c) {
        c = _storage().contributions[contributionId];
        if (c.status == Status.None) revert DatanetRegistry_UnknownContribution(contributionId);
    }

    function _requireDatanet(uint40 datanetId) private view {
        if (_ownerOf(datanetId) == address(0)) revert DatanetRegistry_UnknownDatanet(datanetId);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (DatanetRegistryStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
