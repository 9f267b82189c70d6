// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ITrainingLog} from "../../../src/interfaces/ITrainingLog.sol";
import {TrainingLog} from "../../../src/registry/TrainingLog.sol";
import {PlainTree, Trees} from "../../utils/Trees.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract TrainingLogTest is RegistryFixture {
    using Trees for PlainTree;

    bytes32 private constant RUN = keccak256("manifest");
    bytes32 private constant ADAPTER = keccak256("adapter");
    PlainTree private inputs;

    function setUp() public override {
        super.setUp();
        bytes32[] memory leaves = new bytes32[](6);
        for (uint40 i = 0; i < 6; ++i) {
            leaves[i] = keccak256(
                abi.encodePacked(uint8(0x31), _runInput(i).datanetId, _runInput(i).asset, _runInput(i).weight)
            );
        }
        inputs = Trees.plain(leaves, 3);
        vm.prank(builder);
        runs.openRun(RUN, inputs.root(), 6, 100, _list(3, 8), STORE_URI);
    }

    function _list(uint40 a, uint40 b) private pure returns (uint40[] memory ids) {
        ids = new uint40[](2);
        (ids[0], ids[1]) = (a, b);
    }

    function _runInput(uint40 i) private pure returns (ITrainingLog.RunInput memory) {
        return ITrainingLog.RunInput({datanetId: i < 3 ? 3 : 8, asset: 4 * (i + 1), weight: uint32(10 + i)});
    }

    function _record(uint32 step) private pure returns (ITrainingLog.StepRecord memory) {
        return ITrainingLog.StepRecord(step, keccak256(abi.encode("batch", step)), bytes4(step), keccak256("weights"));
    }

    /// @dev Tree over the records of steps 1 to `last`; that of step `rewritten` has other weights.
    function _steps(uint32 last, uint32 rewritten) private pure returns (PlainTree memory) {
        bytes32[] memory leaves = new bytes32[](last);
        for (uint32 s = 1; s <= last; ++s) {
            ITrainingLog.StepRecord memory r = _record(s);
            if (s == rewritten) r.weightsHash = keccak256("other weights");
            leaves[s - 1] = keccak256(abi.encodePacked(uint8(0x30), s, r.batchHash, r.lossBits, r.weightsHash));
        }
        return Trees.plain(leaves, Trees.depthOf(last));
    }

    function test_ARunRecordsItsInputsWhenItOpens() public view {
        ITrainingLog.Run memory run = runs.run(RUN);
        assertEq(run.owner, builder);
        assertEq(run.openedAt, block.timestamp);
        assertEq(run.inputsRoot, inputs.root());
        assertEq(run.datanetsHash, keccak256(abi.encodePacked(uint256(3), uint256(8))));
        assertTrue(run.status == ITrainingLog.RunStatus.Open);
        assertEq(run.inputCount, 6);
        assertEq(run.totalSteps, 100);
        assertEq(run.step, 0);
        assertEq(run.finishedAt, 0);
    }

    function test_CheckpointsFollowOneAnotherToTheAdapter() public {
        vm.startPrank(builder);
        for (uint32 step = 25; step <= 100; step += 25) {
            vm.expectEmit(address(runs));
            emit ITrainingLog.CheckpointAnchored(RUN, step, keccak256(abi.encode(step)), keccak256("weights"));
            runs.anchor(RUN, step, keccak256(abi.encode(step)), keccak256("weights"));
        }
        vm.expectEmit(address(runs));
        emit ITrainingLog.RunFinished(RUN, builder, ADAPTER);
        runs.finish(RUN, ADAPTER);
        ITrainingLog.Run memory run = runs.run(RUN);
        assertEq(run.step, 100);
        assertEq(run.stepsRoot, keccak256(abi.encode(uint32(100))));
        assertEq(run.adapterHash, ADAPTER);
        assertEq(run.finishedAt, block.timestamp);
        assertTrue(run.status == ITrainingLog.RunStatus.Finished);
        assertEq(runs.stepsRootAt(RUN, 50), keccak256(abi.encode(uint32(50))));
        assertEq(runs.stepsRootAt(RUN, 51), 0);
    }

    function testFuzz_RevertWhen_StepsGoBackOrBeyondThePlan(uint32 first, uint32 second) public {
        first = uint32(bound(first, 1, 100));
        vm.assume(second <= first || second > 100);
        vm.startPrank(builder);
        runs.anchor(RUN, first, keccak256("a"), keccak256("b"));
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_StepOutOfOrder.selector, first, second, 100));
        runs.anchor(RUN, second, keccak256("a"), keccak256("b"));
    }

    function test_RevertWhen_TheRunIsOpenedAgain() public {
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_RunExists.selector, RUN));
        runs.openRun(RUN, keccak256("inputs"), 1, 1, _list(1, 2), "");
    }

    function test_RevertWhen_ThereIsNothingToLearnFrom() public {
        vm.expectRevert(ITrainingLog.TrainingLog_EmptyRun.selector);
        runs.openRun(keccak256("other"), keccak256("inputs"), 0, 1, _list(1, 2), "");
        vm.expectRevert(ITrainingLog.TrainingLog_EmptyRun.selector);
        runs.openRun(keccak256("other"), keccak256("inputs"), 1, 0, _list(1, 2), "");
        vm.expectRevert(ITrainingLog.TrainingLog_ZeroHash.selector);
        runs.openRun(keccak256("other"), 0, 1, 1, _list(1, 2), "");
        vm.expectRevert(ITrainingLog.TrainingLog_ZeroHash.selector);
        runs.openRun(0, keccak256("inputs"), 1, 1, _list(1, 2), "");
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_DatanetCount.selector, 0));
        runs.openRun(keccak256("other"), keccak256("inputs"), 1, 1, new uint40[](0), "");
    }

    function test_RevertWhen_AStrangerAnchorsOrFinishes() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_NotOwner.selector, RUN, stranger));
        runs.anchor(RUN, 1, keccak256("a"), keccak256("b"));
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_NotOwner.selector, RUN, stranger));
        runs.finish(RUN, ADAPTER);
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_NotOwner.selector, RUN, stranger));
        runs.abandon(RUN);
    }

    function test_RevertWhen_TheRunIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_UnknownRun.selector, bytes32("x")));
        runs.anchor("x", 1, keccak256("a"), keccak256("b"));
    }

    function test_RevertWhen_FinishedBeforeTheLastStep() public {
        vm.startPrank(builder);
        runs.anchor(RUN, 99, keccak256("a"), keccak256("b"));
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_StepsMissing.selector, 99, 100));
        runs.finish(RUN, ADAPTER);
    }

    function test_NothingChangesAfterTheEnd() public {
        vm.startPrank(builder);
        runs.anchor(RUN, 100, keccak256("a"), keccak256("b"));
        vm.expectRevert(ITrainingLog.TrainingLog_ZeroHash.selector);
        runs.finish(RUN, 0);
        runs.finish(RUN, ADAPTER);
        bytes memory finished =
            abi.encodeWithSelector(ITrainingLog.TrainingLog_NotOpen.selector, RUN, ITrainingLog.RunStatus.Finished);
        vm.expectRevert(finished);
        runs.finish(RUN, keccak256("another"));
        vm.expectRevert(finished);
        runs.anchor(RUN, 100, keccak256("a"), keccak256("b"));
        vm.expectRevert(finished);
        runs.abandon(RUN);
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_RunExists.selector, RUN));
        runs.openRun(RUN, keccak256("inputs"), 1, 1, _list(1, 2), "");
    }

    function test_AnAbandonedRunKeepsWhatWasAnchoredAndGetsNoAdapter() public {
        vm.startPrank(builder);
        runs.anchor(RUN, 100, keccak256("a"), keccak256("b"));
        vm.expectEmit(address(runs));
        emit ITrainingLog.RunAbandoned(RUN, builder, 100);
        runs.abandon(RUN);
        ITrainingLog.Run memory run = runs.run(RUN);
        assertTrue(run.status == ITrainingLog.RunStatus.Abandoned);
        assertEq(run.finishedAt, block.timestamp);
        assertEq(run.stepsRoot, keccak256("a"));
        vm.expectRevert(
            abi.encodeWithSelector(ITrainingLog.TrainingLog_NotOpen.selector, RUN, ITrainingLog.RunStatus.Abandoned)
        );
        runs.finish(RUN, ADAPTER);
    }

    function test_RevertWhen_AnAnchorIsEmpty() public {
        vm.startPrank(builder);
        vm.expectRevert(ITrainingLog.TrainingLog_ZeroHash.selector);
        runs.anchor(RUN, 1, 0, keccak256("b"));
        vm.expectRevert(ITrainingLog.TrainingLog_ZeroHash.selector);
        runs.anchor(RUN, 1, keccak256("a"), 0);
    }

    function test_RevertWhen_DatanetsRepeatOrDescendOrAreTooMany() public {
        bytes32 id = keccak256("other");
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_DatanetOrder.selector, 2));
        runs.openRun(id, keccak256("inputs"), 1, 1, _list(2, 2), "");
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_DatanetOrder.selector, 1));
        runs.openRun(id, keccak256("inputs"), 1, 1, _list(2, 1), "");
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_DatanetOrder.selector, 0));
        runs.openRun(id, keccak256("inputs"), 1, 1, _list(0, 1), "");
        uint40[] memory many = new uint40[](65);
        for (uint40 i = 0; i < 65; ++i) {
            many[i] = i + 1;
        }
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_DatanetCount.selector, 65));
        runs.openRun(id, keccak256("inputs"), 1, 1, many, "");
        assembly ("memory-safe") {
            mstore(many, 64)
        }
        runs.openRun(id, keccak256("inputs"), 1, 1, many, "");
        assertEq(runs.run(id).datanetsHash, keccak256(abi.encodePacked(many)));
    }

    function testFuzz_AnyoneChecksAStepAgainstItsCheckpoint(uint32 checkpoint, uint32 step, uint32 other) public {
        checkpoint = uint32(bound(checkpoint, 1, 40));
        step = uint32(bound(step, 1, checkpoint));
        PlainTree memory tree = _steps(checkpoint, 0);
        vm.prank(builder);
        runs.anchor(RUN, checkpoint, tree.root(), keccak256("checkpoint"));
        bytes memory proof = tree.proof(step - 1);
        assertTrue(runs.verifyStep(RUN, checkpoint, _record(step), proof));
        vm.assume(other != step);
        assertFalse(runs.verifyStep(RUN, checkpoint, _record(other), proof));
        ITrainingLog.StepRecord memory forged = _record(step);
        forged.lossBits = bytes4(other);
        assertFalse(runs.verifyStep(RUN, checkpoint, forged, proof));
        assertFalse(runs.verifyStep(RUN, checkpoint + 1, _record(step), proof));
        assertFalse(runs.verifyStep(keccak256("other"), checkpoint, _record(step), proof));
    }

    function test_NoStepComesBeforeTheFirstOrAfterTheCheckpoint() public {
        PlainTree memory tree = _steps(8, 0);
        vm.prank(builder);
        runs.anchor(RUN, 8, tree.root(), keccak256("checkpoint"));
        assertFalse(runs.verifyStep(RUN, 8, _record(0), tree.proof(0)));
        assertFalse(runs.verifyStep(RUN, 8, _record(9), tree.proof(7)));
    }

    function test_ARewrittenStepShowsInTwoCheckpoints() public {
        PlainTree memory first = _steps(20, 0);
        PlainTree memory second = _steps(40, 7);
        vm.startPrank(builder);
        runs.anchor(RUN, 20, first.root(), keccak256("a"));
        runs.anchor(RUN, 40, second.root(), keccak256("b"));
        ITrainingLog.StepRecord memory rewritten = _record(7);
        rewritten.weightsHash = keccak256("other weights");
        assertTrue(runs.verifyStep(RUN, 20, _record(7), first.proof(6)));
        assertTrue(runs.verifyStep(RUN, 40, rewritten, second.proof(6)));
    }

    function testFuzz_AnyoneChecksAnInput(uint40 i, uint40 other, uint32 weight) public view {
        i = uint40(bound(i, 0, 5));
        bytes memory proof = inputs.proof(i);
        assertTrue(runs.verifyInput(RUN, _runInput(i), uint32(i), proof));
        other = uint40(bound(other, 0, 7));
        if (other == i) other = 6;
        assertFalse(runs.verifyInput(RUN, _runInput(i), uint32(other), proof));
        assertFalse(runs.verifyInput(RUN, _runInput(other), uint32(i), proof));
        ITrainingLog.RunInput memory heavier = _runInput(i);
        if (weight == heavier.weight) return;
        heavier.weight = weight;
        assertFalse(runs.verifyInput(RUN, heavier, uint32(i), proof));
    }

    function test_OnlyGovernanceUpgrades() public {
        address code = address(new TrainingLog());
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        runs.upgradeToAndCall(code, "");
        runs.upgradeToAndCall(code, "");
        assertEq(runs.run(RUN).owner, builder);
    }
}
