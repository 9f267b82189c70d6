// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";
import {ClaimStatus} from "../../src/types/Claim.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Answer, Draft, Prover} from "./Prover.sol";

/// @dev What the tests of all predicates share: a claim over three answers, and the two outcomes.
abstract contract FraudTest is Prover {
    function _answers() internal view returns (Answer[] memory answers) {
        answers = new Answer[](3);
        answers[0] = _answer(1e18, 0);
        answers[1] = _answer(0.3e18, 1);
        answers[2] = _answer(0.000000007e18, 2);
    }

    function _honest() internal view returns (Draft memory x) {
        x = _draft(_answers());
        _seal(x);
    }

    /// @dev The witness wins: the claim is rejected and the bond is half burned, half the watcher's.
    function _assertFraud(Draft memory x, address predicate, bytes memory witness) internal {
        bytes32 id = d.settlement.claimIdOf(x.claim);
        uint96 bond = d.settlement.claimRecord(id).bond;
        d.settlement.proveFraud(x.claim, predicate, witness, watcher);
        assertEq(uint8(d.settlement.claimRecord(id).status), uint8(ClaimStatus.Rejected));
        assertEq(watcher.balance, bond / 2);
        assertEq(d.staking.stakeOf(nodeId, Roles.NODE), STAKE - bond);
    }

    function _assertNotFraud(Draft memory x, address predicate, bytes memory witness) internal {
        bytes32 id = d.settlement.claimIdOf(x.claim);
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NotFraud.selector, id, predicate)
        );
        d.settlement.proveFraud(x.claim, predicate, witness, watcher);
    }
}
