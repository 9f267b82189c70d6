// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";

import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";
import {IDatanetRegistry} from "../../src/interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPredicate} from "../../src/interfaces/IPredicate.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {AllocationPredicate} from "../../src/settlement/predicates/AllocationPredicate.sol";
import {CreditPredicate} from "../../src/settlement/predicates/CreditPredicate.sol";
import {MalformedPredicate} from "../../src/settlement/predicates/MalformedPredicate.sol";
import {OmissionPredicate} from "../../src/settlement/predicates/OmissionPredicate.sol";
import {RetrievalPredicate} from "../../src/settlement/predicates/RetrievalPredicate.sol";
import {ScorePredicate} from "../../src/settlement/predicates/ScorePredicate.sol";
import {SpanOmissionPredicate} from "../../src/settlement/predicates/SpanOmissionPredicate.sol";
import {SpanPredicate} from "../../src/settlement/predicates/SpanPredicate.sol";
import {TransitionPredicate} from "../../src/settlement/predicates/TransitionPredicate.sol";
import {Batch, Claim} from "../../src/types/Claim.sol";

/// @notice The predicates against witnesses that ts/sdk found for falsified claims: each must be accepted, and none may be
/// accepted against the honest claim that was falsified.
contract FraudVectorsTest is Test {
    string private constant FILE = "test/differential/vectors/fraud.json";
    uint32 private constant PARAMS_VERSION = 1;

    IAttributionSettlement private settlement;
    IModelRegistry private constant MODELS = IModelRegistry(address(0x30DE15));
    IProtocolParameters private constant PARAMETERS = IProtocolParameters(address(0x9A7A));
    IDatanetRegistry private constant DATANETS = IDatanetRegistry(address(0xDA7A));
    IPredicate[] private predicates;
    string private json;

    function setUp() public {
        json = vm.readFile(FILE);
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        settlement = IAttributionSettlement(vm.parseJsonAddress(json, ".settlement"));
        // The order of PREDICATES in ts/sdk/src/protocol/witness.ts.
        predicates.push(new AllocationPredicate(settlement, MODELS, PARAMETERS));
        predicates.push(new CreditPredicate());
        predicates.push(new TransitionPredicate(settlement));
        predicates.push(new MalformedPredicate(settlement));
        predicates.push(new ScorePredicate(MODELS));
        predicates.push(new OmissionPredicate(MODELS));
        predicates.push(new SpanPredicate(MODELS));
        predicates.push(new SpanOmissionPredicate(MODELS));
        predicates.push(new RetrievalPredicate(MODELS, DATANETS));
    }

    function test_PredicatesAcceptEveryWitnessAndNeverAgainstTheHonestClaim() public {
        bytes[] memory worlds = vm.parseJsonBytesArray(json, ".worlds");
        bytes[] memory cases = vm.parseJsonBytesArray(json, ".abi");
        assertGt(cases.length, 50);
        uint256 current = type(uint256).max;
        for (uint256 i = 0; i < cases.length; ++i) {
            (Claim memory claim, Claim memory honest, uint8 predicate, bytes memory witness, uint256 world) =
                abi.decode(cases[i], (Claim, Claim, uint8, bytes, uint256));
            if (world != current) _enter(worlds[world]);
            current = world;
            string memory name = string.concat("case ", vm.toString(i));
            assertTrue(predicates[predicate].isFraud(claim, witness), name);
            try predicates[predicate].isFraud(honest, witness) returns (bool fraud) {
                assertFalse(fraud, name);
            } catch {}
        }
    }

    /// @dev Lets the chain answer as in that world.
    function _enter(bytes memory world) private {
        vm.clearMockedCalls();
        (
            uint40 nodeId,
            IModelRegistry.ModelTerms[] memory models,
            IProtocolParameters.AllocationTerms memory parameters,
            Batch[] memory batches,
            uint40[] memory assets,
            bytes32[] memory inputHashes
        ) = abi.decode(
            world,
            (uint40, IModelRegistry.ModelTerms[], IProtocolParameters.AllocationTerms, Batch[], uint40[], bytes32[])
        );
        // What the registry says of models that it does not know.
        vm.mockCall(address(MODELS), abi.encodeWithSelector(IModelRegistry.allocationTerms.selector), new bytes(5 * 32));
        vm.mockCall(address(MODELS), abi.encodeWithSelector(IModelRegistry.sketchTerms.selector), new bytes(3 * 32));
        vm.mockCall(address(MODELS), abi.encodeWithSelector(IModelRegistry.corpusTerms.selector), new bytes(3 * 32));
        vm.mockCall(address(DATANETS), abi.encodeWithSelector(IDatanetRegistry.inputHashOf.selector), new bytes(32));
        for (uint256 i = 0; i < assets.length; ++i) {
            bytes memory call = abi.encodeCall(IDatanetRegistry.inputHashOf, (assets[i] >> 2));
            vm.mockCall(address(DATANETS), call, abi.encode(inputHashes[i]));
        }
        for (uint40 i = 0; i < models.length; ++i) {
            _enterModel(i + 1, models[i]);
        }
        vm.mockCall(
            address(PARAMETERS),
            abi.encodeCall(IProtocolParameters.allocationTerms, (PARAMS_VERSION)),
            abi.encode(parameters)
        );
        for (uint32 i = 0; i < batches.length; ++i) {
            vm.mockCall(
                address(settlement),
                abi.encodeCall(IAttributionSettlement.batch, (nodeId, i + 1)),
                abi.encode(batches[i])
            );
        }
    }

    function _enterModel(uint40 modelId, IModelRegistry.ModelTerms memory t) private {
        IModelRegistry.AllocationTerms memory allocation =
            IModelRegistry.AllocationTerms(true, t.baselineRoot != 0, t.parent, t.royaltyBps, t.scheme);
        vm.mockCall(address(MODELS), abi.encodeCall(IModelRegistry.allocationTerms, (modelId)), abi.encode(allocation));
        IModelRegistry.SketchTerms memory sketch = IModelRegistry.SketchTerms(t.sketchRoot, t.treeDepth, t.sigmaCap);
        vm.mockCall(address(MODELS), abi.encodeCall(IModelRegistry.sketchTerms, (modelId)), abi.encode(sketch));
        IModelRegistry.CorpusTerms memory corpus = IModelRegistry.CorpusTerms(t.corpusRoot, t.treeDepth, t.scheme);
        vm.mockCall(address(MODELS), abi.encodeCall(IModelRegistry.corpusTerms, (modelId)), abi.encode(corpus));
    }
}
