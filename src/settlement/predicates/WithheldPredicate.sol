// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../interfaces/IAttributionSettlement.sol";
import {IAuditRegistry} from "../../interfaces/IAuditRegistry.sol";
import {IPredicate} from "../../interfaces/IPredicate.sol";
import {ClaimLib} from "../../libraries/ClaimLib.sol";
import {Claim} from "../../types/Claim.sol";
import {WithheldWitness} from "../../types/Witness.sol";

/// @title Proves that a proposer does not show what its claim commits to.
/// @notice Fraud: a request of the {IAuditRegistry} for a part of this claim was not answered in time.
/// Witness: {WithheldWitness}.
contract WithheldPredicate is IPredicate {
    bytes32 private immutable DOMAIN;
    IAuditRegistry public immutable AUDITS;

    constructor(IAttributionSettlement settlement, IAuditRegistry audits) {
        DOMAIN = ClaimLib.domain(address(settlement));
        AUDITS = audits;
    }

    /// @inheritdoc IPredicate
    function isFraud(Claim calldata claim, bytes calldata witness) external view returns (bool) {
        WithheldWitness calldata w;
        assembly ("memory-safe") {
            w := witness.offset
        }
        return AUDITS.isWithheld(ClaimLib.id(claim, DOMAIN), w.requestId);
    }
}
