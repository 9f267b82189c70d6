// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAuditRegistry} from "../../src/interfaces/IAuditRegistry.sol";
import {IPredicate} from "../../src/interfaces/IPredicate.sol";
import {Claim} from "../../src/types/Claim.sol";
import {
    AllocationWitness,
    CreditWitness,
    MalformedWitness,
    NoticeWitness,
    ScoreWitness,
    TransitionWitness,
    WithheldWitness
} from "../../src/types/Witness.sol";
import {Native} from "../../src/libraries/Native.sol";
import {Answer, Draft, Prover} from "../utils/Prover.sol";
import {Trees} from "../utils/Trees.sol";
import {stdStorage, StdStorage} from "forge-std/Test.sol";

/// @dev What a fraud proof costs in trees of depth 17, behind proxies. Only the path that is opened is real; its siblings are
/// random. Run with `FOUNDRY_PROFILE=ir forge test --isolate --match-path test/gas/FraudGas.t.sol -vv`.
contract FraudGasTest is Prover {
    using stdStorage for StdStorage;

    uint256 private constant DEPTH = 17;
    uint32 private constant RECEIPTS = 100_000;
    uint32 private constant POSITION = 0x0a5a5;
    uint40 private constant ASSET = 9; // the model's owner
    uint32 private constant INDEX = 0x05a5a;

    bytes private receipt;
    bytes private receiptPath;
    bytes private attribution;
    bytes private creditIndexes;
    bytes private attributionPath;
    bytes private credit;
    bytes private creditPath;
    bytes private payout;
    bytes private payoutPath;
    bytes private query;
    bytes private sketchPath;

    function setUp() public override {
        super.setUp();
        vm.deal(watcher, 1 ether);
        vm.deal(Native.BURN, 1 ether);
    }

    function _siblings(bytes memory seed, bytes32 leaf, uint256 sum, uint256 total, uint256 index, bool sums)
        private
        pure
        returns (bytes32 root, bytes memory path)
    {
        path = abi.encodePacked(uint40((1 << DEPTH) - 1));
        root = leaf;
        for (uint256 h = 0; h < DEPTH; ++h) {
            bytes32 sibling = keccak256(abi.encode(seed, h));
            // The last sibling has what is missing.
            uint256 siblingSum = h == DEPTH - 1 ? total - sum : (total - sum) / 3 / 1e9 * 1e9;
            path = sums ? abi.encodePacked(path, sibling, uint96(siblingSum)) : abi.encodePacked(path, sibling);
            bool right = index >> h & 1 == 1;
            if (sums) {
                root = right
                    ? Trees.sumNode(sibling, siblingSum, root, sum)
                    : Trees.sumNode(root, sum, sibling, siblingSum);
                sum += siblingSum;
            } else {
                root = right ? Trees.plainNode(sibling, root) : Trees.plainNode(root, sibling);
            }
        }
    }

    function _tagged(uint8 tag, bytes memory preimage) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(tag, preimage));
    }

    /// @dev A claim over one voucher of many receipts. `wrong` shifts the opened parts: 1 an amount, 2 the credit, 3 the delta,
    /// 4 the payout's recorded sum, 5 a score.
    function _make(uint256 wrong) private returns (Claim memory claim) {
        Answer[] memory answers = new Answer[](1);
        answers[0] = _answer(1e15, 0);
        Draft memory x = _draft(answers);
        x.receipts[0].position = POSITION;
        if (wrong == 1) {
            x.items[0][0].amount -= 1;
            x.items[0][1].amount += 1;
        }
        if (wrong == 5) x.items[0][0].score += 1;
        query = answers[0].query;
        uint96 fees = 10e18;
        x.voucher.cumulativeFee = x.voucher.settledFee + fees;
        x.voucher.receiptCount = RECEIPTS;
        receipt = _receipt(x, 0);
        (x.voucher.receiptsRoot, receiptPath) =
            _siblings("receipts", _tagged(0x10, receipt), 1e15, fees, POSITION, true);
        x.voucher.signature = _sign(consumerKey, d.escrow.voucherDigest(x.voucher));

        attribution = _attribution(x, 0);
        creditIndexes = "";
        uint8 k;
        for (uint256 i = 0; i < x.items[0].length; ++i) {
            if (x.items[0][i].asset == ASSET) k = uint8(i);
            creditIndexes = abi.encodePacked(creditIndexes, x.items[0][i].amount == 0 ? type(uint32).max : INDEX);
        }
        bytes32 leaf = keccak256(abi.encodePacked(uint8(0x13), _tagged(0x12, attribution), creditIndexes));
        claim = x.claim;
        claim.receiptCount = RECEIPTS;
        claim.fees = fees;
        claim.payoutsTotal = d.settlement.node(nodeId).finalTotal + fees * 6 / 10;
        claim.payoutsDepth = uint8(DEPTH);
        (claim.attributionsRoot, attributionPath) = _siblings("attributions", leaf, 0, 0, POSITION, false);

        uint96 amount = x.items[0][k].amount;
        if (wrong == 2) amount += 1;
        credit = abi.encodePacked(claim.firstReceipt + POSITION, k, amount);
        _payOut(claim, amount, wrong);
        x.claim = claim;
        x.claimData = "data";
        x.claim.dataCommitment = keccak256(abi.encodePacked(uint8(0), keccak256(x.claimData), keccak256(LOCATOR)));
        voucher = _voucherLeaf(x);
        _submit(x);
        return x.claim;
    }

    bytes private voucher;

    /// @dev Puts the credit into the asset's payout, and the payout into the claim.
    function _payOut(Claim memory claim, uint96 amount, uint256 wrong) private {
        bytes32 creditsRoot;
        (creditsRoot, creditPath) = _siblings("credits", _tagged(0x14, credit), amount, 2e18, INDEX, true);
        bytes memory old = payout;
        uint96 before = old.length == 0 ? 0 : uint96(bytes12(_slice(old, 9)));
        uint96 cumulative = before + 2e18 + (wrong == 3 ? 1 : 0);
        payout = abi.encodePacked(ASSET, claim.seq, cumulative, uint96(2e18), creditsRoot, uint8(DEPTH));
        (claim.payoutsRoot, payoutPath) = _siblings(
            "payouts", _tagged(0x15, payout), cumulative + (wrong == 4 ? 1 : 0), claim.payoutsTotal, ASSET, true
        );
    }

    function _slice(bytes memory b, uint256 from) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(b, 32), from))
        }
    }

    function _prove(string memory name, Claim memory claim, address predicate, bytes memory witness) private {
        // Everything but the predicate's own work.
        uint256 snapshot = vm.snapshotState();
        vm.mockCall(predicate, abi.encodeWithSelector(IPredicate.isFraud.selector), abi.encode(true));
        vm.prank(watcher);
        d.settlement.proveFraud(claim, predicate, witness, watcher);
        emit log_named_uint(string.concat(name, " without isFraud"), vm.lastCallGas().gasTotalUsed);
        vm.clearMockedCalls();
        vm.revertToState(snapshot);
        vm.startPrank(watcher);
        d.settlement.proveFraud(claim, predicate, witness, watcher);
        vm.stopPrank();
        emit log_named_uint(name, vm.lastCallGas().gasTotalUsed);
        assertEq(uint8(d.settlement.claimRecord(d.settlement.claimIdOf(claim)).status), 3);
    }

    /// @dev A claim that is final, so that slots have been used before.
    function _first() private returns (Claim memory claim) {
        claim = _make(0);
        vm.warp(vm.getBlockTimestamp() + _parameters().challengeWindow);
        d.settlement.finalize(nodeId);
    }

    function test_Allocation() public {
        _first();
        Claim memory claim = _make(1);
        AllocationWitness memory w = AllocationWitness({
            attribution: attribution,
            creditIndexes: creditIndexes,
            attributionPath: attributionPath,
            receipt: receipt,
            receiptPath: receiptPath,
            voucher: voucher,
            voucherPath: abi.encodePacked(uint40(0)),
            voucherIndex: 0,
            batch: claim.toBatch
        });
        _prove("Allocation", claim, address(d.allocation), _flat(abi.encode(w)));
    }

    function test_Score() public {
        _first();
        uint40 asset = uint40(bytes5(_slice(attribution, 81)));
        bytes memory sketch = sketchLeaf(asset / 4 - 1);
        (bytes32 root, bytes memory path) = _siblings("sketches", _tagged(0x16, sketch), 0, 0, asset, false);
        stdstore.enable_packed_slots().target(address(d.models)).sig("terms(uint40)").with_key(adapterId).depth(3)
            .checked_write(DEPTH);
        stdstore.target(address(d.models)).sig("terms(uint40)").with_key(adapterId).depth(7).checked_write(root);
        Claim memory claim = _make(5);
        ScoreWitness memory w = ScoreWitness({
            attribution: attribution,
            creditIndexes: creditIndexes,
            attributionPath: attributionPath,
            position: POSITION,
            item: 0,
            query: query,
            sketch: sketch,
            sketchPath: path
        });
        _prove("Score", claim, address(d.score), _flat(abi.encode(w)));
    }

    function test_Credit() public {
        _first();
        Claim memory claim = _make(2);
        CreditWitness memory w;
        w.attribution = attribution;
        w.creditIndexes = creditIndexes;
        w.attributionPath = attributionPath;
        w.position = POSITION;
        w.item = uint8(credit[5]);
        w.payout = payout;
        w.payoutPath = payoutPath;
        w.credit = abi.encodePacked(_tagged(0x14, credit), uint96(bytes12(_slice(credit, 6))));
        w.creditPath = creditPath;
        _prove("Credit", claim, address(d.credit), _flat(abi.encode(w)));
    }

    function test_CreditWithoutItem() public {
        _first();
        Claim memory claim = _make(2);
        CreditWitness memory w;
        w.fromCredit = true;
        w.attribution = attribution;
        w.creditIndexes = creditIndexes;
        w.attributionPath = attributionPath;
        w.payout = payout;
        w.payoutPath = payoutPath;
        w.credit = credit;
        w.creditPath = creditPath;
        w.creditIndex = INDEX;
        _prove("Credit (from the credit)", claim, address(d.credit), _flat(abi.encode(w)));
    }

    function test_Transition() public {
        TransitionWitness memory w;
        w.parent = _first();
        w.asset = ASSET;
        w.oldPayout = payout;
        w.oldPath = payoutPath;
        Claim memory claim = _make(3);
        w.newPayout = payout;
        w.newPath = payoutPath;
        _prove("Transition", claim, address(d.transition), _flat(abi.encode(w)));
    }

    function test_Malformed() public {
        _first();
        Claim memory claim = _make(4);
        MalformedWitness memory w;
        w.tree = 1;
        w.index = ASSET;
        w.hash = _tagged(0x15, payout);
        w.sum = uint96(bytes12(_slice(payout, 9))) + 1;
        w.path = payoutPath;
        w.preimage = abi.encodePacked(uint8(0x15), payout);
        _prove("Malformed (payouts)", claim, address(d.malformed), _flat(abi.encode(w)));
    }

    function test_Notice() public {
        _first();
        Claim memory claim = _make(0);
        NoticeWitness memory w;
        w.evidenceHash = keccak256("what the user was shown");
        w.attribution = attribution;
        w.creditIndexes = creditIndexes;
        w.attributionPath = attributionPath;
        w.position = POSITION;
        w.signature = _sign(operatorKey, d.notice.noticeDigest(nodeId, _slice(attribution, 0), w.evidenceHash));
        _prove("Notice", claim, address(d.notice), _flat(abi.encode(w)));
    }

    function test_Withheld() public {
        _first();
        Claim memory claim = _make(0);
        WithheldWitness memory w;
        uint96 bond = _parameters().requestBond;
        vm.deal(stranger, bond);
        vm.prank(stranger);
        w.requestId = d.audits.request{value: bond}(claim, IAuditRegistry.RequestKind.Attribution, POSITION, 0);
        vm.warp(vm.getBlockTimestamp() + _parameters().responseWindow);
        _prove("Withheld", claim, address(d.withheld), abi.encode(w));
    }

    function test_MalformedReceipt() public {
        _first();
        // Nothing is wrong with the receipt but its channel's epoch.
        Claim memory claim = _make(0);
        MalformedWitness memory w;
        w.tree = 0;
        w.index = POSITION;
        w.hash = _tagged(0x10, receipt);
        w.sum = 1e15;
        w.path = receiptPath;
        w.preimage = abi.encodePacked(uint8(0x10), receipt);
        w.voucher = voucher;
        w.voucherPath = abi.encodePacked(uint40(0));
        w.batch = claim.toBatch;
        assertFalse(d.malformed.isFraud(claim, _flat(abi.encode(w))));
        emit log_named_uint("Malformed.isFraud (receipts)", vm.lastCallGas().gasTotalUsed);
    }
}
