// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {
    TimelockControllerUpgradeable
} from "@openzeppelin/contracts-upgradeable/governance/TimelockControllerUpgradeable.sol";
import {OpenGovernor} from "../../../src/governance/OpenGovernor.sol";
import {OpenTimelock} from "../../../src/governance/OpenTimelock.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {GovernorFixture} from "./GovernorFixture.sol";

/// @dev A wallet that is a contract: what its key signed is its signature.
contract BallotWallet is IERC1271 {
    address private immutable KEY;

    constructor(address key) {
        KEY = key;
    }

    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev What people try.
contract OpenGovernorAttacksTest is GovernorFixture {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    function _assertState(uint256 id, IGovernor.ProposalState expected) private view {
        assertEq(uint8(governor.state(id)), uint8(expected));
    }

    function _signBallot(uint256 key, address signer, uint256 id, uint8 support, uint256 nonce)
        private
        view
        returns (bytes memory)
    {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256("OpenGovernor"), keccak256("1"), block.chainid, address(governor))
        );
        bytes32 ballot = keccak256(abi.encode(governor.BALLOT_TYPEHASH(), id, support, signer, nonce));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, ballot)));
        return abi.encodePacked(r, s, v);
    }

    function test_WhatIsWrappedForOneBlockCannotVote() public {
        uint256 id = _proposeThreshold();
        vm.warp(governor.proposalSnapshot(id) + 1);
        vm.deal(other, 500_000_000e18);
        vm.startPrank(other);
        gopen.deposit{value: 500_000_000e18}();
        gopen.delegate(other);
        governor.castVote(id, 0);
        gopen.withdraw(500_000_000e18);
        vm.stopPrank();
        (uint256 no, uint256 yes,) = governor.proposalVotes(id);
        assertEq(no + yes, 0);
    }

    function test_WhatIsWrappedForOneBlockCannotPropose() public {
        vm.deal(other, 500_000_000e18);
        vm.startPrank(other);
        gopen.deposit{value: 500_000_000e18}();
        gopen.delegate(other);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorInsufficientProposerVotes.selector, other, 0, preset.governor.proposalThreshold
            )
        );
        governor.propose(new address[](1), new uint256[](1), new bytes[](1), WHY);
    }

    function test_VotesThatMovedAfterTheSnapshotDoNotCountTwice() public {
        uint256 id = _proposeThreshold();
        vm.warp(governor.proposalSnapshot(id) + 1);
        vm.startPrank(voter);
        governor.castVote(id, 1);
        gopen.transfer(other, 3_000_000e18);
        vm.stopPrank();
        vm.startPrank(other);
        gopen.delegate(other);
        skip(1);
        governor.castVote(id, 1);
        vm.stopPrank();
        (, uint256 yes,) = governor.proposalVotes(id);
        assertEq(yes, 3_000_000e18);
    }

    function test_RevertWhen_VotedTwice() public {
        uint256 id = _proposeThreshold();
        _vote(id, 1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorAlreadyCastVote.selector, voter));
        vm.prank(voter);
        governor.castVote(id, 0);
    }

    function test_BelowTheThresholdNobodyFillsTheList() public {
        _wrap(other, preset.governor.proposalThreshold - 1);
        skip(1);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert();
            vm.prank(other);
            governor.propose(new address[](1), new uint256[](1), new bytes[](1), vm.toString(i));
        }
    }

    function test_RevertWhen_ABallotIsReplayed() public {
        uint256 first = _proposeThreshold();
        uint256 second = _propose(address(params), "");
        vm.warp(governor.proposalSnapshot(second) + 1);
        bytes memory signature = _signBallot(voterKey, voter, first, 1, 0);
        governor.castVoteBySig(first, 1, voter, signature);
        bytes memory invalid = abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, voter);
        vm.expectRevert(invalid);
        governor.castVoteBySig(first, 1, voter, signature);
        vm.expectRevert(invalid);
        governor.castVoteBySig(second, 1, voter, signature);
    }

    function test_RevertWhen_ABallotComesFromAnotherChainOrSaysSomethingElse() public {
        uint256 id = _proposeThreshold();
        vm.warp(governor.proposalSnapshot(id) + 1);
        bytes memory signature = _signBallot(voterKey, voter, id, 1, 0);
        bytes memory invalid = abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, voter);
        vm.expectRevert(invalid);
        governor.castVoteBySig(id, 0, voter, signature);
        vm.chainId(10);
        vm.expectRevert(invalid);
        governor.castVoteBySig(id, 1, voter, signature);
    }

    function test_AContractWalletVotesByItsSignature() public {
        BallotWallet wallet = new BallotWallet(voter);
        vm.deal(address(this), 1e18);
        gopen.depositTo{value: 1e18}(address(wallet));
        vm.prank(address(wallet));
        gopen.delegate(address(wallet));
        skip(1);
        uint256 id = _proposeThreshold();
        vm.warp(governor.proposalSnapshot(id) + 1);
        governor.castVoteBySig(id, 1, address(wallet), _signBallot(voterKey, address(wallet), id, 1, 0));
        assertTrue(governor.hasVoted(id, address(wallet)));
        assertFalse(governor.hasVoted(id, voter));
    }

    function test_AProposalThatNobodyQueuesExpires() public {
        uint256 id = _proposeThreshold();
        _vote(id, 1);
        uint256 last = governor.proposalDeadline(id) + governor.GRACE_PERIOD();
        vm.warp(last);
        _assertState(id, IGovernor.ProposalState.Succeeded);
        vm.warp(last + 1);
        _assertState(id, IGovernor.ProposalState.Expired);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorUnexpectedProposalState.selector,
                id,
                IGovernor.ProposalState.Expired,
                bytes32(1 << uint8(IGovernor.ProposalState.Succeeded))
            )
        );
        governor.queue(targets, values, calldatas, keccak256(bytes(WHY)));
    }

    function test_AProposalThatNobodyExecutesExpiresInTheTimelockToo() public {
        uint256 id = _proposeThreshold();
        _vote(id, 1);
        vm.warp(governor.proposalDeadline(id) + 1);
        governor.queue(targets, values, calldatas, keccak256(bytes(WHY)));
        uint256 last = governor.proposalEta(id) + governor.GRACE_PERIOD();
        bytes32 salt = bytes20(address(governor)) ^ keccak256(bytes(WHY));
        bytes32 operation = timelock.hashOperationBatch(targets, values, calldatas, 0, salt);
        assertTrue(timelock.isOperation(operation));
        vm.warp(last + 1);
        _assertState(id, IGovernor.ProposalState.Expired);
        vm.expectRevert();
        governor.execute(targets, values, calldatas, keccak256(bytes(WHY)));
        vm.expectRevert(abi.encodeWithSelector(OpenTimelock.OpenTimelock_Expired.selector, operation, last));
        timelock.executeBatch(targets, values, calldatas, 0, salt);
        vm.warp(last);
        timelock.executeBatch(targets, values, calldatas, 0, salt);
        _assertState(id, IGovernor.ProposalState.Executed);
        vm.warp(last + 1);
        _assertState(id, IGovernor.ProposalState.Executed);
        assertEq(params.currentVersion(), 2);
    }

    function test_AScheduledOperationExpiresInTheTimelock() public {
        bytes memory data = abi.encodeCall(timelock.updateDelay, (2 weeks));
        vm.prank(address(governor));
        timelock.schedule(address(timelock), 0, data, 0, 0, 1 weeks);
        uint256 last = block.timestamp + 1 weeks + timelock.GRACE_PERIOD();
        bytes32 operation = timelock.hashOperation(address(timelock), 0, data, 0, 0);
        vm.warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(OpenTimelock.OpenTimelock_Expired.selector, operation, last));
        timelock.execute(address(timelock), 0, data, 0, 0);
        vm.warp(last);
        timelock.execute(address(timelock), 0, data, 0, 0);
        assertEq(timelock.getMinDelay(), 2 weeks);
        bytes memory done = abi.encodeWithSelector(
            TimelockControllerUpgradeable.TimelockUnexpectedOperationState.selector,
            operation,
            bytes32(1 << uint8(TimelockControllerUpgradeable.OperationState.Ready))
        );
        vm.expectRevert(done);
        timelock.execute(address(timelock), 0, data, 0, 0);
    }

    function test_OnlyTheProposerCancelsAndOnlyBeforeTheVote() public {
        uint256 id = _proposeThreshold();
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, other));
        vm.prank(other);
        governor.cancel(targets, values, calldatas, keccak256(bytes(WHY)));
        vm.prank(voter);
        governor.cancel(targets, values, calldatas, keccak256(bytes(WHY)));
        _assertState(id, IGovernor.ProposalState.Canceled);
    }

    function test_RevertWhen_ProposedInAnothersName() public {
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorRestrictedProposer.selector, voter));
        vm.prank(voter);
        governor.propose(
            new address[](1), new uint256[](1), new bytes[](1), string.concat("Mine #proposer=", vm.toString(other))
        );
    }

    function test_TheFloorIsNeverZero() public {
        uint256 id = _propose(address(governor), abi.encodeCall(OpenGovernor.setQuorumFloor, (0)));
        _vote(id, 1);
        vm.warp(governor.proposalDeadline(id) + 1);
        governor.queue(targets, values, calldatas, keccak256(bytes(WHY)));
        vm.warp(governor.proposalEta(id));
        vm.expectRevert(OpenGovernor.OpenGovernor_ZeroQuorumFloor.selector);
        governor.execute(targets, values, calldatas, keccak256(bytes(WHY)));
    }

    function test_AFloorAboveTheSupplyCannotLowerTheQuorumOfTheFraction() public {
        _wrap(other, 100_000_000e18);
        skip(1);
        assertEq(governor.quorum(block.timestamp - 1), gopen.totalSupply() / 20);
    }

    /// @dev The guardian in the access manager is nobody to governance itself.
    function test_TheGovernorsNeighboursCannotActForIt() public {
        bytes32 proposer = timelock.PROPOSER_ROLE();
        assertFalse(timelock.hasRole(proposer, voter));
        assertFalse(timelock.hasRole(timelock.CANCELLER_ROLE(), voter));
        vm.startPrank(voter);
        vm.expectRevert();
        timelock.schedule(address(params), 0, "", 0, 0, 1 weeks);
        vm.expectRevert();
        timelock.cancel(0);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, voter));
        params.setAttributionThreshold(1, 1, 1);
        vm.expectRevert();
        timelock.updateDelay(0);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, voter));
        governor.relay(address(params), 0, "");
        vm.stopPrank();
    }

    function test_AVoteLastsAWeekAfterADayAndTheTimelockAWeekMore() public {
        uint256 id = _proposeThreshold();
        assertEq(governor.proposalSnapshot(id), block.timestamp + 1 days);
        assertEq(governor.proposalDeadline(id), block.timestamp + 8 days);
        assertEq(timelock.getMinDelay(), 1 weeks);
        assertTrue(governor.proposalNeedsQueuing(id));
        assertEq(governor.proposalThreshold(), 10_000e18);
        assertEq(governor.votingDelay(), 1 days);
        assertEq(governor.votingPeriod(), 1 weeks);
    }
}
