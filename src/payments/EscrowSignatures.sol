// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";
import {SignedVoucher} from "../types/Claim.sol";

/// @title What consumers and nodes sign for the escrow.
/// @notice See {IInferenceEscrow}.
abstract contract EscrowSignatures is IInferenceEscrow {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("OpenLedger");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount)"
    );
    bytes32 private constant ACCEPTED_TYPEHASH = keccak256("VoucherAccepted(bytes32 voucherHash,bytes32 receiptsRoot)");
    bytes32 private constant SESSION_KEY_TYPEHASH =
        keccak256("SessionKey(bytes32 channelId,address signer,uint256 nonce,uint40 deadline)");

    /// @inheritdoc IInferenceEscrow
    function voucherDigest(SignedVoucher calldata voucher) external view returns (bytes32) {
        return _voucherDigest(voucher, voucher.receiptsRoot, _domainSeparator());
    }

    /// @inheritdoc IInferenceEscrow
    function acceptanceDigest(bytes32 voucherHash, bytes32 receiptsRoot) external view returns (bytes32) {
        return _acceptanceDigest(voucherHash, receiptsRoot, _domainSeparator());
    }

    /// @inheritdoc IInferenceEscrow
    function sessionKeyDigest(bytes32 channelId, address signer, uint256 nonce, uint40 deadline)
        public
        view
        returns (bytes32)
    {
        bytes32 structHash = keccak256(abi.encode(SESSION_KEY_TYPEHASH, channelId, signer, nonce, deadline));
        return MessageHashUtils.toTypedDataHash(_domainSeparator(), structHash);
    }

    /// @dev The signer signed for this root or, for one receipt, for no root: then it is prepaid, and the root is what the
    /// node says it is. Its own call says it as well as its acceptance does: both name the root.
    function _checkSignatures(SignedVoucher calldata v, address signer, bytes32 separator, address acceptor)
        internal
        pure
    {
        bytes32 digest = _voucherDigest(v, v.receiptsRoot, separator);
        address recovered = _recover(digest, v.signature);
        if (recovered != signer) {
            if (v.receiptCount == 1) digest = _voucherDigest(v, 0, separator);
            if (v.receiptCount != 1 || _recover(digest, v.signature) != signer) {
                revert InferenceEscrow_BadSignature(v.channelId, recovered);
            }
        }
        if (acceptor == address(0)) return;
        recovered = _recover(_acceptanceDigest(digest, v.receiptsRoot, separator), v.acceptance);
        if (recovered != acceptor) revert InferenceEscrow_NotAccepted(v.channelId, recovered);
    }

    /// @dev Zero for anything that is not a signature; no channel's signer and no agent's wallet is zero.
    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address recovered) {
        (recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
    }

    function _voucherDigest(SignedVoucher calldata v, bytes32 receiptsRoot, bytes32 separator)
        private
        pure
        returns (bytes32)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                VOUCHER_TYPEHASH, v.channelId, v.epoch, v.settledFee, v.cumulativeFee, receiptsRoot, v.receiptCount
            )
        );
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    function _acceptanceDigest(bytes32 digest, bytes32 receiptsRoot, bytes32 separator) private pure returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(ACCEPTED_TYPEHASH, digest, receiptsRoot));
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    /// @dev Hashed once per call: behind a proxy it can't be an immutable, and a stored one would cost ten times as much.
    function _domainSeparator() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }
}
