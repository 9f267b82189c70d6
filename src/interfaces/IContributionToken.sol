// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @title The token of an accepted contribution
/// @notice An ERC-721 token whose id is the contribution's. Whoever owns it is paid what the contribution earns.
interface IContributionToken is IERC721 {
    error ContributionToken_NotRegistry(address caller);
    error ContributionToken_ZeroAddress();

    /// @notice Mints the token of an accepted contribution. Only the {IDatanetRegistry}.
    function mint(address to, uint40 contributionId) external;

    /// @notice The registry that mints.
    function registry() external view returns (address);
}
