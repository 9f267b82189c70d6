// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAuditRegistry} from "../../src/interfaces/IAuditRegistry.sol";
import {ICaseRegistry} from "../../src/interfaces/ICaseRegistry.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {ClaimRecord, ClaimStatus} from "../../src/types/Claim.sol";
import {PayoutOpening} from "../../src/types/Opening.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Draft} from "../utils/Prover.sol";
import {SumTree, Trees} from "../utils/Trees.sol";
import {MoneyActions} from "./MoneyActions.sol";
import {Pending} from "./CampaignState.sol";

/// @dev Requests for what claims commit to, and cases.
abstract contract DisputeActions is MoneyActions {
    using Trees for SumTree;

    /// @dev The last request about each node's claims, and the last case.
    uint256[NODES] internal requests;
    mapping(bytes32 => bool) private asked;
    uint40 internal caseId;
    uint8 internal accused;
    uint256 internal caseMoney;
    bytes32 private constant SALT = keccak256("salt");

    // ----------------------------------------------------------------------------------------------------- requests

    /// @notice Somebody asks for a payout leaf, now and then in the last second.
    function ask(uint256 seed) public judging {
        uint256 n = _busy(seed);
        if (!pending[n].isOpen) return;
        ClaimRecord memory r = d.settlement.claimRecord(judged[pending[n].unrecorded - 1].id);
        if (seed / 64 % 2 == 0) _wait(r.end - vm.getBlockTimestamp() - 1);
        if (requests[n] != 0) _endRequest(n, false);
        if (requests[n] != 0) return;
        Draft memory x = _draftOf(n);
        IProtocolParameters.Parameters memory p = d.parameters.parameters(x.claim.paramsVersion);
        uint256 needed = vm.getBlockTimestamp() + 2 * p.responseWindow;
        // If the pause is ended early, so much less is left.
        (, uint40 pausedUntil,) = d.settlement.pauseState();
        if (_isPaused()) needed += pausedUntil - vm.getBlockTimestamp();
        bool tooLate = needed > uint256(r.end) + limits.maxExtension - r.extension;
        uint40 asset = uint40(seed / 2 % ASSETS);
        bytes32 key = keccak256(abi.encode(judged[pending[n].unrecorded - 1].id, asset));
        if (asked[key]) return;
        vm.deal(stranger, p.requestBond);
        // INV-8: no request extends a window any further
        if (tooLate) vm.expectPartialRevert(IAuditRegistry.AuditRegistry_TooLate.selector);
        vm.prank(stranger);
        uint256 id = d.audits.request{value: p.requestBond}(x.claim, IAuditRegistry.RequestKind.Payout, asset, 0);
        ++times[tooLate ? "asked too late" : needed > r.end ? "extended" : "asked"];
        if (tooLate) return;
        (requests[n], asked[key]) = (id, true);
        requestBonds += p.requestBond;
    }

    /// @notice The request is answered, or not in time: then the claim is proven false, or the bond just comes back.
    function answer(uint256 seed) public judging {
        uint256 n = seed % NODES;
        if (requests[n] == 0) n = (n + 1) % NODES;
        if (requests[n] == 0) return;
        if (seed / 2 % 4 > 1) return _endRequest(n, seed / 2 % 4 == 2);
        // Silence.
        IAuditRegistry.Request memory r = d.audits.requestOf(requests[n]);
        if (vm.getBlockTimestamp() < r.deadline) _wait(r.deadline - vm.getBlockTimestamp());
        _judge();
        Pending storage p = pending[n];
        if (!p.isOpen || judged[p.unrecorded - 1].id != r.claimId) return;
        _reject(n, address(d.withheld), abi.encode(requests[n]), watcher);
        ++times["withheld"];
    }

    function _endRequest(uint256 n, bool leaveOpen) private {
        uint256 id = requests[n];
        IAuditRegistry.Request memory r = d.audits.requestOf(id);
        if (vm.getBlockTimestamp() >= r.deadline) {
            d.audits.reclaim(id);
            ++times["reclaimed"];
        } else if (leaveOpen) {
            return;
        } else {
            Draft memory x = _draftOf(n);
            if (d.settlement.claimIdOf(x.claim) != r.claimId) return;
            uint256 a = r.subject;
            bytes memory witness = _flat(abi.encode(PayoutOpening(_payout(x, a), _payoutsTree(x).proof(a, 0))));
            // The bond goes where nobody takes it.
            d.audits.answer(id, x.claim, witness, address(refuser));
            ++times["answered"];
        }
        requestBonds -= r.bond;
        requests[n] = 0;
    }

    // -------------------------------------------------------------------------------------------------------- cases

    /// @notice Whatever is next: a case is opened about a claim, voted on, appealed, decided, closed.
    function proceed(uint256 seed) public judging {
        if (caseId == 0 || d.cases.caseOf(caseId).closed) return _accuse(seed);
        (uint40 commitEnd, uint40 revealEnd, uint40 appealEnd, uint40 end) = d.cases.deadlinesOf(caseId);
        uint256 time = vm.getBlockTimestamp();
        if (time < commitEnd) return _commit(seed, commitEnd);
        if (time < revealEnd) return _reveal(seed, revealEnd);
        _afterVotes(seed, appealEnd, end);
    }

    function _accuse(uint256 seed) private {
        if (caseId != 0) _payCosts();
        uint256 n = seed % NODES;
        bytes memory draft = pending[n].isOpen ? pending[n].draft : last[n];
        if (draft.length == 0) return;
        Draft memory x = abi.decode(draft, (Draft));
        bytes32 id = d.settlement.claimIdOf(x.claim);
        uint256 until =
            d.settlement.claimRecord(id).end + d.parameters.settlementTerms(x.claim.paramsVersion).caseWindow;
        if (vm.getBlockTimestamp() >= until) return;
        if (d.cases.caseAbout(ICaseRegistry.CaseKind.Claim, x.claim.proposer, id) != 0) return;
        uint96 bond = d.parameters.parameters(d.parameters.currentVersion()).caseBond;
        vm.deal(stranger, bond);
        vm.prank(stranger);
        caseId = d.cases.openForClaim{value: bond}(x.claim, "evidence");
        for (accused = 0; agents[accused] != x.claim.proposer; ++accused) {}
        caseMoney += bond;
        assertGt(d.staking.stakeState(agents[accused], Roles.NODE).freezes, 0, "INV-9: frozen");
        ++times["accused"];
        (uint40 commitEnd,,,) = d.cases.deadlinesOf(caseId);
        if (seed / 2 % 4 != 0) _commit(seed / 8, commitEnd);
    }

    function _commit(uint256 seed, uint40 commitEnd) private {
        for (uint256 i = 0; i < 3; ++i) {
            bool votes = seed >> i & 1 == 0 && d.cases.voteOf(caseId, validators[i]).commitment == 0;
            if (!votes || !d.staking.isActive(validators[i], Roles.VALIDATOR)) continue;
            bytes32 commitment = d.cases.commitmentOf(caseId, validators[i], _opinion(i), SALT);
            vm.prank(wallets[i]);
            d.cases.commitVote(caseId, validators[i], commitment);
        }
        if (seed / 8 % 4 == 0) return;
        _wait(commitEnd - vm.getBlockTimestamp());
        (, uint40 revealEnd,,) = d.cases.deadlinesOf(caseId);
        _reveal(seed / 32, revealEnd);
    }

    /// @dev Two of three cases convict, true or not.
    function _opinion(uint256 i) private view returns (bool) {
        return (caseId + i) % 3 != 0 || i == 1;
    }

    function _reveal(uint256 seed, uint40 revealEnd) private {
        for (uint256 i = 0; i < 3; ++i) {
            ICaseRegistry.Vote memory v = d.cases.voteOf(caseId, validators[i]);
            if (v.commitment == 0 || v.revealed || seed % 4 == i) continue;
            d.cases.revealVote(caseId, validators[i], _opinion(i), SALT);
        }
        if (seed / 4 % 4 == 0) return;
        _wait(revealEnd - vm.getBlockTimestamp());
        (,, uint40 appealEnd, uint40 end) = d.cases.deadlinesOf(caseId);
        _afterVotes(seed / 16, appealEnd, end);
    }

    function _afterVotes(uint256 seed, uint40 appealEnd, uint40 end) private {
        ICaseRegistry.Case memory c = d.cases.caseOf(caseId);
        uint256 time = vm.getBlockTimestamp();
        for (uint256 i = 0; i < 3; ++i) {
            ICaseRegistry.Vote memory v = d.cases.voteOf(caseId, validators[i]);
            if (v.commitment != 0 && !v.revealed && !v.settled) d.cases.penaliseSilence(caseId, validators[i]);
        }
        if (c.appellant == address(0) && time < appealEnd && seed % 2 == 0) {
            vm.deal(watcher, watcher.balance + c.bond);
            vm.prank(watcher);
            d.cases.appeal{value: c.bond}(caseId);
            caseMoney += c.bond;
            ++times["appealed"];
        } else if (
            c.appellant != address(0) && c.ruling == ICaseRegistry.Verdict.Pending && time < end && seed % 2 == 0
        ) {
            vm.prank(address(d.timelock));
            d.cases.decideAppeal(caseId, seed / 2 % 2 == 0);
        } else {
            (, bool isFinal) = d.cases.verdictOf(caseId);
            if (isFinal) return _close();
            if (seed / 8 % 2 == 0) _wait((c.appellant == address(0) ? appealEnd : end) - time);
        }
    }

    function _close() internal {
        (ICaseRegistry.Verdict verdict,) = d.cases.verdictOf(caseId);
        uint256 expected = _burnedBonds(verdict);
        uint256 before = d.staking.stakeOf(agents[accused], Roles.NODE);
        uint256 fire = address(0xdEaD).balance;
        uint256 registry = address(d.cases).balance;
        d.cases.close(caseId);
        uint256 taken = before - d.staking.stakeOf(agents[accused], Roles.NODE);
        _slashed(accused, taken);
        uint256 burned = registry - address(d.cases).balance;
        assertEq(burned, expected, "INV-6: bonds of a case");
        caseMoney -= burned;
        assertEq(address(0xdEaD).balance - fire, taken + burned, "INV-6: cases burn what they take");
        ++times[verdict == ICaseRegistry.Verdict.Convicted ? "convicted" : "acquitted"];
        if (verdict != ICaseRegistry.Verdict.Convicted) assertEq(taken, 0, "INV-6: acquitted");
    }

    /// @dev Of the bonds of opener and appellant, what does not come back and pays no costs.
    function _burnedBonds(ICaseRegistry.Verdict verdict) private view returns (uint256 burned) {
        ICaseRegistry.Case memory c = d.cases.caseOf(caseId);
        uint256 revealed = uint256(c.convict) + c.acquit;
        uint256 needed = uint256(c.total) * d.parameters.parameters(c.paramsVersion).caseQuorumBps;
        bool quorum = revealed != 0 && revealed * 10_000 >= needed;
        bool convicts = quorum && c.convict > c.acquit;
        bool convicted = verdict == ICaseRegistry.Verdict.Convicted;
        bool lost = !convicted && (quorum || c.ruling != ICaseRegistry.Verdict.Pending);
        if (lost) burned = c.acquit == 0 ? c.bond : c.bond - c.bond / 5;
        if (c.appellant != address(0) && convicted == convicts) burned += c.bond;
    }

    function _payCosts() internal {
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = address(d.cases).balance;
            try d.cases.payCosts(caseId, validators[i]) {} catch {}
            caseMoney -= before - address(d.cases).balance;
        }
        address[2] memory creditors = [stranger, watcher];
        for (uint256 i = 0; i < 2; ++i) {
            uint96 owed = d.cases.owed(creditors[i]);
            if (owed == 0) continue;
            d.cases.withdrawOwed(creditors[i]);
            caseMoney -= owed;
        }
    }
}
