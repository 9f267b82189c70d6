// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {MerkleSum} from "../libraries/MerkleSum.sol";
import {Native} from "../libraries/Native.sol";
import {NodeLedger} from "../libraries/NodeLedger.sol";
import {SettlementSlots} from "../libraries/SettlementSlots.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../types/Claim.sol";
import {Node, StoredBatch, StoredNode, StoredPause, StoredTerms} from "../types/SettlementState.sol";
import {Terms} from "../types/Terms.sol";
import {SettlementBase} from "./SettlementBase.sol";

/// @title What a claim must be before it is heard, whatever its data's scheme.
/// @notice See {IAttributionSettlement}.
abstract contract SettlementClaims is SettlementBase {
    using SettlementSlots for ClaimRecord;
    using SettlementSlots for Node;
    using SettlementSlots for StoredNode;

    uint256 private constant BPS = 10_000;
    uint256 private constant PPM = 1_000_000;

    /// @dev What is known of a proposal before its claim is looked at.
    /// @param node The proposal's node
    /// @param released Whose bond time has set free; 0 if nobody's
    /// @param bond That bond
    /// @param wallet The proposer's agent wallet
    /// @param commitment What the claim's data commitment must be
    struct Proposal {
        Node node;
        uint40 released;
        uint96 bond;
        address wallet;
        bytes32 commitment;
    }

    /// @dev Checks, records and bonds a claim.
    function _propose(Claim calldata c, bytes32 commitment) internal returns (bytes32 claimId) {
        StoredPause memory pause = _checkNotPaused();
        StoredNode storage s = _storage().nodes[c.nodeId];
        Proposal memory x;
        x.node = s.load();
        (x.released, x.bond) = _decide(c.nodeId, s, x.node);
        x.wallet = AGENTS.getAgentWallet(c.proposer);
        x.commitment = commitment;
        return _open(c, s, x, pause);
    }

    /// @dev Saves the node, too.
    function _open(Claim calldata c, StoredNode storage s, Proposal memory x, StoredPause memory pause)
        internal
        returns (bytes32 claimId)
    {
        // Check
        if (msg.sender != x.wallet) {
            revert IAttributionSettlement.AttributionSettlement_NotProposer(c.proposer, msg.sender);
        }
        _mustEqual(
            IAttributionSettlement.AttributionSettlement_WrongDataCommitment.selector, x.commitment, c.dataCommitment
        );
        AttributionSettlementStorage storage $ = _storage();
        StoredTerms storage stored = $.terms[c.paramsVersion];
        Terms t = stored.terms;
        uint96 owners = _checkClaim(c, s, x.node, t.ownersBps());
        // Effect
        claimId = _claimIdOf(c);
        _record(c, s, x.node, claimId, t);
        // The next pause must wait for longer than this claim may.
        uint32 window = t.challengeWindow();
        if (window > pause.longestWindow) $.pause.longestWindow = window;
        ClaimRecord memory record;
        record.end = uint40(block.timestamp) + window;
        record.status = ClaimStatus.Proposed;
        record.bond = _bond(c.fees, owners, t, stored.bondMin);
        record.nodeId = c.nodeId;
        record.proposedBlock = uint40(block.number);
        // Interaction: staking is ours; it reverts when the stake does not cover bond and exposure
        if (x.released != 0 && x.released != c.proposer) {
            _release(x.released, x.bond);
            x.bond = 0;
        }
        record.exposureIndex = STAKING.lock(
            c.proposer, x.bond, record.bond, owners, uint40(block.timestamp) + t.unbondingPeriod(), stored.nodeStakeMin
        );
        record.save($.claims[claimId]);
        emit IAttributionSettlement.ClaimProposed(claimId, c.nodeId, c);
    }

    function _record(Claim calldata c, StoredNode storage s, Node memory n, bytes32 claimId, Terms t) private {
        s.claimIds[_openIndex(n.flags)] = claimId;
        n.openToBatch = c.toBatch;
        n.proposals = c.seq;
        // The batches' fees, which have 64 bits each and are below 2^96 wei together.
        // forge-lint: disable-next-line(unsafe-typecast)
        n.openFees = uint64(c.fees / GWEI);
        (n.openOwnersBps, n.openNodeBps) = (t.ownersBps(), t.nodeBps());
        if (c.proposer != c.nodeId) (n.flags, s.openProposer) = (n.flags | ORPHAN, c.proposer);
        n.save(s);
    }

    /// @dev The 'check at propose' of formats.md.
    /// @return owners The owners' share of the claim's fees
    function _checkClaim(Claim calldata c, StoredNode storage s, Node memory n, uint16 ownersBps)
        private
        view
        returns (uint96 owners)
    {
        if (n.openToBatch != 0) {
            bytes32 open = s.claimIds[_openIndex(n.flags)];
            revert IAttributionSettlement.AttributionSettlement_ClaimOpen(open, _endOf(_storage().claims[open]));
        }
        bytes32 parent = s.claimIds[n.flags & FINAL_INDEX];
        _mustEqual(IAttributionSettlement.AttributionSettlement_WrongParent.selector, parent, c.parent);
        _mustEqual(IAttributionSettlement.AttributionSettlement_WrongSeq.selector, n.proposals + 1, c.seq);
        uint32 first = n.settledBatches + 1;
        uint32 last = n.batches;
        if (c.fromBatch != first || c.toBatch < first || c.toBatch > last) {
            revert IAttributionSettlement.AttributionSettlement_WrongBatches(first, last);
        }
        uint64 feesInGwei = _checkBatches(c);
        owners = NodeLedger.inWei(NodeLedger.share(feesInGwei, ownersBps));
        uint256 total = uint256(NodeLedger.inWei(n.finalTotal)) + owners;
        _mustEqual(IAttributionSettlement.AttributionSettlement_WrongPayoutsTotal.selector, total, c.payoutsTotal);
        if (c.payoutsRoot == 0 || c.attributionsRoot == 0) {
            revert IAttributionSettlement.AttributionSettlement_EmptyRoot();
        }
        if (c.payoutsDepth > MerkleSum.MAX_DEPTH) {
            revert IAttributionSettlement.AttributionSettlement_PayoutsTooDeep(c.payoutsDepth);
        }
    }

    function _checkBatches(Claim calldata c) private view returns (uint64) {
        uint256 fees;
        uint256 receipts;
        uint40 redeemedAt;
        for (uint32 i = c.fromBatch; i <= c.toBatch; ++i) {
            (StoredBatch memory b,) = _batch(c.nodeId, i);
            if (i == c.fromBatch) {
                _mustEqual(
                    IAttributionSettlement.AttributionSettlement_WrongFirstReceipt.selector,
                    b.firstReceipt,
                    c.firstReceipt
                );
            }
            fees += b.feesInGwei;
            receipts += b.receiptCount;
            redeemedAt = b.redeemedAt;
            _mustEqual(
                IAttributionSettlement.AttributionSettlement_WrongParamsVersion.selector,
                b.paramsVersion,
                c.paramsVersion
            );
        }
        _mustEqual(IAttributionSettlement.AttributionSettlement_WrongFees.selector, fees * GWEI, c.fees);
        _mustEqual(IAttributionSettlement.AttributionSettlement_WrongReceiptCount.selector, receipts, c.receiptCount);
        // The last batch is the youngest.
        if (c.proposer != c.nodeId) _checkOrphaned(c, redeemedAt);
        // Equal to the claim's fees, which have 96 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(fees);
    }

    /// @dev Others may claim for a node only what it has left lying.
    function _checkOrphaned(Claim calldata c, uint40 redeemedAt) private view {
        (uint32 deadline,,) = PARAMETERS.orphanTerms(c.paramsVersion);
        uint256 orphanedAt = uint256(redeemedAt) + deadline;
        if (block.timestamp < orphanedAt) {
            revert IAttributionSettlement.AttributionSettlement_NotOrphaned(c.nodeId, c.toBatch, orphanedAt);
        }
    }

    /// @dev max(bondMin, owners' share · bondBps, contributors' share / p): a falsified claim must cost more than it can
    /// bring, given how often audits catch one. Rounds up.
    function _bond(uint96 fees, uint96 owners, Terms t, uint96 least) private pure returns (uint96) {
        uint256 contributors = uint256(fees) * t.contributorsBps() / BPS;
        uint256 bond = Math.max(
            Math.ceilDiv(uint256(owners) * t.bondBps(), BPS), Math.ceilDiv(contributors * PPM, t.detectionPpm())
        );
        return Native.toUint96(Math.max(bond, least));
    }
}
