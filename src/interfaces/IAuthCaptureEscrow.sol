// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @dev Where version 1.0 of the Commerce Payments Protocol is: clients of x402 have both addresses as constants.
IAuthCaptureEscrow constant AUTH_CAPTURE_ESCROW = IAuthCaptureEscrow(0xBdEA0D1bcC5966192B070Fdf62aB4EF5b4420cff);
/// @dev What pulls a payment that was signed as an ERC-3009 authorization.
address constant ERC3009_COLLECTOR = 0x0E3dF9510de65469C4518D7843919c0b8C7A7757;

/// @title Escrow of payments that are captured for what they turn out to cost
/// @notice The part of version 1.0 of the Commerce Payments Protocol (github.com/base/commerce-payments) that
/// {IPaymentInbox} uses. A payer signs the most that it will pay; the operator it named places a hold of that amount, pays
/// the receiver out of it, and releases the rest.
interface IAuthCaptureEscrow {
    /// @notice What a payer agrees to: the nonce of its authorization is the hash of this, without the payer.
    /// @param operator Who may hold, capture and release
    /// @param payer Who signs, and gets the rest back
    /// @param receiver Who gets what is captured
    /// @param token The token that is paid
    /// @param maxAmount The most that may be captured
    /// @param preApprovalExpiry From then on the payment cannot be held any more
    /// @param authorizationExpiry From then on it cannot be captured any more, and the payer takes it back itself
    /// @param refundExpiry From then on it cannot be refunded any more
    /// @param minFeeBps Least share of what is captured for the fee's receiver
    /// @param maxFeeBps Largest share
    /// @param feeReceiver Who gets that share
    /// @param salt Any value that makes the payment one of its own
    struct PaymentInfo {
        address operator;
        address payer;
        address receiver;
        address token;
        uint120 maxAmount;
        uint48 preApprovalExpiry;
        uint48 authorizationExpiry;
        uint48 refundExpiry;
        uint16 minFeeBps;
        uint16 maxFeeBps;
        address feeReceiver;
        uint256 salt;
    }

    error InvalidSender(address sender, address expected);
    error ZeroAmount();
    error ExceedsMaxAmount(uint256 amount, uint256 maxAmount);
    error AfterPreApprovalExpiry(uint48 timestamp, uint48 expiry);
    error InvalidExpiries(uint48 preApproval, uint48 authorization, uint48 refund);
    error PaymentAlreadyCollected(bytes32 paymentInfoHash);
    error FeeBpsOutOfRange(uint16 feeBps, uint16 minFeeBps, uint16 maxFeeBps);
    error AfterAuthorizationExpiry(uint48 timestamp, uint48 expiry);
    error BeforeAuthorizationExpiry(uint48 timestamp, uint48 expiry);
    error InsufficientAuthorization(bytes32 paymentInfoHash, uint256 authorizedAmount, uint256 requestedAmount);
    error ZeroAuthorization(bytes32 paymentInfoHash);

    /// @notice Places the hold. The operator only, once for each payment.
    /// @param tokenCollector What pulls the tokens
    /// @param collectorData What it needs for that: the payer's signature
    function authorize(
        PaymentInfo calldata paymentInfo,
        uint256 amount,
        address tokenCollector,
        bytes calldata collectorData
    ) external;

    /// @notice Pays the receiver out of the hold. The operator only.
    function capture(PaymentInfo calldata paymentInfo, uint256 amount, uint16 feeBps, address feeReceiver) external;

    /// @notice Gives the rest of the hold back to the payer. The operator only.
    function void(PaymentInfo calldata paymentInfo) external;

    /// @notice The payer takes the rest of the hold back, when nothing can be captured any more.
    function reclaim(PaymentInfo calldata paymentInfo) external;

    /// @notice A payment's name here.
    function getHash(PaymentInfo calldata paymentInfo) external view returns (bytes32);

    /// @notice Whether a payment was ever held, what is left of the hold, and what was captured.
    function paymentState(bytes32 paymentInfoHash)
        external
        view
        returns (bool hasCollectedPayment, uint120 capturableAmount, uint120 refundableAmount);
}
