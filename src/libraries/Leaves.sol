// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {PayoutProof, SignedVoucher} from "../types/Claim.sol";
import {
    AttributionHeader,
    ContextRow,
    CorpusEntry,
    Credit,
    Item,
    Payout,
    Receipt,
    Span,
    VoucherLeaf
} from "../types/Leaves.sol";

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
    uint8 internal constant TAG_CORPUS = 0x18;
    uint8 internal constant TAG_EVIDENCE = 0x19;
    uint8 internal constant TAG_CONTENT_WORD = 0x20;
    uint8 internal constant TAG_OUTPUT_WORD = 0x21;
    uint8 internal constant TAG_ROW = 0x22;
    uint8 internal constant TAG_CONTEXT = 0x23;

    uint256 internal constant NODE_LENGTH = 88;
    uint256 internal constant RECEIPT_LENGTH = 171;
    uint256 internal constant VOUCHER_LENGTH = 89;
    uint256 internal constant HEADER_LENGTH = 81;
    uint256 internal constant ITEM_LENGTH = 40;
    uint256 internal constant CREDIT_LENGTH = 18;
    uint256 internal constant PAYOUT_LENGTH = 66;
    uint256 internal constant SKETCH_LENGTH = 297;
    uint256 internal constant CORPUS_LENGTH = 42;
    uint256 internal constant ROW_LENGTH = 45;
    uint256 internal constant CONTEXT_LENGTH = 49;

    /// @notice Credit index of an item whose amount is 0.
    uint32 internal constant NO_CREDIT = type(uint32).max;

    error Leaves_WrongLength(uint8 tag, uint256 length);

    /// @notice keccak256(tag ‖ preimage).
    function hash(uint8 tag, bytes calldata preimage) internal pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, tag)
            calldatacopy(add(m, 1), preimage.offset, preimage.length)
            leaf := keccak256(m, add(preimage.length, 1))
        }
    }

    /// @notice Leaf of an attribution: its hash and where each item's credit is.
    function hashAttributionLeaf(bytes calldata attribution, bytes calldata creditIndexes)
        internal
        pure
        returns (bytes32 leaf)
    {
        bytes32 attributionHash = hash(TAG_ATTRIBUTION, attribution);
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, TAG_ATTRIBUTION_LEAF)
            mstore(add(m, 1), attributionHash)
            calldatacopy(add(m, 33), creditIndexes.offset, creditIndexes.length)
            leaf := keccak256(m, add(creditIndexes.length, 33))
        }
    }

    /// @notice What an attribution says of the receipt's evidence, without amounts:
    /// keccak256(0x19 ‖ receiptHash32 ‖ queryHash32 ‖ (asset5 ‖ kind1 ‖ score8 ‖ evidence14) × items of kinds 0-2).
    function hashEvidence(bytes calldata attribution) internal pure returns (bytes32 evidence) {
        if (attribution.length < HEADER_LENGTH) revert Leaves_WrongLength(TAG_ATTRIBUTION, attribution.length);
        uint256 count = itemCount(attribution);
        assembly ("memory-safe") {
            let m := mload(0x40)
            let from := attribution.offset
            mstore8(m, TAG_EVIDENCE)
            mstore(add(m, 1), calldataload(from))
            mstore(add(m, 33), calldataload(add(from, 49)))
            from := add(from, HEADER_LENGTH)
            let to := add(m, 65)
            for {} count { count := sub(count, 1) } {
                if lt(byte(5, calldataload(from)), 3) {
                    calldatacopy(to, from, 14)
                    calldatacopy(add(to, 14), add(from, 26), 14)
                    to := add(to, 28)
                }
                from := add(from, ITEM_LENGTH)
            }
            evidence := keccak256(m, sub(to, m))
        }
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
        r.channelId = bytes32(_word(b, 0));
        r.epoch = uint32(_word(b, 32) >> 224);
        r.position = uint32(_word(b, 36) >> 224);
        r.modelId = uint40(_word(b, 40) >> 216);
        r.fee = uint96(_word(b, 53) >> 160);
        r.flags = uint8(b[70]);
        r.outputLength = uint32(_word(b, 135) >> 224);
    }

    /// @notice Root of the tree over a receipt's answer.
    /// @dev Warning: {decodeReceipt} must have checked the length, here and in {contextRootOf}.
    function outputRootOf(bytes calldata receipt) internal pure returns (bytes32) {
        return bytes32(_word(receipt, 103));
    }

    /// @notice Root of the tree over the rows that were retrieved for a receipt's answer; 0 when there were none.
    function contextRootOf(bytes calldata receipt) internal pure returns (bytes32) {
        return bytes32(_word(receipt, 139));
    }

    /// @notice A voucher leaf.
    function decodeVoucher(bytes calldata b) internal pure returns (VoucherLeaf memory v) {
        if (b.length != VOUCHER_LENGTH) revert Leaves_WrongLength(TAG_VOUCHER, b.length);
        v.channelId = bytes32(_word(b, 0));
        v.epoch = uint32(_word(b, 32) >> 224);
        v.receiptsRoot = bytes32(_word(b, 36));
        v.receiptCount = uint32(_word(b, 68) >> 224);
        v.fee = uint96(_word(b, 72) >> 160);
        v.firstReceipt = uint40(_word(b, 84) >> 216);
    }

    /// @notice The header of an attribution.
    function decodeHeader(bytes calldata b) internal pure returns (AttributionHeader memory h) {
        if (b.length < HEADER_LENGTH) revert Leaves_WrongLength(TAG_ATTRIBUTION, b.length);
        h.receiptHash = bytes32(_word(b, 0));
        h.modelId = uint40(_word(b, 32) >> 216);
        h.fee = uint96(_word(b, 37) >> 160);
        h.queryHash = bytes32(_word(b, 49));
    }

    /// @notice The query hash in an attribution's header.
    /// @dev Warning: {itemCount} or a length of at least HEADER_LENGTH must have been checked, here and in {itemWords}.
    function queryHashOf(bytes calldata attribution) internal pure returns (bytes32) {
        return bytes32(_word(attribution, 49));
    }

    /// @notice How many whole items an attribution holds.
    function itemCount(bytes calldata attribution) internal pure returns (uint256) {
        return attribution.length < HEADER_LENGTH ? 0 : (attribution.length - HEADER_LENGTH) / ITEM_LENGTH;
    }

    /// @notice Item `k` of an attribution's preimage; k must be below {itemCount}.
    function itemOf(bytes calldata attribution, uint256 k) internal pure returns (Item memory item) {
        (uint256 head, uint256 tail) = itemWords(attribution, k);
        item.asset = uint40(head >> 216);
        item.kind = uint8(head >> 208);
        item.score = int64(uint64(head >> 144));
        item.amount = uint96(head >> 48);
        item.evidence = bytes14(uint112(tail));
    }

    /// @notice Item `k` of an attribution's preimage as two overlapping words, its first and its last 32 bytes; k must be
    /// below {itemCount}.
    function itemWords(bytes calldata attribution, uint256 k) internal pure returns (uint256 head, uint256 tail) {
        assembly ("memory-safe") {
            let at := add(attribution.offset, add(HEADER_LENGTH, mul(k, ITEM_LENGTH)))
            head := calldataload(at)
            tail := calldataload(add(at, 8))
        }
    }

    /// @notice Credit index of item `k`; (false, 0) when there is none.
    function creditIndexOf(bytes calldata creditIndexes, uint256 k) internal pure returns (bool, uint32) {
        if (creditIndexes.length < (k + 1) * 4) return (false, 0);
        return (true, creditIndexAt(creditIndexes, k));
    }

    /// @notice Credit index of item `k`, which must be there.
    function creditIndexAt(bytes calldata creditIndexes, uint256 k) internal pure returns (uint32) {
        unchecked {
            return uint32(_word(creditIndexes, k * 4) >> 224);
        }
    }

    /// @notice A credit.
    function decodeCredit(bytes calldata b) internal pure returns (Credit memory c) {
        if (b.length != CREDIT_LENGTH) revert Leaves_WrongLength(TAG_CREDIT, b.length);
        c.receiptNumber = uint40(_word(b, 0) >> 216);
        c.item = uint8(b[5]);
        c.amount = uint96(_word(b, 6) >> 160);
    }

    /// @notice A payout leaf.
    function decodePayout(bytes calldata b) internal pure returns (Payout memory p) {
        if (b.length != PAYOUT_LENGTH) revert Leaves_WrongLength(TAG_PAYOUT, b.length);
        p.asset = uint40(_word(b, 0) >> 216);
        p.seq = uint32(_word(b, 5) >> 224);
        p.cumulative = uint96(_word(b, 9) >> 160);
        p.delta = uint96(_word(b, 21) >> 160);
        p.creditsHash = bytes32(_word(b, 33));
        p.creditsDepth = uint8(b[65]);
    }

    /// @notice An entry of a model's corpus.
    function decodeCorpus(bytes calldata b) internal pure returns (CorpusEntry memory c) {
        if (b.length != CORPUS_LENGTH) revert Leaves_WrongLength(TAG_CORPUS, b.length);
        c.asset = uint40(_word(b, 0) >> 216);
        c.contentRoot = bytes32(_word(b, 5));
        c.byteLength = uint40(_word(b, 37) >> 216);
    }

    /// @notice A retrieved row.
    function decodeContext(bytes calldata b) internal pure returns (ContextRow memory c) {
        if (b.length != CONTEXT_LENGTH) revert Leaves_WrongLength(TAG_CONTEXT, b.length);
        c.asset = uint40(_word(b, 0) >> 216);
        c.row = uint32(_word(b, 5) >> 224);
        c.score = int64(uint64(_word(b, 9) >> 192));
        c.bytesHash = bytes32(_word(b, 17));
    }

    /// @notice Which row a row leaf is, and the hash of its bytes.
    function decodeRow(bytes calldata b) internal pure returns (uint32 row, bytes32 bytesHash) {
        if (b.length != ROW_LENGTH) revert Leaves_WrongLength(TAG_ROW, b.length);
        row = uint32(_word(b, 0) >> 224);
        bytesHash = bytes32(_word(b, 13));
    }

    /// @notice What the evidence of a SPAN item says.
    function decodeSpan(bytes14 evidence) internal pure returns (Span memory s) {
        uint256 word = uint112(evidence);
        s.outOff = uint32(word >> 80);
        s.srcOff = uint40(word >> 40);
        s.len = uint16(word >> 24);
    }

    /// @dev 32 bytes of calldata; lengths have been checked.
    function _word(bytes calldata b, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(b.offset, offset))
        }
    }
}
