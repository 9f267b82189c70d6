// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Claim} from "../types/Claim.sol";

/// @title One kind of fraud that a single transaction can prove.
/// @notice Predicates hold no state of their own and judge a claim only by what the chain recorded.
/// @dev The settlement has checked that the claim is open and that its hash is the recorded one.
interface IPredicate {
    /// @notice Whether `witness` proves that `claim` is fraudulent.
    /// @dev A witness that does not fit the claim gives false or reverts; both mean "nothing proven".
    /// @param claim The claim as proposed
    /// @param witness ABI encoding of the predicate's witness, see `types/Witness.sol`
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool);
}
