// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {SketchDot} from "../../../src/libraries/SketchDot.sol";

contract SketchDotTest is Test {
    function dot(bytes calldata sketch, bytes calldata query) external pure returns (int256) {
        return SketchDot.dot(sketch, query);
    }

    function _entry(bytes memory sketch, uint256 i) private pure returns (int256) {
        uint8 both = uint8(sketch[i % 256]);
        int256 nibble = int256(uint256(i < 256 ? both & 15 : both >> 4));
        return nibble < 8 ? nibble : nibble - 16;
    }

    function _naive(bytes memory sketch, bytes memory query) private pure returns (int256 sum) {
        for (uint256 i = 0; i < 512; ++i) {
            sum += _entry(sketch, i) * int256(int8(uint8(query[i])));
        }
    }

    function _bytes(bytes32[8] memory words) private pure returns (bytes memory) {
        return abi.encodePacked(words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]);
    }

    function _filled(bytes1 value, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            out[i] = value;
        }
    }

    function testFuzz_EqualsALoop(bytes32[8] memory a, bytes32[8] memory low, bytes32[8] memory high) public view {
        bytes memory query = bytes.concat(_bytes(low), _bytes(high));
        assertEq(this.dot(_bytes(a), query), _naive(_bytes(a), query));
    }

    function test_ExtremesDoNotCarry() public view {
        assertEq(this.dot(_filled(0x88, 256), _filled(0x80, 512)), 512 * 8 * 128);
        assertEq(this.dot(_filled(0x88, 256), _filled(0x7f, 512)), -512 * 8 * 127);
        assertEq(this.dot(_filled(0x77, 256), _filled(0x7f, 512)), 512 * 7 * 127);
        assertEq(this.dot(_filled(0x77, 256), _filled(0x80, 512)), -512 * 7 * 128);
        assertEq(this.dot(_filled(0x00, 256), _filled(0x7f, 512)), 0);
        assertEq(this.dot(_filled(0xff, 256), _filled(0xff, 512)), 512);
    }

    function testFuzz_OneEntryMeetsItsPartner(uint16 i, uint16 j, int8 x, int8 y) public view {
        (i, j, x) = (i % 512, j % 512, x % 8);
        bytes memory sketch = new bytes(256);
        bytes memory query = new bytes(512);
        uint8 nibble = uint8(x) & 15;
        sketch[i % 256] = bytes1(i < 256 ? nibble : nibble << 4);
        query[j] = bytes1(uint8(y));
        assertEq(this.dot(sketch, query), i == j ? int256(x) * int256(y) : int256(0));
    }

    function test_RevertWhen_LengthsAreWrong() public {
        vm.expectRevert(abi.encodeWithSelector(SketchDot.SketchDot_WrongLength.selector, 255, 512));
        this.dot(new bytes(255), new bytes(512));
        vm.expectRevert(abi.encodeWithSelector(SketchDot.SketchDot_WrongLength.selector, 256, 256));
        this.dot(new bytes(256), new bytes(256));
    }
}
