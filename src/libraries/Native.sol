// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

/// @title Native OPEN: sending and burning.
library Native {
    /// @notice Where burned OPEN goes: nobody has its key. The bridge relays what arrives here to L1, where it is burned from
    /// the supply.
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    error Native_AmountTooLarge(uint256 amount);

    /// @notice Sends value and says whether it arrived; what the receiver returns is never copied.
    function trySend(address to, uint256 amount) internal returns (bool) {
        return LowLevelCall.callNoReturn(to, amount, "");
    }

    /// @notice An amount of OPEN in 96 bits: more than the supply, so a value that does not fit was never sent.
    function toUint96(uint256 amount) internal pure returns (uint96) {
        if (amount > type(uint96).max) revert Native_AmountTooLarge(amount);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(amount);
    }
}
