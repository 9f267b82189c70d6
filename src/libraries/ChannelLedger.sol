// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IInferenceEscrow} from "../interfaces/IInferenceEscrow.sol";

/// @title The arithmetic of a payment channel.
/// @notice Pure functions on plain numbers, so that they can be proved; the escrow has no other way to change them. Every
/// function keeps `settled <= deposit <= MAX_DEPOSIT`, given that it held before: a channel never pays more than its deposit.
/// The proofs are in `test/formal`.
library ChannelLedger {
    /// @notice Fees are whole multiples of this.
    uint96 internal constant UNIT = 1 gwei;

    /// @notice Most that a channel can hold and ever settle: 18 times the supply of OPEN.
    uint256 internal constant MAX_DEPOSIT = uint256(type(uint64).max) * UNIT;

    /// @notice A deposit grows.
    /// @return What it is then
    function add(uint96 deposit, uint256 value) internal pure returns (uint96) {
        if (value > MAX_DEPOSIT) revert IInferenceEscrow.InferenceEscrow_AmountTooLarge(value);
        uint256 sum = deposit + value;
        if (sum > MAX_DEPOSIT) revert IInferenceEscrow.InferenceEscrow_AmountTooLarge(sum);
        // Not above MAX_DEPOSIT, which has 94 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(sum);
    }

    /// @notice What of a deposit was neither settled nor withdrawn.
    function left(uint96 deposit, uint96 settled) internal pure returns (uint96) {
        return deposit - settled;
    }

    /// @notice A voucher is paid: never in part.
    /// @param channelId For the errors
    /// @param settled What vouchers have paid; the new one must name it
    /// @param cumulative What vouchers have paid, this one included
    /// @return fee What this one pays
    function settle(bytes32 channelId, uint96 deposit, uint96 settled, uint96 settledFee, uint96 cumulative)
        internal
        pure
        returns (uint96 fee)
    {
        if (settledFee != settled) {
            revert IInferenceEscrow.InferenceEscrow_WrongSettledFee(channelId, settled, settledFee);
        }
        if (cumulative < settled) {
            revert IInferenceEscrow.InferenceEscrow_FeeBelowSettled(channelId, settled, cumulative);
        }
        if (cumulative > deposit) {
            revert IInferenceEscrow.InferenceEscrow_FeeExceedsDeposit(channelId, deposit, cumulative);
        }
        fee = cumulative - settled;
        if (fee % UNIT != 0) revert IInferenceEscrow.InferenceEscrow_FeeNotWholeGwei(channelId, fee);
    }

    /// @notice A consumer takes what it asked for, or what is left if that is less.
    /// @return amount What it takes
    /// @return depositLeft The deposit then
    function withdraw(uint96 deposit, uint96 settled, uint96 asked)
        internal
        pure
        returns (uint96 amount, uint96 depositLeft)
    {
        uint96 most = left(deposit, settled);
        amount = asked < most ? asked : most;
        depositLeft = deposit - amount;
    }
}
