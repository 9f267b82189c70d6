// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {Claim, ClaimPayouts, PayoutProof} from "../../../../src/types/Claim.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

/// @dev Approves one digest.
contract Wallet is IERC1271 {
    bytes32 private immutable DIGEST;

    constructor(bytes32 digest) {
        DIGEST = digest;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return hash == DIGEST ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

contract SettlementClaimsTest is SettlementTest {
    bytes32 private constant CLAIM_TO =
        keccak256("ClaimTo(address account,address to,bytes32 itemsHash,uint256 nonce,uint256 deadline)");

    uint256 private builderKey;
    address private sponsor = makeAddr("sponsor");

    function setUp() public override {
        super.setUp();
        (builder, builderKey) = makeAddrAndKey("builder");
    }

    function _itemsHash(ClaimPayouts[] memory items) private pure returns (bytes32 hash) {
        bytes memory encoded = abi.encode(items);
        // Without the first word.
        assembly ("memory-safe") {
            hash := keccak256(add(encoded, 64), sub(mload(encoded), 32))
        }
    }

    function _claimTo(ClaimPayouts[] memory items, address to, uint256 deadline) private view returns (bytes32) {
        uint256 nonce = settlement.nonces(builder);
        return _digest(keccak256(abi.encode(CLAIM_TO, builder, to, _itemsHash(items), nonce, deadline)));
    }

    function _badSignature(address to, uint256 deadline, bytes memory signature, ClaimPayouts[] memory items) private {
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_BadSignature.selector, builder)
        );
        vm.prank(sponsor);
        settlement.claimBySig(builder, to, deadline, signature, items);
    }

    // --------------------------------------------------------------------------------------------------- claimMany

    function test_ClaimManyPaysOneAccountAtOnceAndSkipsTheRest() public {
        vm.prank(baseOwner);
        d.models.transferFrom(baseOwner, builder, baseId);
        _settle(FEE, 5);
        _settle(FEE, 4);
        _settle(FEE, 10);
        _settle(FEE, 7);
        _settle(FEE, 0);
        Settled memory s = _settle(FEE, MODEL_ASSET);
        ClaimPayouts[] memory items = new ClaimPayouts[](2);
        items[0].finalClaim = s.claim;
        items[0].payouts = new PayoutProof[](9);
        uint40[7] memory assets = [uint40(9), 5, 4, 10, 7, 0, 9];
        for (uint256 i = 0; i < 7; ++i) {
            items[0].payouts[i] = _payout(s, assets[i]);
        }
        items[0].payouts[7] = _payout(s, 9);
        items[0].payouts[7].nodeId += 1;
        items[0].payouts[8] = _payout(s, 9);
        items[0].payouts[8].cumulative += 1;
        items[1].finalClaim = abi.decode(abi.encode(s.claim), (Claim));
        items[1].finalClaim.fees += 1; // not a claim
        items[1].payouts = items[0].payouts;
        // it should pay them with one transfer
        assertEq(settlement.claimMany(builder, items), 1.2e18);
        assertEq(builder.balance, 1.2e18);
        // it should skip them
        assertEq(settlement.paid(nodeId, 4), 0);
        assertEq(settlement.paid(nodeId, 10), 0);
        assertEq(settlement.paid(nodeId, 7), 0);
        assertEq(settlement.paid(nodeId, 0), 0);
        // it should pay nothing
        assertEq(settlement.claimMany(builder, items), 0);
        assertEq(settlement.claimMany(address(d.vault), items), 0);
    }

    function test_ContractsAreSkippedUnlessTheyAsk() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        ClaimPayouts[] memory items = _items(s, MODEL_ASSET);
        vm.etch(builder, hex"00");
        // it should skip everything unless its operator calls
        vm.prank(stranger);
        assertEq(settlement.claimMany(builder, items), 0);
        vm.prank(builder);
        d.models.setApprovalForAll(stranger, true);
        vm.prank(stranger);
        assertEq(settlement.claimMany(builder, items), 0.6e18);
        s = _settle(FEE, MODEL_ASSET);
        items = _items(s, MODEL_ASSET);
        vm.prank(builder);
        assertEq(settlement.claimMany(builder, items), 0.6e18);
        assertEq(builder.balance, 1.2e18);
    }

    function test_ClaimManyPaysThePayoutAddress() public {
        vm.prank(builder);
        settlement.setPayoutAddress(sponsor);
        Settled memory s = _settle(FEE, MODEL_ASSET);
        settlement.claimMany(builder, _items(s, MODEL_ASSET));
        // it should pay that address in one transfer
        assertEq(sponsor.balance, 0.6e18);
    }

    // ----------------------------------------------------------------------------------------------------- claimTo

    function test_RevertWhen_TheReceiverIsNobody() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        ClaimPayouts[] memory items = _items(s, MODEL_ASSET);
        vm.startPrank(builder);
        // it should revert because of the receiver
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_ZeroRecipient.selector);
        settlement.claimTo(items, address(0));
        // it should revert and book nothing
        vm.etch(stranger, hex"fe");
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_SendFailed.selector, stranger, 0.6e18)
        );
        settlement.claimTo(items, stranger);
        assertEq(settlement.paid(nodeId, MODEL_ASSET), 0);
        // it should pay them to the receiver
        assertEq(settlement.claimTo(items, sponsor), 0.6e18);
        assertEq(sponsor.balance, 0.6e18);
        vm.stopPrank();
        // it should revert because nothing is payable
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_NothingPayable.selector, stranger)
        );
        vm.prank(stranger);
        settlement.claimTo(items, stranger);
    }

    // -------------------------------------------------------------------------------------------------- claimBySig

    function test_AnyoneCanSendASignedClaim() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        ClaimPayouts[] memory items = _items(s, MODEL_ASSET);
        uint256 deadline = vm.getBlockTimestamp();
        bytes memory signature = _sign(builderKey, _claimTo(items, watcher, deadline));
        // it should pay the receiver whoever sends it
        vm.prank(sponsor);
        assertEq(settlement.claimBySig(builder, watcher, deadline, signature, items), 0.6e18);
        assertEq(watcher.balance, 0.6e18);
        assertEq(settlement.nonces(builder), 1);
        // it should revert because of the nonce
        s = _settle(FEE, MODEL_ASSET);
        deadline = vm.getBlockTimestamp() + 9;
        _badSignature(watcher, deadline, signature, _items(s, MODEL_ASSET));
    }

    function test_RevertWhen_TheDeadlineHasPassed() public {
        uint256 deadline = vm.getBlockTimestamp() - 1;
        // it should revert because of the deadline
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_DeadlinePassed.selector, deadline)
        );
        settlement.claimBySig(builder, watcher, deadline, "", new ClaimPayouts[](0));
    }

    function test_RevertWhen_TheSignatureIsForSomethingElse() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        ClaimPayouts[] memory items = _items(s, MODEL_ASSET);
        uint256 deadline = vm.getBlockTimestamp();
        bytes32 digest = _claimTo(items, watcher, deadline);
        bytes memory signature = _sign(builderKey, digest);
        // it should revert because of the signature
        _badSignature(sponsor, deadline, signature, items);
        _badSignature(watcher, deadline + 1, signature, items);
        _badSignature(watcher, deadline, _sign(consumerKey, digest), items);
        _badSignature(watcher, deadline, "", items);
        items[0].payouts[0].seq += 1;
        _badSignature(watcher, deadline, signature, items);
        items[0].payouts[0].seq -= 1;
        _badSignature(watcher, deadline, signature, new ClaimPayouts[](0));
        // it should revert because of the domain
        vm.chainId(5);
        _badSignature(watcher, deadline, signature, items);
        vm.chainId(31_337);
        settlement.claimBySig(builder, watcher, deadline, signature, items);
    }

    /// @dev Two ways to write the same items: only the one that was signed counts.
    function test_RevertWhen_TheItemsAreWrittenAnotherWay() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        ClaimPayouts[] memory items = _items(s, MODEL_ASSET);
        uint256 deadline = vm.getBlockTimestamp();
        bytes memory signature = _sign(builderKey, _claimTo(items, watcher, deadline));
        bytes memory call =
            abi.encodeCall(IAttributionSettlement.claimBySig, (builder, watcher, deadline, signature, items));
        vm.prank(sponsor);
        (bool ok,) = address(settlement).call(abi.encodePacked(call, bytes32(0)));
        assertFalse(ok);
        vm.prank(sponsor);
        (ok,) = address(settlement).call(call);
        assertTrue(ok);
    }

    function test_AContractCanSignToo() public {
        Settled memory s = _settle(FEE, MODEL_ASSET);
        ClaimPayouts[] memory items = _items(s, MODEL_ASSET);
        uint256 deadline = vm.getBlockTimestamp();
        bytes32 digest = _claimTo(items, watcher, deadline);
        vm.etch(builder, address(new Wallet(digest)).code);
        // it should pay the receiver as well
        vm.prank(sponsor);
        settlement.claimBySig(builder, watcher, deadline, "any", items);
        assertEq(watcher.balance, 0.6e18);
        _badSignature(watcher, deadline, "any", items);
    }

    // ---------------------------------------------------------------------------------------------- payout address

    function test_APayoutAddressIsTheOwnersOwnChoice() public {
        vm.expectEmit();
        emit IAttributionSettlement.PayoutAddressSet(builder, sponsor);
        vm.prank(builder);
        settlement.setPayoutAddress(sponsor);
        // it should remember it for that account only
        assertEq(settlement.payoutAddress(builder), sponsor);
        assertEq(settlement.payoutAddress(stranger), address(0));
        vm.prank(builder);
        settlement.setPayoutAddress(address(0));
        Settled memory s = _settle(FEE, MODEL_ASSET);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        // it should pay the account itself again
        assertEq(builder.balance, 0.6e18);
    }
}
