// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {DeployL1, DeploymentL1} from "../../../script/DeployL1.s.sol";
import {Beneficiaries, Distribution} from "../../../script/Distribution.sol";
import {ITokenDistribution} from "../../../src/interfaces/ITokenDistribution.sol";
import {OpenToken} from "../../../src/token/OpenToken.sol";
import {TokenDistribution} from "../../../src/token/TokenDistribution.sol";

contract TokenDistributionTest is Test {
    uint40 private constant GENESIS = 1_700_000_000;
    uint40 private constant YEAR = 365 days;
    uint256 private constant SUPPLY = 1_000_000_000e18;

    DeployL1 private script;
    DeploymentL1 private d;
    TokenDistribution private distribution;
    address private deployer = makeAddr("deployer");
    address private proposer = makeAddr("proposer");

    function setUp() public {
        vm.warp(GENESIS);
        script = new DeployL1();
        d = script.deploy(_published(), GENESIS, proposer, 1 weeks, deployer);
        distribution = d.distribution;
    }

    function _published() private returns (ITokenDistribution.Allocation[] memory) {
        return Distribution.published(
            Beneficiaries({
                community: makeAddr("community"),
                ecosystem: makeAddr("ecosystem"),
                investors: makeAddr("investors"),
                team: makeAddr("team"),
                liquidity: makeAddr("liquidity")
            })
        );
    }

    function test_ThePublishedScheduleIsTheWholeSupply() public {
        ITokenDistribution.Allocation[] memory all = _published();
        uint96[5] memory amounts =
            [uint96(517_100_000e18), 100_000_000e18, 182_900_000e18, 150_000_000e18, 50_000_000e18];
        uint256 sum;
        for (uint256 i = 0; i < all.length; ++i) {
            assertEq(all[i].amount, amounts[i]);
            assertEq(distribution.allocation(i).amount, amounts[i]);
            assertEq(distribution.allocation(i).beneficiary, all[i].beneficiary);
            sum += all[i].amount;
        }
        assertEq(distribution.allocationCount(), 5);
        assertEq(sum, SUPPLY);
        assertEq(sum, d.token.totalSupply());
        assertEq(d.token.balanceOf(address(distribution)), SUPPLY);
    }

    function test_TwoHundredFifteenAndAHalfMillionCirculateAtLaunch() public {
        assertEq(distribution.circulating(GENESIS - 1), 0);
        assertEq(distribution.circulating(GENESIS), 215_500_000e18);
        assertEq(uint256(distribution.vested(0, GENESIS)) + distribution.vested(1, GENESIS), 165_500_000e18);
        assertEq(distribution.vested(4, GENESIS), 50_000_000e18);
        distribution.release(0);
        distribution.release(1);
        distribution.release(4);
        assertEq(SUPPLY - d.token.balanceOf(address(distribution)), 215_500_000e18);
        for (uint256 i = 2; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ITokenDistribution.TokenDistribution_NothingToRelease.selector, i));
            distribution.release(i);
        }
    }

    function test_TeamAndInvestorsWaitAYearAndVestInThree() public view {
        for (uint256 i = 2; i < 4; ++i) {
            uint96 amount = distribution.allocation(i).amount;
            assertEq(distribution.vested(i, GENESIS + YEAR), 0);
            assertGt(distribution.vested(i, GENESIS + YEAR + 1), 0);
            assertEq(distribution.vested(i, GENESIS + 2 * YEAR), amount / 3);
            assertLt(distribution.vested(i, GENESIS + 4 * YEAR - 1), amount);
            assertEq(distribution.vested(i, GENESIS + 4 * YEAR), amount);
        }
    }

    function test_TheRestOfCommunityAndEcosystemVestsInFourYears() public view {
        for (uint256 i = 0; i < 2; ++i) {
            ITokenDistribution.Allocation memory a = distribution.allocation(i);
            assertEq(distribution.vested(i, GENESIS + 2 * YEAR), a.atLaunch + (a.amount - a.atLaunch) / 2);
            assertLt(distribution.vested(i, GENESIS + 4 * YEAR - 1), a.amount);
            assertEq(distribution.vested(i, GENESIS + 4 * YEAR), a.amount);
        }
        assertEq(distribution.circulating(GENESIS + 4 * YEAR), SUPPLY);
        assertEq(distribution.circulating(type(uint40).max), SUPPLY);
    }

    function testFuzz_WhatHasVestedNeverFallsAndIsNeverTooMuch(uint40 one, uint40 two, uint8 index) public view {
        index = uint8(bound(index, 0, 4));
        two = uint40(bound(two, one, type(uint40).max));
        assertLe(distribution.vested(index, one), distribution.vested(index, two));
        assertLe(distribution.vested(index, two), distribution.allocation(index).amount);
    }

    function testFuzz_AnyoneReleasesWhatHasVestedAndNoMore(uint40[6] memory times, uint8 index) public {
        index = uint8(bound(index, 0, 4));
        address to = distribution.allocation(index).beneficiary;
        for (uint256 i = 0; i < times.length; ++i) {
            vm.warp(GENESIS + bound(times[i], 0, 5 * YEAR));
            uint96 before = distribution.released(index);
            uint96 vested = distribution.vested(index, uint40(vm.getBlockTimestamp()));
            if (vested < before) continue; // an earlier time than the last
            assertEq(distribution.releasable(index), vested - before);
            if (vested == before) continue;
            vm.expectEmit(address(distribution));
            emit ITokenDistribution.Released(index, to, vested - before);
            vm.prank(makeAddr("anyone"));
            assertEq(distribution.release(index), vested - before);
            assertEq(d.token.balanceOf(to), vested);
            assertEq(distribution.released(index), vested);
        }
    }

    function test_EverythingIsGivenOutInTheEnd() public {
        vm.warp(GENESIS + 4 * YEAR);
        for (uint256 i = 0; i < 5; ++i) {
            distribution.release(i);
        }
        assertEq(d.token.balanceOf(address(distribution)), 0);
    }

    function test_RevertWhen_TheAllocationIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(ITokenDistribution.TokenDistribution_UnknownAllocation.selector, 5));
        distribution.release(5);
    }

    function test_RevertWhen_AnAllocationIsSenseless() public {
        for (uint256 i = 0; i < 4; ++i) {
            ITokenDistribution.Allocation[] memory all = _published();
            if (i == 0) all[i].beneficiary = address(0);
            if (i == 1) all[i].amount = 0;
            if (i == 2) all[i].atLaunch = all[i].amount + 1;
            if (i == 3) all[i].duration = 0;
            vm.expectRevert(abi.encodeWithSelector(ITokenDistribution.TokenDistribution_InvalidAllocation.selector, i));
            new TokenDistribution(d.token, GENESIS, all);
        }
    }

    function test_RevertWhen_ItIsNotTheWholeSupply() public {
        ITokenDistribution.Allocation[] memory all = _published();
        vm.expectRevert(
            abi.encodeWithSelector(ITokenDistribution.TokenDistribution_NotTheWholeSupply.selector, SUPPLY, 0, SUPPLY)
        );
        new TokenDistribution(d.token, GENESIS, all);
        all[3].amount += 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                ITokenDistribution.TokenDistribution_NotTheWholeSupply.selector, SUPPLY + 1, 0, SUPPLY
            )
        );
        new TokenDistribution(d.token, GENESIS, all);
    }

    function test_OnlyTheTimelockUpgradesTheToken() public {
        assertEq(d.token.upgrader(), address(d.timelock));
        assertEq(d.timelock.getMinDelay(), 1 weeks);
        assertTrue(d.timelock.hasRole(d.timelock.PROPOSER_ROLE(), proposer));
        assertFalse(d.timelock.hasRole(d.timelock.PROPOSER_ROLE(), deployer));
        assertFalse(d.timelock.hasRole(d.timelock.DEFAULT_ADMIN_ROLE(), deployer));
        bytes memory data = abi.encodeCall(d.token.upgradeToAndCall, (address(new OpenToken()), ""));
        vm.prank(proposer);
        d.timelock.schedule(address(d.token), 0, data, 0, 0, 1 weeks);
        skip(1 weeks);
        d.timelock.execute(address(d.token), 0, data, 0, 0);
        assertEq(d.token.totalSupply(), SUPPLY);
    }

    function test_TheAddressBookNamesTheContracts() public {
        string memory book = script.addressBook(d, 9);
        assertEq(vm.parseJsonUint(book, ".startBlock"), 9);
        assertEq(vm.parseJsonAddress(book, ".contracts.OpenToken"), address(d.token));
        assertEq(vm.parseJsonAddress(book, ".contracts.TokenDistribution"), address(distribution));
        assertEq(vm.parseJsonAddress(book, ".contracts.OpenTimelock"), address(d.timelock));
    }
}
