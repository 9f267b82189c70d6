// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title A node's address for payments by signature (x402)
/// @notice What clients of x402 sign is an ERC-3009 transfer of gOPEN to one address, with a random nonce: it names neither
/// a node nor a channel. Each node therefore has an address of its own, and this contract there. It keeps nothing: a
/// payment passes through it into a channel of the consumer's in {IInferenceEscrow}, in one transaction, so it pays data
/// owners like any other or goes back to the consumer.
///
/// A payment is of a fixed price (`exact`, {open}), or metered (`auth-capture`): {hold} places the most that the call may
/// cost in {IAuthCaptureEscrow} before it is answered, and {capture} takes what it did cost from there.
/// @dev No state and no upgrade. gOPEN executes authorizations made out to this address only for this address
/// ({IGovernanceOpen-setPullOnly}), so none can be executed past it and none has to be told from another.
interface IPaymentInbox {
    /// @notice An ERC-3009 authorization of gOPEN to this address.
    /// @param consumer Who signed it
    /// @param value Amount of gOPEN, in wei
    /// @param validAfter The authorization counts when the time is later than this
    /// @param validBefore and earlier than this
    /// @param nonce Any value that the consumer has not used before
    /// @param signature The consumer's signature (ECDSA or ERC-1271) over `TransferWithAuthorization`
    struct Payment {
        address consumer;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        bytes signature;
    }

    /// @notice A payment of the scheme `auth-capture`, to this address and operated by it, without fees for anyone else.
    /// @param consumer Who signed it
    /// @param maxAmount The most that may be captured, in wei of gOPEN
    /// @param preApprovalExpiry The authorization counts until then
    /// @param captureDeadline From then on nothing can be captured, and the consumer takes the money back itself
    /// @param salt The consumer's choice
    struct Hold {
        address consumer;
        uint120 maxAmount;
        uint48 preApprovalExpiry;
        uint48 captureDeadline;
        uint256 salt;
    }

    /// @notice A payment became a channel's deposit.
    event PaymentOpened(address indexed consumer, bytes32 indexed nonce, bytes32 indexed channelId, uint256 value);
    /// @notice The most that a call may cost is on hold, and the channel that it will be paid on is open.
    event PaymentHeld(address indexed consumer, bytes32 indexed channelId, uint256 maxAmount);
    /// @notice What a call did cost became the channel's deposit; the rest of the hold went back to the consumer.
    event PaymentCaptured(address indexed consumer, bytes32 indexed channelId, uint256 value, uint256 released);

    error PaymentInbox_NotNode(uint40 nodeId, address caller);
    error PaymentInbox_NotGovernanceOpen(address caller);
    error PaymentInbox_ZeroAmount();

    /// @notice Tells gOPEN to execute payments for this contract only. Anyone may call; it does no more the second time.
    function close() external;

    /// @notice Takes a payment and opens a channel of the consumer's with it. The node's agent wallet only.
    /// @dev The signer in the nonce is a key of the node: it signs the one voucher over what was bought. What no voucher
    /// takes, the consumer gets back through the escrow's exit.
    /// @param channelNonce Twelve bytes of choice, then the address of the channel's signer
    function open(Payment calldata payment, bytes32 channelNonce) external returns (bytes32 channelId);

    /// @notice Places a hold, and opens the channel that is paid on, empty as yet. The node's agent wallet only.
    /// @param signature The consumer's signature over `ReceiveWithAuthorization`, whose nonce commits to the whole payment
    /// @param channelNonce As in {open}
    function hold(Hold calldata payment, bytes calldata signature, bytes32 channelNonce)
        external
        returns (bytes32 channelId);

    /// @notice Takes what a call did cost from its hold into the channel, and releases the rest to the consumer. Once for
    /// each hold. The node's agent wallet only.
    /// @param value In wei of gOPEN; not 0, and not more than is on hold
    /// @param channelNonce That of {hold}: the channel can only be the consumer's own
    function capture(Hold calldata payment, uint256 value, bytes32 channelNonce) external returns (bytes32 channelId);

    /// @notice Releases a whole hold to the consumer: nothing was answered. The node's agent wallet only.
    function release(Hold calldata payment) external;

    /// @notice The node whose address this is.
    function nodeId() external view returns (uint40);
}
