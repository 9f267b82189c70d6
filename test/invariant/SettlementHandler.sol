// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAgentStaking} from "../../src/interfaces/IAgentStaking.sol";
import {IInferenceEscrow} from "../../src/interfaces/IInferenceEscrow.sol";
import {ClaimRecord, ClaimStatus, NodeState} from "../../src/types/Claim.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Draft} from "../utils/Prover.sol";
import {SaverActions} from "./SaverActions.sol";
import {Judged, Pending} from "./CampaignState.sol";

/// @dev What must hold after every action, by the numbers of docs/invariants.md, and the end of every run.
contract SettlementHandler is SaverActions {
    /// @dev Claims that are looked at after every action; older ones at the end of a run, since to look at all takes too long.
    uint256 private constant RECENT = 4;

    /// @notice What a node does every day.
    function settle(uint256 seed, uint256 fee, uint8 lie) external {
        redeem(seed, fee);
        propose(seed, lie);
    }

    /// @notice A window passes, and owners are paid.
    function conclude(uint256 seed) external judging {
        seed /= 2; // room to count on
        Pending storage p = pending[seed % NODES];
        if (p.isOpen) _wait(d.settlement.claimRecord(judged[p.unrecorded - 1].id).end - vm.getBlockTimestamp());
        for (uint256 i = 0; i < 3; ++i) {
            payout(seed + 2 * i);
        }
    }

    /// @notice What must hold after every action.
    function check() external view {
        uint256 held = _checkNodes();
        _checkSettlement(held);
        _checkAgents();
        _checkChannels();
        _checkJudged(RECENT);
        _checkTraining();
        _checkSavers();
        assertEq(slandered, 0, "INV-5: an honest claim was proven false");
        assertEq(reenterer.entries(), 0, "a receiver entered");
        assertEq(address(d.cases).balance, caseMoney, "INV-1: cases");
        uint256 owed = d.audits.owed(address(refuser));
        assertEq(address(d.audits).balance, requestBonds + owed, "INV-1: audits");
    }

    /// @dev INV-2, INV-3.
    function _checkNodes() private view returns (uint256 held) {
        for (uint256 n = 0; n < NODES; ++n) {
            NodeState memory s = d.settlement.node(agents[n]);
            uint256 sum;
            for (uint256 i = 0; i < TRACKED; ++i) {
                uint96 paid = d.settlement.paid(agents[n], assets[i]);
                assertEq(paid, paidTo[n][assets[i]], "INV-3: paid to an asset");
                if (!corrupt[n]) assertLe(paid, kept[n][assets[i]].cumulative, "INV-3: paid and earned");
                sum += paid;
            }
            assertEq(s.paid, sum, "INV-2: paid by the node");
            assertLe(s.paid, s.finalTotal, "INV-2: paid and funded");
            held += uint256(s.finalTotal) - s.paid + s.unattributed + s.nodeShare;
            // Recorded with the claim; until then it is in no counter.
            if (pending[n].unrecorded != 0 && !pending[n].isOpen && !pending[n].vetoed) held += pending[n].orphanShare;
        }
        held += d.settlement.node(agents[2]).nodeShare;
    }

    /// @dev INV-1 for the money of claims.
    function _checkSettlement(uint256 held) private view {
        (uint96 burn, uint96 treasury, uint96 stakers) = d.settlement.counters();
        held += uint256(burn) + treasury + stakers;
        held += d.settlement.owed(address(refuser)) + d.settlement.owed(address(reenterer));
        assertEq(address(d.settlement).balance, held, "INV-1: settlement");
        uint256 taken = d.vault.taken(adapterId, 4) + d.vault.taken(adapterId, 8) + d.vault.taken(adapterId, 12);
        held = d.vault.received(adapterId) - taken + d.vault.withheld();
        assertEq(address(d.vault).balance, held, "INV-1: vault");
    }

    /// @dev INV-1, INV-6 and INV-9 for stakes.
    function _checkAgents() private view {
        uint256 held = d.staking.owed(address(refuser));
        uint256[AGENTS] memory exposed = _exposures();
        for (uint256 i = 0; i < AGENTS; ++i) {
            IAgentStaking.StakeState memory s = d.staking.stakeState(agents[i], Roles.NODE);
            assertEq(s.stake, staked[i] - withdrawn[i] - slashed[i], "INV-6: stake");
            assertEq(s.bonded, bonded[i], "INV-6: bonded");
            assertGe(s.stake, uint256(s.bonded) + s.unbonding, "INV-6: parts of a stake");
            assertEq(d.staking.exposureOf(agents[i]), exposed[i], "INV-9: exposure");
            // Nothing but slashing ever takes stake away from under an exposure.
            assertLe(exposed[i], s.stake + uncovered[i], "INV-9: covered");
            held += s.stake + d.staking.stakeOf(validators[i], Roles.VALIDATOR);
        }
        assertEq(address(d.staking).balance, held, "INV-1: staking");
    }

    /// @dev INV-12, and INV-1 for deposits.
    function _checkChannels() private view {
        uint256 held;
        for (uint256 i = 0; i < 4; ++i) {
            bytes32 id = channels[i / 2][i % 2];
            IInferenceEscrow.Channel memory c = d.escrow.channel(id);
            assertEq(c.deposit, deposits[id], "INV-12: deposit");
            assertEq(c.settled, signed[id], "INV-12: signed");
            assertLe(c.settled, c.deposit, "INV-12: settled");
            held += c.deposit - c.settled;
        }
        assertEq(address(d.escrow).balance, held, "INV-1: escrow");
    }

    /// @notice What must hold of all claims that ever were.
    function checkHistory() external view {
        _checkJudged(judged.length);
    }

    /// @dev INV-4, INV-5, INV-8, of the last `count` claims.
    function _checkJudged(uint256 count) private view {
        uint256 all = judged.length;
        for (uint256 i = all < count ? 0 : all - count; i < all; ++i) {
            Judged storage j = judged[i];
            ClaimRecord memory r = d.settlement.claimRecord(j.id);
            assertEq(uint8(r.status), uint8(j.status), "INV-4, INV-5: how a claim ended");
            assertEq(r.bond, j.bond, "INV-4: bond");
            assertLe(r.end, j.latestEnd, "INV-8: end");
            if (j.status != ClaimStatus.Final) continue;
            assertEq(_rest(r), j.rest, "INV-4: a final claim");
            // Until settlement has written it down, a second pause makes it forget the first.
            if (j.isRecorded) assertEq(r.end, j.end, "INV-4: end");
            else assertLe(r.end, j.end, "INV-4: end");
        }
    }

    // ---------------------------------------------------------------------------------------------------------- end

    /// @notice INV-13: with both nodes gone, anybody brings all that was redeemed to where it belongs.
    function drain() external {
        if (_isPaused()) _wait(limits.maxPause);
        refuser.accept();
        _wait(200);
        for (uint256 round = 0; round < 2; ++round) {
            for (uint256 n = 0; n < NODES; ++n) {
                _judge();
                _proposeOldest(n, 2, HONEST);
            }
            _wait(120);
        }
        _wait(1_300);
        _judge();
        for (uint256 n = 0; n < NODES; ++n) {
            _expire(n);
            d.settlement.finalize(agents[n]);
            _recorded(n);
            _payAll(n);
        }
        _sendAll();
        for (uint256 i = 0; i < AGENTS; ++i) {
            assertEq(bonded[i], 0, "INV-13: bonds come back");
            assertEq(d.staking.exposureOf(agents[i]), 0, "INV-13: exposure ends");
        }
        if (!corrupt[0] && !corrupt[1]) assertEq(address(d.settlement).balance, 0, "INV-13: settlement");
        _endCase();
        _endTraining();
        _withdrawSavings();
    }

    function _payAll(uint256 n) private {
        if (last[n].length == 0) return;
        _use(n);
        Draft memory x = abi.decode(last[n], (Draft));
        for (uint256 i = 0; i < TRACKED; ++i) {
            _payout(x, n, assets[i], 0);
        }
    }

    function _sendAll() private {
        for (uint256 i = 0; i < AGENTS; ++i) {
            d.settlement.flush(agents[i]);
        }
        d.settlement.flush();
        if (d.settlement.owed(address(refuser)) != 0) d.settlement.withdrawOwed(address(refuser));
        if (d.settlement.owed(address(reenterer)) != 0) d.settlement.withdrawOwed(address(reenterer));
    }

    /// @dev A case ends, whoever votes; then its registry owes only to who is known.
    function _endCase() private {
        if (caseId == 0) return;
        if (!d.cases.caseOf(caseId).closed) _close();
        _payCosts();
        assertEq(address(d.cases).balance, 0, "INV-13: cases");
    }
}
