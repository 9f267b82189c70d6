// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {NodeLedger} from "../libraries/NodeLedger.sol";
import {Batch, Claim, ClaimRecord, ClaimStatus, NodeState} from "../types/Claim.sol";
import {StoredBatch, StoredCounters, StoredNode, StoredPause, VersionRange} from "../types/SettlementState.sol";
import {SettlementBase} from "./SettlementBase.sol";

/// @title What others can read of settlement.
/// @notice See {IAttributionSettlement}.
abstract contract SettlementViews is SettlementBase {
    /// @notice See {IAttributionSettlement-node}.
    function node(uint40 nodeId) external view returns (NodeState memory s) {
        AttributionSettlementStorage storage $ = _storage();
        StoredNode memory n = $.nodes[nodeId];
        s.finalClaim = n.claimIds[n.flags & FINAL_INDEX];
        (s.batches, s.settledBatches, s.openToBatch) = (n.batches, n.settledBatches, n.openToBatch);
        (s.proposals, s.nextReceipt, s.paid) = (n.proposals, n.nextReceipt, n.paid);
        s.unattributed = NodeLedger.inWei(n.unattributed);
        s.finalTotal = NodeLedger.inWei(n.finalTotal);
        s.nodeShare = NodeLedger.inWei(n.earned);
        if (n.openToBatch == 0) return s;
        // There is an open claim, or one that time has decided about.
        s.openClaim = n.claimIds[_openIndex(n.flags)];
        s.openProposer = n.flags & ORPHAN == 0 ? nodeId : n.openProposer;
        s.openTotal = s.finalTotal + NodeLedger.inWei(NodeLedger.share(n.openFees, n.openOwnersBps));
        s.openNodeShare = NodeLedger.inWei(NodeLedger.share(n.openFees, n.openNodeBps));
        ClaimRecord memory record = $.claims[s.openClaim];
        if (block.timestamp < _endOf(record)) return s;
        if (record.status == ClaimStatus.Proposed) {
            s.unattributed -= s.openTotal - s.finalTotal + s.openNodeShare;
            (s.finalClaim, s.settledBatches, s.finalTotal) = (s.openClaim, s.openToBatch, s.openTotal);
            if (s.openProposer == nodeId) s.nodeShare += s.openNodeShare;
        }
        (s.openClaim, s.openProposer, s.openToBatch, s.openTotal, s.openNodeShare) = (0, 0, 0, 0, 0);
    }

    /// @notice See {IAttributionSettlement-batch}.
    function batch(uint40 nodeId, uint32 n) external view returns (Batch memory) {
        (StoredBatch memory b, StoredBatch storage s) = _batch(nodeId, n);
        return Batch({
            vouchersRoot: s.vouchersRoot,
            firstReceipt: b.firstReceipt,
            receiptCount: b.receiptCount,
            fees: uint96(b.feesInGwei) * GWEI,
            redeemedAt: b.redeemedAt,
            paramsVersion: b.paramsVersion
        });
    }

    /// @notice See {IAttributionSettlement-claimRecord}.
    function claimRecord(bytes32 claimId) external view returns (ClaimRecord memory record) {
        record = _storage().claims[claimId];
        record.end = _endOf(record);
        if (record.status == ClaimStatus.Proposed && block.timestamp >= record.end) record.status = ClaimStatus.Final;
    }

    /// @notice See {IAttributionSettlement-claimIdOf}.
    function claimIdOf(Claim calldata claim_) external view returns (bytes32) {
        return _claimIdOf(claim_);
    }

    /// @notice See {IAttributionSettlement-paid}.
    function paid(uint40 nodeId, uint40 asset) external view returns (uint96) {
        return _storage().paid[nodeId][asset];
    }

    /// @notice See {IAttributionSettlement-owed}.
    function owed(address account) external view returns (uint96) {
        return _storage().owed[account];
    }

    /// @notice See {IAttributionSettlement-payoutAddress}.
    function payoutAddress(address account) external view returns (address) {
        return _storage().payoutAddresses[account];
    }

    /// @notice See {IAttributionSettlement-nonces}.
    function nonces(address account) external view returns (uint256) {
        return _storage().nonces[account];
    }

    /// @notice See {IAttributionSettlement-pauseState}.
    function pauseState() external view returns (uint40 from, uint40 until, uint40 nextPauseAt) {
        StoredPause memory p = _storage().pause;
        return (p.from, p.until, _nextPauseAt(p));
    }

    /// @notice See {IAttributionSettlement-audits}.
    function audits() external view returns (address) {
        return _storage().audits;
    }

    /// @notice See {IAttributionSettlement-counters}.
    function counters() external view returns (uint96 burn, uint96 treasury, uint96 stakers) {
        StoredCounters memory c = _storage().counters;
        return (NodeLedger.inWei(c.burn), c.treasury, NodeLedger.inWei(c.stakers));
    }

    /// @notice See {IAttributionSettlement-predicateVersions}.
    function predicateVersions(address predicate) external view returns (uint32 fromVersion, uint32 toVersion) {
        VersionRange memory range = _storage().predicates[predicate];
        return (range.from, range.to);
    }
}
