// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Test} from "forge-std/Test.sol";
import {Deploy, Deployment} from "../../../script/Deploy.s.sol";
import {Presets} from "../../../script/Presets.sol";
import {OpenGovernor} from "../../../src/governance/OpenGovernor.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {AttributionSettlement} from "../../../src/settlement/AttributionSettlement.sol";
import {GovernanceOpen} from "../../../src/token/GovernanceOpen.sol";
import {ContributionInput} from "../../../src/types/Contribution.sol";
import {PaymentInbox} from "../../../src/payments/PaymentInbox.sol";

contract DeployTest is Test {
    Deploy private script;
    Deployment private d;
    address private deployer = makeAddr("deployer");

    function setUp() public {
        vm.chainId(31_337);
        vm.warp(1_700_000_000);
        // From the artifact: compiling every contract once more into this test takes long.
        script = Deploy(deployCode("Deploy.s.sol:Deploy"));
        d = script.deploy(Presets.devnet(), deployer);
    }

    /// @dev Whatever in the address book is behind a proxy.
    function _proxies() private returns (address[] memory all) {
        string memory book = script.addressBook(d, 0);
        string[] memory names = vm.parseJsonKeys(book, ".contracts");
        all = new address[](names.length);
        uint256 count = 0;
        for (uint256 i = 0; i < names.length; ++i) {
            address deployed = vm.parseJsonAddress(book, string.concat(".contracts.", names[i]));
            if (_implementation(deployed) != address(0)) all[count++] = deployed;
        }
        assembly ("memory-safe") {
            mstore(all, count)
        }
        assertGt(count, 20);
    }

    /// @dev The slot where ERC-1967 keeps the implementation.
    function _implementation(address proxy) private view returns (address) {
        return
            address(uint160(uint256(vm.load(proxy, bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1)))));
    }

    function test_EveryContractIsBehindAProxyOfItsOwnCode() public {
        address[] memory all = _proxies();
        for (uint256 i = 0; i < all.length; ++i) {
            assertGt(_implementation(all[i]).code.length, 0);
            for (uint256 k = 0; k < i; ++k) {
                assertNotEq(_implementation(all[i]), _implementation(all[k]));
            }
        }
    }

    function test_NoImplementationCanBeInitialized() public {
        address[] memory all = _proxies();
        for (uint256 i = 0; i < all.length; ++i) {
            assertEq(_initialized(_implementation(all[i])), type(uint64).max);
            uint64 version = _initialized(all[i]);
            assertTrue(version == 1 || version == 2);
        }
        address extension = address(AttributionSettlement(payable(address(d.settlement))).EXTENSION());
        assertEq(_initialized(extension), type(uint64).max);
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        d.datanets.initialize(deployer);
    }

    /// @dev How often OpenZeppelin's Initializable counts a contract as initialised; the greatest number when it never can be.
    function _initialized(address target) private view returns (uint64) {
        bytes32 slot = keccak256(abi.encode(uint256(keccak256("openzeppelin.storage.Initializable")) - 1))
            & ~bytes32(uint256(0xff));
        return uint64(uint256(vm.load(target, slot)));
    }

    function test_EveryContractObeysTheSameAccessManager() public {
        address[] memory all = _proxies();
        for (uint256 i = 0; i < all.length; ++i) {
            bool governsItself = all[i] == address(d.timelock) || all[i] == address(d.governor);
            if (!governsItself) assertEq(IAccessManaged(all[i]).authority(), address(d.manager));
        }
    }

    function test_OnlyTheTimelockIsAdmin() public view {
        (bool timelockIsAdmin, uint32 delay) = d.manager.hasRole(d.manager.ADMIN_ROLE(), address(d.timelock));
        assertTrue(timelockIsAdmin);
        assertEq(delay, 0);
        (bool deployerIsAdmin,) = d.manager.hasRole(d.manager.ADMIN_ROLE(), deployer);
        assertFalse(deployerIsAdmin);
        (bool scriptIsAdmin,) = d.manager.hasRole(d.manager.ADMIN_ROLE(), address(script));
        assertFalse(scriptIsAdmin);
    }

    function test_TheTimelockObeysTheGovernorAndItself() public view {
        bytes32 admin = d.timelock.DEFAULT_ADMIN_ROLE();
        bytes32 proposer = d.timelock.PROPOSER_ROLE();
        bytes32 canceller = d.timelock.CANCELLER_ROLE();
        assertTrue(d.timelock.hasRole(admin, address(d.timelock)));
        assertFalse(d.timelock.hasRole(admin, deployer));
        assertTrue(d.timelock.hasRole(proposer, address(d.governor)));
        assertTrue(d.timelock.hasRole(canceller, address(d.governor)));
        assertFalse(d.timelock.hasRole(proposer, deployer));
        assertFalse(d.timelock.hasRole(canceller, deployer));
        assertTrue(d.timelock.hasRole(d.timelock.EXECUTOR_ROLE(), address(0)));
        assertEq(d.timelock.getMinDelay(), Presets.devnet().timelockDelay);
    }

    function test_TheGovernorVotesWithGopen() public view {
        OpenGovernor.Config memory config = Presets.devnet().governor;
        assertEq(address(d.governor.token()), address(d.gopen));
        assertEq(d.governor.timelock(), address(d.timelock));
        assertEq(d.governor.votingDelay(), config.votingDelay);
        assertEq(d.governor.votingPeriod(), config.votingPeriod);
        assertEq(d.governor.proposalThreshold(), config.proposalThreshold);
        assertEq(d.governor.quorumNumerator(), config.quorumPercent);
        assertEq(d.governor.quorumFloor(), config.quorumFloor);
        assertEq(d.governor.lateQuorumVoteExtension(), config.lateQuorumExtension);
    }

    function test_ContractsKnowOneAnother() public view {
        assertEq(d.contributions.registry(), address(d.datanets));
        assertEq(d.contributions.hygiene(), address(d.hygiene));
        assertEq(d.datanets.hygiene(), address(d.hygiene));
        assertEq(address(d.agents.staking()), address(d.staking));
        assertEq(d.staking.settlement(), address(d.settlement));
        assertEq(d.staking.cases(), address(d.cases));
        assertEq(d.escrow.settlement(), address(d.settlement));
        AttributionSettlement settlement = AttributionSettlement(payable(address(d.settlement)));
        assertEq(settlement.TREASURY(), address(d.timelock));
        assertEq(address(settlement.ESCROW()), address(d.escrow));
        assertEq(address(settlement.STAKING()), address(d.staking));
        assertEq(address(settlement.PARAMETERS()), address(d.parameters));
        assertEq(address(settlement.AGENTS()), address(d.agents));
        assertEq(address(settlement.MODELS()), address(d.models));
        assertEq(address(settlement.CONTRIBUTIONS()), address(d.contributions));
        assertEq(address(settlement.VAULT()), address(d.vault));
        assertEq(address(settlement.STAKERS()), address(d.rewards));
        assertEq(d.parameters.currentVersion(), 1);
        assertEq(address(d.models.cases()), address(d.cases));
        assertEq(address(d.reputation.getIdentityRegistry()), address(d.agents));
        assertEq(address(d.validation.getIdentityRegistry()), address(d.agents));
        assertEq(address(d.recorder.SETTLEMENT()), address(d.settlement));
        assertEq(address(d.recorder.VALIDATION()), address(d.validation));
        assertEq(address(d.airdrop.REWARDS()), address(d.rewards));
        assertEq(d.airdrop.TREASURY(), address(d.timelock));
        assertEq(address(d.programmes.REWARDS()), address(d.rewards));
        assertEq(address(d.programmes.DATANETS()), address(d.datanets));
        assertEq(d.programmes.TREASURY(), address(d.timelock));
    }

    function test_EveryPredicateCountsFromTheFirstVersion() public view {
        address[11] memory predicates = [
            address(d.allocation),
            address(d.credit),
            address(d.transition),
            address(d.malformed),
            address(d.score),
            address(d.notice),
            address(d.withheld),
            address(d.omission),
            address(d.span),
            address(d.spanOmission),
            address(d.retrieval)
        ];
        for (uint256 i = 0; i < predicates.length; ++i) {
            (uint32 from, uint32 to) = d.settlement.predicateVersions(predicates[i]);
            assertEq(from, 1);
            assertEq(to, type(uint32).max);
        }
    }

    function test_TheGuardianMayVetoAndNothingElse() public view {
        address guardian = Presets.devnet().guardian;
        (bool veto,) = d.manager.canCall(guardian, address(d.settlement), d.settlement.veto.selector);
        assertTrue(veto);
        (bool upgrade,) = d.manager.canCall(guardian, address(d.settlement), UUPSUpgradeable.upgradeToAndCall.selector);
        assertFalse(upgrade);
        (bool parameters,) =
            d.manager.canCall(guardian, address(d.parameters), d.parameters.setAttributionThreshold.selector);
        assertFalse(parameters);
        (bool deployerVetoes,) = d.manager.canCall(deployer, address(d.settlement), d.settlement.veto.selector);
        assertFalse(deployerVetoes);
    }

    function test_TheDeployerCanDoNothingAnyMore() public {
        vm.startPrank(deployer);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, deployer));
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, deployer));
        d.parameters.setSettlement(deployer);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, deployer));
        d.settlement.bootstrapPredicates(new address[](0));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, deployer));
        d.agents.setStaking(d.staking);
    }

    function test_AnAcceptedContributionBecomesAToken() public {
        IDatanetRegistry.DatanetConfig memory config;
        config.name = "Tides";
        config.licences = new string[](1);
        config.licences[0] = "CC0-1.0";
        config.curators = new address[](1);
        config.curators[0] = address(this);
        ContributionInput memory input;
        input.datanetId = d.datanets.createDatanet(config);
        (input.contentRoot, input.rowsRoot) = (keccak256("content"), keccak256("rows"));
        (input.byteLength, input.rowCount, input.licence) = (1, 1, "CC0-1.0");
        uint40 id =
            d.datanets.commit(keccak256(abi.encode(address(this), input.contentRoot, input.rowsRoot, bytes32(0))));
        vm.roll(block.number + 1);
        d.datanets.submit(id, input, 0);
        d.datanets.accept(id);
        assertEq(d.contributions.ownerOf(id), address(this));
    }

    function test_AVoteOnTheDeployedContractsChangesTheThreshold() public {
        GovernanceOpen gopen = d.gopen;
        vm.deal(address(this), 1_000e18);
        gopen.deposit{value: 1_000e18}();
        gopen.delegate(address(this));
        skip(1);
        address[] memory targets = new address[](1);
        targets[0] = address(d.parameters);
        uint256[] memory values = new uint256[](1);
        bytes[] memory calldatas = new bytes[](1);
        calldatas[0] = abi.encodeCall(d.parameters.setAttributionThreshold, (100_000, 10_000, 200_000));
        uint256 id = d.governor.propose(targets, values, calldatas, "raise it");
        skip(2);
        d.governor.castVote(id, 1);
        skip(11);
        d.governor.queue(targets, values, calldatas, keccak256("raise it"));
        skip(1);
        d.governor.execute(targets, values, calldatas, keccak256("raise it"));
        assertEq(d.parameters.currentVersion(), 2);
        assertEq(d.parameters.parameters(2).tauBasePpm, 100_000);
        assertEq(d.parameters.parameters(1).tauBasePpm, 50_000);
    }

    function test_TheAddressBookNamesEveryContract() public {
        string memory book = script.addressBook(d, 7);
        assertEq(vm.parseJsonUint(book, ".chainId"), 31_337);
        assertEq(vm.parseJsonUint(book, ".startBlock"), 7);
        assertEq(vm.parseJsonKeys(book, ".contracts").length, 39);
        assertEq(vm.parseJsonAddress(book, ".contracts.AttributionSettlement"), address(d.settlement));
        assertEq(vm.parseJsonAddress(book, ".contracts.ScorePredicate"), address(d.score));
        assertEq(vm.parseJsonAddress(book, ".contracts.PaymentInboxes"), address(d.inboxes));
        assertEq(vm.parseJsonAddress(book, ".contracts.WETH"), 0x4200000000000000000000000000000000000006);
    }

    function test_InboxesLeadToTheEscrow() public view {
        PaymentInbox inbox = PaymentInbox(payable(address(d.inboxes.IMPLEMENTATION())));
        assertEq(address(inbox.ESCROW()), address(d.escrow));
        assertEq(address(inbox.GOPEN()), address(d.gopen));
        assertEq(address(inbox.AGENTS()), address(d.agents));
    }

    function test_TestnetAndProductionDeployToo() public {
        vm.chainId(1);
        script.deploy(Presets.byName("testnet", makeAddr("guardian")), deployer);
        Deployment memory p = script.deploy(Presets.byName("production", makeAddr("guardian")), deployer);
        assertEq(p.timelock.getMinDelay(), 1 weeks);
        assertEq(p.models.publicationBond(), 100e18);
    }

    /// forge-config: default.allow_internal_expect_revert = true
    function test_RevertWhen_ThePresetIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(Presets.Presets_Unknown.selector, "staging"));
        Presets.byName("staging", deployer);
    }

    /// forge-config: default.allow_internal_expect_revert = true
    function test_RevertWhen_NobodyGuardsProduction() public {
        vm.expectRevert(Presets.Presets_NoGuardian.selector);
        Presets.byName("production", address(0));
    }
}
