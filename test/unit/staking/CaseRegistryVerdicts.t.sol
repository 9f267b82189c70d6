// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {CaseFixture} from "./CaseFixture.sol";
import {Reenterer, Refuser} from "./StakingFixture.sol";

/// @dev Verdicts, appeals, and what becomes of stakes and bonds.
contract CaseRegistryVerdictsTest is CaseFixture {
    ICaseRegistry.Verdict private constant PENDING = ICaseRegistry.Verdict.Pending;
    ICaseRegistry.Verdict private constant ACQUITTED = ICaseRegistry.Verdict.Acquitted;
    ICaseRegistry.Verdict private constant CONVICTED = ICaseRegistry.Verdict.Convicted;

    // ----------------------------------------------------------------------------------------------------- verdictOf

    function test_AVerdictIsPendingUntilVotesAreRevealedAndFinalWhenNobodyAppeals() public {
        uint40 caseId = _openForClaim();
        _commit(caseId, 0, true);
        _toReveal(caseId);
        _reveal(caseId, 0, true);
        // it should be pending while votes are revealed
        _assertVerdict(caseId, PENDING, false);
        _toAppeal(caseId);
        // it should follow the votes then, but not finally
        _assertVerdict(caseId, CONVICTED, false);
        _toFinal(caseId);
        // it should be final when nobody has appealed
        _assertVerdict(caseId, CONVICTED, true);
        // it should know no verdict of a case that does not exist
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_UnknownCase.selector, 9));
        cases.verdictOf(9);
    }

    function test_WithoutAQuorumTheAccusedIsAcquitted() public {
        uint40 caseId = _openForClaim();
        // it should acquit when nobody votes
        _toAppeal(caseId);
        _assertVerdict(caseId, ACQUITTED, false);
        // it should acquit without a quorum
        caseId = _openForCuration();
        _commit(caseId, 1, true);
        _toReveal(caseId);
        _reveal(caseId, 1, true);
        _toAppeal(caseId);
        _assertVerdict(caseId, ACQUITTED, false);
    }

    function test_AQuorumCountsToTheWei() public {
        // 33.33 of 100: exactly what is needed.
        _stake(validators[1], Roles.VALIDATOR, 3.33e18);
        vm.prank(wallets[2]);
        staking.requestUnbond(validators[2], Roles.VALIDATOR, 3.33e18);
        _wait(1);
        uint40 caseId = _openForClaim();
        _commit(caseId, 1, true);
        _toReveal(caseId);
        _reveal(caseId, 1, true);
        _toAppeal(caseId);
        // it should convict with exactly the quorum
        _assertVerdict(caseId, CONVICTED, false);
    }

    function test_ATieAcquits() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, false, false));
        // it should acquit when votes are equal
        _assertVerdict(caseId, ACQUITTED, false);
    }

    // -------------------------------------------------------------------------------------------------------- appeal

    function test_RevertWhen_AnAppealIsNotDue() public {
        uint40 caseId = _openForClaim();
        _toReveal(caseId);
        // it should refuse an appeal before the votes are known
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, caseId));
        _appeal(caseId);
        _toAppeal(caseId);
        // it should refuse an appeal without the bond
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongBond.selector, BOND, 0));
        cases.appeal(caseId);
        _appeal(caseId);
        assertEq(cases.caseOf(caseId).appellant, operator);
        // it should refuse a second appeal
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyAppealed.selector, caseId));
        _appeal(caseId);
        uint40 other = _openForCuration();
        _toFinal(other);
        // it should refuse an appeal that comes too late
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, other));
        _appeal(other);
    }

    // -------------------------------------------------------------------------------------------------- decideAppeal

    function test_RevertWhen_AnAppealIsNotForGovernanceToDecide() public {
        uint40 caseId = _openForClaim();
        // it should let only governance decide
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        cases.decideAppeal(caseId, true);
        _toAppeal(caseId);
        // it should decide nothing without an appeal
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NotAppealed.selector, caseId));
        cases.decideAppeal(caseId, true);
        _appeal(caseId);
        _toEnd(caseId);
        // it should decide nothing when time is over
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, caseId));
        cases.decideAppeal(caseId, true);
    }

    function test_GovernanceDecidesOnceAndFinally() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _appeal(caseId);
        _toFinal(caseId);
        // it should keep a verdict open that was appealed
        _assertVerdict(caseId, CONVICTED, false);
        cases.decideAppeal(caseId, false);
        // it should make governance's decision final
        _assertVerdict(caseId, ACQUITTED, true);
        // it should decide once
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyDecided.selector, caseId));
        cases.decideAppeal(caseId, true);
    }

    function test_AnAppealThatIsNotDecidedFails() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _appeal(caseId);
        _toEnd(caseId);
        // it should let the votes stand when governance is silent
        _assertVerdict(caseId, CONVICTED, true);
        cases.close(caseId);
        // it should burn the bond of an appeal that failed
        assertEq(BURN.balance, BOND + STAKE / 2);
        assertEq(cases.owed(operator), 0);
    }

    // --------------------------------------------------------------------------------------------------------- close

    function test_RevertWhen_TheVerdictIsNotFinal() public {
        uint40 caseId = _openForClaim();
        // it should refuse to close a case that is not final
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NotFinal.selector, caseId));
        cases.close(caseId);
        _toFinal(caseId);
        cases.close(caseId);
        // it should close once
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyClosed.selector, caseId));
        cases.close(caseId);
    }

    function test_AConvictionBurnsStakeAndReturnsTheBond() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, false));
        _toFinal(caseId);
        vm.prank(stranger);
        cases.close(caseId);
        // it should burn the convicted agent's part of its stake
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE / 2);
        assertEq(BURN.balance, STAKE / 2);
        // it should let the stake go
        assertEq(staking.stakeState(nodeId, Roles.NODE).freezes, 0);
        // it should owe the opener its bond after a conviction
        assertEq(cases.owed(accuser), BOND);
        uint256 before = accuser.balance;
        cases.withdrawOwed(accuser);
        assertEq(accuser.balance, before + BOND);
        assertEq(address(cases).balance, 0);
        // it should pay nobody for a conviction
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoCosts.selector, caseId, validators[0]));
        cases.payCosts(caseId, validators[0]);
    }

    function test_AConvictedCuratorPaysFromItsOwnStake() public {
        uint40 caseId = _openForCuration();
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        cases.close(caseId);
        // it should take a curator's stake for its curation
        assertEq(staking.stakeOf(curatorId, Roles.CURATOR), 20e18);
        assertEq(staking.stakeState(curatorId, Roles.CURATOR).freezes, 0);
    }

    function test_APublicationCaseTouchesNobodysStake() public {
        uint40 caseId = _openForPublication();
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        vm.expectEmit(address(cases));
        emit ICaseRegistry.CaseClosed(caseId, ICaseRegistry.Verdict.Convicted, true, 0, 0, 0);
        cases.close(caseId);
        // it should touch no stake for a publication
        _assertVerdict(caseId, CONVICTED, true);
        assertEq(BURN.balance, 0);
        assertEq(cases.owed(accuser), BOND);
    }

    function test_ACaseWithoutAQuorumCostsNothing() public {
        uint40 caseId = _openForClaim();
        _toFinal(caseId);
        cases.close(caseId);
        // it should owe the opener its bond without a quorum
        assertEq(cases.owed(accuser), BOND);
        assertEq(staking.stakeState(nodeId, Roles.NODE).freezes, 0);
        assertEq(BURN.balance, 0);
    }

    function test_AFailedCaseCostsItsBond() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(false, false, true));
        _toFinal(caseId);
        cases.close(caseId);
        // it should burn the bond of a case that failed, less costs
        assertEq(BURN.balance, 0.8e18);
        assertEq(cases.owed(accuser), 0);
        cases.payCosts(caseId, validators[0]);
        cases.payCosts(caseId, validators[1]);
        // it should share the costs by weight among those who voted with the outcome
        assertEq(wallets[0].balance, uint256(0.2e18) * 50 / 80);
        assertEq(wallets[1].balance, uint256(0.2e18) - wallets[0].balance);
        assertEq(address(cases).balance, 0);
        // it should pay nothing to a validator who voted otherwise
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoCosts.selector, caseId, validators[2]));
        cases.payCosts(caseId, validators[2]);
    }

    function test_CostsArePaidOnce() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(false, false, false));
        // it should pay nothing before the case is closed
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoCosts.selector, caseId, validators[0]));
        cases.payCosts(caseId, validators[0]);
        _toFinal(caseId);
        cases.close(caseId);
        cases.payCosts(caseId, validators[0]);
        // it should pay a validator once
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadySettled.selector, caseId, validators[0])
        );
        cases.payCosts(caseId, validators[0]);
        // it should pay nothing to an agent that did not vote
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoCosts.selector, caseId, curatorId));
        cases.payCosts(caseId, curatorId);
    }

    function test_CostsOfAWalletThatRefusesThemAreOwed() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(false, false, false));
        _toFinal(caseId);
        cases.close(caseId);
        vm.etch(wallets[0], hex"fe");
        cases.payCosts(caseId, validators[0]);
        // it should owe costs that can't be sent
        assertEq(cases.owed(wallets[0]), 0.1e18);
    }

    function test_AnAppellantWhoIsRightGetsItsBondBack() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _appeal(caseId);
        cases.decideAppeal(caseId, false);
        cases.close(caseId);
        // it should owe the appellant its bond when governance decides otherwise than the votes
        assertEq(cases.owed(operator), BOND);
        // it should burn the opener's bond whole when nobody voted with the outcome
        assertEq(BURN.balance, BOND);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE);
    }

    function test_AnOpenerWhoIsRightOnAppealGetsBothBondsBack() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(false, false, false));
        vm.prank(accuser);
        cases.appeal{value: BOND}(caseId);
        cases.decideAppeal(caseId, true);
        cases.close(caseId);
        assertEq(cases.owed(accuser), 2 * BOND);
        assertEq(staking.stakeOf(nodeId, Roles.NODE), STAKE / 2);
    }

    function test_GovernanceThatAcquitsWithoutAQuorumEndsTheCaseAgainstItsOpener() public {
        uint40 caseId = _openForClaim();
        _toAppeal(caseId);
        _appeal(caseId);
        cases.decideAppeal(caseId, false);
        cases.close(caseId);
        // it should burn both bonds when governance acquits as the votes did
        assertEq(BURN.balance, 2 * BOND);
        assertEq(address(cases).balance, 0);
    }

    function test_ACaseIsClosedEvenIfBurningFails() public {
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(false, false, false));
        _toFinal(caseId);
        vm.etch(BURN, hex"fe");
        cases.close(caseId);
        // it should close even if burning fails
        assertEq(cases.owed(BURN), 0.8e18);
    }

    // -------------------------------------------------------------------------------------------------- withdrawOwed

    function test_WhatIsOwedWaitsForItsAccount() public {
        Refuser refuser = new Refuser();
        vm.deal(address(refuser), BOND);
        vm.prank(address(refuser));
        uint40 caseId = cases.openForClaim{value: BOND}(claim, EVIDENCE);
        _toFinal(caseId);
        // it should let no opener stop a case from being closed
        cases.close(caseId);
        // it should keep what is owed to an account that refuses value
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_SendFailed.selector, address(refuser), BOND));
        cases.withdrawOwed(address(refuser));
        refuser.relent();
        cases.withdrawOwed(address(refuser));
        // it should pay what is owed once
        assertEq(address(refuser).balance, BOND);
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NothingOwed.selector, address(refuser)));
        cases.withdrawOwed(address(refuser));
    }

    function test_AnAccountThatCallsBackIsPaidOnce() public {
        Reenterer thief = new Reenterer();
        vm.deal(address(this), BOND);
        thief.forward{value: BOND}(address(cases), abi.encodeCall(cases.openForClaim, (claim, EVIDENCE)));
        _openForCuration();
        thief.prepare(abi.encodeCall(cases.withdrawOwed, (address(thief))));
        _toFinal(1);
        cases.close(1);
        cases.withdrawOwed(address(thief));
        // it should pay once, even an account that calls back
        assertFalse(thief.reentered());
        assertEq(address(thief).balance, BOND);
        assertEq(address(cases).balance, BOND);
    }
}
