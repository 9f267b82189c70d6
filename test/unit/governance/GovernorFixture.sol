// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {Preset, Presets} from "../../../script/Presets.sol";
import {OpenGovernor} from "../../../src/governance/OpenGovernor.sol";
import {OpenTimelock} from "../../../src/governance/OpenTimelock.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {GovernanceOpen} from "../../../src/token/GovernanceOpen.sol";

/// @dev Governance with production's periods and one voter, who has more than the quorum.
abstract contract GovernorFixture is Test {
    AccessManager internal manager;
    GovernanceOpen internal gopen;
    OpenTimelock internal timelock;
    OpenGovernor internal governor;
    ProtocolParameters internal params;
    Preset internal preset;

    address internal voter;
    uint256 internal voterKey;
    address internal other = makeAddr("other");

    address[] internal targets;
    uint256[] internal values;
    bytes[] internal calldatas;
    string internal constant WHY = "A lower threshold pays more contributors";

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        preset = Presets.production();
        manager = new AccessManager(address(this));
        gopen = GovernanceOpen(
            payable(_proxy(address(new GovernanceOpen()), abi.encodeCall(GovernanceOpen.initialize, address(manager))))
        );
        address[] memory none = new address[](0);
        address[] memory anyone = new address[](1);
        timelock = OpenTimelock(
            payable(_proxy(
                    address(new OpenTimelock()),
                    abi.encodeCall(OpenTimelock.initialize, (preset.timelockDelay, none, anyone, address(this)))
                ))
        );
        governor = OpenGovernor(
            payable(_proxy(
                    address(new OpenGovernor(gopen)),
                    abi.encodeCall(OpenGovernor.initialize, (timelock, preset.governor))
                ))
        );
        params = ProtocolParameters(
            _proxy(
                address(new ProtocolParameters()),
                abi.encodeCall(ProtocolParameters.initialize, (address(manager), preset.limits, preset.parameters))
            )
        );
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(governor));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(governor));
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), address(this));
        manager.grantRole(manager.ADMIN_ROLE(), address(timelock), 0);
        manager.renounceRole(manager.ADMIN_ROLE(), address(this));

        (voter, voterKey) = makeAddrAndKey("voter");
        _wrap(voter, 3_000_000e18);
        skip(1);
    }

    function _proxy(address implementation, bytes memory init) internal returns (address) {
        return address(new ERC1967Proxy(implementation, init));
    }

    function _wrap(address holder, uint256 amount) internal {
        vm.deal(holder, amount);
        vm.startPrank(holder);
        gopen.deposit{value: amount}();
        gopen.delegate(holder);
        vm.stopPrank();
    }

    function _propose(address target, bytes memory data) internal returns (uint256 id) {
        targets = [target];
        values = [0];
        calldatas = [data];
        vm.prank(voter);
        return governor.propose(targets, values, calldatas, WHY);
    }

    function _proposeThreshold() internal returns (uint256) {
        return
            _propose(
                address(params), abi.encodeCall(ProtocolParameters.setAttributionThreshold, (30_000, 5_000, 100_000))
            );
    }

    function _vote(uint256 id, uint8 support) internal {
        vm.warp(governor.proposalSnapshot(id) + 1);
        vm.prank(voter);
        governor.castVote(id, support);
    }

    function _queueAndExecute(uint256 id) internal {
        vm.warp(governor.proposalDeadline(id) + 1);
        governor.queue(targets, values, calldatas, keccak256(bytes(WHY)));
        vm.warp(governor.proposalEta(id));
        governor.execute(targets, values, calldatas, keccak256(bytes(WHY)));
    }
}
