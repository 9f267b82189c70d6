// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {RewardLedger} from "../../src/libraries/RewardLedger.sol";

/// @title Staker rewards are solvent, proved about the ledger that {StakerRewards} runs on.
/// @dev As {NodeLedgerProof}: any state that holds the invariant, one step, and the invariant of the state after. The state is
/// one account (its weight, what it was credited, and how far the reward per unit of weight has grown since) and what all
/// others are due together, scaled by PRECISION: each of them can be the one.
contract RewardLedgerProof {
    /// @dev What was distributed and not paid covers what every account was credited and will be.
    function _solvent(uint256 unpaid, uint256 weight, uint256 growth, uint256 credited, uint256 others)
        private
        pure
        returns (bool)
    {
        return unpaid * RewardLedger.PRECISION >= credited * RewardLedger.PRECISION + weight * growth + others;
    }

    /// @dev Nothing is distributed that was not received, and nothing of it is lost.
    function distributionIsWhole(uint96 available, uint128 weight) external pure {
        (, uint256 distributed, uint256 undistributed) = RewardLedger.distribute(available, weight);
        assert(distributed <= available);
        assert(distributed + undistributed == available);
    }

    /// @dev What was distributed is worth at least what the growth lets all accounts earn.
    function distributionCoversGrowth(uint96 available, uint128 weight) external pure {
        (uint256 growth, uint256 distributed,) = RewardLedger.distribute(available, weight);
        assert(distributed * RewardLedger.PRECISION >= growth * weight);
    }

    /// @dev A reward comes in, of which {distributionCoversGrowth} says what is used here.
    function distribute(
        uint96 unpaid,
        uint96 weight,
        uint96 othersWeight,
        uint256 growth,
        uint96 credited,
        uint256 others,
        uint96 available
    ) external pure {
        require(_solvent(unpaid, weight, growth, credited, others));
        uint256 whole = uint256(weight) + othersWeight;
        (uint256 more, uint256 distributed,) = RewardLedger.distribute(available, whole);
        require(distributed * RewardLedger.PRECISION >= more * whole);
        assert(_solvent(unpaid + distributed, weight, growth + more, credited, others + othersWeight * more));
    }

    /// @dev An account is credited what it earned.
    function credit(uint96 unpaid, uint128 weight, uint256 growth, uint96 credited, uint256 others) external pure {
        require(_solvent(unpaid, weight, growth, credited, others));
        uint256 more = RewardLedger.earned(weight, growth);
        assert(_solvent(unpaid, weight, 0, credited + more, others));
    }

    /// @dev After its credit an account's weight changes, and with it nothing that anybody is due.
    function reweigh(uint96 unpaid, uint128 weight, uint128 weightNow, uint96 credited, uint256 others) external pure {
        require(_solvent(unpaid, weight, 0, credited, others));
        assert(_solvent(unpaid, weightNow, 0, credited, others));
    }

    /// @dev An account takes its credit, which is there.
    function pay(uint96 unpaid, uint128 weight, uint96 credited, uint256 others) external pure {
        require(_solvent(unpaid, weight, 0, credited, others));
        assert(credited <= unpaid);
        assert(_solvent(unpaid - credited, weight, 0, 0, others));
    }
}
