// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {BondState, ContributionInput, ContributionStatus} from "../types/Contribution.sol";

/// @title Registry of datanets and their contributions
/// @notice A datanet is a community dataset with one subject, a licence policy and curators; it is an ERC-721 token of
/// this registry. A contribution is one batch of rows. Once a curator accepts it, it becomes a {ContributionToken}, and
/// whoever owns that token earns.
interface IDatanetRegistry is IERC721 {
    /// @notice What defines a datanet when it is created. All but the curators is fixed for ever.
    /// @param name What people call it
    /// @param subject The one subject its rows are about
    /// @param licences SPDX ids; a contribution must name one of them
    /// @param schema How a row is laid out, e.g. "chat" or "text"
    /// @param mediaType e.g. "text/plain"
    /// @param permissioned Whether training on it needs a grant by its owner
    /// @param contributionBond Bond in wei that goes with a submission
    /// @param pricePerRow Training price in wei (whole gwei) per row and training run; may be 0
    /// @param metadataURI Where the longer description is
    /// @param metadataHash keccak256 of that description
    /// @param curators Who may accept and reject from the start
    struct DatanetConfig {
        string name;
        string subject;
        string[] licences;
        string schema;
        string mediaType;
        bool permissioned;
        uint96 contributionBond;
        uint96 pricePerRow;
        string metadataURI;
        bytes32 metadataHash;
        address[] curators;
    }

    /// @notice What the registry keeps of a datanet.
    /// @param version Hash chain over its acceptances and tombstones; training manifests cite (datanet, version)
    /// @param configHash keccak256(abi.encode(DatanetConfig))
    /// @param contributionBond Bond in wei that goes with a submission
    /// @param pricePerRow Training price in wei per row and training run
    /// @param permissioned Whether training on it needs a grant
    /// @param licenceCount How many licences it takes, at least 1
    struct Datanet {
        bytes32 version;
        bytes32 configHash;
        uint96 contributionBond;
        uint96 pricePerRow;
        bool permissioned;
        uint8 licenceCount;
    }

    /// @notice What is known on chain of a contribution: two slots, see {ContributionRecord}; the rest is in the event.
    /// @param contributor Who submitted it; the owner is the owner of the token
    /// @param bondState Where its bond is
    /// @param bond Bond in wei that is still held
    /// @param inputHash keccak256(abi.encode(ContributionInput))
    struct Contribution {
        address contributor;
        uint40 datanetId;
        uint40 submittedAt;
        ContributionStatus status;
        BondState bondState;
        uint96 bond;
        bytes32 inputHash;
    }

    /// @notice A time in which someone may train on a permissioned datanet.
    /// @param from First second
    /// @param until First second at which it has expired
    struct Period {
        uint40 from;
        uint40 until;
    }

    /// @notice A datanet was created; its token belongs to `owner`.
    event DatanetCreated(uint40 indexed datanetId, address indexed owner, DatanetConfig config);
    /// @notice A curator was named or dismissed.
    event CuratorSet(uint40 indexed datanetId, address indexed curator, bool allowed);
    /// @notice Someone committed to a contribution without showing it.
    event ContributionCommitted(uint40 indexed contributionId, bytes32 commitment);
    /// @notice A committed contribution was revealed.
    event ContributionSubmitted(
        uint40 indexed contributionId,
        uint40 indexed datanetId,
        address indexed contributor,
        ContributionInput input,
        uint96 bond,
        uint40 committedAt
    );
    /// @notice A curator accepted a contribution: its token was minted to the contributor.
    /// @param version The datanet's version that includes it
    event ContributionAccepted(
        uint40 indexed contributionId, uint40 indexed datanetId, address curator, bytes32 version
    );
    /// @notice A curator rejected a contribution.
    event ContributionRejected(
        uint40 indexed contributionId, uint40 indexed datanetId, address curator, bytes32 reasonHash
    );
    /// @notice No curator answered in time.
    event ContributionExpired(uint40 indexed contributionId, uint40 indexed datanetId);
    /// @notice The owner of a contribution withdrew its consent: it earns nothing more, and later runs leave it out.
    /// @param version The datanet's version without it
    event ContributionTombstoned(
        uint40 indexed contributionId, uint40 indexed datanetId, address indexed owner, bytes32 version
    );
    /// @notice A contribution was proven a duplicate of an earlier one.
    /// @param reward What the prover got of the bond
    /// @param version The datanet's version without it
    event ContributionDisplaced(
        uint40 indexed contributionId,
        uint40 indexed datanetId,
        uint40 indexed earlierId,
        uint96 reward,
        bytes32 version
    );
    /// @notice Someone may train on a permissioned datanet from `from` until before `until`.
    event TrainingPermitted(uint40 indexed datanetId, address indexed trainer, uint40 from, uint40 until);
    /// @notice A permission ended early; what was trained before stays permitted.
    event TrainingRevoked(uint40 indexed datanetId, address indexed trainer);
    /// @notice A permission that was signed but not registered can't be registered any more.
    event PermissionCancelled(address indexed owner, uint256 nonce);
    /// @notice The contract that decides duplicates and penalties is known.
    event HygieneSet(address hygiene);
    /// @notice A bond was frozen until a penalty is decided.
    event BondFrozen(uint40 indexed contributionId);
    /// @notice A penalty was void: the bond can be reclaimed.
    event BondUnfrozen(uint40 indexed contributionId);
    /// @notice A penalty stands: the bond is lost.
    event BondForfeited(uint40 indexed contributionId, uint96 amount);
    /// @notice A contributor got its bond back.
    event BondReclaimed(uint40 indexed contributionId, address indexed contributor, uint96 amount);

    error DatanetRegistry_ZeroAddress();
    error DatanetRegistry_UnknownDatanet(uint40 datanetId);
    error DatanetRegistry_UnknownContribution(uint40 contributionId);
    error DatanetRegistry_EmptyName();
    error DatanetRegistry_PriceNotWholeGwei(uint96 pricePerRow);
    error DatanetRegistry_LicenceCount(uint256 count);
    error DatanetRegistry_CuratorCount(uint256 count);
    error DatanetRegistry_LicenceNotAllowed(uint40 datanetId, string licence);
    error DatanetRegistry_NotOwner(uint40 datanetId, address caller);
    error DatanetRegistry_NotCurator(uint40 datanetId, address caller);
    error DatanetRegistry_NotTokenOwner(uint40 contributionId, address caller);
    error DatanetRegistry_NotHygiene(address caller);
    error DatanetRegistry_HygieneAlreadySet(address hygiene);
    /// @dev The caller did not commit to this under this id: commit first, with the same owner, roots and salt.
    error DatanetRegistry_NotCommitted(uint40 contributionId, bytes32 commitment);
    /// @dev Submit at least one block after the commitment.
    error DatanetRegistry_TooEarly(uint256 committedBlock);
    /// @dev Commit again: nobody can hold a place for ever.
    error DatanetRegistry_CommitmentExpired(uint40 contributionId, uint256 expiredAt);
    error DatanetRegistry_EmptyContribution();
    error DatanetRegistry_UnknownKind(uint8 kind);
    /// @dev Data refers to nothing; a label or validation to rows of accepted data of the same datanet.
    error DatanetRegistry_WrongReference(uint40 refersTo, uint32 firstRow);
    error DatanetRegistry_WrongBond(uint256 required, uint256 sent);
    error DatanetRegistry_WrongStatus(uint40 contributionId, ContributionStatus status);
    /// @dev Curators have until `reviewEnd` to decide; the bond cannot be reclaimed before.
    error DatanetRegistry_UnderReview(uint40 contributionId, uint256 reviewEnd);
    error DatanetRegistry_ReviewOver(uint40 contributionId, uint256 reviewEnd);
    error DatanetRegistry_NothingToReclaim(uint40 contributionId);
    error DatanetRegistry_BondFrozen(uint40 contributionId);
    error DatanetRegistry_TransferFailed(address to, uint256 amount);
    error DatanetRegistry_SignatureExpired(uint256 deadline);
    error DatanetRegistry_InvalidSignature(address signer);
    error DatanetRegistry_NonceUsed(address owner, uint256 nonce);
    error DatanetRegistry_NotPermitted(uint40 datanetId, address trainer);

    /// @notice Creates a datanet. Its token goes to the caller, who names and dismisses curators.
    /// @return datanetId The new datanet, counted from 1
    function createDatanet(DatanetConfig calldata config) external returns (uint40 datanetId);

    /// @notice Names or dismisses a curator. Only the datanet's owner.
    function setCurator(uint40 datanetId, address curator, bool allowed) external;

    /// @notice Commits to a contribution and reserves its id. Ids are the order of commitments, so they say who was first.
    /// Copying somebody's commitment is useless: only the owner inside it can submit.
    /// @param commitment keccak256(abi.encode(owner, contentRoot, rowsRoot, salt))
    /// @return contributionId The contribution's id, counted from 1; also its token's
    function commit(bytes32 commitment) external returns (uint40 contributionId);

    /// @notice Shows data that the caller committed to in an earlier block, and leaves the datanet's bond.
    function submit(uint40 contributionId, ContributionInput calldata input, bytes32 salt) external payable;

    /// @notice Shows a label or validation that the caller committed to in an earlier block, and leaves the bond.
    /// @param referred The input of the accepted data that it is about, as its event has it
    function submitReferring(
        uint40 contributionId,
        ContributionInput calldata input,
        bytes32 salt,
        ContributionInput calldata referred
    ) external payable;

    /// @notice Accepts a contribution: mints its token and moves the datanet's version on. Only a curator.
    function accept(uint40 contributionId) external;

    /// @notice Accepts contributions with a curator's signature. Anyone may call. What is already decided or past its
    /// review is left as it is.
    /// @param signature EIP-712 or ERC-1271 signature of the curator over
    /// ContributionAcceptance(uint40[] contributionIds,uint40 deadline)
    /// @return accepted How many were accepted
    function acceptBySig(uint40[] calldata contributionIds, address curator, uint40 deadline, bytes calldata signature)
        external
        returns (uint256 accepted);

    /// @notice Rejects a contribution. Only a curator.
    /// @param reasonHash keccak256 of the reason, which is kept in the content store
    function reject(uint40 contributionId, bytes32 reasonHash) external;

    /// @notice Pays the bond back to the contributor: after a decision, or when no curator decided in time. Anyone may
    /// call. A frozen bond waits for the penalty's decision.
    function reclaimBond(uint40 contributionId) external;

    /// @notice Withdraws consent for good: the contribution earns nothing more and later runs leave it out. Only the owner
    /// of its token.
    function tombstone(uint40 contributionId) external;

    /// @notice Lets someone train on a permissioned datanet from now on. Only the datanet's owner.
    /// @param expiry First second at which it has expired
    function grantTraining(uint40 datanetId, address trainer, uint40 expiry) external;

    /// @notice Registers a permission that the datanet's owner signed. Anyone may call.
    /// @param signature EIP-712 or ERC-1271 signature of the owner over
    /// DatanetPermission(uint40 datanetId,address trainer,uint40 expiry,uint256 nonce)
    function permitTraining(uint40 datanetId, address trainer, uint40 expiry, uint256 nonce, bytes calldata signature)
        external;

    /// @notice Ends a permission now. Only the datanet's owner.
    function revokeTraining(uint40 datanetId, address trainer) external;

    /// @notice Makes the caller's signed permission with this nonce worthless.
    function cancelPermission(uint256 nonce) external;

    /// @notice Says which contract decides duplicates and penalties. Restricted; works once.
    function setHygiene(address hygiene) external;

    /// @notice Rejects a proven duplicate, pays the prover out of its bond, and leaves the rest to be reclaimed. Only the
    /// {IDatanetHygiene}.
    function displace(uint40 contributionId, uint40 earlierId, address prover) external;

    /// @notice Freezes a held bond until {settleBond}; nothing happens if there is none. Only the {IDatanetHygiene}.
    function freezeBond(uint40 contributionId) external;

    /// @notice Ends the freeze: sends the bond to the caller, or lets it be reclaimed. Only the {IDatanetHygiene}.
    /// @return amount What was sent
    function settleBond(uint40 contributionId, bool forfeit) external returns (uint96 amount);

    /// @notice Whether `trainer` may train on the datanet at a time: on an open one always, on a permissioned one its
    /// owner, and whoever had a permission that had not expired then. False when there is no such datanet.
    function mayTrain(uint40 datanetId, address trainer, uint40 time) external view returns (bool);

    /// @notice Whether a permission with this nonce was registered or cancelled.
    function isNonceUsed(address owner, uint256 nonce) external view returns (bool);

    /// @notice How long curators have to decide about a contribution.
    function REVIEW_WINDOW() external view returns (uint256);

    /// @notice The datanet, or a revert when there is none.
    function datanet(uint40 datanetId) external view returns (Datanet memory);

    /// @notice The contribution, or a revert when there is none.
    function contribution(uint40 contributionId) external view returns (Contribution memory);

    /// @notice keccak256(abi.encode(ContributionInput)); 0 before the submission.
    function inputHashOf(uint40 contributionId) external view returns (bytes32);

    /// @notice Where the contribution's record is: `store:0x<inputHash>`, the content of which is the ABI encoding of its
    /// {ContributionInput}, which says where the content is. Whoever has the event can rebuild it.
    function contributionURI(uint40 contributionId) external view returns (string memory);

    /// @notice The datanet's current version; 0 as long as nothing was accepted.
    function version(uint40 datanetId) external view returns (bytes32);

    /// @notice A commitment that waits for its submission: the first 22 bytes of it, when and in which block it was made.
    /// Zeros when there is none.
    function commitmentOf(uint40 contributionId)
        external
        view
        returns (bytes22 prefix, uint40 committedAt, uint40 committedBlock);

    /// @notice Whether `account` may accept and reject in the datanet.
    function isCurator(uint40 datanetId, address account) external view returns (bool);

    /// @notice Whether the datanet takes contributions under this SPDX id.
    function allowsLicence(uint40 datanetId, string calldata licence) external view returns (bool);

    /// @notice How many datanets there are; their ids are 1 to this.
    function datanetCount() external view returns (uint40);

    /// @notice The last contribution id given out. Commitments that were never shown leave gaps.
    function contributionCount() external view returns (uint40);
}
