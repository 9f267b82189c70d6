// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {NodeLedger} from "../../src/libraries/NodeLedger.sol";

/// @title Solvency and monotonic payouts, proved about the ledger that settlement runs on.
/// @dev By induction: every function takes any state in which the invariant holds and asserts it of the state after. A
/// state of zeros holds it, and settlement changes these numbers through {NodeLedger} alone. All amounts are unbounded
/// within their types; arithmetic that overflows reverts and changes nothing. `test/formal/prove.ts` runs this.
contract NodeLedgerProof {
    uint256 private constant UNIT = 1e5;

    /// @dev `balance` is what settlement holds of this node's fees, in wei; `funded` is what its owners may be paid;
    /// `earned` counts here whoever proposed the claim, because it is this node's fees that pay it.
    function _solvent(uint256 balance, uint80 unattributed, uint80 funded, uint80 earned, uint96 paid)
        private
        pure
        returns (bool)
    {
        uint256 owed = (uint256(unattributed) + funded + earned) * UNIT;
        return paid <= uint256(funded) * UNIT && balance + paid >= owed;
    }

    function redeem(uint256 balance, uint80 waiting, uint80 funded, uint80 earned, uint96 paid, uint80 o, uint80 n)
        external
        pure
    {
        require(_solvent(balance, waiting, funded, earned, paid));
        uint80 waitingNow = NodeLedger.fund(waiting, o, n);
        uint256 received = (uint256(o) + n) * UNIT;
        assert(_solvent(balance + received, waitingNow, funded, earned, paid));
    }

    function finalize(uint256 balance, uint80 waiting, uint80 funded, uint80 earned, uint96 paid, uint80 o, uint80 n)
        external
        pure
    {
        require(_solvent(balance, waiting, funded, earned, paid));
        (uint80 waitingNow, uint80 fundedNow, uint80 earnedNow) = NodeLedger.finalize(waiting, funded, earned, o, n);
        assert(fundedNow >= funded);
        assert(_solvent(balance, waitingNow, fundedNow, earnedNow, paid));
    }

    function expire(uint256 balance, uint80 waiting, uint80 funded, uint80 earned, uint96 paid, uint80 o, uint80 n)
        external
        pure
    {
        require(_solvent(balance, waiting, funded, earned, paid));
        (uint80 waitingNow, uint96 treasury) = NodeLedger.expire(waiting, 0, o, n);
        // What the treasury's counter gained is its own from here on.
        assert(balance >= treasury);
        assert(_solvent(balance - treasury, waitingNow, funded, earned, paid));
    }

    function pay(
        uint256 balance,
        uint80 waiting,
        uint80 funded,
        uint80 earned,
        uint96 paid,
        uint96 paidToAsset,
        uint96 cumulative
    ) external pure {
        require(_solvent(balance, waiting, funded, earned, paid));
        (uint96 amount, uint96 paidNow,) = NodeLedger.book(paid, paidToAsset, cumulative, NodeLedger.inWei(funded));
        assert(balance >= amount);
        assert(_solvent(balance - amount, waiting, funded, earned, paidNow));
    }

    function sendEarned(uint256 balance, uint80 waiting, uint80 funded, uint80 earned, uint96 paid) external pure {
        require(_solvent(balance, waiting, funded, earned, paid));
        uint96 amount = NodeLedger.inWei(earned);
        assert(balance >= amount);
        assert(_solvent(balance - amount, waiting, funded, 0, paid));
    }
}
