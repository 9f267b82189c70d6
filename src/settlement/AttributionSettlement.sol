// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IBaselineVault} from "../interfaces/IBaselineVault.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {IPredicate} from "../interfaces/IPredicate.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {IStakerRewards} from "../interfaces/IStakerRewards.sol";
import {Assets} from "../libraries/Assets.sol";
import {ClaimLib} from "../libraries/ClaimLib.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {MerkleSum} from "../libraries/MerkleSum.sol";
import {Native} from "../libraries/Native.sol";
import {PositionalMerkle} from "../libraries/PositionalMerkle.sol";
import {
    Batch,
    Claim,
    ClaimPayouts,
    ClaimRecord,
    ClaimStatus,
    NodeState,
    PayoutProof,
    SignedVoucher
} from "../types/Claim.sol";

/// @title Settlement of inference fees.
/// @notice See {IAttributionSettlement}.
contract AttributionSettlement is
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

    /// @notice Most vouchers in one redemption.
    uint256 public constant MAX_VOUCHERS = 512;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.AttributionSettlement")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x37f0fda2be984329fbb043e10538f0d4226e13db84d18851cb3e8b928f05e100;

    uint256 private constant BPS = 10_000;
    uint256 private constant PPM = 1_000_000;

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

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @notice Fees come from the escrow and from nowhere else.
    receive() external payable {
        if (msg.sender != address(ESCROW)) revert AttributionSettlement_NotEscrow(msg.sender);
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
    }

    // ------------------------------------------------------------------------------------------------------ payouts

    /// @inheritdoc IAttributionSettlement
    function claim(PayoutProof calldata payout, Claim calldata finalClaim) external nonReentrant {
        // Check
        (bool isFinal, bytes32 claimId) = _isFinal(finalClaim);
        if (!isFinal) revert AttributionSettlement_ClaimNotFinal(claimId);
        _mustEqual(AttributionSettlement_WrongNode.selector, finalClaim.nodeId, payout.nodeId);
        if (!_isPayout(payout, finalClaim)) revert AttributionSettlement_BadProof(payout.nodeId, payout.asset);
        (address payee, bool mayCall) = _payee(payout.asset);
        if (!mayCall) revert AttributionSettlement_PayeeMustCall(payee, msg.sender);
        // Effect
        uint96 amount = _book(payout, payee);
        if (amount == 0) revert AttributionSettlement_NothingToPay(payout.nodeId, payout.asset);
        // Interaction
        if (payout.asset == Assets.TREASURY) {
            _storage().treasury += amount;
        } else if (Assets.kindOf(payout.asset) == Assets.BASELINE) {
            VAULT.fund{value: amount}(Assets.tokenIdOf(payout.asset));
        } else {
            _sendOrOwe(payee, amount);
        }
    }

    /// @inheritdoc IAttributionSettlement
    function claimMany(address account, ClaimPayouts[] calldata items) external nonReentrant returns (uint96 amount) {
        for (uint256 i = 0; i < items.length; ++i) {
            Claim calldata finalClaim = items[i].finalClaim;
            (bool isFinal,) = _isFinal(finalClaim);
            if (!isFinal) continue;
            for (uint256 k = 0; k < items[i].payouts.length; ++k) {
                amount += _bookFor(account, items[i].payouts[k], finalClaim);
            }
        }
        if (amount != 0) _sendOrOwe(account, amount);
    }

    /// @inheritdoc IAttributionSettlement
    function flush() external nonReentrant {
        AttributionSettlementStorage storage $ = _storage();
        (uint96 burned, uint96 treasury, uint96 stakers) = ($.burn, $.treasury, $.stakers);
        // Effect
        ($.burn, $.treasury, $.stakers) = (0, 0, 0);
        // Interaction: a receiver that fails keeps its counter and does not hold up the others
        if (!Native.trySend(Native.BURN, burned)) ($.burn, burned) = (burned, 0);
        if (!Native.trySend(TREASURY, treasury)) ($.treasury, treasury) = (treasury, 0);
        if (!Native.trySend(address(STAKERS), stakers)) ($.stakers, stakers) = (stakers, 0);
        emit Flushed(burned, treasury, stakers);
    }

    /// @inheritdoc IAttributionSettlement
    function flush(uint40 nodeId) external nonReentrant {
        _advance(nodeId);
        NodeState storage n = _storage().nodes[nodeId];
        uint96 amount = n.nodeShare;
        if (amount == 0) return;
        address wallet = AGENTS.getAgentWallet(nodeId);
        n.nodeShare = 0;
        emit NodePaid(nodeId, wallet, amount);
        _sendOrOwe(wallet, amount);
    }

    /// @inheritdoc IAttributionSettlement
    function withdrawOwed(address account) external nonReentrant {
        AttributionSettlementStorage storage $ = _storage();
        uint96 amount = $.owed[account];
        if (amount == 0) revert AttributionSettlement_NothingOwed(account);
        $.owed[account] = 0;
        emit OwedWithdrawn(account, amount);
        if (!Native.trySend(account, amount)) revert AttributionSettlement_SendFailed(account, amount);
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
        uint32 index =
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

    /// @dev Records what time has decided about the open claim. Everything that depends on it calls this first.
    function _advance(uint40 nodeId) private {
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
        STAKING.release(nodeId, record.bond, record.exposureIndex, record.status == ClaimStatus.Vetoed);
    }

    function _clearOpen(NodeState storage n) private {
        (n.openClaim, n.openToBatch, n.openTotal, n.openNodeShare) = (0, 0, 0, 0);
    }

    function _isPayout(PayoutProof calldata payout, Claim calldata c) private pure returns (bool) {
        bytes32 leaf = Leaves.hashPayout(payout);
        return MerkleSum.verify(
            c.payoutsRoot, c.payoutsTotal, leaf, payout.cumulative, payout.asset, c.payoutsDepth, payout.proof
        );
    }

    /// @dev Who is paid for an asset, and whether the caller may make it be paid now: money is not pushed into contracts.
    function _payee(uint40 asset) private view returns (address payee, bool mayCall) {
        if (asset == Assets.TREASURY) return (TREASURY, true);
        uint8 kind = Assets.kindOf(asset);
        if (kind == Assets.BASELINE) return (address(VAULT), true);
        if (kind > Assets.BASELINE) revert AttributionSettlement_UnknownAsset(asset);
        IERC721 token = kind == Assets.MODEL ? MODELS : CONTRIBUTIONS;
        payee = token.ownerOf(Assets.tokenIdOf(asset));
        mayCall = payee.code.length == 0 || msg.sender == payee || token.isApprovedForAll(payee, msg.sender);
    }

    /// @dev Books a payout for `claimMany`; 0 when it is not payable to the account by this caller.
    function _bookFor(address account, PayoutProof calldata payout, Claim calldata finalClaim)
        private
        returns (uint96)
    {
        if (payout.nodeId != finalClaim.nodeId || !_isPayout(payout, finalClaim)) return 0;
        (address payee, bool mayCall) = _payee(payout.asset);
        // Baseline money must say which model it is for: `claim` does.
        if (payee != account || payee == address(VAULT) || !mayCall) return 0;
        return _book(payout, account);
    }

    function _isFinal(Claim calldata c) private returns (bool, bytes32 claimId) {
        _advance(c.nodeId);
        claimId = claimIdOf(c);
        return (_storage().claims[claimId].status == ClaimStatus.Final, claimId);
    }

    /// @dev Books what an asset has earned and not been paid. A node's money pays for that node's claims only.
    function _book(PayoutProof calldata payout, address payee) private returns (uint96 amount) {
        AttributionSettlementStorage storage $ = _storage();
        uint96 before = $.paid[payout.nodeId][payout.asset];
        if (payout.cumulative <= before) return 0;
        amount = payout.cumulative - before;
        NodeState storage n = $.nodes[payout.nodeId];
        uint256 total = uint256(n.paid) + amount;
        if (total > n.finalTotal) revert AttributionSettlement_Overpaid(payout.nodeId, total, n.finalTotal);
        $.paid[payout.nodeId][payout.asset] = payout.cumulative;
        n.paid = uint96(total);
        emit Paid(payout.nodeId, payout.asset, payee, amount, payout.cumulative);
    }

    function _sendOrOwe(address to, uint96 amount) private {
        if (Native.trySend(to, amount)) return;
        _storage().owed[to] += amount;
        emit Owed(to, amount);
    }

    /// @dev Reverts with the error `selector`(expected, given) unless both are equal. One place for many checks: written out
    /// each, they would not fit into the contract's size limit.
    function _mustEqual(bytes4 selector, uint256 expected, uint256 given) private pure {
        if (expected == given) return;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, expected)
            mstore(0x24, given)
            revert(0x00, 0x44)
        }
    }

    function _mustEqual(bytes4 selector, bytes32 expected, bytes32 given) private pure {
        _mustEqual(selector, uint256(expected), uint256(given));
    }

    /// @dev A part of an amount; not above the amount, because no parameter is above 10,000 bps.
    function _share(uint96 amount, uint16 bps) private pure returns (uint96) {
        return uint96(uint256(amount) * bps / BPS);
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

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (AttributionSettlementStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
