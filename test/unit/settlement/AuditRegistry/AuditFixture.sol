// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAuditRegistry} from "../../../../src/interfaces/IAuditRegistry.sol";
import {Item} from "../../../../src/types/Leaves.sol";
import {AttributionOpening, CreditOpening, DataOpening, PayoutOpening} from "../../../../src/types/Opening.sol";
import {Roles} from "../../../../src/types/Roles.sol";
import {FraudTest} from "../../../utils/FraudTest.sol";
import {Answer, Draft} from "../../../utils/Prover.sol";
import {PlainTree, SumTree, Trees} from "../../../utils/Trees.sol";

/// @dev An open claim over three answers (public, private, not to be audited), a validator, and what answers its requests.
abstract contract AuditFixture is FraudTest {
    using Trees for SumTree;
    using Trees for PlainTree;

    IAuditRegistry.RequestKind internal constant ATTRIBUTION = IAuditRegistry.RequestKind.Attribution;
    IAuditRegistry.RequestKind internal constant PAYOUT = IAuditRegistry.RequestKind.Payout;
    IAuditRegistry.RequestKind internal constant CREDIT = IAuditRegistry.RequestKind.Credit;
    IAuditRegistry.RequestKind internal constant DATA = IAuditRegistry.RequestKind.Data;
    IAuditRegistry.RequestKind internal constant AUDIT = IAuditRegistry.RequestKind.Audit;
    bytes32 internal constant KEY = keccak256("key");
    bytes32 internal constant SEED = keccak256("the second block after the proposal");
    uint40 internal constant MODEL_ASSET = 9;

    address internal validator = makeAddr("validator");
    uint40 internal validatorId;
    uint96 internal bond;
    uint40 internal window;

    function setUp() public virtual override {
        super.setUp();
        validatorId = _validator(validator);
        bond = _parameters().requestBond;
        window = _parameters().responseWindow;
        vm.deal(stranger, 1_000e18);
        vm.warp(vm.getBlockTimestamp() + 1);
    }

    function _validator(address wallet) internal returns (uint40 id) {
        vm.deal(wallet, STAKE);
        vm.startPrank(wallet);
        id = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: STAKE}(id, Roles.VALIDATOR);
        d.audits.setEncryptionKey(id, KEY);
        vm.stopPrank();
    }

    function _mixed() internal view returns (Draft memory x) {
        Answer[] memory answers = _answers();
        answers[1].flags = 0;
        answers[2].flags = 2;
        answers[2].listed = new Item[](0);
        x = _draft(answers);
        _seal(x);
    }

    function _open() internal returns (Draft memory x, bytes32 claimId) {
        x = _mixed();
        claimId = _submit(x);
    }

    /// @dev Lets two blocks and one second pass, with a hash that gives a known seed.
    function _seed(bytes32 claimId) internal {
        uint256 number = uint256(d.settlement.claimRecord(claimId).proposedBlock) + 2;
        vm.roll(number + 1);
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.setBlockhash(number, SEED);
        d.audits.drawSeed(claimId);
    }

    function _request(Draft memory x, IAuditRegistry.RequestKind kind, uint40 subject, uint32 index)
        internal
        returns (uint256)
    {
        vm.prank(stranger);
        return d.audits.request{value: bond}(x.claim, kind, subject, index);
    }

    /// @dev The first draw that hits receipt `position`.
    function _drawOf(Draft memory x, uint40 position) internal view returns (uint32 draw) {
        while (d.audits.positionOf(x.claim, draw) != position) ++draw;
    }

    function _requestAudit(Draft memory x, uint32 draw) internal returns (uint256) {
        vm.prank(validator);
        return d.audits.requestAudit(x.claim, draw, validatorId);
    }

    // ------------------------------------------------------------------------------------------------------ answers

    function _attributionAnswer(Draft memory x, uint256 r) internal view returns (bytes memory) {
        AttributionOpening memory w =
            AttributionOpening(_attribution(x, r), _creditIndexes(x, r), _attributionsTree(x).proof(r));
        return _flat(abi.encode(w));
    }

    function _payoutAnswer(Draft memory x, uint40 asset) internal pure returns (bytes memory) {
        PayoutOpening memory w = PayoutOpening(_payout(x, asset), _payoutsTree(x).proof(asset, 0));
        return _flat(abi.encode(w));
    }

    function _creditAnswer(Draft memory x, uint40 asset, uint32 index) internal pure returns (bytes memory) {
        CreditOpening memory w;
        w.payout = _payout(x, asset);
        w.payoutPath = _payoutsTree(x).proof(asset, 0);
        if (index < x.credits[asset].length) w.credit = _credit(x, asset, index);
        if (x.credits[asset].length == 0) return _flat(abi.encode(w));
        SumTree memory t = _creditsTree(x, asset);
        if (index < 2 ** t.depth) w.path = t.proof(index, 0);
        return _flat(abi.encode(w));
    }

    function _dataAnswer(Draft memory x, uint256 r, bytes memory query) internal view returns (bytes memory) {
        DataOpening memory w;
        w.attribution = _attribution(x, r);
        w.creditIndexes = _creditIndexes(x, r);
        w.attributionPath = _attributionsTree(x).proof(r);
        w.receipt = _receipt(x, r);
        w.receiptPath = _receiptsTree(x).proof(r, 0);
        w.voucher = _voucherLeaf(x);
        w.voucherPath = abi.encodePacked(uint40(0));
        w.batch = x.claim.toBatch;
        w.query = query;
        return _flat(abi.encode(w));
    }
}
