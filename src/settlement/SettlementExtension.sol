// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IPredicate} from "../interfaces/IPredicate.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";
import {NodeLedger} from "../libraries/NodeLedger.sol";
import {Claim, ClaimPayouts, ClaimRecord, ClaimStatus} from "../types/Claim.sol";
import {
    StoredBatch,
    StoredCounters,
    StoredNode,
    StoredPause,
    StoredTerms,
    VersionRange
} from "../types/SettlementState.sol";
import {Terms, TermsLib} from "../types/Terms.sol";
import {SettlementBase} from "./SettlementBase.sol";
import {SettlementPayouts} from "./SettlementPayouts.sol";
import {SettlementViews} from "./SettlementViews.sol";

/// @title The part of settlement that is not needed every day: disputes, pauses, claims whose data is elsewhere, payouts to
/// where one likes, expiry.
/// @notice Its code runs by delegatecall from {AttributionSettlement}, on that contract's storage and with that contract's
/// caller. Called itself it has no state, no money and no authority. See {IAttributionSettlement} for every function.
contract SettlementExtension is SettlementViews, SettlementPayouts {
    bytes32 private constant CLAIM_TO_TYPEHASH =
        keccak256("ClaimTo(address account,address to,bytes32 itemsHash,uint256 nonce,uint256 deadline)");

    /// @dev Batches that one call expires at most.
    uint256 private constant MAX_EXPIRED = 64;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(Contracts memory contracts) SettlementBase(contracts) {}

    // ------------------------------------------------------------------------------------------------------- claims

    /// @notice See {IAttributionSettlement-proveFraud}.
    function proveFraud(Claim calldata claim_, address predicate, bytes calldata witness, address rewardTo)
        external
        nonReentrant
    {
        AttributionSettlementStorage storage $ = _storage();
        bytes32 claimId = _claimIdOf(claim_);
        ClaimRecord memory record = $.claims[claimId];
        // Check: the claim can still be disputed, by this predicate
        if (!_isDisputable(record)) revert IAttributionSettlement.AttributionSettlement_ClaimNotDisputable(claimId);
        if (rewardTo == address(0)) revert IAttributionSettlement.AttributionSettlement_ZeroRewardTo();
        VersionRange memory range = $.predicates[predicate];
        if (range.from == 0 || claim_.paramsVersion < range.from || claim_.paramsVersion > range.to) {
            revert IAttributionSettlement.AttributionSettlement_UnknownPredicate(predicate, claim_.paramsVersion);
        }
        if (!_isFraud(predicate, claim_, witness)) {
            revert IAttributionSettlement.AttributionSettlement_NotFraud(claimId, predicate);
        }
        // Effect: the node may propose again, over the same batches and the same parent
        $.claims[claimId].status = ClaimStatus.Rejected;
        _clearOpen($.nodes[record.nodeId]);
        uint16 rewardBps = $.terms[claim_.paramsVersion].terms.slashRewardBps();
        (uint96 reward, uint96 burned) = NodeLedger.divideBond(record.bond, rewardBps);
        emit IAttributionSettlement.FraudProven(claimId, record.nodeId, predicate, rewardTo, reward, burned);
        // Interaction
        STAKING.slash(claim_.proposer, record.bond, reward, rewardTo, record.exposureIndex);
    }

    /// @notice See {IAttributionSettlement-veto}.
    function veto(bytes32 claimId) external restricted {
        ClaimRecord memory record = _storage().claims[claimId];
        if (record.status != ClaimStatus.Proposed || !_isDisputable(record)) {
            revert IAttributionSettlement.AttributionSettlement_ClaimNotDisputable(claimId);
        }
        _storage().claims[claimId].status = ClaimStatus.Vetoed;
        emit IAttributionSettlement.ClaimVetoed(claimId, record.nodeId);
        // It will never pay; its bond stays for a fraud proof until the window ends.
        uint40 proposer = _openProposer(_storage().nodes[record.nodeId], record.nodeId);
        STAKING.release(proposer, 0, record.exposureIndex, true);
    }

    /// @notice See {IAttributionSettlement-extend}.
    function extend(bytes32 claimId, uint40 until) external returns (uint40 end) {
        AttributionSettlementStorage storage $ = _storage();
        // Check
        if (msg.sender != $.audits) revert IAttributionSettlement.AttributionSettlement_NotAudits(msg.sender);
        ClaimRecord memory record = $.claims[claimId];
        if (!_isDisputable(record)) revert IAttributionSettlement.AttributionSettlement_ClaimNotDisputable(claimId);
        end = _endOf(record);
        uint40 most = MAX_EXTENSION - record.extension;
        uint40 more = until <= end ? 0 : until - end;
        if (more > most) more = most;
        if (more == 0) return end;
        // Effect
        end += more;
        $.claims[claimId].end = record.end + more;
        // At most MAX_EXTENSION, which is below 2^24 seconds.
        // forge-lint: disable-next-line(unsafe-typecast)
        $.claims[claimId].extension = record.extension + uint24(more);
        emit IAttributionSettlement.ClaimExtended(claimId, record.nodeId, end);
    }

    /// @notice See {IAttributionSettlement-expire}.
    function expire(uint40 nodeId) external nonReentrant {
        _advance(nodeId);
        AttributionSettlementStorage storage $ = _storage();
        StoredNode storage n = $.nodes[nodeId];
        if (n.openToBatch != 0) {
            bytes32 open = n.claimIds[_openIndex(n.flags)];
            revert IAttributionSettlement.AttributionSettlement_ClaimOpen(open, _endOf($.claims[open]));
        }
        uint32 first = n.settledBatches + 1;
        uint32 end = first;
        uint96 before = $.counters.treasury;
        (uint80 unattributed, uint96 treasury) = (n.unattributed, before);
        for (; end <= n.batches && end - first < MAX_EXPIRED; ++end) {
            (StoredBatch memory b,) = _batch(nodeId, end);
            (, uint32 expiry,) = PARAMETERS.orphanTerms(b.paramsVersion);
            if (block.timestamp < uint256(b.redeemedAt) + expiry) break;
            Terms t = $.terms[b.paramsVersion].terms;
            (unattributed, treasury) = NodeLedger.expire(
                unattributed,
                treasury,
                NodeLedger.share(b.feesInGwei, t.ownersBps()),
                NodeLedger.share(b.feesInGwei, t.nodeBps())
            );
        }
        if (end == first) revert IAttributionSettlement.AttributionSettlement_NothingExpired(nodeId);
        n.settledBatches = end - 1;
        n.unattributed = unattributed;
        $.counters.treasury = treasury;
        emit IAttributionSettlement.BatchesExpired(nodeId, first, end - 1, treasury - before);
    }

    // -------------------------------------------------------------------------------------------------------- pause

    /// @notice See {IAttributionSettlement-pause}.
    function pause() external restricted {
        StoredPause storage p = _storage().pause;
        uint40 next = _nextPauseAt(p);
        if (block.timestamp < next) revert IAttributionSettlement.AttributionSettlement_PausedRecently(next);
        uint40 from = uint40(block.timestamp);
        (p.from, p.until, p.atBlock) = (from, from + MAX_PAUSE, uint40(block.number));
        emit IAttributionSettlement.Paused(msg.sender, from + MAX_PAUSE);
    }

    /// @notice See {IAttributionSettlement-unpause}.
    function unpause() external restricted {
        StoredPause storage p = _storage().pause;
        if (block.timestamp >= p.until) revert IAttributionSettlement.AttributionSettlement_NotPaused();
        p.until = uint40(block.timestamp);
        emit IAttributionSettlement.Unpaused(msg.sender);
    }

    // ------------------------------------------------------------------------------------------------------ payouts

    /// @notice See {IAttributionSettlement-claimMany}.
    function claimMany(address account, ClaimPayouts[] calldata items) external nonReentrant returns (uint96 amount) {
        address to = _storage().payoutAddresses[account];
        bool anyhow = to != address(0) || account.code.length == 0 || msg.sender == account;
        amount = _bookAll(account, anyhow, items);
        if (amount != 0) _sendOrOwe(to == address(0) ? account : to, amount);
    }

    /// @notice See {IAttributionSettlement-claimTo}.
    function claimTo(ClaimPayouts[] calldata items, address to) external nonReentrant returns (uint96) {
        return _payTo(msg.sender, items, to);
    }

    /// @notice See {IAttributionSettlement-claimBySig}.
    function claimBySig(
        address account,
        address to,
        uint256 deadline,
        bytes calldata signature,
        ClaimPayouts[] calldata items
    ) external nonReentrant returns (uint96) {
        if (block.timestamp > deadline) {
            revert IAttributionSettlement.AttributionSettlement_DeadlinePassed(deadline);
        }
        uint256 itemsAt;
        assembly ("memory-safe") {
            itemsAt := sub(items.offset, 32)
        }
        // All offsets inside the array count from its start onward, so nothing of it lies outside of what is hashed.
        bytes32 itemsHash = keccak256(msg.data[itemsAt:]);
        uint256 nonce = _storage().nonces[account]++;
        bytes32 digest = _digest(keccak256(abi.encode(CLAIM_TO_TYPEHASH, account, to, itemsHash, nonce, deadline)));
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) {
            revert IAttributionSettlement.AttributionSettlement_BadSignature(account);
        }
        return _payTo(account, items, to);
    }

    /// @notice See {IAttributionSettlement-setPayoutAddress}.
    function setPayoutAddress(address to) external {
        _storage().payoutAddresses[msg.sender] = to;
        emit IAttributionSettlement.PayoutAddressSet(msg.sender, to);
    }

    /// @notice See {IAttributionSettlement-flush-}.
    function flush() external nonReentrant {
        AttributionSettlementStorage storage $ = _storage();
        StoredCounters memory c = $.counters;
        (uint96 burned, uint96 treasury, uint96 stakers) =
            (NodeLedger.inWei(c.burn), c.treasury, NodeLedger.inWei(c.stakers));
        // Effect
        delete $.counters;
        // Interaction: a receiver that fails keeps its counter and does not hold up the others
        if (!Native.trySend(Native.BURN, burned)) ($.counters.burn, burned) = (c.burn, 0);
        if (!Native.trySend(TREASURY, treasury)) ($.counters.treasury, treasury) = (treasury, 0);
        if (!Native.trySend(address(STAKERS), stakers)) ($.counters.stakers, stakers) = (c.stakers, 0);
        emit IAttributionSettlement.Flushed(burned, treasury, stakers);
    }

    /// @notice See {IAttributionSettlement-flush-uint40-}.
    function flush(uint40 nodeId) external nonReentrant {
        _advance(nodeId);
        StoredNode storage n = _storage().nodes[nodeId];
        uint96 amount = NodeLedger.inWei(n.earned);
        if (amount == 0) return;
        address wallet = AGENTS.getAgentWallet(nodeId);
        n.earned = 0;
        emit IAttributionSettlement.NodePaid(nodeId, wallet, amount);
        _sendOrOwe(wallet, amount);
    }

    /// @notice See {IAttributionSettlement-withdrawOwed}.
    function withdrawOwed(address account) external nonReentrant {
        AttributionSettlementStorage storage $ = _storage();
        uint96 amount = $.owed[account];
        if (amount == 0) revert IAttributionSettlement.AttributionSettlement_NothingOwed(account);
        $.owed[account] = 0;
        emit IAttributionSettlement.OwedWithdrawn(account, amount);
        if (!Native.trySend(account, amount)) {
            revert IAttributionSettlement.AttributionSettlement_SendFailed(account, amount);
        }
    }

    // ------------------------------------------------------------------------------------------------------- wiring

    /// @notice See {IAttributionSettlement-setAudits}.
    function setAudits(address audits) external restricted {
        AttributionSettlementStorage storage $ = _storage();
        if ($.audits != address(0)) revert IAttributionSettlement.AttributionSettlement_AuditsAlreadySet($.audits);
        $.audits = audits;
        emit IAttributionSettlement.AuditsSet(audits);
    }

    /// @notice See {IAttributionSettlement-adoptTerms}.
    function adoptTerms(uint32 version, IProtocolParameters.SettlementTerms calldata terms) external {
        if (msg.sender != address(PARAMETERS)) {
            revert IAttributionSettlement.AttributionSettlement_NotParameters(msg.sender);
        }
        AttributionSettlementStorage storage $ = _storage();
        $.terms[version] = StoredTerms(TermsLib.pack(terms), terms.bondMin, terms.nodeStakeMin);
        $.pause.paramsVersion = version;
    }

    /// @notice See {IAttributionSettlement-bootstrapPredicates}.
    function bootstrapPredicates(address[] calldata predicates) external restricted reinitializer(2) {
        uint32 version = PARAMETERS.currentVersion();
        for (uint256 i = 0; i < predicates.length; ++i) {
            _setPredicate(predicates[i], version, type(uint32).max);
        }
    }

    /// @notice See {IAttributionSettlement-setPredicate}.
    function setPredicate(address predicate, uint32 fromVersion, uint32 toVersion) external restricted {
        uint32 current = PARAMETERS.currentVersion();
        VersionRange memory range = _storage().predicates[predicate];
        bool isEnd = range.from != 0 && range.from == fromVersion && toVersion >= current && range.to >= current;
        if (!isEnd && (fromVersion <= current || toVersion < fromVersion)) {
            revert IAttributionSettlement.AttributionSettlement_PredicateNotAhead(fromVersion, current);
        }
        _setPredicate(predicate, fromVersion, toVersion);
    }

    // ------------------------------------------------------------------------------------------------------ private

    /// @dev {IPredicate-isFraud} with claim and witness as they lie in calldata. The claim's words fit their types, or its id
    /// would not be on record.
    function _isFraud(address predicate, Claim calldata claim_, bytes calldata witness)
        private
        view
        returns (bool fraud)
    {
        bytes4 selector = IPredicate.isFraud.selector;
        assembly ("memory-safe") {
            // Fifteen words of the claim, the offset of the witness, its length and itself
            let m := mload(0x40)
            mstore(m, selector)
            calldatacopy(add(m, 0x04), claim_, 0x1e0)
            mstore(add(m, 0x1e4), 0x200)
            mstore(add(m, 0x204), witness.length)
            calldatacopy(add(m, 0x224), witness.offset, witness.length)
            if iszero(staticcall(gas(), predicate, m, add(witness.length, 0x224), 0x00, 0x20)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            fraud := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))
        }
    }

    function _payTo(address account, ClaimPayouts[] calldata items, address to) private returns (uint96 amount) {
        if (to == address(0)) revert IAttributionSettlement.AttributionSettlement_ZeroRecipient();
        amount = _bookAll(account, true, items);
        if (amount == 0) revert IAttributionSettlement.AttributionSettlement_NothingPayable(account);
        if (!Native.trySend(to, amount)) revert IAttributionSettlement.AttributionSettlement_SendFailed(to, amount);
    }

    function _setPredicate(address predicate, uint32 fromVersion, uint32 toVersion) private {
        _storage().predicates[predicate] = VersionRange({from: fromVersion, to: toVersion});
        emit IAttributionSettlement.PredicateSet(predicate, fromVersion, toVersion);
    }
}
