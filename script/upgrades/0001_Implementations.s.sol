// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Script} from "forge-std/Script.sol";
import {OpenGovernor} from "../../src/governance/OpenGovernor.sol";

/// @notice What the governor is asked to carry out.
struct Proposal {
    address[] targets;
    uint256[] values;
    bytes[] calldatas;
    string description;
}

/// @title Upgrade step 1: new code for given contracts, with the immutables of the old
/// @notice Steps are numbered in the order in which a network takes them, and stay as they were run. Each deploys what
/// it needs, proposes to the governor with the votes of its sender, and has a test in test/unit/script that takes a
/// populated deployment through the vote. The vote, not the step, upgrades: the timelock administers every proxy. Check
/// `npm run layout:check` and the proposal's code before voting. The repository must have been built (`forge build`).
/// forge script script/upgrades/0001_Implementations.s.sol --rpc-url … --broadcast --private-key …
/// Environment: OPENLEDGER_UPGRADE (names as in the address book, separated by commas; every proxy),
/// OPENLEDGER_UPGRADE_REASON (the proposal's text), OPENLEDGER_DEPLOYMENT (the address book; deploy/<chain id>.json).
contract UpgradeImplementations is Script {
    error UpgradeImplementations_Unknown(string name);
    error UpgradeImplementations_NotCreated(string name);

    /// @notice Deploys the code and proposes to use it.
    function run() external returns (uint256 proposalId) {
        string memory file = string.concat("deploy/", vm.toString(block.chainid), ".json");
        string memory book = vm.readFile(vm.envOr("OPENLEDGER_DEPLOYMENT", file));
        string[] memory names = vm.envOr("OPENLEDGER_UPGRADE", ",", everyProxy());
        return propose(book, names, vm.envOr("OPENLEDGER_UPGRADE_REASON", string("New implementations")), msg.sender);
    }

    /// @notice Deploys the code and proposes to use it with the votes of `sender`.
    function propose(string memory book, string[] memory names, string memory reason, address sender)
        public
        returns (uint256 proposalId)
    {
        Proposal memory p = prepare(book, names, reason, sender);
        vm.broadcast(sender);
        return OpenGovernor(payable(_at(book, "OpenGovernor"))).propose(p.targets, p.values, p.calldatas, p.description);
    }

    /// @notice Deploys the code; the proposal that comes back can be made by anyone with enough votes.
    /// @param book The address book
    /// @param names Which contracts, as the address book calls them
    function prepare(string memory book, string[] memory names, string memory reason, address sender)
        public
        returns (Proposal memory p)
    {
        p.targets = new address[](names.length);
        p.values = new uint256[](names.length);
        p.calldatas = new bytes[](names.length);
        p.description = reason;
        vm.startBroadcast(sender);
        for (uint256 i = 0; i < names.length; ++i) {
            bytes memory arguments = _argumentsOf(book, names[i]);
            p.targets[i] = _at(book, names[i]);
            p.calldatas[i] = abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (_create(names[i], arguments), ""));
        }
        vm.stopBroadcast();
    }

    /// @notice Every proxy of the L2, as the address book calls it.
    function everyProxy() public pure returns (string[] memory names) {
        names = new string[](22);
        (names[0], names[1], names[2]) = ("GovernanceOpen", "OpenTimelock", "OpenGovernor");
        (names[3], names[4], names[5]) = ("ProtocolParameters", "DatanetRegistry", "ContributionToken");
        (names[6], names[7], names[8]) = ("DatanetHygiene", "TrainingLog", "ModelRegistry");
        (names[9], names[10], names[11]) = ("AgentRegistry", "ReputationRegistry", "ValidationRegistry");
        (names[12], names[13], names[14]) = ("AgentStaking", "CaseRegistry", "StakerRewards");
        (names[15], names[16], names[17]) = ("Airdrop", "ProgrammeVault", "InferenceEscrow");
        (names[18], names[19], names[20]) = ("BaselineVault", "TrainingFees", "AttributionSettlement");
        names[21] = "AuditRegistry";
    }

    /// @dev Constructor arguments: the addresses of other proxies, and the timelock where it is the treasury.
    function _argumentsOf(string memory book, string memory name) private returns (bytes memory) {
        string memory others = _othersOf(name);
        if (bytes(others).length == 0) return "";
        bytes memory arguments = _addresses(book, others);
        if (!_is(name, "AttributionSettlement")) return arguments;
        // The code that settlement delegates to is immutable too.
        return abi.encodePacked(arguments, abi.encode(_create("SettlementExtension", arguments)));
    }

    function _othersOf(string memory name) private pure returns (string memory) {
        if (_is(name, "DatanetRegistry")) return "ContributionToken";
        if (_is(name, "ContributionToken")) return "DatanetRegistry";
        if (_is(name, "OpenGovernor")) return "GovernanceOpen";
        if (_is(name, "AgentStaking")) return "AgentRegistry,ProtocolParameters,AttributionSettlement";
        if (_is(name, "CaseRegistry")) return "AgentRegistry,AgentStaking,ProtocolParameters,AttributionSettlement";
        if (_is(name, "StakerRewards")) return "ProtocolParameters";
        if (_is(name, "Airdrop")) return "StakerRewards,OpenTimelock";
        if (_is(name, "ProgrammeVault")) return "StakerRewards,DatanetRegistry,OpenTimelock";
        if (_is(name, "InferenceEscrow")) {
            return "AgentRegistry,ProtocolParameters,GovernanceOpen,AttributionSettlement";
        }
        if (_is(name, "BaselineVault")) return "ModelRegistry,ContributionToken,OpenTimelock";
        if (_is(name, "AuditRegistry")) return "AttributionSettlement,ProtocolParameters,AgentStaking,AgentRegistry";
        if (_is(name, "TrainingFees")) {
            return
                "DatanetRegistry,ModelRegistry,TrainingLog,ProtocolParameters,BaselineVault,StakerRewards,OpenTimelock";
        }
        if (_is(name, "DatanetHygiene")) {
            return
                "DatanetRegistry,ContributionToken,AgentRegistry,AgentStaking,CaseRegistry,ProtocolParameters,OpenTimelock";
        }
        if (_is(name, "AttributionSettlement")) {
            return string.concat(
                "InferenceEscrow,AgentStaking,ProtocolParameters,AgentRegistry,ModelRegistry,ContributionToken,",
                "BaselineVault,StakerRewards,OpenTimelock"
            );
        }
        string[] memory all = everyProxy();
        for (uint256 i = 0; i < all.length; ++i) {
            if (_is(name, all[i])) return "";
        }
        revert UpgradeImplementations_Unknown(name);
    }

    function _addresses(string memory book, string memory names) private pure returns (bytes memory encoded) {
        string[] memory list = vm.split(names, ",");
        for (uint256 i = 0; i < list.length; ++i) {
            encoded = abi.encodePacked(encoded, abi.encode(_at(book, list[i])));
        }
    }

    function _at(string memory book, string memory name) private pure returns (address) {
        return vm.parseJsonAddress(book, string.concat(".contracts.", name));
    }

    function _create(string memory name, bytes memory arguments) private returns (address created) {
        bytes memory code = abi.encodePacked(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly ("memory-safe") {
            created := create(0, add(code, 32), mload(code))
        }
        if (created == address(0)) revert UpgradeImplementations_NotCreated(name);
    }

    function _is(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
