// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {ICaseOutcomes} from "../interfaces/ICaseOutcomes.sol";
import {ICaseRegistry} from "../interfaces/ICaseRegistry.sol";
import {IDatanetHygiene} from "../interfaces/IDatanetHygiene.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";
import {Roles} from "../types/Roles.sol";

/// @title What the case registry remembers, and what votes, governance and time make of it.
/// @notice See {ICaseRegistry}. What changes it from outside is in {CaseRegistry}.
abstract contract CaseRegistryBase is
    ICaseRegistry,
    AccessManagedUpgradeable,
    UUPSUpgradeable,
    ReentrancyGuardTransient
{
    /// @dev What is left for validators who voted with the outcome, and the stake that shares it.
    struct Costs {
        uint96 left;
        uint96 weight;
    }

    /// @custom:storage-location erc7201:openledger.storage.CaseRegistry
    struct CaseRegistryStorage {
        uint40 count;
        address outcomes;
        mapping(uint40 caseId => Case) cases;
        mapping(uint40 caseId => mapping(uint40 validatorId => Vote)) votes;
        mapping(uint40 caseId => Costs) costs;
        mapping(bytes32 key => uint40 caseId) about;
        mapping(address account => uint96) owed;
        IDatanetHygiene hygiene;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.CaseRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xd95845c4dcd6ddfaeea03a27e228a4879bb7e986ab8a80b3e46eaca95cbe9100;

    /// @notice Part of the bond of a case that failed for the validators who voted with the outcome: what revealing cost
    /// them. The rest is burned.
    uint256 public constant COSTS_BPS = 2_000;
    /// @notice Part of its stake that a validator loses for a vote that it committed and did not reveal.
    uint256 public constant SILENCE_BPS = 100;
    /// @notice Gas for writing an outcome down.
    uint256 public constant OUTCOME_GAS = 600_000;

    uint256 private constant BPS = 10_000;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry public immutable AGENTS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentStaking public immutable STAKING;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAttributionSettlement public immutable SETTLEMENT;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IAgentRegistry agents,
        IAgentStaking staking,
        IProtocolParameters parameters,
        IAttributionSettlement settlement
    ) {
        AGENTS = agents;
        STAKING = staking;
        PARAMETERS = parameters;
        SETTLEMENT = settlement;
        _disableInitializers();
    }

    // --------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ICaseRegistry
    function caseOf(uint40 caseId) external view returns (Case memory) {
        return _case(caseId);
    }

    /// @inheritdoc ICaseRegistry
    function verdictOf(uint40 caseId) external view returns (Verdict verdict, bool isFinal) {
        return _verdict(_case(caseId));
    }

    /// @inheritdoc ICaseRegistry
    function deadlinesOf(uint40 caseId)
        external
        view
        returns (uint40 commitEnd, uint40 revealEnd, uint40 appealEnd, uint40 end)
    {
        return _deadlines(_case(caseId));
    }

    /// @inheritdoc ICaseRegistry
    function voteOf(uint40 caseId, uint40 validatorId) external view returns (Vote memory) {
        return _storage().votes[caseId][validatorId];
    }

    /// @inheritdoc ICaseRegistry
    function caseAbout(CaseKind kind, uint40 accused, bytes32 subject) public view returns (uint40 caseId) {
        return _storage().about[keccak256(abi.encode(kind, accused, subject))];
    }

    /// @inheritdoc ICaseRegistry
    function commitmentOf(uint40 caseId, uint40 validatorId, bool convict, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), caseId, validatorId, convict, salt));
    }

    /// @inheritdoc ICaseRegistry
    function caseCount() external view returns (uint40) {
        return _storage().count;
    }

    /// @inheritdoc ICaseRegistry
    function owed(address account) external view returns (uint96) {
        return _storage().owed[account];
    }

    // ------------------------------------------------------------------------------------------------------ internal

    function _open(CaseKind kind, uint40 accused, bytes32 subject, bytes32 evidenceHash)
        internal
        returns (uint40 caseId)
    {
        CaseRegistryStorage storage $ = _storage();
        // Check
        uint32 version = PARAMETERS.currentVersion();
        uint96 bond = PARAMETERS.parameters(version).caseBond;
        if (msg.value != bond) revert CaseRegistry_WrongBond(bond, msg.value);
        // Effect
        caseId = ++$.count;
        Case storage c = $.cases[caseId];
        c.kind = kind;
        c.accused = accused;
        c.openedAt = uint40(block.timestamp);
        c.duration = PARAMETERS.limits().maxCase;
        c.paramsVersion = version;
        c.bond = bond;
        c.total = STAKING.validatorStake();
        c.opener = msg.sender;
        c.subject = subject;
        $.about[keccak256(abi.encode(kind, accused, subject))] = caseId;
        emit CaseOpened(caseId, kind, accused, subject, evidenceHash, msg.sender, c.openedAt, c.duration, bond);
        // Interaction: staking is ours
        if (kind != CaseKind.Publication) STAKING.freeze(accused, _role(kind));
    }

    /// @dev What the bonds become. Bonds that come back are credited, not sent, so that no receiver can stop {close}.
    /// @return quorum Whether enough votes were revealed
    /// @return costs What validators share
    /// @return burned What is burned of the bonds
    function _settleBonds(uint40 caseId, Case storage c, Verdict verdict)
        internal
        returns (bool quorum, uint96 costs, uint96 burned)
    {
        Verdict voted;
        (voted, quorum) = _count(c);
        uint96 bond = c.bond;
        if (verdict == Verdict.Convicted || (!quorum && c.ruling == Verdict.Pending)) {
            _owe(c.opener, bond);
        } else {
            uint96 acquit = c.acquit;
            if (acquit != 0) {
                costs = uint96(uint256(bond) * COSTS_BPS / BPS);
                _storage().costs[caseId] = Costs({left: costs, weight: acquit});
            }
            burned = bond - costs;
        }
        if (c.appellant == address(0)) return (quorum, costs, burned);
        if (verdict != voted) _owe(c.appellant, bond);
        else burned += bond;
    }

    function _settleStake(Case storage c, bool convicted) internal returns (uint96 slashed) {
        if (c.kind == CaseKind.Publication) return 0;
        uint8 role = _role(c.kind);
        uint40 accused = c.accused;
        if (convicted) {
            uint96 amount = _part(STAKING.stakeOf(accused, role), PARAMETERS.parameters(c.paramsVersion).caseSlashBps);
            slashed = STAKING.slashStake(accused, role, amount, 0, address(0));
        }
        STAKING.unfreeze(accused, role);
    }

    /// @dev Whatever the other registry does, the verdict stands. Whoever opens a case about a publication may name any agent
    /// as accused, so nothing is written down about that.
    function _record(uint40 caseId, Case storage c, bool convicted) internal {
        address outcomes = _storage().outcomes;
        if (outcomes == address(0) || c.kind == CaseKind.Publication) return;
        bytes memory call = abi.encodeCall(ICaseOutcomes.recordOutcome, (caseId, c.accused, c.subject, convicted));
        if (!_tryCall(outcomes, call)) emit OutcomeNotRecorded(caseId);
    }

    function _case(uint40 caseId) internal view returns (Case storage c) {
        c = _storage().cases[caseId];
        if (c.openedAt == 0) revert CaseRegistry_UnknownCase(caseId);
    }

    function _deadlines(Case storage c)
        internal
        view
        returns (uint40 commitEnd, uint40 revealEnd, uint40 appealEnd, uint40 end)
    {
        uint40 openedAt = c.openedAt;
        uint40 duration = c.duration;
        commitEnd = openedAt + duration / 4;
        revealEnd = openedAt + duration / 2;
        // A quarter of what is left to file an appeal; rounded up, so that there is always a second for it.
        appealEnd = openedAt + (duration * 5 + 7) / 8;
        end = openedAt + duration;
    }

    /// @dev The verdict by now. An appeal keeps it open until governance has decided or time is over.
    function _verdict(Case storage c) internal view returns (Verdict verdict, bool isFinal) {
        if (c.ruling != Verdict.Pending) return (c.ruling, true);
        (, uint40 revealEnd, uint40 appealEnd, uint40 end) = _deadlines(c);
        if (block.timestamp < revealEnd) return (Verdict.Pending, false);
        (verdict,) = _count(c);
        isFinal = block.timestamp >= (c.appellant == address(0) ? appealEnd : end);
    }

    /// @dev When the accused curator decided what can be appealed now. Nothing else is a case: else anybody could hold a
    /// curator's stake for a bond that comes back without a quorum.
    function _decidedAt(uint40 accused, bytes32 subject) internal view returns (uint40) {
        uint40 contributionId = uint40(uint256(subject));
        IDatanetHygiene.Penalty memory p = _storage().hygiene.penaltyOf(contributionId);
        bool appealable = accused != 0 && p.curatorAgentId == accused && block.timestamp <= p.appealUntil
            && subject == bytes32(uint256(contributionId));
        if (!appealable) revert CaseRegistry_NoPenalty(accused, subject);
        return p.decidedAt;
    }

    /// @dev What the votes say: more than half of what was revealed, if that is enough, convicts.
    function _count(Case storage c) internal view returns (Verdict voted, bool quorum) {
        uint256 convict = c.convict;
        uint256 acquit = c.acquit;
        uint256 needed = uint256(c.total) * PARAMETERS.parameters(c.paramsVersion).caseQuorumBps;
        quorum = convict + acquit != 0 && (convict + acquit) * BPS >= needed;
        voted = quorum && convict > acquit ? Verdict.Convicted : Verdict.Acquitted;
    }

    /// @dev What a validator had before the case was opened, and still has: nobody buys votes for a case that is known.
    function _weight(uint40 validatorId, uint40 openedAt) internal view returns (uint96) {
        IAgentStaking.StakeState memory s = STAKING.stakeState(validatorId, Roles.VALIDATOR);
        uint96 before = STAKING.validatorStakeAt(validatorId, openedAt - 1);
        uint96 present = s.stake - s.unbonding;
        return before < present ? before : present;
    }

    function _role(CaseKind kind) internal pure returns (uint8) {
        return kind == CaseKind.Claim ? Roles.NODE : Roles.CURATOR;
    }

    /// @dev A part of an amount, rounded up against the agent; not above the amount, because no `bps` is above 10,000.
    function _part(uint96 amount, uint256 bps) internal pure returns (uint96) {
        return uint96(Math.ceilDiv(uint256(amount) * bps, BPS));
    }

    function _owe(address account, uint96 amount) internal {
        _storage().owed[account] += amount;
        emit Owed(account, amount);
    }

    /// @dev Burning can't fail: nobody can put code there. If it did, the verdict would still be executed.
    function _burn(uint96 amount) internal {
        if (!Native.trySend(Native.BURN, amount)) _owe(Native.BURN, amount);
    }

    /// @dev With a limit on gas, and what comes back is never copied. An account without code records nothing.
    function _tryCall(address target, bytes memory data) private returns (bool success) {
        if (target.code.length == 0) return false;
        uint256 gasLimit = OUTCOME_GAS;
        // Else whoever closes could choose a gas limit at which nothing is written down.
        if (gasleft() < gasLimit + gasLimit / 32) revert CaseRegistry_TooLittleGas(gasleft());
        assembly ("memory-safe") {
            success := call(gasLimit, target, 0, add(data, 32), mload(data), 0, 0)
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() internal pure returns (CaseRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
