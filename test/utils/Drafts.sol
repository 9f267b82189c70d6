// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Allocation} from "../../src/libraries/Allocation.sol";
import {Claim, NodeState, SignedVoucher} from "../../src/types/Claim.sol";
import {Credit, Item, Payout, Receipt as Served} from "../../src/types/Leaves.sol";
import {Allocate} from "./Allocate.sol";
import {Thread} from "./Thread.sol";
import {PlainTree, SumTree, Trees} from "./Trees.sol";

/// @dev One answer to settle.
struct Answer {
    uint96 fee;
    uint8 flags;
    uint32 outputLength;
    Item[] listed;
    bytes query;
}

/// @dev Everything behind a claim. Tests falsify a part of it before `_seal` computes the roots. Payouts are kept for the
/// 16 assets of the thread: payouts[asset], credits[asset].
struct Draft {
    Claim claim;
    SignedVoucher voucher;
    uint40 firstReceipt;
    Served[] receipts;
    bytes32[] queryHashes;
    Item[][] items;
    uint32[][] creditIndexes;
    Payout[] payouts;
    bool[] present;
    uint256[] recordedSums;
    Credit[][] credits;
    bytes32 attributionHeader;
    bytes claimData;
}

/// @dev A prover in Solidity: turns answers into an honest claim.
abstract contract Drafts is Thread {
    using Trees for SumTree;
    using Trees for PlainTree;

    uint256 internal constant ASSETS = 16;
    uint40 internal constant SERVED_AT = 1_700_000_000;
    bytes internal constant LOCATOR = "store:0x00";

    /// @dev Payouts of the node's last final claim, as the prover remembers them.
    Payout[ASSETS] internal lastPayouts;
    bool[ASSETS] internal lastPresent;
    Claim internal lastClaim;

    // ------------------------------------------------------------------------------------------------ building

    /// @dev An answer with influence of the contributions whose score is positive, and one span of contribution 0.
    function _answer(uint96 fee, uint256 seed) internal view returns (Answer memory a) {
        a.fee = fee;
        a.flags = 1;
        a.outputLength = 200;
        // Between the sketch of one contribution and noise.
        a.query = noise(keccak256(abi.encode("query", seed)), 512);
        bytes memory near = sketchOf(seed % 3);
        for (uint256 k = 0; k < 512; ++k) {
            a.query[k] = bytes1(uint8(_entry(near, k) * 8 + int8(uint8(a.query[k])) / 2));
        }
        a.listed = _evidence(a.query);
    }

    /// @dev Influence in order, then one span.
    function _evidence(bytes memory query) internal view returns (Item[] memory listed) {
        listed = new Item[](4);
        uint256 n;
        for (uint256 i = 0; i < 3; ++i) {
            int64 score = int64(int256(uint256(sigmas[i])) * _dot(sketchOf(i), query));
            if (score <= 0) continue;
            uint256 slot = n++;
            for (; slot > 0 && listed[slot - 1].score < score; --slot) {
                listed[slot] = listed[slot - 1];
            }
            listed[slot] = Item(contributionAssets[i], Allocation.INFLUENCE, score, 0, 0);
        }
        // outOff 10, srcOff 1000, len 80
        bytes14 span = bytes14(abi.encodePacked(uint32(10), uint40(1000), uint16(80), uint24(0)));
        listed[n++] = Item(contributionAssets[0], Allocation.SPAN, 80, 0, span);
        assembly ("memory-safe") {
            mstore(listed, n)
        }
    }

    function _dot(bytes memory sketch, bytes memory query) internal pure returns (int256 sum) {
        for (uint256 i = 0; i < query.length; ++i) {
            sum += int256(_entry(sketch, i)) * int256(int8(uint8(query[i])));
        }
    }

    /// @dev Entry i of a sketch: the lower four bits of byte i, or the upper ones of byte i - 256.
    function _entry(bytes memory sketch, uint256 i) private pure returns (int8) {
        uint8 both = uint8(sketch[i % 256]);
        return int8(i < 256 ? both << 4 : both) >> 4;
    }

    /// @dev The honest draft over one voucher with these answers, following the node's last final claim.
    function _draft(Answer[] memory answers) internal view returns (Draft memory x) {
        NodeState memory n = d.settlement.node(nodeId);
        x.firstReceipt = n.nextReceipt;
        x.receipts = new Served[](answers.length);
        x.queryHashes = new bytes32[](answers.length);
        x.items = new Item[][](answers.length);
        x.creditIndexes = new uint32[][](answers.length);
        x.payouts = new Payout[](ASSETS);
        x.present = new bool[](ASSETS);
        x.recordedSums = new uint256[](ASSETS);
        x.credits = new Credit[][](ASSETS);
        x.voucher.channelId = channelId;
        x.voucher.epoch = d.escrow.channel(channelId).epoch;
        x.voucher.settledFee = d.escrow.channel(channelId).settled;
        for (uint32 i = 0; i < answers.length; ++i) {
            Answer memory a = answers[i];
            x.receipts[i] = Served(channelId, x.voucher.epoch, i, adapterId, a.fee, a.flags, a.outputLength);
            x.queryHashes[i] = a.flags == Allocation.FLAG_NO_AUDIT ? bytes32(0) : keccak256(a.query);
            x.items[i] = Allocate.allocate(a.listed, x.receipts[i], d.models.terms(adapterId), _parameters());
            x.claim.fees += a.fee;
        }
        x.voucher.cumulativeFee = x.voucher.settledFee + x.claim.fees;
        x.voucher.receiptCount = uint32(answers.length);
        x.claim.nodeId = nodeId;
        x.claim.proposer = nodeId;
        x.claim.seq = n.proposals + 1;
        x.claim.parent = n.finalClaim;
        x.claim.fromBatch = n.settledBatches + 1;
        x.claim.toBatch = n.batches + 1;
        x.claim.firstReceipt = x.firstReceipt;
        x.claim.receiptCount = uint32(answers.length);
        x.claim.payoutsDepth = 4;
        x.claim.payoutsTotal = n.finalTotal + x.claim.fees * 6 / 10;
        x.claim.paramsVersion = d.parameters.currentVersion();
        _pay(x);
    }

    function _parameters() internal view returns (IProtocolParameters.Parameters memory) {
        return d.parameters.parameters(d.parameters.currentVersion());
    }

    /// @dev Credits and payouts from the items.
    function _pay(Draft memory x) internal view {
        for (uint256 a = 0; a < ASSETS; ++a) {
            x.payouts[a] = lastPayouts[a];
            x.present[a] = lastPresent[a];
            x.credits[a] = new Credit[](0);
        }
        for (uint256 r = 0; r < x.items.length; ++r) {
            x.creditIndexes[r] = new uint32[](x.items[r].length);
            for (uint8 k = 0; k < x.items[r].length; ++k) {
                Item memory item = x.items[r][k];
                x.creditIndexes[r][k] = type(uint32).max;
                if (item.amount == 0) continue;
                x.creditIndexes[r][k] = uint32(x.credits[item.asset].length);
                Credit memory credit = Credit(x.firstReceipt + uint40(r), k, item.amount);
                x.credits[item.asset] = _push(x.credits[item.asset], credit);
            }
        }
        for (uint40 a = 0; a < ASSETS; ++a) {
            if (x.credits[a].length != 0) {
                SumTree memory t = _creditsTree(x, a);
                uint96 delta = uint96(t.total());
                x.payouts[a] =
                    Payout(a, x.claim.seq, lastPayouts[a].cumulative + delta, delta, t.root(), uint8(t.depth));
                x.present[a] = true;
            }
            x.recordedSums[a] = x.payouts[a].cumulative;
        }
    }

    function _push(Credit[] memory list, Credit memory credit) private pure returns (Credit[] memory longer) {
        longer = new Credit[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = credit;
    }

    /// @dev Roots, data commitment and the consumer's signature.
    function _seal(Draft memory x) internal view {
        SumTree memory receipts = _receiptsTree(x);
        x.voucher.receiptsRoot = receipts.root();
        x.voucher.signature = _sign(consumerKey, d.escrow.voucherDigest(x.voucher));
        x.claim.attributionsRoot = _attributionsTree(x).root();
        x.claim.payoutsRoot = _payoutsTree(x).root();
        x.claimData = abi.encodePacked(uint8(1));
        for (uint256 r = 0; r < x.items.length; ++r) {
            x.claimData = abi.encodePacked(
                x.claimData, _receipt(x, r), uint8(x.items[r].length), _encodeItems(x.items[r]), x.queryHashes[r]
            );
        }
        x.claim.dataCommitment = keccak256(abi.encodePacked(uint8(0), keccak256(x.claimData), keccak256(LOCATOR)));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _submit(Draft memory x) internal returns (bytes32 claimId) {
        SignedVoucher[] memory vouchers = new SignedVoucher[](1);
        vouchers[0] = x.voucher;
        vm.prank(operator);
        d.settlement.redeemAndPropose(nodeId, vouchers, x.claim, x.claimData, LOCATOR);
        return d.settlement.claimIdOf(x.claim);
    }

    /// @dev Lets the window pass and remembers the claim as the parent of the next.
    function _finalize(Draft memory x) internal {
        vm.warp(vm.getBlockTimestamp() + _parameters().challengeWindow);
        for (uint256 a = 0; a < ASSETS; ++a) {
            lastPayouts[a] = x.payouts[a];
            lastPresent[a] = x.present[a];
        }
        lastClaim = x.claim;
    }

    // ------------------------------------------------------------------------------------------------- encoding

    function _receipt(Draft memory x, uint256 r) internal view returns (bytes memory) {
        Served memory q = x.receipts[r];
        bytes memory head = abi.encodePacked(
            q.channelId, q.epoch, q.position, q.modelId, uint32(10), uint32(20), q.fee, SERVED_AT, q.flags
        );
        return
            abi.encodePacked(head, keccak256(abi.encode("request", r)), _outputRoot(r), q.outputLength, _contextRoot(r));
    }

    function _outputRoot(uint256 r) internal view virtual returns (bytes32) {
        return keccak256(abi.encode("output", r));
    }

    function _contextRoot(uint256) internal view virtual returns (bytes32) {
        return 0;
    }

    function _encodeItems(Item[] memory items) internal pure returns (bytes memory out) {
        for (uint256 k = 0; k < items.length; ++k) {
            Item memory i = items[k];
            out = abi.encodePacked(out, i.asset, i.kind, i.score, i.amount, i.evidence);
        }
    }

    function _attribution(Draft memory x, uint256 r) internal view returns (bytes memory) {
        bytes32 receiptHash = keccak256(abi.encodePacked(uint8(0x10), _receipt(x, r)));
        if (x.attributionHeader != 0) receiptHash = x.attributionHeader;
        return abi.encodePacked(
            receiptHash, x.receipts[r].modelId, x.receipts[r].fee, x.queryHashes[r], _encodeItems(x.items[r])
        );
    }

    function _creditIndexes(Draft memory x, uint256 r) internal pure returns (bytes memory out) {
        for (uint256 k = 0; k < x.creditIndexes[r].length; ++k) {
            out = abi.encodePacked(out, x.creditIndexes[r][k]);
        }
    }

    function _voucherLeaf(Draft memory x) internal pure returns (bytes memory) {
        SignedVoucher memory v = x.voucher;
        return abi.encodePacked(
            v.channelId, v.epoch, v.receiptsRoot, v.receiptCount, v.cumulativeFee - v.settledFee, x.firstReceipt
        );
    }

    function _payout(Draft memory x, uint256 asset) internal pure returns (bytes memory) {
        if (!x.present[asset]) return "";
        Payout memory p = x.payouts[asset];
        return abi.encodePacked(p.asset, p.seq, p.cumulative, p.delta, p.creditsHash, p.creditsDepth);
    }

    function _credit(Draft memory x, uint256 asset, uint256 i) internal pure returns (bytes memory) {
        Credit memory c = x.credits[asset][i];
        return abi.encodePacked(c.receiptNumber, c.item, c.amount);
    }

    // ---------------------------------------------------------------------------------------------------- trees

    function _receiptsTree(Draft memory x) internal view returns (SumTree memory) {
        bytes32[] memory leaves = new bytes32[](x.receipts.length);
        uint256[] memory sums = new uint256[](x.receipts.length);
        for (uint256 r = 0; r < leaves.length; ++r) {
            leaves[r] = keccak256(abi.encodePacked(uint8(0x10), _receipt(x, r)));
            sums[r] = x.receipts[r].fee;
        }
        return Trees.sum(leaves, sums, Trees.depthOf(leaves.length));
    }

    function _attributionsTree(Draft memory x) internal view returns (PlainTree memory) {
        bytes32[] memory leaves = new bytes32[](x.receipts.length);
        for (uint256 r = 0; r < leaves.length; ++r) {
            // An attribution without query hash nor items stands for the pad leaf in these tests.
            if (x.queryHashes[r] == bytes32(uint256(1))) continue;
            bytes32 hash = keccak256(abi.encodePacked(uint8(0x12), _attribution(x, r)));
            leaves[r] = keccak256(abi.encodePacked(uint8(0x13), hash, _creditIndexes(x, r)));
        }
        return Trees.plain(leaves, Trees.depthOf(leaves.length));
    }

    function _payoutsTree(Draft memory x) internal pure returns (SumTree memory) {
        bytes32[] memory leaves = new bytes32[](ASSETS);
        uint256[] memory sums = new uint256[](ASSETS);
        for (uint256 a = 0; a < ASSETS; ++a) {
            if (!x.present[a]) continue;
            leaves[a] = keccak256(abi.encodePacked(uint8(0x15), _payout(x, a)));
            sums[a] = x.recordedSums[a];
        }
        return Trees.sum(leaves, sums, 4);
    }

    function _creditsTree(Draft memory x, uint256 asset) internal pure returns (SumTree memory) {
        uint256 n = x.credits[asset].length;
        bytes32[] memory leaves = new bytes32[](n);
        uint256[] memory sums = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            leaves[i] = keccak256(abi.encodePacked(uint8(0x14), _credit(x, asset, i)));
            sums[i] = x.credits[asset][i].amount;
        }
        return Trees.sum(leaves, sums, Trees.depthOf(n));
    }
}
