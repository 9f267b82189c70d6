// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";
import {IERC6372} from "@openzeppelin/contracts/interfaces/IERC6372.sol";
import {VotesUpgradeable} from "@openzeppelin/contracts-upgradeable/governance/utils/VotesUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {
    ERC20VotesUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20VotesUpgradeable.sol";
import {NoncesUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/NoncesUpgradeable.sol";
import {IGovernanceOpen} from "../interfaces/IGovernanceOpen.sol";
import {TransferAuthorization} from "./TransferAuthorization.sol";

/// @title gOPEN
/// @notice The native coin OPEN as an ERC-20 that can vote. See {IGovernanceOpen}.
contract GovernanceOpen is
    ERC20Upgradeable,
    ERC20PermitUpgradeable,
    ERC20VotesUpgradeable,
    TransferAuthorization,
    AccessManagedUpgradeable,
    UUPSUpgradeable,
    IGovernanceOpen
{
    /// @custom:storage-location erc7201:openledger.storage.GovernanceOpen
    struct GovernanceOpenStorage {
        mapping(address account => bool) pullOnly;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.GovernanceOpen")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x89934e4fd21e285e75facbca2cfebb27af948f631a7def8566ed5cc25f3d9000;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @notice Wraps the value sent, for the sender.
    receive() external payable {
        _deposit(msg.sender);
    }

    /// @param authority The access manager that may upgrade
    function initialize(address authority) external initializer {
        __ERC20_init("Governance OPEN", "gOPEN");
        __ERC20Permit_init("Governance OPEN");
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IGovernanceOpen
    function deposit() external payable {
        _deposit(msg.sender);
    }

    /// @inheritdoc IGovernanceOpen
    function depositTo(address to) external payable {
        _deposit(to);
    }

    /// @inheritdoc IGovernanceOpen
    function withdraw(uint256 amount) external {
        _withdraw(msg.sender, amount);
    }

    /// @inheritdoc IGovernanceOpen
    function withdrawTo(address to, uint256 amount) external {
        _withdraw(to, amount);
    }

    /// @inheritdoc IGovernanceOpen
    function setPullOnly(bool pullOnly) external {
        _storage().pullOnly[msg.sender] = pullOnly;
        emit PullOnlySet(msg.sender, pullOnly);
    }

    /// @inheritdoc IGovernanceOpen
    function isPullOnly(address account) public view returns (bool) {
        return _storage().pullOnly[account];
    }

    /// @notice Votes are counted in seconds.
    function clock() public view override(IERC6372, VotesUpgradeable) returns (uint48) {
        return Time.timestamp();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override(IERC6372, VotesUpgradeable) returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner)
        public
        view
        override(IERC20Permit, ERC20PermitUpgradeable, NoncesUpgradeable)
        returns (uint256)
    {
        return super.nonces(owner);
    }

    function _deposit(address to) private {
        // Effect: mint
        _mint(to, msg.value);
        emit Deposit(msg.sender, to, msg.value);
    }

    function _withdraw(address to, uint256 amount) private {
        // Effect: burn
        _burn(msg.sender, amount);
        emit Withdrawal(msg.sender, to, amount);
        // Interaction: pay out
        (bool sent,) = to.call{value: amount}("");
        if (!sent) revert GovernanceOpen_TransferFailed(to, amount);
    }

    function _transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal override {
        if (msg.sender != to && isPullOnly(to)) revert GovernanceOpen_PullOnly(to, msg.sender);
        super._transferWithAuthorization(from, to, value, validAfter, validBefore, nonce);
    }

    function _update(address from, address to, uint256 value)
        internal
        override(ERC20Upgradeable, ERC20VotesUpgradeable)
    {
        super._update(from, to, value);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (GovernanceOpenStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
