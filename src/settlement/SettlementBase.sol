// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IBaselineVault} from "../interfaces/IBaselineVault.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {IStakerRewards} from "../interfaces/IStakerRewards.sol";
import {ClaimLib} from "../libraries/ClaimLib.sol";
import {Native} from "../libraries/Native.sol";
import {NodeLedger} from "../libraries/NodeLedger.sol";
import {SettlementSlots} from "../libraries/SettlementSlots.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../types/Claim.sol";
import {
    Node,
    StoredBatch,
    StoredCounters,
    StoredNode,
    StoredPause,
    StoredTerms,
    VersionRange
} from "../types/SettlementState.sol";

/// @title What settlement remembers, and what time decides about it.
/// @notice Shared by {AttributionSettlement} and {SettlementExtension}, which run on the same storage: the second by
/// delegatecall from the first. See {IAttributionSettlement}.
abstract contract SettlementBase is AccessManagedUpgradeable, ReentrancyGuardTransient {
    using SettlementSlots for Node;
    using SettlementSlots for StoredBatch;
    using SettlementSlots for StoredNode;

    /// @notice The contracts that settlement works with.
    struct Contracts {
        IInferenceEscrow escrow;
        IAgentStaking staking;
        IProtocolParameters parameters;
        IAgentRegistry agents;
        IERC721 models;
        IContributionToken contributions;
        IBaselineVault vault;
        IStakerRewards stakers;
        address treasury;
    }

    /// @custom:storage-location erc7201:openledger.storage.AttributionSettlement
    struct AttributionSettlementStorage {
        StoredCounters counters;
        StoredPause pause;
        address audits;
        mapping(uint40 nodeId => StoredNode) nodes;
        mapping(uint40 nodeId => mapping(uint256 key => StoredBatch)) batches;
        mapping(bytes32 claimId => ClaimRecord) claims;
        mapping(uint40 nodeId => mapping(uint40 asset => uint96)) paid;
        mapping(address account => uint96) owed;
        mapping(address account => address) payoutAddresses;
        mapping(address account => uint256) nonces;
        mapping(address predicate => VersionRange) predicates;
        mapping(uint32 version => StoredTerms) terms;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AttributionSettlement")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x37f0fda2be984329fbb043e10538f0d4226e13db84d18851cb3e8b928f05e100;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("OpenLedger");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @dev Places of a node's batches that are used again once the batch in them is settled: a slot that is not zero costs
    /// a quarter of a fresh one.
    uint32 private constant RING = 8;

    /// @dev Bits of {StoredNode-flags}: which of `claimIds` is the final claim; whether another agent proposed the open one.
    uint8 internal constant FINAL_INDEX = 1;
    uint8 internal constant ORPHAN = 2;

    uint96 internal constant GWEI = 1e9;

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
    IContributionToken public immutable CONTRIBUTIONS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IBaselineVault public immutable VAULT;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IStakerRewards public immutable STAKERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address public immutable TREASURY;
    /// @dev Most that requests may extend a claim's window by; {ProtocolParameters} never changes it.
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    uint32 internal immutable MAX_EXTENSION;
    /// @dev Longest pause; {ProtocolParameters} never changes it.
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    uint32 internal immutable MAX_PAUSE;
    /// @dev Fourteen of the network's least windows: 14 days but on development chains.
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    uint32 private immutable LONGEST_WINDOW;

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
        IProtocolParameters.Limits memory limits = contracts.parameters.limits();
        (MAX_EXTENSION, MAX_PAUSE, LONGEST_WINDOW) =
        (limits.maxExtension, limits.maxPause, 14 * limits.minChallengeWindow);
        _disableInitializers();
    }

    // ------------------------------------------------------------------------------------------------ claims in time

    /// @dev Records what time has decided about the open claim. Everything that depends on it calls this first.
    function _advance(uint40 nodeId) internal {
        StoredNode storage s = _storage().nodes[nodeId];
        Node memory n = s.load();
        (uint40 proposer, uint96 bond) = _decide(nodeId, s, n);
        if (proposer == 0) return;
        n.save(s);
        _release(proposer, bond);
    }

    /// @dev What time has decided about the open claim, in `n`, which the caller saves. What that means for others is recorded.
    /// @return proposer Whose bond must be released; 0 if nothing was decided
    /// @return bond That bond
    function _decide(uint40 nodeId, StoredNode storage s, Node memory n)
        internal
        returns (uint40 proposer, uint96 bond)
    {
        if (n.openToBatch == 0) return (0, 0);
        AttributionSettlementStorage storage $ = _storage();
        bytes32 claimId = s.claimIds[_openIndex(n.flags)];
        ClaimRecord memory record = $.claims[claimId];
        uint40 end = _endOf(record);
        if (block.timestamp < end) return (0, 0);
        proposer = n.flags & ORPHAN == 0 ? nodeId : s.openProposer;
        if (record.status == ClaimStatus.Proposed) {
            uint80 owners = NodeLedger.share(n.openFees, n.openOwnersBps);
            uint80 share = NodeLedger.share(n.openFees, n.openNodeBps);
            uint80 earned = proposer == nodeId ? n.earned : $.nodes[proposer].earned;
            (n.unattributed, n.finalTotal, earned) =
                NodeLedger.finalize(n.unattributed, n.finalTotal, earned, owners, share);
            if (proposer == nodeId) n.earned = earned;
            else $.nodes[proposer].earned = earned;
            n.settledBatches = n.openToBatch;
            n.flags ^= FINAL_INDEX;
            // The pause that the claim met is forgotten with the next one; that the claim is final is not.
            if (end != record.end) ($.claims[claimId].end, $.claims[claimId].status) = (end, ClaimStatus.Final);
            emit IAttributionSettlement.ClaimFinalized(
                claimId, nodeId, NodeLedger.inWei(n.finalTotal), NodeLedger.inWei(share)
            );
        }
        n.openToBatch = 0;
        n.flags &= FINAL_INDEX;
        return (proposer, record.bond);
    }

    /// @dev Gives back the bond of a claim that time has decided about. Its exposure lasts; a vetoed claim's ended with the
    /// veto: by now the entry may be another claim's.
    function _release(uint40 proposer, uint96 bond) internal {
        STAKING.release(proposer, bond, 0, false);
    }

    /// @dev Forgets the open claim; its id stays in its place until the next one takes it.
    function _clearOpen(StoredNode storage n) internal {
        n.openToBatch = 0;
        n.flags &= FINAL_INDEX;
    }

    /// @dev Who bonded the open claim.
    function _openProposer(StoredNode storage n, uint40 nodeId) internal view returns (uint40) {
        return n.flags & ORPHAN == 0 ? nodeId : n.openProposer;
    }

    function _openIndex(uint8 flags) internal pure returns (uint256) {
        return (flags & FINAL_INDEX) ^ 1;
    }

    /// @dev When a claim's window ends, with the pause that it met. During that pause this is its latest possible end.
    function _endOf(ClaimRecord memory record) internal view returns (uint40) {
        return _endOf(record, _storage().pause);
    }

    /// @param p The last pause
    function _endOf(ClaimRecord memory record, StoredPause memory p) internal pure returns (uint40 end) {
        end = record.end;
        if (record.status == ClaimStatus.Final) return end;
        // Proposed before the pause, and not over when it began. No claim is proposed in a pause.
        if (record.proposedBlock <= p.atBlock && end > p.from) end += p.until - p.from;
    }

    /// @dev Whether the claim can still be proven false. Vetoed ones can, too.
    function _isDisputable(ClaimRecord memory record) internal view returns (bool) {
        bool open = record.status == ClaimStatus.Proposed || record.status == ClaimStatus.Vetoed;
        return open && block.timestamp < _endOf(record);
    }

    /// @param p The last pause
    function _isFinal(bytes32 claimId, StoredPause memory p) internal view returns (bool) {
        ClaimRecord memory record = _storage().claims[claimId];
        if (record.status != ClaimStatus.Proposed) return record.status == ClaimStatus.Final;
        return block.timestamp >= _endOf(record, p);
    }

    function _checkNotPaused() internal view returns (StoredPause memory p) {
        p = _storage().pause;
        if (block.timestamp < p.until) revert IAttributionSettlement.AttributionSettlement_Paused(p.until);
    }

    /// @dev No claim that met the last pause can be open then; 0 before the first pause.
    function _nextPauseAt(StoredPause memory p) internal view returns (uint40) {
        if (p.until == 0) return 0;
        uint32 window = p.longestWindow > LONGEST_WINDOW ? p.longestWindow : LONGEST_WINDOW;
        return p.until + window + MAX_EXTENSION + MAX_PAUSE;
    }

    function _claimIdOf(Claim calldata c) internal view returns (bytes32) {
        return ClaimLib.id(c, ClaimLib.domain(address(this)));
    }

    // ------------------------------------------------------------------------------------------------------- batches

    /// @dev Where the next batch goes: into the ring, unless the batch there still waits for a claim.
    function _placeOf(uint32 number, uint32 settledBatches) internal pure returns (uint256) {
        return number <= settledBatches + RING ? number % RING : uint256(RING) + number;
    }

    /// @dev Batch `number` but for its root, and where it is; nothing, if it is nowhere.
    function _batch(uint40 nodeId, uint32 number) internal view returns (StoredBatch memory b, StoredBatch storage s) {
        mapping(uint256 => StoredBatch) storage batches = _storage().batches[nodeId];
        s = batches[number % RING];
        b = s.load();
        if (b.number == number) return (b, s);
        s = batches[uint256(RING) + number];
        b = s.load();
    }

    // --------------------------------------------------------------------------------------------------------- money

    function _sendOrOwe(address to, uint96 amount) internal {
        if (Native.trySend(to, amount)) return;
        _storage().owed[to] += amount;
        emit IAttributionSettlement.Owed(to, amount);
    }

    // --------------------------------------------------------------------------------------------------------- tools

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

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator =
            keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    function _storage() internal pure returns (AttributionSettlementStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
