// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";
import {SettlementSlots} from "../../../src/libraries/SettlementSlots.sol";
import {ClaimRecord, ClaimStatus} from "../../../src/types/Claim.sol";
import {Node, StoredBatch, StoredNode} from "../../../src/types/SettlementState.sol";
import {Terms, TermsLib} from "../../../src/types/Terms.sol";

/// @dev What the slots' readers and writers see is what the compiler sees, member by member, and nothing beside it changes.
contract SettlementSlotsTest is Test {
    using SettlementSlots for ClaimRecord;
    using SettlementSlots for Node;
    using SettlementSlots for StoredBatch;
    using SettlementSlots for StoredNode;

    StoredNode private node;
    StoredBatch private batch;
    ClaimRecord private record;
    uint256 private behind = type(uint256).max;

    function testFuzz_Nodes(Node memory n, StoredNode memory dirt) public {
        node = dirt;
        n.save(node);
        Node memory m;
        (m.batches, m.settledBatches, m.openToBatch) = (node.batches, node.settledBatches, node.openToBatch);
        (m.proposals, m.nextReceipt, m.unattributed) = (node.proposals, node.nextReceipt, node.unattributed);
        (m.flags, m.finalTotal, m.openFees) = (node.flags, node.finalTotal, node.openFees);
        (m.openOwnersBps, m.openNodeBps, m.earned) = (node.openOwnersBps, node.openNodeBps, node.earned);
        assertEq(abi.encode(m), abi.encode(n));
        assertEq(abi.encode(node.load()), abi.encode(n));
        assertEq(node.paid, dirt.paid);
        assertEq(node.openProposer, dirt.openProposer);
        assertEq(node.claimIds[0], dirt.claimIds[0]);
    }

    function testFuzz_Batches(StoredBatch memory b, StoredBatch memory dirt) public {
        batch = dirt;
        b.save(batch);
        StoredBatch memory stored = batch;
        assertEq(abi.encode(stored), abi.encode(b));
        b.vouchersRoot = 0;
        // The root is not read.
        assertEq(abi.encode(batch.load()), abi.encode(b));
    }

    function testFuzz_Records(
        uint40 end,
        uint24 extension,
        uint8 status,
        uint96 bond,
        uint40 nodeId,
        uint40 proposedBlock,
        uint8 index
    ) public {
        ClaimRecord memory r = ClaimRecord(end, extension, ClaimStatus(status % 5), bond, nodeId, proposedBlock, index);
        r.save(record);
        ClaimRecord memory stored = record;
        assertEq(abi.encode(stored), abi.encode(r));
        assertEq(behind, type(uint256).max);
    }

    function testFuzz_Terms(IProtocolParameters.SettlementTerms calldata t) public pure {
        Terms packed = TermsLib.pack(t);
        assertEq(packed.burnBps(), t.burnBps);
        assertEq(packed.treasuryBps(), t.treasuryBps);
        assertEq(packed.nodeBps(), t.nodeBps);
        assertEq(packed.stakersBps(), t.stakersBps);
        assertEq(packed.contributorsBps(), t.contributorsBps);
        unchecked {
            assertEq(packed.ownersBps(), t.modelBps + t.contributorsBps);
        }
        assertEq(packed.challengeWindow(), t.challengeWindow);
        assertEq(packed.unbondingPeriod(), t.unbondingPeriod);
        assertEq(packed.detectionPpm(), t.detectionPpm);
        assertEq(packed.bondBps(), t.bondBps);
        assertEq(packed.slashRewardBps(), t.slashRewardBps);
    }
}
