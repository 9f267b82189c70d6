// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";

/// @title The token of an accepted contribution
/// @notice Whoever owns it is paid what the contribution earns. See {IContributionToken}.
contract ContributionToken is ERC721Upgradeable, AccessManagedUpgradeable, UUPSUpgradeable, IContributionToken {
    /// @custom:storage-location erc7201:openledger.storage.ContributionToken
    struct ContributionTokenStorage {
        IDatanetRegistry registry;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ContributionToken")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x27431a3a9950d987a63f304cb7a031d0f7d4c676ddbc19a37e1ea57f50d26a00;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    /// @param registry_ The registry that mints
    function initialize(address authority, IDatanetRegistry registry_) external initializer {
        if (address(registry_) == address(0)) revert ContributionToken_ZeroAddress();
        __ERC721_init("OpenLedger Contribution", "CONTRIBUTION");
        __AccessManaged_init(authority);
        _storage().registry = registry_;
    }

    /// @inheritdoc IContributionToken
    function mint(address to, uint40 contributionId) external {
        if (msg.sender != address(_storage().registry)) revert ContributionToken_NotRegistry(msg.sender);
        _mint(to, contributionId);
    }

    /// @inheritdoc IContributionToken
    function registry() external view returns (address) {
        return address(_storage().registry);
    }

    /// @notice Where the contribution's content is.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return _storage().registry.contributionURI(uint40(tokenId));
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (ContributionTokenStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
