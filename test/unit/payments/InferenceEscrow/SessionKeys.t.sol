// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {InferenceEscrow} from "../../../../src/payments/InferenceEscrow.sol";
import {SignedVoucher} from "../../../../src/types/Claim.sol";
import {ContractWallet, EscrowFixture} from "./EscrowFixture.sol";

/// @notice Who spends from a channel, and when that changes.
contract EscrowSessionKeysTest is EscrowFixture {
    address private third;
    uint256 private thirdKey;

    function setUp() public override {
        super.setUp();
        (third, thirdKey) = makeAddrAndKey("third");
    }

    function _setSigner(address signer) private {
        vm.prank(consumer);
        escrow.setSigner(channelId, signer);
    }

    function _takes(uint256 key) private {
        assertEq(_collect(_voucher(channelId, 1e18, key)), 1e18);
    }

    function _takesNot(uint256 key) private {
        _refused(_voucher(channelId, 1e18, key), _notSignedBy(channelId, vm.addr(key)));
    }

    // ----------------------------------------------------------------------------------------------------- setSigner

    function test_RevertWhen_ASignerIsSetWrongly() public {
        // it should not know the signer of what is not open
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, bytes32("x")));
        escrow.setSigner("x", session);
        // it should let nobody but the consumer change the signer
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_NotConsumer.selector, channelId, stranger)
        );
        vm.prank(stranger);
        escrow.setSigner(channelId, stranger);
        // it should refuse a signer that cannot sign
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroSigner.selector);
        _setSigner(address(0));
    }

    function test_AChangeTakesEffectAfterTheExitDelay() public {
        uint40 effectiveAt = uint40(vm.getBlockTimestamp()) + EXIT_DELAY;
        vm.expectEmit(address(escrow));
        emit IInferenceEscrow.SignerChangeRequested(channelId, session, effectiveAt);
        _setSigner(session);
        IInferenceEscrow.Channel memory c = escrow.channel(channelId);
        assertEq(c.signer, consumer);
        assertEq(c.nextSigner, session);
        assertEq(c.signerAt, effectiveAt);
        vm.warp(effectiveAt - 1);
        // it should take the old signer's vouchers
        _takes(consumerKey);
        // it should not take the new signer's vouchers yet
        _takesNot(sessionKey);
        vm.warp(effectiveAt);
        c = escrow.channel(channelId);
        assertEq(c.signer, session);
        assertEq(c.nextSigner, address(0));
        assertEq(c.signerAt, 0);
        // it should not take the old signer's vouchers any more
        _takesNot(consumerKey);
        // it should take the new signer's vouchers
        _takes(sessionKey);
        _takes(sessionKey);
        _takesNot(consumerKey);
        assertEq(escrow.channel(channelId).signer, session);
        assertEq(escrow.channel(channelId).epoch, 3);
    }

    function test_RevertWhen_AKeyWasRevokedBeforeItsVoucherWasRedeemed() public {
        SignedVoucher memory v = _voucher(3e18);
        _setSigner(session);
        skip(EXIT_DELAY);
        _refused(v, _notSignedBy(channelId, consumer));
    }

    function test_APendingChangeIsReplaced() public {
        uint256 start = vm.getBlockTimestamp();
        _setSigner(session);
        vm.warp(start + EXIT_DELAY - 1);
        _setSigner(third);
        vm.warp(start + EXIT_DELAY);
        // it should replace a change that has not taken effect
        _takesNot(sessionKey);
        _takes(consumerKey);
        vm.warp(start + 2 * EXIT_DELAY - 1);
        _takesNot(sessionKey);
        _takesNot(consumerKey);
        _takes(thirdKey);
    }

    function test_APendingChangeIsTakenBack() public {
        _setSigner(session);
        _setSigner(consumer);
        _takes(consumerKey);
        skip(EXIT_DELAY);
        // it should take a change back by naming the present signer
        _takes(consumerKey);
        _takesNot(sessionKey);
    }

    function test_TheNextChangeStartsFromTheSignerInForce() public {
        _setSigner(session);
        vm.warp(vm.getBlockTimestamp() + EXIT_DELAY);
        _setSigner(third);
        // it should keep the signer in force until the next change takes effect
        assertEq(escrow.channel(channelId).signer, session);
        assertEq(escrow.channel(channelId).nextSigner, third);
        _takes(sessionKey);
        _takesNot(consumerKey);
        vm.warp(vm.getBlockTimestamp() + EXIT_DELAY);
        _takes(thirdKey);
        _takesNot(sessionKey);
        assertEq(escrow.channel(channelId).keyNonce, 2);
    }

    // ------------------------------------------------------------------------------------------------ setSignerBySig

    function _grant(bytes32 id, address signer, uint256 nonce, uint256 key) private view returns (bytes memory) {
        return _sign(key, escrow.sessionKeyDigest(id, signer, nonce, _deadline()));
    }

    function _deadline() private view returns (uint40) {
        return uint40(vm.getBlockTimestamp());
    }

    function _bad(bytes32 id, address of_) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_BadSessionKey.selector, id, of_);
    }

    function test_ASponsorChangesTheSigner() public {
        bytes memory signature = _grant(channelId, session, 0, consumerKey);
        vm.prank(stranger);
        escrow.setSignerBySig(channelId, session, _deadline(), signature);
        skip(EXIT_DELAY);
        // it should let a sponsor change the signer
        _takes(sessionKey);
        _takesNot(consumerKey);
    }

    function test_TheDigestIsEIP712() public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
        bytes32 kind = keccak256("SessionKey(bytes32 channelId,address signer,uint256 nonce,uint40 deadline)");
        bytes32 content = keccak256(abi.encode(kind, channelId, session, 3, uint40(9)));
        bytes32 expected = keccak256(abi.encodePacked(hex"1901", domain, content));
        // it should hash a session key as EIP-712 says
        assertEq(escrow.sessionKeyDigest(channelId, session, 3, 9), expected);
    }

    function test_AContractWalletGrantsASessionKey() public {
        ContractWallet wallet = new ContractWallet(third);
        vm.deal(address(this), 5e18);
        bytes32 id = escrow.openChannelFor{value: 5e18}(address(wallet), nodeId, _nonce(1, consumer));
        bytes memory signature = _grant(id, session, 0, consumerKey);
        vm.expectRevert(_bad(id, address(wallet)));
        escrow.setSignerBySig(id, session, _deadline(), signature);
        // it should ask a contract wallet
        escrow.setSignerBySig(id, session, _deadline(), _grant(id, session, 0, thirdKey));
        skip(EXIT_DELAY);
        assertEq(_collect(_voucher(id, 1e18, sessionKey)), 1e18);
    }

    function test_RevertWhen_TheDeadlineHasPassed() public {
        // it should not know whose signature it would be
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_UnknownChannel.selector, bytes32("x")));
        escrow.setSignerBySig("x", session, _deadline(), "");
        bytes memory signature = _grant(channelId, session, 0, consumerKey);
        uint40 deadline = _deadline();
        skip(1);
        // it should refuse a signature after its deadline
        vm.expectRevert(abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_DeadlinePassed.selector, deadline));
        escrow.setSignerBySig(channelId, session, deadline, signature);
    }

    function test_RevertWhen_TheGrantIsNotForThis() public {
        vm.prank(consumer);
        bytes32 other = escrow.openChannel(nodeId, consumer, "other");
        bytes memory signature = _grant(channelId, session, 0, consumerKey);
        uint40 deadline = _deadline();
        // it should refuse the signature of anybody else
        bytes memory foreign = _grant(channelId, session, 0, sessionKey);
        vm.expectRevert(_bad(channelId, consumer));
        escrow.setSignerBySig(channelId, session, deadline, foreign);
        // it should refuse what was signed for another channel, signer, deadline, escrow or chain
        vm.expectRevert(_bad(other, consumer));
        escrow.setSignerBySig(other, session, deadline, signature);
        vm.expectRevert(_bad(channelId, consumer));
        escrow.setSignerBySig(channelId, third, deadline, signature);
        vm.expectRevert(_bad(channelId, consumer));
        escrow.setSignerBySig(channelId, session, deadline + 1, signature);
        InferenceEscrow second = _newEscrow(address(this));
        vm.prank(consumer);
        bytes32 there = second.openChannel(nodeId, consumer, bytes32(0));
        vm.expectRevert(_bad(there, consumer));
        second.setSignerBySig(there, session, deadline, signature);
        vm.chainId(1);
        vm.expectRevert(_bad(channelId, consumer));
        escrow.setSignerBySig(channelId, session, deadline, signature);
    }

    function test_RevertWhen_AGrantIsUsedTwiceOrOutOfTurn() public {
        bytes memory first = _grant(channelId, session, 0, consumerKey);
        bytes memory second = _grant(channelId, third, 1, consumerKey);
        uint40 deadline = _deadline();
        // it should take a signature once and in its turn
        vm.expectRevert(_bad(channelId, consumer));
        escrow.setSignerBySig(channelId, third, deadline, second);
        escrow.setSignerBySig(channelId, session, deadline, first);
        vm.expectRevert(_bad(channelId, consumer));
        escrow.setSignerBySig(channelId, session, deadline, first);
        _setSigner(consumer);
        vm.expectRevert(_bad(channelId, consumer));
        escrow.setSignerBySig(channelId, third, deadline, second);
    }

    function test_RevertWhen_AGrantIsForNobody() public {
        bytes memory signature = _grant(channelId, address(0), 0, consumerKey);
        uint40 deadline = _deadline();
        vm.expectRevert(IInferenceEscrow.InferenceEscrow_ZeroSigner.selector);
        escrow.setSignerBySig(channelId, address(0), deadline, signature);
    }
}
