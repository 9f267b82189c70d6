// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {PayoutProof, SignedVoucher} from "../types/Claim.sol";
import {AttributionHeader, Credit, Item, Payout, Receipt, VoucherLeaf} from "../types/Leaves.sol";

/// @title Hashing and decoding of the packed leaves of formats.md.
/// @notice Every preimage is given without its tag; `hash…` puts it in front. Decoders check nothing but the length, which
/// each of them states as a constant.
library Leaves {
    uint8 internal constant TAG_NODE = 0x01;
    uint8 internal constant TAG_PAD = 0x02;
    uint8 internal constant TAG_RECEIPT = 0x10;
    uint8 internal constant TAG_VOUCHER = 0x11;
    uint8 internal constant TAG_ATTRIBUTION = 0x12;
    uint8 internal constant TAG_ATTRIBUTION_LEAF = 0x13;
    uint8 internal constant TAG_CREDIT = 0x14;
    uint8 internal constant TAG_PAYOUT = 0x15;
    uint8 internal constant TAG_SKETCH = 0x16;
    uint8 internal constant TAG_BASELINE = 0x17;

    uint256 internal constant NODE_LENGTH = 88;
    uint256 internal constant RECEIPT_LENGTH = 171;
    uint256 internal constant VOUCHER_LENGTH = 89;
    uint256 internal constant HEADER_LENGTH = 81;
    uint256 internal constant ITEM_LENGTH = 40;
    uint256 internal constant CREDIT_LENGTH = 18;
    uint256 internal constant PAYOUT_LENGTH = 66;
    uint256 internal constant SKETCH_LENGTH = 297;

    /// @notice Credit index of an item whose amount is 0.
    uint32 internal constant NO_CREDIT = type(uint32).max;

    error Leaves_WrongLength(uint8 tag, uint256 length);

    /// @notice keccak256(tag ‖ preimage).
    function hash(uint8 tag, bytes calldata preimage) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(tag, preimage));
    }

    /// @notice Leaf of an attribution: its hash and where each item's credit is.
    function hashAttributionLeaf(bytes calldata attribution, bytes calldata creditIndexes)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(TAG_ATTRIBUTION_LEAF, hash(TAG_ATTRIBUTION, attribution), creditIndexes));
    }

    /// @notice Leaf of a voucher in its batch.
    function hashVoucher(SignedVoucher calldata v, uint96 fee, uint40 firstReceipt)
        internal
        pure
        returns (bytes32 leaf)
    {
        (bytes32 channelId, uint32 epoch, bytes32 receiptsRoot, uint32 count) =
            (v.channelId, v.epoch, v.receiptsRoot, v.receiptCount);
        // As abi.encodePacked, without its code size. Each word's low bytes are overwritten by the next.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, TAG_VOUCHER)
            mstore(add(m, 1), channelId)
            mstore(add(m, 33), shl(224, epoch))
            mstore(add(m, 37), receiptsRoot)
            mstore(add(m, 69), shl(224, count))
            mstore(add(m, 73), shl(160, fee))
            mstore(add(m, 85), shl(216, firstReceipt))
            leaf := keccak256(m, 90)
        }
    }

    /// @notice Leaf of a credit.
    function hashCredit(uint40 receiptNumber, uint8 item, uint96 amount) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(TAG_CREDIT, receiptNumber, item, amount));
    }

    /// @notice Leaf of a payout.
    function hashPayout(PayoutProof calldata p) internal pure returns (bytes32 leaf) {
        (uint256 asset, uint256 seq, uint256 cumulative, uint256 delta) = (p.asset, p.seq, p.cumulative, p.delta);
        (bytes32 creditsHash, uint256 creditsDepth) = (p.creditsHash, p.creditsDepth);
        // As abi.encodePacked, without its code size. Each word's low bytes are overwritten by the next.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, TAG_PAYOUT)
            mstore(add(m, 1), shl(216, asset))
            mstore(add(m, 6), shl(224, seq))
            mstore(add(m, 10), shl(160, cumulative))
            mstore(add(m, 22), shl(160, delta))
            mstore(add(m, 34), creditsHash)
            mstore8(add(m, 66), creditsDepth)
            leaf := keccak256(m, 67)
        }
    }

    /// @notice Leaf of a baseline.
    function hashBaseline(uint40 asset, uint32 parts) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(TAG_BASELINE, asset, parts));
    }

    /// @notice What of a receipt settlement needs.
    function decodeReceipt(bytes calldata b) internal pure returns (Receipt memory r) {
        if (b.length != RECEIPT_LENGTH) revert Leaves_WrongLength(TAG_RECEIPT, b.length);
        r.channelId = bytes32(b[0:32]);
        r.epoch = uint32(bytes4(b[32:36]));
        r.position = uint32(bytes4(b[36:40]));
        r.modelId = uint40(bytes5(b[40:45]));
        r.fee = uint96(bytes12(b[53:65]));
        r.flags = uint8(b[70]);
        r.outputLength = uint32(bytes4(b[135:139]));
    }

    /// @notice A voucher leaf.
    function decodeVoucher(bytes calldata b) internal pure returns (VoucherLeaf memory v) {
        if (b.length != VOUCHER_LENGTH) revert Leaves_WrongLength(TAG_VOUCHER, b.length);
        v.channelId = bytes32(b[0:32]);
        v.epoch = uint32(bytes4(b[32:36]));
        v.receiptsRoot = bytes32(b[36:68]);
        v.receiptCount = uint32(bytes4(b[68:72]));
        v.fee = uint96(bytes12(b[72:84]));
        v.firstReceipt = uint40(bytes5(b[84:89]));
    }

    /// @notice The header of an attribution.
    function decodeHeader(bytes calldata b) internal pure returns (AttributionHeader memory h) {
        if (b.length < HEADER_LENGTH) revert Leaves_WrongLength(TAG_ATTRIBUTION, b.length);
        h.receiptHash = bytes32(b[0:32]);
        h.modelId = uint40(bytes5(b[32:37]));
        h.fee = uint96(bytes12(b[37:49]));
        h.queryHash = bytes32(b[49:81]);
    }

    /// @notice How many whole items an attribution holds.
    function itemCount(bytes calldata attribution) internal pure returns (uint256) {
        return attribution.length < HEADER_LENGTH ? 0 : (attribution.length - HEADER_LENGTH) / ITEM_LENGTH;
    }

    /// @notice Item `k` of an attribution's preimage; k must be below {itemCount}.
    function itemOf(bytes calldata attribution, uint256 k) internal pure returns (Item memory) {
        uint256 start = HEADER_LENGTH + k * ITEM_LENGTH;
        return decodeItem(attribution[start:start + ITEM_LENGTH]);
    }

    /// @notice An item from its 40 bytes.
    function decodeItem(bytes calldata b) internal pure returns (Item memory item) {
        item.asset = uint40(bytes5(b[0:5]));
        item.kind = uint8(b[5]);
        item.score = int64(uint64(bytes8(b[6:14])));
        item.amount = uint96(bytes12(b[14:26]));
        item.evidence = bytes14(b[26:40]);
    }

    /// @notice Credit index of item `k`; (false, 0) when there is none.
    function creditIndexOf(bytes calldata creditIndexes, uint256 k) internal pure returns (bool, uint32) {
        uint256 start = k * 4;
        if (creditIndexes.length < start + 4) return (false, 0);
        return (true, uint32(bytes4(creditIndexes[start:start + 4])));
    }

    /// @notice A credit.
    function decodeCredit(bytes calldata b) internal pure returns (Credit memory c) {
        if (b.length != CREDIT_LENGTH) revert Leaves_WrongLength(TAG_CREDIT, b.length);
        c.receiptNumber = uint40(bytes5(b[0:5]));
        c.item = uint8(b[5]);
        c.amount = uint96(bytes12(b[6:18]));
    }

    /// @notice A payout leaf.
    function decodePayout(bytes calldata b) internal pure returns (Payout memory p) {
        if (b.length != PAYOUT_LENGTH) revert Leaves_WrongLength(TAG_PAYOUT, b.length);
        p.asset = uint40(bytes5(b[0:5]));
        p.seq = uint32(bytes4(b[5:9]));
        p.cumulative = uint96(bytes12(b[9:21]));
        p.delta = uint96(bytes12(b[21:33]));
        p.creditsHash = bytes32(b[33:65]);
        p.creditsDepth = uint8(b[65]);
    }
}
