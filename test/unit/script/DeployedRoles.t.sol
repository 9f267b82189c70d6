// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";
import {Deploy, Deployment} from "../../../script/Deploy.s.sol";
import {Preset, Presets} from "../../../script/Presets.sol";
import {IAttributionSettlement} from "../../../src/interfaces/IAttributionSettlement.sol";
import {ICaseOutcomes} from "../../../src/interfaces/ICaseOutcomes.sol";
import {IValidationRegistry} from "../../../src/interfaces/IValidationRegistry.sol";

/// @dev Who may do what after a deployment, from the events of the deployment itself: nothing that was granted on the way
/// can be missed.
contract DeployedRolesTest is Test {
    struct Grant {
        uint64 role;
        address account;
    }

    Deploy private script;
    Deployment private d;
    address private deployer = makeAddr("deployer");
    address private guardian = makeAddr("guardian");
    Vm.Log[] private events;

    function setUp() public {
        vm.chainId(31_337);
        vm.warp(1_700_000_000);
        script = Deploy(deployCode("Deploy.s.sol:Deploy"));
        Preset memory preset = Presets.devnet();
        preset.guardian = guardian;
        vm.recordLogs();
        d = script.deploy(preset, deployer);
        Vm.Log[] memory all = vm.getRecordedLogs();
        for (uint256 i = 0; i < all.length; ++i) {
            events.push(all[i]);
        }
    }

    /// @dev Whoever was granted a role in the access manager and still has it.
    function _members() private view returns (Grant[] memory members) {
        members = new Grant[](events.length);
        uint256 count = 0;
        for (uint256 i = 0; i < events.length; ++i) {
            bool granted =
                events[i].emitter == address(d.manager) && events[i].topics[0] == IAccessManager.RoleGranted.selector;
            if (!granted) continue;
            uint64 role = uint64(uint256(events[i].topics[1]));
            address account = address(uint160(uint256(events[i].topics[2])));
            (bool isMember, uint32 delay) = d.manager.hasRole(role, account);
            if (!isMember) continue;
            assertEq(delay, 0);
            members[count++] = Grant(role, account);
        }
        assembly ("memory-safe") {
            mstore(members, count)
        }
    }

    function test_NobodyButTheTimelockAdministers() public view {
        Grant[] memory members = _members();
        assertEq(members.length, 4);
        for (uint256 i = 0; i < members.length; ++i) {
            (uint64 role, address account) = (members[i].role, members[i].account);
            if (role == d.manager.ADMIN_ROLE()) {
                assertEq(account, address(d.timelock));
            } else if (role == script.GUARDIAN_ROLE()) {
                assertEq(account, guardian);
            } else if (role == script.OUTCOME_ROLE()) {
                assertTrue(account == address(d.cases) || account == address(d.recorder));
            } else {
                assertTrue(false);
            }
            // Only the timelock can give or take a role.
            assertEq(d.manager.getRoleAdmin(role), d.manager.ADMIN_ROLE());
            assertEq(d.manager.getRoleGuardian(role), d.manager.ADMIN_ROLE());
        }
    }

    function test_OnlyVetoPauseAndOutcomesAreAnyoneElses() public view {
        uint256 guarded = 0;
        uint256 written = 0;
        for (uint256 i = 0; i < events.length; ++i) {
            if (events[i].emitter != address(d.manager)) continue;
            if (events[i].topics[0] != IAccessManager.TargetFunctionRoleUpdated.selector) continue;
            address target = address(uint160(uint256(events[i].topics[1])));
            uint64 role = uint64(uint256(events[i].topics[2]));
            bytes4 selector = abi.decode(events[i].data, (bytes4));
            if (role == script.GUARDIAN_ROLE()) {
                assertEq(target, address(d.settlement));
                bool stops = selector == IAttributionSettlement.veto.selector
                    || selector == IAttributionSettlement.pause.selector
                    || selector == IAttributionSettlement.unpause.selector;
                assertTrue(stops);
                ++guarded;
            } else {
                assertEq(role, script.OUTCOME_ROLE());
                assertEq(target, address(d.validation));
                bool records = selector == ICaseOutcomes.recordOutcome.selector
                    || selector == IValidationRegistry.recordDecision.selector;
                assertTrue(records);
                ++written;
            }
        }
        assertEq(guarded, 3);
        assertEq(written, 2);
    }

    function test_TheTimelocksRolesAreTheGovernorsAndItsOwn() public view {
        bytes32 executor = d.timelock.EXECUTOR_ROLE();
        uint256 members = 0;
        for (uint256 i = 0; i < events.length; ++i) {
            bool granted =
                events[i].emitter == address(d.timelock) && events[i].topics[0] == IAccessControl.RoleGranted.selector;
            if (!granted) continue;
            bytes32 role = events[i].topics[1];
            address account = address(uint160(uint256(events[i].topics[2])));
            if (!d.timelock.hasRole(role, account)) continue;
            if (role == d.timelock.DEFAULT_ADMIN_ROLE()) assertEq(account, address(d.timelock));
            else if (role == executor) assertEq(account, address(0));
            else assertEq(account, address(d.governor));
            ++members;
        }
        assertEq(members, 4); // admin, executor, proposer, canceller
    }

    function test_NobodyElseUpgradesAnything() public {
        string memory book = script.addressBook(d, 0);
        string[] memory names = vm.parseJsonKeys(book, ".contracts");
        address[4] memory others = [deployer, guardian, address(script), address(d.cases)];
        for (uint256 i = 0; i < names.length; ++i) {
            address target = vm.parseJsonAddress(book, string.concat(".contracts.", names[i]));
            for (uint256 k = 0; k < others.length; ++k) {
                (bool now_, uint32 delay) =
                    d.manager.canCall(others[k], target, UUPSUpgradeable.upgradeToAndCall.selector);
                assertFalse(now_ || delay != 0);
            }
            (bool timelockMay,) =
                d.manager.canCall(address(d.timelock), target, UUPSUpgradeable.upgradeToAndCall.selector);
            assertTrue(timelockMay);
            assertFalse(d.manager.isTargetClosed(target));
        }
    }

    function test_TheGuardianCannotUpgradeConfigureOrSpend() public {
        bytes memory denied = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, guardian);
        vm.startPrank(guardian);
        vm.expectRevert(denied);
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        vm.expectRevert(denied);
        d.settlement.setPredicate(guardian, 1, 2);
        vm.expectRevert(denied);
        d.cases.decideAppeal(1, true);
        vm.expectRevert(denied);
        d.models.setPublicationBond(0);
        vm.expectRevert(denied);
        d.validation.recordDecision(1, 0, 0, "");
        d.settlement.pause();
        d.settlement.unpause();
    }

    /// @dev Even a vote cannot connect another contract where one was connected: that would take an upgrade.
    function test_EverySetOnceSetterIsSet() public {
        address x = makeAddr("another contract");
        _assertSet(address(d.agents), abi.encodeCall(d.agents.setStaking, (d.staking)));
        _assertSet(address(d.parameters), abi.encodeCall(d.parameters.setSettlement, (x)));
        _assertSet(address(d.staking), abi.encodeCall(d.staking.setCases, (x)));
        _assertSet(address(d.settlement), abi.encodeCall(d.settlement.setAudits, (x)));
        _assertSet(address(d.settlement), abi.encodeCall(d.settlement.bootstrapPredicates, (new address[](0))));
        _assertSet(address(d.models), abi.encodeCall(d.models.setCases, (d.cases)));
        _assertSet(address(d.models), abi.encodeCall(d.models.setTrainingFees, (d.fees)));
        _assertSet(address(d.cases), abi.encodeCall(d.cases.setOutcomes, (x)));
        _assertSet(address(d.datanets), abi.encodeCall(d.datanets.setHygiene, (x)));
        _assertSet(address(d.contributions), abi.encodeCall(d.contributions.setHygiene, (x)));
    }

    function _assertSet(address target, bytes memory call) private {
        vm.prank(address(d.timelock));
        (bool done, bytes memory reason) = target.call(call);
        assertFalse(done);
        bytes4 why = bytes4(reason);
        assertNotEq(why, IAccessManaged.AccessManagedUnauthorized.selector);
    }
}
