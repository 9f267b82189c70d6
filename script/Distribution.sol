// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ITokenDistribution} from "../src/interfaces/ITokenDistribution.sol";

/// @notice Who gets each category.
struct Beneficiaries {
    address community;
    address ecosystem;
    address investors;
    address team;
    address liquidity;
}

/// @title The published schedule, as data
/// @notice Community 51.71 %, Ecosystem 10 %, Investors 18.29 %, Team 15 %, Liquidity 5 % of 1,000,000,000 OPEN. 215,500,000
/// circulate at launch: all of Liquidity, and 165,500,000 of Community and Ecosystem together; how these share that part is
/// not published, so it follows their size.
library Distribution {
    uint40 internal constant YEAR = 365 days;

    function published(Beneficiaries memory to) internal pure returns (ITokenDistribution.Allocation[] memory all) {
        all = new ITokenDistribution.Allocation[](5);
        all[0] = _line("community", to.community, 517_100_000e18, 138_700_000e18, 0, 4 * YEAR);
        all[1] = _line("ecosystem", to.ecosystem, 100_000_000e18, 26_800_000e18, 0, 4 * YEAR);
        all[2] = _line("investors", to.investors, 182_900_000e18, 0, YEAR, 3 * YEAR);
        all[3] = _line("team", to.team, 150_000_000e18, 0, YEAR, 3 * YEAR);
        all[4] = _line("liquidity", to.liquidity, 50_000_000e18, 50_000_000e18, 0, 0);
    }

    function _line(bytes32 category, address to, uint96 amount, uint96 atLaunch, uint40 cliff, uint40 duration)
        private
        pure
        returns (ITokenDistribution.Allocation memory)
    {
        return ITokenDistribution.Allocation(category, to, amount, atLaunch, cliff, duration);
    }
}
