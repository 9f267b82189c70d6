// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {ICaseRegistry} from "../interfaces/ICaseRegistry.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ITrainingFees} from "../interfaces/ITrainingFees.sol";
import {ITrainingLog} from "../interfaces/ITrainingLog.sol";
import {Assets} from "../libraries/Assets.sol";
import {Native} from "../libraries/Native.sol";
import {ContributionInput} from "../types/Contribution.sol";

/// @title What can be held against a publication
/// @notice The part of the {ModelRegistry} that keeps the bonds: proofs and cases against a publication, and the way a bond
/// comes back when there are none.
abstract contract ModelObjections is ERC721Upgradeable, AccessManagedUpgradeable, IModelRegistry {
    /// @dev What a publication stands on; one slot.
    struct Publication {
        uint96 bond;
        uint40 releaseAt;
        uint40 openCases;
        ModelStatus status;
    }

    /// @custom:storage-location erc7201:openledger.storage.ModelRegistry
    struct ModelRegistryStorage {
        IDatanetRegistry datanets;
        uint40 modelCount;
        ITrainingLog trainingLog;
        uint96 publicationBond;
        ITrainingFees trainingFees;
        ICaseRegistry cases;
        mapping(uint40 modelId => ModelTerms) terms;
        mapping(uint40 modelId => Prices) prices;
        mapping(uint40 modelId => Publication) publications;
        mapping(uint40 modelId => string) uris;
        mapping(uint40 modelId => string) licences;
        mapping(bytes32 runId => uint40 modelId) modelOfRun;
        mapping(uint40 caseId => uint40 modelId) contested;
        mapping(address account => uint96) owed;
    }

    /// @notice How long a publication stays bonded.
    uint40 public constant OBJECTION_WINDOW = 7 days;
    /// @notice Most inputs that one proof of unpaid rows shows.
    uint256 public constant MAX_PROOFS = 16;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ModelRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xcbe6ec4a17d7f9d3c5d1a39a9242e27975e309a89d123fc696d0e32b5bf57d00;

    /// @inheritdoc IModelRegistry
    function reclaimPublicationBond(uint40 modelId) external {
        Publication storage p = _storage().publications[modelId];
        uint96 bond = p.bond;
        // Check: it is held, and nobody can object or objects any more
        if (bond == 0) revert ModelRegistry_NothingToReclaim(modelId);
        if (block.timestamp < p.releaseAt) revert ModelRegistry_BondLocked(modelId, p.releaseAt);
        if (p.openCases != 0) revert ModelRegistry_BondContested(modelId, p.openCases);
        // Effect: nothing is held any more
        p.bond = 0;
        address owner = _ownerOf(modelId);
        emit PublicationBondReclaimed(modelId, owner, bond);
        // Interaction: pay it back
        if (!Native.trySend(owner, bond)) revert ModelRegistry_TransferFailed(owner, bond);
    }

    /// @inheritdoc IModelRegistry
    function proveUndeclared(uint40 modelId, uint40[] calldata declared, InputProof calldata proof) external {
        // Check: the run declared this list, learned from this input, and the two don't agree
        bytes32 runId = _publishedRun(modelId);
        if (keccak256(abi.encodePacked(declared)) != _storage().trainingLog.run(runId).datanetsHash) {
            revert ModelRegistry_DatanetsMismatch(runId);
        }
        _checkInput(modelId, runId, proof);
        ITrainingLog.RunInput calldata input = proof.input;
        if (_contains(declared, input.datanetId) && _isContributionOf(input)) {
            revert ModelRegistry_Declared(input.datanetId, input.asset);
        }
        // Effect, interaction
        _suspend(modelId, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function proveUnpaid(
        uint40 modelId,
        uint40 datanetId,
        InputProof[] calldata proofs,
        ContributionInput[] calldata contributions
    ) external {
        // Check: the inputs' rows cost something, and are more than were paid for
        bytes32 runId = _publishedRun(modelId);
        uint256 count = proofs.length;
        bool counts = count != 0 && count <= MAX_PROOFS && count == contributions.length;
        if (!counts) revert ModelRegistry_ProofCount(count);
        uint256 rows = 0;
        uint40 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint40 asset = proofs[i].input.asset;
            bool ascends = asset > last && proofs[i].input.datanetId == datanetId;
            if (!ascends || !_isRecord(asset, datanetId, contributions[i])) {
                revert ModelRegistry_BadInput(datanetId, asset);
            }
            _checkInput(modelId, runId, proofs[i]);
            last = asset;
            rows += contributions[i].rowCount;
        }
        uint256 paid = _paidRows(runId, datanetId);
        bool free = _storage().datanets.datanet(datanetId).pricePerRow == 0;
        if (free || rows <= paid) revert ModelRegistry_Paid(datanetId, rows, paid);
        // Effect, interaction
        _suspend(modelId, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function contestPublication(uint40 modelId, uint40 caseId) external {
        ModelRegistryStorage storage $ = _storage();
        Publication storage p = $.publications[modelId];
        // Check: in time, and a case about this publication that has no verdict yet
        if (p.bond == 0) revert ModelRegistry_NotBonded(modelId);
        if (block.timestamp >= p.releaseAt) revert ModelRegistry_ObjectionsOver(modelId, p.releaseAt);
        if ($.contested[caseId] != 0) revert ModelRegistry_CaseOnRecord(caseId);
        _checkCase(modelId, caseId);
        (, bool isFinal) = $.cases.verdictOf(caseId);
        if (isFinal) revert ModelRegistry_CaseDecided(caseId);
        // Effect: the bond stays until the verdict
        $.contested[caseId] = modelId;
        ++p.openCases;
        emit PublicationContested(modelId, caseId);
    }

    /// @inheritdoc IModelRegistry
    function resolvePublication(uint40 modelId, uint40 caseId) external {
        ModelRegistryStorage storage $ = _storage();
        Publication storage p = $.publications[modelId];
        // Check: a case about this publication with a verdict that changes something here
        _checkCase(modelId, caseId);
        (ICaseRegistry.Verdict verdict, bool isFinal) = $.cases.verdictOf(caseId);
        if (!isFinal) revert ModelRegistry_CaseUndecided(caseId);
        bool onRecord = $.contested[caseId] != 0;
        bool convicts = verdict == ICaseRegistry.Verdict.Convicted && p.status != ModelStatus.Suspended;
        if (!onRecord && !convicts) revert ModelRegistry_NothingToResolve(modelId, caseId);
        // Effect: off the record
        if (onRecord) {
            delete $.contested[caseId];
            --p.openCases;
        }
        emit PublicationResolved(modelId, caseId, verdict == ICaseRegistry.Verdict.Convicted);
        // Effect, interaction: nobody is paid for a conviction by vote
        if (convicts) _suspend(modelId, address(0));
    }

    /// @inheritdoc IModelRegistry
    function withdrawOwed(address account) external {
        ModelRegistryStorage storage $ = _storage();
        uint96 amount = $.owed[account];
        // Check
        if (amount == 0) revert ModelRegistry_NothingOwed(account);
        // Effect
        $.owed[account] = 0;
        emit OwedWithdrawn(account, amount);
        // Interaction
        if (!Native.trySend(account, amount)) revert ModelRegistry_TransferFailed(account, amount);
    }

    /// @inheritdoc IModelRegistry
    function bondOf(uint40 modelId) external view returns (uint96 amount, uint40 releaseAt) {
        Publication storage p = _storage().publications[modelId];
        return (p.bond, p.releaseAt);
    }

    /// @inheritdoc IModelRegistry
    function statusOf(uint40 modelId) external view returns (ModelStatus) {
        _requireModel(modelId);
        return _storage().publications[modelId].status;
    }

    /// @inheritdoc IModelRegistry
    function isUncontested(uint40 modelId) external view returns (bool) {
        _requireModel(modelId);
        Publication storage p = _storage().publications[modelId];
        return p.status != ModelStatus.Suspended && p.openCases == 0 && block.timestamp >= p.releaseAt;
    }

    /// @inheritdoc IModelRegistry
    function openCasesOf(uint40 modelId) external view returns (uint256) {
        return _storage().publications[modelId].openCases;
    }

    /// @inheritdoc IModelRegistry
    function owed(address account) external view returns (uint96) {
        return _storage().owed[account];
    }

    /// @dev Rows of the datanet that were paid for; none as long as nobody can pay.
    function _paidRows(bytes32 runId, uint40 datanetId) internal view returns (uint256) {
        ITrainingFees fees = _storage().trainingFees;
        return address(fees) == address(0) ? 0 : fees.paidRows(runId, datanetId);
    }

    function _requireModel(uint40 modelId) internal view {
        if (_ownerOf(modelId) == address(0)) revert ModelRegistry_UnknownModel(modelId);
    }

    function _storage() internal pure returns (ModelRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }

    /// @dev Stops a model and takes what is held of its bond: half is burned, rounded up, and half goes to the prover; all
    /// of it is burned when there is none.
    function _suspend(uint40 modelId, address prover) private {
        ModelRegistryStorage storage $ = _storage();
        Publication storage p = $.publications[modelId];
        uint96 bond = p.bond;
        uint96 reward = prover == address(0) ? 0 : bond / 2;
        uint96 burned = bond - reward;
        // Effect
        p.bond = 0;
        p.status = ModelStatus.Suspended;
        emit ModelSuspended(modelId, prover, reward, burned);
        // Interaction: a prover that takes no value doesn't undo its proof
        if (burned != 0 && !Native.trySend(Native.BURN, burned)) {
            revert ModelRegistry_TransferFailed(Native.BURN, burned);
        }
        if (reward != 0 && !Native.trySend(prover, reward)) $.owed[prover] += reward;
    }

    /// @dev The run of an adapter that is not suspended yet.
    function _publishedRun(uint40 modelId) private view returns (bytes32) {
        _requireModel(modelId);
        ModelRegistryStorage storage $ = _storage();
        if ($.publications[modelId].status == ModelStatus.Suspended) revert ModelRegistry_AlreadySuspended(modelId);
        return $.terms[modelId].runId;
    }

    function _checkInput(uint40 modelId, bytes32 runId, InputProof calldata p) private view {
        if (!_storage().trainingLog.verifyInput(runId, p.input, p.index, p.proof)) {
            revert ModelRegistry_BadProof(modelId, p.index);
        }
    }

    function _checkCase(uint40 modelId, uint40 caseId) private view {
        ICaseRegistry.Case memory c = _storage().cases.caseOf(caseId);
        bool matches = c.kind == ICaseRegistry.CaseKind.Publication && c.subject == bytes32(uint256(modelId));
        if (!matches) revert ModelRegistry_WrongCase(modelId, caseId);
    }

    /// @dev Whether the asset is a contribution of the datanet that the input names.
    function _isContributionOf(ITrainingLog.RunInput calldata input) private view returns (bool) {
        if (_inputHash(input.asset) == 0) return false;
        return _storage().datanets.contribution(Assets.tokenIdOf(input.asset)).datanetId == input.datanetId;
    }

    /// @dev Whether the asset is a contribution of the datanet, and this is what its contributor submitted.
    function _isRecord(uint40 asset, uint40 datanetId, ContributionInput calldata c) private view returns (bool) {
        return c.datanetId == datanetId && _inputHash(asset) == keccak256(abi.encode(c));
    }

    /// @dev Hash of what was submitted as the contribution; 0 when the asset is none.
    function _inputHash(uint40 asset) private view returns (bytes32) {
        if (Assets.kindOf(asset) != Assets.CONTRIBUTION) return 0;
        return _storage().datanets.inputHashOf(Assets.tokenIdOf(asset));
    }

    function _contains(uint40[] calldata ids, uint40 id) private pure returns (bool) {
        for (uint256 i = 0; i < ids.length; ++i) {
            if (ids[i] == id) return true;
        }
        return false;
    }
}
