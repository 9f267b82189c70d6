// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice A node's bonded settlement of consecutive batches. Travels in calldata and events; only its hash is stored.
/// @dev claimId = keccak256(abi.encode(DOMAIN, Claim)), see {ClaimLib}. Batches are numbered from 1, receipts from 0.
/// @param nodeId The agent whose batches are settled
/// @param seq Number of proposals of this node so far, plus one (rejected and vetoed ones count)
/// @param parent Id of the node's last final claim, 0 for the first
/// @param fromBatch First batch covered: the one after the parent's `toBatch`
/// @param toBatch Last batch covered (inclusive)
/// @param firstReceipt Number of the first receipt covered
/// @param receiptCount Number of receipts covered
/// @param fees Sum of the batches' fees, in wei (whole gwei)
/// @param payoutsRoot Root hash of the sparse sum tree of payouts, position = asset
/// @param payoutsTotal Sum of all cumulative payouts: the parent's plus the owners' share of `fees`
/// @param payoutsDepth Depth of the payouts tree, at most 40
/// @param attributionsRoot Root of the plain tree of attributions, position = receipt number - firstReceipt
/// @param dataCommitment keccak256(scheme1 ‖ keccak256(claimData) ‖ keccak256(locator))
/// @param paramsVersion Version of the protocol parameters stamped on every batch covered
/// @param proposer The agent that proposes and bonds the claim
struct Claim {
    uint40 nodeId;
    uint32 seq;
    bytes32 parent;
    uint32 fromBatch;
    uint32 toBatch;
    uint40 firstReceipt;
    uint32 receiptCount;
    uint96 fees;
    bytes32 payoutsRoot;
    uint96 payoutsTotal;
    uint8 payoutsDepth;
    bytes32 attributionsRoot;
    bytes32 dataCommitment;
    uint32 paramsVersion;
    uint40 proposer;
}

/// @notice Life of a claim. `Proposed` becomes `Final` by time alone; storage may still say `Proposed` then.
enum ClaimStatus {
    None,
    Proposed,
    Final,
    Rejected,
    Vetoed
}

/// @notice The one slot that is stored per claim.
/// @param end First second at which the claim can no longer be disputed; read through the settlement, a pause that it met is
/// counted in
/// @param extension Seconds by which requests have extended the window
/// @param status Stored status, see {ClaimStatus}
/// @param bond Stake of the proposer locked behind the claim, in wei
/// @param nodeId The node that the claim belongs to
/// @param proposedBlock Block of the proposal
/// @param exposureIndex Index of the claim's entry in the proposer's exposures in AgentStaking
struct ClaimRecord {
    uint40 end;
    uint24 extension;
    ClaimStatus status;
    uint96 bond;
    uint40 nodeId;
    uint40 proposedBlock;
    uint8 exposureIndex;
}

/// @notice Vouchers that were redeemed in one call, waiting for attribution.
/// @param vouchersRoot Plain tree over the voucher leaves in calldata order, built on chain
/// @param firstReceipt Number of the batch's first receipt
/// @param receiptCount Number of receipts
/// @param fees Sum of the fees, in wei
/// @param redeemedAt Time of redemption
/// @param paramsVersion Version of the protocol parameters in force at redemption
struct Batch {
    bytes32 vouchersRoot;
    uint40 firstReceipt;
    uint32 receiptCount;
    uint96 fees;
    uint40 redeemedAt;
    uint32 paramsVersion;
}

/// @notice A consumer's voucher with its signatures.
/// @param channelId The channel that pays
/// @param epoch The channel's current epoch
/// @param settledFee What the channel has paid so far; must equal the channel's `settled`
/// @param cumulativeFee What the channel will have paid afterwards
/// @param receiptsRoot Sum tree over this epoch's receipts; its sum is cumulativeFee - settledFee
/// @param receiptCount Number of receipts in that tree
/// @param signature ECDSA signature of the channel's signer over the EIP-712 `Voucher`
/// @param acceptance Signature of the node's agent wallet over `VoucherAccepted`; empty when that wallet is the caller
struct SignedVoucher {
    bytes32 channelId;
    uint32 epoch;
    uint96 settledFee;
    uint96 cumulativeFee;
    bytes32 receiptsRoot;
    uint32 receiptCount;
    bytes signature;
    bytes acceptance;
}

/// @notice Opens one payout leaf of a final claim.
/// @param nodeId The node whose claim it is
/// @param asset Asset id (tokenId << 2 | kind), 0 = treasury; the leaf's position
/// @param seq Claim that last changed the leaf
/// @param cumulative Everything the asset has earned at this node, in wei
/// @param delta What claim `seq` added
/// @param creditsHash Root hash of that claim's credits tree of this asset
/// @param creditsDepth Depth of that tree
/// @param proof bitmap5 ‖ siblings (h32 ‖ s12) in the payouts tree
struct PayoutProof {
    uint40 nodeId;
    uint40 asset;
    uint32 seq;
    uint96 cumulative;
    uint96 delta;
    bytes32 creditsHash;
    uint8 creditsDepth;
    bytes proof;
}

/// @notice Several payouts of one final claim, for `claimMany`.
struct ClaimPayouts {
    Claim finalClaim;
    PayoutProof[] payouts;
}

/// @notice A validator's signature over `DataHeld(bytes32 claimId)`: it holds the claim's data and rebuilt its roots.
/// @param validatorId The validator's agent
/// @param signature ECDSA or ERC-1271 signature of its agent wallet
struct Attestation {
    uint40 validatorId;
    bytes signature;
}

/// @notice A node's settlement state.
/// @param openClaim The claim inside its window (or final and not yet recorded); 0 if none
/// @param finalClaim The last final claim; 0 if none
/// @param openProposer The agent that proposed the open claim; 0 if none
/// @param batches Number of batches appended so far = the last batch's number
/// @param settledBatches Last batch covered by a final claim or expired
/// @param openToBatch Last batch covered by the open claim
/// @param proposals Number of claims proposed so far; the next claim's seq is one more
/// @param nextReceipt Number that the next redeemed receipt gets
/// @param unattributed Owners' and node's share of the fees not yet covered by a final claim
/// @param finalTotal payoutsTotal of the final claim: what may be paid in all
/// @param paid What has been paid of it
/// @param openTotal payoutsTotal of the open claim
/// @param openNodeShare The node's share of the open claim's fees: its proposer's, once it is final
/// @param nodeShare What the agent has earned with final claims, waiting for `flush(nodeId)`
struct NodeState {
    bytes32 openClaim;
    bytes32 finalClaim;
    uint40 openProposer;
    uint32 batches;
    uint32 settledBatches;
    uint32 openToBatch;
    uint32 proposals;
    uint40 nextReceipt;
    uint96 unattributed;
    uint96 finalTotal;
    uint96 paid;
    uint96 openTotal;
    uint96 openNodeShare;
    uint96 nodeShare;
}
