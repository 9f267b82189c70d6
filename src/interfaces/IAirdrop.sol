// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The airdrop
/// @notice A Merkle tree of (account, amount) set once by a vote. Each account takes its amount once: to its wallet, or
/// into a tier of {IStakerRewards} with a bonus. The right to choose stays open until something is taken, and only the
/// account chooses: by its own transaction, or by a signature that anyone may bring and pay the gas for.
/// Leaf: keccak256(keccak256(abi.encode(account, amount))); pairs are hashed sorted.
interface IAirdrop {
    /// @notice What a vote sets.
    /// @param root Root of the tree
    /// @param total Sum of its amounts in wei
    /// @param deadline Until when amounts can be taken
    /// @param bonusBps Bonus per tier for who stakes, in basis points; never falls from a tier to the next
    struct Config {
        bytes32 root;
        uint96 total;
        uint40 deadline;
        uint16[5] bonusBps;
    }

    event Configured(Config config);
    event Claimed(address indexed account, uint96 amount);
    event ClaimedAndStaked(address indexed account, uint8 indexed tier, uint96 amount, uint96 bonus);
    event Swept(uint256 amount);

    error Airdrop_AlreadyConfigured();
    error Airdrop_InvalidConfig();
    error Airdrop_BonusOutOfBounds(uint8 tier, uint16 bonusBps);
    error Airdrop_Underfunded(uint256 balance, uint256 required);
    error Airdrop_Closed(uint40 deadline);
    error Airdrop_StillOpen(uint40 deadline);
    error Airdrop_AlreadyClaimed(address account);
    error Airdrop_InvalidProof(address account, uint96 amount);
    error Airdrop_InvalidSignature(address account);
    error Airdrop_SignatureExpired(uint256 validUntil);
    error Airdrop_TotalExceeded(uint96 total, uint256 wanted);
    error Airdrop_SendFailed(address to, uint256 amount);

    /// @notice Sets the tree, once. Restricted to governance. The value sent and what is here must cover all amounts with
    /// the greatest bonus.
    function configure(Config calldata config) external payable;

    /// @notice Takes the caller's amount to its wallet.
    function claim(uint96 amount, bytes32[] calldata proof) external;

    /// @notice Stakes the caller's amount and its bonus.
    function claimAndStake(uint96 amount, uint8 tier, bytes32[] calldata proof) external;

    /// @notice Takes an account's amount to its wallet, as it signed: `Claim(address account,uint96 amount,uint256 validUntil)`.
    function claimBySig(
        address account,
        uint96 amount,
        bytes32[] calldata proof,
        uint256 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Stakes an account's amount and its bonus, as it signed:
    /// `ClaimAndStake(address account,uint96 amount,uint8 tier,uint256 validUntil)`.
    function claimAndStakeBySig(
        address account,
        uint96 amount,
        uint8 tier,
        bytes32[] calldata proof,
        uint256 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Sends what is left to the treasury once the deadline has passed. Anyone may call.
    function sweep() external;

    /// @notice What was set; all zero before.
    function config() external view returns (Config memory);

    /// @notice Whether an account has taken its amount.
    function hasClaimed(address account) external view returns (bool);

    /// @notice Sum of the amounts taken so far, without bonuses.
    function taken() external view returns (uint96);
}
