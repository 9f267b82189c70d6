// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {MerkleSum} from "../libraries/MerkleSum.sol";
import {Native} from "../libraries/Native.sol";
import {NodeLedger} from "../libraries/NodeLedger.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../types/Claim.sol";
import {StoredBatch, StoredNode, StoredPause} from "../types/SettlementState.sol";
import {SettlementBase} from "./SettlementBase.sol";

/// @title What a claim must be before it is heard, whatever its data's scheme.
/// @notice See {IAttributionSettlement}.
abstract contract SettlementClaims is SettlementBase {
    uint256 private constant BPS = 10_000;
    uint256 private constant PPM = 1_000_000;

    /// @dev Checks, records and bonds a claim. The caller has checked its data commitment.
    function _propose(Claim calldata c, IProtocolParameters.SettlementTerms memory p, bytes32 dataCommitment)
        internal
        returns (bytes32 claimId)
    {
        // Check
        StoredPause memory pause = _checkNotPaused();
        if (msg.sender != AGENTS.getAgentWallet(c.proposer)) {
            revert IAttributionSettlement.AttributionSettlement_NotProposer(c.proposer, msg.sender);
        }
        _mustEqual(
            IAttributionSettlement.AttributionSettlement_WrongDataCommitment.selector, dataCommitment, c.dataCommitment
        );
        _advance(c.nodeId);
        AttributionSettlementStorage storage $ = _storage();
        StoredNode storage n = $.nodes[c.nodeId];
        uint16 ownersBps = p.modelBps + p.contributorsBps;
        uint96 owners = _checkClaim(c, n, ownersBps);
        // Effect
        claimId = _claimIdOf(c);
        _open(c, n, claimId, ownersBps, p.nodeBps);
        // The next pause must wait for longer than this claim may.
        if (p.challengeWindow > pause.longestWindow) $.pause.longestWindow = p.challengeWindow;
        uint96 bond = _bond(c.fees, owners, p);
        // Interaction: staking is ours; it reverts when the stake does not cover bond and exposure
        uint8 index =
            uint8(STAKING.lock(c.proposer, bond, owners, uint40(block.timestamp) + p.unbondingPeriod, p.nodeStakeMin));
        $.claims[claimId] = ClaimRecord({
            end: uint40(block.timestamp) + p.challengeWindow,
            extension: 0,
            status: ClaimStatus.Proposed,
            bond: bond,
            nodeId: c.nodeId,
            proposedBlock: uint40(block.number),
            exposureIndex: index
        });
        emit IAttributionSettlement.ClaimProposed(claimId, c.nodeId, c);
    }

    function _open(Claim calldata c, StoredNode storage n, bytes32 claimId, uint16 ownersBps, uint16 nodeBps) private {
        uint8 flags = n.flags;
        n.claimIds[_openIndex(flags)] = claimId;
        n.openToBatch = c.toBatch;
        n.proposals = c.seq;
        n.openFees = uint64(c.fees / GWEI);
        (n.openOwnersBps, n.openNodeBps) = (ownersBps, nodeBps);
        if (c.proposer != c.nodeId) (n.flags, n.openProposer) = (flags | ORPHAN, c.proposer);
    }

    /// @dev The 'check at propose' of formats.md.
    /// @return owners The owners' share of the claim's fees
    function _checkClaim(Claim calldata c, StoredNode storage n, uint16 ownersBps)
        private
        view
        returns (uint96 owners)
    {
        uint8 flags = n.flags;
        if (n.openToBatch != 0) {
            bytes32 open = n.claimIds[_openIndex(flags)];
            revert IAttributionSettlement.AttributionSettlement_ClaimOpen(open, _endOf(_storage().claims[open]));
        }
        bytes32 parent = n.claimIds[flags & FINAL_INDEX];
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
            StoredBatch storage b = _batch(c.nodeId, i);
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
    function _bond(uint96 fees, uint96 owners, IProtocolParameters.SettlementTerms memory p)
        private
        pure
        returns (uint96)
    {
        uint256 contributors = uint256(fees) * p.contributorsBps / BPS;
        uint256 bond =
            Math.max(Math.ceilDiv(uint256(owners) * p.bondBps, BPS), Math.ceilDiv(contributors * PPM, p.detectionPpm));
        return Native.toUint96(Math.max(bond, p.bondMin));
    }
}
