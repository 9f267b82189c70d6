// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICaseRegistry} from "../../../src/interfaces/ICaseRegistry.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {ITrainingFees} from "../../../src/interfaces/ITrainingFees.sol";
import {ITrainingLog} from "../../../src/interfaces/ITrainingLog.sol";
import {ContributionInput} from "../../../src/types/Contribution.sol";
import {PlainTree, Trees} from "../../utils/Trees.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev Rows that were paid for, as a test says.
contract FeesDouble {
    mapping(bytes32 runId => mapping(uint40 datanetId => uint32)) public paidRows;

    function set(bytes32 runId, uint40 datanetId, uint32 rows) external {
        paidRows[runId][datanetId] = rows;
    }
}

/// @dev Cases and verdicts, as a test says.
contract CasesDouble {
    mapping(uint40 caseId => ICaseRegistry.Case) private _cases;
    mapping(uint40 caseId => ICaseRegistry.Verdict) private _verdicts;
    mapping(uint40 caseId => bool) private _final;

    function open(uint40 caseId, ICaseRegistry.CaseKind kind, bytes32 subject) external {
        _cases[caseId].kind = kind;
        _cases[caseId].subject = subject;
    }

    function decide(uint40 caseId, ICaseRegistry.Verdict verdict, bool isFinal) external {
        _verdicts[caseId] = verdict;
        _final[caseId] = isFinal;
    }

    function caseOf(uint40 caseId) external view returns (ICaseRegistry.Case memory) {
        return _cases[caseId];
    }

    function verdictOf(uint40 caseId) external view returns (ICaseRegistry.Verdict verdict, bool isFinal) {
        return (_verdicts[caseId], _final[caseId]);
    }
}

/// @dev A base model, three datanets (the second costs money per row), five contributions, and a finished run of the
/// builder that declared datanets 1 and 2.
///
/// | input | contribution | datanet it names | datanet it is from | rows |
/// |---|---|---|---|---|
/// | 0 | 1 | 1 | 1 | 10 |
/// | 1 | 2 | 2 | 2 | 20 |
/// | 2 | 3 | 2 | 2 | 30 |
/// | 3 | 4 | 3 | 3 | 40 |
/// | 4 | 5 | 2 | 3 | 50 |
/// | 5 | 77 | 2 | none | |
/// | 6 | asset of a model | 2 | none | |
/// | 7 | the treasury | 2 | none | |
abstract contract ModelFixture is RegistryFixture {
    using Trees for PlainTree;

    bytes32 internal constant RUN = keccak256("manifest");
    bytes32 internal constant ADAPTER = keccak256("adapter");
    uint96 internal constant PRICE = 1e15;
    uint96 internal constant BOND = 100e18 + 1;

    FeesDouble internal fees;
    CasesDouble internal cases;
    PlainTree internal inputs;
    ContributionInput[] internal submitted;
    uint40 internal base;

    function setUp() public virtual override {
        super.setUp();
        uint96[3] memory pricePerRow = [0, PRICE, 0];
        for (uint256 i = 0; i < 3; ++i) {
            IDatanetRegistry.DatanetConfig memory config = _config(0);
            config.pricePerRow = pricePerRow[i];
            vm.prank(curator);
            datanets.createDatanet(config);
        }
        uint40[5] memory from = [uint40(1), 2, 2, 3, 3];
        for (uint32 i = 0; i < 5; ++i) {
            submitted.push(_input(from[i]));
            submitted[i].contentRoot = keccak256(abi.encode("content", i));
            submitted[i].rowCount = 10 * (i + 1);
            assertEq(_contribute(submitted[i]), i + 1);
        }
        base = models.registerBase(
            IModelRegistry.BaseTerms(keccak256("weights"), keccak256("tokenizer"), "MIT", STORE_URI)
        );
        bytes32[] memory leaves = new bytes32[](8);
        for (uint256 i = 0; i < 8; ++i) {
            ITrainingLog.RunInput memory input = _inputAt(i);
            leaves[i] = keccak256(abi.encodePacked(uint8(0x31), input.datanetId, input.asset, input.weight));
        }
        inputs = Trees.plain(leaves, 3);
        _run(RUN, builder);
        fees = new FeesDouble();
        cases = new CasesDouble();
        fees.set(RUN, 2, 30);
        models.setTrainingFees(ITrainingFees(address(fees)));
        models.setCases(ICaseRegistry(address(cases)));
        models.setPublicationBond(BOND);
    }

    function _inputAt(uint256 i) internal pure returns (ITrainingLog.RunInput memory) {
        uint40[8] memory named = [uint40(1), 2, 2, 3, 2, 2, 2, 2];
        uint40[8] memory assets = [uint40(4), 8, 12, 16, 20, 308, 9, 0];
        return ITrainingLog.RunInput(named[i], assets[i], 1);
    }

    function _proofAt(uint256 i) internal view returns (IModelRegistry.InputProof memory) {
        return IModelRegistry.InputProof(_inputAt(i), uint32(i), inputs.proof(i));
    }

    function _declared() internal pure returns (uint40[] memory ids) {
        ids = new uint40[](2);
        (ids[0], ids[1]) = (1, 2);
    }

    /// @dev A finished run with the inputs above.
    function _run(bytes32 runId, address owner) internal {
        vm.startPrank(owner);
        runs.openRun(runId, inputs.root(), 8, 1, _declared(), STORE_URI);
        runs.anchor(runId, 1, keccak256("steps"), keccak256("checkpoint"));
        runs.finish(runId, ADAPTER);
        vm.stopPrank();
    }

    function _terms() internal view returns (IModelRegistry.AdapterTerms memory t) {
        t.parent = base;
        t.adapterHash = ADAPTER;
        t.runId = RUN;
        t.royaltyBps = 1_000;
        t.scheme = 11;
        t.treeDepth = 6;
        t.sigmaCap = 1 << 20;
        t.sketchRoot = keccak256("sketches");
        t.corpusRoot = keccak256("corpus");
        t.baselineRoot = keccak256("baseline");
        t.basisHash = keccak256("basis");
        t.datanets = _declared();
        t.licence = "CC0-1.0";
        t.uri = STORE_URI;
    }

    function _prices() internal pure returns (IModelRegistry.Prices memory) {
        return IModelRegistry.Prices(1e15, 2e15, 3e15, 4e15);
    }

    /// @dev Publishes as the builder, with the bond that is asked for.
    function _publish(IModelRegistry.AdapterTerms memory t) internal returns (uint40) {
        uint96 bond = models.publicationBond();
        vm.deal(builder, builder.balance + bond);
        vm.prank(builder);
        return models.publishAdapter{value: bond}(t, _prices());
    }

    /// @dev As {_publish}, and expects it to revert with `reason`.
    function _publishReverts(IModelRegistry.AdapterTerms memory t, bytes memory reason) internal {
        uint96 bond = models.publicationBond();
        vm.deal(builder, builder.balance + bond);
        vm.expectRevert(reason);
        vm.prank(builder);
        models.publishAdapter{value: bond}(t, _prices());
    }
}
