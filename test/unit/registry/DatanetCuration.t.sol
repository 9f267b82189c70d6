// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {BondState, ContributionInput, ContributionStatus} from "../../../src/types/Contribution.sol";
import {Hygiene} from "../../utils/Hygiene.sol";

contract DatanetCurationTest is Hygiene {
    address private signer;
    uint256 private signerKey;

    function setUp() public override {
        super.setUp();
        (signer, signerKey) = makeAddrAndKey("signing curator");
        vm.prank(curator);
        d.datanets.setCurator(datanetId, signer, true);
    }

    function _sign(uint40[] memory ids, uint40 deadline, uint256 key) private view returns (bytes memory) {
        bytes32 list = keccak256(abi.encodePacked(ids));
        bytes32 typehash = keccak256("ContributionAcceptance(uint40[] contributionIds,uint40 deadline)");
        return _signature(keccak256(abi.encode(typehash, list, deadline)), key);
    }

    function _signature(bytes32 structHash, uint256 key) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                address(d.datanets)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }

    function _three() private returns (uint40[] memory ids) {
        ids = new uint40[](3);
        for (uint256 i = 0; i < 3; ++i) {
            ids[i] = _contribute(alice, _text(bytes32(i), 3));
        }
    }

    function test_ACuratorsSignatureAcceptsABatch() public {
        uint40[] memory ids = _three();
        uint40 deadline = uint40(vm.getBlockTimestamp());
        bytes32 version;
        for (uint256 i = 0; i < 3; ++i) {
            version = keccak256(abi.encodePacked(uint8(0x32), version, uint8(0), ids[i] << 2));
            vm.expectEmit(address(d.datanets));
            emit IDatanetRegistry.ContributionAccepted(ids[i], datanetId, signer, version);
        }
        vm.prank(stranger);
        assertEq(d.datanets.acceptBySig(ids, signer, deadline, _sign(ids, deadline, signerKey)), 3);
        assertEq(d.datanets.version(datanetId), version);
        assertEq(d.contributions.balanceOf(alice), 3);
    }

    function test_ABatchLeavesWhatIsDecidedOrTooOld() public {
        uint40[] memory ids = _three();
        _accept(ids[0]);
        vm.prank(curator);
        d.datanets.reject(ids[1], 0);
        uint40 deadline = uint40(vm.getBlockTimestamp()) + 30 days;
        bytes memory signature = _sign(ids, deadline, signerKey);
        uint256 snapshot = vm.snapshotState();
        assertEq(d.datanets.acceptBySig(ids, signer, deadline, signature), 1);
        vm.revertToState(snapshot);
        skip(14 days + 1);
        assertEq(d.datanets.acceptBySig(ids, signer, deadline, signature), 0);
        assertEq(uint8(d.datanets.contribution(ids[2]).status), uint8(ContributionStatus.Submitted));
    }

    function test_AnAcceptanceCantBeReplayed() public {
        uint40[] memory ids = _three();
        uint40 deadline = uint40(vm.getBlockTimestamp());
        bytes memory signature = _sign(ids, deadline, signerKey);
        d.datanets.acceptBySig(ids, signer, deadline, signature);
        bytes32 version = d.datanets.version(datanetId);
        assertEq(d.datanets.acceptBySig(ids, signer, deadline, signature), 0);
        assertEq(d.datanets.version(datanetId), version);
        // nor on another chain
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidSignature.selector, signer));
        d.datanets.acceptBySig(ids, signer, deadline, signature);
    }

    function test_RevertWhen_TheAcceptanceIsLate() public {
        uint40[] memory ids = _three();
        uint40 deadline = uint40(vm.getBlockTimestamp()) - 1;
        bytes memory signature = _sign(ids, deadline, signerKey);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_SignatureExpired.selector, deadline));
        d.datanets.acceptBySig(ids, signer, deadline, signature);
    }

    function test_RevertWhen_TheAcceptanceIsSomeoneElses() public {
        uint40[] memory ids = _three();
        uint40 deadline = uint40(vm.getBlockTimestamp());
        bytes memory signature = _sign(ids, deadline, consumerKey);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidSignature.selector, signer));
        d.datanets.acceptBySig(ids, signer, deadline, signature);
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotCurator.selector, datanetId, consumer)
        );
        d.datanets.acceptBySig(ids, consumer, deadline, signature);
    }

    function test_RevertWhen_TheCuratorWasDismissedMeanwhile() public {
        uint40[] memory ids = _three();
        uint40 deadline = uint40(vm.getBlockTimestamp());
        bytes memory signature = _sign(ids, deadline, signerKey);
        vm.prank(curator);
        d.datanets.setCurator(datanetId, signer, false);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotCurator.selector, datanetId, signer));
        d.datanets.acceptBySig(ids, signer, deadline, signature);
    }

    function test_RevertWhen_AnAcceptedIdIsUnknown() public {
        uint40[] memory ids = new uint40[](1);
        ids[0] = 99;
        uint40 deadline = uint40(vm.getBlockTimestamp());
        bytes memory signature = _sign(ids, deadline, signerKey);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownContribution.selector, 99));
        d.datanets.acceptBySig(ids, signer, deadline, signature);
    }

    function test_AContractCurates() public {
        uint40[] memory ids = _three();
        address wallet = makeAddr("wallet");
        vm.prank(curator);
        d.datanets.setCurator(datanetId, wallet, true);
        vm.etch(wallet, hex"5f");
        vm.mockCall(wallet, abi.encodeWithSelector(IERC1271.isValidSignature.selector), abi.encode(0x1626ba7e << 224));
        uint40 deadline = uint40(vm.getBlockTimestamp());
        assertEq(d.datanets.acceptBySig(ids, wallet, deadline, "yes"), 3);
    }

    function test_TheOwnerWithdrawsConsentForGood() public {
        uint40 id = _contribute(alice, _text("a", 3));
        _accept(id);
        vm.prank(alice);
        d.contributions.transferFrom(alice, bob, id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotTokenOwner.selector, id, alice));
        vm.prank(alice);
        d.datanets.tombstone(id);
        bytes32 version = keccak256(abi.encodePacked(uint8(0x32), d.datanets.version(datanetId), uint8(1), id << 2));
        vm.expectEmit(address(d.datanets));
        emit IDatanetRegistry.ContributionTombstoned(id, datanetId, bob, version);
        vm.prank(bob);
        d.datanets.tombstone(id);
        assertEq(d.datanets.version(datanetId), version);
        (address owner, uint16 withheldBps) = d.contributions.payeeOf(id);
        assertEq(owner, bob);
        assertEq(withheldBps, 10_000);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_WrongStatus.selector, id, ContributionStatus.Tombstoned
            )
        );
        vm.prank(bob);
        d.datanets.tombstone(id);
        // its bond is still the contributor's
        d.datanets.reclaimBond(id);
    }

    function test_RevertWhen_WhatWasNotAcceptedIsWithdrawn() public {
        uint40 id = _contribute(alice, _text("a", 3));
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_WrongStatus.selector, id, ContributionStatus.Submitted
            )
        );
        vm.prank(alice);
        d.datanets.tombstone(id);
    }

    function test_ALabelNamesRowsOfAcceptedData() public {
        uint40 data = _contribute(alice, _text("data", 10));
        _accept(data);
        ContributionInput memory input = _inputOf(_text("label", 4));
        (input.kind, input.refersTo, input.firstRow) = (1, data, 6);
        uint40 id = _commit(bob, input);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(bob);
        d.datanets.submitReferring{value: BOND}(id, input, SALT, inputs[data]);
        assertEq(d.datanets.inputHashOf(id), keccak256(abi.encode(input)));
    }

    function testFuzz_RevertWhen_AReferenceIsWrong(uint8 what, uint32 firstRow) public {
        uint40 data = _contribute(alice, _text("data", 10));
        _accept(data);
        uint40 pending = _contribute(alice, _text("pending", 10));
        ContributionInput memory referred = inputs[data];
        ContributionInput memory input = _inputOf(_text("label", 4));
        (input.kind, input.refersTo) = (2, data);
        what = uint8(bound(what, 0, 5));
        if (what == 0) input.firstRow = uint32(bound(firstRow, 7, type(uint32).max));
        if (what == 1) referred.rowCount += 1;
        if (what == 2) (input.refersTo, referred) = (pending, inputs[pending]);
        if (what == 3) input.datanetId = _createDatanet(BOND);
        if (what == 4) input.refersTo = 0;
        if (what == 5) {
            ContributionInput memory other = _inputOf(_text("other label", 4));
            (other.kind, other.refersTo) = (1, data);
            uint40 aLabel = _commit(alice, other);
            vm.roll(vm.getBlockNumber() + 1);
            vm.prank(alice);
            d.datanets.submitReferring{value: BOND}(aLabel, other, SALT, inputs[data]);
            _accept(aLabel);
            (input.refersTo, referred) = (aLabel, other);
        }
        uint40 id = _commit(bob, input);
        vm.roll(vm.getBlockNumber() + 1);
        bytes memory wrong = abi.encodeWithSelector(
            IDatanetRegistry.DatanetRegistry_WrongReference.selector, input.refersTo, input.firstRow
        );
        vm.expectRevert(wrong);
        vm.prank(bob);
        d.datanets.submitReferring{value: BOND}(id, input, SALT, referred);
    }

    function test_RevertWhen_DataRefersOrALabelDoesNot() public {
        ContributionInput memory input = _inputOf(_text("data", 4));
        input.refersTo = 1;
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongReference.selector, 1, 0));
        d.datanets.submit(9, input, SALT);
        (input.refersTo, input.firstRow) = (0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongReference.selector, 0, 1));
        d.datanets.submit(9, input, SALT);
        (input.firstRow, input.kind) = (0, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongReference.selector, 0, 0));
        d.datanets.submit(9, input, SALT);
        input.kind = 3;
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownKind.selector, 3));
        d.datanets.submitReferring(9, input, SALT, input);
    }

    function test_RevertWhen_SomeoneElseActsForHygiene() public {
        uint40 id = _contribute(alice, _text("a", 3));
        bytes memory not = abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotHygiene.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(not);
        d.datanets.displace(id, 1, stranger);
        vm.expectRevert(not);
        d.datanets.freezeBond(id);
        vm.expectRevert(not);
        d.datanets.settleBond(id, true);
    }

    function test_RevertWhen_WhatIsDecidedIsDisplaced() public {
        uint40 id = _contribute(alice, _text("a", 3));
        vm.prank(curator);
        d.datanets.reject(id, 0);
        bytes memory wrong = abi.encodeWithSelector(
            IDatanetRegistry.DatanetRegistry_WrongStatus.selector, id, ContributionStatus.Rejected
        );
        vm.expectRevert(wrong);
        vm.prank(address(d.hygiene));
        d.datanets.displace(id, 1, stranger);
    }

    function test_ReviewsWorkOnAYoungChain() public {
        vm.warp(1 days);
        uint40 id = _contribute(alice, _text("a", 3));
        _accept(id);
        assertEq(d.contributions.ownerOf(id), alice);
    }

    function test_AFrozenBondCantBeReclaimed() public {
        uint40 id = _contribute(alice, _text("a", 3));
        _accept(id);
        vm.startPrank(address(d.hygiene));
        assertEq(d.datanets.settleBond(id, true), 0); // not frozen: nothing happens
        d.datanets.freezeBond(id);
        d.datanets.freezeBond(id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_BondFrozen.selector, id));
        d.datanets.reclaimBond(id);
        d.datanets.settleBond(id, false);
        vm.stopPrank();
        d.datanets.reclaimBond(id);
        assertEq(uint8(d.datanets.contribution(id).bondState), uint8(BondState.None));
        assertEq(address(d.datanets).balance, 0);
    }

    function test_ASubmissionWithoutBondExpiresToo() public {
        datanetId = _createDatanet(0);
        uint40 id = _contribute(alice, _text("a", 3));
        skip(14 days + 1);
        d.datanets.reclaimBond(id);
        assertEq(uint8(d.datanets.contribution(id).status), uint8(ContributionStatus.Expired));
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NothingToReclaim.selector, id));
        d.datanets.reclaimBond(id);
    }

    /// @dev A contributor that calls back when it gets its bond gets nothing more.
    function test_AReceiverOfABondCantReenter() public {
        Reentrant attacker = new Reentrant();
        vm.deal(address(attacker), 2 * BOND);
        uint40 id = _contribute(address(attacker), _text("a", 3));
        _contribute(alice, _text("b", 3));
        _accept(id);
        attacker.aim(address(d.datanets), abi.encodeCall(IDatanetRegistry.reclaimBond, (id)));
        d.datanets.reclaimBond(id);
        assertEq(attacker.tries(), 1);
        assertFalse(attacker.succeeded());
        assertEq(address(attacker).balance, 2 * BOND);
        assertEq(address(d.datanets).balance, BOND);
    }

    function test_RevertWhen_AContributorRefusesItsBond() public {
        uint40 id = _contribute(alice, _text("a", 3));
        _accept(id);
        vm.etch(alice, hex"5f5ffd");
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_TransferFailed.selector, alice, BOND));
        d.datanets.reclaimBond(id);
        assertEq(d.datanets.contribution(id).bond, BOND);
    }

    function test_ATokenIsItsContributorsUntilItIsTransferred() public {
        uint40 id = _contribute(alice, _text("a", 3));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, id));
        d.contributions.ownerOf(id);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, id));
        d.contributions.payeeOf(id);
        _accept(id);
        assertEq(d.contributions.ownerOf(id), alice);
        vm.prank(alice);
        d.contributions.approve(bob, id);
        vm.prank(bob);
        d.contributions.transferFrom(alice, stranger, id);
        assertEq(d.contributions.getApproved(id), address(0));
        assertEq(d.contributions.ownerOf(id), stranger);
        assertEq(d.contributions.balanceOf(alice), 0);
        assertEq(d.contributions.balanceOf(stranger), 1);
        vm.prank(stranger);
        d.contributions.transferFrom(stranger, alice, id);
        assertEq(d.contributions.ownerOf(id), alice);
        assertEq(d.contributions.recordOf(id).contributor, alice);
    }
}

/// @dev Calls back once when it is paid.
contract Reentrant {
    address private target;
    bytes private data;
    uint256 public tries;
    bool public succeeded;

    function aim(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    receive() external payable {
        if (target == address(0)) return;
        ++tries;
        (succeeded,) = target.call(data);
    }
}
