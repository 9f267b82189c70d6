// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Native} from "../../src/libraries/Native.sol";
import {Claim, ClaimPayouts, NodeState, PayoutProof, SignedVoucher} from "../../src/types/Claim.sol";
import {SettlementTest} from "../utils/SettlementTest.sol";
import {Trees} from "../utils/Trees.sol";

/// @dev What settling costs in the steady state: a node that has settled before, payees that have been paid before, trees of
/// depth 17 in which every sibling is given, behind proxies. Run with
/// `FOUNDRY_PROFILE=ir forge test --isolate --match-path test/gas/SettlementGas.t.sol -vv`.
contract SettlementGasTest is SettlementTest {
    uint256 private constant PAYOUTS_DEPTH = 17;
    uint256 private constant ROUNDS = 10;
    /// @dev 365 bytes: one receipt with four items, as formats.md packs it.
    uint256 private constant DATA_LENGTH = 365;

    bytes32[4] private channels;
    bytes private receipts;
    mapping(uint40 asset => PayoutProof) private proofs;
    Claim private lastClaim;

    function setUp() public override {
        super.setUp();
        vm.deal(Native.BURN, 1 ether);
        vm.deal(address(d.timelock), 1 ether);
        vm.deal(builder, 1 ether);
        vm.deal(contributors[0], 1 ether);
        for (uint256 i = 0; i < DATA_LENGTH; ++i) {
            receipts = abi.encodePacked(receipts, bytes1(keccak256(abi.encode(i))));
        }
        channels[0] = channelId;
        for (uint256 i = 1; i < 4; ++i) {
            vm.deal(consumer, 10e18);
            vm.prank(consumer);
            channels[i] = d.escrow.openChannel{value: 10e18}(nodeId, consumer, bytes32(i));
        }
    }

    /// @dev The payouts root over one asset and random siblings, and the asset's proof.
    function _path(uint40 asset, uint96 cumulative, uint96 total) private returns (bytes32 root) {
        bytes32 credits = keccak256("credits");
        root = keccak256(abi.encodePacked(uint8(0x15), asset, uint32(1), cumulative, uint96(7e17), credits, uint8(9)));
        bytes memory proof = abi.encodePacked(uint40((1 << PAYOUTS_DEPTH) - 1));
        uint96 sum = cumulative;
        uint96 part = uint96((total - cumulative) / PAYOUTS_DEPTH);
        for (uint256 h = 0; h < PAYOUTS_DEPTH; ++h) {
            bytes32 sibling = keccak256(abi.encode("sibling", asset, cumulative, h));
            uint96 siblingSum = h == PAYOUTS_DEPTH - 1 ? total - sum : part;
            proof = abi.encodePacked(proof, sibling, siblingSum);
            root = uint256(asset) >> h & 1 == 1
                ? Trees.sumNode(sibling, siblingSum, root, sum)
                : Trees.sumNode(root, sum, sibling, siblingSum);
            sum += siblingSum;
        }
        proofs[asset] = PayoutProof(nodeId, asset, 1, cumulative, 7e17, credits, 9, proof);
    }

    /// @dev Vouchers of `count` channels and the claim over them; all other claims have gone before.
    function _round(uint256 count, uint40 asset) private returns (SignedVoucher[] memory vouchers, Claim memory c) {
        NodeState memory n = settlement.node(nodeId);
        vouchers = new SignedVoucher[](count);
        for (uint256 i = 0; i < count; ++i) {
            vouchers[i] = _voucher(channels[i], 0.123456789e18);
            c.fees += 0.123456789e18;
            c.receiptCount += 2;
        }
        (c.nodeId, c.proposer, c.seq, c.parent) = (nodeId, nodeId, n.proposals + 1, n.finalClaim);
        (c.fromBatch, c.toBatch, c.firstReceipt) = (n.settledBatches + 1, n.batches + 1, n.nextReceipt);
        c.payoutsTotal = n.finalTotal + c.fees * 6 / 10;
        c.payoutsDepth = uint8(PAYOUTS_DEPTH);
        c.paramsVersion = d.parameters.currentVersion();
        c.payoutsRoot = _path(asset, c.payoutsTotal / 3, c.payoutsTotal);
        c.attributionsRoot = keccak256("attributions");
        c.dataCommitment = keccak256(abi.encodePacked(uint8(0), keccak256(receipts), keccak256(LOCATOR)));
    }

    function _settleRound(uint256 count, uint40 asset) private returns (uint256 gasUsed) {
        (SignedVoucher[] memory vouchers, Claim memory c) = _round(count, asset);
        bytes memory data = receipts;
        vm.prank(operator);
        settlement.redeemAndPropose(nodeId, vouchers, c, data, LOCATOR);
        gasUsed = vm.lastCallGas().gasTotalUsed;
        lastClaim = c;
        _skip(window);
    }

    function _claimRound(uint40 asset) private returns (uint256 gasUsed) {
        (PayoutProof memory payout, Claim memory c) = (proofs[asset], lastClaim);
        vm.prank(watcher);
        settlement.claim(payout, c);
        gasUsed = vm.lastCallGas().gasTotalUsed;
    }

    function test_Propose() public {
        emit log_named_uint("redeemAndPropose, 1 voucher, first ever", _settleRound(1, MODEL_ASSET));
        for (uint256 i = 0; i < ROUNDS; ++i) {
            _settleRound(1, MODEL_ASSET);
        }
        uint256 one = _settleRound(1, MODEL_ASSET);
        _settleRound(4, MODEL_ASSET);
        uint256 four = _settleRound(4, MODEL_ASSET);
        emit log_named_uint("redeemAndPropose, 1 voucher", one);
        emit log_named_uint("each further voucher", (four - one) / 3);
    }

    function test_Claim() public {
        _settleRound(1, MODEL_ASSET);
        emit log_named_uint("claim of a model, first", _claimRound(MODEL_ASSET));
        _settleRound(1, MODEL_ASSET);
        emit log_named_uint("claim of a model, next", _claimRound(MODEL_ASSET));
        _settleRound(1, 4);
        emit log_named_uint("claim of a contribution, first", _claimRound(4));
        _settleRound(1, 4);
        emit log_named_uint("claim of a contribution, next", _claimRound(4));
        // Once more, by its owner.
        _settleRound(1, 4);
        ClaimPayouts[] memory items = new ClaimPayouts[](1);
        items[0].finalClaim = lastClaim;
        items[0].payouts = new PayoutProof[](1);
        items[0].payouts[0] = proofs[4];
        vm.prank(contributors[0]);
        settlement.claimMany(contributors[0], items);
        emit log_named_uint("claimMany of one contribution, next", vm.lastCallGas().gasTotalUsed);
    }
}
