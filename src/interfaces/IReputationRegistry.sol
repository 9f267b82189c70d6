// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAgentRegistry} from "./IAgentRegistry.sol";

/// @title Reputation registry of ERC-8004
/// @notice Anyone but the agent itself leaves feedback about an agent, can revoke it, and anyone can respond to it.
/// @dev Warning: feedback is free, so it can be made up. Summaries count only the clients that the reader names.
interface IReputationRegistry {
    /// @notice Where a list of all feedback continues: what {readFeedbackPage} returns.
    struct Feedback {
        uint64 feedbackIndex;
        int128 value;
        uint8 valueDecimals;
        bool isRevoked;
        string tag1;
        string tag2;
    }

    /// @notice A client left feedback.
    event NewFeedback(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        int128 value,
        uint8 valueDecimals,
        string indexed indexedTag1,
        string tag1,
        string tag2,
        string endpoint,
        string feedbackURI,
        bytes32 feedbackHash
    );
    /// @notice A client took feedback back.
    event FeedbackRevoked(uint256 indexed agentId, address indexed clientAddress, uint64 indexed feedbackIndex);
    /// @notice Someone responded to feedback.
    event ResponseAppended(
        uint256 indexed agentId,
        address indexed clientAddress,
        uint64 feedbackIndex,
        address indexed responder,
        string responseURI,
        bytes32 responseHash
    );

    error ReputationRegistry_ZeroAddress();
    /// @dev Owner, operators and wallet of an agent can't rate it.
    error ReputationRegistry_SelfFeedback(uint256 agentId, address caller);
    error ReputationRegistry_ValueOutOfRange(int128 value);
    error ReputationRegistry_TooManyDecimals(uint8 decimals);
    error ReputationRegistry_TagTooLong(uint256 length);
    error ReputationRegistry_UnknownFeedback(uint256 agentId, address client, uint64 feedbackIndex);
    error ReputationRegistry_AlreadyRevoked(uint256 agentId, address client, uint64 feedbackIndex);
    error ReputationRegistry_EmptyURI();
    error ReputationRegistry_NoClients();
    error ReputationRegistry_FilterTooLong(uint256 length);
    /// @dev There is more than one call returns: ask for pages.
    error ReputationRegistry_AskForPages(uint256 length);

    /// @notice Leaves feedback about an agent.
    /// @param value Between -1e38 and 1e38
    /// @param valueDecimals How many of its digits are decimals, at most 18
    /// @param tag1 At most 64 bytes; optional, as all that follows
    /// @param endpoint What of the agent it is about
    /// @param feedbackURI Where more is said
    /// @param feedbackHash keccak256 of that file
    function giveFeedback(
        uint256 agentId,
        int128 value,
        uint8 valueDecimals,
        string calldata tag1,
        string calldata tag2,
        string calldata endpoint,
        string calldata feedbackURI,
        bytes32 feedbackHash
    ) external;

    /// @notice Takes feedback of the caller back: it stays readable and no longer counts.
    function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external;

    /// @notice Responds to feedback, e.g. with a refund or a note that it is spam. Anyone.
    function appendResponse(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        string calldata responseURI,
        bytes32 responseHash
    ) external;

    /// @notice The agents' registry.
    function getIdentityRegistry() external view returns (IAgentRegistry);

    /// @notice Number and average of what the named clients said and did not revoke.
    /// @param clientAddresses 1 to 64 clients
    /// @param tag1 Only with this first tag; all if empty
    /// @param tag2 Only with this second tag; all if empty
    /// @return count How many
    /// @return summaryValue Their average, rounded towards 0
    /// @return summaryValueDecimals As many as the most exact value has, or fewer where the average would not fit
    function getSummary(uint256 agentId, address[] calldata clientAddresses, string calldata tag1, string calldata tag2)
        external
        view
        returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals);

    /// @notice One feedback; indexes count from 1.
    function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex)
        external
        view
        returns (int128 value, uint8 valueDecimals, string memory tag1, string memory tag2, bool isRevoked);

    /// @notice At most `limit` feedbacks of a client from index `from` on.
    function readFeedbackPage(uint256 agentId, address clientAddress, uint64 from, uint64 limit)
        external
        view
        returns (Feedback[] memory);

    /// @notice All feedback of the named clients, or of all, that passes the filters; reverts when more than 256 would have to
    /// be looked at.
    function readAllFeedback(
        uint256 agentId,
        address[] calldata clientAddresses,
        string calldata tag1,
        string calldata tag2,
        bool includeRevoked
    )
        external
        view
        returns (
            address[] memory clients,
            uint64[] memory feedbackIndexes,
            int128[] memory values,
            uint8[] memory valueDecimals,
            string[] memory tag1s,
            string[] memory tag2s,
            bool[] memory revokedStatuses
        );

    /// @notice Number of responses.
    /// @param clientAddress To feedback of this client; 0: of all
    /// @param feedbackIndex To this feedback; 0: to all of the client
    /// @param responders By these, at most 64; by all if empty
    function getResponseCount(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        address[] calldata responders
    ) external view returns (uint64 count);

    /// @notice All clients of an agent; reverts when they are more than 256.
    function getClients(uint256 agentId) external view returns (address[] memory);

    /// @notice At most `limit` clients of an agent from `offset` on, and how many there are.
    function getClients(uint256 agentId, uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory page, uint256 total);

    /// @notice Index of a client's last feedback about an agent; 0 if there is none.
    function getLastIndex(uint256 agentId, address clientAddress) external view returns (uint64);
}
