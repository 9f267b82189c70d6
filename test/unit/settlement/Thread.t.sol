// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ClaimRecord, ClaimStatus, NodeState} from "../../../src/types/Claim.sol";
import {Roles} from "../../../src/types/Roles.sol";
import {Answer, Draft, Prover} from "../../utils/Prover.sol";
import {SumTree, Trees} from "../../utils/Trees.sol";

/// @notice The money of one claim, from the consumer's deposit to everybody's pocket, on the deployed contracts.
contract ThreadTest is Prover {
    using Trees for SumTree;

    address private constant BURN = 0x000000000000000000000000000000000000dEaD;

    function _two() private view returns (Answer[] memory answers) {
        answers = new Answer[](2);
        answers[0] = _answer(1e18, 0);
        answers[1] = _answer(0.000000007e18, 1);
    }

    function test_EveryWeiOfAClaimGoesWhereItsItemsSay() public {
        Draft memory x = _draft(_two());
        _seal(x);
        bytes32 claimId = _submit(x);
        uint256 fees = 1e18 + 0.000000007e18;
        assertEq(address(d.settlement).balance, fees);
        assertEq(uint8(d.settlement.claimRecord(claimId).status), uint8(ClaimStatus.Proposed));
        _finalize(x);
        assertEq(uint8(d.settlement.claimRecord(claimId).status), uint8(ClaimStatus.Final));

        uint256 toOwners;
        for (uint40 a = 0; a < ASSETS; ++a) {
            if (!x.present[a]) continue;
            d.settlement.claim(_payoutProof(x, a), x.claim);
            assertEq(d.settlement.paid(nodeId, a), x.payouts[a].cumulative);
            toOwners += x.payouts[a].cumulative;
        }
        assertEq(toOwners, fees * 6 / 10, "owners' share");
        assertEq(builder.balance, x.payouts[9].cumulative, "model");
        assertEq(baseOwner.balance, x.payouts[5].cumulative, "royalty");
        assertEq(baseOwner.balance, fees * 2 / 100, "a tenth of the model's fifth");
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(contributors[i].balance, x.payouts[contributionAssets[i]].cumulative, "contributor");
        }

        d.settlement.flush(nodeId);
        assertEq(operator.balance, fees / 5, "node");
        d.settlement.flush();
        assertEq(BURN.balance, fees / 20, "burned");
        assertEq(address(d.timelock).balance, fees / 20, "treasury");
        assertEq(address(d.rewards).balance, fees / 10, "stakers");
        assertEq(address(d.settlement).balance, 0, "nothing is left");
    }

    function test_TheNextClaimBuildsOnTheFirst() public {
        Draft memory first = _draft(_two());
        _seal(first);
        _submit(first);
        _finalize(first);
        d.settlement.claim(_payoutProof(first, 9), first.claim);
        uint256 before = builder.balance;

        Draft memory next = _draft(_two());
        assertEq(next.claim.parent, d.settlement.claimIdOf(first.claim));
        assertEq(next.claim.firstReceipt, 2);
        _seal(next);
        _submit(next);
        _finalize(next);
        d.settlement.claim(_payoutProof(next, 9), next.claim);
        assertEq(builder.balance, before * 2);
        // Nobody claimed the royalty of the first claim; the second pays both.
        d.settlement.claim(_payoutProof(next, 5), next.claim);
        assertEq(baseOwner.balance, (1e18 + 7e9) * 4 / 100);
    }

    function test_NoAuditAnswersPayByTheBaselineAndContributorsTakeIt() public {
        Answer[] memory answers = new Answer[](1);
        answers[0].fee = 1e18;
        answers[0].flags = 2;
        answers[0].outputLength = 100;
        Draft memory x = _draft(answers);
        _seal(x);
        _submit(x);
        _finalize(x);
        d.settlement.claim(_payoutProof(x, 10), x.claim);
        assertEq(d.vault.received(adapterId), 0.4e18);
        SumTree memory t = baseline();
        for (uint256 i = 0; i < 3; ++i) {
            uint40 asset = contributionAssets[i];
            d.vault.take(adapterId, asset, parts[i], t.proof(asset, 0));
            assertEq(contributors[i].balance, uint256(0.4e18) * parts[i] / 1e9);
        }
        assertEq(address(d.vault).balance, 0);
    }

    function test_StakeAndNodeShareStayUntilTheWindowEnds() public {
        Draft memory x = _draft(_two());
        _seal(x);
        bytes32 claimId = _submit(x);
        ClaimRecord memory record = d.settlement.claimRecord(claimId);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE - record.bond);
        assertEq(d.staking.exposureOf(nodeId), x.claim.payoutsTotal);
        d.settlement.flush(nodeId);
        assertEq(operator.balance, 0);
        NodeState memory n = d.settlement.node(nodeId);
        assertEq(n.unattributed, uint256(x.claim.fees) * 8 / 10);

        _finalize(x);
        assertEq(d.settlement.node(nodeId).nodeShare, x.claim.fees / 5);
        d.settlement.finalize(nodeId);
        assertEq(d.staking.freeStakeOf(nodeId, Roles.NODE), STAKE);
        assertEq(d.settlement.node(nodeId).unattributed, 0);
    }
}
