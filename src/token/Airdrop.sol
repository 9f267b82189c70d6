// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {IAirdrop} from "../interfaces/IAirdrop.sol";
import {IStakerRewards} from "../interfaces/IStakerRewards.sol";
import {Native} from "../libraries/Native.sol";

/// @title The airdrop
/// @notice See {IAirdrop}.
/// @dev Solvency: when it is configured it holds `total` with the greatest bonus, and amounts beyond `total` are refused,
/// even if the tree promised more.
contract Airdrop is IAirdrop, EIP712Upgradeable, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @custom:storage-location erc7201:openledger.storage.Airdrop
    struct AirdropStorage {
        Config config;
        uint96 taken;
        mapping(address account => bool) claimed;
    }

    /// @notice What an account signs to take its amount to its wallet; domain "OpenLedgerAirdrop", version "1".
    bytes32 public constant CLAIM_TYPEHASH = keccak256("Claim(address account,uint96 amount,uint256 validUntil)");
    /// @notice What an account signs to stake its amount.
    bytes32 public constant CLAIM_AND_STAKE_TYPEHASH =
        keccak256("ClaimAndStake(address account,uint96 amount,uint8 tier,uint256 validUntil)");

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.Airdrop")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xbbba61963319e103f7255d109e288d05ec481c455f7072a924e2a450db2a1600;

    uint256 private constant BPS = 10_000;
    uint16 private constant MAX_BONUS_BPS = 5_000;
    uint256 private constant MAX_DURATION = 730 days;
    uint8 private constant TIERS = 5;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IStakerRewards public immutable REWARDS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address public immutable TREASURY;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IStakerRewards rewards, address treasury) {
        REWARDS = rewards;
        TREASURY = treasury;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __EIP712_init("OpenLedgerAirdrop", "1");
        __AccessManaged_init(authority);
    }

    /// @notice Funding.
    receive() external payable {}

    /// @inheritdoc IAirdrop
    function configure(Config calldata next) external payable restricted {
        AirdropStorage storage $ = _storage();
        // Check: once, sensible, and fully funded
        if ($.config.root != 0) revert Airdrop_AlreadyConfigured();
        bool valid = next.root != 0 && next.total != 0 && next.deadline > block.timestamp
            && next.deadline <= block.timestamp + MAX_DURATION;
        if (!valid) revert Airdrop_InvalidConfig();
        uint16 greatest = 0;
        for (uint8 tier = 0; tier < TIERS; ++tier) {
            uint16 bonusBps = next.bonusBps[tier];
            if (bonusBps < greatest || bonusBps > MAX_BONUS_BPS) revert Airdrop_BonusOutOfBounds(tier, bonusBps);
            greatest = bonusBps;
        }
        uint256 required = next.total + _bonus(next.total, greatest);
        if (address(this).balance < required) revert Airdrop_Underfunded(address(this).balance, required);
        // Effect: open
        $.config = next;
        emit Configured(next);
    }

    /// @inheritdoc IAirdrop
    function claim(uint96 amount, bytes32[] calldata proof) external nonReentrant {
        _claim(msg.sender, amount, proof);
    }

    /// @inheritdoc IAirdrop
    function claimAndStake(uint96 amount, uint8 tier, bytes32[] calldata proof) external nonReentrant {
        _claimAndStake(msg.sender, amount, tier, proof);
    }

    /// @inheritdoc IAirdrop
    function claimBySig(
        address account,
        uint96 amount,
        bytes32[] calldata proof,
        uint256 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        bytes32 structHash = keccak256(abi.encode(CLAIM_TYPEHASH, account, amount, validUntil));
        _checkSignature(account, structHash, validUntil, signature);
        _claim(account, amount, proof);
    }

    /// @inheritdoc IAirdrop
    function claimAndStakeBySig(
        address account,
        uint96 amount,
        uint8 tier,
        bytes32[] calldata proof,
        uint256 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        bytes32 structHash = keccak256(abi.encode(CLAIM_AND_STAKE_TYPEHASH, account, amount, tier, validUntil));
        _checkSignature(account, structHash, validUntil, signature);
        _claimAndStake(account, amount, tier, proof);
    }

    /// @inheritdoc IAirdrop
    function sweep() external nonReentrant {
        // Check: it was open and is no more
        uint40 deadline = _storage().config.deadline;
        if (deadline == 0 || block.timestamp <= deadline) revert Airdrop_StillOpen(deadline);
        // Interaction: the rest
        uint256 rest = address(this).balance;
        emit Swept(rest);
        if (!Native.trySend(TREASURY, rest)) revert Airdrop_SendFailed(TREASURY, rest);
    }

    /// @inheritdoc IAirdrop
    function config() external view returns (Config memory) {
        return _storage().config;
    }

    /// @inheritdoc IAirdrop
    function hasClaimed(address account) external view returns (bool) {
        return _storage().claimed[account];
    }

    /// @inheritdoc IAirdrop
    function taken() external view returns (uint96) {
        return _storage().taken;
    }

    function _claim(address account, uint96 amount, bytes32[] calldata proof) private {
        _take(account, amount, proof);
        emit Claimed(account, amount);
        // Interaction: pay
        if (!Native.trySend(account, amount)) revert Airdrop_SendFailed(account, amount);
    }

    function _claimAndStake(address account, uint96 amount, uint8 tier, bytes32[] calldata proof) private {
        REWARDS.tierTerms(tier); // reverts when there is no such tier
        _take(account, amount, proof);
        uint96 bonus = Native.toUint96(_bonus(amount, _storage().config.bonusBps[tier]));
        emit ClaimedAndStaked(account, tier, amount, bonus);
        // Interaction: stake for the account
        REWARDS.depositFor{value: uint256(amount) + bonus}(account, tier);
    }

    function _take(address account, uint96 amount, bytes32[] calldata proof) private {
        AirdropStorage storage $ = _storage();
        // Check: open, not taken, in the tree, within the total
        uint40 deadline = $.config.deadline;
        if (block.timestamp > deadline) revert Airdrop_Closed(deadline);
        if ($.claimed[account]) revert Airdrop_AlreadyClaimed(account);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(account, amount))));
        if (!MerkleProof.verifyCalldata(proof, $.config.root, leaf)) revert Airdrop_InvalidProof(account, amount);
        uint256 sum = uint256($.taken) + amount;
        if (sum > $.config.total) revert Airdrop_TotalExceeded($.config.total, sum);
        // Effect: taken
        $.claimed[account] = true;
        $.taken = Native.toUint96(sum);
    }

    function _checkSignature(address account, bytes32 structHash, uint256 validUntil, bytes calldata signature)
        private
        view
    {
        if (block.timestamp > validUntil) revert Airdrop_SignatureExpired(validUntil);
        bool valid = SignatureChecker.isValidSignatureNow(account, _hashTypedDataV4(structHash), signature);
        if (!valid) revert Airdrop_InvalidSignature(account);
    }

    function _bonus(uint96 amount, uint16 bonusBps) private pure returns (uint256) {
        return uint256(amount) * bonusBps / BPS;
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (AirdropStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
