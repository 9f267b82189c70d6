// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {FraudTest} from "../../../utils/FraudTest.sol";
import {Draft} from "../../../utils/Prover.sol";
import {SumTree, Trees} from "../../../utils/Trees.sol";

contract CreditPredicateTest is FraudTest {
    using Trees for SumTree;

    /// @dev Payouts that follow from (falsified) credits.
    function _repay(Draft memory x, uint40 asset) private pure {
        SumTree memory t = _creditsTree(x, asset);
        uint96 delta = uint96(t.total());
        uint96 before = x.payouts[asset].cumulative - x.payouts[asset].delta;
        x.payouts[asset].delta = delta;
        x.payouts[asset].cumulative = before + delta;
        x.payouts[asset].creditsHash = t.root();
        x.recordedSums[asset] = before + delta;
    }

    function test_HonestItemsAndCreditsAreNoFraud() public {
        // it should say no for items and credits that match
        Draft memory x = _honest();
        _submit(x);
        for (uint256 r = 0; r < 3; ++r) {
            for (uint8 k = 0; k < x.items[r].length; ++k) {
                _assertNotFraud(x, address(d.credit), _itemWitness(x, r, k));
            }
        }
        for (uint40 a = 0; a < ASSETS; ++a) {
            for (uint32 i = 0; i < x.credits[a].length; ++i) {
                _assertNotFraud(x, address(d.credit), _creditWitness(x, a, i));
            }
        }
    }

    /// @dev Moves `by` wei from the credit of one asset to another's.
    function _shift(uint40 from, uint40 to, uint96 by) private view returns (Draft memory x) {
        x = _draft(_answers());
        x.credits[from][0].amount -= by;
        x.credits[to][0].amount += by;
        _repay(x, from);
        _repay(x, to);
        _seal(x);
    }

    function test_AShiftedCreditIsFraudSeenFromTheItem() public {
        // it should say yes when the credit of an item differs
        Draft memory x = _shift(5, 9, 1);
        _submit(x);
        uint8 k = uint8(x.items[0].length - 1);
        assertEq(x.items[0][k].asset, 5);
        _assertFraud(x, address(d.credit), _itemWitness(x, 0, k));
    }

    function test_AShiftedCreditIsFraudSeenFromTheCredit() public {
        // it should say yes when the item of a credit differs
        Draft memory x = _shift(5, 9, 1);
        _submit(x);
        _assertFraud(x, address(d.credit), _creditWitness(x, 9, 0));
    }

    function test_ACreditOfAReceiptOutsideTheClaimIsFraud() public {
        // it should say yes when the receipt of a credit is not in the claim
        Draft memory x = _draft(_answers());
        x.credits[9][0].receiptNumber = 1000;
        _repay(x, 9);
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.credit), _creditWitness(x, 9, 0));
    }

    function test_ACreditOfAnItemThatDoesNotExistIsFraud() public {
        // it should say yes when the item of a credit does not exist
        Draft memory x = _draft(_answers());
        x.credits[9][0].item = 15;
        _repay(x, 9);
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.credit), _creditWitness(x, 9, 0));
    }

    function test_AnItemThatNamesAnotherCreditIsFraud() public {
        // it should say yes when an item names the credit of another
        Draft memory x = _draft(_answers());
        uint256 k = x.items[0].length - 2;
        assertEq(x.items[0][k].asset, 9);
        x.creditIndexes[0][k] = 1;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.credit), _itemWitness(x, 0, uint8(k)));
    }

    function test_ACreditIndexOutsideTheTreeIsFraud() public {
        // it should say yes when an item names a credit outside the tree
        Draft memory x = _draft(_answers());
        uint256 k = x.items[0].length - 2;
        x.creditIndexes[0][k] = 4;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.credit), _itemWitness(x, 0, uint8(k)));
    }

    function test_AnAssetWithoutPayoutIsFraud() public {
        // it should say yes when the asset of an item has no payout
        Draft memory x = _draft(_answers());
        x.payouts[9].cumulative += x.payouts[5].cumulative;
        x.recordedSums[9] = x.payouts[9].cumulative;
        x.present[5] = false;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.credit), _itemWitness(x, 0, uint8(x.items[0].length - 1)));
    }

    function test_APayoutOfAnotherClaimIsFraud() public {
        // it should say yes when the payout of an item is of another claim
        Draft memory x = _draft(_answers());
        x.payouts[5].seq = 0;
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.credit), _itemWitness(x, 0, uint8(x.items[0].length - 1)));
    }

    function test_ACreditOfAMissingAttributionIsFraud() public {
        // it should say yes when the attribution of a credit is missing
        Draft memory x = _draft(_answers());
        x.queryHashes[1] = bytes32(uint256(1)); // the fixture's sign for the pad leaf
        _seal(x);
        _submit(x);
        uint32 i = 1;
        assertEq(x.credits[9][i].receiptNumber, 1);
        _assertFraud(x, address(d.credit), _creditWitness(x, 9, i));
    }
}
