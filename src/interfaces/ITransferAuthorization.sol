// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";

/// @title Transfers by signature (ERC-3009)
/// @notice The holder signs, anyone sends. Nonces are random, so authorizations need no order. Beside the signatures in
/// three parts of the standard, each function takes one as bytes, which contract wallets (ERC-1271) can give too.
interface ITransferAuthorization is IERC3009, IERC3009Cancel {
    /// @notice Moves `value` from `from` to `to`, as `from` signed.
    /// @param validAfter The authorization counts when the time is later than this
    /// @param validBefore and earlier than this
    /// @param nonce Any value that `from` has not used before
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external;

    /// @notice As {transferWithAuthorization}, but only `to` may call: for contracts that do something with what they get.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external;

    /// @notice Uses a nonce up without a transfer, as `authorizer` signed.
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes memory signature) external;
}
