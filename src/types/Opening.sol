// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

// Answers to requests of the audit registry, by kind. Encoded as the witnesses of `Witness.sol`: the ABI encoding of the
// members as a plain argument list. Byte strings are packed preimages without their tag; paths are bitmap5 ‖ siblings.

/// @notice Answer to a request for an attribution.
/// @param attribution Attribution as committed
/// @param creditIndexes creditIndex4 × items, as committed
/// @param path Path in claim.attributionsRoot
struct AttributionOpening {
    bytes attribution;
    bytes creditIndexes;
    bytes path;
}

/// @notice Answer to a request for a payout.
/// @param payout Payout leaf, or empty: the asset has none
/// @param path Path in claim.payoutsRoot
struct PayoutOpening {
    bytes payout;
    bytes path;
}

/// @notice Answer to a request for a credit.
/// @param payout Payout leaf of the asset, or empty: it has none, and so no credits
/// @param payoutPath Path in claim.payoutsRoot
/// @param credit Credit leaf (18 bytes), or empty: the pad leaf. Ignored where the claim has no credit: the payout is another
/// claim's, or the index is outside its tree
/// @param path Path in the payout's credits tree
struct CreditOpening {
    bytes payout;
    bytes payoutPath;
    bytes credit;
    bytes path;
}

/// @notice Answer to a request for the data of a receipt: an {AllocationWitness}, and for a PUBLIC receipt the query.
/// @param attribution Attribution as committed
/// @param creditIndexes creditIndex4 × items, as committed
/// @param attributionPath Path in claim.attributionsRoot
/// @param receipt The receipt that was signed for
/// @param receiptPath Path in the voucher's receiptsRoot
/// @param voucher The voucher leaf
/// @param voucherPath Path in the batch's vouchersRoot
/// @param voucherIndex Position of the voucher in its batch
/// @param batch Number of the batch
/// @param query a_q, 512 signed bytes: PUBLIC receipts whose attribution names a query hash; else ignored
struct DataOpening {
    bytes attribution;
    bytes creditIndexes;
    bytes attributionPath;
    bytes receipt;
    bytes receiptPath;
    bytes voucher;
    bytes voucherPath;
    uint32 voucherIndex;
    uint32 batch;
    bytes query;
}
