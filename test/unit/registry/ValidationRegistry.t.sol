// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {VmSafe} from "forge-std/Vm.sol";
import {IAgentRegistry} from "../../../src/interfaces/IAgentRegistry.sol";
import {IAttributionSettlement} from "../../../src/interfaces/IAttributionSettlement.sol";
import {ICaseOutcomes} from "../../../src/interfaces/ICaseOutcomes.sol";
import {IValidationRegistry} from "../../../src/interfaces/IValidationRegistry.sol";
import {OutcomeRecorder} from "../../../src/registry/OutcomeRecorder.sol";
import {ValidationRegistry} from "../../../src/registry/ValidationRegistry.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../../../src/types/Claim.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract ValidationRegistryTest is RegistryFixture {
    ValidationRegistry private validation;
    uint40 private agentId;
    address private validator = makeAddr("validator");
    address private other = makeAddr("other validator");
    address private court = makeAddr("court");
    bytes32 private constant REQUEST = keccak256("request");

    function setUp() public override {
        super.setUp();
        validation = ValidationRegistry(
            _proxy(
                address(new ValidationRegistry()),
                abi.encodeCall(ValidationRegistry.initialize, (address(manager), agents))
            )
        );
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = ICaseOutcomes.recordOutcome.selector;
        selectors[1] = IValidationRegistry.recordDecision.selector;
        manager.setTargetFunctionRole(address(validation), selectors, 2);
        manager.grantRole(2, court, 0);
        vm.prank(builder);
        agentId = uint40(agents.register("uri"));
    }

    function _request(address to, bytes32 hash) private {
        vm.prank(builder);
        validation.validationRequest(to, agentId, "ipfs://request", hash);
    }

    function _respond(address from, bytes32 hash, uint8 response, string memory tag) private {
        vm.prank(from);
        validation.validationResponse(hash, response, "ipfs://response", keccak256("response"), tag);
    }

    function _one(address a) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = a;
    }

    function _assertSummary(address[] memory from, string memory tag, uint64 count, uint8 average) private view {
        (uint64 n, uint8 mean) = validation.getSummary(agentId, from, tag);
        assertEq(n, count);
        assertEq(mean, average);
    }

    function test_AnAgentAsksAndItsValidatorAnswers() public {
        vm.expectEmit(address(validation));
        emit IValidationRegistry.ValidationRequest(validator, agentId, "ipfs://request", REQUEST);
        _request(validator, REQUEST);
        (bool answered, bool cancelled) = validation.isAnswered(REQUEST);
        assertFalse(answered || cancelled);
        skip(1);
        vm.expectEmit(address(validation));
        emit IValidationRegistry.ValidationResponse(
            validator, agentId, REQUEST, 80, "ipfs://response", keccak256("response"), "soft"
        );
        _respond(validator, REQUEST, 80, "soft");
        (address by, uint256 about, uint8 response, bytes32 hash, string memory tag, uint256 time) =
            validation.getValidationStatus(REQUEST);
        assertEq(by, validator);
        assertEq(about, agentId);
        assertEq(response, 80);
        assertEq(hash, keccak256("response"));
        assertEq(tag, "soft");
        assertEq(time, block.timestamp);
        (answered, cancelled) = validation.isAnswered(REQUEST);
        assertTrue(answered && !cancelled);
        assertEq(address(validation.getIdentityRegistry()), address(agents));
        assertEq(validation.getAgentValidations(agentId)[0], REQUEST);
        assertEq(validation.getValidatorRequests(validator)[0], REQUEST);
    }

    function test_AnOperatorAsksForItsAgent() public {
        vm.prank(builder);
        agents.approve(stranger, agentId);
        vm.prank(stranger);
        validation.validationRequest(validator, agentId, "", REQUEST);
        assertEq(validation.getAgentValidations(agentId).length, 1);
    }

    function test_RevertWhen_AStrangerAsksForAnAgent() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IValidationRegistry.ValidationRegistry_NotAuthorized.selector, uint256(agentId), stranger
            )
        );
        vm.prank(stranger);
        validation.validationRequest(validator, agentId, "", REQUEST);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        validation.validationRequest(validator, 9, "", REQUEST);
    }

    function test_RevertWhen_ARequestNamesNobodyOrATakenOrReservedHash() public {
        vm.startPrank(builder);
        vm.expectRevert(IValidationRegistry.ValidationRegistry_ZeroAddress.selector);
        validation.validationRequest(address(0), agentId, "", REQUEST);
        validation.validationRequest(validator, agentId, "", REQUEST);
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_RequestExists.selector, REQUEST));
        validation.validationRequest(other, agentId, "", REQUEST);
        bytes32 outcome = validation.outcomeHash(court, "case");
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_ReservedHash.selector, outcome));
        validation.validationRequest(validator, agentId, "", outcome);
    }

    function test_RevertWhen_TheRequestIsUnknown() public {
        bytes memory unknown =
            abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_UnknownRequest.selector, REQUEST);
        vm.expectRevert(unknown);
        validation.validationResponse(REQUEST, 1, "", 0, "");
        vm.expectRevert(unknown);
        validation.cancelValidationRequest(REQUEST);
        vm.expectRevert(unknown);
        validation.getValidationStatus(REQUEST);
        vm.expectRevert(unknown);
        validation.isAnswered(REQUEST);
    }

    function test_RevertWhen_SomeoneElseAnswers() public {
        _request(validator, REQUEST);
        vm.expectRevert(
            abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_NotValidator.selector, REQUEST, builder)
        );
        _respond(builder, REQUEST, 100, "");
    }

    function test_RevertWhen_AnAnswerIsOutOfRange() public {
        _request(validator, REQUEST);
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_ResponseTooHigh.selector, 101));
        _respond(validator, REQUEST, 101, "");
        string memory long = string(new bytes(65));
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_TagTooLong.selector, 65));
        _respond(validator, REQUEST, 100, long);
        _respond(validator, REQUEST, 100, string(new bytes(64)));
    }

    function testFuzz_AnAnswerIsNeverLowered(uint8 first, uint8 second) public {
        first = uint8(bound(first, 0, 100));
        second = uint8(bound(second, 0, 100));
        _request(validator, REQUEST);
        _respond(validator, REQUEST, first, "soft");
        if (second < first) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IValidationRegistry.ValidationRegistry_ResponseLowered.selector, REQUEST, first, second
                )
            );
        }
        _respond(validator, REQUEST, second, "hard");
        bool raised = second >= first;
        _assertSummary(new address[](0), "", 1, raised ? second : first);
        _assertSummary(new address[](0), "soft", raised ? 0 : 1, raised ? 0 : first);
        _assertSummary(_one(validator), "hard", raised ? 1 : 0, raised ? second : 0);
    }

    function test_OnlyAnUnansweredRequestIsCancelledAndOnlyAfterAWhile() public {
        _request(validator, REQUEST);
        uint256 cancelAt = block.timestamp + 7 days;
        vm.warp(cancelAt - 1);
        vm.startPrank(builder);
        vm.expectRevert(
            abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_TooEarly.selector, REQUEST, cancelAt)
        );
        validation.cancelValidationRequest(REQUEST);
        vm.warp(cancelAt);
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(
                IValidationRegistry.ValidationRegistry_NotAuthorized.selector, uint256(agentId), validator
            )
        );
        vm.prank(validator);
        validation.cancelValidationRequest(REQUEST);
        vm.expectEmit(address(validation));
        emit IValidationRegistry.ValidationCancelled(validator, agentId, REQUEST);
        vm.prank(builder);
        validation.cancelValidationRequest(REQUEST);
        (bool answered, bool cancelled) = validation.isAnswered(REQUEST);
        assertTrue(cancelled && !answered);
        bytes memory gone = abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_Cancelled.selector, REQUEST);
        vm.expectRevert(gone);
        _respond(validator, REQUEST, 100, "");
        vm.expectRevert(gone);
        vm.prank(builder);
        validation.cancelValidationRequest(REQUEST);
    }

    function test_RevertWhen_AnAnsweredRequestIsCancelled() public {
        _request(validator, REQUEST);
        _respond(validator, REQUEST, 0, "");
        skip(8 days);
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_Answered.selector, REQUEST));
        vm.prank(builder);
        validation.cancelValidationRequest(REQUEST);
    }

    function test_ASummaryFiltersByValidatorAndTag() public {
        _request(validator, "a");
        _request(validator, "b");
        _request(other, "c");
        _request(other, "unanswered");
        _respond(validator, "a", 100, "x");
        _respond(validator, "b", 50, "");
        _respond(other, "c", 0, "x");
        _assertSummary(new address[](0), "", 3, 50);
        _assertSummary(new address[](0), "x", 2, 50);
        _assertSummary(_one(validator), "", 2, 75);
        _assertSummary(_one(validator), "x", 1, 100);
        _assertSummary(_one(validator), "y", 0, 0);
        address[] memory list = new address[](4);
        (list[0], list[1], list[2], list[3]) = (other, validator, other, address(0));
        _assertSummary(list, "", 3, 50); // each of them once, and nobody is not all
        address[] memory tooMany = new address[](65);
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_FilterTooLong.selector, 65));
        validation.getSummary(agentId, tooMany, "");
    }

    function testFuzz_ListsAreReadInPages(uint256 offset, uint256 limit) public {
        for (uint256 i = 1; i <= 5; ++i) {
            _request(validator, bytes32(i << 200));
        }
        (bytes32[] memory page, uint256 total) = validation.getAgentValidations(agentId, offset, limit);
        (bytes32[] memory same,) = validation.getValidatorRequests(validator, offset, limit);
        assertEq(total, 5);
        uint256 left = offset < 5 ? 5 - offset : 0;
        assertEq(page.length, left < limit ? left : limit);
        for (uint256 i = 0; i < page.length; ++i) {
            assertEq(page[i], bytes32((offset + i + 1) << 200));
            assertEq(same[i], page[i]);
        }
    }

    function test_RevertWhen_AListIsTooLongForOnePage() public {
        for (uint256 i = 1; i <= 257; ++i) {
            _request(validator, bytes32(i << 200));
        }
        bytes memory pages = abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_AskForPages.selector, 257);
        vm.expectRevert(pages);
        validation.getAgentValidations(agentId);
        vm.expectRevert(pages);
        validation.getValidatorRequests(validator);
        (bytes32[] memory page, uint256 total) = validation.getAgentValidations(agentId, 0, 1_000);
        assertEq(page.length, 256);
        assertEq(total, 257);
    }

    function test_AVerdictIsRecordedWithinItsGas() public {
        bytes memory call = abi.encodeCall(ICaseOutcomes.recordOutcome, (7, agentId, "subject", true));
        // What the case registry gives it; code that is made to measure coverage needs more.
        uint256 limit = vm.isContext(VmSafe.ForgeContext.Coverage) ? 3_000_000 : 300_000;
        vm.cool(address(validation));
        vm.cool(address(manager));
        vm.prank(court);
        (bool done,) = address(validation).call{gas: limit}(call);
        assertTrue(done);
        bytes32 hash = validation.outcomeHash(court, bytes32(uint256(7)));
        (address by, uint256 about, uint8 response,, string memory tag,) = validation.getValidationStatus(hash);
        assertEq(by, court);
        assertEq(about, agentId);
        assertEq(response, 0);
        assertEq(tag, "case");
        vm.prank(court);
        validation.recordOutcome(8, agentId, "subject", false);
        _assertSummary(_one(court), "case", 2, 50);
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_RequestExists.selector, hash));
        vm.prank(court);
        validation.recordOutcome(7, agentId, "subject", false);
    }

    function test_RevertWhen_AStrangerRecords() public {
        bytes memory denied = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(denied);
        validation.recordOutcome(7, agentId, "subject", true);
        vm.expectRevert(denied);
        validation.recordDecision(agentId, "subject", 0, "");
        vm.expectRevert(denied);
        validation.upgradeToAndCall(stranger, "");
    }

    function test_AnyoneHasARejectedClaimRecordedOnce() public {
        address settlement = makeAddr("settlement");
        OutcomeRecorder recorder = new OutcomeRecorder(IAttributionSettlement(settlement), validation);
        manager.grantRole(2, address(recorder), 0);
        Claim memory claim;
        claim.proposer = agentId;
        ClaimRecord memory record;
        bytes32 claimId = keccak256("claim");
        vm.mockCall(settlement, abi.encodeCall(IAttributionSettlement.claimIdOf, (claim)), abi.encode(claimId));
        bytes memory ask = abi.encodeCall(IAttributionSettlement.claimRecord, (claimId));
        for (uint8 status = 0; status < 5; ++status) {
            record.status = ClaimStatus(status);
            vm.mockCall(settlement, ask, abi.encode(record));
            if (record.status == ClaimStatus.Rejected) continue;
            vm.expectRevert(abi.encodeWithSelector(OutcomeRecorder.OutcomeRecorder_NotRejected.selector, claimId));
            recorder.record(claim);
        }
        record.status = ClaimStatus.Rejected;
        vm.mockCall(settlement, ask, abi.encode(record));
        vm.prank(stranger);
        recorder.record(claim);
        _assertSummary(_one(address(recorder)), "claim", 1, 0);
        bytes32 hash = validation.outcomeHash(address(recorder), claimId);
        vm.expectRevert(abi.encodeWithSelector(IValidationRegistry.ValidationRegistry_RequestExists.selector, hash));
        recorder.record(claim);
    }

    function test_RevertWhen_InitializedWithoutAgents() public {
        address code = address(new ValidationRegistry());
        vm.expectRevert(IValidationRegistry.ValidationRegistry_ZeroAddress.selector);
        _proxy(code, abi.encodeCall(ValidationRegistry.initialize, (address(manager), IAgentRegistry(address(0)))));
        validation.upgradeToAndCall(code, "");
    }
}
