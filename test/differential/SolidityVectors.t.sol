// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Allocation} from "../../src/libraries/Allocation.sol";
import {ClaimLib} from "../../src/libraries/ClaimLib.sol";
import {SketchDot} from "../../src/libraries/SketchDot.sol";
import {Leaves} from "../../src/libraries/Leaves.sol";
import {MerkleSum} from "../../src/libraries/MerkleSum.sol";
import {PositionalMerkle} from "../../src/libraries/PositionalMerkle.sol";
import {Claim, PayoutProof, SignedVoucher} from "../../src/types/Claim.sol";
import {Receipt as Served} from "../../src/types/Leaves.sol";
import {RandomAttributions} from "./RandomAttributions.sol";

/// @notice The golden vectors the other way round: what the libraries compute of random input is in
/// `vectors/solidity.json`, and ts/sdk and the naive implementation must compute the same (`ts/sdk/test/solidity.test.ts`).
/// This test fails when the file is not what the libraries say. To write it anew:
/// OPENLEDGER_VECTORS=write forge test --match-contract SolidityVectorsTest
contract SolidityVectorsTest is Test, RandomAttributions {
    string private constant FILE = "test/differential/vectors/solidity.json";
    uint256 private constant CASES = 32;
    uint256 private constant ATTRIBUTIONS = 96;
    uint256 private constant CHAIN_ID = 31_337;

    bytes[] private cases;

    function setUp() public {
        vm.chainId(CHAIN_ID);
    }

    function test_TheVectorsAreWhatTheLibrariesCompute() public {
        vm.pauseGasMetering(); // it needs more than one transaction can have
        if (_writes()) {
            vm.writeFile(FILE, string.concat('{\n"version": 1,\n"chainId": ', vm.toString(CHAIN_ID), "\n"));
        }
        _plainRoots();
        _plainClimbs();
        _sumClimbs();
        _receipts();
        _vouchers();
        _attributions();
        _leaves();
        _products();
        _claims();
        _commitments();
        _allocations();
        if (_writes()) vm.writeLine(FILE, "}");
    }

    // ------------------------------------------------------------------------------------------------------ sections

    function _plainRoots() private {
        for (uint256 n = 1; n <= CASES; ++n) {
            bytes32[] memory leaves = new bytes32[](n);
            bytes32[] memory same = new bytes32[](n);
            for (uint256 i = 0; i < n; ++i) {
                same[i] = leaves[i] = _word();
            }
            cases.push(abi.encode(leaves, PositionalMerkle.rootOf(same)));
        }
        _end("plainRoots", "bytes32[] leaves, bytes32 root");
    }

    /// @dev A root of 0: the proof is not well formed.
    function _plainClimbs() private {
        for (uint256 i = 0; i < CASES; ++i) {
            (uint40 index, uint8 depth, bytes memory proof) = _proof(32);
            bytes32 leaf = _word();
            cases.push(abi.encode(leaf, index, depth, proof, this.plainClimb(leaf, index, depth, proof)));
        }
        _end("plainClimbs", "bytes32 leaf, uint40 index, uint8 depth, bytes proof, bytes32 root");
    }

    function _sumClimbs() private {
        for (uint256 i = 0; i < CASES; ++i) {
            (uint40 index, uint8 depth, bytes memory proof) = _proof(44);
            bytes32 leaf = _word();
            uint96 sum = uint96(_below(1 << 90));
            (bytes32 root, uint256 total) = this.sumClimb(leaf, sum, index, depth, proof);
            cases.push(abi.encode(leaf, sum, index, depth, proof, root, total));
        }
        _end(
            "sumClimbs", "bytes32 leaf, uint96 sum, uint40 index, uint8 depth, bytes proof, bytes32 root, uint96 total"
        );
    }

    function _receipts() private {
        for (uint256 i = 0; i < CASES; ++i) {
            bytes memory preimage = _bytes(Leaves.RECEIPT_LENGTH);
            cases.push(abi.encode(preimage, this.hashOf(Leaves.TAG_RECEIPT, preimage), this.decodeReceipt(preimage)));
        }
        _end(
            "receipts",
            "bytes preimage, bytes32 hash, (bytes32 channelId, uint32 epoch, uint32 position, uint40 modelId, uint96 fee, uint8 flags, uint32 outputLength) receipt"
        );
    }

    function _vouchers() private {
        for (uint256 i = 0; i < CASES; ++i) {
            SignedVoucher memory v;
            (v.channelId, v.receiptsRoot) = (_word(), _word());
            (v.epoch, v.receiptCount) = (uint32(_next()), uint32(_next()));
            (uint96 fee, uint40 first) = (uint96(_next()), uint40(_next()));
            bytes32 leaf = this.hashVoucher(v, fee, first);
            cases.push(abi.encode(v.channelId, v.epoch, v.receiptsRoot, v.receiptCount, fee, first, leaf));
        }
        _end(
            "vouchers",
            "bytes32 channelId, uint32 epoch, bytes32 receiptsRoot, uint32 receiptCount, uint96 fee, uint40 firstReceipt, bytes32 leaf"
        );
    }

    function _attributions() private {
        for (uint256 i = 0; i < CASES; ++i) {
            uint256 items = _below(17);
            bytes memory preimage = _bytes(Leaves.HEADER_LENGTH + items * Leaves.ITEM_LENGTH);
            for (uint256 k = 0; k < items; ++k) {
                // Kinds there are, and scores of 63 bits.
                preimage[Leaves.HEADER_LENGTH + k * Leaves.ITEM_LENGTH + 5] = bytes1(uint8(_below(7)));
                preimage[Leaves.HEADER_LENGTH + k * Leaves.ITEM_LENGTH + 6] &= 0x7f;
            }
            bytes memory creditIndexes = _bytes(4 * items);
            (bytes32 hash, bytes32 leaf, bytes32 evidence) = this.hashAttribution(preimage, creditIndexes);
            cases.push(abi.encode(preimage, creditIndexes, hash, leaf, evidence));
        }
        _end("attributions", "bytes preimage, bytes creditIndexes, bytes32 hash, bytes32 leaf, bytes32 evidence");
    }

    function _leaves() private {
        for (uint256 i = 0; i < CASES; ++i) {
            (uint40 number, uint8 item, uint96 amount) = (uint40(_next()), uint8(_next()), uint96(_next()));
            cases.push(abi.encode(number, item, amount, Leaves.hashCredit(number, item, amount)));
        }
        _end("credits", "uint40 receiptNumber, uint8 item, uint96 amount, bytes32 leaf");
        for (uint256 i = 0; i < CASES; ++i) {
            PayoutProof memory p;
            (p.asset, p.seq, p.cumulative) = (uint40(_next()), uint32(_next()), uint96(_next()));
            (p.delta, p.creditsHash, p.creditsDepth) = (uint96(_next()), _word(), uint8(_next()));
            bytes32 leaf = this.hashPayout(p);
            cases.push(abi.encode(p.asset, p.seq, p.cumulative, p.delta, p.creditsHash, p.creditsDepth, leaf));
        }
        _end(
            "payouts",
            "uint40 asset, uint32 seq, uint96 cumulative, uint96 delta, bytes32 creditsHash, uint8 creditsDepth, bytes32 leaf"
        );
        for (uint256 i = 0; i < CASES; ++i) {
            (uint40 asset, uint32 parts) = (uint40(_next()), uint32(_next()));
            cases.push(abi.encode(asset, parts, Leaves.hashBaseline(asset, parts)));
        }
        _end("baselines", "uint40 asset, uint32 parts, bytes32 leaf");
    }

    function _products() private {
        for (uint256 i = 0; i < CASES; ++i) {
            (bytes memory a, bytes memory q) = (_bytes(256), _bytes(512));
            cases.push(abi.encode(a, q, this.product(a, q)));
        }
        _end("products", "bytes a, bytes q, int256 product");
    }

    function _claims() private {
        for (uint256 i = 0; i < CASES; ++i) {
            Claim memory c;
            (c.nodeId, c.seq, c.parent) = (uint40(_next()), uint32(_next()), _word());
            (c.fromBatch, c.toBatch, c.firstReceipt) = (uint32(_next()), uint32(_next()), uint40(_next()));
            (c.receiptCount, c.fees, c.payoutsRoot) = (uint32(_next()), uint96(_next()), _word());
            (c.payoutsTotal, c.payoutsDepth) = (uint96(_next()), uint8(_next()));
            (c.attributionsRoot, c.dataCommitment) = (_word(), _word());
            (c.paramsVersion, c.proposer) = (uint32(_next()), uint40(_next()));
            address settlement = address(uint160(_next()));
            cases.push(abi.encode(settlement, c, this.claimId(c, ClaimLib.domain(settlement))));
        }
        _end(
            "claims",
            "address settlement, (uint40 nodeId, uint32 seq, bytes32 parent, uint32 fromBatch, uint32 toBatch, uint40 firstReceipt, uint32 receiptCount, uint96 fees, bytes32 payoutsRoot, uint96 payoutsTotal, uint8 payoutsDepth, bytes32 attributionsRoot, bytes32 dataCommitment, uint32 paramsVersion, uint40 proposer) claim, bytes32 claimId"
        );
    }

    function _commitments() private {
        for (uint256 i = 0; i < CASES; ++i) {
            (bytes memory data, bytes memory locator) = (_bytes(_below(70)), _bytes(_below(40)));
            uint8 scheme = uint8(_below(3));
            cases.push(abi.encode(scheme, data, locator, this.commitment(scheme, keccak256(data), locator)));
        }
        _end("commitments", "uint8 scheme, bytes claimData, bytes locator, bytes32 commitment");
    }

    /// @dev Honest attributions and such that differ in one thing, and what the chain says of them.
    function _allocations() private {
        uint256 honest;
        for (uint256 i = 0; i < ATTRIBUTIONS; ++i) {
            Sample memory s = _sample(i % 8);
            (bytes memory attribution, bytes memory indexes) = _encode(s);
            bool verdict = this.isHonest(attribution, indexes, s.receiptPreimage, s.terms, s.params);
            if (verdict) ++honest;
            cases.push(abi.encode(s.receiptPreimage, s.terms, s.params, attribution, indexes, verdict));
        }
        assertGt(honest, ATTRIBUTIONS / 8);
        assertLt(honest, ATTRIBUTIONS / 2);
        _end(
            "allocations",
            "bytes receipt, (bool known, bool hasBaseline, uint40 parent, uint16 royaltyBps, uint8 scheme) terms, (uint16 modelBps, uint16 contributorsBps, uint32 tauBasePpm, uint32 tauMinPpm, uint32 tauMaxPpm, uint96 feeRef, uint16 mixInfluenceBps, uint16 mixSpanBps, uint16 mixRetrievalBps) params, bytes attribution, bytes creditIndexes, bool honest"
        );
    }

    // ------------------------------------------------------------------------------------------------- the file

    function _writes() private view returns (bool) {
        return keccak256(bytes(vm.envOr("OPENLEDGER_VECTORS", string("")))) == keccak256("write");
    }

    /// @dev A section is complete: adds it to the file, or finds it there.
    function _end(string memory name, string memory types) private {
        if (_writes()) {
            vm.writeLine(FILE, string.concat(',"', name, '": {\n"types": "', types, '",\n"cases": ['));
            for (uint256 i = 0; i < cases.length; ++i) {
                vm.writeLine(FILE, string.concat(i == 0 ? '"' : ',"', vm.toString(cases[i]), '"'));
            }
            vm.writeLine(FILE, "]\n}");
        } else {
            string memory file = vm.readFile(FILE);
            bytes[] memory written = vm.parseJsonBytesArray(file, string.concat(".", name, ".cases"));
            assertEq(vm.parseJsonString(file, string.concat(".", name, ".types")), types, name);
            assertEq(written.length, cases.length, name);
            for (uint256 i = 0; i < cases.length; ++i) {
                assertEq(written[i], cases[i], string.concat(name, ", case ", vm.toString(i)));
            }
        }
        delete cases;
    }

    /// @dev A path of random siblings; one in four has a flaw: a byte too many or too few, a level or place too high.
    function _proof(uint256 siblingLength) private returns (uint40 index, uint8 depth, bytes memory proof) {
        depth = uint8(_below(41));
        index = uint40(_below(uint256(1) << depth));
        uint40 bitmap = uint40(_below(uint256(1) << depth));
        uint256 given;
        for (uint256 h = 0; h < depth; ++h) {
            if (bitmap >> h & 1 == 0) continue;
            // Sums of siblings stay small, so that most totals have 96 bits.
            proof = bytes.concat(proof, _word());
            if (siblingLength == 44) proof = bytes.concat(proof, bytes12(uint96(_below(1 << 90))));
            ++given;
        }
        uint256 flaw = _below(16);
        if (flaw == 0) proof = bytes.concat(proof, hex"00");
        if (flaw == 1 && depth < 40) bitmap |= uint40(1) << depth;
        if (flaw == 2 && depth < 40) index += uint40(1) << depth;
        if (flaw == 3 && given != 0) {
            assembly ("memory-safe") {
                mstore(proof, sub(mload(proof), 1))
            }
        }
        proof = bytes.concat(bytes5(bitmap), proof);
    }

    // ------------------------------------------------------------------- the libraries, which read from calldata

    function plainClimb(bytes32 leaf, uint256 index, uint256 depth, bytes calldata proof)
        external
        pure
        returns (bytes32)
    {
        return PositionalMerkle.climb(leaf, index, depth, proof);
    }

    function sumClimb(bytes32 leaf, uint256 sum, uint256 index, uint256 depth, bytes calldata proof)
        external
        pure
        returns (bytes32, uint256)
    {
        return MerkleSum.climb(leaf, sum, index, 0, depth, proof);
    }

    function hashOf(uint8 tag, bytes calldata preimage) external pure returns (bytes32) {
        return Leaves.hash(tag, preimage);
    }

    function decodeReceipt(bytes calldata preimage) external pure returns (Served memory) {
        return Leaves.decodeReceipt(preimage);
    }

    function hashVoucher(SignedVoucher calldata v, uint96 fee, uint40 firstReceipt) external pure returns (bytes32) {
        return Leaves.hashVoucher(v, fee, firstReceipt);
    }

    function hashAttribution(bytes calldata preimage, bytes calldata creditIndexes)
        external
        pure
        returns (bytes32, bytes32, bytes32)
    {
        return (
            Leaves.hash(Leaves.TAG_ATTRIBUTION, preimage),
            Leaves.hashAttributionLeaf(preimage, creditIndexes),
            Leaves.hashEvidence(preimage)
        );
    }

    function hashPayout(PayoutProof calldata payout) external pure returns (bytes32) {
        return Leaves.hashPayout(payout);
    }

    function product(bytes calldata a, bytes calldata q) external pure returns (int256) {
        return SketchDot.dot(a, q);
    }

    function claimId(Claim calldata claim, bytes32 domain) external pure returns (bytes32) {
        return ClaimLib.id(claim, domain);
    }

    function commitment(uint8 scheme, bytes32 dataHash, bytes calldata locator) external pure returns (bytes32) {
        return ClaimLib.dataCommitment(scheme, dataHash, locator);
    }

    /// @dev As the predicate asks, which has compared the header with the receipt before.
    function isHonest(
        bytes calldata attribution,
        bytes calldata creditIndexes,
        bytes calldata receipt,
        IModelRegistry.AllocationTerms calldata terms,
        IProtocolParameters.AllocationTerms calldata params
    ) external pure returns (bool) {
        return Allocation.isHonest(attribution, creditIndexes, Leaves.decodeReceipt(receipt), terms, params);
    }
}
