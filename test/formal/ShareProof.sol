// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {NodeLedger} from "../../src/libraries/NodeLedger.sol";

/// @title What is divided is neither made nor lost: withheld payouts, slashed bonds, fees.
/// @dev As {NodeLedgerProof}.
contract ShareProof {
    function withhold(uint96 amount, uint16 bps) external pure {
        require(bps <= 10_000);
        (uint96 toPayee, uint96 toTreasury) = NodeLedger.withhold(amount, bps);
        assert(uint256(toPayee) + toTreasury == amount);
    }

    function divideBond(uint96 bond, uint16 rewardBps) external pure {
        require(rewardBps <= 5_000);
        (uint96 reward, uint96 burned) = NodeLedger.divideBond(bond, rewardBps);
        assert(uint256(reward) + burned == bond);
        assert(burned >= reward);
    }

    /// @dev Settlement divides a fee by basis points that sum to 10,000: no unit is left over and none is made.
    function sharesAreWhole(uint64 fees, uint16 a, uint16 b) external pure {
        require(uint256(a) + b <= 10_000);
        uint80 rest = NodeLedger.share(fees, 10_000 - a - b);
        assert(uint256(NodeLedger.share(fees, a)) + NodeLedger.share(fees, b) + rest == uint256(fees) * 10_000);
    }
}
