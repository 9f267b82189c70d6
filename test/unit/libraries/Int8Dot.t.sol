// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {Int8Dot} from "../../../src/libraries/Int8Dot.sol";

contract Int8DotTest is Test {
    function dot(bytes calldata a, bytes calldata b) external pure returns (int256) {
        return Int8Dot.dot(a, b);
    }

    function _naive(bytes memory a, bytes memory b) private pure returns (int256 sum) {
        for (uint256 i = 0; i < 256; ++i) {
            sum += int256(int8(uint8(a[i]))) * int256(int8(uint8(b[i])));
        }
    }

    function _words(bytes32[8] memory words) private pure returns (bytes memory) {
        return abi.encodePacked(words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]);
    }

    function _filled(bytes1 value) private pure returns (bytes memory out) {
        out = new bytes(256);
        for (uint256 i = 0; i < 256; ++i) {
            out[i] = value;
        }
    }

    function testFuzz_EqualsALoop(bytes32[8] memory a, bytes32[8] memory b) public view {
        assertEq(this.dot(_words(a), _words(b)), _naive(_words(a), _words(b)));
    }

    function test_ExtremesDoNotCarry() public view {
        assertEq(this.dot(_filled(0x80), _filled(0x80)), 256 * 128 * 128);
        assertEq(this.dot(_filled(0x80), _filled(0x7f)), -256 * 128 * 127);
        assertEq(this.dot(_filled(0x7f), _filled(0x7f)), 256 * 127 * 127);
        assertEq(this.dot(_filled(0x00), _filled(0x7f)), 0);
        assertEq(this.dot(_filled(0xff), _filled(0xff)), 256);
    }

    function testFuzz_OneEntryMeetsItsPartner(uint8 i, uint8 j, int8 x, int8 y) public view {
        bytes memory a = new bytes(256);
        bytes memory b = new bytes(256);
        a[i] = bytes1(uint8(x));
        b[j] = bytes1(uint8(y));
        assertEq(this.dot(a, b), i == j ? int256(x) * int256(y) : int256(0));
    }

    function test_RevertWhen_LengthsAreWrong() public {
        vm.expectRevert(abi.encodeWithSelector(Int8Dot.Int8Dot_WrongLength.selector, 255, 256));
        this.dot(new bytes(255), new bytes(256));
    }
}
