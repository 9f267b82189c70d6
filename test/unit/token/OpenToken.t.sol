// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {Test} from "forge-std/Test.sol";
import {OpenToken} from "../../../src/token/OpenToken.sol";

contract OpenTokenTest is Test {
    OpenToken private token;
    address private holder = makeAddr("holder");
    address private upgrader = makeAddr("upgrader");

    function setUp() public {
        bytes memory init = abi.encodeCall(OpenToken.initialize, (holder, upgrader));
        token = OpenToken(address(new ERC1967Proxy(address(new OpenToken()), init)));
    }

    function test_HolderGetsTheWholeSupply() public view {
        assertEq(token.totalSupply(), 1_000_000_000e18);
        assertEq(token.balanceOf(holder), token.SUPPLY());
        assertEq(token.decimals(), 18);
    }

    function test_NameAndSymbolFitAGasToken() public view {
        assertLe(bytes(token.name()).length, 32);
        assertLe(bytes(token.symbol()).length, 32);
    }

    function testFuzz_WhatIsSentArrivesWhole(address to, uint256 amount) public {
        vm.assume(to != address(0) && to != holder);
        amount = bound(amount, 0, token.SUPPLY());
        vm.prank(holder);
        assertTrue(token.transfer(to, amount));
        assertEq(token.balanceOf(to), amount);
        assertEq(token.balanceOf(holder), token.SUPPLY() - amount);
        assertEq(token.totalSupply(), token.SUPPLY());
    }

    function test_BurningForAnotherNeedsAnAllowance() public {
        vm.prank(holder);
        token.approve(upgrader, 5);
        vm.startPrank(upgrader);
        token.burnFrom(holder, 5);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, upgrader, 0, 1));
        token.burnFrom(holder, 1);
    }

    function testFuzz_BurnLowersTheSupply(uint256 amount) public {
        amount = bound(amount, 0, token.SUPPLY());
        vm.prank(holder);
        token.burn(amount);
        assertEq(token.totalSupply(), token.SUPPLY() - amount);
    }

    function testFuzz_PermitNeedsNoTransactionOfTheOwner(uint248 seed, uint256 value) public {
        uint256 key = bound(seed, 1, type(uint248).max);
        address owner = vm.addr(key);
        bytes32 permit = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                owner,
                address(this),
                value,
                0,
                block.timestamp
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), permit));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        token.permit(owner, address(this), value, block.timestamp, v, r, s);
        assertEq(token.allowance(owner, address(this)), value);
    }

    function test_UpgraderCanUpgrade() public {
        address next = address(new OpenToken());
        vm.prank(upgrader);
        token.upgradeToAndCall(next, "");
        assertEq(token.totalSupply(), token.SUPPLY());
    }

    function test_RevertWhen_AnyoneElseUpgrades() public {
        address next = address(new OpenToken());
        vm.expectRevert(abi.encodeWithSelector(OpenToken.OpenToken_NotUpgrader.selector, holder));
        vm.prank(holder);
        token.upgradeToAndCall(next, "");
    }

    function test_RenouncedUpgradesAreGoneForEver() public {
        vm.prank(upgrader);
        token.renounceUpgrades();
        assertEq(token.upgrader(), address(0));
        address next = address(new OpenToken());
        vm.expectRevert(abi.encodeWithSelector(OpenToken.OpenToken_NotUpgrader.selector, upgrader));
        vm.prank(upgrader);
        token.upgradeToAndCall(next, "");
    }

    function test_RevertWhen_AnyoneElseRenounces() public {
        vm.expectRevert(abi.encodeWithSelector(OpenToken.OpenToken_NotUpgrader.selector, address(this)));
        token.renounceUpgrades();
    }

    function test_RevertWhen_InitializedTwice() public {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        token.initialize(holder, upgrader);
    }

    function test_RevertWhen_NobodyCouldUpgrade() public {
        address implementation = address(new OpenToken());
        vm.expectRevert(OpenToken.OpenToken_ZeroAddress.selector);
        new ERC1967Proxy(implementation, abi.encodeCall(OpenToken.initialize, (holder, address(0))));
    }
}
