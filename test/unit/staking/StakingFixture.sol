// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {Preset, Presets} from "../../../script/Presets.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {IAttributionSettlement} from "../../../src/interfaces/IAttributionSettlement.sol";
import {IDatanetHygiene} from "../../../src/interfaces/IDatanetHygiene.sol";
import {AgentRegistry} from "../../../src/registry/AgentRegistry.sol";
import {AgentStaking} from "../../../src/staking/AgentStaking.sol";
import {CaseRegistry} from "../../../src/staking/CaseRegistry.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";

/// @dev A settlement that says of claims what a test wants.
contract SettlementStub {
    mapping(bytes32 claimId => ClaimRecord) private records;

    function set(bytes32 claimId, uint40 end, ClaimStatus status) external {
        records[claimId].end = end;
        records[claimId].status = status;
    }

    function claimIdOf(Claim calldata claim) external pure returns (bytes32) {
        return keccak256(abi.encode(claim));
    }

    function claimRecord(bytes32 claimId) external view returns (ClaimRecord memory) {
        return records[claimId];
    }
}

/// @dev One penalty, by the curator that a test names.
contract HygieneStub {
    IDatanetHygiene.Penalty private penalty;

    function penalise(uint40 curatorAgentId, uint40 appealUntil) external {
        penalty.curatorAgentId = curatorAgentId;
        penalty.decidedAt = uint40(block.timestamp);
        penalty.appealUntil = appealUntil;
    }

    function penaltyOf(uint40) external view returns (IDatanetHygiene.Penalty memory) {
        return penalty;
    }
}

/// @dev Refuses value until it relents.
contract Refuser {
    bool private willing;

    function relent() external {
        willing = true;
    }

    receive() external payable {
        require(willing, "no");
    }
}

/// @dev Calls back whoever sends it value, and remembers whether that worked.
contract Reenterer {
    bytes private data;
    bool public reentered;

    function prepare(bytes calldata data_) external {
        data = data_;
    }

    function forward(address to, bytes calldata data_) external payable {
        (bool done,) = to.call{value: msg.value}(data_);
        require(done, "failed");
    }

    receive() external payable {
        (reentered,) = msg.sender.call(data);
    }
}

/// @dev Staking and cases behind proxies, with the test as governance and a settlement that the test speaks for.
abstract contract StakingFixture is Test {
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;
    uint96 internal constant STAKE = 1_000e18;

    AccessManager internal manager;
    ProtocolParameters internal params;
    AgentRegistry internal agents;
    AgentStaking internal staking;
    CaseRegistry internal cases;
    SettlementStub internal settlement;
    HygieneStub internal hygiene;

    address internal operator = makeAddr("operator");
    address internal stranger = makeAddr("stranger");
    address internal watcher = makeAddr("watcher");
    uint40 internal nodeId;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        Preset memory preset = _preset();
        manager = new AccessManager(address(this));
        params = ProtocolParameters(
            _proxy(
                address(new ProtocolParameters()),
                abi.encodeCall(ProtocolParameters.initialize, (address(manager), preset.limits, preset.parameters))
            )
        );
        agents = AgentRegistry(
            _proxy(address(new AgentRegistry()), abi.encodeCall(AgentRegistry.initialize, (address(manager))))
        );
        settlement = new SettlementStub();
        staking = AgentStaking(
            _proxy(
                address(new AgentStaking(agents, params, address(settlement))),
                abi.encodeCall(AgentStaking.initialize, (address(manager)))
            )
        );
        address code = address(new CaseRegistry(agents, staking, params, IAttributionSettlement(address(settlement))));
        cases = CaseRegistry(_proxy(code, abi.encodeCall(CaseRegistry.initialize, (address(manager)))));
        agents.setStaking(staking);
        staking.setCases(address(cases));
        hygiene = new HygieneStub();
        cases.setHygiene(IDatanetHygiene(address(hygiene)));
        nodeId = _agent(operator, Roles.NODE, STAKE);
    }

    /// @dev Seconds, unless a test wants the real periods.
    function _preset() internal virtual returns (Preset memory) {
        vm.chainId(31_337);
        return Presets.devnet();
    }

    function _proxy(address implementation, bytes memory init) internal returns (address) {
        return address(new ERC1967Proxy(implementation, init));
    }

    function _agent(address owner, uint8 role, uint96 amount) internal returns (uint40 agentId) {
        vm.prank(owner);
        agentId = uint40(agents.register("store:0x00"));
        _stake(agentId, role, amount);
    }

    function _stake(uint40 agentId, uint8 role, uint96 amount) internal {
        address owner = agents.ownerOf(agentId);
        vm.deal(owner, owner.balance + amount);
        vm.prank(owner);
        staking.stake{value: amount}(agentId, role);
    }

    function _unbond(uint96 amount) internal {
        vm.prank(operator);
        staking.requestUnbond(nodeId, Roles.NODE, amount);
    }

    function _lock(uint96 bond, uint96 exposure, uint40 period) internal returns (uint8) {
        uint40 until = uint40(vm.getBlockTimestamp()) + period;
        vm.prank(address(settlement));
        return staking.lock(nodeId, 0, bond, exposure, until, 100e18);
    }

    function _release(uint96 bond, uint8 index, bool endExposure) internal {
        vm.prank(address(settlement));
        staking.release(nodeId, bond, index, endExposure);
    }

    function _slash(uint96 bond, uint96 reward, address rewardTo, uint8 index) internal {
        vm.prank(address(settlement));
        staking.slash(nodeId, bond, reward, rewardTo, index);
    }

    function _slashStake(uint96 amount, uint96 reward, address rewardTo) internal returns (uint96) {
        vm.prank(address(cases));
        return staking.slashStake(nodeId, Roles.NODE, amount, reward, rewardTo);
    }

    function _wait(uint256 time) internal {
        vm.warp(vm.getBlockTimestamp() + time);
    }
}
