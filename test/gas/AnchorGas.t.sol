// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";
import {BitmapDistributor, EigenRewards, MerklDistributor, UniversalRewards} from "./anchors/Distributors.sol";
import {DisputeVote, OptimisticOracle} from "./anchors/Oracle.sol";
import {PlainGovernor, PlainToken, PlainVotes} from "./anchors/Votes.sol";

/// @dev What others' hot paths cost, in the same run and of the same depth as ours: cumulative amounts that were claimed
/// before, by holders who have tokens already. `npm run bench -- gas` reads what is logged here.
contract AnchorGasTest is Test {
    uint256 private constant DEPTH = 17;
    uint256 private constant INDEX = 0x0a5a5;

    PlainToken private token;
    address private earner = makeAddr("earner");
    address private other = makeAddr("other");

    function setUp() public {
        vm.warp(1_700_000_000);
        token = new PlainToken();
        token.mint(earner, 1e24);
        token.mint(other, 1e24);
    }

    function _proxy(address implementation, bytes memory init) private returns (address) {
        return address(new ERC1967Proxy(implementation, init));
    }

    function _sibling(uint256 seed, uint256 h) private pure returns (bytes32) {
        return keccak256(abi.encode("sibling", seed, h));
    }

    /// @dev The root above a leaf whose siblings are sorted in, and the proof.
    function _sorted(bytes32 leaf, uint256 seed) private pure returns (bytes32 root, bytes32[] memory proof) {
        proof = new bytes32[](DEPTH);
        root = leaf;
        for (uint256 h = 0; h < DEPTH; ++h) {
            proof[h] = _sibling(seed, h);
            root = root < proof[h]
                ? keccak256(abi.encodePacked(root, proof[h]))
                : keccak256(abi.encodePacked(proof[h], root));
        }
    }

    function _indexed(bytes32 leaf, uint256 index, uint256 depth, uint256 seed)
        private
        pure
        returns (bytes32 root, bytes memory proof)
    {
        root = leaf;
        for (uint256 h = 0; h < depth; ++h) {
            bytes32 sibling = _sibling(seed, h);
            proof = abi.encodePacked(proof, sibling);
            root = index >> h & 1 == 1
                ? keccak256(abi.encodePacked(sibling, root))
                : keccak256(abi.encodePacked(root, sibling));
        }
    }

    function test_EigenLayer() public {
        EigenRewards rewards =
            EigenRewards(_proxy(address(new EigenRewards()), abi.encodeCall(EigenRewards.submitRoot, (0))));
        token.mint(address(rewards), 1e24);
        _eigen(rewards, 1, 1e18);
        emit log_named_uint("EigenLayer processClaim, next", _eigen(rewards, 2, 2e18));
    }

    function _eigen(EigenRewards rewards, uint32 round, uint256 cumulative) private returns (uint256) {
        EigenRewards.RewardsClaim memory c;
        (c.rootIndex, c.earnerIndex) = (round, uint32(INDEX));
        c.tokenIndices = new uint32[](1);
        c.tokenProofs = new bytes[](1);
        c.tokenLeaves = new EigenRewards.TokenLeaf[](1);
        c.tokenLeaves[0] = EigenRewards.TokenLeaf(IERC20(address(token)), cumulative);
        bytes32 leaf = keccak256(abi.encodePacked(uint8(1), address(token), cumulative));
        (c.earnerLeaf.earnerTokenRoot, c.tokenProofs[0]) = _indexed(leaf, 0, 1, round);
        c.earnerLeaf.earner = earner;
        leaf = keccak256(abi.encodePacked(uint8(0), earner, c.earnerLeaf.earnerTokenRoot));
        bytes32 root;
        (root, c.earnerProof) = _indexed(leaf, INDEX, DEPTH, round + 100);
        rewards.submitRoot(root);
        vm.prank(earner);
        rewards.processClaim(c, earner);
        return vm.lastCallGas().gasTotalUsed;
    }

    function test_Merkl() public {
        MerklDistributor.MerkleTree memory none;
        MerklDistributor merkl = MerklDistributor(
            _proxy(address(new MerklDistributor()), abi.encodeCall(MerklDistributor.updateTree, (none)))
        );
        token.mint(address(merkl), 1e24);
        _merkl(merkl, 1e18);
        emit log_named_uint("Merkl claim, next", _merkl(merkl, 2e18));
    }

    function _merkl(MerklDistributor merkl, uint256 cumulative) private returns (uint256) {
        (bytes32 root, bytes32[] memory proof) =
            _sorted(keccak256(abi.encode(earner, address(token), cumulative)), cumulative);
        merkl.updateTree(MerklDistributor.MerkleTree(root, keccak256("ipfs")));
        address[] memory users = new address[](1);
        address[] memory tokens = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        bytes32[][] memory proofs = new bytes32[][](1);
        (users[0], tokens[0], amounts[0], proofs[0]) = (earner, address(token), cumulative, proof);
        vm.prank(earner);
        merkl.claim(users, tokens, amounts, proofs);
        return vm.lastCallGas().gasTotalUsed;
    }

    function test_UniversalRewards() public {
        UniversalRewards urd = new UniversalRewards();
        token.mint(address(urd), 1e24);
        uint256 gasUsed;
        for (uint256 cumulative = 1e18; cumulative <= 2e18; cumulative += 1e18) {
            bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(earner, address(token), cumulative))));
            (bytes32 root, bytes32[] memory proof) = _sorted(leaf, cumulative);
            urd.setRoot(root);
            vm.prank(other);
            urd.claim(earner, address(token), cumulative, proof);
            gasUsed = vm.lastCallGas().gasTotalUsed;
        }
        emit log_named_uint("Morpho URD claim, next", gasUsed);
    }

    function test_Uniswap() public {
        (bytes32 root, bytes32[] memory proof) =
            _sorted(keccak256(abi.encodePacked(uint256(7), earner, uint256(1e18))), 1);
        BitmapDistributor distributor = new BitmapDistributor(IERC20(address(token)), root);
        token.mint(address(distributor), 1e24);
        distributor.warm();
        vm.prank(other);
        distributor.claim(7, earner, 1e18, proof);
        emit log_named_uint("Uniswap MerkleDistributor claim", vm.lastCallGas().gasTotalUsed);
    }

    function test_Uma() public {
        OptimisticOracle oracle = new OptimisticOracle(IERC20(address(token)), new DisputeVote());
        token.mint(address(oracle), 1e18);
        vm.prank(earner);
        token.approve(address(oracle), type(uint256).max);
        vm.prank(other);
        token.approve(address(oracle), type(uint256).max);
        // Somebody else's assertion and dispute have gone before.
        vm.prank(other);
        bytes32 id = oracle.assertTruthWithDefaults("The lighthouse was lit in 1902", other);
        vm.prank(earner);
        oracle.disputeAssertion(id, earner);
        bytes memory claim = abi.encodePacked("payouts root ", keccak256("payouts root"));
        vm.prank(earner);
        id = oracle.assertTruthWithDefaults(claim, earner);
        emit log_named_uint("UMA assertTruthWithDefaults", vm.lastCallGas().gasTotalUsed);
        vm.prank(other);
        oracle.disputeAssertion(id, other);
        emit log_named_uint("UMA disputeAssertion", vm.lastCallGas().gasTotalUsed);
    }

    function test_OpenZeppelin() public {
        PlainVotes votes = new PlainVotes();
        votes.mint(earner, 1e24);
        votes.mint(other, 1e24);
        PlainGovernor governor = new PlainGovernor(IVotes(address(votes)));
        vm.prank(earner);
        votes.delegate(earner);
        vm.prank(other);
        votes.delegate(other);
        vm.warp(vm.getBlockTimestamp() + 1);
        uint256 id = governor.propose(new address[](1), new uint256[](1), new bytes[](1), "A vote");
        vm.warp(governor.proposalSnapshot(id) + 1);
        vm.prank(earner);
        governor.castVote(id, 1);
        emit log_named_uint("OpenZeppelin castVote, first", vm.lastCallGas().gasTotalUsed);
        vm.prank(other);
        governor.castVote(id, 1);
        emit log_named_uint("OpenZeppelin castVote", vm.lastCallGas().gasTotalUsed);
        vm.prank(earner);
        votes.transfer(other, 1e18);
        emit log_named_uint("OpenZeppelin ERC20Votes transfer", vm.lastCallGas().gasTotalUsed);
    }
}
