// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title Addresses of the content store
/// @notice `store:0x` and 64 lower-case hex digits hold 32 bytes of information, so one slot instead of four is enough.
library StoreURI {
    bytes8 private constant PREFIX = "store:0x";
    uint256 private constant LENGTH = 72;

    /// @notice The hash in a canonical store URI; 0 when `uri` is anything else.
    function pack(string memory uri) internal pure returns (bytes32) {
        bytes memory text = bytes(uri);
        if (text.length != LENGTH || bytes8(bytes(uri)) != PREFIX) return 0;
        uint256 digest;
        for (uint256 i = PREFIX.length; i < LENGTH; ++i) {
            uint256 c = uint8(text[i]);
            if (c >= 0x30 && c <= 0x39) c -= 0x30;
            else if (c >= 0x61 && c <= 0x66) c -= 0x57;
            else return 0;
            digest = digest << 4 | c;
        }
        return bytes32(digest);
    }

    /// @notice The canonical store URI of a hash.
    function unpack(bytes32 digest) internal pure returns (string memory) {
        return string.concat("store:", Strings.toHexString(uint256(digest), 32));
    }
}
