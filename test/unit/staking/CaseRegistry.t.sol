// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {IDatanetHygiene} from "../../../src/interfaces/IDatanetHygiene.sol";
import {CaseRegistry} from "../../../src/staking/CaseRegistry.sol";
import {ClaimStatus} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {CaseFixture} from "./CaseFixture.sol";

/// @dev Opening cases and voting on them.
contract CaseRegistryTest is CaseFixture {
    function test_OnlyGovernanceConnectsTheOutcomes() public {
        // it should let only governance connect where outcomes are written
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        cases.setOutcomes(stranger);
        cases.setOutcomes(watcher);
        // it should connect it once
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_OutcomesAlreadySet.selector, watcher));
        cases.setOutcomes(stranger);
    }

    function test_HygieneIsConnectedOnceByGovernance() public {
        IDatanetHygiene other = IDatanetHygiene(stranger);
        // it should let only governance connect where penalties are
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        cases.setHygiene(other);
        // it should connect where penalties are once
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_HygieneAlreadySet.selector, address(hygiene)));
        cases.setHygiene(other);
    }

    function test_OnlyGovernanceUpgrades() public {
        uint40 caseId = _openForClaim();
        address code = address(new CaseRegistry(agents, staking, params, cases.SETTLEMENT()));
        // it should upgrade by a vote only
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        cases.upgradeToAndCall(code, "");
        cases.upgradeToAndCall(code, "");
        assertEq(cases.caseOf(caseId).subject, claimId);
    }

    // -------------------------------------------------------------------------------------------------- openForClaim

    function test_ACaseHoldsTheStakeAndNotTheClaim() public {
        uint40 caseId = _openForClaim();
        ICaseRegistry.Case memory c = cases.caseOf(caseId);
        // it should open a case against the proposer
        assertEq(uint8(c.kind), uint8(ICaseRegistry.CaseKind.Claim));
        assertEq(c.accused, nodeId);
        assertEq(c.subject, claimId);
        assertEq(c.opener, accuser);
        assertEq(c.bond, BOND);
        assertEq(c.total, 100e18);
        assertEq(cases.caseCount(), 1);
        assertEq(cases.caseAbout(ICaseRegistry.CaseKind.Claim, nodeId, claimId), caseId);
        // it should hold the proposer's stake as a node
        assertEq(staking.stakeState(nodeId, Roles.NODE).freezes, 1);
        // it should give each part its share of the time
        (uint40 commitEnd, uint40 revealEnd, uint40 appealEnd, uint40 end) = cases.deadlinesOf(caseId);
        assertEq(commitEnd, c.openedAt + 10);
        assertEq(revealEnd, c.openedAt + 20);
        assertEq(appealEnd, c.openedAt + 25);
        assertEq(end, c.openedAt + 40);
    }

    function test_RevertWhen_ThereIsNoClaimToJudge() public {
        bytes memory why = abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoSuchClaim.selector, claimId);
        // it should refuse a claim that was never proposed
        settlement.set(claimId, 0, ClaimStatus.None);
        vm.expectRevert(why);
        _openForClaim();
        // it should refuse a claim that was proven false
        settlement.set(claimId, uint40(block.timestamp) + 30, ClaimStatus.Rejected);
        vm.expectRevert(why);
        _openForClaim();
    }

    function test_RevertWhen_TheClaimIsTooOld() public {
        uint40 end = uint40(block.timestamp);
        settlement.set(claimId, end, ClaimStatus.Final);
        vm.warp(end + 10);
        // it should refuse a claim whose case window is over
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_ClaimTooOld.selector, claimId, end + 10));
        _openForClaim();
        vm.warp(end + 9);
        // it should take a final claim until then
        assertEq(_openForClaim(), 1);
    }

    function test_AClaimHasOneCase() public {
        uint40 caseId = _openForClaim();
        bytes memory why = abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyOpened.selector, caseId);
        // it should refuse a second case about a claim
        vm.expectRevert(why);
        _openForClaim();
        _toFinal(caseId);
        cases.close(caseId);
        settlement.set(claimId, uint40(vm.getBlockTimestamp()), ClaimStatus.Final);
        vm.expectRevert(why);
        _openForClaim();
    }

    function test_RevertWhen_TheBondIsNotPaid() public {
        // it should refuse any other bond
        vm.startPrank(accuser);
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongBond.selector, BOND, BOND - 1));
        cases.openForClaim{value: BOND - 1}(claim, EVIDENCE);
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongBond.selector, BOND, BOND + 1));
        cases.openForClaim{value: BOND + 1}(claim, EVIDENCE);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------------------------------------------------- open

    function test_RevertWhen_AClaimIsNotShown() public {
        // it should refuse a case about a claim without the claim
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongKind.selector, ICaseRegistry.CaseKind.Claim)
        );
        cases.open(ICaseRegistry.CaseKind.Claim, nodeId, claimId, EVIDENCE);
    }

    function test_ACurationCaseHoldsTheCuratorsStake() public {
        uint40 caseId = _openForCuration();
        // it should hold the accused curator's stake
        assertEq(staking.stakeState(curatorId, Roles.CURATOR).freezes, 1);
        _toFinal(caseId);
        cases.close(caseId);
        // it should refuse a second case about the same penalty, open or closed
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyOpened.selector, caseId));
        _openForCuration();
        _penalise();
        // it should take a case about a later penalty
        assertEq(_openForCuration(), 2);
    }

    function test_RevertWhen_TheAccusedHasNoSuchPenaltyToAnswerFor() public {
        ICaseRegistry.CaseKind kind = ICaseRegistry.CaseKind.Curation;
        bytes32 subject = bytes32(uint256(7));
        bytes4 noPenalty = ICaseRegistry.CaseRegistry_NoPenalty.selector;
        vm.startPrank(accuser);
        // it should refuse to accuse an agent that did not penalise the contribution
        vm.expectRevert(abi.encodeWithSelector(noPenalty, validators[0], subject));
        cases.open{value: BOND}(kind, validators[0], subject, EVIDENCE);
        vm.expectRevert(abi.encodeWithSelector(noPenalty, 0, subject));
        cases.open{value: BOND}(kind, 0, subject, EVIDENCE);
        // it should refuse a subject that is no contribution's id
        bytes32 alias_ = bytes32(uint256(1 << 40 | 7));
        vm.expectRevert(abi.encodeWithSelector(noPenalty, curatorId, alias_));
        cases.open{value: BOND}(kind, curatorId, alias_, EVIDENCE);
        vm.stopPrank();
        hygiene.penalise(curatorId, uint40(vm.getBlockTimestamp()));
        _wait(1);
        // it should refuse an appeal whose time is over
        vm.expectRevert(abi.encodeWithSelector(noPenalty, curatorId, subject));
        _openForCuration();
    }

    function test_AnAppealIsInTimeInItsLastSecond() public {
        hygiene.penalise(curatorId, uint40(vm.getBlockTimestamp()));
        assertEq(_openForCuration(), 1);
    }

    function test_RevertWhen_APublicationIsAlreadyContested() public {
        uint40 caseId = _openForPublication();
        // it should refuse a second case about a publication while the first is open
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyOpened.selector, caseId));
        _openForPublication();
        _toFinal(caseId);
        cases.close(caseId);
        // it should take another case about a publication when the first is closed
        assertEq(_openForPublication(), 2);
    }

    function test_APublicationCaseHoldsNobodysStake() public {
        vm.startPrank(accuser);
        // it should take a case about a publication that accuses no agent
        uint40 first = cases.open{value: BOND}(ICaseRegistry.CaseKind.Publication, 0, bytes32(uint256(7)), EVIDENCE);
        // it should hold no agent's stake for a publication
        cases.open{value: BOND}(ICaseRegistry.CaseKind.Publication, nodeId, bytes32(uint256(7)), EVIDENCE);
        assertEq(staking.stakeState(nodeId, Roles.NODE).freezes, 0);
        // it should refuse an accused agent that does not exist
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 99));
        cases.open{value: BOND}(ICaseRegistry.CaseKind.Publication, 99, bytes32(uint256(7)), EVIDENCE);
        vm.stopPrank();
        assertEq(cases.caseOf(first).accused, 0);
    }

    // ------------------------------------------------------------------------------------------------ submitEvidence

    function test_EvidenceIsWelcomeUntilVotesAreRevealed() public {
        uint40 caseId = _openForClaim();
        // it should point to evidence of either side
        vm.expectEmit(address(cases));
        emit ICaseRegistry.EvidenceSubmitted(caseId, operator, EVIDENCE);
        vm.prank(operator);
        cases.submitEvidence(caseId, EVIDENCE);
        _toAppeal(caseId);
        // it should refuse evidence that comes too late
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, caseId));
        cases.submitEvidence(caseId, EVIDENCE);
        // it should refuse evidence in a case that does not exist
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_UnknownCase.selector, 9));
        cases.submitEvidence(9, EVIDENCE);
    }

    // ---------------------------------------------------------------------------------------------------- commitVote

    function test_AVoteWeighsWhatTheValidatorHadWhenTheCaseWasOpened() public {
        uint40 caseId = _openForClaim();
        // One adds, one leaves, one comes: all after they knew of the case.
        _stake(validators[0], Roles.VALIDATOR, 500e18);
        vm.prank(wallets[1]);
        staking.requestUnbond(validators[1], Roles.VALIDATOR, 10e18);
        uint40 late = _agent(stranger, Roles.VALIDATOR, 500e18);
        _wait(1);
        _commit(caseId, 0, true);
        _commit(caseId, 1, true);
        // it should weigh no more than the validator had before the case
        assertEq(cases.voteOf(caseId, validators[0]).weight, 50e18);
        // it should weigh no more than what stays
        assertEq(cases.voteOf(caseId, validators[1]).weight, 20e18);
        // it should refuse a validator that came after the case
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NoWeight.selector, caseId, late));
        vm.prank(stranger);
        cases.commitVote(caseId, late, EVIDENCE);
    }

    function test_RevertWhen_TheVoterIsNoActiveValidator() public {
        uint40 caseId = _openForClaim();
        // it should refuse anybody but the validator's wallet
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NotValidator.selector, validators[0], wallets[1])
        );
        vm.prank(wallets[1]);
        cases.commitVote(caseId, validators[0], EVIDENCE);
        // it should refuse an agent that is no active validator
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NotValidator.selector, curatorId, curatorOwner)
        );
        vm.prank(curatorOwner);
        cases.commitVote(caseId, curatorId, EVIDENCE);
    }

    function test_RevertWhen_TheVoterJudgesItsOwn() public {
        uint40 another = _agent(operator, Roles.VALIDATOR, 500e18);
        _stake(nodeId, Roles.VALIDATOR, 500e18);
        _wait(1);
        uint40 caseId = _openForClaim();
        vm.startPrank(operator);
        // it should refuse the accused
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_Conflicted.selector, caseId, nodeId));
        cases.commitVote(caseId, nodeId, EVIDENCE);
        // it should refuse an agent of the accused's owner
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_Conflicted.selector, caseId, another));
        cases.commitVote(caseId, another, EVIDENCE);
        vm.stopPrank();
    }

    function test_AValidatorCommitsOnceInTime() public {
        uint40 caseId = _openForClaim();
        // it should refuse an empty commitment
        vm.expectRevert(ICaseRegistry.CaseRegistry_EmptyCommitment.selector);
        vm.prank(wallets[0]);
        cases.commitVote(caseId, validators[0], 0);
        _commit(caseId, 0, true);
        // it should refuse a second vote
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyCommitted.selector, caseId, validators[0])
        );
        vm.prank(wallets[0]);
        cases.commitVote(caseId, validators[0], EVIDENCE);
        _toReveal(caseId);
        // it should refuse a commitment that comes too late
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, caseId));
        vm.prank(wallets[1]);
        cases.commitVote(caseId, validators[1], EVIDENCE);
    }

    function test_ACommittedValidatorCannotLeaveBeforeTheCaseIsOver() public {
        vm.prank(wallets[0]);
        staking.requestUnbond(validators[0], Roles.VALIDATOR, 30e18);
        _wait(50);
        settlement.set(claimId, uint40(vm.getBlockTimestamp()), ClaimStatus.Proposed);
        uint40 caseId = _openForClaim();
        _commit(caseId, 0, true);
        (,,, uint40 end) = cases.deadlinesOf(caseId);
        _toReveal(caseId);
        // it should keep a committed validator's stake until the case is over
        vm.expectRevert(abi.encodeWithSelector(IAgentStaking.AgentStaking_NotUnbonded.selector, validators[0], end));
        staking.withdraw(validators[0], Roles.VALIDATOR);
        vm.warp(end);
        staking.withdraw(validators[0], Roles.VALIDATOR);
        assertEq(wallets[0].balance, 30e18);
    }

    // ---------------------------------------------------------------------------------------------------- revealVote

    function test_ARevealCountsOnceInTime() public {
        uint40 caseId = _openForClaim();
        _commit(caseId, 0, true);
        _commit(caseId, 1, false);
        // it should refuse a reveal while others still commit
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, caseId));
        _reveal(caseId, 0, true);
        _toReveal(caseId);
        // it should refuse another vote than the one committed
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongReveal.selector, caseId, validators[0]));
        _reveal(caseId, 0, false);
        // it should refuse a validator that has not committed
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NotCommitted.selector, caseId, validators[2]));
        _reveal(caseId, 2, true);
        // it should count the vote with its weight, whoever reveals it
        _reveal(caseId, 0, true);
        _reveal(caseId, 1, false);
        assertEq(cases.caseOf(caseId).convict, 50e18);
        assertEq(cases.caseOf(caseId).acquit, 30e18);
        // it should count no vote twice
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyRevealed.selector, caseId, validators[0])
        );
        _reveal(caseId, 0, true);
        _toAppeal(caseId);
        // it should refuse a reveal that comes too late
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, caseId));
        _reveal(caseId, 1, false);
    }

    function test_ACopiedVoteCannotBeRevealed() public {
        uint40 caseId = _openForClaim();
        uint40 other = _openForCuration();
        bytes32 commitment = cases.commitmentOf(caseId, validators[0], true, SALT);
        _commit(caseId, 0, true);
        // One copies another's vote, one its own from another case.
        vm.prank(wallets[1]);
        cases.commitVote(caseId, validators[1], commitment);
        vm.prank(wallets[0]);
        cases.commitVote(other, validators[0], commitment);
        _toReveal(caseId);
        _reveal(caseId, 0, true);
        // it should refuse a commitment copied from another validator
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongReveal.selector, caseId, validators[1]));
        _reveal(caseId, 1, true);
        // it should refuse a commitment copied from another case
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongReveal.selector, other, validators[0]));
        _reveal(other, 0, true);
    }

    // ----------------------------------------------------------------------------------------------- penaliseSilence

    function test_SilenceCostsAHundredth() public {
        uint40 caseId = _openForClaim();
        _commit(caseId, 0, true);
        _commit(caseId, 1, true);
        _toReveal(caseId);
        _reveal(caseId, 0, true);
        // it should not penalise anybody who may still reveal
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_WrongPhase.selector, caseId));
        cases.penaliseSilence(caseId, validators[1]);
        _toAppeal(caseId);
        // it should not penalise a validator that revealed
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadyRevealed.selector, caseId, validators[0])
        );
        cases.penaliseSilence(caseId, validators[0]);
        // it should not penalise a validator that did not commit
        vm.expectRevert(abi.encodeWithSelector(ICaseRegistry.CaseRegistry_NotCommitted.selector, caseId, validators[2]));
        cases.penaliseSilence(caseId, validators[2]);
        vm.prank(stranger);
        cases.penaliseSilence(caseId, validators[1]);
        // it should burn a hundredth of the stake that was to vote
        assertEq(staking.stakeOf(validators[1], Roles.VALIDATOR), 30e18 - 0.3e18);
        assertEq(BURN.balance, 0.3e18);
        // it should penalise once
        vm.expectRevert(
            abi.encodeWithSelector(ICaseRegistry.CaseRegistry_AlreadySettled.selector, caseId, validators[1])
        );
        cases.penaliseSilence(caseId, validators[1]);
    }
}
