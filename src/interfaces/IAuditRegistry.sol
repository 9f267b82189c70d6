// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Claim} from "../types/Claim.sol";

/// @title Audits of claims, and requests for what a claim commits to
/// @notice Whoever must judge a claim can make its proposer show it: anybody a leaf against a bond, validators the receipts
/// that a later block hash has drawn. What is not shown in time is withheld, which one fraud proof turns into a rejection
/// ({WithheldPredicate}).
/// @dev A request costs an honest proposer one transaction with a witness of bounded length, and brings it the bond. The same
/// thing is asked for once per claim. A request moves the claim's end so that answer and proof fit before it; because a
/// request is admitted only while that is within `limits.maxExtension`, nobody can hold a claim up for longer.
interface IAuditRegistry {
    /// @notice What is asked for.
    /// @dev Attribution, Payout and Credit open a leaf; Data opens all that claimData says of a receipt but the texts; Audit
    /// opens a drawn receipt to a validator.
    enum RequestKind {
        Attribution,
        Payout,
        Credit,
        Data,
        Audit
    }

    enum RequestStatus {
        None,
        Open,
        Answered,
        Reclaimed
    }

    /// @notice One request.
    /// @param claimId The claim that it is about
    /// @param requester Who asked and gets the bond back if nobody answers
    /// @param bond In wei; 0 for audits
    /// @param kind What is asked for
    /// @param status What became of it
    /// @param subject Position in claim.attributionsRoot (receipt number - firstReceipt), or for Payout and Credit the asset
    /// @param index Credit: position in the asset's credits tree; Audit: number of the draw
    /// @param validatorId Audit: the validator that the receipt is to be opened to
    /// @param deadline First second at which an answer is too late
    struct Request {
        bytes32 claimId;
        address requester;
        uint96 bond;
        RequestKind kind;
        RequestStatus status;
        uint40 subject;
        uint32 index;
        uint40 validatorId;
        uint40 deadline;
    }

    event EncryptionKeySet(uint40 indexed agentId, bytes32 key);
    event SeedDrawn(bytes32 indexed claimId, bytes32 seed);
    event Requested(
        uint256 indexed requestId,
        bytes32 indexed claimId,
        RequestKind indexed kind,
        address requester,
        uint40 subject,
        uint32 index,
        uint96 bond,
        uint40 deadline
    );
    /// @dev `key` is the validator's as it was when it asked: the opening is encrypted to it.
    event AuditRequested(
        uint256 indexed requestId,
        bytes32 indexed claimId,
        uint40 indexed validatorId,
        uint32 draw,
        uint40 position,
        bytes32 key,
        uint40 deadline
    );
    event Answered(uint256 indexed requestId, bytes32 indexed claimId, address indexed answerer, bytes witness);
    event ReceiptOpened(
        uint256 indexed requestId, bytes32 indexed claimId, uint8 flags, bytes32 payloadHash, bytes locator
    );
    event Reclaimed(uint256 indexed requestId, bytes32 indexed claimId, address indexed requester, uint96 bond);
    event Owed(address indexed account, uint96 amount);
    event OwedWithdrawn(address indexed account, uint96 amount);

    error AuditRegistry_NotAgentWallet(uint40 agentId, address caller);
    error AuditRegistry_ZeroKey();
    error AuditRegistry_ClaimNotOpen(bytes32 claimId);
    error AuditRegistry_WrongClaim(bytes32 expected, bytes32 given);
    error AuditRegistry_SeedKnown(bytes32 claimId);
    error AuditRegistry_NoBlockHash(uint256 blockNumber);
    error AuditRegistry_NoSeed(bytes32 claimId);
    error AuditRegistry_NotDrawn(bytes32 claimId, uint32 draw, uint40 validatorId);
    error AuditRegistry_NotActive(uint40 validatorId);
    error AuditRegistry_NoKey(uint40 validatorId);
    error AuditRegistry_WrongKind(RequestKind kind);
    error AuditRegistry_OutOfRange(uint256 subject, uint256 limit);
    error AuditRegistry_WrongBond(uint256 required, uint256 sent);
    error AuditRegistry_AlreadyRequested(uint256 requestId);
    /// @dev The claim's window can't be extended so far that answer and proof fit.
    error AuditRegistry_TooLate(bytes32 claimId, uint40 needed, uint40 end);
    error AuditRegistry_NotOpen(uint256 requestId);
    error AuditRegistry_DeadlinePassed(uint256 requestId, uint40 deadline);
    error AuditRegistry_DeadlineAhead(uint256 requestId, uint40 deadline);
    error AuditRegistry_NotAnswered(uint256 requestId);
    error AuditRegistry_NoPayload();
    error AuditRegistry_ZeroAddress();
    error AuditRegistry_NothingOwed(address account);
    error AuditRegistry_SendFailed(address to, uint256 amount);

    /// @notice Validators that a draw is opened to, on average.
    function SEATS() external view returns (uint256);

    /// @notice Registers the X25519 key that receipts are opened to. Called by the agent's wallet; a later key replaces it.
    function setEncryptionKey(uint40 agentId, bytes32 key) external;

    /// @notice Stores what the claim's audits are drawn by: the hash of the second block after its proposal. Anyone may call,
    /// once, while the chain still knows that hash (256 blocks).
    function drawSeed(bytes32 claimId) external returns (bytes32 seed);

    /// @notice Asks for a leaf or the data of a receipt of an open claim, against the bond of the claim's parameters.
    /// @param claim The claim
    /// @param kind Attribution, Payout, Credit or Data
    /// @param subject Position of the receipt, or the asset
    /// @param index Credit: position in the asset's credits tree; else 0
    function request(Claim calldata claim, RequestKind kind, uint40 subject, uint32 index)
        external
        payable
        returns (uint256 requestId);

    /// @notice Asks that a drawn receipt be opened to a validator that is drawn for it. Called by the validator's wallet.
    /// @param claim The claim
    /// @param draw Number of the draw, below the parameters' auditDraws
    /// @param validatorId The validator
    function requestAudit(Claim calldata claim, uint32 draw, uint40 validatorId) external returns (uint256 requestId);

    /// @notice Answers a request. Anyone may call; the bond goes to `rewardTo`.
    /// @param requestId The request; not an audit
    /// @param claim Its claim
    /// @param witness ABI encoding of the kind's opening, see `types/Opening.sol`
    /// @param rewardTo Who gets the bond
    function answer(uint256 requestId, Claim calldata claim, bytes calldata witness, address rewardTo) external;

    /// @notice Opens a drawn receipt to all validators that asked for it. Called by the proposer's wallet.
    /// @dev A receipt that says NO_AUDIT is exempt: its witness is the whole answer.
    /// @param requestIds Audits of the same receipt
    /// @param claim Their claim
    /// @param witness An {AllocationWitness} whose attribution may be empty
    /// @param payloadHash keccak256 of the opening: request, output and salts, encrypted to the validators' keys, or plain when
    /// the receipt says PUBLIC
    /// @param locator Where it can be had
    function openReceipt(
        uint256[] calldata requestIds,
        Claim calldata claim,
        bytes calldata witness,
        bytes32 payloadHash,
        bytes calldata locator
    ) external;

    /// @notice Returns the bond of a request that nobody answered in time. Anyone may call; it goes to the requester.
    function reclaim(uint256 requestId) external;

    /// @notice Pays a bond that could not be sent, to the account it belongs to.
    function withdrawOwed(address account) external;

    /// @notice Whether a request for a part of this claim was not answered in time.
    function isWithheld(bytes32 claimId, uint256 requestId) external view returns (bool);

    /// @notice One request; ids count from 1.
    function requestOf(uint256 requestId) external view returns (Request memory);

    /// @notice How many requests there have been.
    function requestCount() external view returns (uint256);

    /// @notice What a claim's audits are drawn by; 0 until {drawSeed}.
    function seedOf(bytes32 claimId) external view returns (bytes32);

    /// @notice Position of the receipt that draw `draw` hits: keccak256(seed ‖ claimId ‖ draw4) mod receiptCount.
    function positionOf(Claim calldata claim, uint32 draw) external view returns (uint40);

    /// @notice Whether a validator is among those that draw `draw` is to be opened to. Each is drawn by itself, by the part
    /// that its stake at the claim's proposal is of the validators' stake, so that a draw has about {SEATS} of them, whatever
    /// the stake is split into, and nobody can stake for a draw that is known.
    function isDrawn(Claim calldata claim, uint32 draw, uint40 validatorId) external view returns (bool);

    /// @notice The key that receipts are opened to; 0 if none.
    function encryptionKeyOf(uint40 agentId) external view returns (bytes32);

    /// @notice Bonds of `account` that could not be sent.
    function owed(address account) external view returns (uint96);
}
