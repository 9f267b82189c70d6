// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ICaseRegistry} from "./ICaseRegistry.sol";
import {ITrainingFees} from "./ITrainingFees.sol";
import {ITrainingLog} from "./ITrainingLog.sol";
import {ContributionInput} from "../types/Contribution.sol";

/// @title Registry of base models and adapters
/// @notice A model is an ERC-721 token; its owner earns the model share. All terms but the prices are fixed when it is
/// registered, because an owner who could change them would change what open claims must contain. A new version is a
/// new token.
interface IModelRegistry is IERC721 {
    /// @notice Whether nodes should serve a model. Terms, open claims and what was earned never depend on it.
    enum ModelStatus {
        Serving,
        Suspended,
        Withdrawn
    }

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
    /// @param datanets The datanets it was trained on, as its run was opened with them
    /// @param licence SPDX id of the adapter's licence; each of the datanets must allow it
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
        string licence;
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

    /// @notice What spans are checked against.
    struct CorpusTerms {
        bytes32 corpusRoot;
        uint8 treeDepth;
        uint8 scheme;
    }

    /// @notice One input of a training run, and where it is in the run's inputs tree.
    struct InputProof {
        ITrainingLog.RunInput input;
        uint32 index;
        bytes proof;
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
    /// @notice A case was put on record against a publication: its bond stays until the verdict.
    event PublicationContested(uint40 indexed modelId, uint40 indexed caseId);
    /// @notice A case against a publication has its verdict.
    event PublicationResolved(uint40 indexed modelId, uint40 indexed caseId, bool convicted);
    /// @notice Nodes must not serve the model any more: its publication was proved or judged wrong.
    event ModelSuspended(uint40 indexed modelId, address indexed prover, uint96 reward, uint96 burned);
    /// @notice The owner asks nodes not to serve the model any more.
    event ModelWithdrawn(uint40 indexed modelId, address indexed owner);
    /// @notice The contract that training fees are paid to is known.
    event TrainingFeesSet(ITrainingFees trainingFees);
    /// @notice The contract that decides cases is known.
    event CasesSet(ICaseRegistry cases);
    /// @notice A reward that could not be sent was withdrawn.
    event OwedWithdrawn(address indexed account, uint96 amount);

    error ModelRegistry_ZeroAddress();
    error ModelRegistry_ZeroHash();
    error ModelRegistry_UnknownModel(uint40 modelId);
    error ModelRegistry_NotOwner(uint40 modelId, address caller);
    error ModelRegistry_RoyaltyTooHigh(uint16 royaltyBps);
    error ModelRegistry_UnknownScheme(uint8 scheme);
    error ModelRegistry_TreeTooDeep(uint8 treeDepth);
    /// @dev A scheme that pays by influence needs `sketchRoot`, `basisHash` and `sigmaCap`; by span, `corpusRoot`.
    error ModelRegistry_MissingCommitment();
    /// @dev The run must be finished in the training log, by the same owner, with the same adapter hash.
    error ModelRegistry_RunMismatch(bytes32 runId);
    /// @dev A run becomes one model; another one only after the first was suspended.
    error ModelRegistry_RunPublished(bytes32 runId, uint40 modelId);
    /// @dev The list must be the one that the run was opened with.
    error ModelRegistry_DatanetsMismatch(bytes32 runId);
    /// @dev The run's owner had no grant for this datanet when the run was opened.
    error ModelRegistry_NotGranted(uint40 datanetId, address owner);
    error ModelRegistry_LicenceNotAllowed(uint40 datanetId, string licence);
    /// @dev Pay for the run's rows of this datanet first.
    error ModelRegistry_TrainingUnpaid(bytes32 runId, uint40 datanetId);
    error ModelRegistry_EmptyLicence();
    /// @dev The model is suspended or withdrawn.
    error ModelRegistry_NotServing(uint40 modelId);
    error ModelRegistry_AlreadySuspended(uint40 modelId);
    error ModelRegistry_NotWholeGwei(uint96 price);
    error ModelRegistry_WrongBond(uint256 required, uint256 sent);
    error ModelRegistry_BondLocked(uint40 modelId, uint256 releaseAt);
    error ModelRegistry_BondContested(uint40 modelId, uint256 openCases);
    error ModelRegistry_NothingToReclaim(uint40 modelId);
    error ModelRegistry_AlreadySet(address already);
    /// @dev The input is not in the run's tree at that index.
    error ModelRegistry_BadProof(uint40 modelId, uint32 index);
    /// @dev The input's datanet was declared, and the asset is one of its contributions.
    error ModelRegistry_Declared(uint40 datanetId, uint40 asset);
    error ModelRegistry_ProofCount(uint256 count);
    /// @dev The inputs must be contributions of the datanet, ascending by asset, each given as it was submitted.
    error ModelRegistry_BadInput(uint40 datanetId, uint40 asset);
    /// @dev At least as many rows were paid for as the inputs prove.
    error ModelRegistry_Paid(uint40 datanetId, uint256 rows, uint256 paid);
    /// @dev Cases can be put on record only while the publication is bonded, within its objection window.
    error ModelRegistry_NotBonded(uint40 modelId);
    error ModelRegistry_ObjectionsOver(uint40 modelId, uint256 releaseAt);
    /// @dev The case is not about the publication of this model.
    error ModelRegistry_WrongCase(uint40 modelId, uint40 caseId);
    error ModelRegistry_CaseOnRecord(uint40 caseId);
    error ModelRegistry_CaseDecided(uint40 caseId);
    error ModelRegistry_CaseUndecided(uint40 caseId);
    error ModelRegistry_NothingToResolve(uint40 modelId, uint40 caseId);
    error ModelRegistry_NothingOwed(address account);
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

    /// @notice Asks nodes not to serve a model any more, for good. Only its owner. What it earned stays payable.
    function withdrawModel(uint40 modelId) external;

    /// @notice Pays the publication bond to the model's owner once the objection window has passed and no case that was
    /// put on record is open. Anyone may call.
    function reclaimPublicationBond(uint40 modelId) external;

    /// @notice Proves that an adapter's run learned from a contribution of a datanet that it did not declare, or that an
    /// input names a datanet which the contribution is not from. The model is suspended; half of a bond that is still
    /// held is burned, the caller gets the other half.
    /// @param declared The datanets that the run was opened with
    /// @param proof The input
    function proveUndeclared(uint40 modelId, uint40[] calldata declared, InputProof calldata proof) external;

    /// @notice Proves that an adapter's run learned from more rows of a priced datanet than were paid for, with the same
    /// consequences as {proveUndeclared}.
    /// @param proofs 1 to 16 inputs, contributions of the datanet, ascending by asset
    /// @param contributions What was submitted as each of them
    function proveUnpaid(
        uint40 modelId,
        uint40 datanetId,
        InputProof[] calldata proofs,
        ContributionInput[] calldata contributions
    ) external;

    /// @notice Puts an undecided case against a publication on record within the objection window: the bond stays until
    /// {resolvePublication}. Anyone may call.
    function contestPublication(uint40 modelId, uint40 caseId) external;

    /// @notice Applies the verdict of a case about a publication: a conviction suspends the model and burns a bond that is
    /// still held; nobody is paid. Anyone may call.
    function resolvePublication(uint40 modelId, uint40 caseId) external;

    /// @notice Pays a reward that could not be sent, to the account it belongs to.
    function withdrawOwed(address account) external;

    /// @notice Connects the contract that training fees are paid to. Restricted; works once.
    function setTrainingFees(ITrainingFees trainingFees_) external;

    /// @notice Connects the contract that decides cases. Restricted; works once.
    function setCases(ICaseRegistry cases_) external;

    /// @notice Changes the bond that later publications need. Restricted to governance.
    function setPublicationBond(uint96 bond) external;

    /// @notice The immutable terms, or a revert when there is no such model.
    function terms(uint40 modelId) external view returns (ModelTerms memory);

    /// @notice What the allocation of a fee needs of a model; all zero when there is no such model.
    function allocationTerms(uint40 modelId) external view returns (AllocationTerms memory);

    /// @notice What a score of a model is checked against; all zero when there is no such model, or it has no sketches.
    function sketchTerms(uint40 modelId) external view returns (SketchTerms memory);

    /// @notice What spans of a model are checked against; all zero when there is no such model.
    function corpusTerms(uint40 modelId) external view returns (CorpusTerms memory);

    /// @notice The current prices, or a revert when there is no such model.
    function prices(uint40 modelId) external view returns (Prices memory);

    /// @notice The bond in wei that a publication needs.
    function publicationBond() external view returns (uint96);

    /// @notice The bond that a publication still holds, and when it can be taken back.
    function bondOf(uint40 modelId) external view returns (uint96 amount, uint40 releaseAt);

    /// @notice Whether nodes should serve the model.
    function statusOf(uint40 modelId) external view returns (ModelStatus);

    /// @notice Whether a publication stands: its objection window has passed, no case on record is open, and the model is
    /// not suspended.
    function isUncontested(uint40 modelId) external view returns (bool);

    /// @notice Cases on record against a publication that have no verdict yet.
    function openCasesOf(uint40 modelId) external view returns (uint256);

    /// @notice The model that a run became last; 0 when it was not published.
    function modelOfRun(bytes32 runId) external view returns (uint40);

    /// @notice SPDX id of a model's licence.
    function licenceOf(uint40 modelId) external view returns (string memory);

    /// @notice Rewards of `account` that could not be sent.
    function owed(address account) external view returns (uint96);

    /// @notice Where training fees are paid.
    function trainingFees() external view returns (ITrainingFees);

    /// @notice What decides cases.
    function cases() external view returns (ICaseRegistry);

    /// @notice How many models there are; their ids are 1 to this.
    function modelCount() external view returns (uint40);
}
