// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ChannelLedger} from "../libraries/ChannelLedger.sol";

/// @notice What a redemption changes of a channel, in one word: signer20 ‖ epoch4 ‖ settled8, settled in gwei. Zero: there
/// is no channel, because no signer is zero.
type ChannelState is uint256;

using ChannelStateLib for ChannelState global;

/// @title The packed state of a channel.
library ChannelStateLib {
    /// @notice The state of a channel.
    /// @param signer_ Whose signature spends
    /// @param epoch_ Number of vouchers redeemed
    /// @param settled_ What they paid: whole gwei, and fewer than 2^64 of them
    function pack(address signer_, uint32 epoch_, uint96 settled_) internal pure returns (ChannelState) {
        return
            ChannelState.wrap(uint256(uint160(signer_)) << 96 | uint256(epoch_) << 64 | settled_ / ChannelLedger.UNIT);
    }

    /// @notice Whether there is a channel.
    function isOpen(ChannelState state) internal pure returns (bool) {
        return ChannelState.unwrap(state) != 0;
    }

    /// @notice Whose signature spends.
    function signer(ChannelState state) internal pure returns (address) {
        return address(uint160(ChannelState.unwrap(state) >> 96));
    }

    /// @notice Number of vouchers redeemed.
    function epoch(ChannelState state) internal pure returns (uint32) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(ChannelState.unwrap(state) >> 64);
    }

    /// @notice What vouchers have paid, in wei.
    function settled(ChannelState state) internal pure returns (uint96) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(ChannelState.unwrap(state)) * ChannelLedger.UNIT;
    }
}
