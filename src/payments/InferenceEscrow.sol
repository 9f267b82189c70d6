// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";
import {SignedVoucher} from "../types/Claim.sol";

/// @title Payment channels between consumers and nodes.
/// @notice See {IInferenceEscrow}.
contract InferenceEscrow is IInferenceEscrow, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @custom:storage-location erc7201:openledger.storage.InferenceEscrow
    struct InferenceEscrowStorage {
        address settlement;
        mapping(bytes32 channelId => Channel) channels;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.InferenceEscrow")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x0ed755dcf922aac428e9768af080b4a28f4cf1ed1fd1b11618f039458060b100;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("OpenLedger");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount)"
    );
    bytes32 private constant ACCEPTED_TYPEHASH = keccak256("VoucherAccepted(bytes32 voucherHash,bytes32 receiptsRoot)");
    uint256 private constant GWEI = 1e9;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry public immutable AGENTS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IAgentRegistry agents, IProtocolParameters parameters) {
        AGENTS = agents;
        PARAMETERS = parameters;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IInferenceEscrow
    function setSettlement(address settlement_) external restricted {
        InferenceEscrowStorage storage $ = _storage();
        if ($.settlement != address(0)) revert InferenceEscrow_SettlementAlreadySet($.settlement);
        $.settlement = settlement_;
        emit SettlementSet(settlement_);
    }

    /// @inheritdoc IInferenceEscrow
    function openChannel(uint40 nodeId, address signer, bytes32 nonce) external payable returns (bytes32 channelId) {
        // Check
        if (signer == address(0)) revert InferenceEscrow_ZeroSigner();
        if (AGENTS.getAgentWallet(nodeId) == address(0)) revert InferenceEscrow_UnknownNode(nodeId);
        uint96 amount = Native.toUint96(msg.value);
        channelId = channelIdOf(msg.sender, nodeId, nonce);
        Channel storage c = _storage().channels[channelId];
        if (c.consumer != address(0)) revert InferenceEscrow_ChannelExists(channelId);
        // Effect
        c.consumer = msg.sender;
        c.signer = signer;
        c.nodeId = nodeId;
        c.deposit = amount;
        emit ChannelOpened(channelId, msg.sender, nodeId, signer, nonce, amount);
    }

    /// @inheritdoc IInferenceEscrow
    function topUp(bytes32 channelId) external payable {
        Channel storage c = _existing(channelId);
        if (msg.value == 0) revert InferenceEscrow_ZeroAmount();
        uint96 amount = Native.toUint96(msg.value);
        c.deposit += amount;
        emit ChannelToppedUp(channelId, msg.sender, amount, c.deposit);
    }

    /// @inheritdoc IInferenceEscrow
    function requestExit(bytes32 channelId) external {
        Channel storage c = _existing(channelId);
        if (c.consumer != msg.sender) revert InferenceEscrow_NotConsumer(channelId, msg.sender);
        c.exitAt = uint40(block.timestamp) + PARAMETERS.parameters(PARAMETERS.currentVersion()).exitDelay;
        emit ExitRequested(channelId, c.exitAt);
    }

    /// @inheritdoc IInferenceEscrow
    function withdraw(bytes32 channelId) external nonReentrant {
        Channel storage c = _existing(channelId);
        // Check
        if (c.exitAt == 0 || block.timestamp < c.exitAt) revert InferenceEscrow_ExitNotReady(channelId, c.exitAt);
        // Effect: the channel stays, so its epochs can't start again
        address consumer = c.consumer;
        uint96 amount = c.deposit - c.settled;
        c.deposit = c.settled;
        c.exitAt = 0;
        emit ChannelWithdrawn(channelId, consumer, amount);
        // Interaction
        if (!Native.trySend(consumer, amount)) revert InferenceEscrow_SendFailed(consumer, amount);
    }

    /// @inheritdoc IInferenceEscrow
    function collect(uint40 nodeId, address redeemer, SignedVoucher[] calldata vouchers)
        external
        nonReentrant
        returns (uint96 fees)
    {
        // Check
        if (msg.sender != _storage().settlement) revert InferenceEscrow_NotSettlement(msg.sender);
        address wallet = AGENTS.getAgentWallet(nodeId);
        bytes32 separator = _domainSeparator();
        // Effect
        for (uint256 i = 0; i < vouchers.length; ++i) {
            fees += _settle(nodeId, vouchers[i], separator, redeemer == wallet ? address(0) : wallet);
        }
        // Interaction
        if (fees != 0 && !Native.trySend(msg.sender, fees)) revert InferenceEscrow_SendFailed(msg.sender, fees);
    }

    /// @inheritdoc IInferenceEscrow
    function channel(bytes32 channelId) external view returns (Channel memory) {
        return _storage().channels[channelId];
    }

    /// @inheritdoc IInferenceEscrow
    function channelIdOf(address consumer, uint40 nodeId, bytes32 nonce) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), consumer, nodeId, nonce));
    }

    /// @inheritdoc IInferenceEscrow
    function voucherDigest(SignedVoucher calldata voucher) external view returns (bytes32) {
        return _voucherDigest(voucher, _domainSeparator());
    }

    /// @inheritdoc IInferenceEscrow
    function acceptanceDigest(SignedVoucher calldata voucher) external view returns (bytes32) {
        bytes32 separator = _domainSeparator();
        return _acceptanceDigest(_voucherDigest(voucher, separator), voucher.receiptsRoot, separator);
    }

    /// @inheritdoc IInferenceEscrow
    function settlement() external view returns (address) {
        return _storage().settlement;
    }

    /// @dev Checks and books one voucher. `acceptor` is the wallet that must have accepted it, zero if it asks itself.
    function _settle(uint40 nodeId, SignedVoucher calldata v, bytes32 separator, address acceptor)
        private
        returns (uint96 fee)
    {
        bytes32 id = v.channelId;
        Channel storage c = _existing(id);
        // Check: what was signed for is exactly what the channel owes next
        if (c.nodeId != nodeId) revert InferenceEscrow_WrongNode(id, c.nodeId);
        if (v.epoch != c.epoch) revert InferenceEscrow_WrongEpoch(id, c.epoch, v.epoch);
        if (v.settledFee != c.settled) revert InferenceEscrow_WrongSettledFee(id, c.settled, v.settledFee);
        if (v.cumulativeFee > c.deposit) revert InferenceEscrow_FeeExceedsDeposit(id, c.deposit, v.cumulativeFee);
        fee = v.cumulativeFee - v.settledFee;
        if (fee % GWEI != 0) revert InferenceEscrow_FeeNotWholeGwei(id, fee);
        if (v.receiptCount == 0 || v.receiptsRoot == 0) revert InferenceEscrow_EmptyVoucher(id);
        // Check: signatures
        bytes32 digest = _voucherDigest(v, separator);
        address recovered = _recover(digest, v.signature);
        if (recovered != c.signer) revert InferenceEscrow_BadSignature(id, recovered);
        if (acceptor != address(0)) {
            recovered = _recover(_acceptanceDigest(digest, v.receiptsRoot, separator), v.acceptance);
            if (recovered != acceptor) revert InferenceEscrow_NotAccepted(id, recovered);
        }
        // Effect
        c.settled = v.cumulativeFee;
        c.epoch = v.epoch + 1;
        emit VoucherSettled(id, v.epoch, v.cumulativeFee);
    }

    function _existing(bytes32 channelId) private view returns (Channel storage c) {
        c = _storage().channels[channelId];
        if (c.consumer == address(0)) revert InferenceEscrow_UnknownChannel(channelId);
    }

    /// @dev Zero for anything that is not a signature; no channel's signer and no agent's wallet is zero.
    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address recovered) {
        (recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
    }

    function _voucherDigest(SignedVoucher calldata v, bytes32 separator) private pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                VOUCHER_TYPEHASH, v.channelId, v.epoch, v.settledFee, v.cumulativeFee, v.receiptsRoot, v.receiptCount
            )
        );
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    function _acceptanceDigest(bytes32 digest, bytes32 receiptsRoot, bytes32 separator) private pure returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(ACCEPTED_TYPEHASH, digest, receiptsRoot));
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    function _domainSeparator() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (InferenceEscrowStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
