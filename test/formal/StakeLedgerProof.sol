// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {StakeLedger} from "../../src/libraries/StakeLedger.sol";

/// @title Bond conservation, proved about the ledger that staking runs on.
/// @dev As {NodeLedgerProof}: any state that holds the invariant, one step, and the invariant of the state after.
contract StakeLedgerProof {
    /// @dev Stake covers what is bonded and what is leaving, and what is due too while any is leaving: nothing that a
    /// verdict took can be withdrawn.
    function _sound(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due) private pure returns (bool) {
        return uint256(bonded) + unbonding <= stake && due <= stake
            && (unbonding == 0 || uint256(bonded) + unbonding + due <= stake);
    }

    function lock(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 bond) external pure {
        require(_sound(stake, bonded, unbonding, due));
        require(bond <= StakeLedger.free(stake, bonded, unbonding, due));
        assert(_sound(stake, bonded + bond, unbonding, due));
    }

    function unbond(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 amount) external pure {
        require(_sound(stake, bonded, unbonding, due));
        require(amount <= StakeLedger.free(stake, bonded, unbonding, due));
        assert(_sound(stake, bonded, unbonding + amount, due));
    }

    function release(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 bond) external pure {
        require(_sound(stake, bonded, unbonding, due));
        assert(_sound(stake, bonded - bond, unbonding, due));
    }

    function deposit(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 amount) external pure {
        require(_sound(stake, bonded, unbonding, due));
        assert(_sound(stake + amount, bonded, unbonding, due));
    }

    function withdraw(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due) external pure {
        require(_sound(stake, bonded, unbonding, due));
        assert(_sound(stake - unbonding, bonded, 0, due));
    }

    function stayingIsLessThanStake(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due) external pure {
        require(_sound(stake, bonded, unbonding, due));
        assert(StakeLedger.staying(stake, unbonding, due) <= stake);
        assert(StakeLedger.free(stake, bonded, unbonding, due) <= StakeLedger.staying(stake, unbonding, due));
    }

    /// @dev Bond in = reward + burned, and the stake shrinks by exactly that.
    function slashBond(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 bond, uint96 reward)
        external
        pure
    {
        require(_sound(stake, bonded, unbonding, due));
        (uint96 stakeLeft, uint96 bondedLeft, uint96 dueLeft, uint96 burned) =
            StakeLedger.slashBond(stake, bonded, due, bond, reward);
        assert(uint256(reward) + burned == bond);
        assert(uint256(stakeLeft) + reward + burned == stake);
        assert(_sound(stakeLeft, bondedLeft, unbonding, dueLeft));
    }

    /// @dev A case never takes what is bonded, and what it could not take yet is still due.
    function cut(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 amount) external pure {
        require(_sound(stake, bonded, unbonding, due));
        (uint96 stakeLeft, uint96 unbondingLeft, uint96 dueLeft, uint96 taken) =
            StakeLedger.cut(stake, bonded, unbonding, due, amount);
        assert(uint256(stakeLeft) + taken == stake);
        assert(_sound(stakeLeft, bonded, unbondingLeft, dueLeft));
    }

    /// @dev What was due stays due until it is taken, and at most `amount` is added to it.
    function cutTakesWhatItSays(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 amount)
        external
        pure
    {
        require(_sound(stake, bonded, unbonding, due));
        (,, uint96 dueLeft, uint96 taken) = StakeLedger.cut(stake, bonded, unbonding, due, amount);
        assert(uint256(taken) + dueLeft <= uint256(due) + amount);
        assert(uint256(taken) + dueLeft >= due);
    }

    function share(uint96 taken, uint96 reward) external pure {
        (uint96 paid, uint96 burned) = StakeLedger.share(taken, reward);
        assert(uint256(paid) + burned == taken);
        assert(paid <= reward);
    }
}
