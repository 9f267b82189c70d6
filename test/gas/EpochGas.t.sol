// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Native} from "../../src/libraries/Native.sol";
import {Attestation, Claim, ClaimPayouts, ClaimRecord, PayoutProof, SignedVoucher} from "../../src/types/Claim.sol";
import {Roles} from "../../src/types/Roles.sol";
import {SettlementTest} from "../utils/SettlementTest.sol";
import {SumTree, Trees} from "../utils/Trees.sol";

/// @dev What an epoch of twenty consumers costs a node, what its payees pay to collect, and what stake costs, in the steady
/// state and behind proxies. `npm run bench -- gas` reads what is logged here.
contract EpochGasTest is SettlementTest {
    using Trees for SumTree;

    uint256 private constant CONSUMERS = 20;
    uint32 private constant RECEIPTS = 10_000;
    uint256 private constant DEPTH = 17;
    uint256 private constant LOW = 4;
    uint256 private constant VALIDATORS = 3;
    /// @dev As long as a certificate of one blob.
    uint256 private constant CERTIFICATE = 576;

    bytes32[CONSUMERS] private channels;
    uint256[CONSUMERS] private keys;
    uint40[VALIDATORS] private validators;
    PayoutProof[3] private proofs;
    uint256 private rounds;

    function setUp() public override {
        super.setUp();
        vm.deal(Native.BURN, 1 ether);
        vm.deal(address(d.timelock), 1 ether);
        vm.deal(contributors[0], 1 ether);
        vm.deal(watcher, 1 ether);
        for (uint256 i = 0; i < CONSUMERS; ++i) {
            address account;
            (account, keys[i]) = makeAddrAndKey(string.concat("consumer ", vm.toString(i)));
            vm.deal(account, 50e18);
            vm.prank(account);
            channels[i] = d.escrow.openChannel{value: 50e18}(nodeId, account, bytes32(0));
        }
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            validators[i] = _agent(string.concat("validator ", vm.toString(i)), Roles.VALIDATOR);
        }
        // One account owns all three contributions.
        for (uint256 i = 1; i < 3; ++i) {
            vm.prank(contributors[i]);
            d.contributions.transferFrom(contributors[i], contributors[0], contributionAssets[i] >> 2);
        }
    }

    function _epochVouchers() private view returns (SignedVoucher[] memory vouchers) {
        vouchers = new SignedVoucher[](CONSUMERS);
        for (uint256 i = 0; i < CONSUMERS; ++i) {
            vouchers[i] = _voucher(channels[i], 0.123456789e18);
            vouchers[i].receiptCount = RECEIPTS / uint32(CONSUMERS);
            vouchers[i].signature = _sign(keys[i], d.escrow.voucherDigest(vouchers[i]));
        }
    }

    function _redeemEpoch() private returns (uint256) {
        SignedVoucher[] memory vouchers = _epochVouchers();
        vm.prank(operator);
        settlement.redeem(nodeId, vouchers);
        return vm.lastCallGas().gasTotalUsed;
    }

    /// @dev A claim over the last batch that pays three assets of one account, in a tree of depth 17 without an empty leaf
    /// on their paths.
    function _epochClaim() private returns (Claim memory c) {
        c = _claim(nodeId, 4).claim;
        ++rounds;
        c.payoutsDepth = uint8(DEPTH);
        bytes32[] memory leaves = new bytes32[](2 ** LOW);
        uint256[] memory sums = new uint256[](2 ** LOW);
        uint96 cumulative = c.payoutsTotal / 20;
        for (uint256 i = 0; i < 2 ** LOW; ++i) {
            leaves[i] = keccak256(abi.encode("leaf", rounds, i));
            sums[i] = cumulative;
        }
        for (uint256 i = 0; i < 3; ++i) {
            leaves[contributionAssets[i]] = keccak256(
                abi.encodePacked(
                    uint8(0x15),
                    contributionAssets[i],
                    uint32(1),
                    cumulative,
                    uint96(7e17),
                    keccak256("credits"),
                    uint8(9)
                )
            );
        }
        SumTree memory low = Trees.sum(leaves, sums, LOW);
        (bytes32 root, bytes memory above) = _above(low, c.payoutsTotal);
        c.payoutsRoot = root;
        for (uint256 i = 0; i < 3; ++i) {
            uint40 asset = contributionAssets[i];
            bytes memory path = low.proof(asset, 0);
            bytes memory siblings = new bytes(path.length - 5);
            for (uint256 k = 0; k < siblings.length; ++k) {
                siblings[k] = path[k + 5];
            }
            proofs[i] = PayoutProof(
                nodeId,
                asset,
                1,
                cumulative,
                7e17,
                keccak256("credits"),
                9,
                abi.encodePacked(uint40((1 << DEPTH) - 1), siblings, above)
            );
        }
    }

    /// @dev Random siblings above the lowest sixteen leaves; the last one has what is missing.
    function _above(SumTree memory low, uint256 total) private view returns (bytes32 root, bytes memory path) {
        root = low.root();
        uint256 sum = low.total();
        uint256 part = (total - sum) / DEPTH;
        for (uint256 h = LOW; h < DEPTH; ++h) {
            bytes32 sibling = keccak256(abi.encode("above", rounds, h));
            uint256 siblingSum = h == DEPTH - 1 ? total - sum : part;
            path = abi.encodePacked(path, sibling, uint96(siblingSum));
            root = Trees.sumNode(root, sum, sibling, siblingSum);
            sum += siblingSum;
        }
    }

    /// @dev Redeems and proposes with the data elsewhere, and lets the claim become final.
    function _settleEpoch(uint8 scheme) private returns (Claim memory c, uint256 proposing) {
        _redeemEpoch();
        c = _epochClaim();
        bytes memory locator = LOCATOR;
        if (scheme == 1) locator = _certificate();
        c.dataCommitment = keccak256(abi.encodePacked(scheme, keccak256(DATA), keccak256(locator)));
        Attestation[] memory attestations;
        if (scheme == 2) attestations = _attestations(c);
        vm.prank(operator);
        settlement.proposeClaimElsewhere(c, scheme, keccak256(DATA), locator, attestations);
        proposing = vm.lastCallGas().gasTotalUsed;
        _skip(window);
    }

    function _certificate() private pure returns (bytes memory certificate) {
        for (uint256 i = 0; i < CERTIFICATE; i += 32) {
            certificate = abi.encodePacked(certificate, keccak256(abi.encode("certificate", i)));
        }
    }

    function _attestations(Claim memory c) private returns (Attestation[] memory all) {
        bytes32 digest = _digest(keccak256(abi.encode(keccak256("DataHeld(bytes32 claimId)"), settlement.claimIdOf(c))));
        all = new Attestation[](VALIDATORS);
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            (, uint256 key) = makeAddrAndKey(string.concat("validator ", vm.toString(i)));
            all[i] = Attestation(validators[i], _sign(key, digest));
        }
    }

    function _collect(Claim memory c, uint256 count) private returns (uint256) {
        ClaimPayouts[] memory items = new ClaimPayouts[](1);
        items[0].finalClaim = c;
        items[0].payouts = new PayoutProof[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[0].payouts[i] = proofs[i];
        }
        vm.prank(contributors[0]);
        settlement.claimMany(contributors[0], items);
        return vm.lastCallGas().gasTotalUsed;
    }

    function test_RedeemAnEpoch() public {
        _settleEpoch(1);
        emit log_named_uint("redeem, 10,000 receipts of 20 consumers", _redeemEpoch());
    }

    function test_ProposeWithTheDataElsewhere() public {
        _settleEpoch(1);
        (, uint256 blob) = _settleEpoch(1);
        emit log_named_uint("proposeClaimElsewhere, certificate", blob);
        IProtocolParameters.Parameters memory p = d.parameters.parameters(d.parameters.currentVersion());
        p.attestations = uint8(VALIDATORS);
        vm.prank(address(d.timelock));
        d.parameters.update(p);
        _settleEpoch(2);
        (, uint256 attested) = _settleEpoch(2);
        emit log_named_uint("proposeClaimElsewhere, three validators", attested);
    }

    function test_ClaimMany() public {
        (Claim memory c,) = _settleEpoch(1);
        emit log_named_uint("claimMany, 3 contributions, first", _collect(c, 3));
        (c,) = _settleEpoch(1);
        uint256 one = _collect(c, 1);
        emit log_named_uint("claimMany, 1 contribution", one);
        _collect(c, 3);
        (c,) = _settleEpoch(1);
        uint256 three = _collect(c, 3);
        emit log_named_uint("claimMany, 3 contributions", three);
        emit log_named_uint("claimMany, each further contribution", (three - one) / 2);
    }

    function test_Stake() public {
        vm.deal(operator, 20e18);
        vm.prank(operator);
        d.staking.stake{value: 1e18}(nodeId, Roles.NODE);
        emit log_named_uint("stake, next", vm.lastCallGas().gasTotalUsed);
        address newcomer = makeAddr("newcomer");
        vm.deal(newcomer, 2_000e18);
        vm.prank(newcomer);
        uint40 id = uint40(d.agents.register(STORE_URI));
        vm.prank(newcomer);
        d.staking.stake{value: STAKE}(id, Roles.NODE);
        emit log_named_uint("stake, first", vm.lastCallGas().gasTotalUsed);
        vm.prank(operator);
        d.staking.requestUnbond(nodeId, Roles.NODE, 1e18);
        emit log_named_uint("requestUnbond", vm.lastCallGas().gasTotalUsed);
    }

    /// @dev Taking the bond of an open claim: what a fraud proof does once its predicate has said yes.
    function test_Slash() public {
        _settleEpoch(1);
        _redeemEpoch();
        Claim memory c = _epochClaim();
        bytes memory locator = LOCATOR;
        c.dataCommitment = keccak256(abi.encodePacked(uint8(1), keccak256(DATA), keccak256(locator)));
        vm.prank(operator);
        settlement.proposeClaimElsewhere(c, 1, keccak256(DATA), locator, new Attestation[](0));
        ClaimRecord memory r = settlement.claimRecord(settlement.claimIdOf(c));
        vm.prank(address(settlement));
        d.staking.slash(nodeId, r.bond, r.bond / 2, watcher, r.exposureIndex);
        emit log_named_uint("slash", vm.lastCallGas().gasTotalUsed);
    }
}
