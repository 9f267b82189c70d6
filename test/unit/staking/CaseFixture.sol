// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {Claim, ClaimStatus} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {StakingFixture} from "./StakingFixture.sol";

/// @dev Three validators with 50, 30 and 20 OPEN, a curator, and a node with a claim.
abstract contract CaseFixture is StakingFixture {
    uint96 internal constant BOND = 1e18;
    bytes32 internal constant EVIDENCE = keccak256("evidence");
    bytes32 internal constant SALT = keccak256("salt");

    address[3] internal wallets = [makeAddr("validator 0"), makeAddr("validator 1"), makeAddr("validator 2")];
    uint96[3] internal weights = [uint96(50e18), 30e18, 20e18];
    uint40[3] internal validators;
    address internal accuser = makeAddr("accuser");
    address internal curatorOwner = makeAddr("curator");
    uint40 internal curatorId;
    Claim internal claim;
    bytes32 internal claimId;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < 3; ++i) {
            validators[i] = _agent(wallets[i], Roles.VALIDATOR, weights[i]);
        }
        curatorId = _agent(curatorOwner, Roles.CURATOR, 40e18);
        claim.nodeId = nodeId;
        claim.proposer = nodeId;
        claim.paramsVersion = 1;
        claimId = settlement.claimIdOf(claim);
        settlement.set(claimId, uint40(block.timestamp) + 30, ClaimStatus.Proposed);
        vm.deal(accuser, 1_000e18);
        vm.deal(operator, 1_000e18);
        _penalise();
        _wait(1);
    }

    function _openForClaim() internal returns (uint40) {
        vm.prank(accuser);
        return cases.openForClaim{value: BOND}(claim, EVIDENCE);
    }

    /// @dev The curator can be accused from now on.
    function _penalise() internal {
        hygiene.penalise(curatorId, type(uint40).max);
    }

    function _openForCuration() internal returns (uint40) {
        vm.prank(accuser);
        return cases.open{value: BOND}(ICaseRegistry.CaseKind.Curation, curatorId, bytes32(uint256(7)), EVIDENCE);
    }

    function _openForPublication() internal returns (uint40) {
        vm.prank(accuser);
        return cases.open{value: BOND}(ICaseRegistry.CaseKind.Publication, 0, bytes32(uint256(7)), EVIDENCE);
    }

    function _commit(uint40 caseId, uint256 i, bool convict) internal {
        bytes32 commitment = cases.commitmentOf(caseId, validators[i], convict, SALT);
        vm.prank(wallets[i]);
        cases.commitVote(caseId, validators[i], commitment);
    }

    function _reveal(uint40 caseId, uint256 i, bool convict) internal {
        cases.revealVote(caseId, validators[i], convict, SALT);
    }

    function _toReveal(uint40 caseId) internal {
        (uint40 commitEnd,,,) = cases.deadlinesOf(caseId);
        vm.warp(commitEnd);
    }

    function _toAppeal(uint40 caseId) internal {
        (, uint40 revealEnd,,) = cases.deadlinesOf(caseId);
        vm.warp(revealEnd);
    }

    function _toFinal(uint40 caseId) internal {
        (,, uint40 appealEnd,) = cases.deadlinesOf(caseId);
        vm.warp(appealEnd);
    }

    function _toEnd(uint40 caseId) internal {
        (,,, uint40 end) = cases.deadlinesOf(caseId);
        vm.warp(end);
    }

    /// @dev Votes by all who are named, and time until the appeal can be filed.
    function _vote(uint40 caseId, bool[] memory convicts) internal {
        for (uint256 i = 0; i < convicts.length; ++i) {
            _commit(caseId, i, convicts[i]);
        }
        _toReveal(caseId);
        for (uint256 i = 0; i < convicts.length; ++i) {
            _reveal(caseId, i, convicts[i]);
        }
        _toAppeal(caseId);
    }

    function _votes(bool a, bool b, bool c) internal pure returns (bool[] memory convicts) {
        convicts = new bool[](3);
        (convicts[0], convicts[1], convicts[2]) = (a, b, c);
    }

    function _appeal(uint40 caseId) internal {
        vm.prank(operator);
        cases.appeal{value: BOND}(caseId);
    }

    function _assertVerdict(uint40 caseId, ICaseRegistry.Verdict expected, bool expectedFinal) internal view {
        (ICaseRegistry.Verdict verdict, bool isFinal) = cases.verdictOf(caseId);
        assertEq(uint8(verdict), uint8(expected));
        assertEq(isFinal, expectedFinal);
    }
}
