// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Script} from "forge-std/Script.sol";
import {OpenGovernor} from "../src/governance/OpenGovernor.sol";
import {OpenTimelock} from "../src/governance/OpenTimelock.sol";
import {ProgrammeVault} from "../src/governance/ProgrammeVault.sol";
import {ProtocolParameters} from "../src/governance/ProtocolParameters.sol";
import {IAttributionSettlement} from "../src/interfaces/IAttributionSettlement.sol";
import {ICaseOutcomes} from "../src/interfaces/ICaseOutcomes.sol";
import {IContributionToken} from "../src/interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../src/interfaces/IDatanetRegistry.sol";
import {IValidationRegistry} from "../src/interfaces/IValidationRegistry.sol";
import {InferenceEscrow} from "../src/payments/InferenceEscrow.sol";
import {PaymentInbox} from "../src/payments/PaymentInbox.sol";
import {PaymentInboxes} from "../src/payments/PaymentInboxes.sol";
import {TrainingFees} from "../src/payments/TrainingFees.sol";
import {AgentRegistry} from "../src/registry/AgentRegistry.sol";
import {ContributionToken} from "../src/registry/ContributionToken.sol";
import {DatanetHygiene} from "../src/registry/DatanetHygiene.sol";
import {DatanetRegistry} from "../src/registry/DatanetRegistry.sol";
import {ModelRegistry} from "../src/registry/ModelRegistry.sol";
import {OutcomeRecorder} from "../src/registry/OutcomeRecorder.sol";
import {ReputationRegistry} from "../src/registry/ReputationRegistry.sol";
import {TrainingLog} from "../src/registry/TrainingLog.sol";
import {ValidationRegistry} from "../src/registry/ValidationRegistry.sol";
import {AttributionSettlement} from "../src/settlement/AttributionSettlement.sol";
import {SettlementBase} from "../src/settlement/SettlementBase.sol";
import {AuditRegistry} from "../src/settlement/AuditRegistry.sol";
import {SettlementExtension} from "../src/settlement/SettlementExtension.sol";
import {BaselineVault} from "../src/settlement/BaselineVault.sol";
import {AllocationPredicate} from "../src/settlement/predicates/AllocationPredicate.sol";
import {CreditPredicate} from "../src/settlement/predicates/CreditPredicate.sol";
import {MalformedPredicate} from "../src/settlement/predicates/MalformedPredicate.sol";
import {NoticePredicate} from "../src/settlement/predicates/NoticePredicate.sol";
import {OmissionPredicate} from "../src/settlement/predicates/OmissionPredicate.sol";
import {RetrievalPredicate} from "../src/settlement/predicates/RetrievalPredicate.sol";
import {ScorePredicate} from "../src/settlement/predicates/ScorePredicate.sol";
import {SpanOmissionPredicate} from "../src/settlement/predicates/SpanOmissionPredicate.sol";
import {SpanPredicate} from "../src/settlement/predicates/SpanPredicate.sol";
import {TransitionPredicate} from "../src/settlement/predicates/TransitionPredicate.sol";
import {WithheldPredicate} from "../src/settlement/predicates/WithheldPredicate.sol";
import {AgentStaking} from "../src/staking/AgentStaking.sol";
import {CaseRegistry} from "../src/staking/CaseRegistry.sol";
import {StakerRewards} from "../src/staking/StakerRewards.sol";
import {Airdrop} from "../src/token/Airdrop.sol";
import {GovernanceOpen} from "../src/token/GovernanceOpen.sol";
import {Preset, Presets} from "./Presets.sol";

/// @notice Everything that was deployed.
struct Deployment {
    AccessManager manager;
    OpenTimelock timelock;
    OpenGovernor governor;
    GovernanceOpen gopen;
    ProtocolParameters parameters;
    DatanetRegistry datanets;
    ContributionToken contributions;
    ModelRegistry models;
    TrainingLog runs;
    AgentRegistry agents;
    ReputationRegistry reputation;
    ValidationRegistry validation;
    OutcomeRecorder recorder;
    AgentStaking staking;
    StakerRewards rewards;
    Airdrop airdrop;
    ProgrammeVault programmes;
    InferenceEscrow escrow;
    IAttributionSettlement settlement;
    CaseRegistry cases;
    DatanetHygiene hygiene;
    BaselineVault vault;
    TrainingFees fees;
    AllocationPredicate allocation;
    CreditPredicate credit;
    TransitionPredicate transition;
    MalformedPredicate malformed;
    ScorePredicate score;
    NoticePredicate notice;
    WithheldPredicate withheld;
    OmissionPredicate omission;
    SpanPredicate span;
    SpanOmissionPredicate spanOmission;
    RetrievalPredicate retrieval;
    AuditRegistry audits;
    PaymentInboxes inboxes;
}

/// @title Deploys the L2 contracts and hands them over to governance
/// @notice forge script script/Deploy.s.sol --rpc-url … --broadcast --private-key …
/// Environment: OPENLEDGER_PRESET (devnet, testnet or production; devnet on chain 31337), OPENLEDGER_GUARDIAN (needed
/// outside the devnet), OPENLEDGER_DEPLOYMENT (where to write the address book; deploy/<chain id>.json).
contract Deploy is Script {
    /// @notice The role in the access manager that may veto claims.
    uint64 public constant GUARDIAN_ROLE = 1;
    /// @notice The role of contracts that write outcomes to the validation registry.
    uint64 public constant OUTCOME_ROLE = 2;

    address private constant WETH = 0x4200000000000000000000000000000000000006;
    address private constant L1_BLOCK = 0x4200000000000000000000000000000000000015;
    address private constant L2_TO_L1_MESSAGE_PASSER = 0x4200000000000000000000000000000000000016;

    /// @notice Deploys with the sender of the script and writes the address book.
    function run() external returns (Deployment memory d) {
        string memory fallbackPreset = block.chainid == Presets.DEVNET_L2 ? "devnet" : "";
        string memory name = vm.envOr("OPENLEDGER_PRESET", fallbackPreset);
        string memory file = string.concat("deploy/", vm.toString(block.chainid), ".json");
        uint256 startBlock = block.number;
        d = deploy(Presets.byName(name, vm.envOr("OPENLEDGER_GUARDIAN", address(0))), msg.sender);
        vm.writeFile(vm.envOr("OPENLEDGER_DEPLOYMENT", file), addressBook(d, startBlock));
    }

    /// @notice Deploys, wires, and leaves nothing to the deployer.
    function deploy(Preset memory preset, address deployer) public returns (Deployment memory d) {
        vm.startBroadcast(deployer);
        _governance(d, preset, deployer);
        _registries(d, preset, deployer);
        _settlement(d, deployer);
        _incentives(d);
        _predicates(d);
        d.inboxes = new PaymentInboxes(new PaymentInbox(d.escrow, d.gopen, d.agents));
        _wire(d, preset);
        _wireRegistries(d);
        _handOver(d, deployer);
        vm.stopBroadcast();
    }

    /// @notice The address book: what `deploy/<chain id>.json` contains.
    function addressBook(Deployment memory d, uint256 startBlock) public returns (string memory) {
        string memory contracts = "contracts";
        vm.serializeAddress(contracts, "AccessManager", address(d.manager));
        vm.serializeAddress(contracts, "OpenTimelock", address(d.timelock));
        vm.serializeAddress(contracts, "OpenGovernor", address(d.governor));
        vm.serializeAddress(contracts, "GovernanceOpen", address(d.gopen));
        vm.serializeAddress(contracts, "ProtocolParameters", address(d.parameters));
        vm.serializeAddress(contracts, "DatanetRegistry", address(d.datanets));
        vm.serializeAddress(contracts, "ContributionToken", address(d.contributions));
        vm.serializeAddress(contracts, "ModelRegistry", address(d.models));
        vm.serializeAddress(contracts, "TrainingLog", address(d.runs));
        vm.serializeAddress(contracts, "AgentRegistry", address(d.agents));
        vm.serializeAddress(contracts, "ReputationRegistry", address(d.reputation));
        vm.serializeAddress(contracts, "ValidationRegistry", address(d.validation));
        vm.serializeAddress(contracts, "OutcomeRecorder", address(d.recorder));
        vm.serializeAddress(contracts, "AgentStaking", address(d.staking));
        vm.serializeAddress(contracts, "StakerRewards", address(d.rewards));
        vm.serializeAddress(contracts, "Airdrop", address(d.airdrop));
        vm.serializeAddress(contracts, "ProgrammeVault", address(d.programmes));
        vm.serializeAddress(contracts, "InferenceEscrow", address(d.escrow));
        vm.serializeAddress(contracts, "AttributionSettlement", address(d.settlement));
        vm.serializeAddress(contracts, "CaseRegistry", address(d.cases));
        vm.serializeAddress(contracts, "DatanetHygiene", address(d.hygiene));
        vm.serializeAddress(contracts, "BaselineVault", address(d.vault));
        vm.serializeAddress(contracts, "TrainingFees", address(d.fees));
        vm.serializeAddress(contracts, "AllocationPredicate", address(d.allocation));
        vm.serializeAddress(contracts, "CreditPredicate", address(d.credit));
        vm.serializeAddress(contracts, "TransitionPredicate", address(d.transition));
        vm.serializeAddress(contracts, "MalformedPredicate", address(d.malformed));
        vm.serializeAddress(contracts, "ScorePredicate", address(d.score));
        vm.serializeAddress(contracts, "NoticePredicate", address(d.notice));
        vm.serializeAddress(contracts, "WithheldPredicate", address(d.withheld));
        vm.serializeAddress(contracts, "OmissionPredicate", address(d.omission));
        vm.serializeAddress(contracts, "SpanPredicate", address(d.span));
        vm.serializeAddress(contracts, "SpanOmissionPredicate", address(d.spanOmission));
        vm.serializeAddress(contracts, "RetrievalPredicate", address(d.retrieval));
        vm.serializeAddress(contracts, "AuditRegistry", address(d.audits));
        vm.serializeAddress(contracts, "PaymentInboxes", address(d.inboxes));
        vm.serializeAddress(contracts, "WETH", WETH);
        vm.serializeAddress(contracts, "L1Block", L1_BLOCK);
        contracts = vm.serializeAddress(contracts, "L2ToL1MessagePasser", L2_TO_L1_MESSAGE_PASSER);
        vm.serializeUint("book", "chainId", block.chainid);
        vm.serializeUint("book", "startBlock", startBlock);
        return vm.serializeString("book", "contracts", contracts);
    }

    function _governance(Deployment memory d, Preset memory preset, address deployer) private {
        d.manager = new AccessManager(deployer);
        address authority = address(d.manager);
        d.gopen = GovernanceOpen(
            payable(_proxy(address(new GovernanceOpen()), abi.encodeCall(GovernanceOpen.initialize, (authority))))
        );
        address[] memory nobody = new address[](0);
        address[] memory anyone = new address[](1); // the zero address: whatever a vote queued, anyone may execute
        d.timelock = OpenTimelock(
            payable(_proxy(
                    address(new OpenTimelock()),
                    abi.encodeCall(OpenTimelock.initialize, (preset.timelockDelay, nobody, anyone, deployer))
                ))
        );
        d.governor = OpenGovernor(
            payable(_proxy(
                    address(new OpenGovernor(d.gopen)),
                    abi.encodeCall(OpenGovernor.initialize, (d.timelock, preset.governor))
                ))
        );
        d.parameters = ProtocolParameters(
            _proxy(
                address(new ProtocolParameters()),
                abi.encodeCall(ProtocolParameters.initialize, (authority, preset.limits, preset.parameters))
            )
        );
    }

    function _registries(Deployment memory d, Preset memory preset, address deployer) private {
        address authority = address(d.manager);
        // The registry and its token know each other from the start: their proxies come right after their code.
        uint256 nonce = vm.getNonce(deployer);
        address registry = vm.computeCreateAddress(deployer, nonce + 2);
        address token = vm.computeCreateAddress(deployer, nonce + 3);
        address registryCode = address(new DatanetRegistry(IContributionToken(token)));
        address tokenCode = address(new ContributionToken(IDatanetRegistry(registry)));
        d.datanets = DatanetRegistry(_proxy(registryCode, abi.encodeCall(DatanetRegistry.initialize, (authority))));
        d.contributions =
            ContributionToken(_proxy(tokenCode, abi.encodeCall(ContributionToken.initialize, (authority))));
        require(address(d.datanets) == registry, "the registry is not where its token looks for it");
        require(address(d.contributions) == token, "the token is not where the registry looks for it");
        d.runs = TrainingLog(_proxy(address(new TrainingLog()), abi.encodeCall(TrainingLog.initialize, (authority))));
        d.models = ModelRegistry(
            _proxy(
                address(new ModelRegistry()),
                abi.encodeCall(ModelRegistry.initialize, (authority, d.datanets, d.runs, preset.publicationBond))
            )
        );
        d.agents =
            AgentRegistry(_proxy(address(new AgentRegistry()), abi.encodeCall(AgentRegistry.initialize, (authority))));
        d.reputation = ReputationRegistry(
            _proxy(
                address(new ReputationRegistry()), abi.encodeCall(ReputationRegistry.initialize, (authority, d.agents))
            )
        );
        d.validation = ValidationRegistry(
            _proxy(
                address(new ValidationRegistry()), abi.encodeCall(ValidationRegistry.initialize, (authority, d.agents))
            )
        );
    }

    function _settlement(Deployment memory d, address deployer) private {
        address authority = address(d.manager);
        // Staking and escrow know the settlement from the start: its proxy comes last here.
        address settlement = vm.computeCreateAddress(deployer, vm.getNonce(deployer) + 12);
        d.staking = AgentStaking(
            _proxy(
                address(new AgentStaking(d.agents, d.parameters, settlement)),
                abi.encodeCall(AgentStaking.initialize, (authority))
            )
        );
        d.rewards = StakerRewards(
            payable(_proxy(
                    address(new StakerRewards(d.parameters)), abi.encodeCall(StakerRewards.initialize, (authority))
                ))
        );
        d.escrow = InferenceEscrow(
            payable(_proxy(
                    address(new InferenceEscrow(d.agents, d.parameters, d.gopen, settlement)),
                    abi.encodeCall(InferenceEscrow.initialize, (authority))
                ))
        );
        d.vault = BaselineVault(
            _proxy(
                address(new BaselineVault(d.models, d.contributions, address(d.timelock))),
                abi.encodeCall(BaselineVault.initialize, (authority))
            )
        );
        d.fees = _trainingFees(d);
        SettlementBase.Contracts memory contracts = SettlementBase.Contracts({
            escrow: d.escrow,
            staking: d.staking,
            parameters: d.parameters,
            agents: d.agents,
            models: d.models,
            contributions: d.contributions,
            vault: d.vault,
            stakers: d.rewards,
            treasury: address(d.timelock)
        });
        d.settlement = IAttributionSettlement(
            payable(_proxy(
                    address(new AttributionSettlement(contracts, new SettlementExtension(contracts))),
                    abi.encodeCall(AttributionSettlement.initialize, (authority))
                ))
        );
        require(address(d.settlement) == settlement, "the settlement is not where staking and escrow look for it");
        d.cases = CaseRegistry(
            _proxy(
                address(new CaseRegistry(d.agents, d.staking, d.parameters, d.settlement)),
                abi.encodeCall(CaseRegistry.initialize, (authority))
            )
        );
        DatanetHygiene.Contracts memory hygiene = DatanetHygiene.Contracts({
            datanets: d.datanets,
            contributions: d.contributions,
            agents: d.agents,
            staking: d.staking,
            cases: d.cases,
            parameters: d.parameters,
            treasury: address(d.timelock)
        });
        d.hygiene = DatanetHygiene(
            payable(_proxy(
                    address(new DatanetHygiene(hygiene)), abi.encodeCall(DatanetHygiene.initialize, (authority))
                ))
        );
    }

    /// @dev Both begin without funds: a vote configures the airdrop and creates programmes.
    function _incentives(Deployment memory d) private {
        address authority = address(d.manager);
        d.airdrop = Airdrop(
            payable(_proxy(
                    address(new Airdrop(d.rewards, address(d.timelock))),
                    abi.encodeCall(Airdrop.initialize, (authority))
                ))
        );
        d.programmes = ProgrammeVault(
            _proxy(
                address(new ProgrammeVault(d.rewards, d.datanets, address(d.timelock))),
                abi.encodeCall(ProgrammeVault.initialize, (authority))
            )
        );
    }

    function _trainingFees(Deployment memory d) private returns (TrainingFees) {
        TrainingFees.Contracts memory contracts = TrainingFees.Contracts({
            datanets: d.datanets,
            models: d.models,
            runs: d.runs,
            parameters: d.parameters,
            vault: d.vault,
            stakers: d.rewards,
            treasury: address(d.timelock)
        });
        bytes memory init = abi.encodeCall(TrainingFees.initialize, (address(d.manager)));
        return TrainingFees(_proxy(address(new TrainingFees(contracts)), init));
    }

    function _predicates(Deployment memory d) private {
        d.audits = AuditRegistry(
            _proxy(
                address(new AuditRegistry(d.settlement, d.parameters, d.staking, d.agents)),
                abi.encodeCall(AuditRegistry.initialize, (address(d.manager)))
            )
        );
        d.allocation = new AllocationPredicate(d.settlement, d.models, d.parameters);
        d.credit = new CreditPredicate();
        d.transition = new TransitionPredicate(d.settlement);
        d.malformed = new MalformedPredicate(d.settlement);
        d.score = new ScorePredicate(d.models);
        d.notice = new NoticePredicate(d.settlement, d.agents);
        d.withheld = new WithheldPredicate(d.settlement, d.audits);
        d.omission = new OmissionPredicate(d.models);
        d.span = new SpanPredicate(d.models);
        d.spanOmission = new SpanOmissionPredicate(d.models);
        d.retrieval = new RetrievalPredicate(d.models, d.datanets);
    }

    function _wire(Deployment memory d, Preset memory preset) private {
        d.agents.setStaking(d.staking);
        d.parameters.setSettlement(address(d.settlement));
        d.staking.setCases(address(d.cases));
        d.datanets.setHygiene(address(d.hygiene));
        d.contributions.setHygiene(address(d.hygiene));
        address[] memory predicates = new address[](11);
        predicates[0] = address(d.allocation);
        predicates[1] = address(d.credit);
        predicates[2] = address(d.transition);
        predicates[3] = address(d.malformed);
        predicates[4] = address(d.score);
        predicates[5] = address(d.notice);
        predicates[6] = address(d.withheld);
        predicates[7] = address(d.omission);
        predicates[8] = address(d.span);
        predicates[9] = address(d.spanOmission);
        predicates[10] = address(d.retrieval);
        d.settlement.bootstrapPredicates(predicates);
        d.settlement.setAudits(address(d.audits));

        bytes4[] memory guarded = new bytes4[](3);
        guarded[0] = IAttributionSettlement.veto.selector;
        guarded[1] = IAttributionSettlement.pause.selector;
        guarded[2] = IAttributionSettlement.unpause.selector;
        d.manager.setTargetFunctionRole(address(d.settlement), guarded, GUARDIAN_ROLE);
        d.manager.labelRole(GUARDIAN_ROLE, "GUARDIAN");
        d.manager.grantRole(GUARDIAN_ROLE, preset.guardian, 0);
    }

    /// @dev Verdicts about publications are read, and verdicts about agents written down for others.
    function _wireRegistries(Deployment memory d) private {
        d.models.setTrainingFees(d.fees);
        d.models.setCases(d.cases);
        d.cases.setOutcomes(address(d.validation));
        d.cases.setHygiene(d.hygiene);
        bytes4[] memory written = new bytes4[](2);
        written[0] = ICaseOutcomes.recordOutcome.selector;
        written[1] = IValidationRegistry.recordDecision.selector;
        d.manager.setTargetFunctionRole(address(d.validation), written, OUTCOME_ROLE);
        d.manager.labelRole(OUTCOME_ROLE, "OUTCOME");
        d.manager.grantRole(OUTCOME_ROLE, address(d.cases), 0);
        d.recorder = new OutcomeRecorder(d.settlement, d.validation);
        d.manager.grantRole(OUTCOME_ROLE, address(d.recorder), 0);
    }

    /// @dev From here on only a vote can change a role, a parameter or code.
    function _handOver(Deployment memory d, address deployer) private {
        d.timelock.grantRole(d.timelock.PROPOSER_ROLE(), address(d.governor));
        d.timelock.grantRole(d.timelock.CANCELLER_ROLE(), address(d.governor));
        d.timelock.renounceRole(d.timelock.DEFAULT_ADMIN_ROLE(), deployer);
        d.manager.grantRole(d.manager.ADMIN_ROLE(), address(d.timelock), 0);
        d.manager.renounceRole(d.manager.ADMIN_ROLE(), deployer);
    }

    function _proxy(address implementation, bytes memory init) private returns (address) {
        return address(new ERC1967Proxy(implementation, init));
    }
}
