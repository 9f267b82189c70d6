// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Claim} from "./Claim.sol";

// One struct per fraud predicate. A witness is the ABI encoding of the struct's members as a plain argument list, in
// order: `abi.encode(w.attribution, w.creditIndexes, …)`, without the leading offset that `abi.encode(w)` would add.
//
// Byte strings inside are packed preimages of formats.md **without** their one-byte tag (MalformedWitness.preimage is the
// one exception):
//   attribution  receiptHash32 ‖ modelId5 ‖ fee12 ‖ queryHash32 ‖ items (40 bytes each)
//   receipt      the 171 bytes that follow tag 0x10
//   voucher      channelId32 ‖ epoch4 ‖ receiptsRoot32 ‖ receiptCount4 ‖ fee12 ‖ firstReceipt5   (89 bytes)
//   payout       asset5 ‖ seq4 ‖ cumulative12 ‖ delta12 ‖ creditsHash32 ‖ creditsDepth1            (66 bytes)
//   credit       receiptNumber5 ‖ item1 ‖ amount12                                               (18 bytes)
//   sketch       asset5 ‖ sigma4 ‖ a256 ‖ rowsSketchRoot32                                       (297 bytes)
//   corpus       asset5 ‖ contentRoot32 ‖ byteLength5                                             (42 bytes)
//   context      asset5 ‖ row4 ‖ score8 ‖ keccak(rowBytes)32                                      (49 bytes)
//   row          row4 ‖ byteOffset5 ‖ byteLength4 ‖ keccak(rowBytes)32                            (45 bytes)
// An empty byte string in the place of a payout, sketch, corpus entry, context or row means "absent": its path then proves
// the pad leaf at the position, or is ignored when an asset is outside the tree (asset >= 2^depth).
// Paths are bitmap5 ‖ siblings from the leaf upward (32 bytes in plain trees, h32 ‖ s12 in sum trees). Paths of several
// words are those of {WordRange}.

/// @notice Witness of {AllocationPredicate}.
/// @param attribution Attribution as committed; ignored if the pad leaf is at the receipt's position
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot, position = receipt number - claim.firstReceipt
/// @param receipt The receipt that was signed for
/// @param receiptPath Path in the voucher's receiptsRoot, position = the receipt's own
/// @param voucher The voucher leaf
/// @param voucherPath Path in the batch's vouchersRoot
/// @param voucherIndex Position of the voucher in its batch
/// @param batch Number of the batch
struct AllocationWitness {
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    bytes receipt;
    bytes receiptPath;
    bytes voucher;
    bytes voucherPath;
    uint32 voucherIndex;
    uint32 batch;
}

/// @notice Witness of {ScorePredicate}.
/// @param attribution Attribution as committed
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot
/// @param position Position in that tree
/// @param item Index of the INFLUENCE item
/// @param query a_q, 512 signed bytes; may be empty when the proof is absence or sigma > sigmaCap
/// @param sketch Sketch leaf of the item's asset, or empty: absent
/// @param sketchPath Path in the model's sketchRoot, position = asset
struct ScoreWitness {
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    uint32 position;
    uint8 item;
    bytes query;
    bytes sketch;
    bytes sketchPath;
}

/// @notice Witness of {OmissionPredicate}.
/// @param attribution Attribution as committed
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot
/// @param position Position in that tree
/// @param query a_q, 512 signed bytes
/// @param sketch Sketch leaf of the asset that was left out; may be empty when the query is no vector
/// @param sketchPath Path in the model's sketchRoot, position = asset
struct OmissionWitness {
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    uint32 position;
    bytes query;
    bytes sketch;
    bytes sketchPath;
}

/// @notice Witness of {SpanPredicate}. What comes after the part that proves the fraud may be empty: lengths need no words.
/// @param attribution Attribution as committed
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot
/// @param position Position in that tree
/// @param item Index of the SPAN item
/// @param corpus Corpus entry of the item's asset, or empty: absent
/// @param corpusPath Path in the model's corpusRoot, position = asset
/// @param receipt The receipt that the attribution names
/// @param offset Which byte of the span differs
/// @param contentWord Word of the content that has the byte
/// @param contentPath Path in the content's tree, position = (srcOff + offset) / 32
/// @param outputWordSalt keccak256(salt32 ‖ index4) of the word of the answer that has the byte
/// @param outputWord That word
/// @param outputPath Path in the receipt's outputRoot, position = (outOff + offset) / 32
struct SpanWitness {
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    uint32 position;
    uint8 item;
    bytes corpus;
    bytes corpusPath;
    bytes receipt;
    uint16 offset;
    bytes32 contentWord;
    bytes contentPath;
    bytes32 outputWordSalt;
    bytes32 outputWord;
    bytes outputPath;
}

/// @notice Witness of {SpanOmissionPredicate}.
/// @param attribution Attribution as committed
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot
/// @param position Position in that tree
/// @param corpus Corpus entry of the asset that was left out
/// @param corpusPath Path in the model's corpusRoot, position = asset
/// @param receipt The receipt that the attribution names
/// @param outOff First byte of the match in the answer
/// @param srcOff First byte of the match in the content
/// @param len Bytes of the match
/// @param contentWords The words of the content that hold the match
/// @param contentPath Their path in the content's tree
/// @param outputWords The words of the answer that hold the match
/// @param outputWordSalts keccak256(salt32 ‖ index4) of each of them
/// @param outputPath Their path in the receipt's outputRoot
struct SpanOmissionWitness {
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    uint32 position;
    bytes corpus;
    bytes corpusPath;
    bytes receipt;
    uint32 outOff;
    uint40 srcOff;
    uint16 len;
    bytes contentWords;
    bytes contentPath;
    bytes outputWords;
    bytes outputWordSalts;
    bytes outputPath;
}

/// @notice Witness of {RetrievalPredicate}.
/// @param fromContext false: item → context → contribution; true: context → items
/// @param attribution Attribution as committed
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot
/// @param position Position in that tree
/// @param item Index of the RETRIEVAL item (item → context only)
/// @param receipt The receipt that the attribution names
/// @param context Context row, or empty: absent (item → context only)
/// @param contextPath Path in the receipt's contextRoot
/// @param contextPosition Position in that tree (context → items only)
/// @param row Row of the contribution, or empty: absent (item → context only, as what follows)
/// @param rowPath Path in the contribution's rowsRoot, position = the item's row
/// @param contribution abi.encode(ContributionInput) as it was submitted
struct RetrievalWitness {
    bool fromContext;
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    uint32 position;
    uint8 item;
    bytes receipt;
    bytes context;
    bytes contextPath;
    uint8 contextPosition;
    bytes row;
    bytes rowPath;
    bytes contribution;
}

/// @notice Witness of {CreditPredicate}.
/// @param fromCredit false: item → credit; true: credit → item
/// @param attribution Attribution as committed; empty: the pad leaf (credit → item only)
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot; ignored when the credit's receipt is outside the claim
/// @param position Position in that tree
/// @param item Index of the item (item → credit only)
/// @param payout Payout leaf, or empty: absent (item → credit only)
/// @param payoutPath Path in claim.payoutsRoot, position = asset
/// @param credit item → credit: what is recorded at the item's creditIndex, h32 ‖ s12 (44 bytes; empty when the payout
///        proves it alone or the index is outside the tree); credit → item: the credit leaf (18 bytes)
/// @param creditPath Path in the payout's credits tree
/// @param creditIndex Position in that tree (credit → item only)
struct CreditWitness {
    bool fromCredit;
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    uint32 position;
    uint8 item;
    bytes payout;
    bytes payoutPath;
    bytes credit;
    bytes creditPath;
    uint32 creditIndex;
}

/// @notice Witness of {TransitionPredicate}.
/// @param asset The asset whose leaf changed wrongly
/// @param oldPayout Leaf in the parent's payoutsRoot, or empty: absent
/// @param oldPath Its path; ignored when claim.parent is 0
/// @param newPayout Leaf in the claim's payoutsRoot, or empty: absent
/// @param newPath Its path
/// @param parent The parent claim (all zero when claim.parent is 0), inline: it is static
struct TransitionWitness {
    uint40 asset;
    bytes oldPayout;
    bytes oldPath;
    bytes newPayout;
    bytes newPath;
    Claim parent;
}

/// @notice Witness of {MalformedPredicate}.
/// @param tree 0: receipts of a voucher, 1: payouts, 2: credits of a payout leaf with seq = claim.seq
/// @param height Height of the node above the leaves
/// @param index Position of the node among those of its height
/// @param hash Hash of the node as recorded by its parent (or as the root)
/// @param sum Sum of the node as recorded by its parent (or as the root's)
/// @param path Path from the node to the root; bit h of the bitmap belongs to height h, so bits below `height` are 0
/// @param preimage Preimage of `hash`, **with** its tag
/// @param voucher Voucher leaf (receipts only)
/// @param voucherPath Path in the batch's vouchersRoot (receipts only)
/// @param voucherIndex Position of the voucher in its batch (receipts only)
/// @param batch Number of the batch (receipts only)
/// @param payout Payout leaf (credits only)
/// @param payoutPath Path in claim.payoutsRoot (credits only)
struct MalformedWitness {
    uint8 tree;
    uint8 height;
    uint40 index;
    bytes32 hash;
    uint96 sum;
    bytes path;
    bytes preimage;
    bytes voucher;
    bytes voucherPath;
    uint32 voucherIndex;
    uint32 batch;
    bytes payout;
    bytes payoutPath;
}

/// @notice Witness of {NoticePredicate}.
/// @param signature Signature of the node's agent wallet over the EIP-712 `AttributionNotice`
/// @param evidenceHash The evidence that the notice named
/// @param attribution Attribution as committed; its header names the receipt
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot
/// @param position Position in that tree
struct NoticeWitness {
    bytes signature;
    bytes32 evidenceHash;
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    uint32 position;
}

/// @notice Witness of {WithheldPredicate}.
/// @param requestId A request in the audit registry that was not answered in time
struct WithheldWitness {
    uint256 requestId;
}
