// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ChannelLedger} from "../../src/libraries/ChannelLedger.sol";

/// @title A channel never pays more than its deposit, proved about the ledger that the escrow runs on.
/// @dev As {NodeLedgerProof}: any state that holds the invariant, one step, and the invariant of the state after. `balance` is
/// what the escrow holds of this channel, `received` all that was ever deposited, `returned` all that was withdrawn.
contract ChannelLedgerProof {
    /// @dev Settled fees are whole gwei and have 64 bits of them: the escrow packs them so, and loses nothing.
    function _sound(uint256 balance, uint256 received, uint256 returned, uint96 deposited, uint96 settled)
        private
        pure
        returns (bool)
    {
        bool covered = settled <= deposited && deposited <= ChannelLedger.MAX_DEPOSIT;
        bool whole = settled % ChannelLedger.UNIT == 0;
        return covered && whole && received == uint256(deposited) + returned && balance == uint256(deposited) - settled;
    }

    function deposit(
        uint256 balance,
        uint256 received,
        uint256 returned,
        uint96 deposited,
        uint96 settled,
        uint96 value
    ) external pure {
        require(_sound(balance, received, returned, deposited, settled));
        uint96 depositedNow = ChannelLedger.add(deposited, value);
        assert(_sound(balance + value, received + value, returned, depositedNow, settled));
    }

    /// @dev The redeemer gets `fee`: the escrow has it, and all fees and withdrawals together stay within what came in.
    function settle(
        uint256 balance,
        uint256 received,
        uint256 returned,
        uint96 deposited,
        uint96 settled,
        uint96 settledFee,
        uint96 cumulative
    ) external pure {
        require(_sound(balance, received, returned, deposited, settled));
        uint96 fee = ChannelLedger.settle(0, deposited, settled, settledFee, cumulative);
        assert(fee <= balance);
        assert(uint256(settled) + fee + returned <= received);
        assert(cumulative / ChannelLedger.UNIT <= type(uint64).max);
        assert(_sound(balance - fee, received, returned, deposited, cumulative));
    }

    /// @dev A voucher that was paid is not paid again, nor is one that names another state.
    function aVoucherPaysOnce(uint96 deposited, uint96 settled, uint96 settledFee, uint96 cumulative) external pure {
        uint96 fee = ChannelLedger.settle(0, deposited, settled, settledFee, cumulative);
        assert(settledFee == settled);
        assert(fee == 0 || settledFee != cumulative);
    }

    function withdraw(
        uint256 balance,
        uint256 received,
        uint256 returned,
        uint96 deposited,
        uint96 settled,
        uint96 asked
    ) external pure {
        require(_sound(balance, received, returned, deposited, settled));
        (uint96 amount, uint96 depositedNow) = ChannelLedger.withdraw(deposited, settled, asked);
        assert(amount <= asked);
        assert(amount <= balance);
        assert(_sound(balance - amount, received, returned + amount, depositedNow, settled));
    }

    /// @dev What a consumer can ask for is there.
    function nothingIsLeftThatIsNotThere(
        uint256 balance,
        uint256 received,
        uint256 returned,
        uint96 deposited,
        uint96 settled
    ) external pure {
        require(_sound(balance, received, returned, deposited, settled));
        assert(ChannelLedger.left(deposited, settled) == balance);
    }
}
