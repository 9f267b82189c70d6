// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Addresses for payments by signature, one for each node
/// @notice Makes the {IPaymentInbox} of a node. Its address follows from the node's id alone.
interface IPaymentInboxes {
    /// @notice A node's inbox was made.
    event InboxCreated(uint40 indexed nodeId, address inbox);

    /// @notice Makes a node's inbox; returns it if there is one already. Anyone may call.
    function create(uint40 nodeId) external returns (address inbox);

    /// @notice Where a node's inbox is, or will be.
    function inboxOf(uint40 nodeId) external view returns (address);
}
