// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {ITrainingFees} from "../../../src/interfaces/ITrainingFees.sol";
import {ITrainingLog} from "../../../src/interfaces/ITrainingLog.sol";
import {ModelRegistry} from "../../../src/registry/ModelRegistry.sol";
import {ModelFixture} from "./ModelFixture.sol";

contract ModelRegistryTest is ModelFixture {
    function test_ABaseModelIsNamedByItsWeights() public view {
        assertEq(models.ownerOf(base), address(this));
        assertEq(models.terms(base).weightsHash, keccak256("weights"));
        assertEq(models.terms(base).parent, 0);
        assertEq(models.tokenURI(base), STORE_URI);
        assertEq(models.licenceOf(base), "MIT");
        assertTrue(models.statusOf(base) == IModelRegistry.ModelStatus.Serving);
        assertTrue(models.isUncontested(base));
    }

    function test_RevertWhen_ABaseModelLacksWeightsTokenizerOrLicence() public {
        vm.expectRevert(IModelRegistry.ModelRegistry_ZeroHash.selector);
        models.registerBase(IModelRegistry.BaseTerms(0, keccak256("tokenizer"), "MIT", ""));
        vm.expectRevert(IModelRegistry.ModelRegistry_ZeroHash.selector);
        models.registerBase(IModelRegistry.BaseTerms(keccak256("weights"), 0, "MIT", ""));
        vm.expectRevert(IModelRegistry.ModelRegistry_EmptyLicence.selector);
        models.registerBase(IModelRegistry.BaseTerms(keccak256("weights"), keccak256("tokenizer"), "", ""));
    }

    function test_AnAdapterKeepsItsTerms() public {
        vm.expectEmit(address(models));
        emit IModelRegistry.AdapterPublished(2, builder, base, _terms(), BOND);
        uint40 id = _publish(_terms());
        assertEq(models.ownerOf(id), builder);
        IModelRegistry.ModelTerms memory t = models.terms(id);
        assertEq(t.parent, base);
        assertEq(t.royaltyBps, 1_000);
        assertEq(t.scheme, 11);
        assertEq(t.treeDepth, 6);
        assertEq(t.sigmaCap, 1 << 20);
        assertEq(t.weightsHash, ADAPTER);
        assertEq(t.runId, RUN);
        assertEq(t.sketchRoot, keccak256("sketches"));
        assertEq(t.corpusRoot, keccak256("corpus"));
        assertEq(t.baselineRoot, keccak256("baseline"));
        assertEq(t.basisHash, keccak256("basis"));
        assertEq(models.prices(id).outputPer1k, 4e15);
        assertEq(models.modelCount(), 2);
        assertEq(models.modelOfRun(RUN), id);
        assertEq(models.licenceOf(id), "CC0-1.0");
        assertEq(models.tokenURI(id), STORE_URI);
        assertTrue(models.statusOf(id) == IModelRegistry.ModelStatus.Serving);
        assertFalse(models.isUncontested(id));
    }

    function testFuzz_OwnersChangePricesInWholeGwei(uint64 a, uint64 b, uint64 c, uint64 d) public {
        uint40 id = _publish(_terms());
        IModelRegistry.Prices memory p =
            IModelRegistry.Prices(a * uint96(1e9), b * uint96(1e9), c * uint96(1e9), d * uint96(1e9));
        vm.prank(builder);
        models.setPrices(id, p);
        assertEq(keccak256(abi.encode(models.prices(id))), keccak256(abi.encode(p)));
    }

    function test_RevertWhen_APriceIsNotWholeGwei() public {
        uint40 id = _publish(_terms());
        IModelRegistry.Prices[4] memory wrong = [
            IModelRegistry.Prices(1, 0, 0, 0),
            IModelRegistry.Prices(0, 1, 0, 0),
            IModelRegistry.Prices(0, 0, 1, 0),
            IModelRegistry.Prices(0, 0, 0, 1)
        ];
        vm.startPrank(builder);
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotWholeGwei.selector, 1));
            models.setPrices(id, wrong[i]);
        }
    }

    function test_RevertWhen_AStrangerChangesPricesOrWithdraws() public {
        uint40 id = _publish(_terms());
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, id, stranger));
        models.setPrices(id, _prices());
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, id, stranger));
        models.withdrawModel(id);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownModel.selector, 9));
        models.setPrices(9, _prices());
    }

    function test_AWithdrawnModelKeepsItsTermsAndItsBondComesBack() public {
        uint40 id = _publish(_terms());
        bytes32 terms = keccak256(abi.encode(models.terms(id)));
        vm.expectEmit(address(models));
        emit IModelRegistry.ModelWithdrawn(id, builder);
        vm.prank(builder);
        models.withdrawModel(id);
        assertTrue(models.statusOf(id) == IModelRegistry.ModelStatus.Withdrawn);
        assertEq(keccak256(abi.encode(models.terms(id))), terms);
        skip(7 days);
        assertTrue(models.isUncontested(id));
        models.reclaimPublicationBond(id);
        assertEq(builder.balance, BOND);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotServing.selector, id));
        vm.prank(builder);
        models.withdrawModel(id);
    }

    function test_RevertWhen_TheParentIsNotServed() public {
        models.withdrawModel(base);
        _publishReverts(_terms(), abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotServing.selector, base));
    }

    function test_RevertWhen_SomeoneElsePublishesTheRunFirst() public {
        vm.deal(stranger, BOND);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_RunMismatch.selector, RUN));
        vm.prank(stranger);
        models.publishAdapter{value: BOND}(_terms(), _prices());
        assertEq(models.ownerOf(_publish(_terms())), builder);
    }

    function test_RevertWhen_TheAdapterIsNotTheRuns() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.adapterHash = keccak256("another");
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_RunMismatch.selector, RUN));
        t.adapterHash = 0;
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_ZeroHash.selector));
    }

    function test_RevertWhen_TheRunIsOpenAbandonedOrUnknown() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.runId = keccak256("open");
        bytes memory mismatch = abi.encodeWithSelector(IModelRegistry.ModelRegistry_RunMismatch.selector, t.runId);
        _publishReverts(t, mismatch);
        vm.prank(builder);
        runs.openRun(t.runId, keccak256("inputs"), 6, 1, _declared(), "");
        _publishReverts(t, mismatch);
        vm.prank(builder);
        runs.abandon(t.runId);
        _publishReverts(t, mismatch);
    }

    function test_RevertWhen_TheRunIsPublishedAlready() public {
        uint40 id = _publish(_terms());
        bytes memory published = abi.encodeWithSelector(IModelRegistry.ModelRegistry_RunPublished.selector, RUN, id);
        _publishReverts(_terms(), published);
        vm.prank(builder);
        models.withdrawModel(id);
        _publishReverts(_terms(), published);
    }

    function test_RevertWhen_TheDatanetsAreNotTheRuns() public {
        bytes memory mismatch = abi.encodeWithSelector(IModelRegistry.ModelRegistry_DatanetsMismatch.selector, RUN);
        IModelRegistry.AdapterTerms memory t = _terms();
        t.datanets[1] = 1;
        _publishReverts(t, mismatch);
        t.datanets = new uint40[](0);
        _publishReverts(t, mismatch);
        t.datanets = new uint40[](3);
        (t.datanets[0], t.datanets[1], t.datanets[2]) = (1, 2, 3);
        _publishReverts(t, mismatch);
    }

    function test_RevertWhen_ADatanetDoesNotExist() public {
        bytes32 run = keccak256("another manifest");
        uint40[] memory ids = new uint40[](1);
        ids[0] = 9;
        vm.startPrank(builder);
        runs.openRun(run, keccak256("inputs"), 6, 1, ids, "");
        runs.anchor(run, 1, keccak256("steps"), keccak256("checkpoint"));
        runs.finish(run, ADAPTER);
        vm.stopPrank();
        IModelRegistry.AdapterTerms memory t = _terms();
        (t.runId, t.datanets) = (run, ids);
        _publishReverts(t, abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownDatanet.selector, 9));
    }

    function test_RevertWhen_ALicenceIsNotOneOfEveryDatanets() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.licence = "MIT";
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_LicenceNotAllowed.selector, 1, "MIT"));
        t.licence = "";
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_LicenceNotAllowed.selector, 1, ""));
    }

    function test_RevertWhen_TheGrantHadExpiredBeforeTheRunWasOpened() public {
        uint40 openedAt = runs.run(RUN).openedAt;
        bytes memory ask = abi.encodeCall(IDatanetRegistry.mayTrain, (2, builder, openedAt));
        vm.mockCall(address(datanets), ask, abi.encode(false));
        _publishReverts(_terms(), abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotGranted.selector, 2, builder));
        // What held when the run was opened counts, whenever it is published.
        vm.mockCall(address(datanets), ask, abi.encode(true));
        skip(365 days);
        _publish(_terms());
    }

    function test_RevertWhen_NoRowOfAPricedDatanetIsPaid() public {
        fees.set(RUN, 2, 0);
        bytes memory unpaid = abi.encodeWithSelector(IModelRegistry.ModelRegistry_TrainingUnpaid.selector, RUN, 2);
        _publishReverts(_terms(), unpaid);
        fees.set(keccak256("another run"), 2, 1_000);
        _publishReverts(_terms(), unpaid);
        fees.set(RUN, 2, 1);
        _publish(_terms());
    }

    function test_RevertWhen_NobodyTakesTrainingFeesYet() public {
        ModelRegistry fresh = ModelRegistry(
            _proxy(
                address(new ModelRegistry()),
                abi.encodeCall(ModelRegistry.initialize, (address(manager), datanets, runs, 0))
            )
        );
        IModelRegistry.AdapterTerms memory t = _terms();
        t.parent = fresh.registerBase(IModelRegistry.BaseTerms("w", "t", "MIT", ""));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_TrainingUnpaid.selector, RUN, 2));
        vm.prank(builder);
        fresh.publishAdapter(t, _prices());
    }

    function test_RevertWhen_TheParentIsUnknown() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.parent = 7;
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownModel.selector, 7));
    }

    function test_RevertWhen_TheRoyaltyIsMoreThanHalf() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.royaltyBps = 5_001;
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_RoyaltyTooHigh.selector, 5_001));
        t.royaltyBps = 5_000;
        _publish(t);
    }

    function test_RevertWhen_AnEnabledKindHasNoCommitment() public {
        bytes memory missing = abi.encodeWithSelector(IModelRegistry.ModelRegistry_MissingCommitment.selector);
        IModelRegistry.AdapterTerms memory t = _terms();
        t.sketchRoot = 0;
        _publishReverts(t, missing);
        t = _terms();
        t.basisHash = 0;
        _publishReverts(t, missing);
        t = _terms();
        t.sigmaCap = 0;
        _publishReverts(t, missing);
        t = _terms();
        t.corpusRoot = 0;
        _publishReverts(t, missing);
        t.scheme = 9; // no spans
        (t.sketchRoot, t.scheme) = (0, 8);
        _publish(t);
    }

    function test_RevertWhen_SchemeOrDepthIsOutOfRange() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.scheme = 16;
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownScheme.selector, 16));
        t = _terms();
        t.treeDepth = 41;
        _publishReverts(t, abi.encodeWithSelector(IModelRegistry.ModelRegistry_TreeTooDeep.selector, 41));
        (t.treeDepth, t.scheme) = (40, 15);
        _publish(t);
    }

    function testFuzz_RevertWhen_TheBondIsNotExact(uint96 sent) public {
        vm.assume(sent != BOND);
        vm.deal(builder, sent);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_WrongBond.selector, BOND, sent));
        vm.prank(builder);
        models.publishAdapter{value: sent}(_terms(), _prices());
    }

    function test_OnlyGovernanceSetsTheBondAndConnectsContractsOnce() public {
        bytes memory denied = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(denied);
        models.setPublicationBond(1);
        vm.expectRevert(denied);
        models.setTrainingFees(ITrainingFees(stranger));
        vm.expectRevert(denied);
        models.setCases(ICaseRegistry(stranger));
        vm.expectRevert(denied);
        models.upgradeToAndCall(stranger, "");
        vm.stopPrank();
        assertEq(address(models.trainingFees()), address(fees));
        assertEq(address(models.cases()), address(cases));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_AlreadySet.selector, address(fees)));
        models.setTrainingFees(ITrainingFees(stranger));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_AlreadySet.selector, address(cases)));
        models.setCases(ICaseRegistry(stranger));
        vm.expectRevert(IModelRegistry.ModelRegistry_ZeroAddress.selector);
        models.setTrainingFees(ITrainingFees(address(0)));
        vm.expectRevert(IModelRegistry.ModelRegistry_ZeroAddress.selector);
        models.setCases(ICaseRegistry(address(0)));
    }

    function test_RevertWhen_AskedAboutAnUnknownModel() public {
        bytes memory unknown = abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownModel.selector, 9);
        vm.expectRevert(unknown);
        models.terms(9);
        vm.expectRevert(unknown);
        models.prices(9);
        vm.expectRevert(unknown);
        models.licenceOf(9);
        vm.expectRevert(unknown);
        models.statusOf(9);
        vm.expectRevert(unknown);
        models.isUncontested(9);
    }

    function test_RevertWhen_InitializedWithoutItsRegistriesOrTwice() public {
        address code = address(new ModelRegistry());
        vm.expectRevert(IModelRegistry.ModelRegistry_ZeroAddress.selector);
        _proxy(
            code, abi.encodeCall(ModelRegistry.initialize, (address(manager), IDatanetRegistry(address(0)), runs, 0))
        );
        vm.expectRevert(IModelRegistry.ModelRegistry_ZeroAddress.selector);
        _proxy(
            code, abi.encodeCall(ModelRegistry.initialize, (address(manager), datanets, ITrainingLog(address(0)), 0))
        );
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        models.initialize(address(manager), datanets, runs, 0);
    }

    function test_GovernanceUpgrades() public {
        uint40 id = _publish(_terms());
        models.upgradeToAndCall(address(new ModelRegistry()), "");
        assertEq(models.terms(id).runId, RUN);
    }
}
