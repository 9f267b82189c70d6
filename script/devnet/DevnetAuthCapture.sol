// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {AUTH_CAPTURE_ESCROW, IAuthCaptureEscrow} from "../../src/interfaces/IAuthCaptureEscrow.sol";
import {ITransferAuthorization} from "../../src/interfaces/ITransferAuthorization.sol";

// A devnet has no contracts of others, and clients of x402 have the addresses of these two as constants. What stands there
// instead is written anew, for what {IPaymentInbox} and payers call: the same functions, conditions, errors and payment
// hashes. It has no charges, refunds, fees, or other collectors. Never deployed anywhere: see script/predeploys.mjs.

/// @title What stands on a devnet for the Commerce Payments Protocol's escrow
contract DevnetAuthCaptureEscrow is IAuthCaptureEscrow {
    using SafeERC20 for IERC20;

    struct State {
        bool hasCollectedPayment;
        uint120 capturableAmount;
        uint120 refundableAmount;
    }

    bytes32 private constant PAYMENT_INFO = keccak256(
        "PaymentInfo(address operator,address payer,address receiver,address token,uint120 maxAmount,uint48 preApprovalExpiry,uint48 authorizationExpiry,uint48 refundExpiry,uint16 minFeeBps,uint16 maxFeeBps,address feeReceiver,uint256 salt)"
    );

    mapping(bytes32 paymentInfoHash => State) public paymentState;

    modifier onlySender(address expected) {
        if (msg.sender != expected) revert InvalidSender(msg.sender, expected);
        _;
    }

    /// @inheritdoc IAuthCaptureEscrow
    function authorize(PaymentInfo calldata info, uint256 amount, address collector, bytes calldata signature)
        external
        onlySender(info.operator)
    {
        if (amount == 0) revert ZeroAmount();
        if (amount > info.maxAmount) revert ExceedsMaxAmount(amount, info.maxAmount);
        uint48 time = uint48(block.timestamp);
        if (time >= info.preApprovalExpiry) revert AfterPreApprovalExpiry(time, info.preApprovalExpiry);
        if (info.preApprovalExpiry > info.authorizationExpiry || info.authorizationExpiry > info.refundExpiry) {
            revert InvalidExpiries(info.preApprovalExpiry, info.authorizationExpiry, info.refundExpiry);
        }
        bytes32 id = getHash(info);
        if (paymentState[id].hasCollectedPayment) revert PaymentAlreadyCollected(id);
        paymentState[id] = State(true, uint120(amount), 0);
        DevnetPaymentCollector(collector).collect(info, amount, signature);
    }

    /// @inheritdoc IAuthCaptureEscrow
    function capture(PaymentInfo calldata info, uint256 amount, uint16 feeBps, address)
        external
        onlySender(info.operator)
    {
        if (amount == 0) revert ZeroAmount();
        if (feeBps != 0) revert FeeBpsOutOfRange(feeBps, 0, 0);
        if (block.timestamp >= info.authorizationExpiry) {
            revert AfterAuthorizationExpiry(uint48(block.timestamp), info.authorizationExpiry);
        }
        bytes32 id = getHash(info);
        State storage state = paymentState[id];
        uint120 held = state.capturableAmount;
        if (held < amount) revert InsufficientAuthorization(id, held, amount);
        state.capturableAmount = held - uint120(amount);
        state.refundableAmount += uint120(amount);
        IERC20(info.token).safeTransfer(info.receiver, amount);
    }

    /// @inheritdoc IAuthCaptureEscrow
    function void(PaymentInfo calldata info) external onlySender(info.operator) {
        _giveBack(info);
    }

    /// @inheritdoc IAuthCaptureEscrow
    function reclaim(PaymentInfo calldata info) external onlySender(info.payer) {
        if (block.timestamp < info.authorizationExpiry) {
            revert BeforeAuthorizationExpiry(uint48(block.timestamp), info.authorizationExpiry);
        }
        _giveBack(info);
    }

    /// @inheritdoc IAuthCaptureEscrow
    function getHash(PaymentInfo memory info) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), keccak256(abi.encode(PAYMENT_INFO, info))));
    }

    function _giveBack(PaymentInfo calldata info) private {
        bytes32 id = getHash(info);
        uint120 held = paymentState[id].capturableAmount;
        if (held == 0) revert ZeroAuthorization(id);
        paymentState[id].capturableAmount = 0;
        IERC20(info.token).safeTransfer(info.payer, held);
    }
}

/// @title What stands on a devnet for that protocol's collector of ERC-3009 payments
contract DevnetPaymentCollector {
    using SafeERC20 for IERC20;

    error OnlyAuthCaptureEscrow();

    /// @notice Pulls a whole payment, gives back what is not to be held, and passes the rest on to the escrow.
    function collect(IAuthCaptureEscrow.PaymentInfo memory info, uint256 amount, bytes calldata signature) external {
        if (msg.sender != address(AUTH_CAPTURE_ESCROW)) revert OnlyAuthCaptureEscrow();
        (address payer, uint256 whole) = (info.payer, info.maxAmount);
        info.payer = address(0);
        bytes32 nonce = AUTH_CAPTURE_ESCROW.getHash(info);
        ITransferAuthorization(info.token)
            .receiveWithAuthorization(payer, address(this), whole, 0, info.preApprovalExpiry, nonce, signature);
        if (whole > amount) IERC20(info.token).safeTransfer(payer, whole - amount);
        IERC20(info.token).safeTransfer(msg.sender, amount);
    }
}
