// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The arithmetic of stakes, on values alone.
/// @notice Every function keeps `stake >= bonded + unbonding`, given that it held before; what goes in comes out as
/// returned, reward or burned. The proofs are in `test/formal`.
library StakeLedger {
    /// @notice Stake that can be bonded or unbonded: what is left when everything promised is taken off.
    function free(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due) internal pure returns (uint96) {
        uint96 left = stake - bonded - unbonding;
        return left > due ? left - due : 0;
    }

    /// @notice Stake that is neither leaving nor due: what may back new claims.
    function staying(uint96 stake, uint96 unbonding, uint96 due) internal pure returns (uint96) {
        uint96 left = stake - unbonding;
        return left > due ? left - due : 0;
    }

    /// @notice A bond leaves the stake: all of it is reward or burned. What is due can't exceed what is left.
    /// @return stakeLeft The stake afterwards
    /// @return bondedLeft What is still bonded
    /// @return dueLeft What is still due
    /// @return burned The bond less the reward
    function slashBond(uint96 stake, uint96 bonded, uint96 due, uint96 bond, uint96 reward)
        internal
        pure
        returns (uint96 stakeLeft, uint96 bondedLeft, uint96 dueLeft, uint96 burned)
    {
        bondedLeft = bonded - bond;
        stakeLeft = stake - bond;
        dueLeft = due < stakeLeft ? due : stakeLeft;
        burned = bond - reward;
    }

    /// @notice Adds `amount` to what is due and takes of it what is not bonded: first free stake, then unbonding stake.
    /// @return stakeLeft The stake afterwards
    /// @return unbondingLeft What is still unbonding
    /// @return dueLeft What could not be taken yet, because it is bonded
    /// @return taken What was taken
    function cut(uint96 stake, uint96 bonded, uint96 unbonding, uint96 due, uint96 amount)
        internal
        pure
        returns (uint96 stakeLeft, uint96 unbondingLeft, uint96 dueLeft, uint96 taken)
    {
        uint96 undue = stake - due;
        uint96 wanted = due + (amount < undue ? amount : undue);
        uint96 loose = stake - bonded;
        taken = wanted < loose ? wanted : loose;
        stakeLeft = stake - taken;
        dueLeft = wanted - taken;
        uint96 room = stakeLeft - bonded;
        unbondingLeft = unbonding < room ? unbonding : room;
    }

    /// @notice What is burned and what is paid out of an amount taken; the reward is never more than that.
    function share(uint96 taken, uint96 reward) internal pure returns (uint96 paid, uint96 burned) {
        paid = reward < taken ? reward : taken;
        burned = taken - paid;
    }
}
