// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {AUTH_CAPTURE_ESCROW, ERC3009_COLLECTOR, IAuthCaptureEscrow} from "../interfaces/IAuthCaptureEscrow.sol";
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
        // Check
        uint40 node = _requireNode();
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
    function hold(Hold calldata payment, bytes calldata signature, bytes32 channelNonce)
        external
        returns (bytes32 channelId)
    {
        // Check
        uint40 node = _requireNode();
        // Interaction: gOPEN checks the signature, which commits to every field; whatever fails below undoes it
        AUTH_CAPTURE_ESCROW.authorize(_info(payment), payment.maxAmount, ERC3009_COLLECTOR, signature);
        channelId = ESCROW.openChannelFor(payment.consumer, node, channelNonce);
        emit PaymentHeld(payment.consumer, channelId, payment.maxAmount);
    }

    /// @inheritdoc IPaymentInbox
    function capture(Hold calldata payment, uint256 value, bytes32 channelNonce) external returns (bytes32 channelId) {
        // Check
        uint40 node = _requireNode();
        if (value == 0) revert PaymentInbox_ZeroAmount();
        // Interaction
        IAuthCaptureEscrow.PaymentInfo memory info = _info(payment);
        AUTH_CAPTURE_ESCROW.capture(info, value, 0, address(0));
        if (value < payment.maxAmount) AUTH_CAPTURE_ESCROW.void(info);
        GOPEN.withdraw(value);
        channelId = ESCROW.channelIdOf(payment.consumer, node, channelNonce);
        ESCROW.topUp{value: value}(channelId);
        emit PaymentCaptured(payment.consumer, channelId, value, payment.maxAmount - value);
    }

    /// @inheritdoc IPaymentInbox
    function release(Hold calldata payment) external {
        _requireNode();
        AUTH_CAPTURE_ESCROW.void(_info(payment));
    }

    /// @inheritdoc IPaymentInbox
    function nodeId() public view returns (uint40) {
        return uint40(bytes5(Clones.fetchCloneArgs(address(this))));
    }

    function _requireNode() private view returns (uint40 node) {
        node = nodeId();
        if (msg.sender != AGENTS.getAgentWallet(node)) revert PaymentInbox_NotNode(node, msg.sender);
    }

    /// @dev Operator and receiver are this contract: nobody else can hold, capture or release, or be paid.
    function _info(Hold calldata payment) private view returns (IAuthCaptureEscrow.PaymentInfo memory) {
        return IAuthCaptureEscrow.PaymentInfo({
            operator: address(this),
            payer: payment.consumer,
            receiver: address(this),
            token: address(GOPEN),
            maxAmount: payment.maxAmount,
            preApprovalExpiry: payment.preApprovalExpiry,
            authorizationExpiry: payment.captureDeadline,
            refundExpiry: payment.captureDeadline,
            minFeeBps: 0,
            maxFeeBps: 0,
            feeReceiver: address(0),
            salt: payment.salt
        });
    }
}
