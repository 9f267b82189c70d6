// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Test} from "forge-std/Test.sol";
import {Deploy, Deployment} from "../../../script/Deploy.s.sol";
import {Presets} from "../../../script/Presets.sol";
import {IAirdrop} from "../../../src/interfaces/IAirdrop.sol";

/// @dev Votes on the deployed contracts that spend the treasury.
contract VotedProgrammesTest is Test {
    Deployment private d;
    address private voter = makeAddr("voter");
    address private alice = makeAddr("alice");

    function setUp() public {
        vm.chainId(31_337);
        vm.warp(1_700_000_000);
        d = Deploy(deployCode("Deploy.s.sol:Deploy")).deploy(Presets.devnet(), makeAddr("deployer"));
        vm.deal(voter, 1_000e18);
        vm.startPrank(voter);
        d.gopen.deposit{value: 1_000e18}();
        d.gopen.delegate(voter);
        vm.stopPrank();
        vm.deal(alice, 10e18);
        vm.deal(address(d.timelock), 10_000e18);
        skip(1);
    }

    function _decide(address target, uint256 value, bytes memory data) private {
        (address[] memory targets, uint256[] memory values, bytes[] memory calldatas) =
            (new address[](1), new uint256[](1), new bytes[](1));
        (targets[0], values[0], calldatas[0]) = (target, value, data);
        vm.prank(voter);
        uint256 id = d.governor.propose(targets, values, calldatas, "fund it");
        vm.warp(d.governor.proposalSnapshot(id) + 1);
        vm.prank(voter);
        d.governor.castVote(id, 1);
        vm.warp(d.governor.proposalDeadline(id) + 1);
        d.governor.queue(targets, values, calldatas, keccak256("fund it"));
        vm.warp(d.governor.proposalEta(id));
        d.governor.execute(targets, values, calldatas, keccak256("fund it"));
    }

    function test_AVoteStreamsToTheStakersAndTakesTheRestBack() public {
        vm.prank(alice);
        d.rewards.deposit{value: 1e18}(0);
        uint40 start = uint40(block.timestamp + 100);
        _decide(address(d.programmes), 1_000e18, abi.encodeCall(d.programmes.streamToStakers, (start, start + 1_000)));
        assertEq(address(d.timelock).balance, 9_000e18);
        vm.warp(start + 100);
        d.programmes.release(1);
        assertEq(d.rewards.earned(alice), 100e18);
        _decide(address(d.programmes), 0, abi.encodeCall(d.programmes.cancel, (1)));
        uint256 left = d.programmes.reserved();
        assertEq(left, d.programmes.releasable(1));
        assertEq(address(d.timelock).balance, 9_900e18 - left);
        d.programmes.release(1);
        assertEq(d.rewards.earned(alice), 100e18 + left);
    }

    function test_AVoteOpensTheAirdrop() public {
        IAirdrop.Config memory config;
        config.root = keccak256(bytes.concat(keccak256(abi.encode(alice, uint96(100e18)))));
        config.total = 100e18;
        config.deadline = uint40(block.timestamp + 30 days);
        config.bonusBps = [uint16(0), uint16(100), uint16(200), uint16(500), uint16(1_000)];
        _decide(address(d.airdrop), 110e18, abi.encodeCall(d.airdrop.configure, (config)));
        vm.prank(alice);
        d.airdrop.claimAndStake(100e18, 4, new bytes32[](0));
        assertEq(d.rewards.position(alice, 4).staked, 110e18);
    }

    function test_AVoteChangesWhoGuards() public {
        address next = makeAddr("next guardian");
        uint64 role = 1;
        _decide(address(d.manager), 0, abi.encodeCall(d.manager.grantRole, (role, next, 0)));
        (bool isGuardian,) = d.manager.hasRole(role, next);
        assertTrue(isGuardian);
        address old = Presets.devnet().guardian;
        _decide(address(d.manager), 0, abi.encodeCall(d.manager.revokeRole, (role, old)));
        (isGuardian,) = d.manager.hasRole(role, old);
        assertFalse(isGuardian);
    }

    function test_TheGuardianCannotTouchMoneyCodeOrRoles() public {
        address guardian = Presets.devnet().guardian;
        bytes memory denied = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, guardian);
        IAirdrop.Config memory config;
        vm.deal(guardian, 1e18);
        vm.startPrank(guardian);
        vm.expectRevert(denied);
        d.airdrop.configure(config);
        vm.expectRevert(denied);
        d.programmes.streamToStakers{value: 1}(1, 2);
        vm.expectRevert(denied);
        d.programmes.cancel(1);
        vm.expectRevert(denied);
        d.parameters.setAttributionThreshold(1, 1, 1);
        vm.expectRevert(denied);
        d.cases.decideAppeal(1, true);
        address[5] memory proxies =
            [address(d.settlement), address(d.staking), address(d.escrow), address(d.rewards), address(d.gopen)];
        for (uint256 i = 0; i < proxies.length; ++i) {
            (bool done,) =
                proxies[i].call(abi.encodeWithSelector(d.parameters.upgradeToAndCall.selector, address(this), ""));
            assertFalse(done);
        }
        vm.expectRevert();
        d.manager.grantRole(0, guardian, 0);
        vm.expectRevert();
        d.timelock.schedule(address(guardian), 1, "", 0, 0, 1);
        vm.expectRevert();
        d.timelock.cancel(0);
    }
}
