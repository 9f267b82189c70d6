// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title What training on datanets costs, and who gets it.
/// @notice A run pays each of its datanets' price per row. Burn, treasury and stakers get their parts of it as of any fee;
/// all the rest is held for the run, and goes to the baseline of the adapter that the run becomes: to the contributors.
/// A run that becomes no adapter in time leaves it to the treasury.
interface ITrainingFees {
    /// @notice What is held for a run.
    /// @param amount Wei
    /// @param expiresAt When it goes to the treasury unless the run is published; every payment renews it
    struct Held {
        uint96 amount;
        uint40 expiresAt;
    }

    event TrainingPaid(
        bytes32 indexed runId, address indexed payer, uint40[] datanetIds, uint32[] rows, uint96 fee, uint96 held
    );
    event TrainingReleased(bytes32 indexed runId, uint40 indexed modelId, uint96 amount, bool toBaseline);
    event TrainingExpired(bytes32 indexed runId, uint96 amount);
    event Flushed(uint96 burned, uint96 treasury, uint96 stakers);

    error TrainingFees_UnknownRun(bytes32 runId);
    error TrainingFees_NoDatanets();
    error TrainingFees_LengthMismatch(uint256 datanets, uint256 rows);
    error TrainingFees_ZeroRows(uint40 datanetId);
    error TrainingFees_WrongFee(uint256 fee, uint256 sent);
    error TrainingFees_NothingHeld(bytes32 runId);
    /// @dev Its objection window runs, a case is open, or it is suspended.
    error TrainingFees_Contested(uint40 modelId);
    error TrainingFees_NotExpired(bytes32 runId, uint40 expiresAt);
    /// @dev {release} pays it.
    error TrainingFees_Published(bytes32 runId, uint40 modelId);

    /// @notice Pays price × rows of each datanet for a run that the training log knows. Anyone may pay, in parts too. The
    /// value sent must be the exact sum.
    /// @param runId The run
    /// @param datanetIds The datanets, in any order
    /// @param rows Rows paid for in each, beside those paid before
    function pay(bytes32 runId, uint40[] calldata datanetIds, uint32[] calldata rows) external payable;

    /// @notice Pays what is held for a model's run into the model's baseline, or to the treasury when it has none. Anyone
    /// may call, once nobody contests the publication any more.
    function release(uint40 modelId) external;

    /// @notice Gives what is held for a run that became no adapter in time to the treasury. Anyone may call.
    function expire(bytes32 runId) external;

    /// @notice Sends the burn, treasury and stakers counters on their way. Anyone may call.
    function flush() external;

    /// @notice Rows of a datanet that were paid for a run.
    function paidRows(bytes32 runId, uint40 datanetId) external view returns (uint32);

    /// @notice What is held for a run.
    function held(bytes32 runId) external view returns (Held memory);

    /// @notice The counters that {flush} sends.
    function counters() external view returns (uint96 burn, uint96 treasury, uint96 stakers);
}
