// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";

import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPredicate} from "../../src/interfaces/IPredicate.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {AllocationPredicate} from "../../src/settlement/predicates/AllocationPredicate.sol";
import {CreditPredicate} from "../../src/settlement/predicates/CreditPredicate.sol";
import {MalformedPredicate} from "../../src/settlement/predicates/MalformedPredicate.sol";
import {NoticePredicate} from "../../src/settlement/predicates/NoticePredicate.sol";
import {ScorePredicate} from "../../src/settlement/predicates/ScorePredicate.sol";
import {TransitionPredicate} from "../../src/settlement/predicates/TransitionPredicate.sol";
import {Batch, Claim, ClaimRecord} from "../../src/types/Claim.sol";

/// @notice The predicates against claims and witnesses of the naive implementation beside this file, which judges each question
/// by the parts of the claim: they must agree on every one, fraud or not.
contract PredicateVectorsTest is Test {
    string private constant FILE = "test/differential/vectors/predicates.json";
    uint32 private constant PARAMS_VERSION = 1;
    uint8 private constant NOTICE = 5;
    uint40 private constant PROPOSED_BLOCK = 7;

    IAttributionSettlement private settlement;
    IModelRegistry private constant MODELS = IModelRegistry(address(0x30DE15));
    IProtocolParameters private constant PARAMETERS = IProtocolParameters(address(0x9A7A));
    IAgentRegistry private constant AGENTS = IAgentRegistry(address(0xA6E7));
    IPredicate[] private predicates;
    bytes[] private worlds;
    bytes[] private claims;
    bytes[] private cases;

    function setUp() public {
        string memory json = vm.readFile(FILE);
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        settlement = IAttributionSettlement(vm.parseJsonAddress(json, ".settlement"));
        // The order of PREDICATES in naive/judge.ts.
        predicates.push(new AllocationPredicate(settlement, MODELS, PARAMETERS));
        predicates.push(new CreditPredicate());
        predicates.push(new TransitionPredicate(settlement));
        predicates.push(new MalformedPredicate(settlement));
        predicates.push(new ScorePredicate(MODELS));
        predicates.push(new NoticePredicate(settlement, AGENTS));
        worlds = vm.parseJsonBytesArray(json, ".worlds");
        claims = vm.parseJsonBytesArray(json, ".claims");
        cases = vm.parseJsonBytesArray(json, ".abi");
    }

    function test_ThePredicatesAndTheNaiveJudgeAgree() public {
        assertGt(cases.length, 250);
        uint256 frauds;
        Claim memory claim;
        uint256 current = type(uint256).max;
        for (uint256 i = 0; i < cases.length; ++i) {
            (uint256 number, uint8 predicate, bytes memory witness, bool fraud) =
                abi.decode(cases[i], (uint256, uint8, bytes, bool));
            if (number != current) claim = _enter(number);
            current = number;
            if (fraud) ++frauds;
            assertEq(_isFraud(predicate, claim, witness), fraud, string.concat("case ", vm.toString(i)));
        }
        assertGt(frauds, 100);
    }

    /// @dev A witness that is cut, longer, or has one bit changed never turns an honest claim into a fraud.
    /// forge-config: default.fuzz.runs = 512
    function testFuzz_NoWitnessTurnsAnHonestClaimIntoAFraud(uint256 pick, uint256 at_, uint8 bit, uint8 how) public {
        uint256 i = pick % cases.length;
        (, uint8 predicate, bytes memory witness,) = abi.decode(cases[i], (uint256, uint8, bytes, bool));
        // Claim 0 is honest, and has the world of all others.
        Claim memory claim = _enter(0);
        if (how % 3 == 0) witness[at_ % witness.length] ^= bytes1(uint8(1) << (bit % 8));
        if (how % 3 == 1) witness = bytes.concat(witness, bytes32(at_));
        if (how % 3 == 2) {
            assembly ("memory-safe") {
                mstore(witness, mod(at_, add(mload(witness), 1)))
            }
        }
        // A notice that lies is a fraud of whatever claim has its receipt, however honest.
        if (predicate == NOTICE) return;
        assertFalse(_isFraud(predicate, claim, witness));
    }

    function _isFraud(uint8 predicate, Claim memory claim, bytes memory witness) private view returns (bool fraud) {
        try predicates[predicate].isFraud(claim, witness) returns (bool answer) {
            fraud = answer;
        } catch {}
    }

    /// @dev Lets the chain answer as in that claim's world.
    function _enter(uint256 number) private returns (Claim memory claim) {
        vm.clearMockedCalls();
        Batch[] memory batches;
        uint256 world;
        (claim, batches, world) = abi.decode(claims[number], (Claim, Batch[], uint256));
        for (uint32 i = 0; i < batches.length; ++i) {
            vm.mockCall(
                address(settlement),
                abi.encodeCall(IAttributionSettlement.batch, (claim.nodeId, claim.fromBatch + i)),
                abi.encode(batches[i])
            );
        }
        ClaimRecord memory record;
        record.proposedBlock = PROPOSED_BLOCK;
        vm.mockCall(address(settlement), abi.encodeWithSelector(settlement.claimIdOf.selector), abi.encode(number + 1));
        vm.mockCall(
            address(settlement),
            abi.encodeCall(IAttributionSettlement.claimRecord, (bytes32(number + 1))),
            abi.encode(record)
        );
        _enterWorld(worlds[world]);
    }

    function _enterWorld(bytes memory world) private {
        (
            uint40 nodeId,
            address wallet,
            IModelRegistry.AllocationTerms[] memory models,
            IModelRegistry.SketchTerms[] memory sketches,
            IProtocolParameters.AllocationTerms memory params
        ) = abi.decode(
            world,
            (
                uint40,
                address,
                IModelRegistry.AllocationTerms[],
                IModelRegistry.SketchTerms[],
                IProtocolParameters.AllocationTerms
            )
        );
        for (uint40 i = 0; i < 2; ++i) {
            bytes memory who = abi.encodeCall(IAgentRegistry.agentWalletAt, (nodeId, PROPOSED_BLOCK - i));
            vm.mockCall(address(AGENTS), who, abi.encode(wallet));
        }
        // What the registry says of models that it does not know.
        vm.mockCall(address(MODELS), abi.encodeWithSelector(IModelRegistry.allocationTerms.selector), new bytes(5 * 32));
        vm.mockCall(address(MODELS), abi.encodeWithSelector(IModelRegistry.sketchTerms.selector), new bytes(3 * 32));
        for (uint40 i = 0; i < models.length; ++i) {
            bytes memory call = abi.encodeCall(IModelRegistry.allocationTerms, (i + 1));
            vm.mockCall(address(MODELS), call, abi.encode(models[i]));
            call = abi.encodeCall(IModelRegistry.sketchTerms, (i + 1));
            vm.mockCall(address(MODELS), call, abi.encode(sketches[i]));
        }
        bytes memory terms = abi.encodeCall(IProtocolParameters.allocationTerms, (PARAMS_VERSION));
        vm.mockCall(address(PARAMETERS), terms, abi.encode(params));
    }
}
