// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {OpenGovernor} from "../../../src/governance/OpenGovernor.sol";
import {OpenTimelock} from "../../../src/governance/OpenTimelock.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";
import {GovernorFixture} from "./GovernorFixture.sol";

contract OpenGovernorTest is GovernorFixture {
    function test_AVoteSetsANewThresholdAndLeavesTheOldVersionAlone() public {
        bytes32 before = keccak256(abi.encode(params.parameters(1)));
        uint256 id = _proposeThreshold();
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Pending));
        _vote(id, 1);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Active));
        _queueAndExecute(id);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Executed));
        assertEq(params.currentVersion(), 2);
        IProtocolParameters.Parameters memory next = params.parameters(2);
        assertEq(next.tauBasePpm, 30_000);
        assertEq(next.tauMinPpm, 5_000);
        assertEq(next.tauMaxPpm, 100_000);
        assertEq(next.contributorsBps, preset.parameters.contributorsBps);
        assertEq(keccak256(abi.encode(params.parameters(1))), before);
    }

    function test_RevertWhen_ExecutedBeforeTheTimelockDelay() public {
        uint256 id = _proposeThreshold();
        _vote(id, 1);
        vm.warp(governor.proposalDeadline(id) + 1);
        governor.queue(targets, values, calldatas, keccak256(bytes(WHY)));
        vm.warp(governor.proposalEta(id) - 1);
        vm.expectRevert();
        governor.execute(targets, values, calldatas, keccak256(bytes(WHY)));
    }

    function test_ADefeatedProposalChangesNothing() public {
        uint256 id = _proposeThreshold();
        _vote(id, 0);
        vm.warp(governor.proposalDeadline(id) + 1);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Defeated));
        vm.expectRevert();
        governor.queue(targets, values, calldatas, keccak256(bytes(WHY)));
        assertEq(params.currentVersion(), 1);
    }

    function test_ABoundThatIsExceededFailsTheExecution() public {
        uint256 id = _propose(
            address(params), abi.encodeCall(ProtocolParameters.setAttributionThreshold, (30_000, 5_000, 600_000))
        );
        _vote(id, 1);
        vm.warp(governor.proposalDeadline(id) + 1);
        governor.queue(targets, values, calldatas, keccak256(bytes(WHY)));
        vm.warp(governor.proposalEta(id));
        vm.expectRevert(
            abi.encodeWithSelector(
                IProtocolParameters.ProtocolParameters_OutOfBounds.selector, bytes32("tauMaxPpm"), 600_000, 1, 500_000
            )
        );
        governor.execute(targets, values, calldatas, keccak256(bytes(WHY)));
    }

    function testFuzz_TheQuorumIsTheFractionButNeverLessThanTheFloor(uint96 more) public {
        more = uint96(bound(more, 1, 900_000_000e18));
        _wrap(other, more);
        skip(1);
        uint256 fraction = gopen.totalSupply() * 5 / 100;
        uint256 floor = preset.governor.quorumFloor;
        assertEq(governor.quorum(block.timestamp - 1), fraction > floor ? fraction : floor);
    }

    function test_FewVotesDoNotReachTheFloor() public {
        _wrap(other, 1_000_000e18);
        skip(1);
        uint256 id = _proposeThreshold();
        vm.warp(governor.proposalSnapshot(id) + 1);
        vm.prank(other); // a quarter of all votes, far above five percent
        governor.castVote(id, 1);
        vm.warp(governor.proposalDeadline(id) + 1);
        assertEq(uint8(governor.state(id)), uint8(IGovernor.ProposalState.Defeated));
    }

    function test_RevertWhen_TheProposerHasTooFewVotes() public {
        _wrap(other, preset.governor.proposalThreshold - 1);
        skip(1);
        targets = [address(params)];
        values = [0];
        calldatas = [bytes("")];
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorInsufficientProposerVotes.selector,
                other,
                preset.governor.proposalThreshold - 1,
                preset.governor.proposalThreshold
            )
        );
        vm.prank(other);
        governor.propose(targets, values, calldatas, WHY);
    }

    function test_AQuorumReachedLateExtendsTheVote() public {
        uint256 id = _proposeThreshold();
        uint256 deadline = governor.proposalDeadline(id);
        vm.warp(deadline);
        vm.prank(voter);
        governor.castVote(id, 1);
        assertEq(governor.proposalDeadline(id), deadline + preset.governor.lateQuorumExtension);
    }

    function test_AVoteBySignatureNeedsNoTransactionOfTheVoter() public {
        uint256 id = _proposeThreshold();
        vm.warp(governor.proposalSnapshot(id) + 1);
        bytes32 domain;
        {
            (, string memory name, string memory version, uint256 chainId, address verifier,,) = governor.eip712Domain();
            domain = keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256(bytes(name)),
                    keccak256(bytes(version)),
                    chainId,
                    verifier
                )
            );
        }
        bytes32 ballot = keccak256(
            abi.encode(
                governor.EXTENDED_BALLOT_TYPEHASH(), id, uint8(1), voter, 0, keccak256(bytes(WHY)), keccak256("")
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(voterKey, keccak256(abi.encodePacked("\x19\x01", domain, ballot)));
        governor.castVoteWithReasonAndParamsBySig(id, 1, voter, WHY, "", abi.encodePacked(r, s, v));
        assertTrue(governor.hasVoted(id, voter));
    }

    function test_AVoteSpendsTheTreasury() public {
        vm.deal(address(timelock), 5e18);
        uint256 id = _propose(other, "");
        // The same call with value: proposals are identified by all of it.
        values = [5e18];
        vm.prank(voter);
        id = governor.propose(targets, values, calldatas, WHY);
        _vote(id, 1);
        _queueAndExecute(id);
        assertEq(other.balance, 5e18);
    }

    function test_AVoteUpgradesEverything() public {
        address nextParams = address(new ProtocolParameters());
        uint256 id =
            _propose(address(params), abi.encodeWithSignature("upgradeToAndCall(address,bytes)", nextParams, ""));
        _vote(id, 1);
        _queueAndExecute(id);
        address nextTimelock = address(new OpenTimelock());
        id = _propose(address(timelock), abi.encodeWithSignature("upgradeToAndCall(address,bytes)", nextTimelock, ""));
        _vote(id, 1);
        _queueAndExecute(id);
        address nextGovernor = address(new OpenGovernor(gopen));
        id = _propose(address(governor), abi.encodeWithSignature("upgradeToAndCall(address,bytes)", nextGovernor, ""));
        _vote(id, 1);
        _queueAndExecute(id);
        assertEq(params.currentVersion(), 1);
        assertEq(governor.quorumFloor(), preset.governor.quorumFloor);
    }

    function test_OnlyAVoteUpgradesOrChangesTheFloor() public {
        address nextGovernor = address(new OpenGovernor(gopen));
        address nextTimelock = address(new OpenTimelock());
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, address(this)));
        governor.upgradeToAndCall(nextGovernor, "");
        vm.expectRevert(abi.encodeWithSelector(OpenTimelock.OpenTimelock_OnlySelf.selector, address(this)));
        timelock.upgradeToAndCall(nextTimelock, "");
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, address(this)));
        governor.setQuorumFloor(1);
        uint256 id = _propose(address(governor), abi.encodeCall(OpenGovernor.setQuorumFloor, (1e18)));
        _vote(id, 1);
        _queueAndExecute(id);
        assertEq(governor.quorumFloor(), 1e18);
    }
}
