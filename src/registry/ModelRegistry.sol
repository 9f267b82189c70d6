// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ICaseRegistry} from "../interfaces/ICaseRegistry.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ITrainingFees} from "../interfaces/ITrainingFees.sol";
import {ITrainingLog} from "../interfaces/ITrainingLog.sol";
import {Native} from "../libraries/Native.sol";
import {ModelObjections} from "./ModelObjections.sol";

/// @title Registry of base models and adapters
/// @notice Immutable terms, mutable prices. See {IModelRegistry}, and {ModelObjections} for what can go wrong.
contract ModelRegistry is ModelObjections, UUPSUpgradeable {
    /// @notice Greatest part of the model share that may go to the parent.
    uint16 public constant MAX_ROYALTY_BPS = 5_000;
    /// @notice Greatest depth of the sparse trees.
    uint8 public constant MAX_TREE_DEPTH = 40;
    uint8 private constant SCHEME_INFLUENCE = 1;
    uint8 private constant SCHEME_SPAN = 2;
    uint8 private constant SCHEME_ALL = 15;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade and set the bond
    /// @param publicationBond_ The first bond; may be 0
    function initialize(address authority, IDatanetRegistry datanets, ITrainingLog trainingLog, uint96 publicationBond_)
        external
        initializer
    {
        if (address(datanets) == address(0) || address(trainingLog) == address(0)) {
            revert ModelRegistry_ZeroAddress();
        }
        __ERC721_init("OpenLedger Model", "MODEL");
        __AccessManaged_init(authority);
        ModelRegistryStorage storage $ = _storage();
        $.datanets = datanets;
        $.trainingLog = trainingLog;
        _setPublicationBond(publicationBond_);
    }

    /// @inheritdoc IModelRegistry
    function registerBase(BaseTerms calldata terms_) external returns (uint40 modelId) {
        // Check: its files and its licence are named
        if (terms_.weightsHash == 0 || terms_.tokenizerHash == 0) revert ModelRegistry_ZeroHash();
        if (bytes(terms_.licence).length == 0) revert ModelRegistry_EmptyLicence();
        // Effect: record it and mint its token
        ModelRegistryStorage storage $ = _storage();
        modelId = ++$.modelCount;
        $.terms[modelId].weightsHash = terms_.weightsHash;
        $.licences[modelId] = terms_.licence;
        $.uris[modelId] = terms_.uri;
        _mint(msg.sender, modelId);
        emit BaseRegistered(modelId, msg.sender, terms_);
    }

    /// @inheritdoc IModelRegistry
    function publishAdapter(AdapterTerms calldata terms_, Prices calldata prices_)
        external
        payable
        returns (uint40 modelId)
    {
        ModelRegistryStorage storage $ = _storage();
        // Check: the bond, the terms, the run and its datanets
        if (msg.value != $.publicationBond) revert ModelRegistry_WrongBond($.publicationBond, msg.value);
        _requireModel(terms_.parent);
        if ($.publications[terms_.parent].status != ModelStatus.Serving) {
            revert ModelRegistry_NotServing(terms_.parent);
        }
        _checkTerms(terms_);
        _checkDatanets(terms_, _checkRun(terms_));
        // Effect: record it and mint its token
        modelId = ++$.modelCount;
        $.modelOfRun[terms_.runId] = modelId;
        $.terms[modelId] = ModelTerms({
            parent: terms_.parent,
            royaltyBps: terms_.royaltyBps,
            scheme: terms_.scheme,
            treeDepth: terms_.treeDepth,
            sigmaCap: terms_.sigmaCap,
            weightsHash: terms_.adapterHash,
            runId: terms_.runId,
            sketchRoot: terms_.sketchRoot,
            corpusRoot: terms_.corpusRoot,
            baselineRoot: terms_.baselineRoot,
            basisHash: terms_.basisHash
        });
        $.licences[modelId] = terms_.licence;
        $.uris[modelId] = terms_.uri;
        uint96 bond = Native.toUint96(msg.value);
        $.publications[modelId].bond = bond;
        $.publications[modelId].releaseAt = uint40(block.timestamp) + OBJECTION_WINDOW;
        _mint(msg.sender, modelId);
        emit AdapterPublished(modelId, msg.sender, terms_.parent, terms_, bond);
        _setPrices(modelId, prices_);
    }

    /// @inheritdoc IModelRegistry
    function setPrices(uint40 modelId, Prices calldata prices_) external {
        _requireOwner(modelId);
        _setPrices(modelId, prices_);
    }

    /// @inheritdoc IModelRegistry
    function withdrawModel(uint40 modelId) external {
        _requireOwner(modelId);
        Publication storage p = _storage().publications[modelId];
        // Check: it is served
        if (p.status != ModelStatus.Serving) revert ModelRegistry_NotServing(modelId);
        // Effect: not any more
        p.status = ModelStatus.Withdrawn;
        emit ModelWithdrawn(modelId, msg.sender);
    }

    /// @inheritdoc IModelRegistry
    function setTrainingFees(ITrainingFees trainingFees_) external restricted {
        ModelRegistryStorage storage $ = _storage();
        if (address(trainingFees_) == address(0)) revert ModelRegistry_ZeroAddress();
        if (address($.trainingFees) != address(0)) revert ModelRegistry_AlreadySet(address($.trainingFees));
        $.trainingFees = trainingFees_;
        emit TrainingFeesSet(trainingFees_);
    }

    /// @inheritdoc IModelRegistry
    function setCases(ICaseRegistry cases_) external restricted {
        ModelRegistryStorage storage $ = _storage();
        if (address(cases_) == address(0)) revert ModelRegistry_ZeroAddress();
        if (address($.cases) != address(0)) revert ModelRegistry_AlreadySet(address($.cases));
        $.cases = cases_;
        emit CasesSet(cases_);
    }

    /// @inheritdoc IModelRegistry
    function setPublicationBond(uint96 bond) external restricted {
        _setPublicationBond(bond);
    }

    /// @inheritdoc IModelRegistry
    function terms(uint40 modelId) external view returns (ModelTerms memory) {
        _requireModel(modelId);
        return _storage().terms[modelId];
    }

    /// @inheritdoc IModelRegistry
    function allocationTerms(uint40 modelId) external view returns (AllocationTerms memory) {
        ModelRegistryStorage storage $ = _storage();
        ModelTerms storage t = $.terms[modelId];
        uint40 parent = t.parent;
        return AllocationTerms({
            // An adapter has a parent, so only base models are looked up in the count.
            known: parent != 0 || (modelId != 0 && modelId <= $.modelCount),
            hasBaseline: t.baselineRoot != 0,
            parent: parent,
            royaltyBps: t.royaltyBps,
            scheme: t.scheme
        });
    }

    /// @inheritdoc IModelRegistry
    function sketchTerms(uint40 modelId) external view returns (SketchTerms memory) {
        ModelTerms storage t = _storage().terms[modelId];
        return SketchTerms({sketchRoot: t.sketchRoot, treeDepth: t.treeDepth, sigmaCap: t.sigmaCap});
    }

    /// @inheritdoc IModelRegistry
    function corpusTerms(uint40 modelId) external view returns (CorpusTerms memory) {
        ModelTerms storage t = _storage().terms[modelId];
        return CorpusTerms({corpusRoot: t.corpusRoot, treeDepth: t.treeDepth, scheme: t.scheme});
    }

    /// @inheritdoc IModelRegistry
    function prices(uint40 modelId) external view returns (Prices memory) {
        _requireModel(modelId);
        return _storage().prices[modelId];
    }

    /// @inheritdoc IModelRegistry
    function publicationBond() external view returns (uint96) {
        return _storage().publicationBond;
    }

    /// @inheritdoc IModelRegistry
    function modelOfRun(bytes32 runId) external view returns (uint40) {
        return _storage().modelOfRun[runId];
    }

    /// @inheritdoc IModelRegistry
    function licenceOf(uint40 modelId) external view returns (string memory) {
        _requireModel(modelId);
        return _storage().licences[modelId];
    }

    /// @inheritdoc IModelRegistry
    function trainingFees() external view returns (ITrainingFees) {
        return _storage().trainingFees;
    }

    /// @inheritdoc IModelRegistry
    function cases() external view returns (ICaseRegistry) {
        return _storage().cases;
    }

    /// @inheritdoc IModelRegistry
    function modelCount() external view returns (uint40) {
        return _storage().modelCount;
    }

    /// @notice Where the model card is.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return _storage().uris[uint40(tokenId)];
    }

    function _checkTerms(AdapterTerms calldata t) private pure {
        if (t.adapterHash == 0) revert ModelRegistry_ZeroHash();
        if (t.royaltyBps > MAX_ROYALTY_BPS) revert ModelRegistry_RoyaltyTooHigh(t.royaltyBps);
        if (t.scheme > SCHEME_ALL) revert ModelRegistry_UnknownScheme(t.scheme);
        if (t.treeDepth > MAX_TREE_DEPTH) revert ModelRegistry_TreeTooDeep(t.treeDepth);
        bool noSketches = t.sketchRoot == 0 || t.basisHash == 0 || t.sigmaCap == 0;
        if (t.scheme & SCHEME_INFLUENCE != 0 && noSketches) revert ModelRegistry_MissingCommitment();
        if (t.scheme & SCHEME_SPAN != 0 && t.corpusRoot == 0) revert ModelRegistry_MissingCommitment();
    }

    /// @dev The sender's finished run, which made this adapter from these datanets and is not published.
    function _checkRun(AdapterTerms calldata t) private view returns (ITrainingLog.Run memory run) {
        ModelRegistryStorage storage $ = _storage();
        run = $.trainingLog.run(t.runId);
        // Only a finished run has the hash of an adapter, and 0 is none.
        if (run.owner != msg.sender || run.adapterHash != t.adapterHash) revert ModelRegistry_RunMismatch(t.runId);
        if (run.datanetsHash != keccak256(abi.encodePacked(t.datanets))) {
            revert ModelRegistry_DatanetsMismatch(t.runId);
        }
        uint40 published = $.modelOfRun[t.runId];
        bool isPublished = published != 0 && $.publications[published].status != ModelStatus.Suspended;
        if (isPublished) revert ModelRegistry_RunPublished(t.runId, published);
    }

    /// @dev Each of the datanets, which ascend and are at most 64 because the run was opened with them, was open to the
    /// run's owner when the run began, allows the licence, and was paid.
    function _checkDatanets(AdapterTerms calldata t, ITrainingLog.Run memory run) private view {
        IDatanetRegistry datanets = _storage().datanets;
        for (uint256 i = 0; i < t.datanets.length; ++i) {
            uint40 id = t.datanets[i];
            uint96 price = datanets.datanet(id).pricePerRow; // reverts when there is none
            if (!datanets.mayTrain(id, run.owner, run.openedAt)) revert ModelRegistry_NotGranted(id, run.owner);
            if (!datanets.allowsLicence(id, t.licence)) revert ModelRegistry_LicenceNotAllowed(id, t.licence);
            if (price != 0 && _paidRows(t.runId, id) == 0) revert ModelRegistry_TrainingUnpaid(t.runId, id);
        }
    }

    function _setPrices(uint40 modelId, Prices calldata p) private {
        _checkGwei(p.activation);
        _checkGwei(p.baseFee);
        _checkGwei(p.inputPer1k);
        _checkGwei(p.outputPer1k);
        _storage().prices[modelId] = p;
        emit PricesSet(modelId, p);
    }

    function _checkGwei(uint96 price) private pure {
        if (price % 1 gwei != 0) revert ModelRegistry_NotWholeGwei(price);
    }

    function _setPublicationBond(uint96 bond) private {
        _storage().publicationBond = bond;
        emit PublicationBondSet(bond);
    }

    function _requireOwner(uint40 modelId) private view {
        _requireModel(modelId);
        if (_ownerOf(modelId) != msg.sender) revert ModelRegistry_NotOwner(modelId, msg.sender);
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
