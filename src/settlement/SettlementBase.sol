// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IBaselineVault} from "../interfaces/IBaselineVault.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {IStakerRewards} from "../interfaces/IStakerRewards.sol";
import {ClaimLib} from "../libraries/ClaimLib.sol";
import {Native} from "../libraries/Native.sol";
import {Batch, Claim, ClaimRecord, ClaimStatus, NodeState} from "../types/Claim.sol";

/// @title What settlement remembers, and what time decides about it.
/// @notice See {IAttributionSettlement}.
abstract contract SettlementBase is
    IAttributionSettlement,
    AccessManagedUpgradeable,
    UUPSUpgradeable,
    ReentrancyGuardTransient
{
    /// @notice The contracts that settlement works with.
    struct Contracts {
        IInferenceEscrow escrow;
        IAgentStaking staking;
        IProtocolParameters parameters;
        IAgentRegistry agents;
        IERC721 models;
        IERC721 contributions;
        IBaselineVault vault;
        IStakerRewards stakers;
        address treasury;
    }

    /// @dev First and last parameters version for which a predicate counts.
    struct VersionRange {
        uint32 from;
        uint32 to;
    }

    /// @custom:storage-location erc7201:openledger.storage.AttributionSettlement
    struct AttributionSettlementStorage {
        uint96 burn;
        uint96 treasury;
        uint96 stakers;
        mapping(uint40 nodeId => NodeState) nodes;
        mapping(uint40 nodeId => mapping(uint32 number => Batch)) batches;
        mapping(bytes32 claimId => ClaimRecord) claims;
        mapping(uint40 nodeId => mapping(uint40 asset => uint96)) paid;
        mapping(address account => uint96) owed;
        mapping(address predicate => VersionRange) predicates;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AttributionSettlement")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x37f0fda2be984329fbb043e10538f0d4226e13db84d18851cb3e8b928f05e100;

    uint256 internal constant BPS = 10_000;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IInferenceEscrow public immutable ESCROW;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentStaking public immutable STAKING;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry public immutable AGENTS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IERC721 public immutable MODELS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IERC721 public immutable CONTRIBUTIONS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IBaselineVault public immutable VAULT;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IStakerRewards public immutable STAKERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address public immutable TREASURY;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(Contracts memory contracts) {
        ESCROW = contracts.escrow;
        STAKING = contracts.staking;
        PARAMETERS = contracts.parameters;
        AGENTS = contracts.agents;
        MODELS = contracts.models;
        CONTRIBUTIONS = contracts.contributions;
        VAULT = contracts.vault;
        STAKERS = contracts.stakers;
        TREASURY = contracts.treasury;
        _disableInitializers();
    }

    /// @notice Fees come from the escrow and from nowhere else.
    receive() external payable {
        if (msg.sender != address(ESCROW)) revert AttributionSettlement_NotEscrow(msg.sender);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAttributionSettlement
    function node(uint40 nodeId) external view returns (NodeState memory n) {
        AttributionSettlementStorage storage $ = _storage();
        n = $.nodes[nodeId];
        if (n.openClaim == 0) return n;
        ClaimRecord memory record = $.claims[n.openClaim];
        if (block.timestamp < record.end) return n;
        if (record.status == ClaimStatus.Proposed) {
            n.finalClaim = n.openClaim;
            n.settledBatches = n.openToBatch;
            n.finalTotal = n.openTotal;
            n.held -= n.openNodeShare;
            n.nodeShare += n.openNodeShare;
        }
        (n.openClaim, n.openToBatch, n.openTotal, n.openNodeShare) = (0, 0, 0, 0);
    }

    /// @inheritdoc IAttributionSettlement
    function batch(uint40 nodeId, uint32 n) external view returns (Batch memory) {
        return _storage().batches[nodeId][n];
    }

    /// @inheritdoc IAttributionSettlement
    function claimRecord(bytes32 claimId) external view returns (ClaimRecord memory record) {
        record = _storage().claims[claimId];
        if (record.status == ClaimStatus.Proposed && block.timestamp >= record.end) record.status = ClaimStatus.Final;
    }

    /// @inheritdoc IAttributionSettlement
    function claimIdOf(Claim calldata claim_) public view returns (bytes32) {
        return ClaimLib.id(claim_, ClaimLib.domain(address(this)));
    }

    /// @inheritdoc IAttributionSettlement
    function paid(uint40 nodeId, uint40 asset) external view returns (uint96) {
        return _storage().paid[nodeId][asset];
    }

    /// @inheritdoc IAttributionSettlement
    function owed(address account) external view returns (uint96) {
        return _storage().owed[account];
    }

    /// @inheritdoc IAttributionSettlement
    function counters() external view returns (uint96 burn, uint96 treasury, uint96 stakers) {
        AttributionSettlementStorage storage $ = _storage();
        return ($.burn, $.treasury, $.stakers);
    }

    /// @inheritdoc IAttributionSettlement
    function predicateVersions(address predicate) external view returns (uint32 fromVersion, uint32 toVersion) {
        VersionRange memory range = _storage().predicates[predicate];
        return (range.from, range.to);
    }

    // ----------------------------------------------------------------------------------------------------- internal

    /// @dev Records what time has decided about the open claim. Everything that depends on it calls this first.
    function _advance(uint40 nodeId) internal {
        AttributionSettlementStorage storage $ = _storage();
        NodeState storage n = $.nodes[nodeId];
        bytes32 claimId = n.openClaim;
        if (claimId == 0) return;
        ClaimRecord storage record = $.claims[claimId];
        if (block.timestamp < record.end) return;
        uint96 share = n.openNodeShare;
        if (record.status == ClaimStatus.Proposed) {
            record.status = ClaimStatus.Final;
            n.finalClaim = claimId;
            n.settledBatches = n.openToBatch;
            n.finalTotal = n.openTotal;
            n.held -= share;
            n.nodeShare += share;
            emit ClaimFinalized(claimId, nodeId, n.finalTotal, share);
        }
        _clearOpen(n);
        // A vetoed claim's exposure ended with the veto: by now the entry may be another claim's.
        STAKING.release(nodeId, record.bond, record.exposureIndex, false);
    }

    function _clearOpen(NodeState storage n) internal {
        (n.openClaim, n.openToBatch, n.openTotal, n.openNodeShare) = (0, 0, 0, 0);
    }

    function _sendOrOwe(address to, uint96 amount) internal {
        if (Native.trySend(to, amount)) return;
        _storage().owed[to] += amount;
        emit Owed(to, amount);
    }

    /// @dev Reverts with the error `selector`(expected, given) unless both are equal. One place for many checks: written out
    /// each, they would not fit into the contract's size limit.
    function _mustEqual(bytes4 selector, uint256 expected, uint256 given) internal pure {
        if (expected == given) return;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, expected)
            mstore(0x24, given)
            revert(0x00, 0x44)
        }
    }

    function _mustEqual(bytes4 selector, bytes32 expected, bytes32 given) internal pure {
        _mustEqual(selector, uint256(expected), uint256(given));
    }

    /// @dev A part of an amount; not above the amount, because no parameter is above 10,000 bps.
    function _share(uint96 amount, uint16 bps) internal pure returns (uint96) {
        return uint96(uint256(amount) * bps / BPS);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() internal pure returns (AttributionSettlementStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
