// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {ClaimStatus} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {FraudTest} from "../../utils/FraudTest.sol";
import {Answer, Draft} from "../../utils/Prover.sol";

/// @dev Cases about real claims of the whole deployment.
contract CasesOfClaimsTest is FraudTest {
    bytes32 private constant SALT = keccak256("salt");
    address private judge = makeAddr("judge");
    uint40 private judgeId;

    function setUp() public override {
        super.setUp();
        vm.deal(judge, 50e18);
        vm.startPrank(judge);
        judgeId = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: 50e18}(judgeId, Roles.VALIDATOR);
        vm.stopPrank();
        vm.deal(stranger, 10e18);
        vm.warp(block.timestamp + 1);
    }

    function _open(Draft memory x) private returns (uint40) {
        vm.prank(stranger);
        return d.cases.openForClaim{value: 1e18}(x.claim, keccak256("evidence"));
    }

    function _convict(uint40 caseId) private {
        bytes32 commitment = d.cases.commitmentOf(caseId, judgeId, true, SALT);
        vm.prank(judge);
        d.cases.commitVote(caseId, judgeId, commitment);
        (uint40 commitEnd,, uint40 appealEnd,) = d.cases.deadlinesOf(caseId);
        vm.warp(commitEnd);
        d.cases.revealVote(caseId, judgeId, true, SALT);
        vm.warp(appealEnd);
        d.cases.close(caseId);
    }

    function _next() private view returns (Draft memory y) {
        Answer[] memory answers = new Answer[](1);
        answers[0] = _answer(0.5e18, 7);
        y = _draft(answers);
        _seal(y);
    }

    function test_ACaseNeitherDelaysItsClaimNorTheNext() public {
        Draft memory x = _honest();
        bytes32 id = _submit(x);
        _open(x);
        assertEq(d.staking.stakeState(nodeId, Roles.NODE).freezes, 1);
        _finalize(x);
        assertEq(uint8(d.settlement.claimRecord(id).status), uint8(ClaimStatus.Final));
        d.settlement.claim(_payoutProof(x, 4), x.claim);
        assertGt(d.settlement.paid(nodeId, 4), 0);
        Draft memory y = _next();
        id = _submit(y);
        assertEq(uint8(d.settlement.claimRecord(id).status), uint8(ClaimStatus.Proposed));
    }

    function test_AConvictionTakesHalfTheStakeAndIsWrittenDown() public {
        Draft memory x = _honest();
        _submit(x);
        uint40 caseId = _open(x);
        _convict(caseId);
        // The claim is over, but nobody has recorded that: its bond still backs it.
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), STAKE / 2);
        (uint64 count, uint8 response) = d.validation.getSummary(nodeId, _writers(), "case");
        assertEq(count, 1);
        assertEq(response, 0);
        vm.warp(block.timestamp + 30);
        d.settlement.finalize(nodeId);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE / 2);
    }

    function test_ACaseCanBeOpenedForAsLongAsTheClaimIsPausedLonger() public {
        Draft memory x = _honest();
        _submit(x);
        uint40 end = d.settlement.claimRecord(d.settlement.claimIdOf(x.claim)).end;
        vm.prank(guardian);
        d.settlement.pause();
        vm.warp(vm.getBlockTimestamp() + 3);
        vm.prank(guardian);
        d.settlement.unpause();
        vm.warp(end + 10 + 2);
        assertEq(_open(x), 1);
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.expectPartialRevert(ICaseRegistry.CaseRegistry_ClaimTooOld.selector);
        _open(x);
    }

    function test_AProvenClaimNeedsNoCase() public {
        Draft memory x = _honest();
        (x.items[0][0].amount, x.items[0][1].amount) = (x.items[0][0].amount - 1, x.items[0][1].amount + 1);
        _pay(x);
        _seal(x);
        _submit(x);
        uint40 caseId = _open(x);
        // A fraud proof still comes first; the case goes on and takes its own part.
        d.settlement.proveFraud(x.claim, address(d.allocation), _allocationWitness(x, 0), watcher);
        uint96 left = d.staking.stakeOf(nodeId, Roles.NODE);
        assertLt(left, STAKE);
        _convict(caseId);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), left / 2);
    }

    function test_AVetoEndsTheExposureOfItsOwnClaimOnly() public {
        Draft memory x = _honest();
        bytes32 id = _submit(x);
        uint96 bond = d.settlement.claimRecord(id).bond;
        vm.prank(guardian);
        d.settlement.veto(id);
        assertEq(d.staking.exposureOf(nodeId), 0);
        assertEq(d.staking.stakeState(nodeId, Roles.NODE).bonded, bond);
        // Nobody records that time is over until the entry belongs to another claim.
        vm.warp(block.timestamp + 60);
        vm.prank(address(d.settlement));
        uint8 index = d.staking.lock(nodeId, 0, 1e18, 7e18, uint40(vm.getBlockTimestamp()) + 60, 0);
        assertEq(index, d.settlement.claimRecord(id).exposureIndex);
        d.settlement.finalize(nodeId);
        assertEq(d.staking.exposureOf(nodeId), 7e18);
        assertEq(d.staking.stakeState(nodeId, Roles.NODE).bonded, 1e18);
        // A case about it still finds the stake.
        vm.expectPartialRevert(ICaseRegistry.CaseRegistry_ClaimTooOld.selector);
        _open(x);
    }

    function _writers() private view returns (address[] memory writers) {
        writers = new address[](1);
        writers[0] = address(d.cases);
    }
}
