// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAuditRegistry} from "../../../../src/interfaces/IAuditRegistry.sol";
import {Roles} from "../../../../src/types/Roles.sol";
import {Draft} from "../../../utils/Prover.sol";
import {AuditFixture} from "./AuditFixture.sol";

contract AuditRegistryAuditsTest is AuditFixture {
    bytes32 private constant PAYLOAD = keccak256("sealed box");
    bytes private constant BOX = "store:box";

    function _openReceipt(Draft memory x, uint256 id, uint256 r, bytes32 payload, bytes memory locator) private {
        uint256[] memory ids = new uint256[](1);
        ids[0] = id;
        bytes memory witness = _allocationWitness(x, r);
        vm.prank(operator);
        d.audits.openReceipt(ids, x.claim, witness, payload, locator);
    }

    // ---------------------------------------------------------------------------------------------------------- keys

    function test_AnAgentsWalletRegistersItsKey() public {
        // it should record the key
        assertEq(d.audits.encryptionKeyOf(validatorId), KEY);
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.EncryptionKeySet(validatorId, keccak256("next"));
        vm.prank(validator);
        d.audits.setEncryptionKey(validatorId, keccak256("next"));
        // it should replace an earlier key
        assertEq(d.audits.encryptionKeyOf(validatorId), keccak256("next"));
    }

    function test_RevertWhen_AnotherSetsTheKey() public {
        // it should refuse anyone but the agent's wallet
        vm.expectRevert(
            abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotAgentWallet.selector, validatorId, stranger)
        );
        vm.prank(stranger);
        d.audits.setEncryptionKey(validatorId, KEY);
        // it should refuse a zero key
        vm.expectRevert(IAuditRegistry.AuditRegistry_ZeroKey.selector);
        vm.prank(validator);
        d.audits.setEncryptionKey(validatorId, 0);
    }

    // ---------------------------------------------------------------------------------------------------------- seed

    function test_TheSecondBlockAfterTheProposalGivesTheSeed() public {
        (, bytes32 claimId) = _open();
        uint256 number = uint256(d.settlement.claimRecord(claimId).proposedBlock) + 2;
        assertEq(number, block.number + 2);
        bytes memory unknown = abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NoBlockHash.selector, number);
        // it should refuse before the block is past
        vm.expectRevert(unknown);
        d.audits.drawSeed(claimId);
        vm.roll(number);
        vm.expectRevert(unknown);
        d.audits.drawSeed(claimId);
        // it should refuse when the hash is forgotten
        vm.roll(number + 257);
        vm.expectRevert(unknown);
        d.audits.drawSeed(claimId);
        vm.roll(number + 256);
        vm.setBlockhash(number, SEED);
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.SeedDrawn(claimId, SEED);
        // it should store the hash of the second block after the proposal
        assertEq(d.audits.drawSeed(claimId), SEED);
        assertEq(d.audits.seedOf(claimId), SEED);
        // it should refuse to draw twice
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_SeedKnown.selector, claimId));
        d.audits.drawSeed(claimId);
    }

    function test_RevertWhen_NoSuchClaimWasProposed() public {
        // it should refuse a claim that was never proposed
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_ClaimNotOpen.selector, SEED));
        d.audits.drawSeed(SEED);
    }

    // --------------------------------------------------------------------------------------------------------- draws

    function test_DrawsFollowFromTheSeed() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        for (uint32 i = 0; i < 32; ++i) {
            uint256 expected = uint256(keccak256(abi.encodePacked(SEED, claimId, i))) % 3;
            // it should be the draw of formats.md
            assertEq(d.audits.positionOf(x.claim, i), expected);
            // it should be true for the only validator
            assertTrue(d.audits.isDrawn(x.claim, i, validatorId));
            // it should be false for an agent without stake
            assertFalse(d.audits.isDrawn(x.claim, i, nodeId));
        }
    }

    function test_NobodyIsDrawnWhenNobodyHasStake() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        vm.prank(validator);
        d.staking.requestUnbond(validatorId, Roles.VALIDATOR, STAKE);
        assertEq(d.staking.validatorStake(), 0);
        assertFalse(d.audits.isDrawn(x.claim, 0, nodeId));
    }

    function test_RevertWhen_ThereIsNoSeed() public {
        (Draft memory x, bytes32 claimId) = _open();
        bytes memory err = abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NoSeed.selector, claimId);
        // it should refuse without a seed
        vm.expectRevert(err);
        d.audits.positionOf(x.claim, 0);
        vm.expectRevert(err);
        d.audits.isDrawn(x.claim, 0, validatorId);
        vm.expectRevert(err);
        vm.prank(validator);
        d.audits.requestAudit(x.claim, 0, validatorId);
    }

    function test_AboutFourOfManyEqualValidatorsAreDrawn() public {
        uint40[] memory ids = new uint40[](16);
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = _validator(makeAddr(vm.toString(i)));
        }
        vm.warp(vm.getBlockTimestamp() + 1);
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint256 drawn;
        for (uint32 draw = 0; draw < 32; ++draw) {
            for (uint256 i = 0; i < ids.length; ++i) {
                if (d.audits.isDrawn(x.claim, draw, ids[i])) ++drawn;
            }
        }
        // 32 draws × 4 seats × 16 of 17 validators = 120 on average
        // it should be true for about as many as there are seats
        assertGt(drawn, 80);
        assertLt(drawn, 160);
    }

    function test_StakeThatCameAfterTheProposalDrawsNothing() public {
        (Draft memory x, bytes32 claimId) = _open();
        vm.warp(vm.getBlockTimestamp() + 1);
        uint40 late = _validator(makeAddr("late"));
        _seed(claimId);
        // it should be false for stake that came after the proposal
        for (uint32 draw = 0; draw < 8; ++draw) {
            assertFalse(d.audits.isDrawn(x.claim, draw, late));
        }
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotDrawn.selector, claimId, 0, late));
        // it should refuse a validator that is not drawn
        vm.prank(makeAddr("late"));
        d.audits.requestAudit(x.claim, 0, late);
    }

    // -------------------------------------------------------------------------------------------------------- audits

    function test_ADrawnReceiptIsOpenedToWhoeverAsks() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint32 draw = _drawOf(x, 1);
        uint40 deadline = uint40(vm.getBlockTimestamp()) + window;
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.AuditRequested(1, claimId, validatorId, draw, 1, KEY, deadline);
        uint256 id = _requestAudit(x, draw);
        // it should record the audit without a bond
        IAuditRegistry.Request memory r = d.audits.requestOf(id);
        assertEq(uint8(r.kind), uint8(AUDIT));
        assertEq(r.subject, 1);
        assertEq(r.index, draw);
        assertEq(r.validatorId, validatorId);
        assertEq(r.bond, 0);
        assertEq(r.requester, validator);
        vm.expectEmit(address(d.audits));
        emit IAuditRegistry.ReceiptOpened(id, claimId, 0, PAYLOAD, BOX);
        _openReceipt(x, id, 1, PAYLOAD, BOX);
        // it should answer the audit
        assertEq(uint8(d.audits.requestOf(id).status), uint8(IAuditRegistry.RequestStatus.Answered));
        vm.warp(vm.getBlockTimestamp() + window);
        assertFalse(d.audits.isWithheld(claimId, id));
        // it should refuse to ask twice
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_AlreadyRequested.selector, id));
        _requestAudit(x, draw);
    }

    function test_AnAuditExtendsTheWindowToo() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint40 end = d.settlement.claimRecord(claimId).end;
        vm.warp(end - 1);
        _requestAudit(x, 0);
        assertEq(d.settlement.claimRecord(claimId).end, end - 1 + 2 * window);
    }

    function test_AReceiptThatIsNotOpenedIsWithheld() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint256 id = _requestAudit(x, 0);
        vm.warp(vm.getBlockTimestamp() + window);
        // Nothing was held, so nothing comes back.
        d.audits.reclaim(id);
        assertTrue(d.audits.isWithheld(claimId, id));
        _assertFraud(x, address(d.withheld), abi.encode(id));
    }

    function test_OneOpeningAnswersAllThatAsked() public {
        address other = makeAddr("other");
        uint40 otherId = _validator(other);
        vm.warp(vm.getBlockTimestamp() + 1);
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint32 draw = _drawOf(x, 0);
        uint256[] memory ids = new uint256[](2);
        ids[0] = _requestAudit(x, draw);
        vm.prank(other);
        ids[1] = d.audits.requestAudit(x.claim, draw, otherId);
        bytes memory witness = _allocationWitness(x, 0);
        vm.prank(operator);
        d.audits.openReceipt(ids, x.claim, witness, PAYLOAD, BOX);
        // it should answer all audits of the receipt
        vm.warp(vm.getBlockTimestamp() + window);
        assertFalse(d.audits.isWithheld(claimId, ids[0]));
        assertFalse(d.audits.isWithheld(claimId, ids[1]));
    }

    function test_AReceiptThatMustNotBeAuditedIsExempt() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint256 id = _requestAudit(x, _drawOf(x, 2));
        // it should need no payload for NO_AUDIT
        _openReceipt(x, id, 2, 0, "");
        vm.warp(vm.getBlockTimestamp() + window);
        assertFalse(d.audits.isWithheld(claimId, id));
    }

    function test_RevertWhen_ThePayloadIsMissing() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint256 id = _requestAudit(x, _drawOf(x, 1));
        uint256[] memory ids = new uint256[](1);
        ids[0] = id;
        bytes memory witness = _allocationWitness(x, 1);
        vm.startPrank(operator);
        // it should refuse an opening without payload or locator
        vm.expectRevert(IAuditRegistry.AuditRegistry_NoPayload.selector);
        d.audits.openReceipt(ids, x.claim, witness, 0, BOX);
        vm.expectRevert(IAuditRegistry.AuditRegistry_NoPayload.selector);
        d.audits.openReceipt(ids, x.claim, witness, PAYLOAD, "");
    }

    function test_RevertWhen_TheReceiptIsAnotherOrNone() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint256[] memory ids = new uint256[](1);
        ids[0] = _requestAudit(x, _drawOf(x, 1));
        bytes memory witness = _allocationWitness(x, 0);
        bytes memory err = abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotAnswered.selector, ids[0]);
        // it should refuse another receipt
        vm.startPrank(operator);
        vm.expectRevert(err);
        d.audits.openReceipt(ids, x.claim, witness, PAYLOAD, BOX);
        // The last of the nine words in front is the batch number.
        witness = _allocationWitness(x, 1);
        witness[9 * 32 - 1] = 0x02;
        // it should refuse a receipt that is not the claim's
        vm.expectRevert(err);
        d.audits.openReceipt(ids, x.claim, witness, PAYLOAD, BOX);
    }

    function test_RevertWhen_AnotherThanTheProposerOpens() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        uint256[] memory ids = new uint256[](1);
        ids[0] = _requestAudit(x, _drawOf(x, 1));
        bytes memory witness = _allocationWitness(x, 1);
        // it should refuse anyone but the proposer
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotAgentWallet.selector, nodeId, stranger));
        vm.prank(stranger);
        d.audits.openReceipt(ids, x.claim, witness, PAYLOAD, BOX);
        // it should refuse an opening that is late
        uint40 deadline = d.audits.requestOf(ids[0]).deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_DeadlinePassed.selector, ids[0], deadline));
        vm.prank(operator);
        d.audits.openReceipt(ids, x.claim, witness, PAYLOAD, BOX);
    }

    function test_RevertWhen_ALeafRequestIsOpenedAsAnAudit() public {
        (Draft memory x,) = _open();
        uint256[] memory ids = new uint256[](1);
        ids[0] = _request(x, DATA, 1, 0);
        bytes memory witness = _allocationWitness(x, 1);
        // it should refuse requests that are no audits
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_WrongKind.selector, DATA));
        vm.prank(operator);
        d.audits.openReceipt(ids, x.claim, witness, PAYLOAD, BOX);
    }

    function test_RevertWhen_TheValidatorMayNotAsk() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        // it should refuse anyone but the validator's wallet
        vm.expectRevert(
            abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotAgentWallet.selector, validatorId, stranger)
        );
        vm.prank(stranger);
        d.audits.requestAudit(x.claim, 0, validatorId);
        // it should refuse an agent that is no active validator
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NotActive.selector, nodeId));
        vm.prank(operator);
        d.audits.requestAudit(x.claim, 0, nodeId);
        // it should refuse a draw beyond the last
        uint256 draws = _parameters().auditDraws;
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_OutOfRange.selector, draws, draws));
        vm.prank(validator);
        d.audits.requestAudit(x.claim, uint32(draws), validatorId);
    }

    function test_RevertWhen_TheValidatorHasNoKey() public {
        address keyless = makeAddr("keyless");
        vm.deal(keyless, STAKE);
        vm.startPrank(keyless);
        uint40 id = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: STAKE}(id, Roles.VALIDATOR);
        vm.stopPrank();
        vm.warp(vm.getBlockTimestamp() + 1);
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        // it should refuse a validator without a key
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_NoKey.selector, id));
        vm.prank(keyless);
        d.audits.requestAudit(x.claim, 0, id);
    }

    function test_RevertWhen_TheClaimIsOverOrUnknown() public {
        (Draft memory x, bytes32 claimId) = _open();
        _seed(claimId);
        vm.warp(d.settlement.claimRecord(claimId).end);
        // it should refuse a claim that is not open
        vm.expectRevert(abi.encodeWithSelector(IAuditRegistry.AuditRegistry_ClaimNotOpen.selector, claimId));
        vm.prank(validator);
        d.audits.requestAudit(x.claim, 0, validatorId);
    }

    function test_OnlyTheAccessManagerUpgrades() public {
        vm.expectRevert();
        vm.prank(stranger);
        d.audits.upgradeToAndCall(address(d.audits), "");
        vm.prank(address(d.timelock));
        vm.expectRevert(); // the proxy is no implementation
        d.audits.upgradeToAndCall(address(d.audits), "");
    }
}
