// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Vm} from "forge-std/Vm.sol";
import {Deploy} from "../../../script/Deploy.s.sol";
import {Proposal, UpgradeImplementations} from "../../../script/upgrades/0001_Implementations.s.sol";
import {OpenTimelock} from "../../../src/governance/OpenTimelock.sol";
import {AttributionSettlement} from "../../../src/settlement/AttributionSettlement.sol";
import {ClaimStatus} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {FraudTest} from "../../utils/FraudTest.sol";
import {Draft} from "../../utils/Prover.sol";

/// @dev A deployment with a settled claim, half paid, and money at every place where OPEN waits.
contract UpgradeTest is FraudTest {
    UpgradeImplementations private step;
    string private book;
    address private voter = makeAddr("voter");
    address private staker = makeAddr("staker");
    string private constant WHY = "New implementations";

    function setUp() public override {
        super.setUp();
        book = Deploy(deployCode("Deploy.s.sol:Deploy")).addressBook(d, 0);
        step = new UpgradeImplementations();
        vm.deal(voter, 1_000e18);
        vm.startPrank(voter);
        d.gopen.deposit{value: 1_000e18}();
        d.gopen.delegate(voter);
        vm.stopPrank();
        vm.deal(staker, 50e18);
        vm.prank(staker);
        d.rewards.deposit{value: 50e18}(2);
        vm.prank(operator);
        d.staking.requestUnbond(nodeId, Roles.NODE, 5e18);

        Draft memory x = _honest();
        _submit(x);
        _finalize(x);
        d.settlement.claim(_payoutProof(x, 9), x.claim);
        d.settlement.flush();
        skip(1);
    }

    // ------------------------------------------------------------------------------------------------ the vote

    /// @dev Everything but the execution.
    function _queue(string[] memory names) private returns (Proposal memory p) {
        p = step.prepare(book, names, WHY, voter);
        vm.prank(voter);
        uint256 id = d.governor.propose(p.targets, p.values, p.calldatas, WHY);
        vm.warp(d.governor.proposalSnapshot(id) + 1);
        vm.prank(voter);
        d.governor.castVote(id, 1);
        vm.warp(d.governor.proposalDeadline(id) + 1);
        d.governor.queue(p.targets, p.values, p.calldatas, keccak256(bytes(WHY)));
        vm.warp(d.governor.proposalEta(id));
    }

    function _execute(Proposal memory p) private {
        d.governor.execute(p.targets, p.values, p.calldatas, keccak256(bytes(WHY)));
    }

    function _implementationOf(address proxy) private view returns (address) {
        return address(uint160(uint256(vm.load(proxy, ERC1967Utils.IMPLEMENTATION_SLOT))));
    }

    /// @dev The implementation that a call of the proposal names.
    function _newCode(bytes memory upgrade) private pure returns (address code) {
        assembly ("memory-safe") {
            code := mload(add(upgrade, 36))
        }
    }

    // ------------------------------------------------------------------------------------------------ the state

    /// @dev What users see, contract by contract.
    function _views(bytes32 openClaim) private view returns (bytes[] memory v) {
        v = new bytes[](26);
        v[0] = abi.encode(d.gopen.totalSupply(), d.gopen.balanceOf(voter), d.gopen.getVotes(voter), d.gopen.name());
        v[1] = abi.encode(d.timelock.getMinDelay(), d.timelock.hasRole(d.timelock.PROPOSER_ROLE(), address(d.governor)));
        v[2] = abi.encode(d.governor.quorumFloor(), d.governor.votingPeriod(), d.governor.token());
        v[3] = abi.encode(d.governor.timelock(), d.governor.votingDelay(), d.governor.proposalThreshold());
        v[4] = abi.encode(d.parameters.currentVersion(), d.parameters.parameters(1), d.parameters.limits());
        v[5] = abi.encode(d.datanets.datanet(1), d.datanets.contribution(2), d.datanets.version(1));
        v[6] = abi.encode(d.contributions.recordOf(1), d.contributions.ownerOf(3), d.contributions.hygiene());
        v[7] = abi.encode(d.hygiene.penaltyOf(1));
        v[8] = abi.encode(d.runs.run(keccak256("manifest")));
        v[9] = abi.encode(d.models.terms(adapterId), d.models.prices(adapterId), d.models.statusOf(adapterId));
        v[10] = abi.encode(d.models.trainingFees(), d.models.cases(), d.models.ownerOf(baseId));
        v[11] = abi.encode(d.agents.ownerOf(nodeId), d.agents.staking(), d.agents.agentCount());
        v[12] = abi.encode(d.reputation.getIdentityRegistry(), d.validation.getIdentityRegistry());
        v[13] = abi.encode(d.staking.stakeState(nodeId, Roles.NODE), d.staking.exposureOf(nodeId));
        v[14] = abi.encode(d.staking.settlement(), d.staking.cases(), d.staking.validatorStake());
        v[15] = abi.encode(d.cases.caseCount(), d.airdrop.config(), d.programmes.programmeCount());
        v[16] = abi.encode(d.rewards.position(staker, 2), d.rewards.earned(staker), d.rewards.totalWeight());
        v[17] = abi.encode(d.escrow.channel(channelId), d.escrow.settlement());
        v[18] = abi.encode(d.vault.received(adapterId), d.vault.withheld());
        v[19] = abi.encode(d.fees.held(keccak256("manifest")));
        v[20] = abi.encode(d.settlement.node(nodeId), d.settlement.batch(nodeId, 2), d.settlement.audits());
        v[21] = abi.encode(d.settlement.claimRecord(openClaim));
        v[22] = abi.encode(d.settlement.claimRecord(d.settlement.claimIdOf(lastClaim)), d.settlement.paid(nodeId, 9));
        (uint96 burn, uint96 treasury, uint96 stakers) = d.settlement.counters();
        v[23] = abi.encode(burn, treasury, stakers);
        (uint32 from, uint32 to) = d.settlement.predicateVersions(address(d.allocation));
        v[24] = abi.encode(from, to);
        v[25] = abi.encode(d.audits.requestCount(), d.audits.seedOf(openClaim));
    }

    function _isProxy(Proposal memory p, address account) private pure returns (bool) {
        for (uint256 i = 0; i < p.targets.length; ++i) {
            if (p.targets[i] == account) return true;
        }
        return false;
    }

    /// @dev Of a proxy's storage nothing changed but where its code is. The governor and the timelock also write down
    /// that the proposal is done.
    function _assertNothingElseWritten(Proposal memory p, Vm.AccountAccess[] memory accesses) private view {
        uint256 upgraded = 0;
        for (uint256 i = 0; i < accesses.length; ++i) {
            for (uint256 k = 0; k < accesses[i].storageAccesses.length; ++k) {
                Vm.StorageAccess memory s = accesses[i].storageAccesses[k];
                if (!s.isWrite || s.reverted || s.previousValue == s.newValue) continue;
                if (s.slot == ERC1967Utils.IMPLEMENTATION_SLOT) {
                    assertTrue(_isProxy(p, s.account));
                    ++upgraded;
                } else {
                    assertTrue(s.account == address(d.governor) || s.account == address(d.timelock), "state written");
                }
            }
        }
        assertEq(upgraded, p.targets.length);
    }

    /// @dev The hash of runtime code in which `own` and `extension`, the immutables that any new code has to change, are
    /// replaced by marks.
    function _codeHash(address own, address extension) private view returns (bytes32) {
        bytes memory code = own.code;
        assembly ("memory-safe") {
            let end := add(code, mload(code))
            for { let at := add(code, 32) } lt(at, end) { at := add(at, 1) } {
                let word := mload(at)
                if eq(word, own) { mstore(at, 1) }
                if eq(word, extension) { mstore(at, 2) }
            }
        }
        return keccak256(code);
    }

    function _extension() private view returns (address) {
        return address(AttributionSettlement(payable(address(d.settlement))).EXTENSION());
    }

    // ------------------------------------------------------------------------------------------------ the tests

    function test_AVoteUpgradesEveryProxyAndLeavesAllStateAsItWas() public {
        Proposal memory p = _queue(step.everyProxy());
        Draft memory open = _honest();
        bytes32 claimId = _submit(open);
        bytes[] memory before = _views(claimId);
        bytes32[] memory code = new bytes32[](p.targets.length);
        address extension = _extension();
        for (uint256 i = 0; i < p.targets.length; ++i) {
            code[i] = _codeHash(_implementationOf(p.targets[i]), extension);
        }

        vm.startStateDiffRecording();
        _execute(p);
        _assertNothingElseWritten(p, vm.stopAndReturnStateDiff());

        assertNotEq(_extension(), extension);
        for (uint256 i = 0; i < p.targets.length; ++i) {
            address next = _implementationOf(p.targets[i]);
            assertEq(next, _newCode(p.calldatas[i]));
            // The same code with the same immutables.
            assertEq(_codeHash(next, _extension()), code[i], step.everyProxy()[i]);
        }
        bytes[] memory later = _views(claimId);
        for (uint256 i = 0; i < before.length; ++i) {
            assertEq(later[i], before[i], vm.toString(i));
        }
    }

    function test_AClaimThatWasOpenDuringAnUpgradeBecomesFinalAndPays() public {
        uint256 modelBefore = builder.balance;
        assertGt(modelBefore, 0);
        Proposal memory p = _queue(step.everyProxy());
        Draft memory open = _honest();
        bytes32 claimId = _submit(open);
        _execute(p);
        assertEq(uint8(d.settlement.claimRecord(claimId).status), uint8(ClaimStatus.Proposed));
        vm.warp(d.settlement.claimRecord(claimId).end);
        assertEq(uint8(d.settlement.claimRecord(claimId).status), uint8(ClaimStatus.Final));
        d.settlement.claim(_payoutProof(open, 9), open.claim);
        assertEq(builder.balance, modelBefore * 2);
        // Nobody had claimed this before the upgrade: both claims are paid.
        d.settlement.claim(_payoutProof(open, 5), open.claim);
        assertEq(baseOwner.balance, open.payouts[5].cumulative);
        d.settlement.flush(nodeId);
        assertEq(operator.balance, uint256(open.claim.fees) * 2 / 5);
    }

    function test_AClaimThatWasOpenDuringAnUpgradeCanStillBeProvenWrong() public {
        Proposal memory p = _queue(step.everyProxy());
        Draft memory open = _draft(_answers());
        open.items[0][0].amount -= 1;
        open.items[0][1].amount += 1;
        _pay(open);
        _seal(open);
        _submit(open);
        _execute(p);
        _assertFraud(open, address(d.allocation), _allocationWitness(open, 0));
    }

    function test_OneContractCanBeUpgradedAlone() public {
        string[] memory names = new string[](1);
        names[0] = "AgentStaking";
        address old = _implementationOf(address(d.escrow));
        Proposal memory p = _queue(names);
        _execute(p);
        assertEq(p.targets[0], address(d.staking));
        assertEq(_implementationOf(address(d.staking)), _newCode(p.calldatas[0]));
        assertEq(_implementationOf(address(d.escrow)), old);
    }

    function test_TheStepProposesWithTheVotesOfItsSender() public {
        string[] memory names = new string[](1);
        names[0] = "StakerRewards";
        uint256 id = step.propose(book, names, WHY, voter);
        assertEq(uint8(d.governor.state(id)), uint8(IGovernor.ProposalState.Pending));
        assertEq(d.governor.proposalProposer(id), voter);
    }

    function test_RevertWhen_TheStepDoesNotKnowTheContract() public {
        string[] memory names = new string[](1);
        names[0] = "AccessManager";
        vm.expectRevert(
            abi.encodeWithSelector(UpgradeImplementations.UpgradeImplementations_Unknown.selector, "AccessManager")
        );
        step.prepare(book, names, WHY, voter);
    }

    function test_TheStepKnowsEveryProxyOfTheAddressBook() public view {
        string[] memory names = vm.parseJsonKeys(book, ".contracts");
        string[] memory known = step.everyProxy();
        uint256 proxies = 0;
        for (uint256 i = 0; i < names.length; ++i) {
            address place = vm.parseJsonAddress(book, string.concat(".contracts.", names[i]));
            if (_implementationOf(place) == address(0)) continue;
            bool found = false;
            for (uint256 k = 0; k < known.length; ++k) {
                if (keccak256(bytes(known[k])) == keccak256(bytes(names[i]))) found = true;
            }
            assertTrue(found, names[i]);
            ++proxies;
        }
        assertEq(proxies, known.length);
    }

    function test_RevertWhen_AnybodyElseUpgrades() public {
        Proposal memory p = step.prepare(book, step.everyProxy(), WHY, voter);
        address[5] memory others = [stranger, guardian, operator, voter, makeAddr("deployer")];
        for (uint256 i = 0; i < p.targets.length; ++i) {
            for (uint256 k = 0; k < others.length; ++k) {
                bytes memory denied =
                    abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[k]);
                if (p.targets[i] == address(d.governor)) {
                    denied = abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, others[k]);
                } else if (p.targets[i] == address(d.timelock)) {
                    denied = abi.encodeWithSelector(OpenTimelock.OpenTimelock_OnlySelf.selector, others[k]);
                }
                vm.prank(others[k]);
                vm.expectRevert(denied);
                UUPSUpgradeable(p.targets[i]).upgradeToAndCall(_newCode(p.calldatas[i]), "");
            }
        }
    }

    function test_RevertWhen_TheNewCodeIsNotUpgradeable() public {
        vm.prank(address(d.timelock));
        vm.expectRevert(
            abi.encodeWithSelector(ERC1967Utils.ERC1967InvalidImplementation.selector, address(d.allocation))
        );
        UUPSUpgradeable(address(d.staking)).upgradeToAndCall(address(d.allocation), "");
    }
}
