// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {ClaimLib} from "../../src/libraries/ClaimLib.sol";
import {SketchDot} from "../../src/libraries/SketchDot.sol";
import {Leaves} from "../../src/libraries/Leaves.sol";
import {MerkleSum} from "../../src/libraries/MerkleSum.sol";
import {PositionalMerkle} from "../../src/libraries/PositionalMerkle.sol";
import {Claim, PayoutProof, SignedVoucher} from "../../src/types/Claim.sol";
import {Item, Receipt as ReceiptLeaf} from "../../src/types/Leaves.sol";
import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {Allocate} from "../utils/Allocate.sol";
import {IGovernanceOpen} from "../../src/interfaces/IGovernanceOpen.sol";
import {InferenceEscrow} from "../../src/payments/InferenceEscrow.sol";

/// @notice The libraries against the golden vectors of docs/formats.md, which generate.ts beside this file writes from an
/// implementation of its own and which ts/sdk is checked against too.
contract VectorsTest is Test {
    struct TreeCase {
        bool sums;
        uint8 depth;
        uint40 position;
        bytes32 leaf;
        uint96 leafSum;
        bytes proof;
        bytes32 root;
        uint96 sum;
    }

    struct SketchCase {
        bytes a;
        bytes q;
        int256 dot;
        uint40 asset;
        uint32 sigma;
        bytes32 rowsSketchRoot;
        bytes32 sketch;
    }

    struct AllocationInput {
        uint96 fee;
        uint8 flags;
        uint40 modelId;
        uint32 outputLength;
    }

    struct AllocationTerms {
        uint40 parent;
        uint16 royaltyBps;
        uint8 scheme;
        bytes32 baselineRoot;
    }

    struct AllocationParams {
        uint16 modelBps;
        uint16 contributorsBps;
        uint32 tauBasePpm;
        uint32 tauMinPpm;
        uint32 tauMaxPpm;
        uint96 feeRef;
        uint16 mixInfluenceBps;
        uint16 mixSpanBps;
        uint16 mixRetrievalBps;
    }

    uint256 private constant CHAIN_ID = 31_337;

    function setUp() public {
        vm.chainId(CHAIN_ID);
    }

    function test_ProofsOfTreesLeadToTheirRoots() public view {
        bytes[] memory cases = _cases("trees", ".abi");
        for (uint256 i = 0; i < cases.length; ++i) {
            this.checkTree(abi.decode(cases[i], (TreeCase)));
        }
    }

    function checkTree(TreeCase calldata c) external pure {
        bool found = c.sums
            ? MerkleSum.verify(c.root, c.sum, c.leaf, c.leafSum, c.position, c.depth, c.proof)
            : PositionalMerkle.verify(c.root, c.leaf, c.position, c.depth, c.proof);
        assertTrue(found, "proof");
        bool elsewhere = c.sums
            ? MerkleSum.verify(c.root, c.sum, c.leaf, uint256(c.leafSum) + 1, c.position, c.depth, c.proof)
            : PositionalMerkle.verify(c.root, keccak256(abi.encode(c.leaf)), c.position, c.depth, c.proof);
        assertFalse(elsewhere, "another leaf");
    }

    function test_PlainTreesAreBuiltAlike() public view {
        bytes[] memory cases = _cases("trees", ".denseAbi");
        for (uint256 i = 0; i < cases.length; ++i) {
            (bool sums, bytes32[] memory leaves,, bytes32 root,) =
                abi.decode(cases[i], (bool, bytes32[], uint96[], bytes32, uint96));
            if (!sums) assertEq(PositionalMerkle.rootOf(leaves), root);
        }
    }

    function test_ReceiptsHashAlike() public view {
        bytes[] memory cases = _cases("hashes", ".abi.receipts");
        for (uint256 i = 0; i < cases.length; ++i) {
            (bytes memory preimage, bytes32 hash) = abi.decode(cases[i], (bytes, bytes32));
            assertEq(this.hashLeaf(Leaves.TAG_RECEIPT, preimage), hash);
        }
    }

    function test_VouchersHashAlike() public {
        InferenceEscrow escrow = _escrow();
        bytes[] memory cases = _cases("hashes", ".abi.vouchers");
        for (uint256 i = 0; i < cases.length; ++i) {
            (SignedVoucher memory v, uint40 firstReceipt, bytes32 digest, bytes32 acceptance, bytes32 leaf) =
                abi.decode(cases[i], (SignedVoucher, uint40, bytes32, bytes32, bytes32));
            assertEq(escrow.voucherDigest(v), digest, "digest");
            assertEq(escrow.acceptanceDigest(digest, v.receiptsRoot), acceptance, "acceptance");
            assertEq(this.hashVoucher(v, firstReceipt), leaf, "leaf");
        }
    }

    function test_ChannelIdsAreAlike() public {
        InferenceEscrow escrow = _escrow();
        bytes[] memory cases = _cases("hashes", ".abi.channels");
        for (uint256 i = 0; i < cases.length; ++i) {
            (address consumer, uint40 nodeId, bytes32 nonce, bytes32 channelId) =
                abi.decode(cases[i], (address, uint40, bytes32, bytes32));
            assertEq(escrow.channelIdOf(consumer, nodeId, nonce), channelId);
        }
    }

    function test_AttributionsHashAlike() public view {
        bytes[] memory cases = _cases("hashes", ".abi.attributions");
        for (uint256 i = 0; i < cases.length; ++i) {
            (bytes memory preimage, bytes memory creditIndexes, bytes32 hash, bytes32 leaf) =
                abi.decode(cases[i], (bytes, bytes, bytes32, bytes32));
            assertEq(this.hashLeaf(Leaves.TAG_ATTRIBUTION, preimage), hash, "attribution");
            assertEq(this.hashAttributionLeaf(preimage, creditIndexes), leaf, "leaf");
        }
    }

    function test_CreditsPayoutsAndBaselinesHashAlike() public view {
        bytes[] memory cases = _cases("hashes", ".abi.credits");
        for (uint256 i = 0; i < cases.length; ++i) {
            (uint40 number, uint8 item, uint96 amount, bytes32 hash) =
                abi.decode(cases[i], (uint40, uint8, uint96, bytes32));
            assertEq(Leaves.hashCredit(number, item, amount), hash, "credit");
        }
        cases = _cases("hashes", ".abi.payouts");
        for (uint256 i = 0; i < cases.length; ++i) {
            (PayoutProof memory payout, bytes32 hash) = abi.decode(cases[i], (PayoutProof, bytes32));
            assertEq(this.hashPayout(payout), hash, "payout");
        }
        cases = _cases("hashes", ".abi.baselines");
        for (uint256 i = 0; i < cases.length; ++i) {
            (uint40 asset, uint32 parts, bytes32 hash) = abi.decode(cases[i], (uint40, uint32, bytes32));
            assertEq(Leaves.hashBaseline(asset, parts), hash, "baseline");
        }
    }

    function test_SketchesAndProductsAreAlike() public view {
        bytes[] memory cases = _cases("hashes", ".abi.vectors");
        for (uint256 i = 0; i < cases.length; ++i) {
            SketchCase memory c = abi.decode(cases[i], (SketchCase));
            assertEq(this.product(c.a, c.q), c.dot, "product");
            bytes memory preimage = abi.encodePacked(c.asset, c.sigma, c.a, c.rowsSketchRoot);
            assertEq(this.hashLeaf(Leaves.TAG_SKETCH, preimage), c.sketch, "sketch");
        }
    }

    function test_ClaimsHashAlike() public {
        string memory json = _file("claims");
        address settlement = vm.parseJsonAddress(json, ".settlement");
        bytes32 domain = ClaimLib.domain(settlement);
        assertEq(domain, vm.parseJsonBytes32(json, ".domain"));
        bytes[] memory cases = vm.parseJsonBytesArray(json, ".abi.claims");
        for (uint256 i = 0; i < cases.length; ++i) {
            (Claim memory claim, bytes32 claimId) = abi.decode(cases[i], (Claim, bytes32));
            assertEq(this.claimIdOf(claim, domain), claimId, "claimId");
        }
        cases = vm.parseJsonBytesArray(json, ".abi.data");
        for (uint256 i = 0; i < cases.length; ++i) {
            (bytes memory claimData, bytes memory locator, bytes32 commitment) =
                abi.decode(cases[i], (bytes, bytes, bytes32));
            assertEq(this.commitmentOf(claimData, locator), commitment, "dataCommitment");
        }
    }

    function test_AllocationIsAlike() public view {
        bytes[] memory cases = _cases("allocate", ".abi");
        assertGt(cases.length, 100);
        for (uint256 i = 0; i < cases.length; ++i) {
            (
                AllocationInput memory input,
                AllocationTerms memory terms,
                AllocationParams memory params,
                bytes memory listed,
                bytes memory items
            ) = abi.decode(cases[i], (AllocationInput, AllocationTerms, AllocationParams, bytes, bytes));
            this.checkAllocation(input, terms, params, listed, items, i);
        }
    }

    function checkAllocation(
        AllocationInput calldata input,
        AllocationTerms calldata terms,
        AllocationParams calldata params,
        bytes calldata listed,
        bytes calldata expected,
        uint256 number
    ) external pure {
        ReceiptLeaf memory r;
        (r.fee, r.flags, r.modelId, r.outputLength) = (input.fee, input.flags, input.modelId, input.outputLength);
        IModelRegistry.ModelTerms memory t;
        (t.parent, t.royaltyBps, t.scheme, t.baselineRoot) =
        (terms.parent, terms.royaltyBps, terms.scheme, terms.baselineRoot);
        IProtocolParameters.Parameters memory p;
        (p.modelBps, p.contributorsBps, p.feeRef) = (params.modelBps, params.contributorsBps, params.feeRef);
        (p.tauBasePpm, p.tauMinPpm, p.tauMaxPpm) = (params.tauBasePpm, params.tauMinPpm, params.tauMaxPpm);
        (p.mixInfluenceBps, p.mixSpanBps, p.mixRetrievalBps) =
        (params.mixInfluenceBps, params.mixSpanBps, params.mixRetrievalBps);

        Item[] memory items = Allocate.allocate(_items(listed), r, t, p);
        bytes memory encoded;
        for (uint256 k = 0; k < items.length; ++k) {
            Item memory item = items[k];
            encoded = abi.encodePacked(encoded, item.asset, item.kind, uint64(item.score), item.amount, item.evidence);
        }
        assertEq(encoded, expected, string.concat("case ", vm.toString(number)));
    }

    function hashLeaf(uint8 tag, bytes calldata preimage) external pure returns (bytes32) {
        return Leaves.hash(tag, preimage);
    }

    function hashAttributionLeaf(bytes calldata preimage, bytes calldata creditIndexes)
        external
        pure
        returns (bytes32)
    {
        return Leaves.hashAttributionLeaf(preimage, creditIndexes);
    }

    function hashVoucher(SignedVoucher calldata v, uint40 firstReceipt) external pure returns (bytes32) {
        return Leaves.hashVoucher(v, v.cumulativeFee - v.settledFee, firstReceipt);
    }

    function hashPayout(PayoutProof calldata payout) external pure returns (bytes32) {
        return Leaves.hashPayout(payout);
    }

    function product(bytes calldata a, bytes calldata b) external pure returns (int256) {
        return SketchDot.dot(a, b);
    }

    function claimIdOf(Claim calldata claim, bytes32 domain) external pure returns (bytes32) {
        return ClaimLib.id(claim, domain);
    }

    function commitmentOf(bytes calldata claimData, bytes calldata locator) external pure returns (bytes32) {
        return ClaimLib.dataCommitment(ClaimLib.SCHEME_CALLDATA, keccak256(claimData), locator);
    }

    /// @dev The vectors' escrow address with the real code.
    function _escrow() private returns (InferenceEscrow escrow) {
        address account = vm.parseJsonAddress(_file("hashes"), ".escrow");
        InferenceEscrow code = new InferenceEscrow(
            IAgentRegistry(address(1)), IProtocolParameters(address(2)), IGovernanceOpen(address(3)), address(4)
        );
        vm.etch(account, address(code).code);
        escrow = InferenceEscrow(payable(account));
    }

    function _items(bytes calldata encoded) private pure returns (Item[] memory items) {
        items = new Item[](encoded.length / Leaves.ITEM_LENGTH);
        for (uint256 k = 0; k < items.length; ++k) {
            bytes calldata b = encoded[k * Leaves.ITEM_LENGTH:];
            items[k] = Item({
                asset: uint40(bytes5(b)),
                kind: uint8(b[5]),
                score: int64(uint64(bytes8(b[6:]))),
                amount: uint96(bytes12(b[14:])),
                evidence: bytes14(b[26:])
            });
        }
    }

    function _cases(string memory name, string memory path) private view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(_file(name), path);
    }

    function _file(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat("test/differential/vectors/", name, ".json"));
    }
}
