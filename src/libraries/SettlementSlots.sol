// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ClaimRecord} from "../types/Claim.sol";
import {Node, StoredBatch, StoredNode} from "../types/SettlementState.sol";

/// @title Reads and writes settlement's packed slots as wholes.
/// @notice The compiler would read and write a slot again for every member. The layouts are those of the structs; a test
/// compares both ways of reading and writing them.
/// @dev Members of a struct in memory have no bits above their types, so a slot is their sum.
library SettlementSlots {
    /// @notice The first two slots of a node.
    function load(StoredNode storage s) internal view returns (Node memory n) {
        uint256 a;
        uint256 b;
        assembly ("memory-safe") {
            a := sload(s.slot)
            b := sload(add(s.slot, 1))
        }
        // forge-lint: disable-start(unsafe-typecast)
        n.batches = uint32(a);
        n.settledBatches = uint32(a >> 32);
        n.openToBatch = uint32(a >> 64);
        n.proposals = uint32(a >> 96);
        n.nextReceipt = uint40(a >> 128);
        n.unattributed = uint80(a >> 168);
        n.flags = uint8(a >> 248);
        n.finalTotal = uint80(b);
        n.openFees = uint64(b >> 80);
        n.openOwnersBps = uint16(b >> 144);
        n.openNodeBps = uint16(b >> 160);
        n.earned = uint80(b >> 176);
        // forge-lint: disable-end(unsafe-typecast)
    }

    /// @notice Writes the first two slots of a node.
    function save(Node memory n, StoredNode storage s) internal {
        uint256 a = uint256(n.batches) | uint256(n.settledBatches) << 32 | uint256(n.openToBatch) << 64
            | uint256(n.proposals) << 96 | uint256(n.nextReceipt) << 128 | uint256(n.unattributed) << 168
            | uint256(n.flags) << 248;
        uint256 b = uint256(n.finalTotal) | uint256(n.openFees) << 80 | uint256(n.openOwnersBps) << 144
            | uint256(n.openNodeBps) << 160 | uint256(n.earned) << 176;
        assembly ("memory-safe") {
            sstore(s.slot, a)
            sstore(add(s.slot, 1), b)
        }
    }

    /// @notice A batch but for its root.
    function load(StoredBatch storage s) internal view returns (StoredBatch memory b) {
        uint256 a;
        assembly ("memory-safe") {
            a := sload(add(s.slot, 1))
        }
        // forge-lint: disable-start(unsafe-typecast)
        b.firstReceipt = uint40(a);
        b.receiptCount = uint32(a >> 40);
        b.feesInGwei = uint64(a >> 72);
        b.redeemedAt = uint40(a >> 136);
        b.paramsVersion = uint32(a >> 176);
        b.number = uint32(a >> 208);
        // forge-lint: disable-end(unsafe-typecast)
    }

    /// @notice Writes a batch.
    function save(StoredBatch memory b, StoredBatch storage s) internal {
        bytes32 root = b.vouchersRoot;
        uint256 a = uint256(b.firstReceipt) | uint256(b.receiptCount) << 40 | uint256(b.feesInGwei) << 72
            | uint256(b.redeemedAt) << 136 | uint256(b.paramsVersion) << 176 | uint256(b.number) << 208;
        assembly ("memory-safe") {
            sstore(s.slot, root)
            sstore(add(s.slot, 1), a)
        }
    }

    /// @notice Writes the record of a claim.
    function save(ClaimRecord memory r, ClaimRecord storage s) internal {
        uint256 a = uint256(r.end) | uint256(r.extension) << 40 | uint256(uint8(r.status)) << 64 | uint256(r.bond) << 72
            | uint256(r.nodeId) << 168 | uint256(r.proposedBlock) << 208 | uint256(r.exposureIndex) << 248;
        assembly ("memory-safe") {
            sstore(s.slot, a)
        }
    }
}
