// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../interfaces/IAttributionSettlement.sol";
import {IValidationRegistry} from "../interfaces/IValidationRegistry.sol";
import {Claim, ClaimStatus} from "../types/Claim.sol";

/// @title Writes down which claims were proved wrong
/// @notice Anyone may have a rejected claim recorded against its proposer in the {ValidationRegistry}. The proof itself
/// doesn't, so that its gas stays small and nothing can hold it up.
contract OutcomeRecorder {
    /// @notice Tag of what is recorded here.
    string public constant TAG_CLAIM = "claim";

    IAttributionSettlement public immutable SETTLEMENT;
    IValidationRegistry public immutable VALIDATION;

    error OutcomeRecorder_NotRejected(bytes32 claimId);

    /// @param settlement Where claims stand
    /// @param validation Where this contract may write
    constructor(IAttributionSettlement settlement, IValidationRegistry validation) {
        SETTLEMENT = settlement;
        VALIDATION = validation;
    }

    /// @notice Records a claim that a fraud proof rejected: response 0, tag "claim", the claim's id as subject. Once.
    function record(Claim calldata claim) external {
        // Check
        bytes32 claimId = SETTLEMENT.claimIdOf(claim);
        if (SETTLEMENT.claimRecord(claimId).status != ClaimStatus.Rejected) {
            revert OutcomeRecorder_NotRejected(claimId);
        }
        // Interaction: our own registry, which calls nobody
        VALIDATION.recordDecision(claim.proposer, claimId, 0, TAG_CLAIM);
    }
}
