// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {Claim} from "../types/Claim.sol";

/// @title Hashes of claims.
library ClaimLib {
    /// @notice Data of a claim that is in the calldata of its proposal.
    uint8 internal constant SCHEME_CALLDATA = 0;

    /// @notice Data of a claim that is in a blob of EigenDA; the locator is its certificate.
    uint8 internal constant SCHEME_EIGENDA = 1;

    /// @notice Data of a claim that validators hold.
    uint8 internal constant SCHEME_VALIDATORS = 2;

    string private constant NAME = "OpenLedger.Claim.1";

    /// @notice keccak256(abi.encode("OpenLedger.Claim.1", chainid, settlement)).
    function domain(address settlement) internal view returns (bytes32) {
        return keccak256(abi.encode(NAME, block.chainid, settlement));
    }

    /// @notice claimId = keccak256(abi.encode(DOMAIN, Claim)).
    function id(Claim calldata claim, bytes32 domain_) internal pure returns (bytes32) {
        return keccak256(abi.encode(domain_, claim));
    }

    /// @notice keccak256(scheme1 ‖ keccak256(claimData) ‖ keccak256(locator)).
    /// @param dataHash keccak256(claimData)
    function dataCommitment(uint8 scheme, bytes32 dataHash, bytes calldata locator) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(scheme, dataHash, keccak256(locator)));
    }
}
