// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAgentRegistry} from "./IAgentRegistry.sol";
import {ICaseOutcomes} from "./ICaseOutcomes.sol";

/// @title Validation registry of ERC-8004
/// @notice Agents ask validators to check their work; validators answer with 0 to 100. What this protocol decides about an
/// agent (a claim proved wrong, a verdict) is written here too, for others to see.
/// @dev Warning: nothing in this protocol reads it. An agent chooses its validators, so a good answer proves nothing by
/// itself: filter by validators that you trust.
interface IValidationRegistry is ICaseOutcomes {
    /// @notice Someone who acts for an agent asked a validator.
    event ValidationRequest(
        address indexed validatorAddress, uint256 indexed agentId, string requestURI, bytes32 indexed requestHash
    );
    /// @notice A validator answered.
    event ValidationResponse(
        address indexed validatorAddress,
        uint256 indexed agentId,
        bytes32 indexed requestHash,
        uint8 response,
        string responseURI,
        bytes32 responseHash,
        string tag
    );
    /// @notice A request that nobody answered was withdrawn.
    event ValidationCancelled(address indexed validatorAddress, uint256 indexed agentId, bytes32 indexed requestHash);

    error ValidationRegistry_ZeroAddress();
    error ValidationRegistry_NotAuthorized(uint256 agentId, address caller);
    error ValidationRegistry_RequestExists(bytes32 requestHash);
    error ValidationRegistry_UnknownRequest(bytes32 requestHash);
    /// @dev Hashes that start with 8 zero bytes are kept for outcomes.
    error ValidationRegistry_ReservedHash(bytes32 requestHash);
    error ValidationRegistry_NotValidator(bytes32 requestHash, address caller);
    error ValidationRegistry_ResponseTooHigh(uint8 response);
    /// @dev A later answer can be better and never worse.
    error ValidationRegistry_ResponseLowered(bytes32 requestHash, uint8 earlier, uint8 response);
    error ValidationRegistry_Cancelled(bytes32 requestHash);
    error ValidationRegistry_Answered(bytes32 requestHash);
    /// @dev The validator has time to answer first.
    error ValidationRegistry_TooEarly(bytes32 requestHash, uint256 cancelAt);
    error ValidationRegistry_TagTooLong(uint256 length);
    error ValidationRegistry_FilterTooLong(uint256 length);
    /// @dev The list is long: ask for its pages.
    error ValidationRegistry_AskForPages(uint256 length);

    /// @notice Asks a validator to check something. Owner or operator of the agent.
    /// @dev Warning: a hash belongs to whoever uses it first; hash the agent's id with the data.
    /// @param requestURI Where everything is that the validator needs
    /// @param requestHash Commitment to it; its first 8 bytes must not all be 0
    function validationRequest(
        address validatorAddress,
        uint256 agentId,
        string calldata requestURI,
        bytes32 requestHash
    ) external;

    /// @notice Answers a request. Only the validator that was asked. It may answer again, never lower.
    /// @param response 0 (failed) to 100 (passed)
    /// @param responseURI Where the evidence is; optional
    /// @param responseHash Commitment to it; optional
    /// @param tag At most 64 bytes; optional
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external;

    /// @notice Withdraws a request that has had no answer for 7 days. Owner or operator of the agent.
    function cancelValidationRequest(bytes32 requestHash) external;

    /// @notice Records what this protocol decided about an agent, as a request that the caller has answered; its response
    /// hash is the subject. Restricted to the contracts that decide. Once per caller and subject.
    /// @dev {ICaseOutcomes-recordOutcome} does the same for the verdicts of cases: 0 convicted, 100 acquitted, with the tag
    /// "case" and the case's id as its subject.
    /// @param subject What was decided about, e.g. a claim's id
    /// @param response 0 to 100
    function recordDecision(uint40 agentId, bytes32 subject, uint8 response, string calldata tag) external;

    /// @notice The hash that an outcome is recorded under; no request can take it before.
    function outcomeHash(address writer, bytes32 subject) external pure returns (bytes32);

    /// @notice The agents' registry.
    function getIdentityRegistry() external view returns (IAgentRegistry);

    /// @notice A request and its last answer, or a revert when there is no such request.
    function getValidationStatus(bytes32 requestHash)
        external
        view
        returns (
            address validatorAddress,
            uint256 agentId,
            uint8 response,
            bytes32 responseHash,
            string memory tag,
            uint256 lastUpdate
        );

    /// @notice What the other view can't say: whether there is an answer, and whether the request was withdrawn.
    function isAnswered(bytes32 requestHash) external view returns (bool answered, bool cancelled);

    /// @notice Number and average of the answers about an agent.
    /// @param validatorAddresses Only theirs, at most 64; all if empty
    /// @param tag Only with this tag; all if empty
    function getSummary(uint256 agentId, address[] calldata validatorAddresses, string calldata tag)
        external
        view
        returns (uint64 count, uint8 averageResponse);

    /// @notice All requests about an agent; reverts when they are more than 256.
    function getAgentValidations(uint256 agentId) external view returns (bytes32[] memory);

    /// @notice At most `limit` requests about an agent from `offset` on, and how many there are.
    function getAgentValidations(uint256 agentId, uint256 offset, uint256 limit)
        external
        view
        returns (bytes32[] memory page, uint256 total);

    /// @notice All requests to a validator; reverts when they are more than 256.
    function getValidatorRequests(address validatorAddress) external view returns (bytes32[] memory);

    /// @notice At most `limit` requests to a validator from `offset` on, and how many there are.
    function getValidatorRequests(address validatorAddress, uint256 offset, uint256 limit)
        external
        view
        returns (bytes32[] memory page, uint256 total);
}
