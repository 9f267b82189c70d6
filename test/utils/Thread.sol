// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {Deploy, Deployment} from "../../script/Deploy.s.sol";
import {Preset, Presets} from "../../script/Presets.sol";
import {IDatanetRegistry} from "../../src/interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ContributionInput} from "../../src/types/Contribution.sol";
import {Roles} from "../../src/types/Roles.sol";
import {PlainTree, SumTree, Trees} from "./Trees.sol";

/// @dev The deployed protocol with one node, one channel, a base model, and an adapter trained on three contributions.
/// Everything is real: the deployment script, the registries, signatures.
abstract contract Thread is Test {
    using Trees for SumTree;
    using Trees for PlainTree;

    Deployment internal d;

    address internal operator = makeAddr("operator");
    address internal curator = makeAddr("curator");
    address internal builder = makeAddr("builder");
    address internal baseOwner = makeAddr("base owner");
    address internal stranger = makeAddr("stranger");
    address internal watcher = makeAddr("watcher");
    address internal guardian = makeAddr("guardian");
    address[3] internal contributors =
        [makeAddr("contributor 0"), makeAddr("contributor 1"), makeAddr("contributor 2")];
    address internal consumer;
    uint256 internal consumerKey;
    uint256 internal operatorKey;

    uint40 internal nodeId;
    uint40 internal baseId;
    uint40 internal adapterId;
    bytes32 internal channelId;

    uint256 internal constant TREE_DEPTH = 4;
    uint32 internal constant SIGMA_CAP = 1 << 20;
    uint96 internal constant STAKE = 1_000e18;
    uint96 internal constant DEPOSIT = 100e18;
    string internal constant STORE_URI = "store:0x00ff0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab";

    /// @dev Assets of the three contributions: token ids 1 to 3.
    uint40[3] internal contributionAssets = [4, 8, 12];
    uint32[3] internal parts = [uint32(500_000_000), 300_000_000, 200_000_000];
    uint32[3] internal sigmas = [uint32(70_000), 60_000, 50_000];

    function setUp() public virtual {
        vm.chainId(31_337);
        vm.warp(1_700_000_000);
        (consumer, consumerKey) = makeAddrAndKey("consumer");
        (operator, operatorKey) = makeAddrAndKey("operator");
        Preset memory preset = Presets.devnet();
        preset.guardian = guardian;
        Deploy script = Deploy(deployCode("Deploy.s.sol:Deploy"));
        d = script.deploy(preset, makeAddr("deployer"));
        _contribute();
        _publish();
        _startNode();
    }

    /// @dev a_c of contribution i: 512 entries of four bits.
    function sketchOf(uint256 i) internal pure returns (bytes memory) {
        return noise(keccak256(abi.encode("sketch", i)), 256);
    }

    /// @dev Bytes from a seed, whole words of them.
    function noise(bytes32 seed, uint256 length) internal pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 k = 0; k < length; k += 32) {
            bytes32 word = keccak256(abi.encode(seed, k));
            assembly ("memory-safe") {
                mstore(add(add(out, 32), k), word)
            }
        }
    }

    function sketchLeaf(uint256 i) internal view returns (bytes memory) {
        return abi.encodePacked(contributionAssets[i], sigmas[i], sketchOf(i), keccak256("rows"));
    }

    function sketches() internal view returns (PlainTree memory) {
        bytes32[] memory leaves = new bytes32[](2 ** TREE_DEPTH);
        for (uint256 i = 0; i < 3; ++i) {
            leaves[contributionAssets[i]] = keccak256(abi.encodePacked(uint8(0x16), sketchLeaf(i)));
        }
        return Trees.plain(leaves, TREE_DEPTH);
    }

    function baseline() internal view returns (SumTree memory) {
        bytes32[] memory leaves = new bytes32[](2 ** TREE_DEPTH);
        uint256[] memory sums = new uint256[](2 ** TREE_DEPTH);
        for (uint256 i = 0; i < 3; ++i) {
            uint40 asset = contributionAssets[i];
            leaves[asset] = keccak256(abi.encodePacked(uint8(0x17), asset, parts[i]));
            sums[asset] = parts[i];
        }
        return Trees.sum(leaves, sums, TREE_DEPTH);
    }

    function _contribute() private {
        IDatanetRegistry.DatanetConfig memory config;
        config.name = "Lighthouses";
        config.subject = "lighthouse keeping";
        config.licences = new string[](1);
        config.licences[0] = "CC0-1.0";
        config.schema = "chat";
        config.mediaType = "text/plain";
        config.metadataURI = STORE_URI;
        config.curators = new address[](1);
        config.curators[0] = curator;
        vm.prank(curator);
        uint40 datanetId = d.datanets.createDatanet(config);
        for (uint256 i = 0; i < 3; ++i) {
            ContributionInput memory input = ContributionInput({
                datanetId: datanetId,
                contentRoot: keccak256(abi.encode("content", i)),
                byteLength: 12_345,
                rowsRoot: keccak256(abi.encode("rows", i)),
                rowCount: 10,
                kind: 0,
                refersTo: 0,
                firstRow: 0,
                licence: "CC0-1.0",
                sourceHash: keccak256("source"),
                uri: STORE_URI
            });
            vm.prank(contributors[i]);
            uint40 id = d.datanets
            .commit(keccak256(abi.encode(contributors[i], input.contentRoot, input.rowsRoot, bytes32(0))));
            vm.roll(vm.getBlockNumber() + 1);
            vm.prank(contributors[i]);
            d.datanets.submit(id, input, 0);
            vm.prank(curator);
            d.datanets.accept(id);
            assertEq(d.contributions.ownerOf(id), contributors[i]);
            assertEq(id << 2, contributionAssets[i]);
        }
    }

    function _publish() private {
        vm.prank(baseOwner);
        baseId = d.models
            .registerBase(IModelRegistry.BaseTerms(keccak256("weights"), keccak256("tokenizer"), "MIT", STORE_URI));
        bytes32 run = keccak256("manifest");
        vm.startPrank(builder);
        uint40[] memory trainedOn = new uint40[](1);
        trainedOn[0] = 1;
        d.runs.openRun(run, keccak256("inputs"), 6, 1, trainedOn, STORE_URI);
        d.runs.anchor(run, 1, keccak256("steps"), keccak256("checkpoint"));
        d.runs.finish(run, keccak256("adapter"));
        IModelRegistry.AdapterTerms memory t;
        t.parent = baseId;
        t.adapterHash = keccak256("adapter");
        t.runId = run;
        t.royaltyBps = 1_000;
        t.scheme = 3;
        t.treeDepth = uint8(TREE_DEPTH);
        t.sigmaCap = SIGMA_CAP;
        t.sketchRoot = sketches().root();
        t.corpusRoot = keccak256("corpus");
        t.baselineRoot = baseline().root();
        t.basisHash = keccak256("basis");
        t.datanets = trainedOn;
        t.licence = "CC0-1.0";
        t.uri = STORE_URI;
        adapterId = d.models.publishAdapter(t, IModelRegistry.Prices(0, 1e15, 1e15, 1e15));
        vm.stopPrank();
    }

    function _startNode() private {
        vm.deal(operator, STAKE);
        vm.startPrank(operator);
        nodeId = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: STAKE}(nodeId, Roles.NODE);
        vm.stopPrank();
        vm.deal(consumer, DEPOSIT);
        vm.prank(consumer);
        channelId = d.escrow.openChannel{value: DEPOSIT}(nodeId, consumer, bytes32(0));
    }
}
