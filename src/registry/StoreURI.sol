// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title Addresses of the content store
library StoreURI {
    /// @notice Where the content with this keccak256 hash is: `store:0x` and 64 lower-case hex digits.
    function unpack(bytes32 digest) internal pure returns (string memory) {
        return string.concat("store:", Strings.toHexString(uint256(digest), 32));
    }
}
