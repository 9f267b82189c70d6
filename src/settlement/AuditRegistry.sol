// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IAuditRegistry} from "../interfaces/IAuditRegistry.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Allocation} from "../libraries/Allocation.sol";
import {ClaimLib} from "../libraries/ClaimLib.sol";
import {Native} from "../libraries/Native.sol";
import {Answers} from "../libraries/Answers.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../types/Claim.sol";
import {Roles} from "../types/Roles.sol";

/// @title Audits of claims, and requests for what a claim commits to
/// @notice See {IAuditRegistry}.
contract AuditRegistry is IAuditRegistry, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @custom:storage-location erc7201:openledger.storage.AuditRegistry
    struct AuditRegistryStorage {
        uint256 requestCount;
        mapping(uint256 requestId => Request) requests;
        mapping(bytes32 key => uint256 requestId) asked;
        mapping(bytes32 claimId => bytes32) seeds;
        mapping(uint40 agentId => bytes32) keys;
        mapping(address account => uint96) owed;
    }

    /// @inheritdoc IAuditRegistry
    uint256 public constant SEATS = 4;

    /// @dev Blocks between a claim's proposal and the block whose hash draws its audits.
    uint256 private constant SEED_DELAY = 2;
    /// @dev An answer, and then the proof that there was none or that it is false, have this many response windows.
    uint40 private constant WINDOWS = 2;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AuditRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x1da4b71dbd17d9358d58d2513fbcdb51df4cca33a8f9620391923f3d00092f00;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAttributionSettlement public immutable SETTLEMENT;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentStaking public immutable STAKING;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry public immutable AGENTS;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IAttributionSettlement settlement,
        IProtocolParameters parameters,
        IAgentStaking staking,
        IAgentRegistry agents
    ) {
        SETTLEMENT = settlement;
        PARAMETERS = parameters;
        STAKING = staking;
        AGENTS = agents;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IAuditRegistry
    function setEncryptionKey(uint40 agentId, bytes32 key) external {
        _requireWallet(agentId);
        if (key == 0) revert AuditRegistry_ZeroKey();
        _storage().keys[agentId] = key;
        emit EncryptionKeySet(agentId, key);
    }

    /// @inheritdoc IAuditRegistry
    function drawSeed(bytes32 claimId) external returns (bytes32 seed) {
        AuditRegistryStorage storage $ = _storage();
        // Check
        if ($.seeds[claimId] != 0) revert AuditRegistry_SeedKnown(claimId);
        ClaimRecord memory record = SETTLEMENT.claimRecord(claimId);
        if (record.status == ClaimStatus.None) revert AuditRegistry_ClaimNotOpen(claimId);
        uint256 number = uint256(record.proposedBlock) + SEED_DELAY;
        seed = blockhash(number);
        if (seed == 0) revert AuditRegistry_NoBlockHash(number);
        // Effect
        $.seeds[claimId] = seed;
        emit SeedDrawn(claimId, seed);
    }

    // ----------------------------------------------------------------------------------------------------- questions

    /// @inheritdoc IAuditRegistry
    function request(Claim calldata claim, RequestKind kind, uint40 subject, uint32 index)
        external
        payable
        nonReentrant
        returns (uint256 requestId)
    {
        // Check: the claim commits to such a thing
        if (kind == RequestKind.Audit) revert AuditRegistry_WrongKind(kind);
        bool ofAsset = kind == RequestKind.Payout || kind == RequestKind.Credit;
        _requireBelow(subject, ofAsset ? uint256(1) << claim.payoutsDepth : claim.receiptCount);
        if (kind != RequestKind.Credit) _requireBelow(index, 1);
        IProtocolParameters.Parameters memory p = PARAMETERS.parameters(claim.paramsVersion);
        if (msg.value != p.requestBond) revert AuditRegistry_WrongBond(p.requestBond, msg.value);
        // Effect
        Request memory r;
        (r.kind, r.subject, r.index, r.bond) = (kind, subject, index, p.requestBond);
        r.claimId = _idOf(claim);
        requestId = _append(r, p.responseWindow);
        emit Requested(requestId, r.claimId, kind, msg.sender, subject, index, r.bond, r.deadline);
    }

    /// @inheritdoc IAuditRegistry
    function requestAudit(Claim calldata claim, uint32 draw, uint40 validatorId)
        external
        nonReentrant
        returns (uint256 requestId)
    {
        // Check: a validator asks for what it is drawn for, and can read the answer
        _requireWallet(validatorId);
        if (!STAKING.isActive(validatorId, Roles.VALIDATOR)) revert AuditRegistry_NotActive(validatorId);
        bytes32 key = _storage().keys[validatorId];
        if (key == 0) revert AuditRegistry_NoKey(validatorId);
        IProtocolParameters.Parameters memory p = PARAMETERS.parameters(claim.paramsVersion);
        _requireBelow(draw, p.auditDraws);
        Request memory r;
        r.claimId = _idOf(claim);
        if (!_isDrawn(claim, r.claimId, draw, validatorId)) {
            revert AuditRegistry_NotDrawn(r.claimId, draw, validatorId);
        }
        // Effect
        (r.kind, r.index, r.validatorId) = (RequestKind.Audit, draw, validatorId);
        r.subject = _positionOf(claim, r.claimId, draw);
        requestId = _append(r, p.responseWindow);
        emit AuditRequested(requestId, r.claimId, validatorId, draw, r.subject, key, r.deadline);
    }

    // ------------------------------------------------------------------------------------------------------- answers

    /// @inheritdoc IAuditRegistry
    function answer(uint256 requestId, Claim calldata claim, bytes calldata witness, address rewardTo)
        external
        nonReentrant
    {
        // Check
        if (rewardTo == address(0)) revert AuditRegistry_ZeroAddress();
        bytes32 claimId = _idOf(claim);
        Request storage r = _answerable(requestId, claimId);
        (RequestKind kind, uint40 subject, uint32 index) = (r.kind, r.subject, r.index);
        bool answered;
        if (kind == RequestKind.Attribution) {
            answered = Answers.isAttribution(claim, subject, witness);
        } else if (kind == RequestKind.Payout) {
            answered = Answers.isPayout(claim, subject, witness);
        } else if (kind == RequestKind.Credit) {
            answered = Answers.isCredit(claim, subject, index, witness);
        } else if (kind == RequestKind.Data) {
            answered = Answers.isData(SETTLEMENT, claim, subject, witness);
        } else {
            revert AuditRegistry_WrongKind(kind);
        }
        if (!answered) revert AuditRegistry_NotAnswered(requestId);
        // Effect
        r.status = RequestStatus.Answered;
        emit Answered(requestId, claimId, msg.sender, witness);
        // Interaction
        _sendOrOwe(rewardTo, r.bond);
    }

    /// @inheritdoc IAuditRegistry
    function openReceipt(
        uint256[] calldata requestIds,
        Claim calldata claim,
        bytes calldata witness,
        bytes32 payloadHash,
        bytes calldata locator
    ) external nonReentrant {
        // Check: the proposer opens that receipt, or shows that it is exempt
        _requireWallet(claim.proposer);
        bytes32 claimId = _idOf(claim);
        (bool opened, uint256 position, uint8 flags) = Answers.receiptOf(SETTLEMENT, claim, witness);
        if (!opened) revert AuditRegistry_NotAnswered(requestIds[0]);
        if (flags != Allocation.FLAG_NO_AUDIT && (payloadHash == 0 || locator.length == 0)) {
            revert AuditRegistry_NoPayload();
        }
        for (uint256 i = 0; i < requestIds.length; ++i) {
            Request storage r = _answerable(requestIds[i], claimId);
            if (r.kind != RequestKind.Audit) revert AuditRegistry_WrongKind(r.kind);
            if (r.subject != position) revert AuditRegistry_NotAnswered(requestIds[i]);
            // Effect
            r.status = RequestStatus.Answered;
            emit ReceiptOpened(requestIds[i], claimId, flags, payloadHash, locator);
        }
    }

    /// @inheritdoc IAuditRegistry
    function reclaim(uint256 requestId) external nonReentrant {
        Request storage r = _storage().requests[requestId];
        // Check
        if (r.status != RequestStatus.Open) revert AuditRegistry_NotOpen(requestId);
        if (block.timestamp < r.deadline) revert AuditRegistry_DeadlineAhead(requestId, r.deadline);
        // Effect: it stays withheld
        r.status = RequestStatus.Reclaimed;
        emit Reclaimed(requestId, r.claimId, r.requester, r.bond);
        // Interaction
        _sendOrOwe(r.requester, r.bond);
    }

    /// @inheritdoc IAuditRegistry
    function withdrawOwed(address account) external nonReentrant {
        AuditRegistryStorage storage $ = _storage();
        uint96 amount = $.owed[account];
        if (amount == 0) revert AuditRegistry_NothingOwed(account);
        $.owed[account] = 0;
        emit OwedWithdrawn(account, amount);
        if (!Native.trySend(account, amount)) revert AuditRegistry_SendFailed(account, amount);
    }

    // --------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAuditRegistry
    function isWithheld(bytes32 claimId, uint256 requestId) external view returns (bool) {
        Request storage r = _storage().requests[requestId];
        bool unanswered = r.status == RequestStatus.Open || r.status == RequestStatus.Reclaimed;
        return unanswered && block.timestamp >= r.deadline && r.claimId == claimId;
    }

    /// @inheritdoc IAuditRegistry
    function requestOf(uint256 requestId) external view returns (Request memory) {
        return _storage().requests[requestId];
    }

    /// @inheritdoc IAuditRegistry
    function requestCount() external view returns (uint256) {
        return _storage().requestCount;
    }

    /// @inheritdoc IAuditRegistry
    function seedOf(bytes32 claimId) external view returns (bytes32) {
        return _storage().seeds[claimId];
    }

    /// @inheritdoc IAuditRegistry
    function positionOf(Claim calldata claim, uint32 draw) external view returns (uint40) {
        return _positionOf(claim, _idOf(claim), draw);
    }

    /// @inheritdoc IAuditRegistry
    function isDrawn(Claim calldata claim, uint32 draw, uint40 validatorId) external view returns (bool) {
        return _isDrawn(claim, _idOf(claim), draw, validatorId);
    }

    /// @inheritdoc IAuditRegistry
    function encryptionKeyOf(uint40 agentId) external view returns (bytes32) {
        return _storage().keys[agentId];
    }

    /// @inheritdoc IAuditRegistry
    function owed(address account) external view returns (uint96) {
        return _storage().owed[account];
    }

    // ------------------------------------------------------------------------------------------------------- private

    /// @dev Records a request and makes room for its answer and what may follow from it before the claim's end.
    function _append(Request memory r, uint32 responseWindow) private returns (uint256 requestId) {
        AuditRegistryStorage storage $ = _storage();
        // Check
        ClaimRecord memory record = SETTLEMENT.claimRecord(r.claimId);
        bool open = record.status == ClaimStatus.Proposed || record.status == ClaimStatus.Vetoed;
        if (!open || block.timestamp >= record.end) revert AuditRegistry_ClaimNotOpen(r.claimId);
        bytes32 key = keccak256(abi.encode(r.claimId, r.kind, r.subject, r.index, r.validatorId));
        if ($.asked[key] != 0) revert AuditRegistry_AlreadyRequested($.asked[key]);
        uint40 needed = uint40(block.timestamp) + WINDOWS * responseWindow;
        // In a pause the end is the latest one: if the pause is ended early, so much less is left.
        (, uint40 pausedUntil,) = SETTLEMENT.pauseState();
        if (pausedUntil > block.timestamp) needed += pausedUntil - uint40(block.timestamp);
        // Effect
        requestId = ++$.requestCount;
        r.requester = msg.sender;
        r.status = RequestStatus.Open;
        r.deadline = uint40(block.timestamp) + responseWindow;
        $.requests[requestId] = r;
        $.asked[key] = requestId;
        // Interaction: the settlement is ours, and extends as far as it may
        if (needed <= record.end) return requestId;
        uint40 end = SETTLEMENT.extend(r.claimId, needed);
        if (end < needed) revert AuditRegistry_TooLate(r.claimId, needed, end);
    }

    function _answerable(uint256 requestId, bytes32 claimId) private view returns (Request storage r) {
        r = _storage().requests[requestId];
        if (r.status != RequestStatus.Open) revert AuditRegistry_NotOpen(requestId);
        if (r.claimId != claimId) revert AuditRegistry_WrongClaim(r.claimId, claimId);
        if (block.timestamp >= r.deadline) revert AuditRegistry_DeadlinePassed(requestId, r.deadline);
    }

    function _positionOf(Claim calldata claim, bytes32 claimId, uint32 draw) private view returns (uint40) {
        bytes32 seed = _seedOf(claimId);
        // Below the count, which has 32 bits.
        return uint40(uint256(keccak256(abi.encodePacked(seed, claimId, draw))) % claim.receiptCount);
    }

    function _isDrawn(Claim calldata claim, bytes32 claimId, uint32 draw, uint40 validatorId)
        private
        view
        returns (bool)
    {
        uint256 ticket = uint256(keccak256(abi.encodePacked(_seedOf(claimId), claimId, draw, validatorId))) >> 128;
        uint256 stake = STAKING.validatorStakeAt(validatorId, _proposedAt(claim, claimId));
        // ticket / 2^128 < SEATS · stake / total; stakes have 96 bits.
        return ticket * STAKING.validatorStake() < (SEATS * stake) << 128;
    }

    /// @dev When the claim was proposed, or if a pause has moved its end, a little later; in any case past.
    function _proposedAt(Claim calldata claim, bytes32 claimId) private view returns (uint40) {
        ClaimRecord memory record = SETTLEMENT.claimRecord(claimId);
        uint40 window = uint40(PARAMETERS.settlementTerms(claim.paramsVersion).challengeWindow);
        uint40 proposedAt = record.end - record.extension - window;
        return proposedAt < block.timestamp ? proposedAt : uint40(block.timestamp - 1);
    }

    function _seedOf(bytes32 claimId) private view returns (bytes32 seed) {
        seed = _storage().seeds[claimId];
        if (seed == 0) revert AuditRegistry_NoSeed(claimId);
    }

    function _idOf(Claim calldata claim) private view returns (bytes32) {
        return ClaimLib.id(claim, ClaimLib.domain(address(SETTLEMENT)));
    }

    function _requireWallet(uint40 agentId) private view {
        if (msg.sender != AGENTS.getAgentWallet(agentId)) revert AuditRegistry_NotAgentWallet(agentId, msg.sender);
    }

    function _requireBelow(uint256 value, uint256 limit) private pure {
        if (value >= limit) revert AuditRegistry_OutOfRange(value, limit);
    }

    function _sendOrOwe(address to, uint96 amount) private {
        if (amount == 0 || Native.trySend(to, amount)) return;
        _storage().owed[to] += amount;
        emit Owed(to, amount);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (AuditRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
