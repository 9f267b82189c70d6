// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";
import {ITransferAuthorization} from "./ITransferAuthorization.sol";

/// @title gOPEN
/// @notice The native coin OPEN as an ERC-20 that can vote: one wei in, one unit out. Votes count by timestamp, and only
/// once they are delegated, to oneself or another. Approvals, transfers and delegations can be signed.
interface IGovernanceOpen is IERC20, IERC20Permit, IERC5805, ITransferAuthorization {
    /// @notice Native coin was wrapped.
    event Deposit(address indexed from, address indexed to, uint256 amount);
    /// @notice Native coin was unwrapped.
    event Withdrawal(address indexed from, address indexed to, uint256 amount);
    /// @notice An account said who may execute authorizations made out to it.
    event PullOnlySet(address indexed account, bool pullOnly);

    error GovernanceOpen_TransferFailed(address to, uint256 amount);
    error GovernanceOpen_PullOnly(address to, address caller);

    /// @notice Wraps the value sent, for the caller. Sending value without data does the same.
    function deposit() external payable;

    /// @notice Wraps the value sent, for `to`.
    function depositTo(address to) external payable;

    /// @notice Unwraps to the caller.
    function withdraw(uint256 amount) external;

    /// @notice Unwraps to `to`.
    function withdrawTo(address to, uint256 amount) external;

    /// @notice Says whether only the caller itself may execute authorizations made out to it, as if each was one to
    /// receive. For contracts that must do something with what they get, and whose payers sign plain transfers.
    function setPullOnly(bool pullOnly) external;

    /// @notice Whether only the account itself may execute authorizations made out to it.
    function isPullOnly(address account) external view returns (bool);
}
