// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {ProgrammeVault} from "../../src/governance/ProgrammeVault.sol";
import {IProgrammeVault} from "../../src/interfaces/IProgrammeVault.sol";
import {IStakerRewards} from "../../src/interfaces/IStakerRewards.sol";
import {StakerRewards} from "../../src/staking/StakerRewards.sol";

/// @dev Four stakers, rewards from outside and from programmes, and time. Never calls what must revert.
contract IncentivesHandler is Test {
    StakerRewards private immutable REWARDS;
    ProgrammeVault private immutable VAULT;
    address public immutable TREASURY;

    address[4] public actors = [makeAddr("one"), makeAddr("two"), makeAddr("three"), makeAddr("four")];

    /// @dev Ghosts: value that came and went, per account and in all.
    mapping(address account => uint256) public deposited;
    mapping(address account => uint256) public withdrawn;
    uint256 public rewarded;
    uint256 public claimed;
    uint256 public programmes;
    uint256 public released;

    constructor(StakerRewards rewards, ProgrammeVault vault, address treasury) {
        (REWARDS, VAULT, TREASURY) = (rewards, vault, treasury);
    }

    function deposit(uint256 who, uint256 forWhom, uint8 tier, uint96 amount) external {
        amount = uint96(bound(amount, 1, 1e26));
        address account = actors[forWhom % 4];
        _fund(actors[who % 4], amount);
        REWARDS.depositFor{value: amount}(account, tier % 5);
        deposited[account] += amount;
    }

    function requestWithdraw(uint256 who, uint8 tier, uint96 amount) external {
        address account = actors[who % 4];
        uint96 staked = REWARDS.position(account, tier % 5).staked;
        if (staked == 0) return;
        vm.prank(account);
        REWARDS.requestWithdraw(tier % 5, uint96(bound(amount, 1, staked)));
    }

    function withdraw(uint256 who, uint8 tier) external {
        address account = actors[who % 4];
        IStakerRewards.Position memory p = REWARDS.position(account, tier % 5);
        if (p.pending == 0 || block.timestamp < p.availableAt) return;
        vm.prank(account);
        REWARDS.withdraw(tier % 5);
        withdrawn[account] += p.pending;
    }

    function claim(uint256 who) external {
        address account = actors[who % 4];
        uint96 earned = REWARDS.earned(account);
        if (earned == 0) return;
        vm.prank(account);
        REWARDS.claimRewards();
        claimed += earned;
    }

    function relax(uint256 who, uint8 tier) external {
        address account = actors[who % 4];
        tier = uint8(bound(tier, 1, 4));
        IStakerRewards.Position memory p = REWARDS.position(account, tier);
        if (p.staked == 0 || block.timestamp < p.unlockAt) return;
        REWARDS.relax(account, tier);
    }

    function reward(uint96 amount) external {
        amount = uint96(bound(amount, 0, 1e26));
        _fund(address(this), amount);
        REWARDS.notifyReward{value: amount}();
        rewarded += amount;
    }

    function stream(uint96 amount, uint40 delay, uint40 duration) external {
        amount = uint96(bound(amount, 1, 1e26));
        uint40 start = uint40(block.timestamp + bound(delay, 0, 30 days));
        uint40 end = start + uint40(bound(duration, 1, 365 days));
        vm.deal(address(this), amount);
        VAULT.streamToStakers{value: amount}(start, end);
        programmes += amount;
    }

    function release(uint40 id) external {
        if (VAULT.programmeCount() == 0) return;
        id = uint40(bound(id, 1, VAULT.programmeCount()));
        uint96 amount = VAULT.releasable(id);
        if (amount == 0) return;
        VAULT.release(id);
        released += amount;
    }

    function cancel(uint40 id) external {
        if (VAULT.programmeCount() == 0) return;
        id = uint40(bound(id, 1, VAULT.programmeCount()));
        IProgrammeVault.Programme memory p = VAULT.programme(id);
        if (block.timestamp < p.end) VAULT.cancel(id);
    }

    function pass(uint256 time) external {
        skip(bound(time, 0, 100 days));
    }

    function _fund(address who, uint256 amount) private {
        vm.deal(who, who.balance + amount);
        if (who != address(this)) vm.prank(who);
    }
}
