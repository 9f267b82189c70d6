// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice Where a contribution stands.
/// None: committed to at most. Submitted: shown, curators may decide. Accepted: it has a token and earns. Rejected: a
/// curator said no. Expired: no curator answered in time. Tombstoned: accepted, then consent was withdrawn. Duplicate:
/// proven a duplicate before it was accepted. Displaced: accepted, then proven a duplicate.
enum ContributionStatus {
    None,
    Submitted,
    Accepted,
    Rejected,
    Expired,
    Tombstoned,
    Duplicate,
    Displaced
}

/// @notice Where a contribution's bond is. Held: until it is reclaimed. Frozen: until a penalty is decided.
enum BondState {
    None,
    Held,
    Frozen
}

/// @notice What is kept of a contribution beside the hash of its input: one slot.
/// @param contributor Who submitted it; who earns is the owner of the token
/// @param datanetId Its datanet
/// @param submittedAt When it was shown; 0 before
/// @param status Where it stands
/// @param bond Where its bond is; the amount is the datanet's
struct ContributionRecord {
    address contributor;
    uint40 datanetId;
    uint40 submittedAt;
    ContributionStatus status;
    BondState bond;
}

/// @notice What a contributor submits. A row of a label or validation belongs to one row of the data it refers to: row i
/// to row firstRow + i, and the pair trains as one.
/// @param datanetId The datanet it is for
/// @param contentRoot Plain tree over the content's 32-byte words
/// @param byteLength Length of the content
/// @param rowsRoot Plain tree over the rows
/// @param rowCount Number of rows, at least 1
/// @param kind 0 data, 1 label, 2 validation
/// @param refersTo The accepted data of the same datanet that a label or validation is about; 0 for data
/// @param firstRow The first of the rows that it is about; 0 for data
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
    uint40 refersTo;
    uint32 firstRow;
    string licence;
    bytes32 sourceHash;
    string uri;
}

/// @notice Kinds of contributions.
library ContributionKind {
    uint8 internal constant DATA = 0;
    uint8 internal constant LABEL = 1;
    uint8 internal constant VALIDATION = 2;
}
