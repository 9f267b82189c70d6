// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

// The leaves of formats.md as the predicates read them. `libraries/Leaves.sol` decodes and hashes their packed preimages.

/// @notice One inference as the consumer signed for it; hash: 0x10 ‖ 171 bytes.
struct Receipt {
    bytes32 channelId;
    uint32 epoch;
    uint32 position;
    uint40 modelId;
    uint96 fee;
    uint8 flags;
    uint32 outputLength;
}

/// @notice A voucher as its batch keeps it; hash: 0x11 ‖ 89 bytes.
struct VoucherLeaf {
    bytes32 channelId;
    uint32 epoch;
    bytes32 receiptsRoot;
    uint32 receiptCount;
    uint96 fee;
    uint40 firstReceipt;
}

/// @notice Header of an attribution; its items follow. Hash: 0x12 ‖ 81 bytes ‖ items.
struct AttributionHeader {
    bytes32 receiptHash;
    uint40 modelId;
    uint96 fee;
    bytes32 queryHash;
}

/// @notice One line of an attribution, 40 bytes: asset5 ‖ kind1 ‖ score8 ‖ amount12 ‖ evidence14.
struct Item {
    uint40 asset;
    uint8 kind;
    int64 score;
    uint96 amount;
    bytes14 evidence;
}

/// @notice One item's amount in the credits tree of the asset it pays; hash: 0x14 ‖ 18 bytes, sum: amount.
struct Credit {
    uint40 receiptNumber;
    uint8 item;
    uint96 amount;
}

/// @notice What an asset has earned at a node; hash: 0x15 ‖ 66 bytes, sum: cumulative.
struct Payout {
    uint40 asset;
    uint32 seq;
    uint96 cumulative;
    uint96 delta;
    bytes32 creditsHash;
    uint8 creditsDepth;
}

/// @notice A contribution whose content a model's answers are compared with, 42 bytes; hash: 0x18 ‖ 42 bytes.
struct CorpusEntry {
    uint40 asset;
    bytes32 contentRoot;
    uint40 byteLength;
}

/// @notice A retrieved row in a receipt's context, 49 bytes; hash: 0x23 ‖ 49 bytes.
struct ContextRow {
    uint40 asset;
    uint32 row;
    int64 score;
    bytes32 bytesHash;
}

/// @notice What a SPAN item's evidence says: outOff4 ‖ srcOff5 ‖ len2. All in bytes.
struct Span {
    uint256 outOff;
    uint256 srcOff;
    uint256 len;
}
