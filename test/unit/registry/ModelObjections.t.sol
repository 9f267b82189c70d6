// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {ITrainingLog} from "../../../src/interfaces/ITrainingLog.sol";
import {Native} from "../../../src/libraries/Native.sol";
import {ContributionInput} from "../../../src/types/Contribution.sol";
import {ModelFixture} from "./ModelFixture.sol";

/// @dev Proves, owns and takes value, or doesn't, and tries to get more while it is paid.
contract Greedy {
    address private immutable MODELS;
    bytes private _again;
    bool public accepts = true;
    uint256 public tried;

    constructor(address models) {
        MODELS = models;
    }

    function onPayment(bytes calldata again, bool accepts_) external {
        (_again, accepts) = (again, accepts_);
    }

    function call(bytes calldata data) external {
        (bool done, bytes memory out) = MODELS.call(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(out, 32), mload(out))
            }
        }
    }

    receive() external payable {
        require(accepts, "no, thank you");
        if (_again.length == 0) return;
        (bool done,) = MODELS.call(_again);
        require(!done, "paid twice");
        ++tried;
    }
}

contract ModelObjectionsTest is ModelFixture {
    uint40 private id;
    address private watcher = makeAddr("watcher");

    function setUp() public override {
        super.setUp();
        id = _publish(_terms());
    }

    function _list(uint256 a)
        private
        view
        returns (IModelRegistry.InputProof[] memory p, ContributionInput[] memory c)
    {
        p = new IModelRegistry.InputProof[](1);
        c = new ContributionInput[](1);
        (p[0], c[0]) = (_proofAt(a), submitted[a]);
    }

    function _list(uint256 a, uint256 b)
        private
        view
        returns (IModelRegistry.InputProof[] memory p, ContributionInput[] memory c)
    {
        p = new IModelRegistry.InputProof[](2);
        c = new ContributionInput[](2);
        (p[0], p[1]) = (_proofAt(a), _proofAt(b));
        (c[0], c[1]) = (submitted[a], submitted[b]);
    }

    function _unpaidReverts(uint256 a, uint256 b, bytes memory reason) private {
        (IModelRegistry.InputProof[] memory p, ContributionInput[] memory c) = _list(a, b);
        vm.expectRevert(reason);
        models.proveUnpaid(id, 2, p, c);
    }

    function _assertSuspended(uint96 reward, uint96 burned) private view {
        assertTrue(models.statusOf(id) == IModelRegistry.ModelStatus.Suspended);
        assertFalse(models.isUncontested(id));
        (uint96 bond,) = models.bondOf(id);
        assertEq(bond, 0);
        assertEq(watcher.balance, reward);
        assertEq(Native.BURN.balance, burned);
        assertEq(address(models).balance, 0);
    }

    function test_TheBondComesBackAfterTheWindowToWhoeverOwnsTheModel() public {
        (uint96 amount, uint40 releaseAt) = models.bondOf(id);
        assertEq(amount, BOND);
        assertEq(releaseAt, block.timestamp + 7 days);
        vm.warp(releaseAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_BondLocked.selector, id, releaseAt));
        models.reclaimPublicationBond(id);
        vm.warp(releaseAt);
        vm.prank(builder);
        models.transferFrom(builder, stranger, id);
        vm.expectEmit(address(models));
        emit IModelRegistry.PublicationBondReclaimed(id, stranger, BOND);
        models.reclaimPublicationBond(id);
        assertEq(stranger.balance, BOND);
        assertTrue(models.isUncontested(id));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NothingToReclaim.selector, id));
        models.reclaimPublicationBond(id);
    }

    function test_ABondIsPaidOnceToAnOwnerThatReenters() public {
        Greedy owner = new Greedy(address(models));
        vm.prank(builder);
        models.transferFrom(builder, address(owner), id);
        skip(7 days);
        owner.onPayment("", false);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_TransferFailed.selector, address(owner), BOND)
        );
        models.reclaimPublicationBond(id);
        owner.onPayment(abi.encodeCall(IModelRegistry.reclaimPublicationBond, (id)), true);
        models.reclaimPublicationBond(id);
        assertEq(owner.tried(), 1);
        assertEq(address(owner).balance, BOND);
    }

    function test_AnInputOfAnUndeclaredDatanetCostsTheBond() public {
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelSuspended(id, watcher, BOND / 2, BOND - BOND / 2);
        vm.prank(watcher);
        models.proveUndeclared(id, _declared(), _proofAt(3));
        _assertSuspended(BOND / 2, BOND / 2 + 1);
        // Its terms are what they were: open claims need them.
        assertEq(models.terms(id).sketchRoot, keccak256("sketches"));
    }

    function test_AnInputThatHidesWhereItIsFromCostsTheBond() public {
        for (uint256 i = 4; i < 8; ++i) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(watcher);
            models.proveUndeclared(id, _declared(), _proofAt(i));
            _assertSuspended(BOND / 2, BOND / 2 + 1);
            vm.revertToState(snapshot);
        }
    }

    function testFuzz_RevertWhen_TheInputWasDeclared(uint256 i) public {
        i = bound(i, 0, 2);
        ITrainingLog.RunInput memory input = _inputAt(i);
        IModelRegistry.InputProof memory proof = _proofAt(i);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_Declared.selector, input.datanetId, input.asset)
        );
        models.proveUndeclared(id, _declared(), proof);
    }

    function test_RevertWhen_TheListIsNotWhatTheRunDeclared() public {
        uint40[] memory shorter = new uint40[](1);
        shorter[0] = 1;
        IModelRegistry.InputProof memory proof = _proofAt(1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_DatanetsMismatch.selector, RUN));
        models.proveUndeclared(id, shorter, proof);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_DatanetsMismatch.selector, 0));
        models.proveUndeclared(base, new uint40[](0), proof);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownModel.selector, 9));
        models.proveUndeclared(9, _declared(), proof);
    }

    function testFuzz_RevertWhen_TheInputIsNotInTheRunsTree(uint32 index, uint40 datanetId, uint40 asset) public {
        vm.assume(datanetId != 3 || asset != 16 || index != 3);
        IModelRegistry.InputProof memory proof = _proofAt(3);
        proof.index = index;
        (proof.input.datanetId, proof.input.asset) = (datanetId, asset);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_BadProof.selector, id, index));
        models.proveUndeclared(id, _declared(), proof);
    }

    function test_ASuspendedModelsBondIsGone() public {
        vm.prank(watcher);
        models.proveUndeclared(id, _declared(), _proofAt(3));
        IModelRegistry.InputProof memory proof = _proofAt(4);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_AlreadySuspended.selector, id));
        models.proveUndeclared(id, _declared(), proof);
        _unpaidReverts(1, 2, abi.encodeWithSelector(IModelRegistry.ModelRegistry_AlreadySuspended.selector, id));
        skip(8 days);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NothingToReclaim.selector, id));
        models.reclaimPublicationBond(id);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotServing.selector, id));
        vm.prank(builder);
        models.withdrawModel(id);
        assertFalse(models.isUncontested(id));
    }

    function test_AfterItsBondCameBackAModelIsStillSuspended() public {
        skip(7 days);
        models.reclaimPublicationBond(id);
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelSuspended(id, watcher, 0, 0);
        vm.prank(watcher);
        models.proveUndeclared(id, _declared(), _proofAt(3));
        _assertSuspended(0, 0);
    }

    function test_WithdrawingDoesNotSaveTheBond() public {
        vm.prank(builder);
        models.withdrawModel(id);
        vm.prank(watcher);
        models.proveUndeclared(id, _declared(), _proofAt(3));
        _assertSuspended(BOND / 2, BOND / 2 + 1);
    }

    function test_ASuspendedModelsRunCanBePublishedAgain() public {
        models.proveUndeclared(id, _declared(), _proofAt(3));
        uint40 again = _publish(_terms());
        assertEq(models.modelOfRun(RUN), again);
        assertTrue(models.statusOf(id) == IModelRegistry.ModelStatus.Suspended);
        assertTrue(models.statusOf(again) == IModelRegistry.ModelStatus.Serving);
    }

    function test_MoreRowsThanWerePaidForCostTheBond() public {
        (IModelRegistry.InputProof[] memory p, ContributionInput[] memory c) = _list(1, 2);
        vm.prank(watcher);
        models.proveUnpaid(id, 2, p, c); // 20 + 30 rows, 30 paid
        _assertSuspended(BOND / 2, BOND / 2 + 1);
    }

    function testFuzz_RevertWhen_EnoughRowsWerePaidFor(uint32 paid) public {
        fees.set(RUN, 2, paid);
        (IModelRegistry.InputProof[] memory p, ContributionInput[] memory c) = _list(1, 2);
        if (paid >= 50) {
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_Paid.selector, 2, 50, paid));
        }
        models.proveUnpaid(id, 2, p, c);
    }

    function test_RevertWhen_TheDatanetIsFree() public {
        (IModelRegistry.InputProof[] memory p, ContributionInput[] memory c) = _list(0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_Paid.selector, 1, 10, 0));
        models.proveUnpaid(id, 1, p, c);
    }

    function test_RevertWhen_InputsAreCountedTwiceOrAreNotOfTheDatanet() public {
        bytes memory twice = abi.encodeWithSelector(IModelRegistry.ModelRegistry_BadInput.selector, 2, 8);
        _unpaidReverts(1, 1, twice);
        _unpaidReverts(2, 1, twice);
        _unpaidReverts(0, 1, abi.encodeWithSelector(IModelRegistry.ModelRegistry_BadInput.selector, 2, 4));
        // Says datanet 2, is from datanet 3.
        _unpaidReverts(1, 4, abi.encodeWithSelector(IModelRegistry.ModelRegistry_BadInput.selector, 2, 20));
    }

    function test_RevertWhen_TheRowCountIsMadeUp() public {
        (IModelRegistry.InputProof[] memory p, ContributionInput[] memory c) = _list(1, 2);
        c[1].rowCount = 1_000;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_BadInput.selector, 2, 12));
        models.proveUnpaid(id, 2, p, c);
        c[1] = submitted[2];
        p[1].index = 3;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_BadProof.selector, id, 3));
        models.proveUnpaid(id, 2, p, c);
        p[1] = _proofAt(6); // no contribution's asset
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_BadInput.selector, 2, 9));
        models.proveUnpaid(id, 2, p, c);
    }

    function test_RevertWhen_NoInputOrTooManyAreGiven() public {
        bytes4 wrong = IModelRegistry.ModelRegistry_ProofCount.selector;
        vm.expectRevert(abi.encodeWithSelector(wrong, 0));
        models.proveUnpaid(id, 2, new IModelRegistry.InputProof[](0), new ContributionInput[](0));
        vm.expectRevert(abi.encodeWithSelector(wrong, 17));
        models.proveUnpaid(id, 2, new IModelRegistry.InputProof[](17), new ContributionInput[](17));
        vm.expectRevert(abi.encodeWithSelector(wrong, 1));
        models.proveUnpaid(id, 2, new IModelRegistry.InputProof[](1), new ContributionInput[](2));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownModel.selector, 9));
        models.proveUnpaid(9, 2, new IModelRegistry.InputProof[](1), new ContributionInput[](1));
    }

    function test_AProverThatTakesNoValueIsOwedItsReward() public {
        Greedy prover = new Greedy(address(models));
        prover.onPayment("", false);
        prover.call(abi.encodeCall(IModelRegistry.proveUndeclared, (id, _declared(), _proofAt(3))));
        assertTrue(models.statusOf(id) == IModelRegistry.ModelStatus.Suspended);
        assertEq(models.owed(address(prover)), BOND / 2);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_TransferFailed.selector, address(prover), BOND / 2)
        );
        models.withdrawOwed(address(prover));
        prover.onPayment(abi.encodeCall(IModelRegistry.withdrawOwed, (address(prover))), true);
        vm.expectEmit(address(models));
        emit IModelRegistry.OwedWithdrawn(address(prover), BOND / 2);
        models.withdrawOwed(address(prover));
        assertEq(prover.tried(), 1);
        assertEq(address(prover).balance, BOND / 2);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NothingOwed.selector, address(prover)));
        models.withdrawOwed(address(prover));
    }

    function test_AProverThatReentersIsPaidOnce() public {
        Greedy prover = new Greedy(address(models));
        bytes memory prove = abi.encodeCall(IModelRegistry.proveUndeclared, (id, _declared(), _proofAt(3)));
        prover.onPayment(prove, true);
        prover.call(prove);
        assertEq(prover.tried(), 1);
        assertEq(address(prover).balance, BOND / 2);
    }
}
