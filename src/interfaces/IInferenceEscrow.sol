// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {SignedVoucher} from "../types/Claim.sol";

/// @title Payment channels between consumers and nodes.
/// @notice A channel never pays more than its deposit, nor anything its signer did not sign. What a consumer takes back,
/// and a change of the signer, wait for the exit delay, so a node can always redeem first what it holds.
/// @dev EIP-712 domain: name "OpenLedger", version "1", this contract. Types:
/// `Voucher(bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount)`
/// signed by the channel's signer,
/// `VoucherAccepted(bytes32 voucherHash,bytes32 receiptsRoot)` signed by the node's agent wallet, where `voucherHash` is the
/// EIP-712 digest of the voucher as it was signed, and
/// `SessionKey(bytes32 channelId,address signer,uint256 nonce,uint40 deadline)` signed by the consumer (ECDSA or ERC-1271).
///
/// A prepaid voucher is signed with receiptsRoot 0 and receiptCount 1, before the call is answered: the node supplies the
/// root when it redeems, in its own call or in its acceptance. It chooses nothing else: channel, epoch, fee and count are
/// the consumer's, and the epoch makes the voucher good for one redemption.
interface IInferenceEscrow {
    /// @notice A channel.
    /// @param consumer Who gets the rest back
    /// @param signer Whose ECDSA signature spends now
    /// @param nodeId The node that is paid
    /// @param epoch Number of vouchers redeemed
    /// @param deposit Everything deposited less what was withdrawn
    /// @param settled What vouchers have paid
    /// @param exitAt When the consumer may withdraw `exitAmount`; 0: no exit requested
    /// @param exitAmount What the consumer asked back; a node should count on deposit - settled - exitAmount
    /// @param nextSigner Whose signature spends from `signerAt` on; 0: no change requested
    /// @param signerAt When the change takes effect: until then the old signer's vouchers hold, from then on the new one's
    /// @param keyNonce Nonce that the next signed `SessionKey` must have
    struct Channel {
        address consumer;
        address signer;
        uint40 nodeId;
        uint32 epoch;
        uint96 deposit;
        uint96 settled;
        uint40 exitAt;
        uint96 exitAmount;
        address nextSigner;
        uint40 signerAt;
        uint56 keyNonce;
    }

    /// @notice An ERC-3009 authorization of gOPEN to this contract, with the channel's id as its nonce.
    /// @param value Amount of gOPEN, in wei
    /// @param validAfter The authorization counts when the time is later than this
    /// @param validBefore and earlier than this
    /// @param signature The consumer's signature (ECDSA or ERC-1271) over `ReceiveWithAuthorization`
    struct Authorization {
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes signature;
    }

    event ChannelOpened(
        bytes32 indexed channelId,
        address indexed consumer,
        uint40 indexed nodeId,
        address signer,
        bytes32 nonce,
        uint96 deposit
    );
    event ChannelToppedUp(bytes32 indexed channelId, address indexed from, uint96 amount, uint96 deposit);
    /// @notice The consumer wants `amount` back at `exitAt`; both 0: it changed its mind.
    event ExitRequested(bytes32 indexed channelId, uint96 amount, uint40 exitAt);
    event ChannelWithdrawn(bytes32 indexed channelId, address indexed consumer, uint96 amount);
    /// @notice From `effectiveAt` on, `signer` spends.
    event SignerChangeRequested(bytes32 indexed channelId, address indexed signer, uint40 effectiveAt);

    error InferenceEscrow_NotSettlement(address caller);
    error InferenceEscrow_NotGovernanceOpen(address caller);
    error InferenceEscrow_ZeroAmount();
    error InferenceEscrow_ZeroConsumer();
    error InferenceEscrow_ZeroSigner();
    error InferenceEscrow_AmountTooLarge(uint256 amount);
    error InferenceEscrow_ChannelExists(bytes32 channelId);
    error InferenceEscrow_UnknownChannel(bytes32 channelId);
    error InferenceEscrow_NotConsumer(bytes32 channelId, address caller);
    error InferenceEscrow_NotSoMuchLeft(bytes32 channelId, uint96 left, uint96 requested);
    error InferenceEscrow_ExitNotReady(bytes32 channelId, uint40 exitAt);
    error InferenceEscrow_DeadlinePassed(uint40 deadline);
    error InferenceEscrow_BadSessionKey(bytes32 channelId, address consumer);
    error InferenceEscrow_WrongNode(bytes32 channelId, uint40 nodeId);
    error InferenceEscrow_WrongEpoch(bytes32 channelId, uint32 expected, uint32 given);
    error InferenceEscrow_WrongSettledFee(bytes32 channelId, uint96 expected, uint96 given);
    error InferenceEscrow_FeeBelowSettled(bytes32 channelId, uint96 settled, uint96 cumulativeFee);
    error InferenceEscrow_FeeExceedsDeposit(bytes32 channelId, uint96 deposit, uint96 cumulativeFee);
    error InferenceEscrow_FeeNotWholeGwei(bytes32 channelId, uint256 fee);
    error InferenceEscrow_EmptyVoucher(bytes32 channelId);
    error InferenceEscrow_BadSignature(bytes32 channelId, address recovered);
    error InferenceEscrow_NotAccepted(bytes32 channelId, address recovered);
    error InferenceEscrow_SendFailed(address to, uint256 amount);

    /// @notice Opens a channel with a node and deposits the value sent.
    /// @param nodeId Agent id of the node
    /// @param signer Who signs vouchers: the consumer itself or a session key
    /// @param nonce Makes the consumer's channels with this node distinct
    /// @return channelId keccak256(abi.encode(chainid, escrow, consumer, nodeId, nonce))
    function openChannel(uint40 nodeId, address signer, bytes32 nonce) external payable returns (bytes32 channelId);

    /// @notice Opens a channel in somebody's name and deposits the value sent; the consumer gets the rest back.
    /// @dev The signer is in the nonce, so the channel's id says who spends: a stranger who opens it first opens the same.
    /// @param consumer Whose channel it is
    /// @param nodeId Agent id of the node
    /// @param nonce Twelve bytes of choice, then the signer's address
    function openChannelFor(address consumer, uint40 nodeId, bytes32 nonce) external payable returns (bytes32 channelId);

    /// @notice Opens a channel with gOPEN that the consumer sends by signature; tops it up if it is open already. Anyone may
    /// call.
    /// @param consumer Who signed the authorization
    /// @param nodeId Agent id of the node
    /// @param nonce Twelve bytes of choice, then the signer's address
    /// @param authorization The consumer's authorization, whose nonce is the channel's id
    function openChannelWithAuthorization(
        address consumer,
        uint40 nodeId,
        bytes32 nonce,
        Authorization calldata authorization
    ) external returns (bytes32 channelId);

    /// @notice Adds the value sent to a channel's deposit. Anyone may pay; the consumer gets the rest back. A requested exit
    /// stays as it is.
    function topUp(bytes32 channelId) external payable;

    /// @notice Asks for everything that is left now. Consumer only. See {requestWithdraw}.
    function requestExit(bytes32 channelId) external;

    /// @notice Asks for a part of what is left; 0 takes the request back. Starts the exit delay, in which the node can still
    /// redeem what was signed. A new request replaces the one before. Consumer only.
    function requestWithdraw(bytes32 channelId, uint96 amount) external;

    /// @notice Pays the consumer what it asked for, or what is left of it, once the exit delay is over. Anyone may call.
    function withdraw(bytes32 channelId) external;

    /// @notice Names who spends after the exit delay; until then the present signer does. A new request replaces one that
    /// has not taken effect, and then the present signer spends until the new delay ends: naming the present signer takes a
    /// request back. Consumer only.
    function setSigner(bytes32 channelId, address signer) external;

    /// @notice {setSigner} by the consumer's EIP-712 signature. Anyone may send it.
    /// @param deadline Last second at which the signature counts
    /// @param signature Over `SessionKey`, with the channel's `keyNonce`
    function setSignerBySig(bytes32 channelId, address signer, uint40 deadline, bytes calldata signature) external;

    /// @notice Verifies vouchers, books them and sends their fees to the settlement. Settlement only.
    /// @dev Requires for each voucher: epoch == channel.epoch, settledFee == channel.settled, cumulativeFee <= deposit
    /// (never part payment); then settled = cumulativeFee and epoch grows by one. The settlement's event says what was
    /// redeemed.
    /// @param nodeId The node that is paid; every channel must be with it
    /// @param acceptor The node's agent wallet, which must have accepted every voucher; zero if it asks itself
    /// @param vouchers The vouchers, in order
    /// @return fees Sum of the fees sent
    function collect(uint40 nodeId, address acceptor, SignedVoucher[] calldata vouchers) external returns (uint96 fees);

    /// @notice A channel's state; `consumer` is zero if there is none.
    function channel(bytes32 channelId) external view returns (Channel memory);

    /// @notice The id of a channel.
    function channelIdOf(address consumer, uint40 nodeId, bytes32 nonce) external view returns (bytes32);

    /// @notice The EIP-712 digest that the channel's signer signs.
    function voucherDigest(SignedVoucher calldata voucher) external view returns (bytes32);

    /// @notice The EIP-712 digest that the node's agent wallet signs to accept a voucher.
    /// @param voucherHash Digest of the voucher as it was signed
    /// @param receiptsRoot The voucher's root, or the root that the node supplies for a prepaid one
    function acceptanceDigest(bytes32 voucherHash, bytes32 receiptsRoot) external view returns (bytes32);

    /// @notice The EIP-712 digest that the consumer signs for {setSignerBySig}.
    function sessionKeyDigest(bytes32 channelId, address signer, uint256 nonce, uint40 deadline)
        external
        view
        returns (bytes32);

    /// @notice The settlement contract.
    function settlement() external view returns (address);
}
