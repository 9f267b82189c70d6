// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {FraudTest} from "../../../utils/FraudTest.sol";
import {Draft} from "../../../utils/Prover.sol";

contract TransitionPredicateTest is FraudTest {
    Draft private empty;

    function _first() private returns (Draft memory parent) {
        parent = _honest();
        _submit(parent);
        _finalize(parent);
    }

    function test_HonestTransitionsAreNoFraud() public {
        // it should say no for honest transitions
        Draft memory parent = _first();
        Draft memory x = _honest();
        _submit(x);
        for (uint40 a = 0; a < ASSETS; ++a) {
            _assertNotFraud(x, address(d.transition), _transitionWitness(x, parent, a));
        }
    }

    function test_TheFirstClaimStartsFromNothing() public {
        // it should say no for what the first claim adds to nothing
        Draft memory x = _honest();
        _submit(x);
        Draft memory none;
        for (uint40 a = 0; a < ASSETS; ++a) {
            _assertNotFraud(x, address(d.transition), _transitionWitness(x, none, a));
        }
    }

    function test_MovingUnclaimedEarningsIsFraud() public {
        // it should say yes when earnings are moved
        Draft memory parent = _first();
        Draft memory x = _draft(_answers());
        x.payouts[5].cumulative -= 1;
        x.payouts[9].cumulative += 1;
        (x.recordedSums[5], x.recordedSums[9]) = (x.payouts[5].cumulative, x.payouts[9].cumulative);
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.transition), _transitionWitness(x, parent, 5));
    }

    function test_DroppingALeafIsFraud() public {
        // it should say yes when a payout is dropped
        Draft memory parent = _first();
        Draft memory x = _draft(_answers());
        x.payouts[9].cumulative += x.payouts[5].cumulative;
        x.recordedSums[9] = x.payouts[9].cumulative;
        x.present[5] = false;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.transition), _transitionWitness(x, parent, 5));
    }

    function test_ALeafThatNamesAnotherClaimIsFraud() public {
        // it should say yes when a changed payout names another claim
        Draft memory parent = _first();
        Draft memory x = _draft(_answers());
        x.payouts[9].seq = 1;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.transition), _transitionWitness(x, parent, 9));
    }

    function test_InFirstClaimsCumulativeIsDelta() public {
        // it should say yes when the first claim adds to more than nothing
        Draft memory x = _draft(_answers());
        x.payouts[5].delta -= 1;
        _seal(x);
        _submit(x);
        Draft memory none;
        _assertFraud(x, address(d.transition), _transitionWitness(x, none, 5));
    }

    function test_AnotherParentProvesNothing() public {
        // it should say no for another parent
        Draft memory parent = _first();
        Draft memory x = _honest();
        _submit(x);
        parent.claim.fees += 1;
        _assertNotFraud(x, address(d.transition), _transitionWitness(x, parent, 9));
    }

    function test_APayoutThatIsNotTheParentsProvesNothing() public {
        // it should say no for a payout that is not the parent's
        Draft memory parent = _first();
        Draft memory x = _honest();
        _submit(x);
        parent.payouts[9].cumulative += 1;
        _assertNotFraud(x, address(d.transition), _transitionWitness(x, parent, 9));
    }
}
