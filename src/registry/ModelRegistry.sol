// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC721Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC721/ERC721Upgradeable.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ITrainingLog} from "../interfaces/ITrainingLog.sol";

/// @title Registry of base models and adapters
/// @notice Immutable terms, mutable prices. See {IModelRegistry}.
contract ModelRegistry is ERC721Upgradeable, AccessManagedUpgradeable, UUPSUpgradeable, IModelRegistry {
    /// @dev One slot.
    struct Bond {
        uint96 amount;
        uint40 releaseAt;
    }

    /// @custom:storage-location erc7201:openledger.storage.ModelRegistry
    struct ModelRegistryStorage {
        IDatanetRegistry datanets;
        uint40 modelCount;
        ITrainingLog trainingLog;
        uint96 publicationBond;
        mapping(uint40 modelId => ModelTerms) terms;
        mapping(uint40 modelId => Prices) prices;
        mapping(uint40 modelId => Bond) bonds;
        mapping(uint40 modelId => string) uris;
    }

    /// @notice Greatest part of the model share that may go to the parent.
    uint16 public constant MAX_ROYALTY_BPS = 5_000;
    /// @notice Greatest depth of the sparse trees.
    uint8 public constant MAX_TREE_DEPTH = 40;
    /// @notice Most datanets that a model can be trained on.
    uint256 public constant MAX_DATANETS = 64;
    /// @notice How long a publication stays bonded.
    uint40 public constant OBJECTION_WINDOW = 7 days;

    uint8 private constant SCHEME_INFLUENCE = 1;
    uint8 private constant SCHEME_SPAN = 2;
    uint8 private constant SCHEME_ALL = 15;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ModelRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xcbe6ec4a17d7f9d3c5d1a39a9242e27975e309a89d123fc696d0e32b5bf57d00;

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
        // Check: its files are named
        if (terms_.weightsHash == 0 || terms_.tokenizerHash == 0) revert ModelRegistry_ZeroHash();
        // Effect: record it and mint its token
        ModelRegistryStorage storage $ = _storage();
        modelId = ++$.modelCount;
        $.terms[modelId].weightsHash = terms_.weightsHash;
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
        // Check: the bond, the terms, the datanets and the run
        if (msg.value != $.publicationBond) revert ModelRegistry_WrongBond($.publicationBond, msg.value);
        _requireModel(terms_.parent);
        _checkTerms(terms_);
        _checkDatanets(terms_.datanets);
        _checkRun(terms_.runId, terms_.adapterHash);
        // Effect: record it and mint its token
        modelId = ++$.modelCount;
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
        $.uris[modelId] = terms_.uri;
        if (msg.value != 0) {
            $.bonds[modelId] = Bond(uint96(msg.value), uint40(block.timestamp) + OBJECTION_WINDOW);
        }
        _mint(msg.sender, modelId);
        emit AdapterPublished(modelId, msg.sender, terms_.parent, terms_, uint96(msg.value));
        _setPrices(modelId, prices_);
    }

    /// @inheritdoc IModelRegistry
    function setPrices(uint40 modelId, Prices calldata prices_) external {
        _requireModel(modelId);
        if (_ownerOf(modelId) != msg.sender) revert ModelRegistry_NotOwner(modelId, msg.sender);
        _setPrices(modelId, prices_);
    }

    /// @inheritdoc IModelRegistry
    function reclaimPublicationBond(uint40 modelId) external {
        Bond memory bond = _storage().bonds[modelId];
        // Check: it is held, and nobody can object any more
        if (bond.amount == 0) revert ModelRegistry_NothingToReclaim(modelId);
        if (block.timestamp < bond.releaseAt) revert ModelRegistry_BondLocked(modelId, bond.releaseAt);
        // Effect: nothing is held any more
        delete _storage().bonds[modelId];
        address owner = _ownerOf(modelId);
        emit PublicationBondReclaimed(modelId, owner, bond.amount);
        // Interaction: pay it back
        (bool sent,) = owner.call{value: bond.amount}("");
        if (!sent) revert ModelRegistry_TransferFailed(owner, bond.amount);
    }

    /// @notice Changes the bond that later publications need. Restricted to governance.
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
    function prices(uint40 modelId) external view returns (Prices memory) {
        _requireModel(modelId);
        return _storage().prices[modelId];
    }

    /// @inheritdoc IModelRegistry
    function publicationBond() external view returns (uint96) {
        return _storage().publicationBond;
    }

    /// @inheritdoc IModelRegistry
    function bondOf(uint40 modelId) external view returns (uint96 amount, uint40 releaseAt) {
        Bond storage bond = _storage().bonds[modelId];
        return (bond.amount, bond.releaseAt);
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

    function _checkDatanets(uint40[] calldata ids) private view {
        if (ids.length > MAX_DATANETS) revert ModelRegistry_TooManyDatanets(ids.length);
        IDatanetRegistry datanets = _storage().datanets;
        uint40 last = 0;
        for (uint256 i = 0; i < ids.length; ++i) {
            if (ids[i] <= last) revert ModelRegistry_DatanetOrder(ids[i]);
            last = ids[i];
            datanets.version(last); // reverts when there is none
        }
    }

    function _checkRun(bytes32 runId, bytes32 adapterHash) private view {
        ITrainingLog.Run memory run = _storage().trainingLog.run(runId);
        if (run.owner != msg.sender || run.adapterHash != adapterHash) revert ModelRegistry_RunMismatch(runId);
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

    function _requireModel(uint40 modelId) private view {
        if (_ownerOf(modelId) == address(0)) revert ModelRegistry_UnknownModel(modelId);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (ModelRegistryStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
