// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {FraudTest} from "../../../utils/FraudTest.sol";
import {Draft} from "../../../utils/Prover.sol";

/// @dev Settlement with claims whose receipts are real, and the real predicates.
contract SettlementFraudTest is FraudTest {
    function _fraudulent() private view returns (Draft memory x) {
        x = _draft(_answers());
        x.items[0][0].amount -= 1;
        x.items[0][1].amount += 1;
        _pay(x);
        _seal(x);
    }

    function test_AVoteDoesNotChangeAnOpenClaim() public {
        Draft memory x = _honest();
        _submit(x);
        vm.prank(address(d.timelock));
        d.parameters.setAttributionThreshold(500_000, 500_000, 500_000);
        _assertNotFraud(x, address(d.allocation), _allocationWitness(x, 0));
    }

    function test_AVetoedCheaterIsSlashed() public {
        Draft memory x = _fraudulent();
        bytes32 claimId = _submit(x);
        vm.prank(guardian);
        d.settlement.veto(claimId);
        _assertFraud(x, address(d.allocation), _allocationWitness(x, 0));
    }

    function test_AfterARejectionTheNodeProposesTheSameBatchesAgain() public {
        Draft memory x = _fraudulent();
        _submit(x);
        _assertFraud(x, address(d.allocation), _allocationWitness(x, 0));
        assertEq(d.staking.exposureOf(nodeId), 0);

        // The honest claim over the same, already redeemed batch.
        Draft memory y = _draft(_answers());
        (y.voucher, y.firstReceipt) = (x.voucher, 0);
        for (uint32 r = 0; r < 3; ++r) {
            y.receipts[r].epoch = 0;
        }
        (y.claim.toBatch, y.claim.firstReceipt) = (1, 0);
        _pay(y);
        _seal(y);
        assertEq(y.claim.seq, 2);
        assertEq(y.claim.parent, 0);
        vm.prank(operator);
        d.settlement.proposeClaim(y.claim, y.claimData, LOCATOR);
        _finalize(y);
        d.settlement.claim(_payoutProof(y, 9), y.claim);
        assertEq(builder.balance, y.payouts[9].cumulative);
    }
}
