// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @title Registry of datanets and their contributions
/// @notice A datanet is a community dataset with one subject, a licence policy and curators; it is an ERC-721 token of
/// this registry. A contribution is one batch of rows. Once a curator accepts it, it becomes a {ContributionToken}, and
/// whoever owns that token earns.
interface IDatanetRegistry is IERC721 {
    /// @notice Where a contribution stands.
    enum Status {
        None,
        Submitted,
        Accepted,
        Rejected,
        Expired
    }

    /// @notice What defines a datanet when it is created. All but the curators is fixed for ever.
    /// @param name What people call it
    /// @param subject The one subject its rows are about
    /// @param licences SPDX ids; a contribution must name one of them
    /// @param schema How a row is laid out, e.g. "chat" or "text"
    /// @param mediaType e.g. "text/plain"
    /// @param permissioned Whether training on it needs a grant by its owner
    /// @param contributionBond Bond in wei that goes with a submission
    /// @param pricePerRow Training price in wei per row and training run; may be 0
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
    /// @param version Hash chain over its acceptances; training manifests cite (datanet, version)
    /// @param configHash keccak256(abi.encode(DatanetConfig))
    /// @param accepted Number of accepted contributions
    struct Datanet {
        bytes32 version;
        bytes32 configHash;
        uint96 contributionBond;
        uint96 pricePerRow;
        bool permissioned;
        uint40 accepted;
    }

    /// @notice What a contributor submits.
    /// @param contentRoot Plain tree over the content's 32-byte words
    /// @param byteLength Length of the content
    /// @param rowsRoot Plain tree over the rows
    /// @param rowCount Number of rows, at least 1
    /// @param kind 0 data, 1 label, 2 validation
    /// @param licence SPDX id, one of the datanet's
    /// @param sourceHash keccak256 of the statement of where the rows come from
    /// @param uri Where the content is: `store:0x<keccak256 of the content>`
    struct ContributionInput {
        uint40 datanetId;
        bytes32 contentRoot;
        uint40 byteLength;
        bytes32 rowsRoot;
        uint32 rowCount;
        uint8 kind;
        string licence;
        bytes32 sourceHash;
        string uri;
    }

    /// @notice What the registry keeps of a contribution: three slots.
    /// @param contributor Who submitted it; the owner is the owner of the token
    /// @param committedAt When its content was committed to: its priority
    /// @param bond Bond in wei that is still held
    /// @param inputHash keccak256(abi.encode(ContributionInput))
    struct Contribution {
        address contributor;
        uint40 datanetId;
        uint40 submittedAt;
        Status status;
        uint8 kind;
        uint96 bond;
        uint40 committedAt;
        uint40 byteLength;
        uint32 rowCount;
        bytes32 inputHash;
    }

    /// @notice A datanet was created; its token belongs to `owner`.
    event DatanetCreated(uint40 indexed datanetId, address indexed owner, DatanetConfig config);
    /// @notice A curator was named or dismissed.
    event CuratorSet(uint40 indexed datanetId, address indexed curator, bool allowed);
    /// @notice Someone committed to a contribution without showing it.
    event ContributionCommitted(bytes32 indexed commitment, address indexed committer);
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
    /// @notice A contributor got its bond back.
    event BondReclaimed(uint40 indexed contributionId, address indexed contributor, uint96 amount);

    error DatanetRegistry_ZeroAddress();
    error DatanetRegistry_UnknownDatanet(uint40 datanetId);
    error DatanetRegistry_UnknownContribution(uint40 contributionId);
    error DatanetRegistry_EmptyName();
    error DatanetRegistry_LicenceCount(uint256 count);
    error DatanetRegistry_CuratorCount(uint256 count);
    error DatanetRegistry_LicenceNotAllowed(uint40 datanetId, string licence);
    error DatanetRegistry_NotOwner(uint40 datanetId, address caller);
    error DatanetRegistry_NotCurator(uint40 datanetId, address caller);
    /// @dev There is no such commitment by this sender: commit first, with the same owner, roots and salt.
    error DatanetRegistry_NotCommitted(bytes32 commitment);
    /// @dev Submit at least one block after the commitment.
    error DatanetRegistry_TooEarly(uint256 committedBlock);
    error DatanetRegistry_EmptyContribution();
    error DatanetRegistry_UnknownKind(uint8 kind);
    error DatanetRegistry_WrongBond(uint256 required, uint256 sent);
    error DatanetRegistry_NotSubmitted(uint40 contributionId, Status status);
    /// @dev Curators have until `reviewEnd` to decide; the bond cannot be reclaimed before.
    error DatanetRegistry_UnderReview(uint40 contributionId, uint256 reviewEnd);
    error DatanetRegistry_ReviewOver(uint40 contributionId, uint256 reviewEnd);
    error DatanetRegistry_NothingToReclaim(uint40 contributionId);
    error DatanetRegistry_TransferFailed(address to, uint256 amount);

    /// @notice Creates a datanet. Its token goes to the caller, who names and dismisses curators.
    /// @return datanetId The new datanet, counted from 1
    function createDatanet(DatanetConfig calldata config) external returns (uint40 datanetId);

    /// @notice Names or dismisses a curator. Only the datanet's owner.
    function setCurator(uint40 datanetId, address curator, bool allowed) external;

    /// @notice Commits to a contribution. Doing so twice changes nothing, so a copied commitment harms nobody.
    /// @param commitment keccak256(abi.encode(owner, contentRoot, rowsRoot, salt))
    function commit(bytes32 commitment) external;

    /// @notice Reveals a contribution that the caller committed to in an earlier block, and leaves the datanet's bond.
    /// @return contributionId The new contribution, counted from 1; also its token's id
    function submit(ContributionInput calldata input, bytes32 salt) external payable returns (uint40 contributionId);

    /// @notice Accepts a contribution: mints its token and moves the datanet's version on. Only a curator.
    function accept(uint40 contributionId) external;

    /// @notice Rejects a contribution. Only a curator.
    /// @param reasonHash keccak256 of the reason, which is kept in the content store
    function reject(uint40 contributionId, bytes32 reasonHash) external;

    /// @notice Pays the bond back to the contributor: after a decision, or when no curator decided in time.
    /// Anyone may call.
    function reclaimBond(uint40 contributionId) external;

    /// @notice The datanet, or a revert when there is none.
    function datanet(uint40 datanetId) external view returns (Datanet memory);

    /// @notice The contribution, or a revert when there is none.
    function contribution(uint40 contributionId) external view returns (Contribution memory);

    /// @notice Where the contribution's content is.
    function contributionURI(uint40 contributionId) external view returns (string memory);

    /// @notice The datanet's current version; 0 as long as nothing was accepted.
    function version(uint40 datanetId) external view returns (bytes32);

    /// @notice When and in which block a commitment was made; zeros when it was not, or was used.
    function commitments(bytes32 commitment) external view returns (uint40 committedAt, uint40 committedBlock);

    /// @notice Whether `account` may accept and reject in the datanet.
    function isCurator(uint40 datanetId, address account) external view returns (bool);

    /// @notice Whether the datanet takes contributions under this SPDX id.
    function allowsLicence(uint40 datanetId, string calldata licence) external view returns (bool);

    /// @notice How many datanets there are; their ids are 1 to this.
    function datanetCount() external view returns (uint40);

    /// @notice How many contributions there are; their ids are 1 to this.
    function contributionCount() external view returns (uint40);
}
