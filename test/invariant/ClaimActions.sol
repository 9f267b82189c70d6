// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";
import {IInferenceEscrow} from "../../src/interfaces/IInferenceEscrow.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {IAgentStaking} from "../../src/interfaces/IAgentStaking.sol";
import {ClaimRecord, ClaimStatus, SignedVoucher} from "../../src/types/Claim.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Payout} from "../../src/types/Leaves.sol";
import {Draft} from "../utils/Prover.sol";
import {SumTree, Trees} from "../utils/Trees.sol";
import {CampaignState, Judged, Pending} from "./CampaignState.sol";

/// @dev Vouchers, claims, lies and what becomes of them.
abstract contract ClaimActions is CampaignState {
    using Trees for SumTree;

    uint8 internal constant HONEST = 0;
    uint8 internal constant ALLOCATION = 1;
    uint8 internal constant CREDIT = 2;
    uint8 internal constant TRANSITION = 3;
    uint8 internal constant THEFT = 4;

    /// @notice A node redeems a voucher over one or two answers; they wait for a claim.
    function redeem(uint256 seed, uint256 fee) public judging {
        uint256 n = seed % NODES;
        _use(n);
        bytes32 channel = channels[n][seed / 2 % 2];
        uint256 count = seed / 4 % 2 + 1;
        IInferenceEscrow.Channel memory c = d.escrow.channel(channel);
        uint256 room = (c.deposit - c.settled) / count / 6 / 1e9;
        if (batches[n].length - heads[n] > 9) return;
        if (room == 0) return _topUp(channel, c.consumer, CHANNEL);
        Draft memory x = _batchDraft(channel, count, uint96(_bound(fee, 1, room) * 1e9), seed / 8);
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = x.voucher;
        bytes32 digest = d.escrow.voucherDigest(x.voucher);
        if (seed / 16 % 4 == 0) {
            // INV-12: nothing counts but the present signer's signature
            vouchers[0].signature = _sign(c.nextSigner == address(0) ? operatorKey : keyOf[c.nextSigner], digest);
            vm.prank(owners[n]);
            vm.expectPartialRevert(IInferenceEscrow.InferenceEscrow_BadSignature.selector);
            d.settlement.redeem(nodeId, vouchers);
        }
        vouchers[0].signature = _sign(keyOf[c.signer], digest);
        batches[n].push(abi.encode(x));
        signed[channel] += x.claim.fees;
        ++times["redeemed"];
        bool alone = batches[n].length - heads[n] == 1 && !pending[n].isOpen && !_isPaused();
        if (alone && seed / 64 % 2 == 0) return _redeemAndPropose(x, n, vouchers);
        vm.prank(owners[n]);
        d.settlement.redeem(nodeId, vouchers);
    }

    function _topUp(bytes32 id, address from, uint96 amount) internal {
        vm.deal(from, from.balance + amount);
        vm.prank(from);
        d.escrow.topUp{value: amount}(id);
        deposits[id] += amount;
    }

    function _redeemAndPropose(Draft memory x, uint256 n, SignedVoucher[] memory vouchers) private {
        _claimDraft(x, n, nodeId);
        _root(x);
        _back(n, x);
        vm.prank(owners[n]);
        d.settlement.redeemAndPropose(nodeId, vouchers, x.claim, x.claimData, LOCATOR);
        _recorded(n);
        _note(x, n, n);
        Pending storage p = pending[n];
        (p.honest, p.theft) = (true, false);
        delete p.proof;
        ++times["redeemed and proposed"];
    }

    /// @notice A node, or another agent for one that does not, claims the oldest batch that waits; now and then with a lie.
    function propose(uint256 seed, uint8 lie) public judging {
        _proposeOldest(seed % NODES, seed / 2 % AGENTS, lie % 8 > THEFT ? HONEST : lie % 8);
    }

    function _proposeOldest(uint256 n, uint256 by, uint8 lie) internal {
        if (pending[n].isOpen || heads[n] == batches[n].length) return;
        _use(n);
        Draft memory x = abi.decode(batches[n][heads[n]], (Draft));
        by = _orphanOr(n, by, x.claim.paramsVersion);
        _claimDraft(x, n, agents[by]);
        bytes memory proof;
        address predicate;
        if (lie != HONEST) (proof, predicate, lie) = _falsify(x, n, lie);
        else _root(x);
        assertEq(_payoutsTree(x).total(), x.claim.payoutsTotal, "INV-10: leaves and total");
        if (_isPaused()) {
            vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_Paused.selector);
            vm.prank(owners[by]);
            return d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
        }
        _back(by, x);
        vm.prank(owners[by]);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
        _recorded(n);
        _note(x, n, by);
        Pending storage p = pending[n];
        (p.proof, p.predicate, p.honest, p.theft) = (proof, predicate, lie == HONEST, lie == THEFT);
        ++times["proposed"];
        if (lie == HONEST && x.claim.paramsVersion != d.parameters.currentVersion()) ++times["claimed across a vote"];
    }

    /// @dev Whoever may: the node itself until its batch is orphaned.
    function _orphanOr(uint256 n, uint256 by, uint32 version) private view returns (uint256) {
        if (by == n) return n;
        (uint32 deadline,,) = d.parameters.orphanTerms(version);
        uint32 batch = d.settlement.node(nodeId).settledBatches + 1;
        return vm.getBlockTimestamp() < d.settlement.batch(nodeId, batch).redeemedAt + deadline ? n : by;
    }

    function _note(Draft memory x, uint256 n, uint256 by) private {
        bytes32 id = d.settlement.claimIdOf(x.claim);
        ClaimRecord memory r = d.settlement.claimRecord(id);
        IProtocolParameters.SettlementTerms memory t = d.parameters.settlementTerms(x.claim.paramsVersion);
        uint40 latest = r.end + limits.maxExtension + limits.maxPause;
        assertEq(r.end, vm.getBlockTimestamp() + t.challengeWindow, "INV-7: the window of the batch's version");
        uint96 owners = uint96(uint256(x.claim.fees) * (t.modelBps + t.contributorsBps) / 10_000);
        uint40 exposedUntil = uint40(vm.getBlockTimestamp()) + t.unbondingPeriod;
        assertGe(exposedUntil, latest + t.caseWindow, "INV-9: exposed through windows and cases");
        judged.push(
            Judged(id, r.bond, ClaimStatus.Proposed, uint8(by), uint8(n), latest, owners, exposedUntil, 0, 0, false)
        );
        bonded[by] += r.bond;
        _mustBeCovered(by);
        Pending storage p = pending[n];
        (p.unrecorded, p.isOpen, p.vetoed) = (judged.length, true, false);
        p.draft = abi.encode(x);
        if (by != n) p.orphanShare = uint96(uint256(x.claim.fees) * t.nodeBps / 10_000);
    }

    /// @dev Who has just proposed has stake for all its claims that is neither leaving nor due.
    function _mustBeCovered(uint256 by) private view {
        IAgentStaking.StakeState memory s = d.staking.stakeState(agents[by], Roles.NODE);
        assertLe(_exposures()[by] + s.unbonding + s.due, s.stake, "INV-9: a new claim is covered");
    }

    /// @dev Adds the stake that the claim needs, so that any revert is a finding.
    function _back(uint256 by, Draft memory x) private {
        IAgentStaking.StakeState memory s = d.staking.stakeState(agents[by], Roles.NODE);
        uint256 needed = uint256(d.staking.exposureOf(agents[by])) + 2 * uint256(x.claim.fees) + s.unbonding + s.due
            + s.bonded + 200e18;
        if (s.stake < needed) _stake(by, uint96(needed - s.stake));
    }

    function _stake(uint256 i, uint96 amount) internal {
        address owner = d.agents.ownerOf(agents[i]);
        vm.deal(owner, owner.balance + amount);
        vm.prank(owner);
        d.staking.stake{value: amount}(agents[i], Roles.NODE);
        staked[i] += amount;
    }

    // --------------------------------------------------------------------------------------------------------- lies

    /// @dev Makes the draft false and says how to prove it. Every lie keeps the total, else it would not be heard.
    function _falsify(Draft memory x, uint256 n, uint8 lie)
        private
        view
        returns (bytes memory proof, address predicate, uint8 told)
    {
        uint256 end = x.items[0].length - 1;
        if (lie == ALLOCATION) {
            x.items[0][end].amount -= 1;
            x.items[0][end - 1].amount += 1;
            _pay(x);
            _root(x);
            return (_allocationWitness(x, 0), address(d.allocation), lie);
        }
        // Model and base model are paid by every claim.
        (uint40 a, uint40 b) = (assets[4], assets[3]);
        if (lie == CREDIT) {
            x.credits[a][0].amount -= 1;
            x.credits[b][0].amount += 1;
            _repay(x, a);
            _repay(x, b);
            _root(x);
            return (_itemWitness(x, 0, _itemOf(x, a)), address(d.credit), lie);
        }
        // From one who has been paid, everything; or from anybody, a wei.
        uint96 taken = lie == THEFT ? paidTo[n][a] : 1;
        if (taken > x.payouts[a].cumulative) taken = x.payouts[a].cumulative;
        if (taken == 0) (taken, lie) = (1, TRANSITION);
        x.payouts[a].cumulative -= taken;
        x.payouts[b].cumulative += taken;
        (x.recordedSums[a], x.recordedSums[b]) = (x.payouts[a].cumulative, x.payouts[b].cumulative);
        _root(x);
        Draft memory parent;
        if (last[n].length != 0) parent = abi.decode(last[n], (Draft));
        return (_transitionWitness(x, parent, a), address(d.transition), lie);
    }

    function _repay(Draft memory x, uint40 a) private view {
        SumTree memory t = _creditsTree(x, a);
        uint96 delta = uint96(t.total());
        x.payouts[a] = Payout(a, x.claim.seq, lastPayouts[a].cumulative + delta, delta, t.root(), uint8(t.depth));
        x.recordedSums[a] = x.payouts[a].cumulative;
    }

    function _itemOf(Draft memory x, uint40 asset) private pure returns (uint8 k) {
        while (x.items[0][k].asset != asset) ++k;
    }

    /// @notice A watcher proves a false claim, vetoed or not, paused or not.
    function prove(uint256 seed) public judging {
        uint256 n = _busy(seed);
        Pending storage p = pending[n];
        if (!p.isOpen || p.proof.length == 0) return;
        _reject(n, p.predicate, p.proof, seed / 2 % 3 == 0 ? address(refuser) : watcher);
        ++times["lie proven"];
    }

    function _reject(uint256 n, address predicate, bytes memory proof, address rewardTo) internal {
        Draft memory x = _draftOf(n);
        uint256 before = rewardTo.balance + d.staking.owed(rewardTo);
        uint256 fire = address(0xdEaD).balance;
        Judged storage j = judged[pending[n].unrecorded - 1];
        uint256 reward = uint256(j.bond) * d.parameters.settlementTerms(x.claim.paramsVersion).slashRewardBps / 10_000;
        d.settlement.proveFraud(x.claim, predicate, proof, rewardTo);
        assertEq(rewardTo.balance + d.staking.owed(rewardTo) - before, reward, "INV-6: reward");
        assertEq(address(0xdEaD).balance - fire, j.bond - reward, "INV-6: burned");
        _rejected(n);
    }

    /// @notice Somebody tries to prove an honest claim false.
    function slander(uint256 seed, uint8 kind) public judging {
        uint256 n = _busy(seed);
        if (!pending[n].isOpen || !pending[n].honest) return;
        Draft memory x = _draftOf(n);
        address[3] memory predicates = [address(d.allocation), address(d.credit), address(d.transition)];
        bytes memory witness;
        if (kind % 3 == 0) witness = _allocationWitness(x, seed / 2 % x.receipts.length);
        else if (kind % 3 == 1) witness = _itemWitness(x, seed / 2 % x.receipts.length, 0);
        else witness = _inheritance(x, n, assets[seed / 2 % TRACKED]);
        try d.settlement.proveFraud(x.claim, predicates[kind % 3], witness, stranger) {
            ++slandered;
        } catch {}
        ++times["slandered"];
    }

    function _inheritance(Draft memory x, uint256 n, uint40 asset) internal view returns (bytes memory) {
        Draft memory parent;
        if (last[n].length != 0) parent = abi.decode(last[n], (Draft));
        return _transitionWitness(x, parent, asset);
    }

    // ----------------------------------------------------------------------------------------------------- guardian

    /// @notice The guardian stops a claim.
    function veto(uint256 seed) public judging {
        uint256 n = _busy(seed);
        Pending storage p = pending[n];
        if (!p.isOpen || p.vetoed || seed / 2 % 2 != 0) return;
        Judged storage j = judged[p.unrecorded - 1];
        vm.prank(guardian);
        d.settlement.veto(j.id);
        (j.status, p.vetoed, j.exposure) = (ClaimStatus.Vetoed, true, 0);
        ++times["vetoed"];
    }

    function pause(uint256 seed) public judging {
        if (_isPaused()) {
            if (seed % 2 != 0) return;
            vm.prank(guardian);
            return d.settlement.unpause();
        }
        (,, uint40 next) = d.settlement.pauseState();
        bool tooSoon = vm.getBlockTimestamp() < next;
        // INV-8: no claim meets two pauses
        if (tooSoon) vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_PausedRecently.selector);
        vm.prank(guardian);
        d.settlement.pause();
        if (tooSoon) return;
        ++times["paused"];
        if (pending[0].isOpen || pending[1].isOpen) ++times["pause met by a claim"];
    }

    function wait(uint256 time) public judging {
        _wait(time % 8 == 0 ? 130 : time % 32 == 1 ? 1_300 : time % 40 + 1);
    }

    /// @notice What nobody has claimed for long goes to the treasury.
    function expire(uint256 seed) public judging {
        uint256 n = seed % NODES;
        _expire(n);
    }

    function _expire(uint256 n) internal {
        _use(n);
        if (pending[n].isOpen || heads[n] == batches[n].length) return;
        uint256 until = heads[n];
        uint256 treasury;
        for (; until < batches[n].length; ++until) {
            Draft memory x = abi.decode(batches[n][until], (Draft));
            (, uint32 expiry,) = d.parameters.orphanTerms(x.claim.paramsVersion);
            uint32 number = d.settlement.node(nodeId).settledBatches + 1 + uint32(until - heads[n]);
            if (vm.getBlockTimestamp() < d.settlement.batch(nodeId, number).redeemedAt + expiry) break;
            IProtocolParameters.SettlementTerms memory p = d.parameters.settlementTerms(x.claim.paramsVersion);
            treasury += uint256(x.claim.fees) * (p.modelBps + p.contributorsBps + p.nodeBps) / 10_000;
        }
        if (until == heads[n]) return;
        (, uint96 before,) = d.settlement.counters();
        d.settlement.expire(nodeId);
        (, uint96 present,) = d.settlement.counters();
        assertEq(present - before, treasury, "INV-13: expired");
        _recorded(n);
        heads[n] = until;
        ++times["expired"];
    }
}
