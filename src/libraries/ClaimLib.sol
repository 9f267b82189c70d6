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

    /// @dev The first 18 bytes; the rest is zero.
    bytes32 private constant NAME = "OpenLedger.Claim.1";

    uint256 private constant NAME_LENGTH = 18;

    /// @dev Size of a claim in calldata: fifteen words.
    uint256 private constant CLAIM_SIZE = 480;

    /// @notice keccak256(abi.encode("OpenLedger.Claim.1", chainid, settlement)).
    function domain(address settlement) internal view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, 0x60)
            mstore(add(m, 0x20), chainid())
            mstore(add(m, 0x40), and(settlement, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(m, 0x60), NAME_LENGTH)
            mstore(add(m, 0x80), NAME)
            hash := keccak256(m, 0xa0)
        }
    }

    /// @notice claimId = keccak256(abi.encode(DOMAIN, Claim)).
    /// @dev Of the words as they lie in calldata, whether or not they fit their types: a claim with a word that does not has
    /// an id that no claim was recorded under, for every member is read, and so checked, before one is.
    function id(Claim calldata claim, bytes32 domain_) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, domain_)
            calldatacopy(add(m, 0x20), claim, CLAIM_SIZE)
            hash := keccak256(m, add(CLAIM_SIZE, 0x20))
        }
    }

    /// @notice keccak256(scheme1 ‖ keccak256(claimData) ‖ keccak256(locator)).
    /// @param dataHash keccak256(claimData)
    function dataCommitment(uint8 scheme, bytes32 dataHash, bytes calldata locator) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(scheme, dataHash, keccak256(locator)));
    }
}
