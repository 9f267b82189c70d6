// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAuditRegistry} from "../../../../src/interfaces/IAuditRegistry.sol";
import {Draft} from "../../../utils/Prover.sol";
import {AuditFixture} from "./AuditFixture.sol";

contract AuditRegistryRequestsTest is AuditFixture {
    function _expect(bytes memory err) private {
        vm.prank(stranger);
        vm.expectRevert(err);
    }

    function test_ARequestIsRecordedWithItsBond() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint40 deadline = uint40(vm.getBlockTimestamp()) + window;
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.Requested(1, claimId, CREDIT, stranger, MODEL_ASSET, 2, bond, deadline);
        uint256 id = _request(x, CREDIT, MODEL_ASSET, 2);
        // it should record the request
        IAuditRegistry.Request memory r = d.audits.requestOf(id);
        assertEq(r.claimId, claimId);
        assertEq(r.requester, stranger);
        assertEq(r.bond, bond);
        assertEq(uint8(r.kind), uint8(CREDIT));
        assertEq(uint8(r.status), uint8(IAuditRegistry.RequestStatus.Open));
        assertEq(r.subject, MODEL_ASSET);
        assertEq(r.index, 2);
        assertEq(r.deadline, deadline);
        assertEq(d.audits.requestCount(), 1);
        // it should hold the bond
        assertEq(address(d.audits).balance, bond);
        // it should leave the window alone
        assertEq(d.settlement.claimRecord(claimId).extension, 0);
    }

    function test_EveryKindCanBeAskedForOnce() public {
        (Draft memory x,) = _open();
        _request(x, ATTRIBUTION, 0, 0);
        _request(x, DATA, 0, 0);
        _request(x, PAYOUT, 0, 0);
        _request(x, CREDIT, 0, 0);
        _request(x, CREDIT, 0, 1);
        _request(x, ATTRIBUTION, 1, 0);
        // it should refuse to ask twice
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_AlreadyRequested.selector, 2));
        d.audits.request{value: bond}(x.claim, DATA, 0, 0);
    }

    function test_ALateRequestExtendsTheWindowSoThatAnswerAndProofFit() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint40 end = d.settlement.claimRecord(claimId).end;
        vm.warp(end - 1);
        _request(x, PAYOUT, 0, 0);
        // it should extend the window for answer and proof
        assertEq(d.settlement.claimRecord(claimId).end, end - 1 + 2 * window);
        // Another one in the same second needs no more.
        _request(x, PAYOUT, 1, 0);
        assertEq(d.settlement.claimRecord(claimId).end, end - 1 + 2 * window);
    }

    /// @dev Else whoever pauses could make a claim final between a request and the proof that it was not answered.
    function test_APauseThatEndsEarlyLeavesTimeForAnswerAndProof() public {
        (Draft memory x, bytes32 claimId) = _open();
        vm.warp(d.settlement.claimRecord(claimId).end - 1);
        vm.prank(guardian);
        d.settlement.pause();
        _request(x, PAYOUT, 0, 0);
        vm.prank(guardian);
        d.settlement.unpause();
        // it should leave time for answer and proof when a pause ends early
        assertEq(d.settlement.claimRecord(claimId).end, vm.getBlockTimestamp() + 2 * window);
    }

    function testFuzz_RequestsNeverExtendAClaimBeyondTheLimit(uint40[8] memory pauses) public {
        (Draft memory x, bytes32 claimId) = _open();
        uint40 end = d.settlement.claimRecord(claimId).end;
        uint40 most = end + d.parameters.limits().maxExtension;
        for (uint40 i = 0; i < 8; ++i) {
            vm.warp(vm.getBlockTimestamp() + pauses[i] % 12);
            vm.prank(stranger);
            try d.audits.request{value: bond}(x.claim, PAYOUT, i, 0) {} catch {}
            assertLe(d.settlement.claimRecord(claimId).end, most);
        }
    }

    function test_RevertWhen_TheClaimCannotBeExtendedSoFar() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint40 end = d.settlement.claimRecord(claimId).end;
        vm.warp(end - 1);
        _request(x, PAYOUT, 0, 0);
        vm.warp(end + 1);
        uint40 last = end + d.parameters.limits().maxExtension;
        // it should refuse a request whose answer and proof do not fit
        _expect(
            abi.encodeWithSelector(IAuditRegistry.AuditRegistry_TooLate.selector, claimId, end + 1 + 2 * window, last)
        );
        d.audits.request{value: bond}(x.claim, PAYOUT, 1, 0);
    }

    function test_RevertWhen_TheClaimIsNotOpen() public {
        Draft memory x = _mixed();
        bytes32 claimId = d.settlement.claimIdOf(x.claim);
        // it should refuse claims that are not open
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_ClaimNotOpen.selector, claimId));
        d.audits.request{value: bond}(x.claim, PAYOUT, 0, 0);
        _submit(x);
        vm.warp(d.settlement.claimRecord(claimId).end);
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_ClaimNotOpen.selector, claimId));
        d.audits.request{value: bond}(x.claim, PAYOUT, 0, 0);
    }

    function test_AVetoedClaimCanStillBeAskedAbout() public {
        (Draft memory x, bytes32 claimId) = _open();
        vm.prank(guardian);
        d.settlement.veto(claimId);
        // it should take requests for a vetoed claim
        uint256 id = _request(x, PAYOUT, 0, 0);
        vm.warp(vm.getBlockTimestamp() + window);
        _assertFraud(x, address(d.withheld), abi.encode(id));
    }

    function test_RevertWhen_NothingOfTheKindIsCommittedTo() public {
        (Draft memory x,) = _open();
        // it should refuse positions and assets outside the claim
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_OutOfRange.selector, 3, 3));
        d.audits.request{value: bond}(x.claim, ATTRIBUTION, 3, 0);
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_OutOfRange.selector, 3, 3));
        d.audits.request{value: bond}(x.claim, DATA, 3, 0);
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_OutOfRange.selector, 16, 16));
        d.audits.request{value: bond}(x.claim, PAYOUT, 16, 0);
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_OutOfRange.selector, 16, 16));
        d.audits.request{value: bond}(x.claim, CREDIT, 16, 0);
        // it should refuse an index where there is none
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_OutOfRange.selector, 1, 1));
        d.audits.request{value: bond}(x.claim, PAYOUT, 0, 1);
    }

    function test_RevertWhen_AuditsAreAskedForWithABond() public {
        (Draft memory x,) = _open();
        // it should refuse audits
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_WrongKind.selector, AUDIT));
        d.audits.request{value: bond}(x.claim, AUDIT, 0, 0);
    }

    function test_RevertWhen_TheBondIsWrong() public {
        (Draft memory x,) = _open();
        // it should refuse another bond
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_WrongBond.selector, bond, bond - 1));
        d.audits.request{value: bond - 1}(x.claim, PAYOUT, 0, 0);
        _expect(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_WrongBond.selector, bond, bond + 1));
        d.audits.request{value: bond + 1}(x.claim, PAYOUT, 0, 0);
    }

    // ----------------------------------------------------------------------------------------- withheld and reclaimed

    function test_WhatIsNotAnsweredInTimeIsWithheld() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint256 id = _request(x, ATTRIBUTION, 0, 0);
        vm.warp(vm.getBlockTimestamp() + window - 1);
        // it should say no before the deadline
        assertFalse(d.audits.isWithheld(claimId, id));
        // it should say no when it can still be answered
        _assertNotFraud(x, address(d.withheld), abi.encode(id));
        vm.warp(vm.getBlockTimestamp() + 1);
        // it should say yes from the deadline on
        assertTrue(d.audits.isWithheld(claimId, id));
        // it should say no for another claim
        assertFalse(d.audits.isWithheld(keccak256("another"), id));
        // it should say no for a request that never was
        assertFalse(d.audits.isWithheld(claimId, id + 1));
        assertFalse(d.audits.isWithheld(0, 0));
        // it should still say yes when the bond is back
        d.audits.reclaim(id);
        assertTrue(d.audits.isWithheld(claimId, id));
        // it should say yes when the request was not answered in time
        _assertFraud(x, address(d.withheld), abi.encode(id));
    }

    function test_WhatIsAnsweredIsNotWithheld() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint256 id = _request(x, ATTRIBUTION, 0, 0);
        d.audits.answer(id, x.claim, _attributionAnswer(x, 0), watcher);
        vm.warp(vm.getBlockTimestamp() + window);
        // it should say no when it was answered
        assertFalse(d.audits.isWithheld(claimId, id));
        // it should say no when the request was answered
        _assertNotFraud(x, address(d.withheld), abi.encode(id));
    }

    function test_TheBondOfAnUnansweredRequestGoesBack() public {
        (Draft memory x, bytes32 claimId) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        uint256 before = stranger.balance;
        vm.expectRevert(
            abi.encodeWithSelector(
                IAuditRegistry.AuditRegistry_DeadlineAhead.selector, id, vm.getBlockTimestamp() + window
            )
        );
        // it should refuse before the deadline
        d.audits.reclaim(id);
        vm.warp(vm.getBlockTimestamp() + window);
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.Reclaimed(id, claimId, stranger, bond);
        vm.prank(watcher);
        d.audits.reclaim(id);
        // it should return the bond to the requester, whoever calls
        assertEq(stranger.balance, before + bond);
        // it should refuse to return it twice
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotOpen.selector, id));
        d.audits.reclaim(id);
    }

    function test_RevertWhen_AnAnsweredBondIsReclaimed() public {
        (Draft memory x,) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        d.audits.answer(id, x.claim, _payoutAnswer(x, 0), watcher);
        vm.warp(vm.getBlockTimestamp() + window);
        // it should refuse what was answered or never asked
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotOpen.selector, id));
        d.audits.reclaim(id);
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotOpen.selector, id + 1));
        d.audits.reclaim(id + 1);
    }

    function test_ABondThatCannotBeSentIsOwed() public {
        (Draft memory x,) = _open();
        uint256 id = _request(x, PAYOUT, 0, 0);
        vm.etch(stranger, hex"5f5ffd"); // reverts
        vm.warp(vm.getBlockTimestamp() + window);
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.Owed(stranger, bond);
        d.audits.reclaim(id);
        // it should keep what the requester refuses
        assertEq(d.audits.owed(stranger), bond);
        // it should refuse while the account refuses
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_SendFailed.selector, stranger, bond));
        d.audits.withdrawOwed(stranger);
        vm.etch(stranger, "");
        uint256 before = stranger.balance;
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.OwedWithdrawn(stranger, bond);
        d.audits.withdrawOwed(stranger);
        // it should pay what is owed
        assertEq(stranger.balance, before + bond);
        assertEq(address(d.audits).balance, 0);
        // it should refuse when nothing is owed
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NothingOwed.selector, stranger));
        d.audits.withdrawOwed(stranger);
    }

    function test_RevertWhen_ValueComesWithoutARequest() public {
        vm.prank(stranger);
        (bool ok,) = address(d.audits).call{value: 1}("");
        assertFalse(ok);
    }

    function testFuzz_TheBalanceIsTheOpenBonds(uint256 seed) public {
        (Draft memory x,) = _open();
        uint256 openBonds;
        for (uint40 i = 0; i < 5; ++i) {
            openBonds += bond;
            uint256 id = _request(x, PAYOUT, i, 0);
            uint256 fate = (seed >> (2 * i)) & 3;
            if (fate == 1) {
                d.audits.answer(id, x.claim, _payoutAnswer(x, i), watcher);
                openBonds -= bond;
            }
            if (fate == 2) {
                vm.warp(vm.getBlockTimestamp() + window);
                d.audits.reclaim(id);
                openBonds -= bond;
            }
            if (fate == 3) {
                vm.etch(watcher, hex"5f5ffd");
                d.audits.answer(id, x.claim, _payoutAnswer(x, i), watcher);
                vm.etch(watcher, "");
            }
            assertEq(address(d.audits).balance, openBonds);
        }
    }
}
