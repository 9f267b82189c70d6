// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Allocation} from "../../../../src/libraries/Allocation.sol";
import {SignedVoucher} from "../../../../src/types/Claim.sol";
import {Item} from "../../../../src/types/Leaves.sol";
import {Roles} from "../../../../src/types/Roles.sol";
import {NoticeWitness} from "../../../../src/types/Witness.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Draft} from "../../../utils/Prover.sol";
import {PlainTree, Trees} from "../../../utils/Trees.sol";

contract NoticePredicateTest is FraudTest {
    using Trees for PlainTree;

    /// @dev The evidence of receipt r, hashed as formats.md says.
    function _evidence(Draft memory x, uint256 r) private view returns (bytes32) {
        bytes memory all = abi.encodePacked(uint8(0x19), _receiptHash(x, r), x.queryHashes[r]);
        for (uint256 k = 0; k < x.items[r].length; ++k) {
            Item memory i = x.items[r][k];
            if (i.kind <= Allocation.RETRIEVAL) all = abi.encodePacked(all, i.asset, i.kind, i.score, i.evidence);
        }
        return keccak256(all);
    }

    function _receiptHash(Draft memory x, uint256 r) private view returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0x10), _receipt(x, r)));
    }

    function _notice(Draft memory x, uint256 r, bytes32 evidence, uint256 key) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedger"),
                keccak256("1"),
                block.chainid,
                address(d.settlement)
            )
        );
        bytes32 notice = keccak256(
            abi.encode(
                keccak256("AttributionNotice(uint40 nodeId,bytes32 receiptHash,bytes32 evidenceHash)"),
                nodeId,
                _receiptHash(x, r),
                evidence
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, notice));
        assertEq(d.notice.noticeDigest(nodeId, _receiptHash(x, r), evidence), digest);
        return _witness(x, r, evidence, _sign(key, digest));
    }

    function _witness(Draft memory x, uint256 r, bytes32 evidence, bytes memory signature)
        private
        view
        returns (bytes memory)
    {
        NoticeWitness memory w = NoticeWitness({
            signature: signature,
            evidenceHash: evidence,
            attribution: _attribution(x, r),
            creditIndexes: _creditIndexes(x, r),
            attributionPath: _attributionsTree(x).proof(r),
            position: uint32(r)
        });
        return _flat(abi.encode(w));
    }

    function test_WhatWasSettledIsNoFraud() public {
        // it should say no when the evidence is as settled
        Draft memory x = _honest();
        _submit(x);
        for (uint256 r = 0; r < 3; ++r) {
            _assertNotFraud(x, address(d.notice), _notice(x, r, _evidence(x, r), operatorKey));
        }
    }

    function testFuzz_AnyOtherEvidenceThatTheNodeSignedIsFraud(bytes32 evidence, uint8 r) public {
        // it should say yes for any other evidence that the node signed
        Draft memory x = _honest();
        r = r % 3;
        vm.assume(evidence != _evidence(x, r));
        _submit(x);
        _assertFraud(x, address(d.notice), _notice(x, r, evidence, operatorKey));
    }

    function test_AnItemThatWasShownAndNotSettledIsFraud() public {
        // it should say yes for an item that was shown and not settled
        Draft memory shown = _honest();
        bytes32 evidence = _evidence(shown, 0);
        Draft memory x = _draft(_answers());
        // The node leaves the best item out.
        Item[] memory fewer = new Item[](x.items[0].length - 1);
        for (uint256 k = 0; k < fewer.length; ++k) {
            fewer[k] = x.items[0][k + 1];
        }
        x.items[0] = fewer;
        _pay(x);
        _seal(x);
        _submit(x);
        _assertFraud(x, address(d.notice), _notice(x, 0, evidence, operatorKey));
    }

    /// @dev The node's owner lets the consumer's account act for the node.
    function _setWallet() private {
        uint256 deadline = vm.getBlockTimestamp() + 60;
        (, string memory name, string memory version,, address verifier,,) = d.agents.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                verifier
            )
        );
        bytes32 message =
            keccak256(abi.encode(d.agents.AGENT_WALLET_SET_TYPEHASH(), nodeId, consumer, operator, deadline));
        bytes memory signature = _sign(consumerKey, keccak256(abi.encodePacked(hex"1901", domain, message)));
        vm.prank(operator);
        d.agents.setAgentWallet(nodeId, consumer, deadline, signature);
    }

    function _nextBlock() private {
        vm.roll(vm.getBlockNumber() + 1);
    }

    function _submitAs(address wallet, Draft memory x) private {
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = x.voucher;
        vm.prank(wallet);
        d.settlement.redeemAndPropose(nodeId, vouchers, x.claim, x.claimData, LOCATOR);
    }

    function test_TheWalletThatWasSetSignsForTheNode() public {
        // it should go by the wallet of the claim's block
        _nextBlock();
        _setWallet();
        _nextBlock();
        _nextBlock();
        Draft memory x = _honest();
        _submitAs(consumer, x);
        _assertNotFraud(x, address(d.notice), _notice(x, 0, "shown", operatorKey));
        _assertFraud(x, address(d.notice), _notice(x, 0, "shown", consumerKey));
    }

    function test_AnotherWalletAfterTheClaimIsNoWayOut() public {
        // it should not go by a later wallet
        Draft memory x = _honest();
        _submit(x);
        _nextBlock();
        _setWallet();
        _nextBlock();
        _assertNotFraud(x, address(d.notice), _notice(x, 0, "shown", consumerKey));
        _assertFraud(x, address(d.notice), _notice(x, 0, "shown", operatorKey));
    }

    function test_AnotherWalletInTheBlockOfTheClaimIsNoWayOut() public {
        // it should go by the wallet before the claim's block, too
        _nextBlock();
        _setWallet();
        Draft memory x = _honest();
        _submitAs(consumer, x);
        _nextBlock();
        assertTrue(d.notice.isFraud(x.claim, _notice(x, 0, "shown", consumerKey)));
        _assertFraud(x, address(d.notice), _notice(x, 0, "shown", operatorKey));
    }

    function test_AClaimThatNobodyProposedBreaksNoPromise() public {
        // it should say no for a claim that was never proposed
        Draft memory x = _honest();
        assertFalse(d.notice.isFraud(x.claim, _notice(x, 0, "shown", operatorKey)));
    }

    function test_AnothersSignatureProvesNothing() public {
        // it should say no when another signed
        Draft memory x = _honest();
        _submit(x);
        _assertNotFraud(x, address(d.notice), _notice(x, 0, "shown", consumerKey));
        _assertNotFraud(x, address(d.notice), _witness(x, 0, "shown", ""));
    }

    function test_ANoticeOfAnotherReceiptProvesNothing() public {
        // it should say no for a notice of another receipt
        Draft memory x = _honest();
        _submit(x);
        bytes memory witness = _notice(x, 1, _evidence(x, 1), operatorKey);
        // Receipt 1's notice with receipt 0's attribution: the signature is not over receipt 0.
        NoticeWitness memory w = abi.decode(abi.encodePacked(uint256(32), witness), (NoticeWitness));
        w.attribution = _attribution(x, 0);
        w.creditIndexes = _creditIndexes(x, 0);
        w.attributionPath = _attributionsTree(x).proof(0);
        w.position = 0;
        _assertNotFraud(x, address(d.notice), _flat(abi.encode(w)));
    }

    function test_AnAttributionThatIsNotSettledProvesNothing() public {
        // it should say no when the attribution is not at the position
        Draft memory x = _honest();
        _submit(x);
        bytes memory witness = _notice(x, 0, "shown", operatorKey);
        NoticeWitness memory w = abi.decode(abi.encodePacked(uint256(32), witness), (NoticeWitness));
        w.position = 1;
        _assertNotFraud(x, address(d.notice), _flat(abi.encode(w)));
        w.position = 77;
        _assertNotFraud(x, address(d.notice), _flat(abi.encode(w)));
    }

    function test_AnotherProposerIsNotBoundByTheNodesNotices() public {
        // it should say no when the proposer is not the node
        Draft memory x = _honest();
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = x.voucher;
        vm.prank(operator);
        d.settlement.redeem(nodeId, vouchers);
        // Another agent settles what the node left lying.
        address rescuer = makeAddr("rescuer");
        vm.deal(rescuer, STAKE);
        vm.startPrank(rescuer);
        x.claim.proposer = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: STAKE}(x.claim.proposer, Roles.NODE);
        vm.warp(vm.getBlockTimestamp() + _parameters().attributionDeadline);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
        vm.stopPrank();
        _assertNotFraud(x, address(d.notice), _notice(x, 0, "shown", operatorKey));
    }

    function test_RevertWhen_TheAttributionHasNoHeader() public {
        // it should refuse an attribution without header
        Draft memory x = _honest();
        NoticeWitness memory w;
        w.attribution = new bytes(80);
        x.claim.receiptCount = 1;
        x.claim.attributionsRoot =
            keccak256(abi.encodePacked(uint8(0x13), keccak256(abi.encodePacked(uint8(0x12), w.attribution))));
        w.attributionPath = abi.encodePacked(uint40(0));
        vm.expectRevert();
        d.notice.isFraud(x.claim, _flat(abi.encode(w)));
    }
}
