// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ClaimRecord, ClaimStatus} from "../../src/types/Claim.sol";
import {IAgentStaking} from "../../src/interfaces/IAgentStaking.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Answer, Draft, Prover} from "../utils/Prover.sol";

/// @dev What happened to a claim, as the campaign judges it.
struct Verdict {
    bytes32 claimId;
    uint96 bond;
    ClaimStatus status;
    bool slashed;
}

/// @dev Does what a node (honest or not), watchers, the guardian, owners and stakers do, in any order, and remembers what
/// must have come of it. One node, one channel; everything on the deployed contracts.
contract SettlementHandler is Prover {
    uint256 public redeemed;
    uint256 public signedFees;
    uint256 public staked;
    uint256 public withdrawn;
    uint256 public rewards;
    uint256 public slandered;

    Verdict[] private verdicts;
    /// @dev Drafts, ABI-encoded: behind the open claim, behind the last final one, and the honest one that a rejected or
    /// vetoed claim's batch still waits for.
    bytes private open;
    bytes private last;
    bytes private waiting;
    /// @dev Proves the open claim false; empty when it is honest.
    bytes private proof;

    /// @dev What an asset has been paid only grows, whatever is done.
    modifier paidOnlyGrows() {
        uint96[ASSETS] memory before;
        for (uint40 a = 0; a < ASSETS; ++a) {
            before[a] = d.settlement.paid(nodeId, a);
        }
        _remember();
        _;
        for (uint40 a = 0; a < ASSETS; ++a) {
            assertGe(d.settlement.paid(nodeId, a), before[a], "INV-3");
        }
    }

    function setUp() public override {
        super.setUp();
        staked = STAKE;
    }

    // ------------------------------------------------------------------------------------------------------ actions

    /// @notice Settles one or two answers, now and then with a shifted amount.
    function settle(uint256 seed, uint256 fee, bool lies) external paidOnlyGrows {
        if (d.settlement.node(nodeId).openClaim != 0) return;
        if (waiting.length != 0) return _repropose();
        uint256 count = seed % 2 + 1;
        uint256 room = (DEPOSIT - d.escrow.channel(channelId).settled) / count / 8 / 1e9;
        if (room == 0) return;
        Answer[] memory answers = new Answer[](count);
        for (uint256 i = 0; i < count; ++i) {
            answers[i] = _answer(uint96(bound(fee, 1, room) * 1e9), seed % 1_000 + i);
        }
        Draft memory x = _draft(answers);
        if (!_isBacked(x)) return;
        if (lies) _falsify(x);
        _seal(x);
        _note(_submit(x), x, lies);
        redeemed += x.claim.fees;
        signedFees = x.voucher.cumulativeFee;
    }

    /// @notice A watcher proves a false claim.
    function prove() external paidOnlyGrows {
        if (proof.length == 0 || open.length == 0) return;
        Draft memory x = abi.decode(open, (Draft));
        uint256 before = watcher.balance;
        d.settlement.proveFraud(x.claim, address(d.allocation), proof, watcher);
        rewards += watcher.balance - before;
        verdicts[verdicts.length - 1].slashed = true;
        _stop(x, ClaimStatus.Rejected);
    }

    /// @notice Somebody tries to prove an honest claim false.
    function slander(uint256 r, uint8 kind) external paidOnlyGrows {
        if (open.length == 0 || proof.length != 0) return;
        Draft memory x = abi.decode(open, (Draft));
        r = r % x.receipts.length;
        address[3] memory predicates = [address(d.allocation), address(d.credit), address(d.transition)];
        bytes memory witness = kind % 3 == 0 ? _allocationWitness(x, r) : _itemWitness(x, r, 0);
        if (kind % 3 == 2 && last.length != 0) witness = _transitionWitness(x, abi.decode(last, (Draft)), 9);
        try d.settlement.proveFraud(x.claim, predicates[kind % 3], witness, stranger) {
            ++slandered;
        } catch {}
    }

    /// @notice The guardian stops a claim.
    function veto(uint256 seed) external paidOnlyGrows {
        if (open.length == 0 || seed % 4 != 0) return;
        Draft memory x = abi.decode(open, (Draft));
        bytes32 id = d.settlement.claimIdOf(x.claim);
        vm.prank(guardian);
        d.settlement.veto(id);
        _stop(x, ClaimStatus.Vetoed);
    }

    function wait(uint256 time) external paidOnlyGrows {
        vm.warp(block.timestamp + bound(time, 1, 40));
    }

    /// @notice Somebody claims an asset of the last final claim.
    function claim(uint256 asset) external paidOnlyGrows {
        if (last.length == 0) return;
        Draft memory x = abi.decode(last, (Draft));
        uint40 a = uint40(asset % ASSETS);
        if (!x.present[a] || x.payouts[a].cumulative <= d.settlement.paid(nodeId, a)) return;
        d.settlement.claim(_payoutProof(x, a), x.claim);
    }

    function flush(bool node) external paidOnlyGrows {
        if (node) d.settlement.flush(nodeId);
        else d.settlement.flush();
    }

    function stakeMore(uint96 amount) external paidOnlyGrows {
        amount = uint96(bound(amount, 1, 10e18));
        vm.deal(stranger, stranger.balance + amount);
        vm.prank(stranger);
        d.staking.stake{value: amount}(nodeId, Roles.NODE);
        staked += amount;
    }

    function unbond(uint96 amount) external paidOnlyGrows {
        if (d.staking.freeStakeOf(nodeId, Roles.NODE) < 600e18) return;
        amount = uint96(bound(amount, 1, 50e18));
        vm.prank(operator);
        d.staking.requestUnbond(nodeId, Roles.NODE, amount);
    }

    function withdrawStake() external paidOnlyGrows {
        IAgentStaking.StakeState memory s = d.staking.stakeState(nodeId, Roles.NODE);
        if (s.unbonding == 0 || block.timestamp < s.unbondAt) return;
        d.staking.withdraw(nodeId, Roles.NODE);
        withdrawn += s.unbonding;
    }

    // -------------------------------------------------------------------------------------------------------- views

    function verdictCount() external view returns (uint256) {
        return verdicts.length;
    }

    function verdict(uint256 i) external view returns (Verdict memory v) {
        v = verdicts[i];
        // Time may have decided since the last action.
        bool isOver = block.timestamp >= d.settlement.claimRecord(v.claimId).end;
        if (v.status == ClaimStatus.Proposed && isOver) v.status = ClaimStatus.Final;
    }

    function actual(uint256 i) external view returns (ClaimRecord memory) {
        return d.settlement.claimRecord(verdicts[i].claimId);
    }

    /// @notice Σ of the last final claim's cumulative payouts, its total, and Σ of what was paid.
    function ledger() external view returns (uint256 earned, uint256 total, uint256 paid) {
        if (last.length == 0) return (0, 0, 0);
        Draft memory x = abi.decode(last, (Draft));
        for (uint40 a = 0; a < ASSETS; ++a) {
            uint256 one = d.settlement.paid(nodeId, a);
            assertLe(one, x.payouts[a].cumulative, "INV-3");
            earned += x.payouts[a].cumulative;
            paid += one;
        }
        total = x.claim.payoutsTotal;
    }

    function thread() external view returns (address settlement, address escrow, address staking, uint40, bytes32) {
        return (address(d.settlement), address(d.escrow), address(d.staking), nodeId, channelId);
    }

    // ---------------------------------------------------------------------------------------------------- bookkeeping

    function _falsify(Draft memory x) private view {
        uint256 end = x.items[0].length - 1;
        x.items[0][end].amount -= 1;
        x.items[0][end - 1].amount += 1;
        _pay(x);
    }

    function _note(bytes32 id, Draft memory x, bool lies) private {
        verdicts.push(Verdict(id, d.settlement.claimRecord(id).bond, ClaimStatus.Proposed, false));
        open = abi.encode(x);
        proof = lies ? _allocationWitness(x, 0) : bytes("");
    }

    /// @dev The claim is out; its batch waits for an honest one.
    function _stop(Draft memory x, ClaimStatus status) private {
        verdicts[verdicts.length - 1].status = status;
        if (proof.length != 0) {
            uint256 end = x.items[0].length - 1;
            x.items[0][end].amount += 1;
            x.items[0][end - 1].amount -= 1;
        }
        waiting = abi.encode(x);
        delete open;
        delete proof;
    }

    function _repropose() private {
        Draft memory x = abi.decode(waiting, (Draft));
        x.claim.seq = d.settlement.node(nodeId).proposals + 1;
        if (!_isBacked(x)) return;
        _pay(x);
        _seal(x);
        vm.prank(operator);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
        delete waiting;
        _note(d.settlement.claimIdOf(x.claim), x, false);
    }

    /// @dev Whether the stake covers bond and exposure, so that any revert is a finding.
    function _isBacked(Draft memory x) private view returns (bool) {
        uint256 owners = x.claim.payoutsTotal - d.settlement.node(nodeId).finalTotal;
        IAgentStaking.StakeState memory s = d.staking.stakeState(nodeId, Roles.NODE);
        return s.exposure + owners + 100e18 < s.stake - s.unbonding
            && d.staking.freeStakeOf(nodeId, Roles.NODE) > owners + 2e18;
    }

    /// @dev Takes note of a claim that time has made final; a false one that nobody proved counts, too.
    function _remember() private {
        if (open.length == 0) return;
        Draft memory x = abi.decode(open, (Draft));
        if (d.settlement.claimRecord(d.settlement.claimIdOf(x.claim)).status != ClaimStatus.Final) return;
        verdicts[verdicts.length - 1].status = ClaimStatus.Final;
        for (uint256 a = 0; a < ASSETS; ++a) {
            lastPayouts[a] = x.payouts[a];
            lastPresent[a] = x.present[a];
        }
        last = open;
        delete open;
        delete proof;
    }
}
