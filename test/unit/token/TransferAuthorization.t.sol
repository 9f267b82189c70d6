// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";
import {Test} from "forge-std/Test.sol";
import {GovernanceOpen} from "../../../src/token/GovernanceOpen.sol";
import {OpenToken} from "../../../src/token/OpenToken.sol";

/// @dev A wallet that is a contract: what its key signed is its signature.
contract Wallet is IERC1271 {
    address private immutable KEY;

    constructor(address key) {
        KEY = key;
    }

    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev Both tokens keep the same promises.
abstract contract TransferAuthorizationTest is Test {
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    OpenToken internal token;
    address private holder;
    uint256 private key;
    Wallet private wallet;
    address private shop = makeAddr("shop");
    uint256 private from;
    uint256 private until;

    /// @dev The token, with 100 for each of two holders.
    function _token(address one, address two) internal virtual returns (OpenToken);

    function setUp() public {
        vm.warp(1_700_000_000);
        (from, until) = (block.timestamp - 1, block.timestamp + 1);
        (holder, key) = makeAddrAndKey("holder");
        wallet = new Wallet(holder);
        token = _token(holder, address(wallet));
    }

    function _hash(bytes32 kind, address owner, uint256 value, bytes32 nonce) private view returns (bytes32) {
        return _digest(keccak256(abi.encode(kind, owner, shop, value, from, until, nonce)));
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash));
    }

    function _sign(bytes32 digest) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function testFuzz_AnyoneSendsWhatTheHolderSigned(bytes32 nonce, uint256 value, address sender) public {
        value = bound(value, 0, 100);
        assertFalse(token.authorizationState(holder, nonce));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _hash(TRANSFER, holder, value, nonce));
        vm.expectEmit(address(token));
        emit IERC3009.AuthorizationUsed(holder, nonce);
        vm.prank(sender);
        token.transferWithAuthorization(holder, shop, value, from, until, nonce, v, r, s);
        assertEq(token.balanceOf(shop), value);
        assertTrue(token.authorizationState(holder, nonce));
    }

    function testFuzz_ASignatureInOnePieceDoesTheSame(bytes32 nonce, uint256 value) public {
        value = bound(value, 0, 100);
        bytes memory signature = _sign(_hash(TRANSFER, holder, value, nonce));
        token.transferWithAuthorization(holder, shop, value, from, until, nonce, signature);
        assertEq(token.balanceOf(shop), value);
        assertTrue(token.authorizationState(holder, nonce));
    }

    function test_AContractWalletAuthorizesToo() public {
        address owner = address(wallet);
        token.transferWithAuthorization(owner, shop, 1, from, until, "a", _sign(_hash(TRANSFER, owner, 1, "a")));
        bytes memory receiving = _sign(_hash(RECEIVE, owner, 2, "b"));
        vm.prank(shop);
        token.receiveWithAuthorization(owner, shop, 2, from, until, "b", receiving);
        assertEq(token.balanceOf(shop), 3);
        token.cancelAuthorization(owner, "c", _sign(_digest(keccak256(abi.encode(CANCEL, owner, bytes32("c"))))));
        assertTrue(token.authorizationState(owner, "c"));
    }

    function test_OnlyTheReceiverReceives() public {
        bytes memory signature = _sign(_hash(RECEIVE, holder, 5, "n"));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _hash(RECEIVE, holder, 5, "n"));
        bytes memory denied = abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, shop);
        vm.expectRevert(denied);
        token.receiveWithAuthorization(holder, shop, 5, from, until, "n", signature);
        vm.expectRevert(denied);
        token.receiveWithAuthorization(holder, shop, 5, from, until, "n", v, r, s);
        vm.prank(shop);
        token.receiveWithAuthorization(holder, shop, 5, from, until, "n", v, r, s);
        assertEq(token.balanceOf(shop), 5);
    }

    function test_RevertWhen_AReceiptIsPlayedAsATransfer() public {
        bytes memory signature = _sign(_hash(RECEIVE, holder, 5, "n"));
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(holder, shop, 5, from, until, "n", signature);
    }

    function test_RevertWhen_Replayed() public {
        bytes memory signature = _sign(_hash(TRANSFER, holder, 5, "n"));
        token.transferWithAuthorization(holder, shop, 5, from, until, "n", signature);
        bytes memory used =
            abi.encodeWithSelector(ERC3009Upgradeable.ERC3009UsedAuthorization.selector, holder, bytes32("n"));
        vm.expectRevert(used);
        token.transferWithAuthorization(holder, shop, 5, from, until, "n", signature);
        signature = _sign(_hash(RECEIVE, holder, 5, "n"));
        vm.prank(shop);
        vm.expectRevert(used);
        token.receiveWithAuthorization(holder, shop, 5, from, until, "n", signature);
    }

    function test_RevertWhen_ReplayedOnAnotherChain() public {
        bytes memory signature = _sign(_hash(TRANSFER, holder, 5, "n"));
        vm.chainId(10);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(holder, shop, 5, from, until, "n", signature);
    }

    function test_RevertWhen_AnyFieldDiffers() public {
        bytes memory signature = _sign(_hash(TRANSFER, holder, 5, "n"));
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(address(wallet), shop, 5, from, until, "n", signature);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(holder, address(this), 5, from, until, "n", signature);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(holder, shop, 6, from, until, "n", signature);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(holder, shop, 5, from - 1, until, "n", signature);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(holder, shop, 5, from, until + 1, "n", signature);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.transferWithAuthorization(holder, shop, 5, from, until, "m", signature);
    }

    function test_RevertWhen_ItIsTooEarlyOrTooLate() public {
        bytes memory signature = _sign(_hash(TRANSFER, holder, 5, "n"));
        bytes memory wrongTime =
            abi.encodeWithSelector(ERC3009Upgradeable.ERC3009InvalidAuthorizationTime.selector, from, until);
        vm.warp(from);
        vm.expectRevert(wrongTime);
        token.transferWithAuthorization(holder, shop, 5, from, until, "n", signature);
        vm.warp(until);
        vm.expectRevert(wrongTime);
        token.transferWithAuthorization(holder, shop, 5, from, until, "n", signature);
    }

    function test_ACancelledAuthorizationIsWorthNothing() public {
        bytes32 digest = _digest(keccak256(abi.encode(CANCEL, holder, bytes32("n"))));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        vm.expectEmit(address(token));
        emit IERC3009Cancel.AuthorizationCanceled(holder, "n");
        token.cancelAuthorization(holder, "n", v, r, s);
        bytes memory signature = _sign(_hash(TRANSFER, holder, 5, "n"));
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009Upgradeable.ERC3009UsedAuthorization.selector, holder, bytes32("n"))
        );
        token.transferWithAuthorization(holder, shop, 5, from, until, "n", signature);
    }

    function test_RevertWhen_SomeoneElseCancels() public {
        (, uint256 other) = makeAddrAndKey("other");
        bytes32 digest = _digest(keccak256(abi.encode(CANCEL, holder, bytes32("n"))));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(other, digest);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.cancelAuthorization(holder, "n", abi.encodePacked(r, s, v));
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        token.cancelAuthorization(holder, "n", v, r, s);
    }
}

contract OpenTokenAuthorizationTest is TransferAuthorizationTest {
    function _token(address one, address two) internal override returns (OpenToken open) {
        bytes memory init = abi.encodeCall(OpenToken.initialize, (address(this), address(this)));
        open = OpenToken(address(new ERC1967Proxy(address(new OpenToken()), init)));
        require(open.transfer(one, 100) && open.transfer(two, 100));
    }
}

contract GovernanceOpenAuthorizationTest is TransferAuthorizationTest {
    function _token(address one, address two) internal override returns (OpenToken) {
        AccessManager manager = new AccessManager(address(this));
        bytes memory init = abi.encodeCall(GovernanceOpen.initialize, (address(manager)));
        GovernanceOpen gopen = GovernanceOpen(payable(new ERC1967Proxy(address(new GovernanceOpen()), init)));
        vm.deal(address(this), 200);
        gopen.depositTo{value: 100}(one);
        gopen.depositTo{value: 100}(two);
        // The functions under test have the same selectors.
        return OpenToken(address(gopen));
    }

    function test_VotesMoveWithAnAuthorizedTransfer() public {
        (address holder, uint256 key) = makeAddrAndKey("holder");
        GovernanceOpen gopen = GovernanceOpen(payable(address(token)));
        vm.prank(holder);
        gopen.delegate(holder);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                holder,
                address(this),
                40,
                0,
                type(uint40).max,
                bytes32("v")
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked("\x19\x01", gopen.DOMAIN_SEPARATOR(), structHash)));
        gopen.transferWithAuthorization(holder, address(this), 40, 0, type(uint40).max, "v", v, r, s);
        assertEq(gopen.getVotes(holder), 60);
    }
}
