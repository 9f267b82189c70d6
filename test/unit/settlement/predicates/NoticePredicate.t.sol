// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Allocation} from "../../../../src/libraries/Allocation.sol";
import {Item} from "../../../../src/types/Leaves.sol";
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

    function test_TheWalletThatWasSetSignsForTheNode() public {
        // it should go by the agent wallet
        Draft memory x = _honest();
        _submit(x);
        vm.mockCall(address(d.agents), abi.encodeCall(d.agents.getAgentWallet, (nodeId)), abi.encode(consumer));
        _assertNotFraud(x, address(d.notice), _notice(x, 0, "shown", operatorKey));
        _assertFraud(x, address(d.notice), _notice(x, 0, "shown", consumerKey));
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
        _submit(x);
        bytes memory witness = _notice(x, 0, "shown", operatorKey);
        assertTrue(d.notice.isFraud(x.claim, witness));
        x.claim.proposer = nodeId + 1;
        assertFalse(d.notice.isFraud(x.claim, witness));
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
