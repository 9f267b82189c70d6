// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";

/// @notice What one version of the parameters says about fees, windows and bonds, in one word, which is 0 for
/// no version.
type Terms is uint256;

using TermsLib for Terms global;

/// @title Reads {Terms}.
/// @dev burn2 ‖ treasury2 ‖ node2 ‖ stakers2 ‖ model2 ‖ contributors2 ‖ challengeWindow4 ‖ unbondingPeriod4 ‖ detectionPpm4 ‖
/// bondBps2 ‖ slashRewardBps2, from the lowest bits on.
library TermsLib {
    /// @notice The terms of a version.
    function pack(IProtocolParameters.SettlementTerms calldata t) internal pure returns (Terms) {
        uint256 shares = uint256(t.burnBps) | uint256(t.treasuryBps) << 16 | uint256(t.nodeBps) << 32
            | uint256(t.stakersBps) << 48 | uint256(t.modelBps) << 64 | uint256(t.contributorsBps) << 80;
        uint256 windows = uint256(t.challengeWindow) << 96 | uint256(t.unbondingPeriod) << 128;
        uint256 bonds = uint256(t.detectionPpm) << 160 | uint256(t.bondBps) << 192 | uint256(t.slashRewardBps) << 208;
        return Terms.wrap(shares | windows | bonds);
    }

    /// @notice Part of a fee that is burned.
    function burnBps(Terms t) internal pure returns (uint16) {
        return _u16(t, 0);
    }

    /// @notice Part of a fee for the treasury.
    function treasuryBps(Terms t) internal pure returns (uint16) {
        return _u16(t, 16);
    }

    /// @notice Part of a fee for the node.
    function nodeBps(Terms t) internal pure returns (uint16) {
        return _u16(t, 32);
    }

    /// @notice Part of a fee for the stakers.
    function stakersBps(Terms t) internal pure returns (uint16) {
        return _u16(t, 48);
    }

    /// @notice Part of a fee for the contributors.
    function contributorsBps(Terms t) internal pure returns (uint16) {
        return _u16(t, 80);
    }

    /// @notice Part of a fee for the model's owner, its parent and the contributors: at most all of it.
    function ownersBps(Terms t) internal pure returns (uint16) {
        unchecked {
            return _u16(t, 64) + _u16(t, 80);
        }
    }

    /// @notice Seconds in which a claim can be proven false.
    function challengeWindow(Terms t) internal pure returns (uint32) {
        return _u32(t, 96);
    }

    /// @notice Seconds until unbonded stake can be withdrawn.
    function unbondingPeriod(Terms t) internal pure returns (uint32) {
        return _u32(t, 128);
    }

    /// @notice Chance that an audit catches a falsified claim, in millionths.
    function detectionPpm(Terms t) internal pure returns (uint32) {
        return _u32(t, 160);
    }

    /// @notice Bond in relation to the owners' share.
    function bondBps(Terms t) internal pure returns (uint16) {
        return _u16(t, 192);
    }

    /// @notice Part of a slash for whoever proved the fraud.
    function slashRewardBps(Terms t) internal pure returns (uint16) {
        return _u16(t, 208);
    }

    function _u16(Terms t, uint256 offset) private pure returns (uint16) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(Terms.unwrap(t) >> offset);
    }

    function _u32(Terms t, uint256 offset) private pure returns (uint32) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(Terms.unwrap(t) >> offset);
    }
}
