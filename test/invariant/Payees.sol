// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../src/interfaces/IAttributionSettlement.sol";

/// @dev Owns contributions and takes no money until it is told to.
contract Refuser {
    bool private accepts;

    constructor(IAttributionSettlement settlement) {
        // So that others may claim for it.
        settlement.setPayoutAddress(address(this));
    }

    receive() external payable {
        require(accepts, "no");
    }

    function accept() external {
        accepts = true;
    }
}

/// @dev Owns contributions and, when it is paid, tries to be paid again.
contract Reenterer {
    IAttributionSettlement private immutable SETTLEMENT;
    uint40 private immutable NODE;
    uint256 public tries;
    uint256 public entries;

    constructor(IAttributionSettlement settlement, uint40 node) {
        (SETTLEMENT, NODE) = (settlement, node);
        settlement.setPayoutAddress(address(this));
    }

    receive() external payable {
        ++tries;
        try SETTLEMENT.flush(NODE) {
            ++entries;
        } catch {}
        try SETTLEMENT.withdrawOwed(address(this)) {
            ++entries;
        } catch {}
    }
}
