// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";
import {ClaimActions} from "./ClaimActions.sol";
import {DisputeActions} from "./DisputeActions.sol";
import {MoneyActions} from "./MoneyActions.sol";
import {SaverActions} from "./SaverActions.sol";
import {SettlementHandler} from "./SettlementHandler.sol";

/// @notice The numbered invariants of docs/invariants.md, all but 11, after every action of any actor.
contract SettlementInvariants is Test {
    SettlementHandler private handler;

    function setUp() public {
        handler = new SettlementHandler();
        handler.setUp();
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: _actions()}));
    }

    /// @dev One campaign checks them all: the same sequences for each would only take longer.
    function invariant_AllNumbers() public view {
        handler.check();
    }

    /// @dev INV-13, at the end of every run.
    function afterInvariant() public {
        handler.drain();
        handler.check();
        handler.checkHistory();
    }

    /// @dev No action is idle: one long sequence of them meets everything that the campaign is about.
    function test_EveryBranchIsReached() public {
        vm.pauseGasMetering(); // it needs more than one transaction can have
        bytes4[] memory actions = _actions();
        for (uint256 i = 0; i < 2_000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("sequence", i)));
            bytes4 action = actions[seed % actions.length];
            // One of the small numbers that many actions want for a second argument, or a fee and a lie.
            uint256 lie = uint8(seed >> 24);
            uint256 fee = action == SettlementHandler.settle.selector ? seed >> 128 : lie;
            (bool ok, bytes memory why) = address(handler).call(abi.encodeWithSelector(action, seed >> 32, fee, lie));
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(why, 32), mload(why))
                }
            }
            if (i % 16 == 0) handler.check();
            if (i % 128 == 0) handler.checkHistory();
        }
        string[45] memory branches = _branches();
        for (uint256 i = 0; i < branches.length; ++i) {
            emit log_named_uint(branches[i], handler.times(branches[i]));
            assertGt(handler.times(branches[i]), 0, branches[i]);
        }
        handler.drain();
        handler.check();
    }

    function _branches() private pure returns (string[45] memory) {
        return [
            "redeemed",
            "redeemed and proposed",
            "proposed",
            "claimed across a vote",
            "final",
            "orphan final",
            "lie final",
            "lie proven",
            "slandered",
            "vetoed",
            "paused",
            "pause met by a claim",
            "paused payout",
            "paid",
            "paid by signature",
            "overpaid",
            "expired",
            "baseline taken",
            "unbonding",
            "frozen",
            "withdrawn",
            "key changed",
            "channel withdrawn",
            "voted",
            "tombstoned",
            "penalised",
            "transferred",
            "asked",
            "extended",
            "asked too late",
            "answered",
            "reclaimed",
            "withheld",
            "accused",
            "convicted",
            "acquitted",
            "appealed",
            "trained",
            "training released",
            "training expired",
            "training flushed",
            "saved",
            "saver left",
            "saver paid",
            "savings withdrawn"
        ];
    }

    function _actions() private pure returns (bytes4[] memory actions) {
        actions = new bytes4[](21);
        actions[0] = ClaimActions.redeem.selector;
        actions[1] = ClaimActions.propose.selector;
        actions[2] = ClaimActions.prove.selector;
        actions[3] = ClaimActions.slander.selector;
        actions[4] = ClaimActions.veto.selector;
        actions[5] = ClaimActions.pause.selector;
        actions[6] = ClaimActions.wait.selector;
        actions[7] = ClaimActions.expire.selector;
        actions[8] = MoneyActions.payout.selector;
        actions[9] = MoneyActions.flush.selector;
        actions[10] = MoneyActions.stake.selector;
        actions[11] = MoneyActions.channel.selector;
        actions[12] = MoneyActions.govern.selector;
        actions[13] = MoneyActions.own.selector;
        actions[14] = DisputeActions.ask.selector;
        actions[15] = DisputeActions.answer.selector;
        actions[16] = DisputeActions.proceed.selector;
        actions[17] = SettlementHandler.settle.selector;
        actions[18] = SettlementHandler.conclude.selector;
        actions[19] = SaverActions.train.selector;
        actions[20] = SaverActions.save.selector;
    }
}
