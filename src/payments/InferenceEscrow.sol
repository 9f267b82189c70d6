// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IGovernanceOpen} from "../interfaces/IGovernanceOpen.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {ChannelLedger} from "../libraries/ChannelLedger.sol";
import {Native} from "../libraries/Native.sol";
import {ChannelState, ChannelStateLib} from "../types/ChannelState.sol";
import {SignedVoucher} from "../types/Claim.sol";
import {EscrowSignatures} from "./EscrowSignatures.sol";

/// @title Payment channels between consumers and nodes.
/// @notice See {IInferenceEscrow}.
contract InferenceEscrow is EscrowSignatures, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @dev A redemption reads the first two slots and writes the first.
    struct StoredChannel {
        ChannelState state;
        // slot 1
        uint96 deposit;
        uint40 nodeId;
        /// When `nextSigner` takes over; 0 when it is nobody, or has already.
        uint40 signerAt;
        // slot 2
        address consumer;
        uint40 exitAt;
        uint56 keyNonce;
        // slot 3
        address nextSigner;
        uint96 exitAmount;
    }

    /// @custom:storage-location erc7201:openledger.storage.InferenceEscrow
    struct InferenceEscrowStorage {
        address settlement;
        mapping(bytes32 channelId => StoredChannel) channels;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.InferenceEscrow")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x0ed755dcf922aac428e9768af080b4a28f4cf1ed1fd1b11618f039458060b100;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry public immutable AGENTS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IGovernanceOpen public immutable GOPEN;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IAgentRegistry agents, IProtocolParameters parameters, IGovernanceOpen gopen) {
        AGENTS = agents;
        PARAMETERS = parameters;
        GOPEN = gopen;
        _disableInitializers();
    }

    /// @notice Unwrapped gOPEN comes in here; deposits come with {openChannel}, {openChannelFor} and {topUp}.
    receive() external payable {
        if (msg.sender != address(GOPEN)) revert InferenceEscrow_NotGovernanceOpen(msg.sender);
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

    // ------------------------------------------------------------------------------------------------------ consumers

    /// @inheritdoc IInferenceEscrow
    function openChannel(uint40 nodeId, address signer, bytes32 nonce) external payable returns (bytes32 channelId) {
        channelId = channelIdOf(msg.sender, nodeId, nonce);
        _open(channelId, msg.sender, nodeId, signer, nonce, msg.value);
    }

    /// @inheritdoc IInferenceEscrow
    function openChannelFor(address consumer, uint40 nodeId, bytes32 nonce)
        external
        payable
        returns (bytes32 channelId)
    {
        if (consumer == address(0)) revert InferenceEscrow_ZeroConsumer();
        channelId = channelIdOf(consumer, nodeId, nonce);
        _open(channelId, consumer, nodeId, _signerIn(nonce), nonce, msg.value);
    }

    /// @inheritdoc IInferenceEscrow
    function openChannelWithAuthorization(
        address consumer,
        uint40 nodeId,
        bytes32 nonce,
        Authorization calldata authorization
    ) external nonReentrant returns (bytes32 channelId) {
        channelId = channelIdOf(consumer, nodeId, nonce);
        uint256 value = authorization.value;
        // Effect: whatever fails below undoes it
        if (_isOpen(channelId)) _topUp(channelId, consumer, value);
        else _open(channelId, consumer, nodeId, _signerIn(nonce), nonce, value);
        // Interaction: gOPEN checks the signature and the channel's id as a nonce that was never used
        GOPEN.receiveWithAuthorization(
            consumer,
            address(this),
            value,
            authorization.validAfter,
            authorization.validBefore,
            channelId,
            authorization.signature
        );
        GOPEN.withdraw(value);
    }

    /// @inheritdoc IInferenceEscrow
    function topUp(bytes32 channelId) external payable {
        _topUp(channelId, msg.sender, msg.value);
    }

    /// @inheritdoc IInferenceEscrow
    function requestExit(bytes32 channelId) external {
        StoredChannel storage c = _ownChannel(channelId);
        uint96 left = _left(c);
        if (left == 0) revert InferenceEscrow_ZeroAmount();
        _requestWithdraw(channelId, c, left);
    }

    /// @inheritdoc IInferenceEscrow
    function requestWithdraw(bytes32 channelId, uint96 amount) external {
        StoredChannel storage c = _ownChannel(channelId);
        uint96 left = _left(c);
        if (amount > left) revert InferenceEscrow_NotSoMuchLeft(channelId, left, amount);
        _requestWithdraw(channelId, c, amount);
    }

    /// @inheritdoc IInferenceEscrow
    function withdraw(bytes32 channelId) external nonReentrant {
        StoredChannel storage c = _storage().channels[channelId];
        // Check
        if (c.exitAt == 0 || block.timestamp < c.exitAt) revert InferenceEscrow_ExitNotReady(channelId, c.exitAt);
        // Effect: the channel stays, so its epochs can't start again
        address consumer = c.consumer;
        (uint96 amount, uint96 depositLeft) = ChannelLedger.withdraw(c.deposit, c.state.settled(), c.exitAmount);
        c.deposit = depositLeft;
        (c.exitAt, c.exitAmount) = (0, 0);
        emit ChannelWithdrawn(channelId, consumer, amount);
        // Interaction
        if (!Native.trySend(consumer, amount)) revert InferenceEscrow_SendFailed(consumer, amount);
    }

    /// @inheritdoc IInferenceEscrow
    function setSigner(bytes32 channelId, address signer) external {
        _setSigner(channelId, _ownChannel(channelId), signer);
    }

    /// @inheritdoc IInferenceEscrow
    function setSignerBySig(bytes32 channelId, address signer, uint40 deadline, bytes calldata signature) external {
        StoredChannel storage c = _existing(channelId);
        // Check
        if (block.timestamp > deadline) revert InferenceEscrow_DeadlinePassed(deadline);
        bytes32 digest = sessionKeyDigest(channelId, signer, c.keyNonce, deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(c.consumer, digest, signature)) {
            revert InferenceEscrow_BadSessionKey(channelId, c.consumer);
        }
        // Effect
        _setSigner(channelId, c, signer);
    }

    // ----------------------------------------------------------------------------------------------------- settlement

    /// @inheritdoc IInferenceEscrow
    function collect(uint40 nodeId, address redeemer, SignedVoucher[] calldata vouchers)
        external
        nonReentrant
        returns (uint96 fees)
    {
        // Check
        if (msg.sender != _storage().settlement) revert InferenceEscrow_NotSettlement(msg.sender);
        address wallet = AGENTS.getAgentWallet(nodeId);
        address acceptor = redeemer == wallet ? address(0) : wallet;
        bytes32 separator = _domainSeparator();
        // Effect
        for (uint256 i = 0; i < vouchers.length; ++i) {
            fees += _settle(nodeId, vouchers[i], separator, acceptor);
        }
        // Interaction
        if (fees != 0 && !Native.trySend(msg.sender, fees)) revert InferenceEscrow_SendFailed(msg.sender, fees);
    }

    // ---------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IInferenceEscrow
    function channel(bytes32 channelId) external view returns (Channel memory) {
        StoredChannel storage c = _storage().channels[channelId];
        bool isPending = c.signerAt > block.timestamp;
        return Channel({
            consumer: c.consumer,
            signer: _signerNow(c.state, c.signerAt, c),
            nodeId: c.nodeId,
            epoch: c.state.epoch(),
            deposit: c.deposit,
            settled: c.state.settled(),
            exitAt: c.exitAt,
            exitAmount: c.exitAmount,
            nextSigner: isPending ? c.nextSigner : address(0),
            signerAt: isPending ? c.signerAt : 0,
            keyNonce: c.keyNonce
        });
    }

    /// @inheritdoc IInferenceEscrow
    function channelIdOf(address consumer, uint40 nodeId, bytes32 nonce) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), consumer, nodeId, nonce));
    }

    /// @inheritdoc IInferenceEscrow
    function settlement() external view returns (address) {
        return _storage().settlement;
    }

    // -------------------------------------------------------------------------------------------------------- private

    function _open(bytes32 channelId, address consumer, uint40 nodeId, address signer, bytes32 nonce, uint256 value)
        private
    {
        // Check
        if (signer == address(0)) revert InferenceEscrow_ZeroSigner();
        if (_isOpen(channelId)) revert InferenceEscrow_ChannelExists(channelId);
        AGENTS.ownerOf(nodeId); // reverts when there is no such agent
        // Effect
        StoredChannel storage c = _storage().channels[channelId];
        c.state = ChannelStateLib.pack(signer, 0, 0);
        c.deposit = ChannelLedger.add(0, value);
        c.nodeId = nodeId;
        c.consumer = consumer;
        emit ChannelOpened(channelId, consumer, nodeId, signer, nonce, c.deposit);
    }

    function _topUp(bytes32 channelId, address from, uint256 value) private {
        StoredChannel storage c = _existing(channelId);
        if (value == 0) revert InferenceEscrow_ZeroAmount();
        uint96 before = c.deposit;
        uint96 deposit = ChannelLedger.add(before, value);
        c.deposit = deposit;
        emit ChannelToppedUp(channelId, from, deposit - before, deposit);
    }

    function _requestWithdraw(bytes32 channelId, StoredChannel storage c, uint96 amount) private {
        uint40 exitAt = amount == 0 ? 0 : _afterExitDelay();
        (c.exitAt, c.exitAmount) = (exitAt, amount);
        emit ExitRequested(channelId, amount, exitAt);
    }

    function _setSigner(bytes32 channelId, StoredChannel storage c, address signer) private {
        if (signer == address(0)) revert InferenceEscrow_ZeroSigner();
        ChannelState state = c.state;
        address present = _signerNow(state, c.signerAt, c);
        if (present != state.signer()) c.state = ChannelStateLib.pack(present, state.epoch(), state.settled());
        uint40 effectiveAt = _afterExitDelay();
        (c.nextSigner, c.signerAt) = (signer, effectiveAt);
        ++c.keyNonce; // what was signed for the state before does not count any more
        emit SignerChangeRequested(channelId, signer, effectiveAt);
    }

    /// @dev Checks and books one voucher. `acceptor` is the wallet that must have accepted it, zero if it asks itself.
    function _settle(uint40 nodeId, SignedVoucher calldata v, bytes32 separator, address acceptor)
        private
        returns (uint96 fee)
    {
        bytes32 id = v.channelId;
        StoredChannel storage c = _storage().channels[id];
        ChannelState state = c.state;
        // Check: what was signed for is exactly what the channel owes next
        if (!state.isOpen()) revert InferenceEscrow_UnknownChannel(id);
        if (c.nodeId != nodeId) revert InferenceEscrow_WrongNode(id, c.nodeId);
        fee = _checkFee(v, state, c.deposit);
        // Check: signatures
        uint40 signerAt = c.signerAt;
        address signer = _signerNow(state, signerAt, c);
        _checkSignatures(v, signer, separator, acceptor);
        // Effect: a change of the signer that has taken effect is written down
        if (signerAt != 0 && block.timestamp >= signerAt) c.signerAt = 0;
        c.state = ChannelStateLib.pack(signer, v.epoch + 1, v.cumulativeFee);
    }

    function _checkFee(SignedVoucher calldata v, ChannelState state, uint96 deposit) private pure returns (uint96 fee) {
        bytes32 id = v.channelId;
        if (v.epoch != state.epoch()) revert InferenceEscrow_WrongEpoch(id, state.epoch(), v.epoch);
        fee = ChannelLedger.settle(id, deposit, state.settled(), v.settledFee, v.cumulativeFee);
        if (v.receiptCount == 0 || v.receiptsRoot == 0) revert InferenceEscrow_EmptyVoucher(id);
    }

    /// @dev Whose signature spends at this moment: `signerAt` is the first second of the next signer.
    function _signerNow(ChannelState state, uint40 signerAt, StoredChannel storage c) private view returns (address) {
        return signerAt != 0 && block.timestamp >= signerAt ? c.nextSigner : state.signer();
    }

    function _isOpen(bytes32 channelId) private view returns (bool) {
        return _storage().channels[channelId].state.isOpen();
    }

    function _existing(bytes32 channelId) private view returns (StoredChannel storage) {
        if (!_isOpen(channelId)) revert InferenceEscrow_UnknownChannel(channelId);
        return _storage().channels[channelId];
    }

    function _ownChannel(bytes32 channelId) private view returns (StoredChannel storage c) {
        c = _existing(channelId);
        if (c.consumer != msg.sender) revert InferenceEscrow_NotConsumer(channelId, msg.sender);
    }

    function _left(StoredChannel storage c) private view returns (uint96) {
        return ChannelLedger.left(c.deposit, c.state.settled());
    }

    function _afterExitDelay() private view returns (uint40) {
        return uint40(block.timestamp) + PARAMETERS.parameters(PARAMETERS.currentVersion()).exitDelay;
    }

    /// @dev The last twenty bytes of a nonce.
    function _signerIn(bytes32 nonce) private pure returns (address) {
        return address(uint160(uint256(nonce)));
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (InferenceEscrowStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
