// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The arithmetic of a node's money.
/// @notice Pure functions on plain numbers, so that they can be proved. Settlement has no other way to change these
/// numbers. Every function moves money and makes none: the sum of what goes in is the sum of what comes out.
/// @dev Shares of fees are counted in units of a ten-thousandth of a gwei: fees are whole gwei and shares are basis points,
/// so a share is `fee in gwei * basis points` units, exactly. Payouts are any amount of wei.
library NodeLedger {
    /// @notice Wei per unit: 1 gwei / 10,000.
    uint96 internal constant UNIT = 1e5;

    /// @notice A node's claims must not pay more than became final for its owners.
    error NodeLedger_Overpaid(uint256 paid, uint256 funded);

    /// @notice A share of fees, in units.
    /// @dev Below 2^80: fees are below 2^96 wei and no parameter is above 10,000 basis points.
    function share(uint64 feesInGwei, uint16 bps) internal pure returns (uint80) {
        return uint80(feesInGwei) * bps;
    }

    /// @notice Redeemed fees wait for attribution: the owners' and the node's share of them.
    function fund(uint80 unattributed, uint80 owners, uint80 node) internal pure returns (uint80) {
        return unattributed + owners + node;
    }

    /// @notice A claim became final: its owners can be paid, and whoever proposed it has earned the node's share.
    /// @param earned What the proposer has earned and not been sent
    /// @return unattributedLeft What still waits for attribution
    /// @return fundedNow What the node's owners may be paid in all
    /// @return earnedNow What the proposer has earned then
    function finalize(uint80 unattributed, uint80 funded, uint80 earned, uint80 owners, uint80 node)
        internal
        pure
        returns (uint80 unattributedLeft, uint80 fundedNow, uint80 earnedNow)
    {
        unattributedLeft = unattributed - owners - node;
        fundedNow = funded + owners;
        earnedNow = earned + node;
    }

    /// @notice Nobody attributed these fees in time: the treasury gets them.
    /// @return unattributedLeft What still waits for attribution
    /// @return treasuryNow The treasury's counter, in wei
    function expire(uint80 unattributed, uint96 treasury, uint80 owners, uint80 node)
        internal
        pure
        returns (uint80 unattributedLeft, uint96 treasuryNow)
    {
        unattributedLeft = unattributed - owners - node;
        treasuryNow = treasury + inWei(owners + node);
    }

    /// @notice Books a payout: what an asset has earned and not been paid.
    /// @param paid What the node's claims have paid, in wei
    /// @param paidToAsset What they have paid to this asset
    /// @param cumulative What the asset has earned
    /// @param funded What the node's claims may pay in all
    /// @return amount What to pay now
    /// @return paidNow What the node's claims have paid then
    /// @return paidToAssetNow What they have paid to this asset then; never less than before
    function book(uint96 paid, uint96 paidToAsset, uint96 cumulative, uint96 funded)
        internal
        pure
        returns (uint96 amount, uint96 paidNow, uint96 paidToAssetNow)
    {
        if (cumulative <= paidToAsset) return (0, paid, paidToAsset);
        amount = cumulative - paidToAsset;
        uint256 total = uint256(paid) + amount;
        if (total > funded) revert NodeLedger_Overpaid(total, funded);
        // Not above `funded`, which has 96 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (amount, uint96(total), cumulative);
    }

    /// @notice Divides a payout between its payee and the treasury. The withheld part rounds down.
    function withhold(uint96 amount, uint16 bps) internal pure returns (uint96 toPayee, uint96 toTreasury) {
        // At most the amount: the caller gives no more than 10,000 basis points; more reverts below.
        // forge-lint: disable-next-line(unsafe-typecast)
        toTreasury = uint96(uint256(amount) * bps / 10_000);
        toPayee = amount - toTreasury;
    }

    /// @notice Divides a slashed bond between the prover and the fire. The reward rounds down, so the burned part rounds up:
    /// proving one's own fraud costs at least half the bond.
    function divideBond(uint96 bond, uint16 rewardBps) internal pure returns (uint96 reward, uint96 burned) {
        // forge-lint: disable-next-line(unsafe-typecast)
        reward = uint96(uint256(bond) * rewardBps / 10_000);
        burned = bond - reward;
    }

    /// @notice Units in wei. Reverts above 2^96 wei, which is more than there can be.
    function inWei(uint80 units) internal pure returns (uint96) {
        return uint96(units) * UNIT;
    }
}
