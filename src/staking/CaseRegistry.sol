// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {ICaseRegistry} from "../interfaces/ICaseRegistry.sol";
import {IDatanetHygiene} from "../interfaces/IDatanetHygiene.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";
import {Claim, ClaimRecord, ClaimStatus} from "../types/Claim.sol";
import {Roles} from "../types/Roles.sol";
import {CaseRegistryBase} from "./CaseRegistryBase.sol";

/// @title Cases.
/// @notice See {ICaseRegistry}. Who judges gains nothing by convicting: what the accused loses is burned.
/// {CaseRegistryBase} has the state and what follows from it.
contract CaseRegistry is CaseRegistryBase {
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IAgentRegistry agents,
        IAgentStaking staking,
        IProtocolParameters parameters,
        IAttributionSettlement settlement
    ) CaseRegistryBase(agents, staking, parameters, settlement) {}

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc ICaseRegistry
    function setOutcomes(address outcomes) external restricted {
        CaseRegistryStorage storage $ = _storage();
        if ($.outcomes != address(0)) revert CaseRegistry_OutcomesAlreadySet($.outcomes);
        $.outcomes = outcomes;
        emit OutcomesSet(outcomes);
    }

    /// @inheritdoc ICaseRegistry
    function setHygiene(IDatanetHygiene hygiene) external restricted {
        CaseRegistryStorage storage $ = _storage();
        if (address($.hygiene) != address(0)) revert CaseRegistry_HygieneAlreadySet(address($.hygiene));
        $.hygiene = hygiene;
        emit HygieneSet(address(hygiene));
    }

    // ------------------------------------------------------------------------------------------------------- opening

    /// @inheritdoc ICaseRegistry
    function openForClaim(Claim calldata claim, bytes32 evidenceHash) external payable returns (uint40 caseId) {
        // Check: it is a claim that nobody has proven false, and not too old
        bytes32 claimId = SETTLEMENT.claimIdOf(claim);
        ClaimRecord memory record = SETTLEMENT.claimRecord(claimId);
        if (record.status == ClaimStatus.None || record.status == ClaimStatus.Rejected) {
            revert CaseRegistry_NoSuchClaim(claimId);
        }
        uint40 until = record.end + PARAMETERS.settlementTerms(claim.paramsVersion).caseWindow;
        if (block.timestamp >= until) revert CaseRegistry_ClaimTooOld(claimId, until);
        uint40 earlier = caseAbout(CaseKind.Claim, claim.proposer, claimId);
        if (earlier != 0) revert CaseRegistry_AlreadyOpened(earlier);
        // Effect
        return _open(CaseKind.Claim, claim.proposer, claimId, evidenceHash);
    }

    /// @inheritdoc ICaseRegistry
    function open(CaseKind kind, uint40 accused, bytes32 subject, bytes32 evidenceHash)
        external
        payable
        returns (uint40 caseId)
    {
        // Check
        if (kind == CaseKind.Claim) revert CaseRegistry_WrongKind(kind);
        uint40 earlier = caseAbout(kind, accused, subject);
        bool taken = kind == CaseKind.Curation
            ? _storage().cases[earlier].openedAt >= _decidedAt(accused, subject)
            : earlier != 0 && !_storage().cases[earlier].closed;
        if (taken) revert CaseRegistry_AlreadyOpened(earlier);
        // `ownerOf` reverts when there is no such agent
        if (accused != 0) AGENTS.ownerOf(accused);
        // Effect
        return _open(kind, accused, subject, evidenceHash);
    }

    /// @inheritdoc ICaseRegistry
    function submitEvidence(uint40 caseId, bytes32 evidenceHash) external {
        (, uint40 revealEnd,,) = _deadlines(_case(caseId));
        if (block.timestamp >= revealEnd) revert CaseRegistry_WrongPhase(caseId);
        emit EvidenceSubmitted(caseId, msg.sender, evidenceHash);
    }

    // -------------------------------------------------------------------------------------------------------- voting

    /// @inheritdoc ICaseRegistry
    function commitVote(uint40 caseId, uint40 validatorId, bytes32 commitment) external {
        Case storage c = _case(caseId);
        Vote storage v = _storage().votes[caseId][validatorId];
        // Check
        (uint40 commitEnd,,, uint40 end) = _deadlines(c);
        if (block.timestamp >= commitEnd) revert CaseRegistry_WrongPhase(caseId);
        bool entitled =
            AGENTS.getAgentWallet(validatorId) == msg.sender && STAKING.isActive(validatorId, Roles.VALIDATOR);
        if (!entitled) revert CaseRegistry_NotValidator(validatorId, msg.sender);
        uint40 accused = c.accused;
        if (accused != 0 && AGENTS.ownerOf(validatorId) == AGENTS.ownerOf(accused)) {
            revert CaseRegistry_Conflicted(caseId, validatorId);
        }
        if (commitment == 0) revert CaseRegistry_EmptyCommitment();
        if (v.commitment != 0) revert CaseRegistry_AlreadyCommitted(caseId, validatorId);
        uint96 weight = _weight(validatorId, c.openedAt);
        if (weight == 0) revert CaseRegistry_NoWeight(caseId, validatorId);
        // Effect
        v.commitment = commitment;
        v.weight = weight;
        emit VoteCommitted(caseId, validatorId, commitment, weight);
        // Interaction: staking is ours
        STAKING.hold(validatorId, Roles.VALIDATOR, end);
    }

    /// @inheritdoc ICaseRegistry
    function revealVote(uint40 caseId, uint40 validatorId, bool convict, bytes32 salt) external {
        Case storage c = _case(caseId);
        Vote storage v = _storage().votes[caseId][validatorId];
        // Check
        (uint40 commitEnd, uint40 revealEnd,,) = _deadlines(c);
        if (block.timestamp < commitEnd || block.timestamp >= revealEnd) revert CaseRegistry_WrongPhase(caseId);
        if (v.commitment == 0) revert CaseRegistry_NotCommitted(caseId, validatorId);
        if (v.revealed) revert CaseRegistry_AlreadyRevealed(caseId, validatorId);
        if (v.commitment != commitmentOf(caseId, validatorId, convict, salt)) {
            revert CaseRegistry_WrongReveal(caseId, validatorId);
        }
        // Effect
        uint96 weight = v.weight;
        (v.revealed, v.convict) = (true, convict);
        if (convict) c.convict += weight;
        else c.acquit += weight;
        emit VoteRevealed(caseId, validatorId, convict, weight);
    }

    /// @inheritdoc ICaseRegistry
    function penaliseSilence(uint40 caseId, uint40 validatorId) external {
        Vote storage v = _storage().votes[caseId][validatorId];
        // Check
        (, uint40 revealEnd,,) = _deadlines(_case(caseId));
        if (block.timestamp < revealEnd) revert CaseRegistry_WrongPhase(caseId);
        if (v.commitment == 0) revert CaseRegistry_NotCommitted(caseId, validatorId);
        if (v.revealed) revert CaseRegistry_AlreadyRevealed(caseId, validatorId);
        if (v.settled) revert CaseRegistry_AlreadySettled(caseId, validatorId);
        // Effect
        v.settled = true;
        // Interaction
        uint96 taken = STAKING.slashStake(validatorId, Roles.VALIDATOR, _part(v.weight, SILENCE_BPS), 0, address(0));
        emit SilencePenalised(caseId, validatorId, taken);
    }

    // ------------------------------------------------------------------------------------------------------- appeals

    /// @inheritdoc ICaseRegistry
    function appeal(uint40 caseId) external payable {
        Case storage c = _case(caseId);
        // Check
        (, uint40 revealEnd, uint40 appealEnd,) = _deadlines(c);
        if (block.timestamp < revealEnd || block.timestamp >= appealEnd) revert CaseRegistry_WrongPhase(caseId);
        if (c.appellant != address(0)) revert CaseRegistry_AlreadyAppealed(caseId);
        if (msg.value != c.bond) revert CaseRegistry_WrongBond(c.bond, msg.value);
        // Effect
        c.appellant = msg.sender;
        emit CaseAppealed(caseId, msg.sender, c.bond);
    }

    /// @inheritdoc ICaseRegistry
    function decideAppeal(uint40 caseId, bool convict) external restricted {
        Case storage c = _case(caseId);
        // Check
        if (c.appellant == address(0)) revert CaseRegistry_NotAppealed(caseId);
        if (c.ruling != Verdict.Pending) revert CaseRegistry_AlreadyDecided(caseId);
        (,,, uint40 end) = _deadlines(c);
        if (block.timestamp >= end) revert CaseRegistry_WrongPhase(caseId);
        // Effect
        c.ruling = convict ? Verdict.Convicted : Verdict.Acquitted;
        emit AppealDecided(caseId, convict);
    }

    // ------------------------------------------------------------------------------------------------------- closing

    /// @inheritdoc ICaseRegistry
    function close(uint40 caseId) external nonReentrant {
        Case storage c = _case(caseId);
        // Check
        (Verdict verdict, bool isFinal) = _verdict(c);
        if (!isFinal) revert CaseRegistry_NotFinal(caseId);
        if (c.closed) revert CaseRegistry_AlreadyClosed(caseId);
        // Effect
        c.closed = true;
        (bool quorum, uint96 costs, uint96 burned) = _settleBonds(caseId, c, verdict);
        // Interaction: staking is ours
        uint96 slashed = _settleStake(c, verdict == Verdict.Convicted);
        emit CaseClosed(caseId, verdict, quorum, slashed, costs, burned);
        _burn(burned);
        _record(caseId, c, verdict == Verdict.Convicted);
    }

    /// @inheritdoc ICaseRegistry
    function payCosts(uint40 caseId, uint40 validatorId) external nonReentrant {
        CaseRegistryStorage storage $ = _storage();
        Vote storage v = $.votes[caseId][validatorId];
        Costs storage costs = $.costs[caseId];
        // Check
        if (costs.left == 0 || !v.revealed || v.convict) revert CaseRegistry_NoCosts(caseId, validatorId);
        if (v.settled) revert CaseRegistry_AlreadySettled(caseId, validatorId);
        // Effect: the last one gets what rounding has left
        v.settled = true;
        uint96 amount = uint96(Math.mulDiv(costs.left, v.weight, costs.weight));
        costs.left -= amount;
        costs.weight -= v.weight;
        address wallet = AGENTS.getAgentWallet(validatorId);
        emit CostsPaid(caseId, validatorId, wallet, amount);
        // Interaction
        if (!Native.trySend(wallet, amount)) _owe(wallet, amount);
    }

    /// @inheritdoc ICaseRegistry
    function withdrawOwed(address account) external nonReentrant {
        CaseRegistryStorage storage $ = _storage();
        uint96 amount = $.owed[account];
        if (amount == 0) revert CaseRegistry_NothingOwed(account);
        $.owed[account] = 0;
        emit OwedWithdrawn(account, amount);
        if (!Native.trySend(account, amount)) revert CaseRegistry_SendFailed(account, amount);
    }
}
