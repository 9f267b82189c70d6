// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetHygiene} from "../../src/interfaces/IDatanetHygiene.sol";
import {Hygiene} from "../utils/Hygiene.sol";

/// @dev What it costs to prove that an accepted contribution repeats an earlier one, behind proxies: with the two rows that a
/// small one needs, and with the sixteen that are enough for any.
contract DuplicateGasTest is Hygiene {
    function setUp() public override {
        super.setUp();
        vm.deal(watcher, 1 ether);
    }

    function _measure(uint256 count, string memory name) private {
        uint40 original = _contribute(alice, _text("tides", count));
        uint40 copied = _contribute(bob, _text("tides", count));
        _accept(original);
        _accept(copied);
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, _needed(copied));
        vm.startPrank(watcher);
        _prove(copied, original, rows);
        emit log_named_uint(name, vm.lastCallGas().gasTotalUsed);
        vm.stopPrank();
    }

    function test_ProveDuplicate() public {
        _measure(20, "proveDuplicate, 2 of 20 rows");
    }

    function test_ProveDuplicateOfManyRows() public {
        _measure(1_500, "proveDuplicate, 16 of 1,500 rows");
    }
}
