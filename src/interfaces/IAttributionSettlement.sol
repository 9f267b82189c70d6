// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IProtocolParameters} from "./IProtocolParameters.sol";
import {
    Attestation,
    Batch,
    Claim,
    ClaimPayouts,
    ClaimRecord,
    NodeState,
    PayoutProof,
    SignedVoucher
} from "../types/Claim.sol";

/// @title Settlement of inference fees: vouchers in, bonded claims, fraud proofs, payouts.
/// @notice Redeemed fees are split at once into burn, treasury, stakers, the node's share (held) and the owners' share.
/// A claim says which asset earned what; it is final when its window ends without a fraud proof.
/// @dev Batches are numbered from 1 and receipts from 0, per node. Signatures are EIP-712 over the domain "OpenLedger", "1",
/// chain id, settlement: `DataHeld(bytes32 claimId)` and
/// `ClaimTo(address account,address to,bytes32 itemsHash,uint256 nonce,uint256 deadline)`.
interface IAttributionSettlement {
    event VoucherRedeemed(
        uint40 indexed nodeId,
        bytes32 indexed channelId,
        uint32 indexed batch,
        uint32 epoch,
        bytes32 receiptsRoot,
        uint32 receiptCount,
        uint96 fee,
        uint40 firstReceipt
    );
    event BatchAppended(
        uint40 indexed nodeId,
        uint32 indexed batch,
        bytes32 vouchersRoot,
        uint40 firstReceipt,
        uint32 receiptCount,
        uint96 fees,
        uint32 paramsVersion
    );
    event ClaimProposed(bytes32 indexed claimId, uint40 indexed nodeId, Claim claim);
    event ClaimData(bytes32 indexed claimId, bytes claimData, bytes locator);
    event ClaimDataElsewhere(bytes32 indexed claimId, uint8 scheme, bytes32 dataHash, bytes locator);
    event ClaimExtended(bytes32 indexed claimId, uint40 indexed nodeId, uint40 end);
    event ClaimFinalized(bytes32 indexed claimId, uint40 indexed nodeId, uint96 payoutsTotal, uint96 nodeShare);
    event FraudProven(
        bytes32 indexed claimId,
        uint40 indexed nodeId,
        address indexed predicate,
        address rewardTo,
        uint96 reward,
        uint96 burned
    );
    event ClaimVetoed(bytes32 indexed claimId, uint40 indexed nodeId);
    event Paid(uint40 indexed nodeId, uint40 indexed asset, address indexed payee, uint96 amount, uint96 cumulative);
    event Withheld(uint40 indexed nodeId, uint40 indexed asset, uint96 amount);
    event PayoutAddressSet(address indexed account, address to);
    event BatchesExpired(uint40 indexed nodeId, uint32 fromBatch, uint32 toBatch, uint96 amount);
    event Paused(address indexed account, uint40 until);
    event Unpaused(address indexed account);
    event AuditsSet(address audits);
    event Owed(address indexed account, uint96 amount);
    event OwedWithdrawn(address indexed account, uint96 amount);
    event Flushed(uint96 burned, uint96 treasury, uint96 stakers);
    event NodePaid(uint40 indexed nodeId, address indexed wallet, uint96 amount);
    event PredicateSet(address indexed predicate, uint32 fromVersion, uint32 toVersion);

    error AttributionSettlement_NoVouchers();
    error AttributionSettlement_TooManyVouchers(uint256 count, uint256 maximum);
    error AttributionSettlement_TooManyReceipts(uint256 count);
    error AttributionSettlement_NotProposer(uint40 agentId, address caller);
    error AttributionSettlement_NotOrphaned(uint40 nodeId, uint32 batch, uint256 orphanedAt);
    error AttributionSettlement_ClaimOpen(bytes32 claimId, uint40 end);
    error AttributionSettlement_WrongParent(bytes32 expected, bytes32 given);
    error AttributionSettlement_WrongSeq(uint32 expected, uint32 given);
    error AttributionSettlement_WrongBatches(uint32 fromBatch, uint32 toBatch);
    error AttributionSettlement_WrongFirstReceipt(uint40 expected, uint40 given);
    error AttributionSettlement_WrongReceiptCount(uint256 expected, uint32 given);
    error AttributionSettlement_WrongFees(uint256 expected, uint96 given);
    error AttributionSettlement_WrongPayoutsTotal(uint256 expected, uint96 given);
    error AttributionSettlement_WrongParamsVersion(uint32 expected, uint32 given);
    error AttributionSettlement_WrongDataCommitment(bytes32 expected, bytes32 given);
    error AttributionSettlement_UnknownScheme(uint8 scheme);
    error AttributionSettlement_TooFewAttestations(uint256 given, uint256 needed);
    error AttributionSettlement_AttestationsNotOrdered(uint40 validatorId);
    error AttributionSettlement_BadAttestation(uint40 validatorId);
    error AttributionSettlement_EmptyRoot();
    error AttributionSettlement_PayoutsTooDeep(uint8 depth);
    error AttributionSettlement_ClaimNotDisputable(bytes32 claimId);
    error AttributionSettlement_UnknownPredicate(address predicate, uint32 paramsVersion);
    error AttributionSettlement_NotFraud(bytes32 claimId, address predicate);
    error AttributionSettlement_ZeroRewardTo();
    error AttributionSettlement_ClaimNotFinal(bytes32 claimId);
    error AttributionSettlement_WrongNode(uint40 claimNode, uint40 payoutNode);
    error AttributionSettlement_UnknownAsset(uint40 asset);
    error AttributionSettlement_BadProof(uint40 nodeId, uint40 asset);
    error AttributionSettlement_NothingToPay(uint40 nodeId, uint40 asset);
    error AttributionSettlement_PayeeMustCall(address payee, address caller);
    error AttributionSettlement_NothingPayable(address account);
    error AttributionSettlement_ZeroRecipient();
    error AttributionSettlement_DeadlinePassed(uint256 deadline);
    error AttributionSettlement_BadSignature(address account);
    error AttributionSettlement_NothingExpired(uint40 nodeId);
    error AttributionSettlement_Paused(uint40 until);
    error AttributionSettlement_NotPaused();
    error AttributionSettlement_PausedRecently(uint40 nextPauseAt);
    error AttributionSettlement_NotAudits(address caller);
    error AttributionSettlement_AuditsAlreadySet(address audits);
    error AttributionSettlement_NotParameters(address caller);
    error AttributionSettlement_NoParameters();
    error AttributionSettlement_NothingOwed(address account);
    error AttributionSettlement_SendFailed(address to, uint256 amount);
    error AttributionSettlement_NotEscrow(address caller);
    error AttributionSettlement_PredicateNotAhead(uint32 fromVersion, uint32 currentVersion);

    /// @notice Redeems vouchers of a node's channels and appends a batch.
    /// @dev Called by the node's agent wallet, or by anyone with the node's acceptance on every voucher. Never pausable.
    /// @param nodeId The node
    /// @param vouchers The vouchers; their order is the order of the batch
    function redeem(uint40 nodeId, SignedVoucher[] calldata vouchers) external;

    /// @notice Proposes a claim over the batches after the node's last final claim, its data in calldata (scheme 0). Called
    /// by the proposer's agent wallet: the node's, or any other's once the batches are orphaned (`attributionDeadline` after
    /// their redemption); whoever proposes gives the bond and gets the node's share.
    /// @dev Checks: not paused, no open claim, parent, seq, batch range, receipts, fees, payoutsTotal, one parameters version,
    /// data commitment. Locks the bond out of free stake and checks the exposure.
    /// @param claim_ The claim
    /// @param claimData Receipts and items, see formats.md
    /// @param locator Where the tree dump can be had
    function proposeClaim(Claim calldata claim_, bytes calldata claimData, bytes calldata locator) external;

    /// @notice As {proposeClaim}, with the data elsewhere: in a blob of EigenDA (scheme 1), or with validators (scheme 2).
    /// @param claim_ The claim
    /// @param scheme 1 or 2
    /// @param dataHash keccak256(claimData)
    /// @param locator Where the data can be had; for scheme 1 the blob's certificate
    /// @param attestations Scheme 2: signatures of at least `attestations` active validators, ordered by their ids
    function proposeClaimElsewhere(
        Claim calldata claim_,
        uint8 scheme,
        bytes32 dataHash,
        bytes calldata locator,
        Attestation[] calldata attestations
    ) external;

    /// @notice {redeem} and {proposeClaim} in one transaction.
    function redeemAndPropose(
        uint40 nodeId,
        SignedVoucher[] calldata vouchers,
        Claim calldata claim_,
        bytes calldata claimData,
        bytes calldata locator
    ) external;

    /// @notice Records a claim whose window has ended: its bond and the node's share are released.
    /// @dev Nothing waits for it; whatever needs it does it by itself.
    function finalize(uint40 nodeId) external;

    /// @notice Rejects an open (or vetoed) claim by a fraud proof and slashes its bond.
    /// @param claim_ The claim
    /// @param predicate One of the predicates of the claim's parameters version
    /// @param witness See `types/Witness.sol`
    /// @param rewardTo Who gets the reward
    function proveFraud(Claim calldata claim_, address predicate, bytes calldata witness, address rewardTo) external;

    /// @notice Stops an open claim. Its bond stays slashable until the window's end. Restricted to the guardian.
    function veto(bytes32 claimId) external;

    /// @notice Keeps an open claim's window open until a time, for requests about it. The audit registry only.
    /// @dev All extensions of a claim together are at most `limits.maxExtension`: what is beyond is cut off.
    /// @return end The claim's end now
    function extend(bytes32 claimId, uint40 until) external returns (uint40 end);

    /// @notice Stops proposals and payouts and extends the windows of open claims, for at most `limits.maxPause`. Restricted to
    /// the guardian. Redemptions, fraud proofs and what is final go on.
    /// @dev The next pause must wait for longer than any claim can be open, so that a claim meets one pause at most.
    function pause() external;

    /// @notice Ends a pause before its time. Restricted to the guardian.
    function unpause() external;

    /// @notice Gives batches that nobody attributed within `expiry` after redemption to the treasury, the oldest first, some
    /// at a time. Anyone may call, when no claim of the node is open.
    function expire(uint40 nodeId) external;

    /// @notice Pays an asset's payee what it has earned by a final claim and not yet been paid: to the payout address that
    /// the owner has set, else to the owner. Anyone may call; an owner with code and without a payout address, or its ERC-721
    /// operator, calls itself. What the contribution's penalties withhold goes to the treasury. A failed send is credited to
    /// `owed`.
    /// @param payout Opens the payout leaf
    /// @param finalClaim The claim
    function claim(PayoutProof calldata payout, Claim calldata finalClaim) external;

    /// @notice Pays everything in `items` that is payable to `account` with one transfer; skips the rest.
    /// @return amount What was paid
    function claimMany(address account, ClaimPayouts[] calldata items) external returns (uint96 amount);

    /// @notice Pays everything in `items` that is payable to the caller to an address of its choice; skips the rest.
    /// @return amount What was paid
    function claimTo(ClaimPayouts[] calldata items, address to) external returns (uint96 amount);

    /// @notice {claimTo} for an account that signed for it; anyone may send it and pay the gas.
    /// @param account Whose payouts they are
    /// @param to Where they go
    /// @param deadline Until when the signature holds
    /// @param signature The account's EIP-712 or ERC-1271 signature over `ClaimTo` with its current nonce, where `itemsHash` is
    /// the hash of abi.encode(items) without its first word
    /// @param items The payouts
    /// @return amount What was paid
    function claimBySig(
        address account,
        address to,
        uint256 deadline,
        bytes calldata signature,
        ClaimPayouts[] calldata items
    ) external returns (uint96 amount);

    /// @notice Sets where the caller's payouts go; zero: to the caller itself.
    function setPayoutAddress(address to) external;

    /// @notice Sends the burn, treasury and stakers counters on their way. Anyone may call.
    function flush() external;

    /// @notice Sends the node shares that an agent has earned to its agent wallet. Anyone may call.
    function flush(uint40 nodeId) external;

    /// @notice Pays what could not be sent before. Anyone may call; it goes to the account it belongs to.
    function withdrawOwed(address account) external;

    /// @notice Connects the one contract that may extend windows. Restricted; works once.
    function setAudits(address audits_) external;

    /// @notice Keeps a version's terms, and stamps the batches to come with it: so nobody has to ask for the version in force.
    /// The parameters contract only, in the transaction that appends the version.
    function adoptTerms(uint32 version, IProtocolParameters.SettlementTerms calldata terms) external;

    /// @notice Enables the first predicates for the parameters version in force. Restricted; works once.
    function bootstrapPredicates(address[] calldata predicates) external;

    /// @notice Enables a predicate for claims of parameters versions fromVersion … toVersion, all of them in the future, or
    /// (fromVersion unchanged) ends it after a version not in the past. Restricted.
    function setPredicate(address predicate, uint32 fromVersion, uint32 toVersion) external;

    /// @notice A node's state, with a claim that time has made final already counted as final.
    function node(uint40 nodeId) external view returns (NodeState memory);

    /// @notice Batch `n` (from 1) of a node; empty when it was settled and its place has been taken by a later one.
    function batch(uint40 nodeId, uint32 n) external view returns (Batch memory);

    /// @notice The record of a claim. Its `end` is the effective one, a pause counted in; its status says Final as soon as
    /// time has made it so.
    function claimRecord(bytes32 claimId) external view returns (ClaimRecord memory);

    /// @notice The id of a claim: keccak256(abi.encode(DOMAIN, claim)), where DOMAIN is
    /// keccak256(abi.encode("OpenLedger.Claim.1", chainid, settlement)).
    function claimIdOf(Claim calldata claim_) external view returns (bytes32);

    /// @notice What an asset has been paid out of a node's claims.
    function paid(uint40 nodeId, uint40 asset) external view returns (uint96);

    /// @notice What could not be sent to an account.
    function owed(address account) external view returns (uint96);

    /// @notice Where an account's payouts go; zero: to the account.
    function payoutAddress(address account) external view returns (address);

    /// @notice The nonce of an account's next `ClaimTo`.
    function nonces(address account) external view returns (uint256);

    /// @notice First second of the last pause, first second after it, and when the next one may begin.
    function pauseState() external view returns (uint40 from, uint40 until, uint40 nextPauseAt);

    /// @notice The audit registry.
    function audits() external view returns (address);

    /// @notice The counters that {flush} sends.
    function counters() external view returns (uint96 burn, uint96 treasury, uint96 stakers);

    /// @notice First and last parameters version for which a predicate counts; (0, 0): none.
    function predicateVersions(address predicate) external view returns (uint32 fromVersion, uint32 toVersion);
}
