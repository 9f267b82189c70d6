// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Terms} from "./Terms.sol";

/// @dev How settlement packs its state. What others read are the structs of {Claim}. Units: see {NodeLedger}.

/// @dev First and last parameters version for which a predicate counts.
struct VersionRange {
    uint32 from;
    uint32 to;
}

/// @dev What `flush` sends. The treasury's is in wei, for payouts end there too; the others are in units.
struct StoredCounters {
    uint96 treasury;
    uint80 burn;
    uint80 stakers;
}

/// @dev The last pause, and the longest challenge window that a claim has had: the next pause waits for longer. With it, since
/// whoever proposes reads both, the version of the parameters in force.
struct StoredPause {
    uint40 from;
    uint40 until;
    uint40 atBlock;
    uint32 longestWindow;
    uint32 paramsVersion;
}

/// @dev What settlement needs of one version of the parameters, in two slots.
struct StoredTerms {
    Terms terms;
    uint96 bondMin;
    uint96 nodeStakeMin;
}

/// @dev A batch in two slots. `number` says which batch is there, for places are used again.
struct StoredBatch {
    bytes32 vouchersRoot;
    uint40 firstReceipt;
    uint32 receiptCount;
    uint64 feesInGwei;
    uint40 redeemedAt;
    uint32 paramsVersion;
    uint32 number;
}

/// @dev A node. Redeeming and proposing touch the first two slots and one claim id; a payout touches the third only.
/// @param openToBatch 0: no claim is open
/// @param openOwnersBps Owners' part of `openFees`
/// @param openNodeBps The node's, or the orphan claim's proposer's, part of `openFees`
/// @param earned Node shares that this agent earned as a proposer
/// @param paid What its claims have paid, in wei
/// @param openProposer Who proposed the open claim, if another agent did
struct StoredNode {
    uint32 batches;
    uint32 settledBatches;
    uint32 openToBatch;
    uint32 proposals;
    uint40 nextReceipt;
    uint80 unattributed;
    uint8 flags;
    // slot 1
    uint80 finalTotal;
    uint64 openFees;
    uint16 openOwnersBps;
    uint16 openNodeBps;
    uint80 earned;
    // slot 2
    uint96 paid;
    uint40 openProposer;
    // slots 3 and 4
    bytes32[2] claimIds;
}

/// @dev The first two slots of a {StoredNode} in memory.
struct Node {
    uint32 batches;
    uint32 settledBatches;
    uint32 openToBatch;
    uint32 proposals;
    uint40 nextReceipt;
    uint80 unattributed;
    uint8 flags;
    uint80 finalTotal;
    uint64 openFees;
    uint16 openOwnersBps;
    uint16 openNodeBps;
    uint80 earned;
}
