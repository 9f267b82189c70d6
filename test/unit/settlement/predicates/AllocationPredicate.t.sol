// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Allocation} from "../../../../src/libraries/Allocation.sol";
import {Item} from "../../../../src/types/Leaves.sol";
import {Allocate} from "../../../utils/Allocate.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Draft} from "../../../utils/Prover.sol";

contract AllocationPredicateTest is FraudTest {
    /// @dev Proposes the draft with credits and payouts that fit its (falsified) items, and proves receipt r false.
    function _assertFalse(Draft memory x, uint256 r) private {
        _pay(x);
        _assertFalseAsIs(x, r);
    }

    function _assertFalseAsIs(Draft memory x, uint256 r) private {
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.allocation), _allocationWitness(x, r));
    }

    function test_HonestAttributionsAreNoFraud() public {
        // it should say no for honest attributions
        Draft memory x = _honest();
        _submit(x);
        for (uint256 r = 0; r < 3; ++r) {
            _assertNotFraud(x, address(d.allocation), _allocationWitness(x, r));
        }
    }

    function test_AShiftedAmountIsFraud() public {
        // it should say yes when an amount is shifted
        Draft memory x = _draft(_answers());
        x.items[0][0].amount -= 1;
        x.items[0][1].amount += 1;
        _assertFalse(x, 0);
    }

    function test_AWrongOrderIsFraud() public {
        // it should say yes when items are out of order
        Draft memory x = _draft(_answers());
        Item memory model = x.items[0][x.items[0].length - 2];
        x.items[0][x.items[0].length - 2] = x.items[0][x.items[0].length - 1];
        x.items[0][x.items[0].length - 1] = model;
        _assertFalse(x, 0);
    }

    function test_AnotherRoyaltyReceiverIsFraud() public {
        // it should say yes when another asset gets the royalty
        Draft memory x = _draft(_answers());
        x.items[0][x.items[0].length - 1].asset = 9;
        _assertFalse(x, 0);
    }

    function test_AForeignHeaderIsFraud() public {
        // it should say yes when the header is not of the receipt
        Draft memory x = _draft(_answers());
        x.attributionHeader = keccak256("another receipt");
        _assertFalse(x, 1);
    }

    function test_AMissingAttributionIsFraud() public {
        // it should say yes when there is no attribution
        Draft memory x = _draft(_answers());
        x.queryHashes[1] = bytes32(uint256(1)); // the fixture's sign for the pad leaf
        _assertFalseAsIs(x, 1);
    }

    function test_AMissingQueryHashIsFraud() public {
        // it should say yes when the query hash is missing
        Draft memory x = _draft(_answers());
        x.queryHashes[0] = 0;
        _assertFalse(x, 0);
    }

    function test_ACreditIndexForNothingIsFraud() public {
        // it should say yes when credit indexes do not fit the amounts
        Draft memory x = _draft(_answers());
        x.items[0][0].amount = 0;
        _pay(x);
        x.creditIndexes[0][0] = 0;
        _assertFalseAsIs(x, 0);
    }

    function test_ADuplicateAssetIsFraud() public {
        // it should say yes when an asset is listed twice
        Draft memory x = _draft(_answers());
        // Honest amounts of a dishonest list: the same contribution twice.
        Item[] memory listed = new Item[](2);
        listed[0] = x.items[0][0];
        listed[1] = x.items[0][0];
        listed[1].score -= 1;
        x.items[0] = Allocate.allocate(listed, x.receipts[0], _terms(), _parameters());
        _assertFalse(x, 0);
    }

    function test_AKindThatTheModelDoesNotPayByIsFraud() public {
        // it should say yes for a kind that the model does not pay by
        Draft memory x = _draft(_answers());
        Item[] memory listed = new Item[](1);
        listed[0] = Item(4, Allocation.RETRIEVAL, 5, 0, 0);
        x.items[0] = Allocate.allocate(listed, x.receipts[0], _terms(), _parameters());
        _assertFalse(x, 0);
    }

    function test_EvidenceForANoAuditReceiptIsFraud() public {
        // it should say yes for evidence of a receipt that is not audited
        Draft memory x = _draft(_answers());
        x.receipts[0].flags = 2;
        x.queryHashes[0] = 0;
        _assertFalse(x, 0);
    }

    function test_ContradictingFlagsAreFraud() public {
        // it should say yes when flags contradict
        Draft memory x = _draft(_answers());
        x.receipts[0].flags = 3;
        _assertFalse(x, 0);
    }

    function test_AModelThatDoesNotExistIsFraud() public {
        // it should say yes for a model that was never registered
        Draft memory x = _draft(_answers());
        x.receipts[0].modelId = 77;
        _assertFalse(x, 0);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_AnyOtherAmountIsFraud(uint8 r, uint8 k, uint96 amount) public {
        // it should say yes for any other amount
        Draft memory x = _draft(_answers());
        r = r % 3;
        k = k % uint8(x.items[r].length);
        vm.assume(amount != x.items[r][k].amount && amount != 0);
        x.items[r][k].amount = amount;
        if (x.creditIndexes[r][k] == type(uint32).max) x.creditIndexes[r][k] = 0;
        _assertFalseAsIs(x, r);
    }

    function test_AWitnessOfAnotherBatchProvesNothing() public {
        // it should say no when the receipt is not the claim's
        Draft memory x = _honest();
        _submit(x);
        bytes memory witness = _allocationWitness(x, 0);
        // The last of the nine words in front is the batch number.
        witness[9 * 32 - 1] = 0x02;
        _assertNotFraud(x, address(d.allocation), witness);
    }
}
