// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IBaselineVault} from "../../../../src/interfaces/IBaselineVault.sol";
import {IContributionToken} from "../../../../src/interfaces/IContributionToken.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {BaselineVault} from "../../../../src/settlement/BaselineVault.sol";
import {Thread} from "../../../utils/Thread.sol";
import {SumTree, Trees} from "../../../utils/Trees.sol";

/// @dev Owns two contributions and, while it is paid for one, asks for the other.
contract Hurried {
    address private immutable VAULT;
    bytes private next;
    bytes public answer;

    constructor(address vault, bytes memory next_) {
        (VAULT, next) = (vault, next_);
    }

    function take(bytes calldata call) external {
        (bool ok,) = VAULT.call(call);
        require(ok, "not paid");
    }

    receive() external payable {
        if (answer.length == 0) (, answer) = VAULT.call(next);
    }
}

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
            // it should add it to the model's baseline
            // it should be all that has come, whatever was taken
            assertEq(d.vault.received(adapterId), all);
            // it should pay whoever owns the token its parts of all that came
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
        // it should revert because there is nothing to take
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_NothingToTake.selector, adapterId, 4));
        d.vault.take(adapterId, 4, parts[0], proof);
    }

    function test_RevertWhen_ThePartsAreNotThoseOfTheModel() public {
        _fund(1e18);
        bytes memory proof = _proof(0);
        // it should revert because of the proof
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_BadProof.selector, adapterId, 4));
        d.vault.take(adapterId, 4, parts[0] + 1, proof);
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_BadProof.selector, adapterId, 8));
        d.vault.take(adapterId, 8, parts[0], proof);
        // A base model has no baseline.
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_BadProof.selector, baseId, 4));
        d.vault.take(baseId, 4, parts[0], proof);
    }

    function test_RevertWhen_TheAssetIsNoContribution() public {
        // it should revert because of the asset
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_NotAContribution.selector, 9));
        d.vault.take(adapterId, 9, 1, "");
        vm.expectRevert(abi.encodeWithSelector(IBaselineVault.BaselineVault_NotAContribution.selector, 0));
        d.vault.take(adapterId, 0, 1, "");
    }

    function test_RevertWhen_AStrangerPushesMoneyIntoAContract() public {
        _fund(1e18);
        vm.etch(contributors[0], hex"00");
        bytes memory proof = _proof(0);
        // it should revert because the owner must call
        vm.expectRevert(
            abi.encodeWithSelector(IBaselineVault.BaselineVault_OwnerMustCall.selector, contributors[0], stranger)
        );
        vm.prank(stranger);
        d.vault.take(adapterId, 4, parts[0], proof);
        // it should pay a contract when it or its operator asks
        vm.prank(contributors[0]);
        d.contributions.setApprovalForAll(stranger, true);
        vm.prank(stranger);
        d.vault.take(adapterId, 4, parts[0], proof);
        assertEq(contributors[0].balance, 0.5e18);
    }

    function test_RevertWhen_NothingIsSent() public {
        // it should revert because of the amount
        vm.expectRevert(IBaselineVault.BaselineVault_ZeroAmount.selector);
        d.vault.fund(adapterId);
    }

    function test_RevertWhen_TheOwnerDoesNotTakeIt() public {
        _fund(1e18);
        vm.etch(contributors[0], hex"fe");
        bytes memory proof = _proof(0);
        // it should revert and keep the share
        vm.expectRevert(
            abi.encodeWithSelector(IBaselineVault.BaselineVault_SendFailed.selector, contributors[0], 0.5e18)
        );
        vm.prank(contributors[0]);
        d.vault.take(adapterId, 4, parts[0], proof);
        assertEq(d.vault.taken(adapterId, 4), 0);
    }

    function test_RevertWhen_AnOwnerEntersAgainWhileItIsPaid() public {
        _fund(1e18);
        bytes memory first = abi.encodeCall(IBaselineVault.take, (adapterId, 4, parts[0], _proof(0)));
        bytes memory second = abi.encodeCall(IBaselineVault.take, (adapterId, 8, parts[1], _proof(1)));
        Hurried owner = new Hurried(address(d.vault), second);
        for (uint40 id = 1; id < 3; ++id) {
            vm.prank(contributors[id - 1]);
            d.contributions.transferFrom(contributors[id - 1], address(owner), id);
        }
        owner.take(first);
        // it should refuse to be entered again
        assertEq(owner.answer(), abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        assertEq(address(owner).balance, 0.5e18);
        owner.take(second);
        assertEq(address(owner).balance, 0.8e18);
    }

    function _withhold(uint16 bps) private {
        bytes memory call = abi.encodeCall(IContributionToken.payeeOf, (1));
        vm.mockCall(address(d.contributions), call, abi.encode(contributors[0], bps));
    }

    function test_WhatIsWithheldGoesToTheTreasury() public {
        _withhold(1_000);
        _fund(1e18);
        vm.expectEmit();
        emit IBaselineVault.BaselineTaken(adapterId, 4, contributors[0], 0.45e18, 0.05e18, 0.5e18);
        assertEq(_take(0), 0.45e18);
        // it should keep that part for the treasury
        assertEq(contributors[0].balance, 0.45e18);
        assertEq(d.vault.withheld(), 0.05e18);
        // All of it: a tombstone.
        _withhold(10_000);
        _fund(1e18);
        assertEq(_take(0), 0);
        // it should be what waits for the treasury
        assertEq(d.vault.withheld(), 0.55e18);
        // it should be that part, what was withheld included
        assertEq(d.vault.taken(adapterId, 4), 1e18);
        // it should revert and keep the counter
        vm.etch(address(d.timelock), hex"fe");
        vm.expectRevert(
            abi.encodeWithSelector(IBaselineVault.BaselineVault_SendFailed.selector, address(d.timelock), 0.55e18)
        );
        d.vault.flush();
        // it should send it to the treasury once
        vm.etch(address(d.timelock), "");
        vm.expectEmit();
        emit IBaselineVault.WithheldFlushed(0.55e18);
        d.vault.flush();
        d.vault.flush();
        assertEq(address(d.timelock).balance, 0.55e18);
        assertEq(d.vault.withheld(), 0);
    }

    function test_RevertWhen_AStrangerUpgrades() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        UUPSUpgradeable(address(d.vault)).upgradeToAndCall(stranger, "");
    }

    function test_GovernanceCanUpgrade() public {
        address next = address(new BaselineVault(d.models, d.contributions, address(d.timelock)));
        _fund(1e18);
        vm.prank(address(d.timelock));
        UUPSUpgradeable(address(d.vault)).upgradeToAndCall(next, "");
        assertEq(d.vault.received(adapterId), 1e18);
    }
}
