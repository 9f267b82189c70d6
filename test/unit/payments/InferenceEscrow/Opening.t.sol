// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {
    ERC3009Upgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/draft-ERC3009Upgradeable.sol";
import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {InferenceEscrow} from "../../../../src/payments/InferenceEscrow.sol";
import {ContractWallet, EscrowFixture} from "./EscrowFixture.sol";

/// @notice How money gets into a channel.
contract EscrowOpeningTest is EscrowFixture {
    uint256 private constant MOST = uint256(type(uint64).max) * 1 gwei;

    // --------------------------------------------------------------------------------------------------- openChannel

    function test_RevertWhen_NobodyCouldSpend() public {
        // it should refuse a channel that nobody can spend
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroSigner.selector);
        escrow.openChannel(nodeId, address(0), "x");
    }

    function test_RevertWhen_AChannelIsOpenedTwice() public {
        // it should refuse to open a channel twice
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_ChannelExists.selector, channelId));
        vm.prank(consumer);
        escrow.openChannel(nodeId, session, bytes32(0));
    }

    function test_RevertWhen_TheNodeIsNotRegistered() public {
        // it should refuse a node that is not registered
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 99));
        escrow.openChannel(99, session, "x");
    }

    function test_RevertWhen_ADepositIsMoreThanAChannelCanSettle() public {
        // it should refuse more than a channel can settle
        vm.deal(stranger, MOST + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_AmountTooLarge.selector, MOST + 1));
        vm.prank(stranger);
        escrow.openChannel{value: MOST + 1}(nodeId, stranger, "x");
    }

    function testFuzz_AChannelIsNamedByItsParts(address signer, bytes32 nonce, uint96 value) public {
        vm.assume(signer != address(0));
        value = uint96(bound(value, 0, MOST));
        vm.deal(stranger, value);
        vm.expectEmit(address(escrow));
        bytes32 id = keccak256(abi.encode(block.chainid, address(escrow), stranger, nodeId, nonce));
        emit IInferenceEscrow.ChannelOpened(id, stranger, nodeId, signer, nonce, value);
        vm.prank(stranger);
        bytes32 opened = escrow.openChannel{value: value}(nodeId, signer, nonce);
        // it should name the channel by chain, escrow, consumer, node and nonce
        assertEq(opened, id);
        assertEq(escrow.channelIdOf(stranger, nodeId, nonce), id);
        // it should book the value as the deposit
        IInferenceEscrow.Channel memory c = escrow.channel(id);
        assertEq(c.deposit, value);
        assertEq(c.consumer, stranger);
        assertEq(c.signer, signer);
        assertEq(c.nodeId, nodeId);
        assertEq(uint256(c.epoch) + c.settled + c.exitAt + c.exitAmount + c.signerAt + c.keyNonce, 0);
        assertEq(c.nextSigner, address(0));
        assertEq(address(escrow).balance, uint256(DEPOSIT) + value);
    }

    // ------------------------------------------------------------------------------------------------ openChannelFor

    function test_RevertWhen_AChannelWouldBeNobodys() public {
        // it should refuse a channel of nobody
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroConsumer.selector);
        escrow.openChannelFor(address(0), nodeId, _nonce(1, session));
        // it should refuse a nonce without a signer
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroSigner.selector);
        escrow.openChannelFor(consumer, nodeId, _nonce(1, address(0)));
    }

    function test_ASponsorOpensAChannelForSomebody() public {
        vm.deal(stranger, 5e18);
        vm.prank(stranger);
        bytes32 id = escrow.openChannelFor{value: 5e18}(consumer, nodeId, _nonce(1, session));
        assertEq(id, escrow.channelIdOf(consumer, nodeId, _nonce(1, session)));
        // it should make the named signer the one who spends
        assertEq(escrow.channel(id).signer, session);
        assertEq(_collect(_voucher(id, 2e18, sessionKey)), 2e18);
        // it should give the rest to the consumer and not to who paid
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotConsumer.selector, id, stranger));
        vm.prank(stranger);
        escrow.requestExit(id);
        vm.prank(consumer);
        escrow.requestExit(id);
        skip(EXIT_DELAY);
        uint256 before = consumer.balance;
        escrow.withdraw(id);
        assertEq(consumer.balance - before, 3e18);
    }

    function testFuzz_AStrangerCannotPutItsOwnSignerIntoAChannelOfAnother(uint96 salt, address signer) public {
        vm.assume(signer != address(0));
        // it should let a stranger open nothing but what the nonce says
        vm.prank(stranger);
        bytes32 id = escrow.openChannelFor(consumer, nodeId, _nonce(salt, signer));
        assertEq(escrow.channel(id).signer, signer);
        assertEq(escrow.channel(id).consumer, consumer);
        assertEq(id, escrow.channelIdOf(consumer, nodeId, _nonce(salt, signer)));
    }

    // ---------------------------------------------------------------------------------- openChannelWithAuthorization

    function test_AnAuthorizationOpensAChannel() public {
        _wrap(consumer, 7e18);
        bytes32 nonce = _nonce(7, session);
        bytes32 id = escrow.channelIdOf(consumer, nodeId, nonce);
        IInferenceEscrow.Authorization memory a = _authorization(consumer, id, 7e18, consumerKey);
        vm.prank(stranger);
        assertEq(escrow.openChannelWithAuthorization(consumer, nodeId, nonce, a), id);
        // it should unwrap what the consumer authorized into the deposit
        assertEq(escrow.channel(id).deposit, 7e18);
        assertEq(escrow.channel(id).consumer, consumer);
        assertEq(escrow.channel(id).signer, session);
        assertEq(gopen.balanceOf(consumer), 0);
        assertEq(gopen.balanceOf(address(escrow)), 0);
        assertEq(address(escrow).balance, DEPOSIT + 7e18);
        assertEq(_collect(_voucher(id, 7e18, sessionKey)), 7e18);
        // it should refuse an authorization twice
        vm.expectRevert(abi.encodeWithSelector(ERC3009Upgradeable.ERC3009UsedAuthorization.selector, consumer, id));
        escrow.openChannelWithAuthorization(consumer, nodeId, nonce, a);
    }

    function test_AContractWalletAuthorizesToo() public {
        ContractWallet wallet = new ContractWallet(consumer);
        _wrap(address(wallet), 7e18);
        bytes32 nonce = _nonce(7, session);
        bytes32 id = escrow.channelIdOf(address(wallet), nodeId, nonce);
        IInferenceEscrow.Authorization memory a = _authorization(address(wallet), id, 7e18, consumerKey);
        escrow.openChannelWithAuthorization(address(wallet), nodeId, nonce, a);
        // it should take the signature of a contract wallet
        assertEq(escrow.channel(id).deposit, 7e18);
        assertEq(escrow.channel(id).consumer, address(wallet));
    }

    function test_AChannelOpenedByAStrangerBeforeIsToppedUp() public {
        _wrap(consumer, 7e18);
        bytes32 nonce = _nonce(7, session);
        vm.deal(stranger, 1);
        vm.prank(stranger);
        bytes32 id = escrow.openChannelFor{value: 1}(consumer, nodeId, nonce);
        vm.expectEmit(address(escrow));
        emit IInferenceEscrow.ChannelToppedUp(id, consumer, 7e18, 7e18 + 1);
        escrow.openChannelWithAuthorization(consumer, nodeId, nonce, _authorization(consumer, id, 7e18, consumerKey));
        // it should top up a channel that somebody else opened first
        assertEq(escrow.channel(id).deposit, 7e18 + 1);
        assertEq(escrow.channel(id).signer, session);
        IInferenceEscrow.Authorization memory nothing = _authorization(consumer, id, 0, consumerKey);
        // it should refuse to top up with an authorization of nothing
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroAmount.selector);
        escrow.openChannelWithAuthorization(consumer, nodeId, nonce, nothing);
    }

    function test_RevertWhen_SomebodyElseAuthorizes() public {
        _wrap(consumer, 7e18);
        bytes32 nonce = _nonce(7, session);
        bytes32 id = escrow.channelIdOf(consumer, nodeId, nonce);
        IInferenceEscrow.Authorization memory a = _authorization(consumer, id, 7e18, sessionKey);
        // it should refuse an authorization that the consumer did not sign
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        escrow.openChannelWithAuthorization(consumer, nodeId, nonce, a);
    }

    function test_RevertWhen_AnAuthorizationWasForAnotherChannel() public {
        _wrap(consumer, 7e18);
        bytes32 nonce = _nonce(7, session);
        bytes32 id = escrow.channelIdOf(consumer, nodeId, nonce);
        IInferenceEscrow.Authorization memory a = _authorization(consumer, id, 7e18, consumerKey);
        vm.prank(stranger);
        uint40 other = uint40(agents.register("store:0x"));
        InferenceEscrow second = _newEscrow(address(this));
        // it should refuse an authorization for another node, signer or escrow
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        escrow.openChannelWithAuthorization(consumer, other, nonce, a);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        escrow.openChannelWithAuthorization(consumer, nodeId, _nonce(7, stranger), a);
        vm.expectRevert(ERC3009Upgradeable.ERC3009InvalidSignature.selector);
        second.openChannelWithAuthorization(consumer, nodeId, nonce, a);
    }

    // --------------------------------------------------------------------------------------------------------- topUp

    function test_AnyoneTopsUp() public {
        vm.prank(consumer);
        escrow.requestWithdraw(channelId, 30e18);
        vm.deal(stranger, 4e18);
        vm.expectEmit(address(escrow));
        emit IInferenceEscrow.ChannelToppedUp(channelId, stranger, 4e18, DEPOSIT + 4e18);
        vm.prank(stranger);
        escrow.topUp{value: 4e18}(channelId);
        // it should add to the deposit whoever pays
        IInferenceEscrow.Channel memory c = escrow.channel(channelId);
        assertEq(c.deposit, DEPOSIT + 4e18);
        // it should leave a requested exit as it is
        assertEq(c.exitAmount, 30e18);
        assertEq(c.exitAt, block.timestamp + EXIT_DELAY);
    }

    function test_RevertWhen_ATopUpIsWrong() public {
        // it should refuse to top up what is not open
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, bytes32("x")));
        escrow.topUp{value: 0}("x");
        // it should refuse to top up with nothing
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroAmount.selector);
        escrow.topUp(channelId);
        // it should refuse a top-up beyond what a channel can settle
        vm.deal(stranger, MOST);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_AmountTooLarge.selector, MOST + DEPOSIT)
        );
        vm.prank(stranger);
        escrow.topUp{value: MOST}(channelId);
    }

    // ---------------------------------------------------------------------------------------------------- governance

    function test_TheSettlementIsPartOfTheCode() public {
        // it should tell the connected settlement
        assertEq(escrow.settlement(), address(this));
        assertEq(_newEscrow(operator).settlement(), operator);
    }

    function test_RevertWhen_MoneyIsForNoChannel() public {
        vm.deal(stranger, 2);
        // it should refuse money that belongs to no channel
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotGovernanceOpen.selector, stranger));
        vm.prank(stranger);
        (bool ignored,) = address(escrow).call{value: 1}("");
        assertTrue(ignored, "the cheatcode expects a revert");
        // it should take what gOPEN unwraps
        _wrap(stranger, 1);
        vm.prank(stranger);
        gopen.withdrawTo(address(escrow), 1);
        assertEq(address(escrow).balance, DEPOSIT + 1);
    }

    function test_AnUpgradeKeepsEveryChannel() public {
        address code = address(new InferenceEscrow(agents, parameters, gopen, address(this)));
        // it should refuse code from a stranger
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        escrow.upgradeToAndCall(code, "");
        _collect(_voucher(5e18));
        IInferenceEscrow.Channel memory before = escrow.channel(channelId);
        escrow.upgradeToAndCall(code, "");
        // it should keep every channel
        assertEq(abi.encode(escrow.channel(channelId)), abi.encode(before));
        assertEq(_collect(_voucher(5e18)), 5e18);
    }

    function _wrap(address holder, uint256 amount) private {
        vm.deal(address(this), amount);
        gopen.depositTo{value: amount}(holder);
    }
}
