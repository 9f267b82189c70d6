// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @dev What UMA's vote records when an assertion is disputed. The vote itself comes on top and takes days.
contract DisputeVote {
    struct Request {
        bytes32 identifier;
        uint256 time;
        bytes ancillaryData;
    }

    struct Index {
        bool isValid;
        uint256 index;
    }

    Request[] private requests;
    mapping(bytes32 id => Index) private indexes;

    event PriceRequestAdded(address indexed requester, bytes32 indexed identifier, uint256 time, bytes ancillaryData);

    function requestPrice(bytes32 identifier, uint256 time, bytes memory ancillaryData) external {
        bytes32 id = keccak256(abi.encode(identifier, time, ancillaryData));
        if (indexes[id].isValid) return;
        indexes[id] = Index(true, requests.length);
        requests.push(Request(identifier, time, ancillaryData));
        emit PriceRequestAdded(msg.sender, identifier, time, ancillaryData);
    }
}

/// @dev UMA's OptimisticOracleV3, the assert and dispute paths re-stated: storage, hashing, transfers and events, without an
/// escalation manager and without a callback.
contract OptimisticOracle is ReentrancyGuard {
    using SafeERC20 for IERC20;

    struct EscalationManagerSettings {
        bool arbitrateViaEscalationManager;
        bool discardOracle;
        bool validateDisputers;
        address assertingCaller;
        address escalationManager;
    }

    struct Assertion {
        EscalationManagerSettings escalationManagerSettings;
        address asserter;
        uint64 assertionTime;
        bool settled;
        IERC20 currency;
        uint64 expirationTime;
        bool settlementResolution;
        bytes32 domainId;
        bytes32 identifier;
        uint256 bond;
        address callbackRecipient;
        address disputer;
    }

    struct WhitelistedCurrency {
        bool isWhitelisted;
        uint256 finalFee;
    }

    bytes32 private constant IDENTIFIER = "ASSERT_TRUTH";

    DisputeVote private vote;
    IERC20 private defaultCurrency;
    uint64 private defaultLiveness = 7200;
    uint256 private burnedBondPercentage = 0.5e18;
    mapping(bytes32 identifier => bool) private identifiers;
    mapping(IERC20 currency => WhitelistedCurrency) private currencies;
    mapping(bytes32 assertionId => Assertion) private assertions;

    event AssertionMade(
        bytes32 indexed assertionId,
        bytes32 domainId,
        bytes claim,
        address indexed asserter,
        address callbackRecipient,
        address escalationManager,
        address caller,
        uint64 expirationTime,
        IERC20 currency,
        uint256 bond,
        bytes32 indexed identifier
    );
    event AssertionDisputed(bytes32 indexed assertionId, address indexed caller, address indexed disputer);

    constructor(IERC20 currency, DisputeVote vote_) {
        (defaultCurrency, vote) = (currency, vote_);
        currencies[currency] = WhitelistedCurrency(true, 0.5e18);
        identifiers[IDENTIFIER] = true;
    }

    function assertTruthWithDefaults(bytes calldata claim, address asserter)
        external
        nonReentrant
        returns (bytes32 id)
    {
        (IERC20 currency, uint64 liveness) = (defaultCurrency, defaultLiveness);
        uint256 bond = _minimumBond(currency);
        uint64 time = uint64(block.timestamp);
        id = keccak256(
            abi.encode(claim, bond, time, liveness, currency, address(0), address(0), IDENTIFIER, msg.sender)
        );
        require(asserter != address(0), "asserter");
        require(assertions[id].asserter == address(0), "exists");
        require(identifiers[IDENTIFIER], "identifier");
        require(currencies[currency].isWhitelisted, "currency");
        require(bond >= _minimumBond(currency), "bond");
        assertions[id] = Assertion({
            escalationManagerSettings: EscalationManagerSettings(false, false, false, msg.sender, address(0)),
            asserter: asserter,
            assertionTime: time,
            settled: false,
            currency: currency,
            expirationTime: time + liveness,
            settlementResolution: false,
            domainId: 0,
            identifier: IDENTIFIER,
            bond: bond,
            callbackRecipient: address(0),
            disputer: address(0)
        });
        currency.safeTransferFrom(msg.sender, address(this), bond);
        _announce(id, claim);
    }

    function _announce(bytes32 id, bytes calldata claim) private {
        Assertion storage a = assertions[id];
        emit AssertionMade(
            id,
            0,
            claim,
            a.asserter,
            address(0),
            address(0),
            msg.sender,
            a.expirationTime,
            a.currency,
            a.bond,
            IDENTIFIER
        );
    }

    function disputeAssertion(bytes32 id, address disputer) external nonReentrant {
        Assertion storage a = assertions[id];
        require(disputer != address(0), "disputer");
        require(a.asserter != address(0), "unknown");
        require(a.disputer == address(0), "disputed");
        require(a.expirationTime > block.timestamp, "expired");
        require(!a.escalationManagerSettings.validateDisputers, "not allowed");
        a.disputer = disputer;
        a.currency.safeTransferFrom(msg.sender, address(this), a.bond);
        bytes memory ancillary =
            abi.encodePacked("assertionId:", _hex(uint256(id), 32), ",ooAsserter:", _hex(uint160(a.asserter), 20));
        vote.requestPrice(a.identifier, a.assertionTime, ancillary);
        emit AssertionDisputed(id, msg.sender, disputer);
    }

    function _minimumBond(IERC20 currency) private view returns (uint256) {
        return currencies[currency].finalFee * 1e18 / burnedBondPercentage;
    }

    /// @dev Hexadecimal without a prefix.
    function _hex(uint256 value, uint256 length) private pure returns (bytes memory out) {
        bytes16 digits = "0123456789abcdef";
        out = new bytes(2 * length);
        for (uint256 i = 2 * length; i > 0; --i) {
            out[i - 1] = digits[value & 15];
            value >>= 4;
        }
    }
}
