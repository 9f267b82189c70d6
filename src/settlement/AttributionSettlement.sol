// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IPredicate} from "../interfaces/IPredicate.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {ClaimLib} from "../libraries/ClaimLib.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {MerkleSum} from "../libraries/MerkleSum.sol";
import {Native} from "../libraries/Native.sol";
import {PositionalMerkle} from "../libraries/PositionalMerkle.sol";
import {Batch, Claim, ClaimRecord, ClaimStatus, NodeState, SignedVoucher} from "../types/Claim.sol";
import {SettlementBase} from "./SettlementBase.sol";
import {SettlementPayouts} from "./SettlementPayouts.sol";

/// @title Settlement of inference fees.
/// @notice See {IAttributionSettlement}. Vouchers come in and claims are judged here; {SettlementPayouts} has the way out,
/// {SettlementBase} the state.
contract AttributionSettlement is SettlementPayouts {
    /// @notice Most vouchers in one redemption.
    uint256 public constant MAX_VOUCHERS = 512;

    uint256 private constant PPM = 1_000_000;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(Contracts memory contracts) SettlementBase(contracts) {}

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    // ------------------------------------------------------------------------------------------ vouchers and claims

    /// @inheritdoc IAttributionSettlement
    function redeem(uint40 nodeId, SignedVoucher[] calldata vouchers) external nonReentrant {
        uint32 version = _currentVersion();
        _redeem(nodeId, vouchers, version, _parameters(version));
    }

    /// @inheritdoc IAttributionSettlement
    function proposeClaim(Claim calldata claim_, bytes calldata claimData, bytes calldata locator)
        external
        nonReentrant
    {
        _propose(claim_, claimData, locator, _parameters(claim_.paramsVersion));
    }

    /// @inheritdoc IAttributionSettlement
    function redeemAndPropose(
        uint40 nodeId,
        SignedVoucher[] calldata vouchers,
        Claim calldata claim_,
        bytes calldata claimData,
        bytes calldata locator
    ) external nonReentrant {
        uint32 version = _currentVersion();
        IProtocolParameters.Parameters memory p = _parameters(version);
        _redeem(nodeId, vouchers, version, p);
        if (claim_.paramsVersion != version) p = _parameters(claim_.paramsVersion);
        _propose(claim_, claimData, locator, p);
    }

    /// @inheritdoc IAttributionSettlement
    function finalize(uint40 nodeId) external nonReentrant {
        _advance(nodeId);
    }

    /// @inheritdoc IAttributionSettlement
    function proveFraud(Claim calldata claim_, address predicate, bytes calldata witness, address rewardTo)
        external
        nonReentrant
    {
        AttributionSettlementStorage storage $ = _storage();
        bytes32 claimId = claimIdOf(claim_);
        ClaimRecord storage record = $.claims[claimId];
        // Check: the claim can still be disputed, by this predicate
        bool open = record.status == ClaimStatus.Proposed || record.status == ClaimStatus.Vetoed;
        if (!open || block.timestamp >= record.end) revert AttributionSettlement_ClaimNotDisputable(claimId);
        if (rewardTo == address(0)) revert AttributionSettlement_ZeroRewardTo();
        VersionRange memory range = $.predicates[predicate];
        if (range.from == 0 || claim_.paramsVersion < range.from || claim_.paramsVersion > range.to) {
            revert AttributionSettlement_UnknownPredicate(predicate, claim_.paramsVersion);
        }
        if (!IPredicate(predicate).isFraud(claim_, witness)) {
            revert AttributionSettlement_NotFraud(claimId, predicate);
        }
        // Effect: the node may propose again, over the same batches and the same parent
        record.status = ClaimStatus.Rejected;
        _clearOpen($.nodes[record.nodeId]);
        // The reward rounds down, so the burned half rounds up: proving one's own fraud costs half the bond.
        uint96 reward = _share(record.bond, _parameters(claim_.paramsVersion).slashRewardBps);
        emit FraudProven(claimId, record.nodeId, predicate, rewardTo, reward, record.bond - reward);
        // Interaction
        STAKING.slash(claim_.proposer, record.bond, reward, rewardTo, record.exposureIndex);
    }

    /// @inheritdoc IAttributionSettlement
    function veto(bytes32 claimId) external restricted {
        ClaimRecord storage record = _storage().claims[claimId];
        if (record.status != ClaimStatus.Proposed || block.timestamp >= record.end) {
            revert AttributionSettlement_ClaimNotDisputable(claimId);
        }
        record.status = ClaimStatus.Vetoed;
        emit ClaimVetoed(claimId, record.nodeId);
        // It will never pay; its bond stays for a fraud proof until the window ends.
        STAKING.release(record.nodeId, 0, record.exposureIndex, true);
    }

    // --------------------------------------------------------------------------------------------------- predicates

    /// @inheritdoc IAttributionSettlement
    function bootstrapPredicates(address[] calldata predicates) external restricted reinitializer(2) {
        uint32 version = _currentVersion();
        for (uint256 i = 0; i < predicates.length; ++i) {
            _setPredicate(predicates[i], version, type(uint32).max);
        }
    }

    /// @inheritdoc IAttributionSettlement
    function setPredicate(address predicate, uint32 fromVersion, uint32 toVersion) external restricted {
        uint32 current = _currentVersion();
        VersionRange memory range = _storage().predicates[predicate];
        bool isEnd = range.from != 0 && range.from == fromVersion && toVersion >= current && range.to >= current;
        if (!isEnd && (fromVersion <= current || toVersion < fromVersion)) {
            revert AttributionSettlement_PredicateNotAhead(fromVersion, current);
        }
        _setPredicate(predicate, fromVersion, toVersion);
    }

    // ------------------------------------------------------------------------------------------------------ private

    function _redeem(
        uint40 nodeId,
        SignedVoucher[] calldata vouchers,
        uint32 version,
        IProtocolParameters.Parameters memory p
    ) private {
        // Check
        if (vouchers.length == 0) revert AttributionSettlement_NoVouchers();
        if (vouchers.length > MAX_VOUCHERS) {
            revert AttributionSettlement_TooManyVouchers(vouchers.length, MAX_VOUCHERS);
        }
        // Interaction: the escrow is ours, and it must say first whether the vouchers hold
        uint96 fees = ESCROW.collect(nodeId, msg.sender, vouchers);
        // Effect
        AttributionSettlementStorage storage $ = _storage();
        NodeState storage n = $.nodes[nodeId];
        n.held += _share(fees, p.nodeBps);
        $.burn += _share(fees, p.burnBps);
        $.treasury += _share(fees, p.treasuryBps);
        $.stakers += _share(fees, p.stakersBps);
        Batch memory b;
        b.fees = fees;
        b.redeemedAt = uint40(block.timestamp);
        b.paramsVersion = version;
        _appendBatch(nodeId, n, b, vouchers);
    }

    /// @dev Numbers the vouchers' receipts and builds their tree.
    function _appendBatch(uint40 nodeId, NodeState storage n, Batch memory b, SignedVoucher[] calldata vouchers)
        private
    {
        uint32 number = ++n.batches;
        uint40 next = n.nextReceipt;
        b.firstReceipt = next;
        bytes32[] memory leaves = new bytes32[](vouchers.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = _appendVoucher(nodeId, number, next, vouchers[i]);
            next += vouchers[i].receiptCount;
        }
        uint256 count = next - b.firstReceipt;
        if (count > type(uint32).max) revert AttributionSettlement_TooManyReceipts(count);
        b.receiptCount = uint32(count);
        b.vouchersRoot = PositionalMerkle.rootOf(leaves);
        n.nextReceipt = next;
        _storage().batches[nodeId][number] = b;
        emit BatchAppended(nodeId, number, b.vouchersRoot, b.firstReceipt, b.receiptCount, b.fees, b.paramsVersion);
    }

    function _appendVoucher(uint40 nodeId, uint32 number, uint40 first, SignedVoucher calldata v)
        private
        returns (bytes32)
    {
        uint96 fee = v.cumulativeFee - v.settledFee;
        emit VoucherRedeemed(nodeId, v.channelId, number, v.epoch, v.receiptsRoot, v.receiptCount, fee, first);
        return Leaves.hashVoucher(v, fee, first);
    }

    function _propose(
        Claim calldata c,
        bytes calldata claimData,
        bytes calldata locator,
        IProtocolParameters.Parameters memory p
    ) private {
        // Check
        _mustEqual(AttributionSettlement_ProposerMustBeNode.selector, c.nodeId, c.proposer);
        if (msg.sender != AGENTS.getAgentWallet(c.proposer)) {
            revert AttributionSettlement_NotProposer(c.proposer, msg.sender);
        }
        _advance(c.nodeId);
        AttributionSettlementStorage storage $ = _storage();
        NodeState storage n = $.nodes[c.nodeId];
        _checkClaim(c, n, p);
        bytes32 commitment = ClaimLib.dataCommitment(claimData, locator);
        _mustEqual(AttributionSettlement_WrongDataCommitment.selector, commitment, c.dataCommitment);
        // Effect
        bytes32 claimId = claimIdOf(c);
        n.openClaim = claimId;
        n.openToBatch = c.toBatch;
        n.proposals = c.seq;
        n.openTotal = c.payoutsTotal;
        n.openNodeShare = _share(c.fees, p.nodeBps);
        uint96 owners = c.payoutsTotal - n.finalTotal;
        uint96 bond = _bond(c.fees, owners, p);
        // Interaction: staking is ours; it reverts when the stake does not cover bond and exposure
        uint8 index =
            STAKING.lock(c.proposer, bond, owners, uint40(block.timestamp) + p.unbondingPeriod, p.nodeStakeMin);
        $.claims[claimId] = ClaimRecord({
            end: uint40(block.timestamp) + p.challengeWindow,
            extended: 0,
            status: ClaimStatus.Proposed,
            bond: bond,
            nodeId: c.nodeId,
            exposureIndex: index
        });
        emit ClaimProposed(claimId, c.nodeId, c);
        emit ClaimData(claimId, claimData, locator);
    }

    /// @dev The 'check at propose' of formats.md.
    function _checkClaim(Claim calldata c, NodeState storage n, IProtocolParameters.Parameters memory p) private view {
        if (n.openClaim != 0) {
            revert AttributionSettlement_ClaimOpen(n.openClaim, _storage().claims[n.openClaim].end);
        }
        _mustEqual(AttributionSettlement_WrongParent.selector, n.finalClaim, c.parent);
        _mustEqual(AttributionSettlement_WrongSeq.selector, n.proposals + 1, c.seq);
        if (c.fromBatch != n.settledBatches + 1 || c.toBatch < c.fromBatch || c.toBatch > n.batches) {
            revert AttributionSettlement_WrongBatches(n.settledBatches + 1, n.batches);
        }
        _checkBatches(c);
        uint256 total = uint256(n.finalTotal) + _share(c.fees, p.modelBps + p.contributorsBps);
        _mustEqual(AttributionSettlement_WrongPayoutsTotal.selector, total, c.payoutsTotal);
        if (c.payoutsRoot == 0 || c.attributionsRoot == 0) revert AttributionSettlement_EmptyRoot();
        if (c.payoutsDepth > MerkleSum.MAX_DEPTH) revert AttributionSettlement_PayoutsTooDeep(c.payoutsDepth);
    }

    function _checkBatches(Claim calldata c) private view {
        mapping(uint32 => Batch) storage batches = _storage().batches[c.nodeId];
        uint40 first = batches[c.fromBatch].firstReceipt;
        _mustEqual(AttributionSettlement_WrongFirstReceipt.selector, first, c.firstReceipt);
        uint256 fees;
        uint256 receipts;
        for (uint32 i = c.fromBatch; i <= c.toBatch; ++i) {
            Batch storage b = batches[i];
            fees += b.fees;
            receipts += b.receiptCount;
            _mustEqual(AttributionSettlement_WrongParamsVersion.selector, b.paramsVersion, c.paramsVersion);
        }
        _mustEqual(AttributionSettlement_WrongFees.selector, fees, c.fees);
        _mustEqual(AttributionSettlement_WrongReceiptCount.selector, receipts, c.receiptCount);
    }

    /// @dev max(bondMin, owners' share · bondBps, contributors' share / p): a falsified claim must cost more than it can
    /// bring, given how often audits catch one. Rounds up.
    function _bond(uint96 fees, uint96 owners, IProtocolParameters.Parameters memory p) private pure returns (uint96) {
        uint256 contributors = _share(fees, p.contributorsBps);
        uint256 bond =
            Math.max(Math.ceilDiv(uint256(owners) * p.bondBps, BPS), Math.ceilDiv(contributors * PPM, p.detectionPpm));
        return Native.toUint96(Math.max(bond, p.bondMin));
    }

    function _currentVersion() private view returns (uint32) {
        return PARAMETERS.currentVersion();
    }

    function _parameters(uint32 version) private view returns (IProtocolParameters.Parameters memory) {
        return PARAMETERS.parameters(version);
    }

    function _setPredicate(address predicate, uint32 fromVersion, uint32 toVersion) private {
        _storage().predicates[predicate] = VersionRange({from: fromVersion, to: toVersion});
        emit PredicateSet(predicate, fromVersion, toVersion);
    }
}
