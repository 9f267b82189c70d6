// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Script} from "forge-std/Script.sol";
import {OpenTimelock} from "../src/governance/OpenTimelock.sol";
import {ITokenDistribution} from "../src/interfaces/ITokenDistribution.sol";
import {OpenToken} from "../src/token/OpenToken.sol";
import {TokenDistribution} from "../src/token/TokenDistribution.sol";
import {Beneficiaries, Distribution} from "./Distribution.sol";

/// @notice What was deployed on L1.
struct DeploymentL1 {
    OpenTimelock timelock;
    OpenToken token;
    TokenDistribution distribution;
}

/// @title Deploys the token, its distribution and the timelock that may upgrade it
/// @notice forge script script/DeployL1.s.sol --rpc-url … --broadcast --private-key …
/// Environment: OPENLEDGER_L1_PROPOSER (who may queue upgrades of the token), OPENLEDGER_L1_DELAY (seconds, a week),
/// OPENLEDGER_COMMUNITY, OPENLEDGER_ECOSYSTEM, OPENLEDGER_INVESTORS, OPENLEDGER_TEAM, OPENLEDGER_LIQUIDITY (beneficiaries),
/// OPENLEDGER_GENESIS (when the schedule begins; now), OPENLEDGER_DEPLOYMENT (address book; deploy/<chain id>.json).
contract DeployL1 is Script {
    /// @notice Deploys with the sender of the script and writes the address book.
    function run() external returns (DeploymentL1 memory d) {
        Beneficiaries memory to = Beneficiaries({
            community: vm.envAddress("OPENLEDGER_COMMUNITY"),
            ecosystem: vm.envAddress("OPENLEDGER_ECOSYSTEM"),
            investors: vm.envAddress("OPENLEDGER_INVESTORS"),
            team: vm.envAddress("OPENLEDGER_TEAM"),
            liquidity: vm.envAddress("OPENLEDGER_LIQUIDITY")
        });
        uint40 genesis = uint40(vm.envOr("OPENLEDGER_GENESIS", block.timestamp));
        uint256 delay = vm.envOr("OPENLEDGER_L1_DELAY", uint256(1 weeks));
        string memory file = string.concat("deploy/", vm.toString(block.chainid), ".json");
        uint256 startBlock = block.number;
        d = deploy(Distribution.published(to), genesis, vm.envAddress("OPENLEDGER_L1_PROPOSER"), delay, msg.sender);
        vm.writeFile(vm.envOr("OPENLEDGER_DEPLOYMENT", file), addressBook(d, startBlock));
    }

    /// @notice Deploys and leaves nothing to the deployer.
    function deploy(
        ITokenDistribution.Allocation[] memory allocations,
        uint40 genesis,
        address proposer,
        uint256 delay,
        address deployer
    ) public returns (DeploymentL1 memory d) {
        vm.startBroadcast(deployer);
        address[] memory proposers = new address[](1);
        proposers[0] = proposer;
        address[] memory anyone = new address[](1);
        d.timelock = OpenTimelock(
            payable(new ERC1967Proxy(
                    address(new OpenTimelock()),
                    abi.encodeCall(OpenTimelock.initialize, (delay, proposers, anyone, address(0)))
                ))
        );
        address tokenCode = address(new OpenToken());
        // The token's proxy comes next, and mints to the distribution, which comes right after it.
        address distribution = vm.computeCreateAddress(deployer, vm.getNonce(deployer) + 1);
        d.token = OpenToken(
            address(
                new ERC1967Proxy(tokenCode, abi.encodeCall(OpenToken.initialize, (distribution, address(d.timelock))))
            )
        );
        d.distribution = new TokenDistribution(d.token, genesis, allocations);
        require(address(d.distribution) == distribution, "the distribution is not where the supply is");
        vm.stopBroadcast();
    }

    /// @notice The address book: what `deploy/<chain id>.json` contains.
    function addressBook(DeploymentL1 memory d, uint256 startBlock) public returns (string memory) {
        vm.serializeAddress("contracts", "OpenTimelock", address(d.timelock));
        vm.serializeAddress("contracts", "OpenToken", address(d.token));
        string memory contracts = vm.serializeAddress("contracts", "TokenDistribution", address(d.distribution));
        vm.serializeUint("book", "chainId", block.chainid);
        vm.serializeUint("book", "startBlock", startBlock);
        return vm.serializeString("book", "contracts", contracts);
    }
}
