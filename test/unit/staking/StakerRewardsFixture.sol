// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {Preset, Presets} from "../../../script/Presets.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {StakerRewards} from "../../../src/staking/StakerRewards.sol";

/// @dev Staker rewards with production's parameters.
abstract contract StakerRewardsFixture is Test {
    AccessManager internal manager;
    ProtocolParameters internal params;
    StakerRewards internal rewards;
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        manager = new AccessManager(address(this));
        Preset memory preset = Presets.production();
        params = ProtocolParameters(
            _proxy(
                address(new ProtocolParameters()),
                abi.encodeCall(ProtocolParameters.initialize, (address(manager), preset.limits, preset.parameters))
            )
        );
        rewards = StakerRewards(
            payable(_proxy(
                    address(new StakerRewards(params)), abi.encodeCall(StakerRewards.initialize, (address(manager)))
                ))
        );
    }

    function _proxy(address implementation, bytes memory init) internal returns (address) {
        return address(new ERC1967Proxy(implementation, init));
    }

    function _deposit(address account, uint8 tier, uint96 amount) internal {
        vm.deal(account, account.balance + amount);
        vm.prank(account);
        rewards.deposit{value: amount}(tier);
    }

    function _reward(uint96 amount) internal {
        vm.deal(stranger, amount);
        vm.prank(stranger);
        rewards.notifyReward{value: amount}();
    }

    function _assertSolvent() internal view {
        assertGe(rewards.unpaid(), uint256(rewards.earned(alice)) + rewards.earned(bob));
        assertEq(
            uint256(rewards.totalStaked()) + rewards.totalPending() + rewards.unpaid() + rewards.undistributed(),
            address(rewards).balance
        );
        // it should tell weights that add up
        assertEq(rewards.totalWeight(), rewards.weightOf(alice) + rewards.weightOf(bob));
    }
}
