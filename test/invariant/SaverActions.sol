// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetRegistry} from "../../src/interfaces/IDatanetRegistry.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {IStakerRewards} from "../../src/interfaces/IStakerRewards.sol";
import {DisputeActions} from "./DisputeActions.sol";

/// @dev Fees of training runs, and the savers who get their share of these and of all other fees.
abstract contract SaverActions is DisputeActions {
    uint96 private constant PRICE = 1e15;
    uint256 private constant SAVERS = 2;

    /// @dev A published run and one that never is.
    bytes32[2] private runs = [keccak256("manifest"), keccak256("another manifest")];
    uint40 private pricedDatanet;
    /// @dev What was paid for each run and is still the contributors', and what waits for burn, treasury and stakers.
    uint256[2] private trainingHeld;
    uint256 private trainingCounted;

    address[SAVERS] private savers = [makeAddr("saver 0"), makeAddr("saver 1")];
    uint256[SAVERS] private saved;
    /// @dev All that stakers were ever sent, and what savers took of it.
    uint256 private rewardsTaken;

    function setUp() public virtual override {
        super.setUp();
        IDatanetRegistry.DatanetConfig memory config;
        config.name = "Buoys";
        config.licences = new string[](1);
        config.licences[0] = "CC0-1.0";
        config.pricePerRow = PRICE;
        vm.prank(curator);
        pricedDatanet = d.datanets.createDatanet(config);
        uint40[] memory trainedOn = new uint40[](1);
        trainedOn[0] = pricedDatanet;
        vm.prank(builder);
        d.runs.openRun(runs[1], keccak256("inputs"), 6, 1, trainedOn, STORE_URI);
        // Until nobody can object to the model any more.
        vm.warp(vm.getBlockTimestamp() + d.models.OBJECTION_WINDOW());
    }

    // ----------------------------------------------------------------------------------------------- training fees

    /// @notice Somebody pays for rows of a run, or sends on what was paid.
    function train(uint256 seed, uint32 rows) public judging {
        uint256 kind = seed % 4;
        if (kind == 0) return _release();
        if (kind == 1 && _expireRun()) return;
        if (kind == 2 && trainingCounted != 0) return _flushTraining();
        _pay(seed / 4 % 2, rows % 1_000 + 1);
    }

    function _pay(uint256 run, uint32 rows) private {
        (uint40[] memory ids, uint32[] memory counts) = (new uint40[](1), new uint32[](1));
        (ids[0], counts[0]) = (pricedDatanet, rows);
        uint256 fee = uint256(PRICE) * rows;
        IProtocolParameters.Parameters memory p = d.parameters.parameters(d.parameters.currentVersion());
        uint256 others = fee * (uint256(p.burnBps) + p.treasuryBps + p.stakersBps) / 10_000;
        vm.deal(stranger, stranger.balance + fee);
        vm.prank(stranger);
        d.fees.pay{value: fee}(runs[run], ids, counts);
        trainingCounted += others;
        trainingHeld[run] += fee - others;
        ++times["trained"];
    }

    function _release() internal {
        if (trainingHeld[0] == 0) return;
        uint256 before = d.vault.received(adapterId);
        d.fees.release(adapterId);
        assertEq(d.vault.received(adapterId) - before, trainingHeld[0], "INV-13: contributors of a run");
        trainingHeld[0] = 0;
        ++times["training released"];
    }

    function _expireRun() internal returns (bool) {
        bool due = trainingHeld[1] != 0 && vm.getBlockTimestamp() >= d.fees.held(runs[1]).expiresAt;
        if (!due) return false;
        d.fees.expire(runs[1]);
        (trainingCounted, trainingHeld[1]) = (trainingCounted + trainingHeld[1], 0);
        ++times["training expired"];
        return true;
    }

    function _flushTraining() internal {
        d.fees.flush();
        trainingCounted = 0;
        ++times["training flushed"];
    }

    /// @dev INV-1.
    function _checkTraining() internal view {
        (uint256 burned, uint256 treasury, uint256 stakers) = d.fees.counters();
        assertEq(burned + treasury + stakers, trainingCounted, "INV-1: shares of training fees");
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(d.fees.held(runs[i]).amount, trainingHeld[i], "INV-1: contributors' training fees");
        }
        uint256 held = trainingCounted + trainingHeld[0] + trainingHeld[1];
        assertEq(address(d.fees).balance, held, "INV-1: training fees");
    }

    /// @dev INV-13: whatever was paid for a run reaches who it belongs to.
    function _endTraining() internal {
        _release();
        _expireRun();
        _flushTraining();
        assertEq(address(d.fees).balance, 0, "INV-13: training fees");
    }

    // ------------------------------------------------------------------------------------------------------ savers

    /// @notice Savers lock their money in some tier, ask for it back, take it, and are paid.
    function save(uint256 seed, uint96 amount) public judging {
        uint256 i = seed % SAVERS;
        uint8 tier = uint8(seed / 2 % 5);
        IStakerRewards.Position memory p = d.rewards.position(savers[i], tier);
        uint256 kind = seed / 16 % 4;
        if (kind == 0) return _claimRewards(i);
        if (p.pending != 0 && vm.getBlockTimestamp() >= p.availableAt) return _withdrawSaving(i, tier, p.pending);
        vm.startPrank(savers[i]);
        if (kind == 1 && p.staked != 0) {
            d.rewards.requestWithdraw(tier, uint96(_bound(amount, 1, p.staked)));
            ++times["saver left"];
        } else {
            amount = uint96(_bound(amount, 1, 1e21));
            vm.deal(savers[i], savers[i].balance + amount);
            d.rewards.deposit{value: amount}(tier);
            saved[i] += amount;
            ++times["saved"];
        }
        vm.stopPrank();
    }

    function _claimRewards(uint256 i) private {
        uint96 earned = d.rewards.earned(savers[i]);
        if (earned == 0) return;
        uint256 before = savers[i].balance;
        vm.prank(savers[i]);
        d.rewards.claimRewards();
        assertEq(savers[i].balance - before, earned, "INV-1: a saver's rewards");
        rewardsTaken += earned;
        ++times["saver paid"];
    }

    function _withdrawSaving(uint256 i, uint8 tier, uint96 amount) private {
        uint256 before = savers[i].balance;
        vm.prank(savers[i]);
        d.rewards.withdraw(tier);
        assertEq(savers[i].balance - before, amount, "INV-1: a saver's money");
        saved[i] -= amount;
        ++times["savings withdrawn"];
    }

    /// @dev INV-1: what savers put in and what they have earned is there.
    function _checkSavers() internal view {
        uint256 stakes = uint256(d.rewards.totalStaked()) + d.rewards.totalPending();
        assertEq(stakes, saved[0] + saved[1], "INV-1: savings");
        uint256 unpaid = d.rewards.unpaid();
        uint256 earned = uint256(d.rewards.earned(savers[0])) + d.rewards.earned(savers[1]);
        assertGe(unpaid, earned, "INV-1: rewards");
        assertEq(address(d.rewards).balance, stakes + unpaid + d.rewards.undistributed(), "INV-1: rewards");
    }

    /// @dev INV-13: all locks end, and everything that was saved comes back.
    function _withdrawSavings() internal {
        _wait(365 days);
        for (uint256 i = 0; i < SAVERS; ++i) {
            for (uint8 tier = 0; tier < 5; ++tier) {
                _leave(i, tier);
            }
            _claimRewards(i);
        }
        assertEq(saved[0] + saved[1], 0, "INV-13: savings");
    }

    function _leave(uint256 i, uint8 tier) private {
        uint96 staked = d.rewards.position(savers[i], tier).staked;
        if (staked != 0) {
            vm.prank(savers[i]);
            d.rewards.requestWithdraw(tier, staked);
            _wait(d.rewards.unbondingDelay());
        }
        uint96 pending = d.rewards.position(savers[i], tier).pending;
        if (pending != 0) _withdrawSaving(i, tier, pending);
    }
}
