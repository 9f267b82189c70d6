// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {Presets} from "../../../script/Presets.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";
import {Allocation} from "../../../src/libraries/Allocation.sol";
import {Allocate} from "../../utils/Allocate.sol";
import {Item, Receipt as Served} from "../../../src/types/Leaves.sol";

/// @dev Exact amounts against an independent implementation are in test/differential; here are the rules one by one.
contract AllocationTest is Test {
    uint96 private constant FEE = 1e18;

    function _parameters() private pure returns (IProtocolParameters.Parameters memory) {
        return Presets.production().parameters;
    }

    function _terms(uint8 scheme) private pure returns (IModelRegistry.ModelTerms memory t) {
        t.parent = 1;
        t.royaltyBps = 1_000;
        t.scheme = scheme;
        t.baselineRoot = keccak256("baseline");
    }

    function _receipt(uint96 fee) private pure returns (Served memory r) {
        r.modelId = 2;
        r.fee = fee;
        r.outputLength = 100;
    }

    function _influence(int64 a, int64 b) private pure returns (Item[] memory listed) {
        listed = new Item[](2);
        listed[0] = Item(4, Allocation.INFLUENCE, a, 0, 0);
        listed[1] = Item(8, Allocation.INFLUENCE, b, 0, 0);
    }

    function _span(uint40 asset, uint32 from, uint16 length) private pure returns (Item memory) {
        bytes14 evidence = bytes14(abi.encodePacked(from, uint40(0), length, uint24(0)));
        return Item(asset, Allocation.SPAN, int64(uint64(length)), 0, evidence);
    }

    function _sum(Item[] memory items) private pure returns (uint256 sum) {
        for (uint256 k = 0; k < items.length; ++k) {
            sum += items[k].amount;
        }
    }

    function test_WithoutEvidenceTheBaselineEarnsTheContributorsShare() public pure {
        Item[] memory items = Allocate.allocate(new Item[](0), _receipt(FEE), _terms(1), _parameters());
        assertEq(items.length, 3);
        assertEq(items[0].asset, 9);
        assertEq(items[0].amount, 0.18e18);
        assertEq(items[1].asset, 5);
        assertEq(items[1].amount, 0.02e18);
        assertEq(items[2].asset, 10);
        assertEq(items[2].kind, Allocation.BASELINE);
        assertEq(items[2].amount, 0.4e18);
    }

    function test_WithoutBaselineTheTreasuryEarnsIt() public pure {
        IModelRegistry.ModelTerms memory t = _terms(1);
        t.baselineRoot = 0;
        t.royaltyBps = 0;
        Item[] memory items = Allocate.allocate(new Item[](0), _receipt(FEE), t, _parameters());
        assertEq(items.length, 2);
        assertEq(items[1].asset, 0);
        assertEq(items[1].kind, Allocation.TREASURY);
    }

    function test_AFreeAnswerHasNoItems() public pure {
        assertEq(Allocate.allocate(_influence(9, 3), _receipt(0), _terms(1), _parameters()).length, 0);
    }

    function test_TheRemainderGoesToTheFirstCountingItem() public pure {
        Item[] memory items = Allocate.allocate(_influence(2, 1), _receipt(FEE), _terms(1), _parameters());
        assertEq(items[1].amount, uint256(0.4e18) / 3);
        assertEq(items[0].amount, 0.4e18 - items[1].amount);
    }

    function test_AnItemBelowTheThresholdIsListedAndEarnsNothing() public pure {
        // tau is 1 % for a fee far above the reference.
        Item[] memory items = Allocate.allocate(_influence(991, 9), _receipt(FEE), _terms(1), _parameters());
        assertEq(items[0].amount, 0.4e18);
        assertEq(items[1].amount, 0);
        items = Allocate.allocate(_influence(990, 10), _receipt(FEE), _terms(1), _parameters());
        assertEq(items[1].amount, 0.004e18);
    }

    function test_TheThresholdFallsWithTheFeeWithinItsBounds() public pure {
        IProtocolParameters.Parameters memory p = _parameters();
        assertEq(Allocate.threshold(p.feeRef, p), p.tauBasePpm);
        assertEq(Allocate.threshold(uint256(p.feeRef) * 2, p), p.tauBasePpm / 2);
        assertEq(Allocate.threshold(1e9, p), p.tauMaxPpm);
        assertEq(Allocate.threshold(FEE, p), p.tauMinPpm);
    }

    function test_SpansEarnByTheBytesTheyCover() public pure {
        Item[] memory listed = new Item[](2);
        listed[0] = _span(4, 0, 64);
        listed[1] = _span(8, 32, 64);
        // Covered: 0 … 96 of 100 bytes; the rest of the share goes to the baseline.
        Item[] memory items = Allocate.allocate(listed, _receipt(FEE), _terms(2), _parameters());
        assertEq(items[0].amount + items[1].amount, uint256(0.4e18) * 96 / 100);
        assertEq(items[4].kind, Allocation.BASELINE);
        assertEq(items[4].amount, uint256(0.4e18) * 4 / 100);
    }

    function test_ASliceIsNotEnlargedByAnotherKindThatIsMissing() public pure {
        Item[] memory listed = new Item[](1);
        listed[0] = _span(4, 0, 100);
        Item[] memory items = Allocate.allocate(listed, _receipt(FEE), _terms(7), _parameters());
        assertEq(items[0].amount, uint256(0.4e18) * 3_500 / 10_000);
    }

    function testFuzz_ItemsAddUpToTheOwnersShare(uint64 gweiFee, uint32[8] memory scores, uint32 length) public pure {
        uint96 fee = uint96(gweiFee) * 1e9;
        Item[] memory listed = new Item[](8);
        for (uint256 k = 0; k < 8; ++k) {
            uint8 kind = uint8(k / 3);
            listed[k] = kind == 1
                ? _span(uint40(4 * k), scores[k] % 1_000, uint16(scores[k] % 512))
                : Item(uint40(4 * k), kind, int64(uint64(scores[k])), 0, 0);
        }
        Served memory r = _receipt(fee);
        r.outputLength = length % 2_000;
        Item[] memory items = Allocate.allocate(listed, r, _terms(7), _parameters());
        assertEq(_sum(items), uint256(fee) * 6 / 10);
    }

    function test_OrderIsKindThenScoreThenAsset() public pure {
        assertTrue(Allocate.isOrderly(_influence(9, 3), 1));
        assertFalse(Allocate.isOrderly(_influence(3, 9), 1), "score");
        assertTrue(Allocate.isOrderly(_influence(3, 3), 1), "asset breaks the tie");
        assertFalse(Allocate.isOrderly(_influence(3, 0), 1), "positive");
        assertFalse(Allocate.isOrderly(_influence(9, 3), 2), "enabled");
        Item[] memory mixed = new Item[](2);
        mixed[0] = _span(4, 0, 64);
        mixed[1] = Item(4, Allocation.INFLUENCE, 5, 0, 0);
        assertFalse(Allocate.isOrderly(mixed, 3), "kind");
        (mixed[0], mixed[1]) = (mixed[1], mixed[0]);
        assertTrue(Allocate.isOrderly(mixed, 3));
        mixed[0].evidence = bytes14(uint112(1));
        assertFalse(Allocate.isOrderly(mixed, 3), "evidence");
    }

    function test_AnAssetIsListedOncePerKindAndKindsAreLimited() public pure {
        Item[] memory listed = new Item[](3);
        for (uint256 k = 0; k < 3; ++k) {
            listed[k] = Item(uint40(4 + 4 * k), Allocation.INFLUENCE, int64(uint64(9 - k)), 0, 0);
        }
        assertTrue(Allocate.isOrderly(listed, 1));
        listed[2].asset = 4;
        assertFalse(Allocate.isOrderly(listed, 1));

        Item[] memory many = new Item[](9);
        for (uint256 k = 0; k < 9; ++k) {
            many[k] = Item(uint40(4 + 4 * k), Allocation.INFLUENCE, 9, 0, 0);
        }
        assertFalse(Allocate.isOrderly(many, 1));
        for (uint256 k = 0; k < 3; ++k) {
            listed[k] = Item(uint40(4 + 4 * k), Allocation.RETRIEVAL, 9, 0, 0);
        }
        assertFalse(Allocate.isOrderly(listed, 4));
    }
}
