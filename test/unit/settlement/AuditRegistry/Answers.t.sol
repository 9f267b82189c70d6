// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAuditRegistry} from "../../../../src/interfaces/IAuditRegistry.sol";
import {CreditOpening, PayoutOpening} from "../../../../src/types/Opening.sol";
import {Draft} from "../../../utils/Prover.sol";
import {PlainTree, SumTree, Trees} from "../../../utils/Trees.sol";
import {AuditFixture} from "./AuditFixture.sol";

contract AuditRegistryAnswersTest is AuditFixture {
    using Trees for SumTree;
    using Trees for PlainTree;

    function _assertAnswers(Draft memory x, uint256 id, bytes memory witness) private {
        uint256 before = watcher.balance;
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.Answered(id, d.settlement.claimIdOf(x.claim), address(this), witness);
        d.audits.answer(id, x.claim, witness, watcher);
        // it should pay the bond to whom the answerer names
        assertEq(watcher.balance, before + bond);
        assertEq(uint8(d.audits.requestOf(id).status), uint8(IAuditRegistry.RequestStatus.Answered));
    }

    function _assertNoAnswer(Draft memory x, uint256 id, bytes memory witness) private {
        // it should refuse what does not open it
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotAnswered.selector, id));
        d.audits.answer(id, x.claim, witness, watcher);
    }

    function test_AnHonestProposerCanAnswerEverything() public {
        (Draft memory x,) = _open();
        // it should take an attribution
        for (uint40 r = 0; r < 3; ++r) {
            _assertAnswers(x, _request(x, ATTRIBUTION, r, 0), _attributionAnswer(x, r));
        }
        for (uint40 a = 0; a < ASSETS; ++a) {
            // it should take a payout or its absence
            _assertAnswers(x, _request(x, PAYOUT, a, 0), _payoutAnswer(x, a));
            for (uint32 i = 0; i < 5; ++i) {
                // it should take a credit, a pad, or that there is none
                _assertAnswers(x, _request(x, CREDIT, a, i), _creditAnswer(x, a, i));
            }
        }
        _assertAnswers(x, _request(x, CREDIT, MODEL_ASSET, type(uint32).max), _creditAnswer(x, MODEL_ASSET, 99));
    }

    function test_TheDataOfAReceiptIsOpened() public {
        (Draft memory x,) = _open();
        // it should take the data of a receipt
        _assertAnswers(x, _request(x, DATA, 0, 0), _dataAnswer(x, 0, _answers()[0].query));
        // Private ones come without the query.
        _assertAnswers(x, _request(x, DATA, 1, 0), _dataAnswer(x, 1, ""));
        _assertAnswers(x, _request(x, DATA, 2, 0), _dataAnswer(x, 2, ""));
    }

    function test_RevertWhen_TheQueryOfAPublicReceiptIsMissing() public {
        (Draft memory x,) = _open();
        uint256 id = _request(x, DATA, 0, 0);
        _assertNoAnswer(x, id, _dataAnswer(x, 0, ""));
        _assertNoAnswer(x, id, _dataAnswer(x, 0, _answers()[1].query));
    }

    function test_DataShowsABrokenAttributionAsItIs() public {
        // The attribution of a public receipt has no query hash: its opening shows it, and proves it.
        Draft memory x = _mixed();
        x.queryHashes[0] = 0;
        _seal(x);
        _submit(x);
        d.audits.answer(_request(x, DATA, 0, 0), x.claim, _dataAnswer(x, 0, ""), stranger);
        _assertFraud(x, address(d.allocation), _allocationWitness(x, 0));
    }

    function test_RevertWhen_AnotherThingIsOpened() public {
        (Draft memory x,) = _open();
        _assertNoAnswer(x, _request(x, ATTRIBUTION, 0, 0), _attributionAnswer(x, 1));
        uint256 id = _request(x, DATA, 1, 0);
        _assertNoAnswer(x, id, _dataAnswer(x, 0, _answers()[0].query));
        // The receipt's data with another receipt's attribution.
        _assertNoAnswer(x, id, _mixedUp(x));
        id = _request(x, PAYOUT, MODEL_ASSET, 0);
        _assertNoAnswer(x, id, _payoutAnswer(x, 4));
        _assertNoAnswer(x, id, _payoutAnswer(x, 0));
        id = _request(x, CREDIT, MODEL_ASSET, 0);
        _assertNoAnswer(x, id, _creditAnswer(x, MODEL_ASSET, 1));
        _assertNoAnswer(x, id, _creditAnswer(x, 4, 0));
    }

    function _mixedUp(Draft memory x) private view returns (bytes memory) {
        Draft memory y = x;
        bytes memory witness = _dataAnswer(y, 1, "");
        // The last byte of the attribution's first word: its receipt hash.
        witness[10 * 32 + 32 + 31] ^= 0x01;
        return witness;
    }

    function test_RevertWhen_APresentPayoutIsDenied() public {
        (Draft memory x,) = _open();
        uint256 id = _request(x, PAYOUT, MODEL_ASSET, 0);
        PayoutOpening memory w = PayoutOpening("", _payoutsTree(x).proof(MODEL_ASSET, 0));
        _assertNoAnswer(x, id, _flat(abi.encode(w)));
        id = _request(x, CREDIT, MODEL_ASSET, 0);
        CreditOpening memory c;
        c.payoutPath = w.path;
        _assertNoAnswer(x, id, _flat(abi.encode(c)));
        // Nor is a present credit a pad.
        c.payout = _payout(x, MODEL_ASSET);
        c.path = _creditsTree(x, MODEL_ASSET).proof(0, 0);
        _assertNoAnswer(x, id, _flat(abi.encode(c)));
    }

    function test_CreditsOfAnEarlierClaimAreNotAskedOfThisOne() public {
        Draft memory x = _mixed();
        x.payouts[4].seq = 0;
        _seal(x);
        _submit(x);
        CreditOpening memory w;
        w.payout = _payout(x, 4);
        w.payoutPath = _payoutsTree(x).proof(4, 0);
        _assertAnswers(x, _request(x, CREDIT, 4, 0), _flat(abi.encode(w)));
    }

    function test_APadInTheAttributionsCannotBeShown() public {
        Draft memory x = _mixed();
        x.queryHashes[1] = bytes32(uint256(1)); // the fixture's sign for the pad leaf
        _seal(x);
        _submit(x);
        uint256 id = _request(x, ATTRIBUTION, 1, 0);
        _assertNoAnswer(x, id, _attributionAnswer(x, 1));
        vm.warp(vm.getBlockTimestamp() + window);
        _assertFraud(x, address(d.withheld), abi.encode(id));
    }

    function test_RevertWhen_TheAnswerIsLate() public {
        (Draft memory x,) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        uint40 deadline = d.audits.requestOf(id).deadline;
        vm.warp(deadline - 1);
        uint256 state = vm.snapshotState();
        _assertAnswers(x, id, _payoutAnswer(x, 0));
        vm.revertToState(state);
        vm.warp(deadline);
        bytes memory witness = _payoutAnswer(x, 0);
        // it should refuse an answer at or after the deadline
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_DeadlinePassed.selector, id, deadline));
        d.audits.answer(id, x.claim, witness, watcher);
    }

    function test_RevertWhen_ThereIsNothingToAnswer() public {
        (Draft memory x,) = _open();
        bytes memory witness = _payoutAnswer(x, 0);
        // it should refuse a request that is not open
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotOpen.selector, 1));
        d.audits.answer(1, x.claim, witness, watcher);
        uint256 id = _request(x, PAYOUT, 0, 0);
        d.audits.answer(id, x.claim, witness, watcher);
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotOpen.selector, id));
        d.audits.answer(id, x.claim, witness, watcher);
    }

    function test_RevertWhen_AnotherClaimIsGiven() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        bytes memory witness = _payoutAnswer(x, 0);
        x.claim.payoutsTotal += 1;
        bytes32 other = d.settlement.claimIdOf(x.claim);
        // it should refuse another claim
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_WrongClaim.selector, claimId, other));
        d.audits.answer(id, x.claim, witness, watcher);
    }

    function test_RevertWhen_NobodyIsToGetTheBond() public {
        (Draft memory x,) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        bytes memory witness = _payoutAnswer(x, 0);
        // it should refuse the zero address
        vm.expectRevert(IAuditRegistry.AuditRegistry_ZeroAddress.selector);
        d.audits.answer(id, x.claim, witness, address(0));
    }

    function test_RevertWhen_AnAuditIsAnsweredByALeaf() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint256 id = _requestAudit(x, 0);
        // it should refuse audits
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_WrongKind.selector, AUDIT));
        d.audits.answer(id, x.claim, "", watcher);
    }

    function test_AReceiverThatRefusesTheBondCannotStopTheAnswer() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        vm.etch(watcher, hex"5f5ffd"); // reverts
        d.audits.answer(id, x.claim, _payoutAnswer(x, 0), watcher);
        // it should keep what the receiver refuses
        assertEq(d.audits.owed(watcher), bond);
        vm.warp(vm.getBlockTimestamp() + window);
        assertFalse(d.audits.isWithheld(claimId, id));
    }

    function test_AReentrantReceiverGetsOneBond() public {
        (Draft memory x,) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        _request(x, PAYOUT, 1, 0);
        Reentrant receiver = new Reentrant(address(d.audits), abi.encodeCall(d.audits.reclaim, (id)));
        d.audits.answer(id, x.claim, _payoutAnswer(x, 0), address(receiver));
        // it should pay a receiver that calls back once
        assertFalse(receiver.succeeded());
        assertEq(address(receiver).balance, bond);
        assertEq(address(d.audits).balance, bond);
    }
}

/// @dev Calls back when it is paid.
contract Reentrant {
    address private immutable TARGET;
    bytes private data;
    bool public succeeded;

    constructor(address target, bytes memory data_) {
        TARGET = target;
        data = data_;
    }

    receive() external payable {
        (succeeded,) = TARGET.call(data);
    }
}
