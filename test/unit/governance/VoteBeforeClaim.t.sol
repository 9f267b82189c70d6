// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../../src/interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";
import {ClaimStatus, SignedVoucher} from "../../../src/types/Claim.sol";
import {FraudTest} from "../../utils/FraudTest.sol";
import {Draft} from "../../utils/Prover.sol";

/// @dev A vote is executed just before a node proposes its claim.
contract VoteBeforeClaimTest is FraudTest {
    function _vouchers(Draft memory x) private pure returns (SignedVoucher[] memory vouchers) {
        vouchers = new SignedVoucher[](1);
        vouchers[0] = x.voucher;
    }

    /// @dev Contributors would get a quarter of what they got, and a threshold would leave almost nobody.
    function _execute() private {
        IProtocolParameters.Parameters memory p = d.parameters.parameters(1);
        (p.contributorsBps, p.nodeBps) = (2_000, 4_000);
        (p.tauBasePpm, p.tauMinPpm, p.tauMaxPpm) = (500_000, 500_000, 500_000);
        p.challengeWindow = 20;
        vm.prank(address(d.timelock));
        d.parameters.update(p);
    }

    function test_ABatchRedeemedBeforeTheVoteIsSettledByTheTermsOfItsDay() public {
        Draft memory x = _honest();
        vm.prank(operator);
        d.settlement.redeem(nodeId, _vouchers(x));
        _execute();
        assertEq(d.parameters.currentVersion(), 2);
        vm.prank(operator);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
        bytes32 claimId = d.settlement.claimIdOf(x.claim);
        assertEq(uint8(d.settlement.claimRecord(claimId).status), uint8(ClaimStatus.Proposed));
        // The window is that of its version too, and the allocation of version 1 is no fraud.
        assertEq(d.settlement.claimRecord(claimId).end, block.timestamp + d.parameters.parameters(1).challengeWindow);
        _assertNotFraud(x, address(d.allocation), _allocationWitness(x, 0));
    }

    function test_AVoteBetweenSigningAndSendingFailsTheWholeCallAndLosesNothing() public {
        Draft memory x = _honest();
        _execute();
        vm.expectRevert(
            abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_WrongParamsVersion.selector, 2, 1)
        );
        vm.prank(operator);
        d.settlement.redeemAndPropose(nodeId, _vouchers(x), x.claim, x.claimData, LOCATOR);
        assertEq(d.escrow.channel(channelId).settled, 0);
        vm.prank(operator);
        d.settlement.redeem(nodeId, _vouchers(x));
        assertEq(d.settlement.batch(nodeId, 1).paramsVersion, 2);
    }

    function test_RevertWhen_AClaimNamesTheNewVersionForAnOldBatch() public {
        Draft memory x = _honest();
        vm.prank(operator);
        d.settlement.redeem(nodeId, _vouchers(x));
        _execute();
        x.claim.paramsVersion = 2;
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_WrongParamsVersion.selector);
        vm.prank(operator);
        d.settlement.proposeClaim(x.claim, x.claimData, LOCATOR);
    }
}
