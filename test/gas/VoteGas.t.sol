// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {GovernorFixture} from "../unit/governance/GovernorFixture.sol";

/// @dev What a vote costs, behind proxies. `npm run bench -- gas` reads what is logged here.
contract VoteGasTest is GovernorFixture {
    function test_CastVote() public {
        _wrap(other, 1e18);
        vm.warp(vm.getBlockTimestamp() + 1);
        uint256 id = _proposeThreshold();
        emit log_named_uint("propose", vm.lastCallGas().gasTotalUsed);
        _vote(id, 1);
        emit log_named_uint("castVote, first", vm.lastCallGas().gasTotalUsed);
        vm.prank(other);
        governor.castVote(id, 1);
        emit log_named_uint("castVote", vm.lastCallGas().gasTotalUsed);
    }

    function test_Wrap() public {
        vm.deal(other, 2e18);
        vm.prank(other);
        gopen.deposit{value: 1e18}();
        emit log_named_uint("gOPEN deposit, first", vm.lastCallGas().gasTotalUsed);
        vm.prank(other);
        gopen.delegate(other);
        emit log_named_uint("gOPEN delegate, first", vm.lastCallGas().gasTotalUsed);
    }
}
