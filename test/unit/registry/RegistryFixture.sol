// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {IContributionToken} from "../../../src/interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {AgentRegistry} from "../../../src/registry/AgentRegistry.sol";
import {ContributionToken} from "../../../src/registry/ContributionToken.sol";
import {DatanetRegistry} from "../../../src/registry/DatanetRegistry.sol";
import {ModelRegistry} from "../../../src/registry/ModelRegistry.sol";
import {TrainingLog} from "../../../src/registry/TrainingLog.sol";
import {ContributionInput} from "../../../src/types/Contribution.sol";

/// @dev The registries behind proxies, the test as their authority, and what tests do with them all the time.
abstract contract RegistryFixture is Test {
    AccessManager internal manager;
    DatanetRegistry internal datanets;
    ContributionToken internal contributions;
    TrainingLog internal runs;
    ModelRegistry internal models;
    AgentRegistry internal agents;

    address internal curator = makeAddr("curator");
    address internal contributor = makeAddr("contributor");
    address internal builder = makeAddr("builder");
    address internal stranger = makeAddr("stranger");

    string internal constant STORE_URI = "store:0x00ff0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab";
    bytes32 internal constant SALT = keccak256("salt");

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        manager = new AccessManager(address(this));
        uint256 nonce = vm.getNonce(address(this));
        address registry = vm.computeCreateAddress(address(this), nonce + 2);
        address token = vm.computeCreateAddress(address(this), nonce + 3);
        address registryCode = address(new DatanetRegistry(IContributionToken(token)));
        address tokenCode = address(new ContributionToken(IDatanetRegistry(registry)));
        datanets = DatanetRegistry(_proxy(registryCode, abi.encodeCall(DatanetRegistry.initialize, (address(manager)))));
        contributions =
            ContributionToken(_proxy(tokenCode, abi.encodeCall(ContributionToken.initialize, (address(manager)))));
        runs = TrainingLog(_proxy(address(new TrainingLog()), abi.encodeCall(TrainingLog.initialize, address(manager))));
        models = ModelRegistry(
            _proxy(
                address(new ModelRegistry()),
                abi.encodeCall(ModelRegistry.initialize, (address(manager), datanets, runs, 0))
            )
        );
        agents = AgentRegistry(
            _proxy(address(new AgentRegistry()), abi.encodeCall(AgentRegistry.initialize, address(manager)))
        );
    }

    function _proxy(address implementation, bytes memory init) internal returns (address) {
        return address(new ERC1967Proxy(implementation, init));
    }

    function _config(uint96 bond) internal view returns (IDatanetRegistry.DatanetConfig memory config) {
        config.name = "Lighthouses";
        config.subject = "lighthouse keeping";
        config.licences = new string[](2);
        config.licences[0] = "CC-BY-4.0";
        config.licences[1] = "CC0-1.0";
        config.schema = "chat";
        config.mediaType = "text/plain";
        config.contributionBond = bond;
        config.metadataURI = STORE_URI;
        config.metadataHash = keccak256("metadata");
        config.curators = new address[](1);
        config.curators[0] = curator;
    }

    function _create(uint96 bond) internal returns (uint40) {
        vm.prank(curator);
        return datanets.createDatanet(_config(bond));
    }

    function _input(uint40 datanetId) internal pure returns (ContributionInput memory) {
        return ContributionInput({
            datanetId: datanetId,
            contentRoot: keccak256("content"),
            byteLength: 12_345,
            rowsRoot: keccak256("rows"),
            rowCount: 10_000,
            kind: 0,
            refersTo: 0,
            firstRow: 0,
            licence: "CC-BY-4.0",
            sourceHash: keccak256("source"),
            uri: STORE_URI
        });
    }

    function _commitment(address owner, ContributionInput memory input) internal pure returns (bytes32) {
        return keccak256(abi.encode(owner, input.contentRoot, input.rowsRoot, SALT));
    }

    /// @dev Commits, waits a block and submits, with the bond the datanet asks for.
    function _contribute(ContributionInput memory input) internal returns (uint40 contributionId) {
        uint96 bond = datanets.datanet(input.datanetId).contributionBond;
        vm.prank(contributor);
        contributionId = datanets.commit(_commitment(contributor, input));
        vm.roll(vm.getBlockNumber() + 1);
        vm.deal(contributor, contributor.balance + bond);
        vm.prank(contributor);
        datanets.submit{value: bond}(contributionId, input, SALT);
    }
}
