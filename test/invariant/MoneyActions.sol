// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAgentStaking} from "../../src/interfaces/IAgentStaking.sol";
import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";
import {IInferenceEscrow} from "../../src/interfaces/IInferenceEscrow.sol";
import {IPredicate} from "../../src/interfaces/IPredicate.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Assets} from "../../src/libraries/Assets.sol";
import {NodeLedger} from "../../src/libraries/NodeLedger.sol";
import {ClaimPayouts, PayoutProof} from "../../src/types/Claim.sol";
import {ContributionStatus} from "../../src/types/Contribution.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Draft} from "../utils/Prover.sol";
import {SumTree, Trees} from "../utils/Trees.sol";
import {ClaimActions} from "./ClaimActions.sol";

/// @dev Payouts, stakes, deposits, and what votes and owners change under open claims.
abstract contract MoneyActions is ClaimActions {
    using Trees for SumTree;

    bytes32 private constant CLAIM_TO =
        keccak256("ClaimTo(address account,address to,bytes32 itemsHash,uint256 nonce,uint256 deadline)");

    /// @dev Gets what owners let others claim for them.
    address internal heir = makeAddr("heir");

    // ------------------------------------------------------------------------------------------------------ payouts

    /// @notice Somebody claims an asset of the last final claim for its owner.
    function payout(uint256 seed) public judging {
        uint256 n = seed % NODES;
        if (last[n].length == 0) return;
        _use(n);
        _payout(abi.decode(last[n], (Draft)), n, assets[seed / 2 % TRACKED], seed / 16 % 4);
    }

    /// @dev By whom: anybody with `claim` (0, 3), `claimMany` (1), or the owner's signature (2).
    function _payout(Draft memory x, uint256 n, uint40 a, uint256 way) internal {
        if (!x.present[a] || x.payouts[a].cumulative <= paidTo[n][a]) return;
        uint96 amount = x.payouts[a].cumulative - paidTo[n][a];
        PayoutProof memory proof = _payoutProof(x, a);
        uint8 kind = Assets.kindOf(a);
        address owner = kind == Assets.CONTRIBUTION ? d.contributions.ownerOf(a >> 2) : address(0);
        if (kind == Assets.MODEL) owner = d.models.ownerOf(a >> 2);
        bytes4 refusal;
        if (_isPaused()) {
            refusal = bytes4(keccak256("AttributionSettlement_Paused(uint40)"));
        } else if (amount > x.claim.payoutsTotal - d.settlement.node(nodeId).paid) {
            // INV-2: what one lie has paid twice is not paid from others' money
            assertTrue(corrupt[n], "INV-2: an honest payout does not fit");
            refusal = NodeLedger.NodeLedger_Overpaid.selector;
        }
        ClaimPayouts[] memory items = new ClaimPayouts[](1);
        items[0].finalClaim = x.claim;
        items[0].payouts = new PayoutProof[](1);
        items[0].payouts[0] = proof;
        if (way == 2 && keyOf[owner] != 0) {
            if (!_payBySig(owner, a, amount, items, refusal)) return;
        } else {
            if (refusal != 0) vm.expectPartialRevert(refusal);
            if (way == 1 && kind == Assets.CONTRIBUTION) d.settlement.claimMany(owner, items);
            else d.settlement.claim(proof, x.claim);
        }
        ++times[refusal == 0 ? "paid" : corrupt[n] ? "overpaid" : "paused payout"];
        if (refusal != 0) return;
        paidTo[n][a] = x.payouts[a].cumulative;
    }

    /// @dev The owner signs that another address gets it; a sponsor sends it in. Nobody else's signature does, nor this one
    /// a second time.
    function _payBySig(address owner, uint40 a, uint96 amount, ClaimPayouts[] memory items, bytes4 refusal)
        private
        returns (bool)
    {
        if (Assets.kindOf(a) == Assets.CONTRIBUTION) {
            (, uint16 withheldBps) = d.contributions.payeeOf(a >> 2);
            amount -= uint96(uint256(amount) * withheldBps / 10_000);
        }
        bytes32 digest = _claimToDigest(owner, items);
        uint256 deadline = type(uint256).max;
        bytes memory signature = _sign(operatorKey, digest);
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_BadSignature.selector);
        d.settlement.claimBySig(owner, heir, deadline, signature, items);
        signature = _sign(keyOf[owner], digest);
        bool withheld = refusal == 0 && amount == 0;
        if (withheld) refusal = IAttributionSettlement.AttributionSettlement_NothingPayable.selector;
        if (refusal != 0) vm.expectPartialRevert(refusal);
        uint256 before = heir.balance;
        d.settlement.claimBySig(owner, heir, deadline, signature, items);
        if (refusal != 0) return !withheld;
        assertEq(heir.balance - before, amount, "INV-3: paid by signature");
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_BadSignature.selector);
        d.settlement.claimBySig(owner, heir, deadline, signature, items);
        ++times["paid by signature"];
        return true;
    }

    function _claimToDigest(address owner, ClaimPayouts[] memory items) private view returns (bytes32) {
        bytes memory encoded = abi.encode(items);
        bytes32 itemsHash;
        // Without the first word.
        assembly ("memory-safe") {
            itemsHash := keccak256(add(encoded, 64), sub(mload(encoded), 32))
        }
        bytes32 structHash =
            keccak256(abi.encode(CLAIM_TO, owner, heir, itemsHash, d.settlement.nonces(owner), type(uint256).max));
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 separator = keccak256(
            abi.encode(typehash, keccak256("OpenLedger"), keccak256("1"), block.chainid, address(d.settlement))
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    /// @notice Anybody sends on what settlement holds for others.
    function flush(uint256 seed) public judging {
        uint256 kind = seed % 8;
        if (kind < AGENTS) {
            d.settlement.flush(agents[kind]);
            if (kind < NODES) _recorded(kind);
        } else if (kind == 3) {
            d.settlement.flush();
        } else if (kind == 4) {
            d.settlement.finalize(agents[seed / 8 % NODES]);
            _recorded(seed / 8 % NODES);
        } else if (d.settlement.owed(address(reenterer)) != 0) {
            d.settlement.withdrawOwed(address(reenterer));
        } else if (d.vault.withheld() != 0) {
            d.vault.flush();
        } else {
            _take(seed / 8 % 3);
        }
    }

    function _take(uint256 i) private {
        uint40 a = contributionAssets[i];
        (address owner, uint16 withheldBps) = d.contributions.payeeOf(a >> 2);
        uint256 share = uint256(d.vault.received(adapterId)) * parts[i] / 1e9;
        if (share == d.vault.taken(adapterId, a) || (owner == address(refuser) && withheldBps < 10_000)) return;
        // The vault does not keep it from entering settlement.
        if (owner == address(reenterer)) return;
        bytes memory proof = _baselineProof(a);
        vm.prank(owner);
        d.vault.take(adapterId, a, parts[i], proof);
        ++times["baseline taken"];
    }

    function _baselineProof(uint40 a) private view returns (bytes memory) {
        return baseline().proof(a, 0);
    }

    // ------------------------------------------------------------------------------------------------------- stakes

    /// @notice Stake comes and goes.
    function stake(uint256 seed, uint96 amount) public judging {
        uint256 i = seed % AGENTS;
        if (seed / 4 % 4 == 0) return _stake(i, uint96(_bound(amount, 1, 10e18)));
        IAgentStaking.StakeState memory s = d.staking.stakeState(agents[i], Roles.NODE);
        if (s.unbonding != 0 && vm.getBlockTimestamp() >= s.unbondAt) return _withdraw(i, s);
        uint96 free = d.staking.freeStakeOf(agents[i], Roles.NODE);
        if (free < 2 || seed / 4 % 2 == 0) return;
        // A vanishing node takes all it can.
        amount = seed / 8 % 4 == 0 ? free : uint96(_bound(amount, 1, free));
        if (s.freezes != 0) vm.expectPartialRevert(IAgentStaking.AgentStaking_Frozen.selector);
        vm.prank(owners[i]);
        d.staking.requestUnbond(agents[i], Roles.NODE, amount);
        ++times[s.freezes == 0 ? "unbonding" : "frozen"];
    }

    function _withdraw(uint256 i, IAgentStaking.StakeState memory s) private {
        bool uncovers = s.stake - s.unbonding < d.staking.exposureOf(agents[i]);
        // INV-9: what cases and open windows rest on does not leave
        if (s.freezes != 0) vm.expectPartialRevert(IAgentStaking.AgentStaking_Frozen.selector);
        else if (uncovers) vm.expectPartialRevert(IAgentStaking.AgentStaking_ExposureExceedsStake.selector);
        d.staking.withdraw(agents[i], Roles.NODE);
        if (s.freezes != 0 || uncovers) return;
        withdrawn[i] += s.unbonding;
        ++times["withdrawn"];
    }

    // ----------------------------------------------------------------------------------------------------- deposits

    /// @notice Consumers add to their channels, leave them, or change the key that spends.
    function channel(uint256 seed, uint96 amount) public judging {
        bytes32 id = channels[seed % NODES][seed / 2 % 2];
        IInferenceEscrow.Channel memory c = d.escrow.channel(id);
        uint256 kind = seed / 4 % 4;
        if (kind == 0) return _topUp(id, c.consumer, uint96(_bound(amount, 1, CHANNEL)));
        vm.startPrank(c.consumer);
        if (kind == 1) {
            address next = vm.addr(uint256(keccak256(abi.encode(id, c.keyNonce))));
            keyOf[next] = uint256(keccak256(abi.encode(id, c.keyNonce)));
            d.escrow.setSigner(id, next);
            ++times["key changed"];
        } else if (c.exitAt != 0 && vm.getBlockTimestamp() >= c.exitAt) {
            uint96 left = c.deposit - c.settled;
            d.escrow.withdraw(id);
            deposits[id] -= c.exitAmount < left ? c.exitAmount : left;
            ++times["channel withdrawn"];
        } else if (c.deposit != c.settled) {
            if (kind == 2) d.escrow.requestExit(id);
            else d.escrow.requestWithdraw(id, uint96(_bound(amount, 1, c.deposit - c.settled)));
        }
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------- votes, registries, owners (INV-7)

    /// @dev What is changed under an open claim must not change whether it is true.
    modifier leavesClaimsAlone() {
        uint256[NODES] memory before = [_verdictsOf(0), _verdictsOf(1)];
        _;
        for (uint256 n = 0; n < NODES; ++n) {
            assertEq(before[n], _verdictsOf(n), "INV-7: what the claim must contain");
        }
    }

    /// @dev What predicates say of the open claim: of the amounts of each receipt, of the credit of each of its items, and of
    /// what each asset inherits.
    function _verdictsOf(uint256 n) private view returns (uint256 verdicts) {
        if (!pending[n].isOpen) return 0;
        Draft memory x = _draftOf(n);
        for (uint256 r = 0; r < x.receipts.length; ++r) {
            verdicts = verdicts << 1 | _bit(d.allocation.isFraud(x.claim, _allocationWitness(x, r)));
            for (uint8 k = 0; k < x.items[r].length; ++k) {
                if (x.items[r][k].amount == 0) continue;
                verdicts = verdicts << 1 | _bit(d.credit.isFraud(x.claim, _itemWitness(x, r, k)));
            }
        }
        for (uint256 i = 0; i < TRACKED; ++i) {
            verdicts = verdicts << 1 | _bit(d.transition.isFraud(x.claim, _inheritance(x, n, assets[i])));
        }
        if (pending[n].honest) {
            assertEq(verdicts, 0, "INV-7: an honest claim became false");
        } else {
            bool isFalse = IPredicate(pending[n].predicate).isFraud(x.claim, pending[n].proof);
            assertTrue(isFalse, "INV-7: a lie became true");
        }
    }

    function _bit(bool value) private pure returns (uint256) {
        return value ? 1 : 0;
    }

    /// @notice A vote appends parameters.
    function govern(uint256 seed) public judging leavesClaimsAlone {
        IProtocolParameters.Parameters memory p = d.parameters.parameters(d.parameters.currentVersion());
        p.challengeWindow = uint32(10 + seed % 30);
        p.unbondingPeriod = p.challengeWindow + 30 + uint32(seed / 32 % 30);
        p.contributorsBps = uint16(3_000 + seed / 1_024 % 2_000);
        p.nodeBps = 6_000 - p.contributorsBps;
        p.slashRewardBps = uint16(1 + seed / 2_048 % 5_000);
        p.tauBasePpm = uint32(10_000 + seed / 4_096 % 100_000);
        p.mixInfluenceBps = uint16(seed / 8_192 % 8_500);
        p.mixSpanBps = 8_500 - p.mixInfluenceBps;
        vm.prank(address(d.timelock));
        d.parameters.update(p);
        ++times["voted"];
    }

    /// @notice Contributions change hands, are tombstoned, or their contributors penalised.
    function own(uint256 seed) public judging leavesClaimsAlone {
        uint40 id = uint40(1 + seed % 3);
        uint256 kind = seed / 4 % 4;
        if (kind == 0) {
            ContributionStatus next = seed / 16 % 2 == 0 ? ContributionStatus.Tombstoned : ContributionStatus.Accepted;
            vm.prank(address(d.datanets));
            d.contributions.setStatus(id, next);
            ++times["tombstoned"];
        } else if (kind == 1) {
            vm.prank(address(d.hygiene));
            d.contributions.setPenalty(contributors[id - 1], 20, uint16(seed / 16 % 10_001));
            ++times["penalised"];
        } else {
            address[4] memory buyers = [contributors[0], stranger, address(refuser), address(reenterer)];
            address from = d.contributions.ownerOf(id);
            vm.prank(from);
            d.contributions.transferFrom(from, buyers[seed / 16 % 4], id);
            ++times["transferred"];
        }
    }
}
