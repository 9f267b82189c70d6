// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ITrainingLog} from "../../../src/interfaces/ITrainingLog.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract TrainingLogTest is RegistryFixture {
    bytes32 private constant RUN = keccak256("manifest");
    bytes32 private constant ADAPTER = keccak256("adapter");

    function setUp() public override {
        super.setUp();
        vm.prank(builder);
        runs.openRun(RUN, keccak256("inputs"), 6, 100, STORE_URI);
    }

    function test_ARunRecordsItsInputsWhenItOpens() public view {
        ITrainingLog.Run memory run = runs.run(RUN);
        assertEq(run.owner, builder);
        assertEq(run.openedAt, block.timestamp);
        assertEq(run.inputsRoot, keccak256("inputs"));
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
        runs.openRun(RUN, keccak256("inputs"), 1, 1, "");
    }

    function test_RevertWhen_ThereIsNothingToLearnFrom() public {
        vm.expectRevert(ITrainingLog.TrainingLog_EmptyRun.selector);
        runs.openRun(keccak256("other"), keccak256("inputs"), 0, 1, "");
        vm.expectRevert(ITrainingLog.TrainingLog_ZeroHash.selector);
        runs.openRun(keccak256("other"), 0, 1, 1, "");
    }

    function test_RevertWhen_AStrangerAnchorsOrFinishes() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_NotOwner.selector, RUN, stranger));
        runs.anchor(RUN, 1, keccak256("a"), keccak256("b"));
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_NotOwner.selector, RUN, stranger));
        runs.finish(RUN, ADAPTER);
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
        vm.expectRevert(abi.encodeWithSelector(ITrainingLog.TrainingLog_AlreadyFinished.selector, RUN));
        runs.finish(RUN, keccak256("another"));
    }
}
