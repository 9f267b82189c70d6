// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IAgentRegistry} from "../../interfaces/IAgentRegistry.sol";
import {IAttributionSettlement} from "../../interfaces/IAttributionSettlement.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {Leaves} from "../../libraries/Leaves.sol";
import {Openings} from "../../libraries/Openings.sol";
import {Claim} from "../../types/Claim.sol";
import {NoticeWitness} from "../../types/Witness.sol";

/// @title Proves that a node showed its user another attribution than it settled.
/// @notice Fraud: the node's agent wallet signed an AttributionNotice of this receipt whose evidence differs from the settled
/// items of kinds 0-2. Only a node that settles its own batches answers for its notices. Witness: {NoticeWitness}.
/// @dev Warning: the wallet is that of the block in which the claim was proposed, or of the one before, so that a change in
/// the same transaction is no way out. Clients check a notice against the present wallet before they accept an answer.
contract NoticePredicate is IPredicate {
    /// @notice EIP-712 type of a notice; domain "OpenLedger", version "1", verified by the settlement.
    bytes32 public constant NOTICE_TYPEHASH =
        keccak256("AttributionNotice(uint40 nodeId,bytes32 receiptHash,bytes32 evidenceHash)");

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    IAttributionSettlement public immutable SETTLEMENT;
    IAgentRegistry public immutable AGENTS;

    constructor(IAttributionSettlement settlement, IAgentRegistry agents) {
        SETTLEMENT = settlement;
        AGENTS = agents;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        NoticeWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        if (claim.proposer != claim.nodeId) return false;
        bytes32 leaf = Leaves.hashAttributionLeaf(w.attribution, w.creditIndexes);
        if (!Openings.isAttribution(claim, leaf, w.position, w.attributionPath)) return false;
        if (Leaves.hashEvidence(w.attribution) == w.evidenceHash) return false;
        uint40 proposedBlock = SETTLEMENT.claimRecord(SETTLEMENT.claimIdOf(claim)).proposedBlock;
        if (proposedBlock == 0) return false;
        bytes32 digest = noticeDigest(claim.nodeId, bytes32(w.attribution[0:32]), w.evidenceHash);
        return _signed(claim.nodeId, proposedBlock, digest, w.signature)
            || _signed(claim.nodeId, proposedBlock - 1, digest, w.signature);
    }

    function _signed(uint40 nodeId, uint40 blockNumber, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool)
    {
        address wallet = AGENTS.agentWalletAt(nodeId, blockNumber);
        return SignatureChecker.isValidSignatureNowCalldata(wallet, digest, signature);
    }

    /// @notice What the node's wallet signs for what it shows the user.
    function noticeDigest(uint40 nodeId, bytes32 receiptHash, bytes32 evidenceHash) public view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("OpenLedger"), keccak256("1"), block.chainid, address(SETTLEMENT))
        );
        bytes32 notice = keccak256(abi.encode(NOTICE_TYPEHASH, nodeId, receiptHash, evidenceHash));
        return keccak256(abi.encodePacked(hex"1901", domain, notice));
    }
}
