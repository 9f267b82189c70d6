// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {Native} from "../../../src/libraries/Native.sol";
import {ModelFixture} from "./ModelFixture.sol";

/// @dev What cases about a publication do to a model and its bond.
contract ModelCasesTest is ModelFixture {
    uint40 private id;

    function setUp() public override {
        super.setUp();
        id = _publish(_terms());
    }

    function _openCase(uint40 caseId) private {
        cases.open(caseId, ICaseRegistry.CaseKind.Publication, bytes32(uint256(id)));
    }

    function _assertSuspended(uint96 burned) private view {
        assertTrue(models.statusOf(id) == IModelRegistry.ModelStatus.Suspended);
        assertFalse(models.isUncontested(id));
        (uint96 bond,) = models.bondOf(id);
        assertEq(bond, 0);
        assertEq(Native.BURN.balance, burned);
        assertEq(address(models).balance, 0);
    }

    function test_ACaseOnRecordHoldsTheBondUntilItsVerdict() public {
        _openCase(5);
        vm.expectEmit(address(models));
        emit IModelRegistry.PublicationContested(id, 5);
        models.contestPublication(id, 5);
        assertEq(models.openCasesOf(id), 1);
        skip(30 days);
        assertFalse(models.isUncontested(id));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_BondContested.selector, id, 1));
        models.reclaimPublicationBond(id);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_CaseUndecided.selector, 5));
        models.resolvePublication(id, 5);
        cases.decide(5, ICaseRegistry.Verdict.Convicted, false); // still open to appeal
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_CaseUndecided.selector, 5));
        models.resolvePublication(id, 5);
        cases.decide(5, ICaseRegistry.Verdict.Acquitted, true);
        vm.expectEmit(address(models));
        emit IModelRegistry.PublicationResolved(id, 5, false);
        models.resolvePublication(id, 5);
        assertTrue(models.isUncontested(id));
        models.reclaimPublicationBond(id);
        assertEq(builder.balance, BOND);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NothingToResolve.selector, id, 5));
        models.resolvePublication(id, 5);
    }

    function test_AConvictionBurnsTheWholeBond() public {
        address watcher = makeAddr("watcher");
        _openCase(5);
        _openCase(6);
        models.contestPublication(id, 5);
        models.contestPublication(id, 6);
        cases.decide(5, ICaseRegistry.Verdict.Convicted, true);
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelSuspended(id, address(0), 0, BOND);
        vm.prank(watcher);
        models.resolvePublication(id, 5);
        assertEq(watcher.balance, 0);
        _assertSuspended(BOND);
        assertEq(models.openCasesOf(id), 1);
        // A second conviction only takes the case off the record.
        cases.decide(6, ICaseRegistry.Verdict.Convicted, true);
        models.resolvePublication(id, 6);
        assertEq(models.openCasesOf(id), 0);
        assertEq(Native.BURN.balance, BOND);
    }

    function test_ALaterConvictionStillStopsTheModel() public {
        skip(7 days);
        models.reclaimPublicationBond(id);
        _openCase(5);
        cases.decide(5, ICaseRegistry.Verdict.Convicted, true);
        models.resolvePublication(id, 5);
        _assertSuspended(0);
    }

    function test_ABaseModelIsStoppedByAConvictionToo() public {
        cases.open(5, ICaseRegistry.CaseKind.Publication, bytes32(uint256(base)));
        cases.decide(5, ICaseRegistry.Verdict.Convicted, true);
        models.resolvePublication(base, 5);
        assertTrue(models.statusOf(base) == IModelRegistry.ModelStatus.Suspended);
    }

    function test_RevertWhen_TheCaseIsAboutSomethingElse() public {
        cases.open(5, ICaseRegistry.CaseKind.Curation, bytes32(uint256(id)));
        cases.open(6, ICaseRegistry.CaseKind.Publication, bytes32(uint256(id) | 1 << 40));
        for (uint40 caseId = 5; caseId < 7; ++caseId) {
            cases.decide(caseId, ICaseRegistry.Verdict.Convicted, true);
            bytes memory wrong = abi.encodeWithSelector(IModelRegistry.ModelRegistry_WrongCase.selector, id, caseId);
            vm.expectRevert(wrong);
            models.contestPublication(id, caseId);
            vm.expectRevert(wrong);
            models.resolvePublication(id, caseId);
        }
    }

    function test_RevertWhen_ACaseIsPutOnRecordTwiceDecidedOrLate() public {
        _openCase(5);
        _openCase(6);
        cases.decide(6, ICaseRegistry.Verdict.Acquitted, true);
        models.contestPublication(id, 5);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_CaseOnRecord.selector, 5));
        models.contestPublication(id, 5);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_CaseDecided.selector, 6));
        models.contestPublication(id, 6);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NothingToResolve.selector, id, 6));
        models.resolvePublication(id, 6);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotBonded.selector, base));
        models.contestPublication(base, 5);
        (, uint40 releaseAt) = models.bondOf(id);
        vm.warp(releaseAt);
        _openCase(7);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_ObjectionsOver.selector, id, releaseAt));
        models.contestPublication(id, 7);
    }
}
