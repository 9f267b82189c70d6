// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {BondState, ContributionRecord, ContributionStatus} from "../types/Contribution.sol";

/// @title What the parts of the datanet registry share: storage, bonds, versions and signatures
abstract contract DatanetBase is ERC721Upgradeable, AccessManagedUpgradeable, IDatanetRegistry {
    /// @custom:storage-location erc7201:openledger.storage.DatanetRegistry
    struct DatanetRegistryStorage {
        uint40 datanetCount;
        uint40 contributionCount;
        address hygiene;
        mapping(uint40 datanetId => Datanet) datanets;
        mapping(uint40 datanetId => string) metadataURIs;
        mapping(uint40 datanetId => mapping(bytes32 licenceHash => bool)) licences;
        mapping(uint40 datanetId => mapping(address account => bool)) curators;
        // Until the submission: commitment22 ‖ block5 ‖ time5; from then on the hash of the input.
        mapping(uint40 contributionId => bytes32) hashes;
        mapping(uint40 datanetId => mapping(address trainer => Period[])) periods;
        mapping(address owner => mapping(uint256 nonce => bool)) nonces;
    }

    /// @inheritdoc IDatanetRegistry
    uint256 public constant REVIEW_WINDOW = 14 days;
    /// @notice How long a commitment keeps its place: else one could sit on what others will write.
    uint256 public constant REVEAL_WINDOW = 30 days;
    /// @notice How many licences a datanet may take, and how many curators it may start with.
    uint256 public constant MAX_LIST = 32;
    /// @notice Part of a duplicate's bond for its prover.
    uint256 public constant PROVER_BPS = 1_000;

    uint256 internal constant BPS = 10_000;
    bytes1 internal constant OP_ACCEPT = 0x00;
    bytes1 internal constant OP_TOMBSTONE = 0x01;

    bytes1 private constant VERSION_TAG = 0x32;
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.DatanetRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x89e21eb98a99ad74696ff9cc7f797d53cf7230fa3926bb449dd08a57f81bef00;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IContributionToken internal immutable _token;

    modifier onlyHygiene() {
        _requireHygiene();
        _;
    }

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IContributionToken token) {
        if (address(token) == address(0)) revert DatanetRegistry_ZeroAddress();
        _token = token;
    }

    /// @dev Moves a datanet's version on.
    function _advance(uint40 datanetId, bytes1 op, uint40 contributionId) internal returns (bytes32 next) {
        Datanet storage d = _storage().datanets[datanetId];
        next = keccak256(abi.encodePacked(VERSION_TAG, d.version, op, contributionId << 2));
        d.version = next;
    }

    /// @dev What is still held of a contribution's bond: its datanet's bond, less the reward once it is a duplicate.
    function _bondOf(ContributionRecord memory r) internal view returns (uint96 bond) {
        if (r.bond == BondState.None) return 0;
        bond = _storage().datanets[r.datanetId].contributionBond;
        if (r.status == ContributionStatus.Duplicate || r.status == ContributionStatus.Displaced) {
            bond -= _reward(bond);
        }
    }

    /// @dev The prover's part of a bond.
    function _reward(uint96 bond) internal pure returns (uint96) {
        // Casting is safe: a part of the bond is no larger than the bond.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(bond * PROVER_BPS / BPS);
    }

    function _recordOf(uint40 contributionId) internal view returns (ContributionRecord memory r) {
        r = _record(contributionId);
        _requireSubmitted(contributionId, r);
    }

    /// @dev Zeros when there is none.
    function _record(uint40 contributionId) internal view returns (ContributionRecord memory) {
        return _token.recordOf(contributionId);
    }

    function _setStatus(uint40 contributionId, ContributionStatus status) internal {
        _token.setStatus(contributionId, status);
    }

    function _setBond(uint40 contributionId, BondState bond) internal {
        _token.setBond(contributionId, bond);
    }

    function _requireHygiene() private view {
        if (msg.sender != _storage().hygiene) revert DatanetRegistry_NotHygiene(msg.sender);
    }

    function _requireSubmitted(uint40 contributionId, ContributionRecord memory r) internal pure {
        if (r.status == ContributionStatus.None) revert DatanetRegistry_UnknownContribution(contributionId);
    }

    function _requireDatanet(uint40 datanetId) internal view {
        if (_ownerOf(datanetId) == address(0)) revert DatanetRegistry_UnknownDatanet(datanetId);
    }

    function _requireOwner(uint40 datanetId) internal view {
        _requireDatanet(datanetId);
        if (_ownerOf(datanetId) != msg.sender) revert DatanetRegistry_NotOwner(datanetId, msg.sender);
    }

    function _requireCurator(uint40 datanetId, address account) internal view {
        if (!_storage().curators[datanetId][account]) revert DatanetRegistry_NotCurator(datanetId, account);
    }

    /// @dev EIP-712 or ERC-1271, domain ("OpenLedger", "1", chain, this).
    function _requireSignature(address signer, bytes32 structHash, bytes calldata signature) internal view {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("OpenLedger"), keccak256("1"), block.chainid, address(this))
        );
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        if (!SignatureChecker.isValidSignatureNow(signer, digest, signature)) {
            revert DatanetRegistry_InvalidSignature(signer);
        }
    }

    function _storage() internal pure returns (DatanetRegistryStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
