// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {SignedVoucher} from "../types/Claim.sol";

/// @title Payment channels between consumers and nodes.
/// @notice A channel never pays more than its deposit, nor anything its signer did not sign.
/// @dev EIP-712 domain: name "OpenLedger", version "1", this contract. Types:
/// `Voucher(bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount)`
/// signed by the channel's signer, and `VoucherAccepted(bytes32 voucherHash,bytes32 receiptsRoot)` signed by the node's
/// agent wallet, where `voucherHash` is the EIP-712 digest of the voucher.
interface IInferenceEscrow {
    /// @notice A channel.
    /// @param consumer Who deposited and gets the rest back
    /// @param signer Whose ECDSA signature spends
    /// @param nodeId The node that is paid
    /// @param epoch Number of vouchers redeemed
    /// @param deposit Everything deposited less what was withdrawn
    /// @param settled What vouchers have paid
    /// @param exitAt When the consumer may withdraw the rest; 0: no exit requested
    struct Channel {
        address consumer;
        address signer;
        uint40 nodeId;
        uint32 epoch;
        uint96 deposit;
        uint96 settled;
        uint40 exitAt;
    }

    event SettlementSet(address settlement);
    event ChannelOpened(
        bytes32 indexed channelId,
        address indexed consumer,
        uint40 indexed nodeId,
        address signer,
        bytes32 nonce,
        uint96 deposit
    );
    event ChannelToppedUp(bytes32 indexed channelId, address indexed from, uint96 amount, uint96 deposit);
    event ExitRequested(bytes32 indexed channelId, uint40 exitAt);
    event ChannelWithdrawn(bytes32 indexed channelId, address indexed consumer, uint96 amount);
    event VoucherSettled(bytes32 indexed channelId, uint32 epoch, uint96 cumulativeFee);

    error InferenceEscrow_NotSettlement(address caller);
    error InferenceEscrow_SettlementAlreadySet(address settlement);
    error InferenceEscrow_ZeroAmount();
    error InferenceEscrow_ZeroSigner();
    error InferenceEscrow_AmountTooLarge(uint256 amount);
    error InferenceEscrow_UnknownNode(uint40 nodeId);
    error InferenceEscrow_ChannelExists(bytes32 channelId);
    error InferenceEscrow_UnknownChannel(bytes32 channelId);
    error InferenceEscrow_NotConsumer(bytes32 channelId, address caller);
    error InferenceEscrow_ExitNotReady(bytes32 channelId, uint40 exitAt);
    error InferenceEscrow_WrongNode(bytes32 channelId, uint40 nodeId);
    error InferenceEscrow_WrongEpoch(bytes32 channelId, uint32 expected, uint32 given);
    error InferenceEscrow_WrongSettledFee(bytes32 channelId, uint96 expected, uint96 given);
    error InferenceEscrow_FeeExceedsDeposit(bytes32 channelId, uint96 deposit, uint96 cumulativeFee);
    error InferenceEscrow_FeeNotWholeGwei(bytes32 channelId, uint256 fee);
    error InferenceEscrow_EmptyVoucher(bytes32 channelId);
    error InferenceEscrow_BadSignature(bytes32 channelId, address recovered);
    error InferenceEscrow_NotAccepted(bytes32 channelId, address recovered);
    error InferenceEscrow_SendFailed(address to, uint256 amount);

    /// @notice Connects the one contract that may collect. Restricted; works once.
    function setSettlement(address settlement) external;

    /// @notice Opens a channel with a node and deposits the value sent.
    /// @param nodeId Agent id of the node
    /// @param signer Who signs vouchers: the consumer itself or a session key
    /// @param nonce Makes the consumer's channels with this node distinct
    /// @return channelId keccak256(abi.encode(chainid, escrow, consumer, nodeId, nonce))
    function openChannel(uint40 nodeId, address signer, bytes32 nonce) external payable returns (bytes32 channelId);

    /// @notice Adds the value sent to a channel's deposit. Anyone may pay; the consumer gets the rest back.
    function topUp(bytes32 channelId) external payable;

    /// @notice Starts the exit delay, in which the node can still redeem what was signed. Consumer only.
    function requestExit(bytes32 channelId) external;

    /// @notice Pays the unspent deposit to the consumer once the exit delay is over. Anyone may call.
    function withdraw(bytes32 channelId) external;

    /// @notice Verifies vouchers, books them and sends their fees to the settlement. Settlement only.
    /// @dev Requires for each voucher: epoch == channel.epoch, settledFee == channel.settled, cumulativeFee <= deposit
    /// (never part payment); then settled = cumulativeFee and epoch grows by one.
    /// @param nodeId The node that is paid; every channel must be with it
    /// @param redeemer Who asked; unless it is the agent wallet, every voucher needs an acceptance
    /// @param vouchers The vouchers, in order
    /// @return fees Sum of the fees sent
    function collect(uint40 nodeId, address redeemer, SignedVoucher[] calldata vouchers) external returns (uint96 fees);

    /// @notice A channel's state; `consumer` is zero if there is none.
    function channel(bytes32 channelId) external view returns (Channel memory);

    /// @notice The id of a channel.
    function channelIdOf(address consumer, uint40 nodeId, bytes32 nonce) external view returns (bytes32);

    /// @notice The EIP-712 digest that the channel's signer signs.
    function voucherDigest(SignedVoucher calldata voucher) external view returns (bytes32);

    /// @notice The EIP-712 digest that the node's agent wallet signs to accept a voucher.
    function acceptanceDigest(SignedVoucher calldata voucher) external view returns (bytes32);

    /// @notice The settlement contract.
    function settlement() external view returns (address);
}
