// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../interfaces/IAgentStaking.sol";
import {ICaseRegistry} from "../interfaces/ICaseRegistry.sol";
import {IContributionToken} from "../interfaces/IContributionToken.sol";
import {IDatanetHygiene} from "../interfaces/IDatanetHygiene.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {Native} from "../libraries/Native.sol";
import {PositionalMerkle} from "../libraries/PositionalMerkle.sol";
import {ContributionInput, ContributionKind, ContributionRecord, ContributionStatus} from "../types/Contribution.sol";
import {Roles} from "../types/Roles.sol";

/// @title Duplicates, penalties and their appeals
/// @notice See {IDatanetHygiene}.
contract DatanetHygiene is AccessManagedUpgradeable, UUPSUpgradeable, IDatanetHygiene {
    /// @notice The contracts it works with.
    struct Contracts {
        IDatanetRegistry datanets;
        IContributionToken contributions;
        IAgentRegistry agents;
        IAgentStaking staking;
        ICaseRegistry cases;
        IProtocolParameters parameters;
        address treasury;
    }

    /// @custom:storage-location erc7201:openledger.storage.DatanetHygiene
    struct DatanetHygieneStorage {
        mapping(uint40 contributionId => Penalty) penalties;
    }

    /// @notice The shortest row that proves anything: shorter ones are alike by chance.
    uint32 public constant MIN_ROW_LENGTH = 64;
    /// @notice Most points of one penalty.
    uint16 public constant MAX_POINTS = 100;

    uint8 private constant ROW_TAG = 0x22;
    uint256 private constant MAX_ROWS_NEEDED = 16;
    uint256 private constant ROWS_PER_PROOF = 100;
    uint256 private constant BPS = 10_000;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.DatanetHygiene")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xdcad67f606e9675717e5b199646ef93f5ff5dfa23d2fecf43a0a36c28d405200;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IDatanetRegistry private immutable _datanets;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IContributionToken private immutable _contributions;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentRegistry private immutable _agents;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IAgentStaking private immutable _staking;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    ICaseRegistry private immutable _cases;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters private immutable _parameters;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address private immutable _treasury;

    /// @param contracts The contracts it works with
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(Contracts memory contracts) {
        if (contracts.treasury == address(0)) revert DatanetHygiene_ZeroAddress();
        _datanets = contracts.datanets;
        _contributions = contracts.contributions;
        _agents = contracts.agents;
        _staking = contracts.staking;
        _cases = contracts.cases;
        _parameters = contracts.parameters;
        _treasury = contracts.treasury;
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @dev Bonds that are forfeited pass through.
    receive() external payable {
        if (msg.sender != address(_datanets)) revert DatanetHygiene_SendFailed(address(this), msg.value);
    }

    /// @inheritdoc IDatanetHygiene
    function proveDuplicate(
        uint40 laterId,
        ContributionInput calldata later,
        uint40 earlierId,
        ContributionInput calldata earlier,
        SharedRow[] calldata rows
    ) external {
        // Check: which one is later, and that they may be compared
        if (earlierId >= laterId) revert DatanetHygiene_NotEarlier(laterId, earlierId);
        _checkInput(laterId, later);
        _checkInput(earlierId, earlier);
        _checkPair(laterId, earlierId);
        bool comparable =
            earlier.kind == ContributionKind.DATA || (earlier.kind == later.kind && earlier.refersTo == later.refersTo);
        if (!comparable) revert DatanetHygiene_DifferentKinds(later.kind, earlier.kind);
        // Check: enough distinct rows of both are the same
        uint256 needed = rowsNeeded(later.rowCount);
        if (rows.length != needed) revert DatanetHygiene_RowCount(needed, rows.length);
        uint256 laterDepth = PositionalMerkle.depthOf(later.rowCount);
        uint256 earlierDepth = PositionalMerkle.depthOf(earlier.rowCount);
        bytes32 last = 0;
        for (uint256 i = 0; i < needed; ++i) {
            SharedRow calldata row = rows[i];
            if (row.length < MIN_ROW_LENGTH) revert DatanetHygiene_RowTooShort(i, row.length);
            if (row.hash <= last) revert DatanetHygiene_RowsDoNotAscend(i);
            last = row.hash;
            bytes32 leaf = _leaf(row.laterRow, row.laterOffset, row);
            bool proven = row.laterRow < later.rowCount
                && PositionalMerkle.verify(later.rowsRoot, leaf, row.laterRow, laterDepth, row.laterProof);
            if (!proven) revert DatanetHygiene_RowNotProven(i, laterId);
            leaf = _leaf(row.earlierRow, row.earlierOffset, row);
            proven = row.earlierRow < earlier.rowCount
                && PositionalMerkle.verify(earlier.rowsRoot, leaf, row.earlierRow, earlierDepth, row.earlierProof);
            if (!proven) revert DatanetHygiene_RowNotProven(i, earlierId);
        }
        emit DuplicateProven(laterId, earlierId, msg.sender, needed);
        // Interaction: the registry rejects it and pays the prover
        _datanets.displace(laterId, earlierId, msg.sender);
    }

    /// @inheritdoc IDatanetHygiene
    function penalise(uint40 contributionId, uint40 curatorAgentId, uint16 points, Reason reason, bytes32 evidenceHash)
        external
    {
        Penalty storage p = _storage().penalties[contributionId];
        // Check: one at a time, by a curator that has something to lose
        if (p.curatorAgentId != 0) revert DatanetHygiene_PenaltyPending(contributionId);
        if (points == 0 || points > MAX_POINTS) revert DatanetHygiene_Points(points);
        ContributionRecord memory r = _contributions.recordOf(contributionId);
        if (r.status != ContributionStatus.Submitted && r.status != ContributionStatus.Accepted) {
            revert DatanetHygiene_WrongStatus(contributionId);
        }
        bool curates =
            _agents.getAgentWallet(curatorAgentId) == msg.sender && _datanets.isCurator(r.datanetId, msg.sender);
        if (!curates) revert DatanetHygiene_NotCurator(contributionId, curatorAgentId, msg.sender);
        if (!_staking.isActive(curatorAgentId, Roles.CURATOR)) revert DatanetHygiene_CuratorNotActive(curatorAgentId);
        // Effect: it waits for an appeal
        uint40 appealUntil = uint40(block.timestamp) + _parameters.parameters(_parameters.currentVersion()).caseWindow;
        _storage().penalties[contributionId] = Penalty({
            curatorAgentId: curatorAgentId,
            decidedAt: uint40(block.timestamp),
            appealUntil: appealUntil,
            caseId: 0,
            points: points,
            reason: reason
        });
        emit Penalised(contributionId, curatorAgentId, points, reason, evidenceHash, appealUntil);
        // Interaction: our own registry, which sends nothing here
        _datanets.freezeBond(contributionId);
    }

    /// @inheritdoc IDatanetHygiene
    function appeal(uint40 contributionId) external {
        if (_linkCase(contributionId) == 0) revert DatanetHygiene_NoCase(contributionId);
    }

    /// @inheritdoc IDatanetHygiene
    function settle(uint40 contributionId) external {
        // Check: the case about it is decided, or there is none and there can't be one
        uint40 caseId = _linkCase(contributionId);
        Penalty memory p = _storage().penalties[contributionId];
        bool stands = true;
        if (caseId != 0) {
            (ICaseRegistry.Verdict verdict, bool isFinal) = _cases.verdictOf(caseId);
            if (!isFinal) revert DatanetHygiene_CaseOpen(contributionId, caseId);
            stands = verdict != ICaseRegistry.Verdict.Convicted;
        } else if (block.timestamp <= p.appealUntil) {
            revert DatanetHygiene_AppealOpen(contributionId, p.appealUntil);
        }
        // Effect: it is settled
        delete _storage().penalties[contributionId];
        address contributor = _contributions.recordOf(contributionId).contributor;
        if (stands) _book(contributor, p.points);
        // Interaction: our own registry; then the fire and the treasury, so that nobody gains by a penalty
        uint96 forfeited = _datanets.settleBond(contributionId, stands);
        emit PenaltySettled(contributionId, contributor, stands, p.points, forfeited);
        uint96 half = forfeited / 2;
        _send(_treasury, half);
        _send(Native.BURN, forfeited - half);
    }

    /// @inheritdoc IDatanetHygiene
    function refresh(address account) external {
        _book(account, 0);
    }

    /// @inheritdoc IDatanetHygiene
    function penaltyOf(uint40 contributionId) external view returns (Penalty memory) {
        return _storage().penalties[contributionId];
    }

    /// @inheritdoc IDatanetHygiene
    function rowsNeeded(uint32 rowCount) public pure returns (uint256) {
        uint256 share = Math.ceilDiv(rowCount, ROWS_PER_PROOF) + 1;
        return Math.min(MAX_ROWS_NEEDED, Math.min(rowCount, share));
    }

    /// @dev Finds the case about a pending penalty. There is one at most: while a penalty is pending the registry opens no
    /// second case about this curator and contribution, and none after the time for it.
    function _linkCase(uint40 contributionId) private returns (uint40 caseId) {
        Penalty storage p = _storage().penalties[contributionId];
        if (p.curatorAgentId == 0) revert DatanetHygiene_NoPenalty(contributionId);
        if (p.caseId != 0) return p.caseId;
        caseId = _cases.caseAbout(ICaseRegistry.CaseKind.Curation, p.curatorAgentId, bytes32(uint256(contributionId)));
        if (caseId == 0) return 0;
        uint40 openedAt = _cases.caseOf(caseId).openedAt;
        if (openedAt < p.decidedAt || openedAt > p.appealUntil) return 0;
        p.caseId = caseId;
        emit PenaltyAppealed(contributionId, caseId);
    }

    /// @dev Adds points to an account and computes what is withheld from it.
    function _book(address account, uint16 points) private {
        IProtocolParameters.Parameters memory params = _parameters.parameters(_parameters.currentVersion());
        uint32 total = _contributions.penaltyOf(account).points + points;
        uint256 withheld = 0;
        if (total > params.penaltyThreshold) {
            withheld = Math.min(BPS, uint256(total - params.penaltyThreshold) * params.penaltyStepBps);
        }
        // Casting is safe: at most BPS.
        // forge-lint: disable-next-line(unsafe-typecast)
        _contributions.setPenalty(account, total, uint16(withheld));
    }

    function _send(address to, uint96 amount) private {
        if (amount != 0 && !Native.trySend(to, amount)) revert DatanetHygiene_SendFailed(to, amount);
    }

    function _checkInput(uint40 contributionId, ContributionInput calldata input) private view {
        if (_datanets.inputHashOf(contributionId) != keccak256(abi.encode(input))) {
            revert DatanetHygiene_WrongInput(contributionId);
        }
    }

    /// @dev Same datanet, different people. What was accepted gives way only to what was accepted, so that nobody can push
    /// out a contribution with one that no curator has seen.
    function _checkPair(uint40 laterId, uint40 earlierId) private view {
        ContributionRecord memory later = _contributions.recordOf(laterId);
        ContributionRecord memory earlier = _contributions.recordOf(earlierId);
        if (later.datanetId != earlier.datanetId) {
            revert DatanetHygiene_DifferentDatanets(later.datanetId, earlier.datanetId);
        }
        if (later.contributor == earlier.contributor) revert DatanetHygiene_SameContributor(later.contributor);
        bool pending = later.status == ContributionStatus.Submitted;
        if (!pending && later.status != ContributionStatus.Accepted) revert DatanetHygiene_WrongStatus(laterId);
        bool reviewed = earlier.status == ContributionStatus.Accepted || earlier.status == ContributionStatus.Tombstoned;
        bool inReview = earlier.status == ContributionStatus.Submitted
            && block.timestamp <= earlier.submittedAt + _datanets.REVIEW_WINDOW();
        bool authority = reviewed || (pending && inReview);
        if (!authority) revert DatanetHygiene_WrongStatus(earlierId);
    }

    function _leaf(uint32 number, uint40 offset, SharedRow calldata row) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(ROW_TAG, number, offset, row.length, row.hash));
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (DatanetHygieneStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
