// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {
    ERC20BurnableUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20BurnableUpgradeable.sol";
import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {TransferAuthorization} from "./TransferAuthorization.sol";

/// @title OPEN
/// @notice The token on L1 and the coin of the rollup: minted once, 18 decimals, no fee, hook, pause or blacklist.
/// Approvals (permit) and transfers (ERC-3009) can be signed. It can be upgraded until its upgrader gives that right up for ever, because a gas token must end immutable.
contract OpenToken is
    ERC20Upgradeable,
    ERC20BurnableUpgradeable,
    ERC20PermitUpgradeable,
    TransferAuthorization,
    UUPSUpgradeable
{
    /// @custom:storage-location erc7201:openledger.storage.OpenToken
    struct OpenTokenStorage {
        address upgrader;
    }

    /// @notice All the OPEN there will ever be.
    uint256 public constant SUPPLY = 1_000_000_000e18;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.OpenToken")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x64b50dccda9987288e07fb963d5c8d5405fcb330b22cc2210bb1c00a39c67000;

    /// @notice The right to upgrade passed on; to zero for ever when it was given up.
    event UpgraderSet(address indexed previous, address indexed current);

    error OpenToken_NotUpgrader(address caller);
    error OpenToken_ZeroAddress();

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param holder Gets the whole supply
    /// @param upgrader_ The L1 timelock
    function initialize(address holder, address upgrader_) external initializer {
        if (upgrader_ == address(0)) revert OpenToken_ZeroAddress();
        __ERC20_init("OpenLedger", "OPEN");
        __ERC20Permit_init("OpenLedger");
        _setUpgrader(upgrader_);
        _mint(holder, SUPPLY);
    }

    /// @notice Gives up the right to upgrade, for ever.
    function renounceUpgrades() external {
        _checkUpgrader();
        _setUpgrader(address(0));
    }

    /// @notice Who may upgrade; zero once the token is immutable.
    function upgrader() public view returns (address) {
        return _storage().upgrader;
    }

    function _authorizeUpgrade(address) internal view override {
        _checkUpgrader();
    }

    function _checkUpgrader() private view {
        if (msg.sender != _storage().upgrader) revert OpenToken_NotUpgrader(msg.sender);
    }

    function _setUpgrader(address next) private {
        OpenTokenStorage storage $ = _storage();
        emit UpgraderSet($.upgrader, next);
        $.upgrader = next;
    }

    function _storage() private pure returns (OpenTokenStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
