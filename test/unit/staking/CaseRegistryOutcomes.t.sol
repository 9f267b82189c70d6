// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICaseOutcomes} from "../../../src/interfaces/ICaseOutcomes.sol";
import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {CaseFixture} from "./CaseFixture.sol";

contract Outcomes is ICaseOutcomes {
    uint40 public agentId;
    bytes32 public subject;
    bool public convicted;

    function recordOutcome(uint40, uint40 agentId_, bytes32 subject_, bool convicted_) external {
        (agentId, subject, convicted) = (agentId_, subject_, convicted_);
    }
}

contract BrokenOutcomes is ICaseOutcomes {
    function recordOutcome(uint40, uint40, bytes32, bool) external pure {
        while (true) {}
    }
}

/// @dev What closed cases tell the registry of outcomes.
contract CaseRegistryOutcomesTest is CaseFixture {
    function test_OutcomesAreWrittenDown() public {
        Outcomes outcomes = new Outcomes();
        cases.setOutcomes(address(outcomes));
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        cases.close(caseId);
        // it should write the outcome down
        assertEq(outcomes.agentId(), nodeId);
        assertEq(outcomes.subject(), claimId);
        assertTrue(outcomes.convicted());
        vm.prank(accuser);
        caseId = cases.open{value: BOND}(ICaseRegistry.CaseKind.Publication, curatorId, bytes32(uint256(7)), EVIDENCE);
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        cases.close(caseId);
        // it should write nothing down about an agent that was only named
        assertEq(outcomes.agentId(), nodeId);
    }

    function test_ABrokenRegistryOfOutcomesChangesNothing() public {
        cases.setOutcomes(address(new BrokenOutcomes()));
        uint40 caseId = _openForClaim();
        _toFinal(caseId);
        // it should close whatever the registry of outcomes does
        vm.expectEmit(address(cases));
        emit ICaseRegistry.OutcomeNotRecorded(caseId);
        cases.close{gas: 1_500_000}(caseId);
        assertTrue(cases.caseOf(caseId).closed);
    }

    function test_RevertWhen_ThereIsTooLittleGasToWriteTheOutcomeDown() public {
        Outcomes outcomes = new Outcomes();
        cases.setOutcomes(address(outcomes));
        uint40 caseId = _openForClaim();
        _vote(caseId, _votes(true, true, true));
        _toFinal(caseId);
        // it should refuse to close with too little gas to write the outcome down
        vm.expectPartialRevert(ICaseRegistry.CaseRegistry_TooLittleGas.selector);
        cases.close{gas: 700_000}(caseId);
        cases.close{gas: 1_000_000}(caseId);
        assertTrue(outcomes.convicted());
    }

    function test_ARegistryOfOutcomesWithoutCodeChangesNothing() public {
        cases.setOutcomes(stranger);
        uint40 caseId = _openForClaim();
        _toFinal(caseId);
        vm.expectEmit(address(cases));
        emit ICaseRegistry.OutcomeNotRecorded(caseId);
        cases.close(caseId);
    }
}
