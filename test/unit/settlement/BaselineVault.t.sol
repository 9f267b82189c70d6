// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IBaselineVault} from "../../../src/interfaces/IBaselineVault.sol";
import {Thread} from "../../utils/Thread.sol";
import {SumTree, Trees} from "../../utils/Trees.sol";

contract BaselineVaultTest is Thread {
    using Trees for SumTree;

    function _fund(uint96 amount) private {
        vm.deal(stranger, amount);
        vm.prank(stranger);
        d.vault.fund{value: amount}(adapterId);
    }

    function _proof(uint256 i) private view returns (bytes memory) {
        return baseline().proof(contributionAssets[i], 0);
    }

    function _take(uint256 i) private returns (uint96) {
        return d.vault.take(adapterId, contributionAssets[i], parts[i], _proof(i));
    }

    function testFuzz_EveryoneTakesTheirPartOfAllThatCame(uint64 first, uint64 second) public {
        vm.assume(first > 10 && second > 10);
        _fund(first);
        _take(0);
        _fund(second);
        uint256 all = uint256(first) + second;
        for (uint256 i = 0; i < 3; ++i) {
            _take(i);
            assertEq(contributors[i].balance, all * parts[i] / 1e9);
            assertEq(d.vault.taken(adapterId, contributionAssets[i]), all * parts[i] / 1e9);
        }
        assertLe(all - address(d.vault).balance, all);
    }

    function test_TheShareFollowsTheToken() public {
        _fund(1e18);
        vm.prank(contributors[0]);
        d.contributions.transferFrom(contributors[0], stranger, 1);
        _take(0);
        assertEq(stranger.balance, 0.5e18);
    }

    function test_RevertWhen_NothingCameSinceTheLastTime() public {
        _fund(1e18);
        _take(0);
        bytes memory proof = _proof(0);
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_NothingToTake.selector, adapterId, 4));
        d.vault.take(adapterId, 4, parts[0], proof);
    }

    function test_RevertWhen_ThePartsAreNotThoseOfTheModel() public {
        _fund(1e18);
        bytes memory proof = _proof(0);
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_BadProof.selector, adapterId, 4));
        d.vault.take(adapterId, 4, parts[0] + 1, proof);
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_BadProof.selector, adapterId, 8));
        d.vault.take(adapterId, 8, parts[0], proof);
        // A base model has no baseline.
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_BadProof.selector, baseId, 4));
        d.vault.take(baseId, 4, parts[0], proof);
    }

    function test_RevertWhen_TheAssetIsNoContribution() public {
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_NotAContribution.selector, 9));
        d.vault.take(adapterId, 9, 1, "");
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_NotAContribution.selector, 0));
        d.vault.take(adapterId, 0, 1, "");
    }

    function test_RevertWhen_AStrangerPushesMoneyIntoAContract() public {
        _fund(1e18);
        vm.etch(contributors[0], hex"00");
        bytes memory proof = _proof(0);
        vm.expectRevert(
            abi.encodeWithSelector(IBaselineVault.BaselineVault_OwnerMustCall.selector, contributors[0], stranger)
        );
        vm.prank(stranger);
        d.vault.take(adapterId, 4, parts[0], proof);
        // Its operator may.
        vm.prank(contributors[0]);
        d.contributions.setApprovalForAll(stranger, true);
        vm.prank(stranger);
        d.vault.take(adapterId, 4, parts[0], proof);
        assertEq(contributors[0].balance, 0.5e18);
    }
}
