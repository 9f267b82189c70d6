// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {IGovernanceOpen} from "../../../src/interfaces/IGovernanceOpen.sol";
import {GovernanceOpen} from "../../../src/token/GovernanceOpen.sol";

contract Refuser {
    receive() external payable {
        revert("no");
    }
}

/// @dev Withdraws once more while it is being paid.
contract Again {
    GovernanceOpen private immutable TOKEN;
    bool public calledAgain;

    constructor(GovernanceOpen token) {
        TOKEN = token;
    }

    function unwrap(uint256 amount) external {
        TOKEN.withdraw(amount);
    }

    receive() external payable {
        (calledAgain,) = address(TOKEN).call(abi.encodeCall(TOKEN.withdraw, (msg.value)));
    }
}

contract GovernanceOpenTest is Test {
    GovernanceOpen private token;
    address private alice = makeAddr("alice");
    address private bob = makeAddr("bob");

    function setUp() public {
        AccessManager manager = new AccessManager(address(this));
        bytes memory init = abi.encodeCall(GovernanceOpen.initialize, (address(manager)));
        token = GovernanceOpen(payable(new ERC1967Proxy(address(new GovernanceOpen()), init)));
        vm.deal(alice, type(uint128).max);
    }

    function testFuzz_OneWeiInOneUnitOut(uint96 amount, uint96 back) public {
        back = uint96(bound(back, 0, amount));
        uint256 before = alice.balance;
        vm.startPrank(alice);
        token.deposit{value: amount}();
        assertEq(token.balanceOf(alice), amount);
        token.withdraw(back);
        vm.stopPrank();
        assertEq(token.balanceOf(alice), amount - back);
        assertEq(token.totalSupply(), address(token).balance);
        assertEq(alice.balance, before - amount + back);
    }

    function test_SendingValueWraps() public {
        vm.prank(alice);
        (bool sent,) = address(token).call{value: 3}("");
        assertTrue(sent);
        assertEq(token.balanceOf(alice), 3);
    }

    function test_DepositAndWithdrawForSomeoneElse() public {
        vm.startPrank(alice);
        vm.expectEmit(address(token));
        emit IGovernanceOpen.Deposit(alice, bob, 5);
        token.depositTo{value: 5}(bob);
        vm.stopPrank();
        vm.prank(bob);
        vm.expectEmit(address(token));
        emit IGovernanceOpen.Withdrawal(bob, address(0xbeef), 5);
        token.withdrawTo(address(0xbeef), 5);
        assertEq(address(0xbeef).balance, 5);
    }

    function test_RevertWhen_WithdrawingMoreThanOneHas() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, bob, 0, 1));
        vm.prank(bob);
        token.withdraw(1);
    }

    function test_RevertWhen_TheReceiverRefuses() public {
        address refuser = address(new Refuser());
        vm.startPrank(alice);
        token.deposit{value: 1}();
        vm.expectRevert(abi.encodeWithSelector(IGovernanceOpen.GovernanceOpen_TransferFailed.selector, refuser, 1));
        token.withdrawTo(refuser, 1);
    }

    function test_VotesCountByTimestampOnceDelegated() public {
        assertEq(token.CLOCK_MODE(), "mode=timestamp");
        assertEq(token.clock(), block.timestamp);
        vm.startPrank(alice);
        token.deposit{value: 7}();
        assertEq(token.getVotes(alice), 0);
        token.delegate(alice);
        assertEq(token.getVotes(alice), 7);
        vm.warp(block.timestamp + 10);
        token.withdraw(7);
        vm.warp(block.timestamp + 1);
        assertEq(token.getPastVotes(alice, block.timestamp - 2), 7);
        assertEq(token.getVotes(alice), 0);
    }

    function _sign(uint256 key, bytes32 structHash) private view returns (uint8 v, bytes32 r, bytes32 s) {
        return vm.sign(key, keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_ApprovalsAndDelegationsAreSignedWithOneSequenceOfNonces() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        uint256 expiry = block.timestamp;
        (uint8 v, bytes32 r, bytes32 s) = _sign(
            key,
            keccak256(
                abi.encode(
                    keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                    owner,
                    bob,
                    9,
                    0,
                    expiry
                )
            )
        );
        token.permit(owner, bob, 9, expiry, v, r, s);
        assertEq(token.allowance(owner, bob), 9);
        assertEq(token.nonces(owner), 1);
        (v, r, s) = _sign(
            key,
            keccak256(
                abi.encode(keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)"), alice, 1, expiry)
            )
        );
        token.delegateBySig(alice, 1, expiry, v, r, s);
        assertEq(token.delegates(owner), alice);
        assertEq(token.nonces(owner), 2);
    }

    function test_AReceiverThatCallsAgainGetsNothingMore() public {
        Again again = new Again(token);
        vm.startPrank(alice);
        token.deposit{value: 10}();
        token.depositTo{value: 4}(address(again));
        vm.stopPrank();
        again.unwrap(4);
        assertEq(address(again).balance, 4);
        assertFalse(again.calledAgain());
        assertEq(address(token).balance, token.totalSupply());
    }

    function test_OnlyAVoteUpgrades() public {
        address next = address(new GovernanceOpen());
        token.upgradeToAndCall(next, "");
        assertEq(token.symbol(), "gOPEN");
    }

    function test_RevertWhen_UpgradedWithoutAuthority() public {
        address next = address(new GovernanceOpen());
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, alice));
        vm.prank(alice);
        token.upgradeToAndCall(next, "");
    }

    function test_WhoPullsOnlyItselfExecutesWhatIsMadeOutToIt() public {
        (address payer, uint256 key) = makeAddrAndKey("payer");
        vm.prank(alice);
        token.depositTo{value: 3}(payer);
        assertFalse(token.isPullOnly(bob));
        _authorize(payer, key, "open to all");
        vm.expectEmit(address(token));
        emit IGovernanceOpen.PullOnlySet(bob, true);
        vm.prank(bob);
        token.setPullOnly(true);
        bytes memory signature = _signature(payer, key, "pulled");
        vm.expectRevert(abi.encodeWithSelector(IGovernanceOpen.GovernanceOpen_PullOnly.selector, bob, address(this)));
        token.transferWithAuthorization(payer, bob, 1, 0, type(uint40).max, "pulled", signature);
        vm.prank(bob);
        token.transferWithAuthorization(payer, bob, 1, 0, type(uint40).max, "pulled", signature);
        vm.prank(bob);
        token.setPullOnly(false);
        _authorize(payer, key, "open again");
        assertEq(token.balanceOf(bob), 3);
    }

    function _authorize(address payer, uint256 key, bytes32 nonce) private {
        bytes memory signature = _signature(payer, key, nonce);
        token.transferWithAuthorization(payer, bob, 1, 0, type(uint40).max, nonce, signature);
    }

    function _signature(address payer, uint256 key, bytes32 nonce) private view returns (bytes memory) {
        bytes32 kind = keccak256(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 structHash = keccak256(abi.encode(kind, payer, bob, 1, 0, type(uint40).max, nonce));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
        return abi.encodePacked(r, s, v);
    }
}
