// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract ModelRegistryTest is RegistryFixture {
    bytes32 private constant RUN = keccak256("manifest");
    bytes32 private constant ADAPTER = keccak256("adapter");
    uint40 private base;

    function setUp() public override {
        super.setUp();
        _create(0);
        _create(0);
        base = models.registerBase(
            IModelRegistry.BaseTerms(keccak256("weights"), keccak256("tokenizer"), "MIT", STORE_URI)
        );
        vm.startPrank(builder);
        runs.openRun(RUN, keccak256("inputs"), 6, 1, STORE_URI);
        runs.anchor(RUN, 1, keccak256("steps"), keccak256("checkpoint"));
        runs.finish(RUN, ADAPTER);
        vm.stopPrank();
    }

    function _terms() private view returns (IModelRegistry.AdapterTerms memory t) {
        t.parent = base;
        t.adapterHash = ADAPTER;
        t.runId = RUN;
        t.royaltyBps = 1_000;
        t.scheme = 11;
        t.treeDepth = 6;
        t.sigmaCap = 1 << 20;
        t.sketchRoot = keccak256("sketches");
        t.corpusRoot = keccak256("corpus");
        t.baselineRoot = keccak256("baseline");
        t.basisHash = keccak256("basis");
        t.datanets = new uint40[](2);
        t.datanets[0] = 1;
        t.datanets[1] = 2;
        t.uri = STORE_URI;
    }

    function _prices() private pure returns (IModelRegistry.Prices memory) {
        return IModelRegistry.Prices(1e15, 2e15, 3e15, 4e15);
    }

    function _publish(IModelRegistry.AdapterTerms memory t) private returns (uint40) {
        vm.prank(builder);
        return models.publishAdapter(t, _prices());
    }

    function test_ABaseModelIsNamedByItsWeights() public view {
        assertEq(models.ownerOf(base), address(this));
        assertEq(models.terms(base).weightsHash, keccak256("weights"));
        assertEq(models.terms(base).parent, 0);
        assertEq(models.tokenURI(base), STORE_URI);
    }

    function test_RevertWhen_ABaseModelHasNoWeights() public {
        vm.expectRevert(IModelRegistry.ModelRegistry_ZeroHash.selector);
        models.registerBase(IModelRegistry.BaseTerms(0, keccak256("tokenizer"), "MIT", ""));
    }

    function test_AnAdapterKeepsItsTerms() public {
        vm.expectEmit(address(models));
        emit IModelRegistry.AdapterPublished(2, builder, base, _terms(), 0);
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
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotWholeGwei.selector, 1));
        vm.prank(builder);
        models.setPrices(id, IModelRegistry.Prices(0, 1, 0, 0));
    }

    function test_RevertWhen_AStrangerChangesPrices() public {
        uint40 id = _publish(_terms());
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, id, stranger));
        vm.prank(stranger);
        models.setPrices(id, _prices());
    }

    function test_RevertWhen_TheRunIsSomeoneElses() public {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_RunMismatch.selector, RUN));
        vm.prank(stranger);
        models.publishAdapter(_terms(), _prices());
    }

    function test_RevertWhen_TheAdapterIsNotTheRuns() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.adapterHash = keccak256("another");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_RunMismatch.selector, RUN));
        _publish(t);
    }

    function test_RevertWhen_TheRunIsOpen() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.runId = keccak256("open");
        vm.prank(builder);
        runs.openRun(t.runId, keccak256("inputs"), 6, 1, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_RunMismatch.selector, t.runId));
        _publish(t);
    }

    function test_RevertWhen_TheParentIsUnknown() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.parent = 7;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownModel.selector, 7));
        _publish(t);
    }

    function test_RevertWhen_TheRoyaltyIsMoreThanHalf() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.royaltyBps = 5_001;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_RoyaltyTooHigh.selector, 5_001));
        _publish(t);
    }

    function test_RevertWhen_AnEnabledKindHasNoCommitment() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.sketchRoot = 0;
        vm.expectRevert(IModelRegistry.ModelRegistry_MissingCommitment.selector);
        _publish(t);
        t = _terms();
        t.corpusRoot = 0;
        vm.expectRevert(IModelRegistry.ModelRegistry_MissingCommitment.selector);
        _publish(t);
    }

    function test_RevertWhen_SchemeOrDepthIsOutOfRange() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        t.scheme = 16;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownScheme.selector, 16));
        _publish(t);
        t = _terms();
        t.treeDepth = 41;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_TreeTooDeep.selector, 41));
        _publish(t);
    }

    function test_RevertWhen_DatanetsDoNotAscendOrDoNotExist() public {
        IModelRegistry.AdapterTerms memory t = _terms();
        (t.datanets[0], t.datanets[1]) = (2, 1);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_DatanetOrder.selector, 1));
        _publish(t);
        (t.datanets[0], t.datanets[1]) = (2, 3);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownDatanet.selector, 3));
        _publish(t);
        t.datanets = new uint40[](65);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_TooManyDatanets.selector, 65));
        _publish(t);
    }

    function testFuzz_ThePublicationBondComesBackAfterTheWindow(uint96 bond) public {
        bond = uint96(bound(bond, 1, 1e24));
        models.setPublicationBond(bond);
        IModelRegistry.AdapterTerms memory t = _terms();
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_WrongBond.selector, bond, 0));
        _publish(t);
        vm.deal(builder, bond);
        vm.prank(builder);
        uint40 id = models.publishAdapter{value: bond}(t, _prices());
        (uint96 amount, uint40 releaseAt) = models.bondOf(id);
        assertEq(amount, bond);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_BondLocked.selector, id, releaseAt));
        models.reclaimPublicationBond(id);
        vm.warp(releaseAt);
        models.reclaimPublicationBond(id);
        assertEq(builder.balance, bond);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_NothingToReclaim.selector, id));
        models.reclaimPublicationBond(id);
    }

    function test_RevertWhen_AStrangerSetsThePublicationBond() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        models.setPublicationBond(1);
    }
}
