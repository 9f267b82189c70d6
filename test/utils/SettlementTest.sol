// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";
import {Roles} from "../../src/types/Roles.sol";
import {
    Batch,
    Claim,
    ClaimPayouts,
    ClaimRecord,
    ClaimStatus,
    NodeState,
    PayoutProof,
    SignedVoucher
} from "../../src/types/Claim.sol";
import {IPredicate} from "../../src/interfaces/IPredicate.sol";
import {Thread} from "./Thread.sol";
import {SumTree, Trees} from "./Trees.sol";

/// @dev A claim and what it says that every asset has earned.
struct Settled {
    Claim claim;
    uint96[16] cumulative;
}

/// @dev Says what it is told to say.
contract Oracle is IPredicate {
    bool public answer = true;

    function set(bool answer_) external {
        answer = answer_;
    }

    function isFraud(Claim calldata, bytes calldata) external view returns (bool) {
        return answer;
    }
}

/// @dev Claims whose payouts are real and whose receipts nobody looks at: for tests of what settlement itself decides.
abstract contract SettlementTest is Thread {
    using Trees for SumTree;

    bytes internal constant DATA = "claim data";
    bytes internal constant LOCATOR = "store:0x00";
    uint96 internal constant FEE = 1e18;
    uint40 internal constant MODEL_ASSET = 9;

    IAttributionSettlement internal settlement;
    uint32 internal window;
    Oracle internal oracle;
    /// @dev What the assets have earned by the last claim that `_final` was called with.
    uint96[16] internal earned;

    function setUp() public virtual override {
        super.setUp();
        settlement = d.settlement;
        window = d.parameters.parameters(1).challengeWindow;
        // A predicate of the version in force, as if it had been there from the start.
        oracle = new Oracle();
        vm.startPrank(address(d.timelock));
        settlement.setPredicate(address(oracle), 2, 9);
        d.parameters.setAttributionThreshold(60_000, 10_000, 200_000);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------------------------------------------- vouchers

    function _voucher(bytes32 channel, uint96 fee) internal view returns (SignedVoucher memory v) {
        v.channelId = channel;
        v.epoch = d.escrow.channel(channel).epoch;
        v.settledFee = d.escrow.channel(channel).settled;
        v.cumulativeFee = v.settledFee + fee;
        v.receiptsRoot = keccak256(abi.encode(channel, v.epoch));
        v.receiptCount = 2;
        v.signature = _sign(consumerKey, d.escrow.voucherDigest(v));
    }

    function _vouchers(uint96 fee) internal view returns (SignedVoucher[] memory vouchers) {
        vouchers = new SignedVoucher[](1);
        vouchers[0] = _voucher(channelId, fee);
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _redeem(uint96 fee) internal {
        SignedVoucher[] memory vouchers = _vouchers(fee);
        vm.prank(operator);
        settlement.redeem(nodeId, vouchers);
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 separator = keccak256(
            abi.encode(typehash, keccak256("OpenLedger"), keccak256("1"), block.chainid, address(settlement))
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    // ------------------------------------------------------------------------------------------------------ claims

    /// @dev A claim over every unsettled batch of the node, whose owners' share goes to one asset.
    function _claim(uint40 proposer, uint40 asset) internal view returns (Settled memory s) {
        NodeState memory n = settlement.node(nodeId);
        return _claimOver(proposer, asset, n.settledBatches + 1, n.batches);
    }

    function _claimOver(uint40 proposer, uint40 asset, uint32 first, uint32 last)
        internal
        view
        returns (Settled memory s)
    {
        NodeState memory n = settlement.node(nodeId);
        Claim memory c = s.claim;
        (c.nodeId, c.proposer, c.seq, c.parent) = (nodeId, proposer, n.proposals + 1, n.finalClaim);
        (c.fromBatch, c.toBatch) = (first, last);
        for (uint32 i = first; i <= last; ++i) {
            Batch memory b = settlement.batch(nodeId, i);
            if (i == first) (c.firstReceipt, c.paramsVersion) = (b.firstReceipt, b.paramsVersion);
            c.fees += b.fees;
            c.receiptCount += b.receiptCount;
        }
        uint96 owners = c.fees * 6 / 10;
        s.cumulative = earned;
        s.cumulative[asset] += owners;
        c.payoutsTotal = n.finalTotal + owners;
        c.payoutsDepth = 4;
        c.payoutsRoot = _tree(s).root();
        c.attributionsRoot = keccak256("attributions");
        c.dataCommitment = keccak256(abi.encodePacked(uint8(0), keccak256(DATA), keccak256(LOCATOR)));
    }

    function _propose(Settled memory s) internal returns (bytes32 claimId) {
        vm.prank(d.agents.getAgentWallet(s.claim.proposer));
        settlement.proposeClaim(s.claim, DATA, LOCATOR);
        return settlement.claimIdOf(s.claim);
    }

    /// @dev Redeems and proposes; everything goes to one asset.
    function _open(uint96 fee, uint40 asset) internal returns (Settled memory s) {
        _redeem(fee);
        s = _claim(nodeId, asset);
        _propose(s);
    }

    /// @dev Lets the window pass; the next claim builds on this one.
    function _final(Settled memory s) internal {
        vm.warp(settlement.claimRecord(settlement.claimIdOf(s.claim)).end);
        earned = s.cumulative;
    }

    /// @dev A final claim.
    function _settle(uint96 fee, uint40 asset) internal returns (Settled memory s) {
        s = _open(fee, asset);
        _final(s);
    }

    function _recordOf(Settled memory s) internal view returns (ClaimRecord memory) {
        return settlement.claimRecord(settlement.claimIdOf(s.claim));
    }

    function _assertStatus(Settled memory s, ClaimStatus status) internal view {
        assertEq(uint8(_recordOf(s).status), uint8(status), "status");
    }

    // ----------------------------------------------------------------------------------------------------- payouts

    function _tree(Settled memory s) internal pure returns (SumTree memory) {
        bytes32[] memory leaves = new bytes32[](16);
        uint256[] memory sums = new uint256[](16);
        for (uint40 a = 0; a < 16; ++a) {
            if (s.cumulative[a] == 0) continue;
            sums[a] = s.cumulative[a];
            leaves[a] = keccak256(
                abi.encodePacked(uint8(0x15), a, uint32(1), s.cumulative[a], uint96(0), keccak256("credits"), uint8(0))
            );
        }
        return Trees.sum(leaves, sums, 4);
    }

    function _payout(Settled memory s, uint40 asset) internal view returns (PayoutProof memory) {
        return PayoutProof({
            nodeId: nodeId,
            asset: asset,
            seq: 1,
            cumulative: s.cumulative[asset],
            delta: 0,
            creditsHash: keccak256("credits"),
            creditsDepth: 0,
            proof: _tree(s).proof(asset, 0)
        });
    }

    function _items(Settled memory s, uint40 asset) internal view returns (ClaimPayouts[] memory items) {
        items = new ClaimPayouts[](1);
        items[0].finalClaim = s.claim;
        items[0].payouts = new PayoutProof[](1);
        items[0].payouts[0] = _payout(s, asset);
    }

    // ------------------------------------------------------------------------------------------------------ actors

    /// @dev An agent with stake in a role. Its owner, who is its wallet, has the key of the same name.
    function _agent(string memory name, uint8 role) internal returns (uint40 id) {
        address owner = makeAddr(name);
        vm.deal(owner, STAKE);
        vm.startPrank(owner);
        id = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: STAKE}(id, role);
        vm.stopPrank();
    }

    function _rescuer() internal returns (uint40) {
        return _agent("rescuer", Roles.NODE);
    }

    /// @dev How long ago a batch must have been redeemed before others may claim it, and before it expires.
    function _deadlines() internal view returns (uint32 attributionDeadline, uint32 expiry) {
        (attributionDeadline, expiry,) = d.parameters.orphanTerms(d.parameters.currentVersion());
    }

    function _skip(uint256 time) internal {
        vm.warp(vm.getBlockTimestamp() + time);
        vm.roll(vm.getBlockNumber() + 1);
    }
}
