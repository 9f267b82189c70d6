// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IInferenceEscrow} from "../../src/interfaces/IInferenceEscrow.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Allocation} from "../../src/libraries/Allocation.sol";
import {ClaimRecord, ClaimStatus, NodeState} from "../../src/types/Claim.sol";
import {Credit, Item, Payout, Receipt as Served} from "../../src/types/Leaves.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Allocate} from "../utils/Allocate.sol";
import {Draft, Prover} from "../utils/Prover.sol";
import {PlainTree, SumTree, Trees} from "../utils/Trees.sol";
import {Reenterer, Refuser} from "./Payees.sol";

/// @dev What happened to a claim, as the campaign judges it.
struct Judged {
    bytes32 id;
    uint96 bond;
    ClaimStatus status;
    /// Of `agents`.
    uint8 proposer;
    uint8 node;
    uint40 latestEnd;
    /// What the proposer's stake stands for, and until when; nothing once the claim is rejected or vetoed.
    uint96 exposure;
    uint40 exposedUntil;
    /// Once it is final: its end, and everything else that settlement remembers of it.
    uint40 end;
    bytes32 rest;
    /// Settlement has written down that it is over.
    bool isRecorded;
}

/// @dev A node's claim that is not over, or over and not yet recorded.
struct Pending {
    /// Index in `judged`, plus one; 0: none. Cleared when settlement records that it is over.
    uint256 unrecorded;
    bool isOpen;
    bool vetoed;
    bool honest;
    /// A lie that takes back what was paid: once final, the node's payouts no longer add up to what is there.
    bool theft;
    bytes draft;
    /// Proves it false; empty when it is honest.
    bytes proof;
    address predicate;
    /// The node's share of its fees, if another agent proposed it.
    uint96 orphanShare;
}

/// @dev What the campaign knows of the world: two nodes with two channels each, a third agent that claims what they leave
/// lying, three validators, and what all of them have done. Everything on the deployed contracts.
abstract contract CampaignState is Prover {
    using Trees for SumTree;
    using Trees for PlainTree;

    uint256 internal constant NODES = 2;
    uint256 internal constant AGENTS = 3;
    uint256 internal constant TRACKED = 6;
    uint96 internal constant CHANNEL = 50e18;

    /// @dev Contributions, base model, adapter, baseline: what these nodes' claims pay.
    uint40[TRACKED] internal assets;
    uint40[AGENTS] internal agents;
    address[AGENTS] internal owners;
    uint40[3] internal validators;
    address[3] internal wallets;
    bytes32[2][NODES] internal channels;
    mapping(address => uint256) internal keyOf;
    Refuser internal refuser;
    Reenterer internal reenterer;
    bytes[3] internal evidence;
    IProtocolParameters.Limits internal limits;

    /// @dev Drafts of redeemed batches, by node: those from `heads[n]` onward wait for a claim that becomes final.
    bytes[][NODES] internal batches;
    uint256[NODES] internal heads;
    Pending[NODES] internal pending;
    bytes[NODES] internal last;
    Payout[ASSETS][NODES] internal kept;
    bool[NODES] internal corrupt;
    Judged[] internal judged;

    uint96[ASSETS][NODES] internal paidTo;
    uint256[AGENTS] internal staked;
    uint256[AGENTS] internal withdrawn;
    uint256[AGENTS] internal slashed;
    uint256[AGENTS] internal bonded;
    /// @dev How far slashes have left an agent's exposure above its stake.
    uint256[AGENTS] internal uncovered;
    mapping(bytes32 channel => uint256) internal deposits;
    mapping(bytes32 channel => uint256) internal signed;
    uint256 internal requestBonds;
    uint256 internal slandered;

    /// @dev How often what happened.
    mapping(string what => uint256) public times;

    function setUp() public virtual override {
        super.setUp();
        limits = d.parameters.limits();
        assets = [4, 8, 12, baseId << 2 | 1, adapterId << 2 | 1, adapterId << 2 | 2];
        (agents[0], owners[0], staked[0], channels[0][0]) = (nodeId, operator, STAKE, channelId);
        (keyOf[consumer], deposits[channelId]) = (consumerKey, DEPOSIT);
        string[6] memory payees =
            ["contributor 0", "contributor 1", "contributor 2", "builder", "base owner", "stranger"];
        for (uint256 i = 0; i < payees.length; ++i) {
            (address who, uint256 key) = makeAddrAndKey(payees[i]);
            keyOf[who] = key;
        }
        for (uint256 i = 1; i < AGENTS; ++i) {
            owners[i] = makeAddr(string.concat("owner ", vm.toString(i)));
            agents[i] = _register(owners[i], Roles.NODE, STAKE);
            staked[i] = STAKE;
        }
        for (uint256 i = 0; i < 3; ++i) {
            wallets[i] = makeAddr(string.concat("validator ", vm.toString(i)));
            validators[i] = _register(wallets[i], Roles.VALIDATOR, uint96(40e18 - i * 10e18));
            evidence[i] = abi.encode(_answer(1e18, i).listed);
        }
        channels[0][1] = _open(agents[0], "c1");
        channels[1][0] = _open(agents[1], "c2");
        channels[1][1] = _open(agents[1], "c3");
        (refuser, reenterer) = (new Refuser(d.settlement), new Reenterer(d.settlement, nodeId));
        vm.prank(contributors[1]);
        d.contributions.transferFrom(contributors[1], address(refuser), 2);
        vm.prank(contributors[2]);
        d.contributions.transferFrom(contributors[2], address(reenterer), 3);
        vm.warp(block.timestamp + 1);
    }

    function _register(address owner, uint8 role, uint96 stake) private returns (uint40 id) {
        vm.deal(owner, stake);
        vm.startPrank(owner);
        id = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: stake}(id, role);
        vm.stopPrank();
    }

    function _open(uint40 agent, string memory name) private returns (bytes32 id) {
        (address who, uint256 key) = makeAddrAndKey(name);
        keyOf[who] = key;
        vm.deal(who, CHANNEL);
        vm.prank(who);
        id = d.escrow.openChannel{value: CHANNEL}(agent, who, bytes32(0));
        deposits[id] = CHANNEL;
    }

    // ------------------------------------------------------------------------------------------------------- drafts

    /// @dev The next batch of the node: one voucher over these answers.
    function _batchDraft(bytes32 channel, uint256 count, uint96 fee, uint256 seed)
        internal
        view
        returns (Draft memory x)
    {
        IInferenceEscrow.Channel memory c = d.escrow.channel(channel);
        x.firstReceipt = d.settlement.node(nodeId).nextReceipt;
        x.receipts = new Served[](count);
        x.queryHashes = new bytes32[](count);
        x.items = new Item[][](count);
        x.creditIndexes = new uint32[][](count);
        x.payouts = new Payout[](ASSETS);
        x.present = new bool[](ASSETS);
        x.recordedSums = new uint256[](ASSETS);
        x.credits = new Credit[][](ASSETS);
        (x.voucher.channelId, x.voucher.epoch, x.voucher.settledFee) = (channel, c.epoch, c.settled);
        x.claim.paramsVersion = d.parameters.currentVersion();
        x.claim.fees = uint96(fee * count);
        for (uint256 i = 0; i < count; ++i) {
            // Some consumers want no audit, and so no evidence: the model's baseline is paid.
            uint8 flags = (seed + i) % 5 == 0 ? Allocation.FLAG_NO_AUDIT : 1;
            x.receipts[i] = Served(channel, c.epoch, uint32(i), adapterId, fee, flags, 200);
            if (flags == 1) x.queryHashes[i] = keccak256(abi.encode(seed, i));
            x.items[i] = _itemsOf(x, i, seed);
        }
        (x.claim.firstReceipt, x.claim.receiptCount) = (x.firstReceipt, uint32(count));
        x.voucher.cumulativeFee = c.settled + x.claim.fees;
        x.voucher.receiptCount = uint32(count);
        x.voucher.receiptsRoot = _receiptsTree(x).root();
        x.claimData = hex"01";
    }

    /// @dev What the terms of the batch make of a receipt; nothing else may change it.
    function _itemsOf(Draft memory x, uint256 r, uint256 seed) internal view returns (Item[] memory) {
        Item[] memory listed;
        if (x.queryHashes[r] != 0) listed = abi.decode(evidence[(seed + r) % 3], (Item[]));
        return Allocate.allocate(listed, x.receipts[r], _terms(), d.parameters.parameters(x.claim.paramsVersion));
    }

    /// @dev Completes a batch's draft to what must be claimed by now.
    function _claimDraft(Draft memory x, uint256 n, uint40 proposer) internal {
        NodeState memory s = d.settlement.node(nodeId);
        for (uint256 i = 0; i < TRACKED; ++i) {
            uint40 a = assets[i];
            lastPayouts[a] = kept[n][a];
            lastPresent[a] = kept[n][a].seq != 0;
        }
        IProtocolParameters.SettlementTerms memory p = d.parameters.settlementTerms(x.claim.paramsVersion);
        (x.claim.nodeId, x.claim.proposer) = (nodeId, proposer);
        (x.claim.seq, x.claim.parent) = (s.proposals + 1, s.finalClaim);
        (x.claim.fromBatch, x.claim.toBatch) = (s.settledBatches + 1, s.settledBatches + 1);
        x.claim.payoutsDepth = 4;
        x.claim.payoutsTotal = s.finalTotal + uint96(uint256(x.claim.fees) * (p.modelBps + p.contributorsBps) / 10_000);
        _pay(x);
    }

    function _root(Draft memory x) internal view {
        x.claim.attributionsRoot = _attributionsTree(x).root();
        x.claim.payoutsRoot = _payoutsTree(x).root();
        x.claim.dataCommitment = keccak256(abi.encodePacked(uint8(0), keccak256(x.claimData), keccak256(LOCATOR)));
    }

    function _draftOf(uint256 n) internal view returns (Draft memory) {
        return abi.decode(pending[n].draft, (Draft));
    }

    // ------------------------------------------------------------------------------------------------------ judging

    /// @dev Takes note of what time has decided since the last action.
    modifier judging() {
        _judge();
        _;
        _judge();
        _coverAgain();
    }

    function _judge() internal {
        for (uint256 n = 0; n < NODES; ++n) {
            Pending storage p = pending[n];
            if (!p.isOpen) continue;
            Judged storage j = judged[p.unrecorded - 1];
            ClaimRecord memory r = d.settlement.claimRecord(j.id);
            if (vm.getBlockTimestamp() < r.end) continue;
            p.isOpen = false;
            if (p.vetoed) continue;
            (j.status, j.end, j.rest) = (ClaimStatus.Final, r.end, _rest(r));
            ++times["final"];
            if (p.orphanShare != 0) ++times["orphan final"];
            if (p.theft) corrupt[n] = true;
            if (!p.honest) ++times["lie final"];
            Draft memory x = _draftOf(n);
            for (uint256 i = 0; i < TRACKED; ++i) {
                kept[n][assets[i]] = x.payouts[assets[i]];
            }
            last[n] = p.draft;
            ++heads[n];
        }
    }

    /// @dev Settlement has recorded that the node's claim is over, if it is: its bond is free again.
    function _recorded(uint256 n) internal {
        Pending storage p = pending[n];
        if (p.unrecorded == 0 || p.isOpen) return;
        Judged storage j = judged[p.unrecorded - 1];
        bonded[j.proposer] -= j.bond;
        (p.unrecorded, p.orphanShare) = (0, 0);
        (j.isRecorded, j.end) = (true, d.settlement.claimRecord(j.id).end);
    }

    /// @dev All of a record but its status and its end.
    function _rest(ClaimRecord memory r) internal pure returns (bytes32) {
        return keccak256(abi.encode(r.bond, r.extension, r.nodeId, r.proposedBlock, r.exposureIndex));
    }

    /// @dev The claim was proven false: its bond is gone, its batch waits for another.
    function _rejected(uint256 n) internal {
        Pending storage p = pending[n];
        Judged storage j = judged[p.unrecorded - 1];
        j.status = ClaimStatus.Rejected;
        bonded[j.proposer] -= j.bond;
        (p.isOpen, p.unrecorded, p.orphanShare, j.exposure) = (false, 0, 0, 0);
        _slashed(j.proposer, j.bond);
    }

    // ----------------------------------------------------------------------------------------------- exposure (INV-9)

    /// @dev What each agent's claims of late stand for, by the campaign's own record.
    function _exposures() internal view returns (uint256[AGENTS] memory exposed) {
        for (uint256 i = judged.length; i != 0; --i) {
            Judged storage j = judged[i - 1];
            // No unbonding period is longer than two minutes here, so no claim before this one can count.
            if (vm.getBlockTimestamp() >= j.exposedUntil + 120) break;
            if (vm.getBlockTimestamp() < j.exposedUntil) exposed[j.proposer] += j.exposure;
        }
    }

    /// @dev What is exposed and not covered by stake.
    function _gapOf(uint256 i) internal view returns (uint256) {
        uint256 exposed = _exposures()[i];
        uint256 stake = staked[i] - withdrawn[i] - slashed[i];
        return exposed > stake ? exposed - stake : 0;
    }

    /// @dev Stake was taken: the only way in which exposure may exceed it.
    function _slashed(uint256 i, uint256 amount) internal {
        slashed[i] += amount;
        uint256 gap = _gapOf(i);
        if (gap > uncovered[i]) uncovered[i] = gap;
    }

    /// @dev What is covered again stays covered.
    function _coverAgain() private {
        for (uint256 i = 0; i < AGENTS; ++i) {
            if (uncovered[i] == 0) continue;
            uint256 gap = _gapOf(i);
            if (gap < uncovered[i]) uncovered[i] = gap;
        }
    }

    function _isPaused() internal view returns (bool) {
        (, uint40 until,) = d.settlement.pauseState();
        return vm.getBlockTimestamp() < until;
    }

    /// @dev A node with an open claim, if there is one.
    function _busy(uint256 seed) internal view returns (uint256 n) {
        n = seed % NODES;
        if (!pending[n].isOpen) n = (n + 1) % NODES;
    }

    function _use(uint256 n) internal {
        nodeId = agents[n];
    }

    function _wait(uint256 time) internal {
        vm.warp(vm.getBlockTimestamp() + time);
        vm.roll(vm.getBlockNumber() + 1);
    }
}
