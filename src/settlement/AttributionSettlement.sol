// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {Assets} from "../libraries/Assets.sol";
import {ClaimLib} from "../libraries/ClaimLib.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {NodeLedger} from "../libraries/NodeLedger.sol";
import {PositionalMerkle} from "../libraries/PositionalMerkle.sol";
import {SettlementSlots} from "../libraries/SettlementSlots.sol";
import {Attestation, Claim, PayoutProof, SignedVoucher} from "../types/Claim.sol";
import {Roles} from "../types/Roles.sol";
import {Node, StoredBatch, StoredCounters, StoredNode, StoredPause} from "../types/SettlementState.sol";
import {Terms} from "../types/Terms.sol";
import {SettlementBase} from "./SettlementBase.sol";
import {SettlementClaims} from "./SettlementClaims.sol";
import {SettlementExtension} from "./SettlementExtension.sol";
import {SettlementPayouts} from "./SettlementPayouts.sol";

/// @title Settlement of inference fees.
/// @notice What happens every day is here: vouchers in, claims, payouts. The rest of {IAttributionSettlement}, views
/// included, is in {SettlementExtension}, whose code runs on this contract's storage: together they exceed the size limit of
/// one contract. Talk to this contract through {IAttributionSettlement}.
contract AttributionSettlement is SettlementClaims, SettlementPayouts, UUPSUpgradeable {
    using SettlementSlots for Node;
    using SettlementSlots for StoredBatch;
    using SettlementSlots for StoredNode;

    /// @notice Most vouchers in one redemption.
    uint256 public constant MAX_VOUCHERS = 512;

    bytes32 private constant DATA_HELD_TYPEHASH = keccak256("DataHeld(bytes32 claimId)");

    /// @notice The contract whose code serves every function that is not here.
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    SettlementExtension public immutable EXTENSION;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(Contracts memory contracts, SettlementExtension extension) SettlementBase(contracts) {
        EXTENSION = extension;
    }

    /// @notice Fees come from the escrow and from nowhere else.
    receive() external payable {
        if (msg.sender != address(ESCROW)) revert IAttributionSettlement.AttributionSettlement_NotEscrow(msg.sender);
    }

    /// @notice Runs the extension's code for whatever is not here.
    fallback() external {
        _delegate(address(EXTENSION));
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    // ------------------------------------------------------------------------------------------ vouchers and claims

    /// @notice See {IAttributionSettlement-redeem}.
    function redeem(uint40 nodeId, SignedVoucher[] calldata vouchers) external nonReentrant {
        StoredNode storage s = _storage().nodes[nodeId];
        Node memory n = s.load();
        _redeem(nodeId, n, vouchers, _storage().pause.paramsVersion, AGENTS.getAgentWallet(nodeId));
        n.save(s);
    }

    /// @notice See {IAttributionSettlement-proposeClaim}.
    function proposeClaim(Claim calldata claim_, bytes calldata claimData, bytes calldata locator)
        external
        nonReentrant
    {
        bytes32 commitment = ClaimLib.dataCommitment(ClaimLib.SCHEME_CALLDATA, keccak256(claimData), locator);
        emit IAttributionSettlement.ClaimData(_propose(claim_, commitment), claimData, locator);
    }

    /// @notice See {IAttributionSettlement-proposeClaimElsewhere}.
    function proposeClaimElsewhere(
        Claim calldata claim_,
        uint8 scheme,
        bytes32 dataHash,
        bytes calldata locator,
        Attestation[] calldata attestations
    ) external nonReentrant {
        if (scheme != ClaimLib.SCHEME_EIGENDA && scheme != ClaimLib.SCHEME_VALIDATORS) {
            revert IAttributionSettlement.AttributionSettlement_UnknownScheme(scheme);
        }
        bytes32 claimId = _propose(claim_, ClaimLib.dataCommitment(scheme, dataHash, locator));
        emit IAttributionSettlement.ClaimDataElsewhere(claimId, scheme, dataHash, locator);
        if (scheme == ClaimLib.SCHEME_VALIDATORS) _checkAttestations(claimId, claim_.paramsVersion, attestations);
    }

    /// @notice See {IAttributionSettlement-redeemAndPropose}.
    function redeemAndPropose(
        uint40 nodeId,
        SignedVoucher[] calldata vouchers,
        Claim calldata claim_,
        bytes calldata claimData,
        bytes calldata locator
    ) external nonReentrant {
        _mustEqual(IAttributionSettlement.AttributionSettlement_WrongNode.selector, claim_.nodeId, nodeId);
        StoredPause memory pause = _checkNotPaused();
        StoredNode storage s = _storage().nodes[nodeId];
        Proposal memory x;
        x.node = s.load();
        // First, so that the new batch can have the place of one that this settles.
        (x.released, x.bond) = _decide(nodeId, s, x.node);
        address wallet = AGENTS.getAgentWallet(nodeId);
        _redeem(nodeId, x.node, vouchers, pause.paramsVersion, wallet);
        x.wallet = claim_.proposer == nodeId ? wallet : AGENTS.getAgentWallet(claim_.proposer);
        x.commitment = ClaimLib.dataCommitment(ClaimLib.SCHEME_CALLDATA, keccak256(claimData), locator);
        emit IAttributionSettlement.ClaimData(_open(claim_, s, x, pause), claimData, locator);
    }

    /// @notice See {IAttributionSettlement-finalize}.
    function finalize(uint40 nodeId) external nonReentrant {
        _advance(nodeId);
    }

    // ------------------------------------------------------------------------------------------------------ payouts

    /// @notice See {IAttributionSettlement-claim}.
    function claim(PayoutProof calldata payout, Claim calldata finalClaim) external nonReentrant {
        // Check
        StoredPause memory pause = _checkNotPaused();
        bytes32 claimId = _claimIdOf(finalClaim);
        if (!_isFinal(claimId, pause)) revert IAttributionSettlement.AttributionSettlement_ClaimNotFinal(claimId);
        _mustEqual(IAttributionSettlement.AttributionSettlement_WrongNode.selector, finalClaim.nodeId, payout.nodeId);
        if (!_isPayout(payout, finalClaim)) {
            revert IAttributionSettlement.AttributionSettlement_BadProof(payout.nodeId, payout.asset);
        }
        uint40 asset = payout.asset;
        uint8 kind = Assets.kindOf(asset);
        // Effect and interaction
        if (asset == Assets.TREASURY) {
            _storage().counters.treasury += _bookSome(payout, finalClaim, TREASURY, 0);
        } else if (kind == Assets.BASELINE) {
            VAULT.fund{value: _bookSome(payout, finalClaim, address(VAULT), 0)}(Assets.tokenIdOf(asset));
        } else if (kind < Assets.BASELINE) {
            _payOwner(payout, finalClaim, kind);
        } else {
            revert IAttributionSettlement.AttributionSettlement_UnknownAsset(asset);
        }
    }

    // ------------------------------------------------------------------------------------------------------ private

    /// @param n The node, which the caller saves
    /// @param version The version of the parameters in force
    /// @param wallet The node's agent wallet
    function _redeem(uint40 nodeId, Node memory n, SignedVoucher[] calldata vouchers, uint32 version, address wallet)
        private
    {
        // Check
        if (vouchers.length == 0) revert IAttributionSettlement.AttributionSettlement_NoVouchers();
        if (vouchers.length > MAX_VOUCHERS) {
            revert IAttributionSettlement.AttributionSettlement_TooManyVouchers(vouchers.length, MAX_VOUCHERS);
        }
        // No version is 0: then settlement and the parameters don't know each other yet.
        if (version == 0) revert IAttributionSettlement.AttributionSettlement_NoParameters();
        // Interaction: the escrow is ours, and it must say first whether the vouchers hold
        uint256 fees = _collect(nodeId, msg.sender == wallet ? address(0) : wallet, vouchers);
        // Effect
        // The escrow takes whole gwei only, so nothing is lost here; they fit, as its channels hold less than 2^64.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 inGwei = uint64(fees / GWEI);
        AttributionSettlementStorage storage $ = _storage();
        Terms t = $.terms[version].terms;
        StoredCounters memory counters = $.counters;
        counters.burn += NodeLedger.share(inGwei, t.burnBps());
        counters.stakers += NodeLedger.share(inGwei, t.stakersBps());
        counters.treasury += NodeLedger.inWei(NodeLedger.share(inGwei, t.treasuryBps()));
        $.counters = counters;
        n.unattributed = NodeLedger.fund(
            n.unattributed, NodeLedger.share(inGwei, t.ownersBps()), NodeLedger.share(inGwei, t.nodeBps())
        );
        _appendBatch(nodeId, n, vouchers, inGwei, version);
    }

    /// @dev {IInferenceEscrow-collect} with the vouchers as they lie in calldata: encoding them again would cost more than
    /// checking them. All offsets inside the array count from its start onward, so with everything from there to the end of
    /// the calldata the escrow sees what is seen here.
    function _collect(uint40 nodeId, address acceptor, SignedVoucher[] calldata vouchers)
        private
        returns (uint256 fees)
    {
        address escrow = address(ESCROW);
        bytes4 selector = IInferenceEscrow.collect.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let from := sub(vouchers.offset, 0x20)
            let size := sub(calldatasize(), from)
            mstore(m, selector)
            mstore(add(m, 0x04), nodeId)
            mstore(add(m, 0x24), acceptor)
            mstore(add(m, 0x44), 0x60)
            calldatacopy(add(m, 0x64), from, size)
            if iszero(call(gas(), escrow, 0, m, add(size, 0x64), 0x00, 0x20)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            if lt(returndatasize(), 0x20) { revert(0, 0) }
            fees := mload(0x00)
        }
    }

    /// @dev Numbers the vouchers' receipts and builds their tree.
    function _appendBatch(
        uint40 nodeId,
        Node memory n,
        SignedVoucher[] calldata vouchers,
        uint64 feesInGwei,
        uint32 version
    ) private {
        StoredBatch memory b;
        b.number = n.batches + 1;
        b.firstReceipt = n.nextReceipt;
        uint40 next = b.firstReceipt;
        bytes32[] memory leaves = new bytes32[](vouchers.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            SignedVoucher calldata v = vouchers[i];
            leaves[i] = _appendVoucher(nodeId, b.number, next, v);
            next += v.receiptCount;
        }
        uint256 count = next - b.firstReceipt;
        if (count > type(uint32).max) revert IAttributionSettlement.AttributionSettlement_TooManyReceipts(count);
        b.vouchersRoot = PositionalMerkle.rootOf(leaves);
        b.receiptCount = uint32(count);
        b.feesInGwei = feesInGwei;
        b.redeemedAt = uint40(block.timestamp);
        b.paramsVersion = version;
        n.batches = b.number;
        n.nextReceipt = next;
        b.save(_storage().batches[nodeId][_placeOf(b.number, n.settledBatches)]);
        emit IAttributionSettlement.BatchAppended(
            nodeId, b.number, b.vouchersRoot, b.firstReceipt, b.receiptCount, uint96(feesInGwei) * GWEI, version
        );
    }

    function _appendVoucher(uint40 nodeId, uint32 number, uint40 first, SignedVoucher calldata v)
        private
        returns (bytes32)
    {
        uint96 fee = v.cumulativeFee - v.settledFee;
        emit IAttributionSettlement.VoucherRedeemed(
            nodeId, v.channelId, number, v.epoch, v.receiptsRoot, v.receiptCount, fee, first
        );
        return Leaves.hashVoucher(v, fee, first);
    }

    /// @dev Enough validators hold the data. Their ids ascend, so none counts twice.
    function _checkAttestations(bytes32 claimId, uint32 paramsVersion, Attestation[] calldata attestations)
        private
        view
    {
        (,, uint8 needed) = PARAMETERS.orphanTerms(paramsVersion);
        if (attestations.length < needed) {
            revert IAttributionSettlement.AttributionSettlement_TooFewAttestations(attestations.length, needed);
        }
        bytes32 digest = _digest(keccak256(abi.encode(DATA_HELD_TYPEHASH, claimId)));
        uint40 last = 0;
        for (uint256 i = 0; i < attestations.length; ++i) {
            uint40 id = attestations[i].validatorId;
            if (id <= last) revert IAttributionSettlement.AttributionSettlement_AttestationsNotOrdered(id);
            last = id;
            bool valid = STAKING.isActive(id, Roles.VALIDATOR)
                && SignatureChecker.isValidSignatureNowCalldata(
                    AGENTS.getAgentWallet(id), digest, attestations[i].signature
                );
            if (!valid) revert IAttributionSettlement.AttributionSettlement_BadAttestation(id);
        }
    }

    /// @dev Pays the owner, or the address that it has set. Money is not pushed into contracts that have not asked for it.
    function _payOwner(PayoutProof calldata payout, Claim calldata finalClaim, uint8 kind) private {
        (address owner, uint16 withheldBps, IERC721 token) = _ownerOf(payout.asset, kind);
        address to = _storage().payoutAddresses[owner];
        if (to == address(0)) {
            to = owner;
            bool mayCall = owner.code.length == 0 || msg.sender == owner || token.isApprovedForAll(owner, msg.sender);
            if (!mayCall) revert IAttributionSettlement.AttributionSettlement_PayeeMustCall(owner, msg.sender);
        }
        uint96 amount = _bookSome(payout, finalClaim, owner, withheldBps);
        if (amount != 0) _sendOrOwe(to, amount);
    }

    function _bookSome(PayoutProof calldata payout, Claim calldata finalClaim, address payee, uint16 withheldBps)
        private
        returns (uint96)
    {
        (bool booked, uint96 amount) = _book(payout, finalClaim, payee, withheldBps);
        if (!booked) revert IAttributionSettlement.AttributionSettlement_NothingToPay(payout.nodeId, payout.asset);
        return amount;
    }

    /// @dev Runs another contract's code for this call, on this storage, and ends the call with its answer.
    /// @custom:oz-upgrades-unsafe-allow delegatecall
    function _delegate(address code) private {
        assembly ("memory-safe") {
            // Nothing runs after this, so what is in memory is not needed any more.
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let ok := delegatecall(gas(), code, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            if iszero(ok) { revert(m, returndatasize()) }
            return(m, returndatasize())
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
