// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IGovernanceOpen} from "../interfaces/IGovernanceOpen.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {IPaymentInbox} from "../interfaces/IPaymentInbox.sol";

/// @title A node's address for payments by signature.
/// @notice See {IPaymentInbox}. Nodes use clones of it, whose only argument is the node's id.
contract PaymentInbox is IPaymentInbox {
    IInferenceEscrow public immutable ESCROW;
    IGovernanceOpen public immutable GOPEN;
    IAgentRegistry public immutable AGENTS;

    constructor(IInferenceEscrow escrow, IGovernanceOpen gopen, IAgentRegistry agents) {
        ESCROW = escrow;
        GOPEN = gopen;
        AGENTS = agents;
    }

    /// @notice Unwrapped gOPEN comes in here, on its way to the escrow.
    receive() external payable {
        if (msg.sender != address(GOPEN)) revert PaymentInbox_NotGovernanceOpen(msg.sender);
    }

    /// @inheritdoc IPaymentInbox
    function close() external {
        GOPEN.setPullOnly(true);
    }

    /// @inheritdoc IPaymentInbox
    function open(Payment calldata payment, bytes32 channelNonce) external returns (bytes32 channelId) {
        uint40 node = nodeId();
        // Check
        if (msg.sender != AGENTS.getAgentWallet(node)) revert PaymentInbox_NotNode(node, msg.sender);
        if (payment.value == 0) revert PaymentInbox_ZeroAmount();
        // Interaction: gOPEN checks signature, window and nonce; whatever fails below undoes it
        GOPEN.transferWithAuthorization(
            payment.consumer,
            address(this),
            payment.value,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            payment.signature
        );
        GOPEN.withdraw(payment.value);
        channelId = ESCROW.openChannelFor{value: payment.value}(payment.consumer, node, channelNonce);
        emit PaymentOpened(payment.consumer, payment.nonce, channelId, payment.value);
    }

    /// @inheritdoc IPaymentInbox
    function nodeId() public view returns (uint40) {
        return uint40(bytes5(Clones.fetchCloneArgs(address(this))));
    }
}
