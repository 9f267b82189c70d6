// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ProgrammeVault} from "../../src/governance/ProgrammeVault.sol";
import {IProgrammeVault} from "../../src/interfaces/IProgrammeVault.sol";
import {IStakerRewards} from "../../src/interfaces/IStakerRewards.sol";
import {StakerRewardsFixture} from "../unit/staking/StakerRewardsFixture.sol";
import {IncentivesHandler} from "./IncentivesHandler.sol";

/// @dev Invariant 1 for staker rewards and programmes.
contract IncentivesInvariants is StakerRewardsFixture {
    ProgrammeVault private vault;
    IncentivesHandler private handler;
    address private treasury = makeAddr("treasury");

    function setUp() public override {
        super.setUp();
        address code = address(new ProgrammeVault(rewards, IERC721(address(0)), treasury));
        vault = ProgrammeVault(_proxy(code, abi.encodeCall(ProgrammeVault.initialize, (address(manager)))));
        handler = new IncentivesHandler(rewards, vault, treasury);
        // The handler decides as governance does.
        manager.grantRole(manager.ADMIN_ROLE(), address(handler), 0);
        targetContract(address(handler));
    }

    /// @dev One campaign checks them all: the same sequences for each would only take longer.
    function invariant_AllSums() public view {
        _checkRewards();
        _checkStakes();
        _checkProgrammes();
    }

    /// @dev Rewards hold what they owe.
    function _checkRewards() private view {
        assertEq(
            uint256(rewards.totalStaked()) + rewards.totalPending() + rewards.unpaid() + rewards.undistributed(),
            address(rewards).balance
        );
        uint256 sum;
        for (uint256 i = 0; i < 4; ++i) {
            sum += rewards.earned(handler.actors(i));
        }
        assertGe(rewards.unpaid(), sum);
        // Nothing is paid that was not received.
        assertEq(
            handler.rewarded() + handler.released(), handler.claimed() + rewards.unpaid() + rewards.undistributed()
        );
    }

    /// @dev Stakes and weights are the sums of positions.
    function _checkStakes() private view {
        uint256 staked;
        uint256 pending;
        uint256 weight;
        (uint40[5] memory locks, uint16[5] memory perWei) = _tiers();
        for (uint256 i = 0; i < 4; ++i) {
            address account = handler.actors(i);
            uint256 own;
            uint256 ownWeight;
            for (uint8 tier = 0; tier < 5; ++tier) {
                IStakerRewards.Position memory p = rewards.position(account, tier);
                own += uint256(p.staked) + p.pending;
                ownWeight += uint256(p.staked) * perWei[tier];
                (staked, pending) = (staked + p.staked, pending + p.pending);
                assertLe(p.unlockAt, block.timestamp + locks[tier]);
            }
            assertEq(own, handler.deposited(account) - handler.withdrawn(account));
            assertEq(rewards.weightOf(account), ownWeight);
            weight += ownWeight;
        }
        assertEq(rewards.totalStaked(), staked);
        assertEq(rewards.totalPending(), pending);
        assertEq(rewards.totalWeight(), weight);
    }

    function _tiers() private view returns (uint40[5] memory locks, uint16[5] memory perWei) {
        for (uint8 tier = 0; tier < 5; ++tier) {
            (locks[tier], perWei[tier]) = rewards.tierTerms(tier);
        }
    }

    /// @dev Each programme pays from its own funds.
    function _checkProgrammes() private view {
        uint256 left;
        for (uint40 id = 1; id <= vault.programmeCount(); ++id) {
            IProgrammeVault.Programme memory p = vault.programme(id);
            assertLe(p.paid, p.funded);
            left += p.funded - p.paid;
        }
        assertEq(vault.reserved(), left);
        assertEq(address(vault).balance, left);
        assertEq(handler.programmes(), left + handler.released() + treasury.balance);
    }
}
