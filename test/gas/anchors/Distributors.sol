// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @dev The claim paths of four distributors, re-stated: their hashing, their storage, their checks, their transfers. None of them
/// looks at whether a root's amounts add up. They are here to be measured, not to be used.

/// @dev EigenLayer's RewardsCoordinator: two trees with bound indexes, roots in an array, the claimer chooses who receives.
contract EigenRewards is ReentrancyGuard {
    using SafeERC20 for IERC20;

    struct DistributionRoot {
        bytes32 root;
        uint32 endTimestamp;
        uint32 activatedAt;
        bool disabled;
    }

    struct EarnerLeaf {
        address earner;
        bytes32 earnerTokenRoot;
    }

    struct TokenLeaf {
        IERC20 token;
        uint256 cumulativeEarnings;
    }

    struct RewardsClaim {
        uint32 rootIndex;
        uint32 earnerIndex;
        bytes earnerProof;
        EarnerLeaf earnerLeaf;
        uint32[] tokenIndices;
        bytes[] tokenProofs;
        TokenLeaf[] tokenLeaves;
    }

    uint256 private paused;
    DistributionRoot[] private roots;
    mapping(address earner => address) private claimerFor;
    mapping(address earner => mapping(IERC20 token => uint256)) private cumulativeClaimed;

    event RewardsClaimed(
        bytes32 root, address indexed earner, address indexed claimer, address indexed to, IERC20 token, uint256 amount
    );

    function submitRoot(bytes32 root) external {
        roots.push(DistributionRoot(root, uint32(block.timestamp), uint32(block.timestamp), false));
    }

    function processClaim(RewardsClaim calldata c, address recipient) external nonReentrant {
        require(paused & (1 << 2) == 0, "paused");
        DistributionRoot memory root = roots[c.rootIndex];
        require(!root.disabled, "disabled");
        require(block.timestamp >= root.activatedAt, "not active");
        require(c.tokenIndices.length == c.tokenProofs.length && c.tokenProofs.length == c.tokenLeaves.length, "length");
        bytes32 leaf = keccak256(abi.encodePacked(uint8(0), c.earnerLeaf.earner, c.earnerLeaf.earnerTokenRoot));
        require(_includes(c.earnerProof, root.root, leaf, c.earnerIndex), "earner");
        for (uint256 i = 0; i < c.tokenIndices.length; ++i) {
            TokenLeaf calldata t = c.tokenLeaves[i];
            leaf = keccak256(abi.encodePacked(uint8(1), t.token, t.cumulativeEarnings));
            require(_includes(c.tokenProofs[i], c.earnerLeaf.earnerTokenRoot, leaf, c.tokenIndices[i]), "token");
        }
        address earner = c.earnerLeaf.earner;
        address claimer = claimerFor[earner];
        if (claimer == address(0)) claimer = earner;
        require(msg.sender == claimer, "claimer");
        for (uint256 i = 0; i < c.tokenIndices.length; ++i) {
            TokenLeaf calldata t = c.tokenLeaves[i];
            uint256 claimed = cumulativeClaimed[earner][t.token];
            require(t.cumulativeEarnings > claimed, "nothing");
            uint256 amount = t.cumulativeEarnings - claimed;
            cumulativeClaimed[earner][t.token] = t.cumulativeEarnings;
            t.token.safeTransfer(recipient, amount);
            emit RewardsClaimed(root.root, earner, claimer, recipient, t.token, amount);
        }
    }

    function _includes(bytes calldata proof, bytes32 root, bytes32 leaf, uint256 index) private pure returns (bool) {
        require(proof.length % 32 == 0, "proof");
        require(index < 1 << (proof.length / 32), "index");
        for (uint256 i = 0; i < proof.length; i += 32) {
            bytes32 sibling = bytes32(proof[i:i + 32]);
            assembly ("memory-safe") {
                switch and(index, 1)
                case 0 {
                    mstore(0x00, leaf)
                    mstore(0x20, sibling)
                }
                default {
                    mstore(0x00, sibling)
                    mstore(0x20, leaf)
                }
                leaf := keccak256(0x00, 0x40)
                index := shr(1, index)
            }
        }
        return leaf == root;
    }
}

/// @dev Merkl's Distributor: one tree, a dispute window, a record of two slots per claim.
contract MerklDistributor {
    using SafeERC20 for IERC20;

    struct MerkleTree {
        bytes32 merkleRoot;
        bytes32 ipfsHash;
    }

    struct Claim {
        uint208 amount;
        uint48 timestamp;
        bytes32 merkleRoot;
    }

    MerkleTree private tree;
    MerkleTree private lastTree;
    address private disputer;
    uint48 private endOfDisputePeriod;
    mapping(address user => mapping(address token => Claim)) private claimed;
    mapping(address user => mapping(address operator => uint256)) private operators;
    mapping(address user => mapping(address token => address)) private claimRecipient;

    event Claimed(address indexed user, address indexed token, uint256 amount);

    function updateTree(MerkleTree calldata next) external {
        lastTree = tree;
        tree = next;
        endOfDisputePeriod = uint48(block.timestamp);
    }

    function claim(
        address[] calldata users,
        address[] calldata tokens,
        uint256[] calldata amounts,
        bytes32[][] calldata proofs
    ) external {
        uint256 count = users.length;
        require(count == tokens.length && count == amounts.length && count == proofs.length, "length");
        for (uint256 i = 0; i < count; ++i) {
            (address user, address token, uint256 amount) = (users[i], tokens[i], amounts[i]);
            require(msg.sender == user || operators[user][msg.sender] != 0, "operator");
            bytes32 root = _root();
            require(MerkleProof.verifyCalldata(proofs[i], root, keccak256(abi.encode(user, token, amount))), "proof");
            uint256 toSend = amount - claimed[user][token].amount;
            claimed[user][token] = Claim(uint208(amount), uint48(block.timestamp), _root());
            emit Claimed(user, token, toSend);
            address recipient = claimRecipient[user][token];
            if (recipient == address(0)) recipient = claimRecipient[user][address(0)];
            if (recipient == address(0)) recipient = user;
            if (toSend != 0) IERC20(token).safeTransfer(recipient, toSend);
        }
    }

    function _root() private view returns (bytes32) {
        return block.timestamp >= endOfDisputePeriod && disputer == address(0) ? tree.merkleRoot : lastTree.merkleRoot;
    }
}

/// @dev Morpho's UniversalRewardsDistributor: one root, double-hashed leaves of cumulative amounts.
contract UniversalRewards {
    using SafeERC20 for IERC20;

    bytes32 private root;
    mapping(address account => mapping(address reward => uint256)) private claimed;

    event Claimed(address indexed account, address indexed reward, uint256 amount);

    function setRoot(bytes32 next) external {
        root = next;
    }

    function claim(address account, address reward, uint256 claimable, bytes32[] calldata proof)
        external
        returns (uint256 amount)
    {
        require(root != 0, "root");
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(account, reward, claimable))));
        require(MerkleProof.verifyCalldata(proof, root, leaf), "proof");
        require(claimable > claimed[account][reward], "claimable");
        amount = claimable - claimed[account][reward];
        claimed[account][reward] = claimable;
        IERC20(reward).safeTransfer(account, amount);
        emit Claimed(account, reward, amount);
    }
}

/// @dev Uniswap's MerkleDistributor: a bit per claim, a root for ever.
contract BitmapDistributor {
    using SafeERC20 for IERC20;

    IERC20 private immutable token;
    bytes32 private immutable root;
    mapping(uint256 word => uint256) private bitmap;

    event Claimed(uint256 index, address account, uint256 amount);

    constructor(IERC20 token_, bytes32 root_) {
        (token, root) = (token_, root_);
    }

    /// @dev As if others in the same word had claimed.
    function warm() external {
        bitmap[0] = 1 << 255;
    }

    function claim(uint256 index, address account, uint256 amount, bytes32[] calldata proof) external {
        require(bitmap[index / 256] & (1 << (index % 256)) == 0, "claimed");
        bytes32 leaf = keccak256(abi.encodePacked(index, account, amount));
        require(MerkleProof.verifyCalldata(proof, root, leaf), "proof");
        bitmap[index / 256] |= 1 << (index % 256);
        token.safeTransfer(account, amount);
        emit Claimed(index, account, amount);
    }
}
