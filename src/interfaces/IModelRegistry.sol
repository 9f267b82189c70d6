// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @title Registry of base models and adapters
/// @notice A model is an ERC-721 token; its owner earns the model share. All terms but the prices are fixed when it is
/// registered, because an owner who could change them would change what open claims must contain. A new version is a
/// new token.
interface IModelRegistry is IERC721 {
    /// @notice What defines a base model.
    struct BaseTerms {
        bytes32 weightsHash;
        bytes32 tokenizerHash;
        string licence;
        string uri;
    }

    /// @notice What an adapter's owner publishes.
    /// @param parent The model it adapts
    /// @param adapterHash Hash of the adapter's folder, as the training run finished with it
    /// @param runId A finished run of the same owner in the {ITrainingLog}
    /// @param royaltyBps Part of the model share that goes to the parent's owner, at most 5,000
    /// @param scheme Bits: 1 influence, 2 span, 4 retrieval, 8 native profile
    /// @param treeDepth Depth of the sparse trees below, at most 40
    /// @param sigmaCap Largest scale a sketch may have
    /// @param sketchRoot Sparse plain tree of the contributions' sketches
    /// @param corpusRoot Sparse plain tree of the contributions' content roots
    /// @param baselineRoot Sparse sum tree of the contributions' baseline parts; 0 when the model has none
    /// @param basisHash Hash of the basis that query vectors are computed in
    /// @param datanets The datanets it was trained on, ascending, at most 64
    /// @param uri Where the model card is
    struct AdapterTerms {
        uint40 parent;
        bytes32 adapterHash;
        bytes32 runId;
        uint16 royaltyBps;
        uint8 scheme;
        uint8 treeDepth;
        uint32 sigmaCap;
        bytes32 sketchRoot;
        bytes32 corpusRoot;
        bytes32 baselineRoot;
        bytes32 basisHash;
        uint40[] datanets;
        string uri;
    }

    /// @notice What an inference costs, in wei, each a whole number of gwei.
    struct Prices {
        uint96 activation;
        uint96 baseFee;
        uint96 inputPer1k;
        uint96 outputPer1k;
    }

    /// @notice The immutable terms that settlement reads. For a base model only `weightsHash` is set.
    /// @param weightsHash Hash of the weights of a base model, or of the adapter's folder
    struct ModelTerms {
        uint40 parent;
        uint16 royaltyBps;
        uint8 scheme;
        uint8 treeDepth;
        uint32 sigmaCap;
        bytes32 weightsHash;
        bytes32 runId;
        bytes32 sketchRoot;
        bytes32 corpusRoot;
        bytes32 baselineRoot;
        bytes32 basisHash;
    }

    /// @notice What the allocation of a fee needs of a model.
    /// @param known Whether there is such a model
    /// @param hasBaseline Whether it has a `baselineRoot`
    struct AllocationTerms {
        bool known;
        bool hasBaseline;
        uint40 parent;
        uint16 royaltyBps;
        uint8 scheme;
    }

    /// @notice What a score is checked against.
    struct SketchTerms {
        bytes32 sketchRoot;
        uint8 treeDepth;
        uint32 sigmaCap;
    }

    /// @notice A base model was registered.
    event BaseRegistered(uint40 indexed modelId, address indexed owner, BaseTerms terms);
    /// @notice An adapter was published.
    event AdapterPublished(
        uint40 indexed modelId, address indexed owner, uint40 indexed parent, AdapterTerms terms, uint96 bond
    );
    /// @notice A model has new prices; they apply to receipts that are quoted from now on.
    event PricesSet(uint40 indexed modelId, Prices prices);
    /// @notice An owner took a publication bond back.
    event PublicationBondReclaimed(uint40 indexed modelId, address indexed owner, uint96 amount);
    /// @notice Later publications need another bond.
    event PublicationBondSet(uint96 bond);

    error ModelRegistry_ZeroAddress();
    error ModelRegistry_ZeroHash();
    error ModelRegistry_UnknownModel(uint40 modelId);
    error ModelRegistry_NotOwner(uint40 modelId, address caller);
    error ModelRegistry_RoyaltyTooHigh(uint16 royaltyBps);
    error ModelRegistry_UnknownScheme(uint8 scheme);
    error ModelRegistry_TreeTooDeep(uint8 treeDepth);
    /// @dev A scheme that pays by influence needs `sketchRoot`, `basisHash` and `sigmaCap`; by span, `corpusRoot`.
    error ModelRegistry_MissingCommitment();
    error ModelRegistry_TooManyDatanets(uint256 count);
    /// @dev The ids of the datanets must ascend.
    error ModelRegistry_DatanetOrder(uint40 datanetId);
    /// @dev The run must be finished in the training log, by the same owner, with the same adapter hash.
    error ModelRegistry_RunMismatch(bytes32 runId);
    error ModelRegistry_NotWholeGwei(uint96 price);
    error ModelRegistry_WrongBond(uint256 required, uint256 sent);
    error ModelRegistry_BondLocked(uint40 modelId, uint256 releaseAt);
    error ModelRegistry_NothingToReclaim(uint40 modelId);
    error ModelRegistry_TransferFailed(address to, uint256 amount);

    /// @notice Registers a base model; its token goes to the caller.
    function registerBase(BaseTerms calldata terms_) external returns (uint40 modelId);

    /// @notice Publishes an adapter with a finished training run and sets its first prices. The value sent must be
    /// {publicationBond}.
    function publishAdapter(AdapterTerms calldata terms_, Prices calldata prices_)
        external
        payable
        returns (uint40 modelId);

    /// @notice Changes a model's prices. Only its owner.
    function setPrices(uint40 modelId, Prices calldata prices_) external;

    /// @notice Pays the publication bond to the model's owner once the objection window has passed. Anyone may call.
    function reclaimPublicationBond(uint40 modelId) external;

    /// @notice The immutable terms, or a revert when there is no such model.
    function terms(uint40 modelId) external view returns (ModelTerms memory);

    /// @notice What the allocation of a fee needs of a model; all zero when there is no such model.
    function allocationTerms(uint40 modelId) external view returns (AllocationTerms memory);

    /// @notice What a score of a model is checked against; all zero when there is no such model, or it has no sketches.
    function sketchTerms(uint40 modelId) external view returns (SketchTerms memory);

    /// @notice The current prices, or a revert when there is no such model.
    function prices(uint40 modelId) external view returns (Prices memory);

    /// @notice The bond in wei that a publication needs.
    function publicationBond() external view returns (uint96);

    /// @notice The bond that a publication still holds, and when it can be taken back.
    function bondOf(uint40 modelId) external view returns (uint96 amount, uint40 releaseAt);

    /// @notice How many models there are; their ids are 1 to this.
    function modelCount() external view returns (uint40);
}
