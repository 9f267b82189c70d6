// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IPaymentInbox} from "../interfaces/IPaymentInbox.sol";
import {IPaymentInboxes} from "../interfaces/IPaymentInboxes.sol";

/// @title Addresses for payments by signature, one for each node.
/// @notice See {IPaymentInboxes}.
contract PaymentInboxes is IPaymentInboxes {
    /// @notice What every inbox runs.
    IPaymentInbox public immutable IMPLEMENTATION;

    constructor(IPaymentInbox implementation) {
        IMPLEMENTATION = implementation;
    }

    /// @inheritdoc IPaymentInboxes
    function create(uint40 nodeId) external returns (address inbox) {
        inbox = inboxOf(nodeId);
        if (inbox.code.length != 0) return inbox;
        Clones.cloneDeterministicWithImmutableArgs(address(IMPLEMENTATION), abi.encodePacked(nodeId), 0);
        IPaymentInbox(inbox).close();
        emit InboxCreated(nodeId, inbox);
    }

    /// @inheritdoc IPaymentInboxes
    function inboxOf(uint40 nodeId) public view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(address(IMPLEMENTATION), abi.encodePacked(nodeId), 0);
    }
}
