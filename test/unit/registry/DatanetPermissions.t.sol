// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract DatanetPermissionsTest is RegistryFixture {
    uint40 private id;
    uint40 private now_;
    address private owner;
    uint256 private ownerKey;

    function setUp() public override {
        super.setUp();
        (owner, ownerKey) = makeAddrAndKey("owner");
        IDatanetRegistry.DatanetConfig memory config = _config(0);
        config.permissioned = true;
        vm.prank(owner);
        id = datanets.createDatanet(config);
        now_ = uint40(vm.getBlockTimestamp());
    }

    function _sign(uint40 expiry, uint256 nonce, uint256 key) private view returns (bytes memory) {
        bytes32 typehash = keccak256("DatanetPermission(uint40 datanetId,address trainer,uint40 expiry,uint256 nonce)");
        bytes32 structHash = keccak256(abi.encode(typehash, id, builder, expiry, nonce));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                address(datanets)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }

    function test_AnOpenDatanetIsForEveryone() public {
        uint40 open = _create(0);
        assertTrue(datanets.mayTrain(open, stranger, 0));
        assertFalse(datanets.mayTrain(99, stranger, 0));
    }

    function test_TheOwnerMayAlwaysTrain() public {
        assertTrue(datanets.mayTrain(id, owner, 0));
        assertFalse(datanets.mayTrain(id, builder, now_));
        vm.prank(owner);
        datanets.transferFrom(owner, stranger, id);
        assertTrue(datanets.mayTrain(id, stranger, 0));
        assertFalse(datanets.mayTrain(id, owner, now_));
    }

    function test_AGrantHoldsFromNowUntilItExpires() public {
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.TrainingPermitted(id, builder, now_, now_ + 100);
        vm.prank(owner);
        datanets.grantTraining(id, builder, now_ + 100);
        assertFalse(datanets.mayTrain(id, builder, now_ - 1));
        assertTrue(datanets.mayTrain(id, builder, now_));
        assertTrue(datanets.mayTrain(id, builder, now_ + 99));
        assertFalse(datanets.mayTrain(id, builder, now_ + 100));
        assertFalse(datanets.mayTrain(id, stranger, now_));
    }

    function test_ASignedPermissionIsRegisteredByAnyone() public {
        bytes memory signature = _sign(now_ + 100, 7, ownerKey);
        vm.prank(stranger);
        datanets.permitTraining(id, builder, now_ + 100, 7, signature);
        assertTrue(datanets.mayTrain(id, builder, now_ + 99));
        assertTrue(datanets.isNonceUsed(owner, 7));
        // Revoked, it can't be registered again.
        vm.prank(owner);
        datanets.revokeTraining(id, builder);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NonceUsed.selector, owner, 7));
        datanets.permitTraining(id, builder, now_ + 100, 7, signature);
    }

    function test_RevertWhen_ThePermissionIsNotTheOwners() public {
        bytes memory signature = _sign(now_ + 100, 7, ownerKey + 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidSignature.selector, owner));
        datanets.permitTraining(id, builder, now_ + 100, 7, signature);
        // nor a former owner's
        signature = _sign(now_ + 100, 7, ownerKey);
        vm.prank(owner);
        datanets.transferFrom(owner, stranger, id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_InvalidSignature.selector, stranger));
        datanets.permitTraining(id, builder, now_ + 100, 7, signature);
    }

    function test_AContractOwnerSignsToo() public {
        vm.etch(owner, hex"5f");
        vm.mockCall(owner, abi.encodeWithSelector(IERC1271.isValidSignature.selector), abi.encode(0x1626ba7e << 224));
        datanets.permitTraining(id, builder, now_ + 100, 7, "yes");
        assertTrue(datanets.mayTrain(id, builder, now_));
    }

    function test_ARevocationIsForTheFuture() public {
        vm.prank(owner);
        datanets.grantTraining(id, builder, now_ + 100);
        skip(10);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.TrainingRevoked(id, builder);
        vm.prank(owner);
        datanets.revokeTraining(id, builder);
        assertTrue(datanets.mayTrain(id, builder, now_ + 9));
        assertFalse(datanets.mayTrain(id, builder, now_ + 10));
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotPermitted.selector, id, builder));
        vm.prank(owner);
        datanets.revokeTraining(id, builder);
    }

    function test_ANewGrantLeavesTheGap() public {
        vm.prank(owner);
        datanets.grantTraining(id, builder, now_ + 10);
        skip(20);
        vm.prank(owner);
        datanets.grantTraining(id, builder, now_ + 50);
        assertTrue(datanets.mayTrain(id, builder, now_ + 9));
        assertFalse(datanets.mayTrain(id, builder, now_ + 10));
        assertFalse(datanets.mayTrain(id, builder, now_ + 19));
        assertTrue(datanets.mayTrain(id, builder, now_ + 20));
        assertTrue(datanets.mayTrain(id, builder, now_ + 49));
        assertFalse(datanets.mayTrain(id, builder, now_ + 50));
    }

    function test_AGrantExtendsTheOneThatHolds() public {
        vm.startPrank(owner);
        datanets.grantTraining(id, builder, now_ + 10);
        skip(5);
        datanets.grantTraining(id, builder, now_ + 30);
        assertTrue(datanets.mayTrain(id, builder, now_));
        assertTrue(datanets.mayTrain(id, builder, now_ + 29));
        // A shorter one changes nothing: to end it early is a revocation.
        datanets.grantTraining(id, builder, now_ + 20);
        assertTrue(datanets.mayTrain(id, builder, now_ + 29));
    }

    function test_RevertWhen_TheGrantIsOverAlready() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_SignatureExpired.selector, now_));
        datanets.grantTraining(id, builder, now_);
        vm.expectRevert(IDatanetRegistry.DatanetRegistry_ZeroAddress.selector);
        datanets.grantTraining(id, address(0), now_ + 1);
    }

    function test_RevertWhen_AStrangerGrantsOrRevokes() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotOwner.selector, id, stranger));
        datanets.grantTraining(id, builder, now_ + 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotOwner.selector, id, stranger));
        datanets.revokeTraining(id, builder);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownDatanet.selector, 9));
        datanets.permitTraining(9, builder, now_ + 1, 0, "");
    }

    function test_RevertWhen_NobodyWasPermitted() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotPermitted.selector, id, builder));
        vm.prank(owner);
        datanets.revokeTraining(id, builder);
    }

    function test_ASignedPermissionCanBeCancelled() public {
        bytes memory signature = _sign(now_ + 100, 7, ownerKey);
        vm.startPrank(owner);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.PermissionCancelled(owner, 7);
        datanets.cancelPermission(7);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NonceUsed.selector, owner, 7));
        datanets.cancelPermission(7);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NonceUsed.selector, owner, 7));
        datanets.permitTraining(id, builder, now_ + 100, 7, signature);
    }
}
