// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IContributionToken} from "../../../src/interfaces/IContributionToken.sol";
import {IDatanetHygiene} from "../../../src/interfaces/IDatanetHygiene.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {ContributionToken} from "../../../src/registry/ContributionToken.sol";
import {DatanetHygiene} from "../../../src/registry/DatanetHygiene.sol";
import {BondState, ContributionStatus} from "../../../src/types/Contribution.sol";
import {Penalised} from "../../utils/Penalised.sol";

/// @dev Who may do what, upgrades, and that bonds add up.
contract DatanetHygieneTest is Penalised {
    function test_HygieneIsSetOnceByGovernance() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        d.datanets.setHygiene(stranger);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        d.contributions.setHygiene(stranger);
        vm.startPrank(address(d.timelock));
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_HygieneAlreadySet.selector, address(d.hygiene))
        );
        d.datanets.setHygiene(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IContributionToken.ContributionToken_HygieneAlreadySet.selector, address(d.hygiene))
        );
        d.contributions.setHygiene(stranger);
    }

    function test_OnlyHygieneBooksPenaltiesAndOnlyTheRegistryRecords() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IContributionToken.ContributionToken_NotHygiene.selector, stranger));
        d.contributions.setPenalty(alice, 1, 1);
        bytes memory notRegistry =
            abi.encodeWithSelector(IContributionToken.ContributionToken_NotRegistry.selector, stranger);
        vm.expectRevert(notRegistry);
        d.contributions.record(9, stranger, datanetId, false);
        vm.expectRevert(notRegistry);
        d.contributions.setStatus(id, ContributionStatus.Tombstoned);
        vm.expectRevert(notRegistry);
        d.contributions.setBond(id, BondState.None);
    }

    function test_UpgradesGoThroughGovernanceAndKeepTheState() public {
        _penalise(id, 7);
        DatanetHygiene.Contracts memory contracts;
        vm.expectRevert(IDatanetHygiene.DatanetHygiene_ZeroAddress.selector);
        new DatanetHygiene(contracts);
        contracts = DatanetHygiene.Contracts({
            datanets: d.datanets,
            contributions: d.contributions,
            agents: d.agents,
            staking: d.staking,
            cases: d.cases,
            parameters: d.parameters,
            treasury: address(d.timelock)
        });
        address next = address(new DatanetHygiene(contracts));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        d.hygiene.upgradeToAndCall(next, "");
        vm.prank(address(d.timelock));
        d.hygiene.upgradeToAndCall(next, "");
        assertEq(d.hygiene.penaltyOf(id).points, 7);
        next = address(new ContributionToken(d.datanets));
        vm.prank(address(d.timelock));
        d.contributions.upgradeToAndCall(next, "");
        assertEq(d.contributions.ownerOf(id), alice);
    }

    /// @dev Whatever happens, the registry holds exactly the bonds it owes.
    function testFuzz_TheRegistryHoldsEveryBond(uint256 seed) public {
        uint40 first = id;
        uint40 last = id;
        for (uint256 step = 0; step < 24; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint40 which = uint40(first + (seed >> 8) % (last - first + 1));
            uint256 what = seed % 8;
            // Some of these fail, and that is all right.
            if (what == 0) last = _contribute(seed & 256 == 0 ? alice : bob, _text(bytes32(seed >> 200 & 3), 3));
            if (what == 1) _try(curator, address(d.datanets), abi.encodeCall(IDatanetRegistry.accept, (which)));
            if (what == 2) _try(curator, address(d.datanets), abi.encodeCall(IDatanetRegistry.reject, (which, 0)));
            if (what == 3) _try(bob, address(d.datanets), abi.encodeCall(IDatanetRegistry.reclaimBond, (which)));
            if (what == 4) _try(bob, address(d.hygiene), abi.encodeCall(IDatanetHygiene.settle, (which)));
            if (what == 5) skip(seed >> 16 & 1 == 0 ? window + 1 : 5 days);
            if (what == 6) {
                bytes memory call = abi.encodeCall(
                    IDatanetHygiene.penalise, (which, curatorAgent, 1, IDatanetHygiene.Reason.Copying, 0)
                );
                _try(curator, address(d.hygiene), call);
            }
            if (what == 7 && which > first && keccak256(texts[which][0]) == keccak256(texts[which - 1][0])) {
                IDatanetHygiene.SharedRow[] memory rows = _shared(which, which - 1, 2);
                bytes memory call = abi.encodeCall(
                    IDatanetHygiene.proveDuplicate, (which, inputs[which], which - 1, inputs[which - 1], rows)
                );
                _try(watcher, address(d.hygiene), call);
            }
            uint256 held;
            for (uint40 i = first; i <= last; ++i) {
                held += d.datanets.contribution(i).bond;
            }
            assertEq(address(d.datanets).balance, held);
            assertEq(address(d.hygiene).balance, 0);
        }
    }

    function _try(address who, address target, bytes memory data) private {
        vm.prank(who);
        (bool done,) = target.call(data);
        done;
    }
}
