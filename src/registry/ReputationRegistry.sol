// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {IReputationRegistry} from "../interfaces/IReputationRegistry.sol";

/// @title Reputation registry of ERC-8004
/// @notice Feedback is summed as it comes, by client and tags, so a summary costs the same whatever their number. See
/// {IReputationRegistry}.
contract ReputationRegistry is AccessManagedUpgradeable, UUPSUpgradeable, IReputationRegistry {
    struct Entry {
        int128 value;
        uint8 decimals;
        bool revoked;
        string tag1;
        string tag2;
    }

    /// @dev `sum` has 18 decimals. `mostDecimals` only grows.
    struct Total {
        uint64 count;
        uint8 mostDecimals;
        int256 sum;
    }

    /// @dev What {readAllFeedback} returns.
    struct Matches {
        address[] clients;
        uint64[] indexes;
        int128[] values;
        uint8[] decimals;
        string[] tag1s;
        string[] tag2s;
        bool[] revoked;
    }

    /// @dev Totals by hashes of the tags (0: all); responses by client, index and responder (0: all).
    /// @custom:storage-location erc7201:openledger.storage.ReputationRegistry
    struct ReputationRegistryStorage {
        IAgentRegistry agents;
        mapping(uint256 agentId => address[]) clients;
        mapping(uint256 agentId => mapping(address client => Entry[])) entries;
        mapping(uint256 agentId => mapping(address client => mapping(bytes32 tagsHash => Total))) totals;
        mapping(uint256 agentId => mapping(bytes32 key => uint64)) responses;
    }

    /// @notice Greatest absolute value.
    int128 public constant MAX_VALUE = 1e38;
    /// @notice Most decimals of a value.
    uint8 public constant MAX_DECIMALS = 18;
    /// @notice Longest list that is returned at once.
    uint256 public constant MAX_PAGE = 256;
    /// @notice Most clients or responders that a view is filtered by.
    uint256 public constant MAX_FILTER = 64;
    /// @notice Longest tag in bytes.
    uint256 public constant MAX_TAG = 64;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ReputationRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x53192202f8d82febd80c78121b6e255d700c0081f3e6ad5cffd054ea6801c700;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade
    function initialize(address authority, IAgentRegistry agents) external initializer {
        if (address(agents) == address(0)) revert ReputationRegistry_ZeroAddress();
        __AccessManaged_init(authority);
        _storage().agents = agents;
    }

    /// @inheritdoc IReputationRegistry
    /// @dev Strings in memory take one place on the stack, in calldata two.
    function giveFeedback(
        uint256 agentId,
        int128 value,
        uint8 valueDecimals,
        string memory tag1,
        string memory tag2,
        string memory endpoint,
        string memory feedbackURI,
        bytes32 feedbackHash
    ) public {
        uint64 index = _record(agentId, value, valueDecimals, tag1, tag2);
        emit NewFeedback(
            agentId, msg.sender, index, value, valueDecimals, tag1, tag1, tag2, endpoint, feedbackURI, feedbackHash
        );
    }

    /// @inheritdoc IReputationRegistry
    function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external {
        Entry storage e = _entry(agentId, msg.sender, feedbackIndex);
        // Check
        if (e.revoked) revert ReputationRegistry_AlreadyRevoked(agentId, msg.sender, feedbackIndex);
        // Effect: it no longer counts
        e.revoked = true;
        _count(agentId, e, false);
        emit FeedbackRevoked(agentId, msg.sender, feedbackIndex);
    }

    /// @inheritdoc IReputationRegistry
    function appendResponse(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        string calldata responseURI,
        bytes32 responseHash
    ) external {
        // Check
        _entry(agentId, clientAddress, feedbackIndex);
        if (bytes(responseURI).length == 0) revert ReputationRegistry_EmptyURI();
        // Effect: count it, by feedback, client and agent, by responder and by all
        mapping(bytes32 => uint64) storage responses = _storage().responses[agentId];
        ++responses[_responseKey(clientAddress, feedbackIndex, msg.sender)];
        ++responses[_responseKey(clientAddress, feedbackIndex, address(0))];
        ++responses[_responseKey(clientAddress, 0, msg.sender)];
        ++responses[_responseKey(clientAddress, 0, address(0))];
        ++responses[_responseKey(address(0), 0, msg.sender)];
        ++responses[_responseKey(address(0), 0, address(0))];
        emit ResponseAppended(agentId, clientAddress, feedbackIndex, msg.sender, responseURI, responseHash);
    }

    /// @inheritdoc IReputationRegistry
    function getIdentityRegistry() external view returns (IAgentRegistry) {
        return _storage().agents;
    }

    /// @inheritdoc IReputationRegistry
    function getSummary(uint256 agentId, address[] calldata clientAddresses, string calldata tag1, string calldata tag2)
        external
        view
        returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals)
    {
        if (clientAddresses.length == 0) revert ReputationRegistry_NoClients();
        Total memory total = _totalOf(agentId, clientAddresses, _tagsHash(_tagHash(tag1), _tagHash(tag2)));
        if (total.count == 0) return (0, 0, 0);
        uint8 decimals = total.mostDecimals;
        int256 average = total.sum / int256(uint256(total.count)) / int256(10 ** (MAX_DECIMALS - decimals));
        // forge-lint: disable-next-line(unsafe-typecast)
        while (average != int128(average)) (average, decimals) = (average / 10, decimals - 1);
        // forge-lint: disable-next-line(unsafe-typecast)
        return (total.count, int128(average), decimals);
    }

    /// @inheritdoc IReputationRegistry
    function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex)
        external
        view
        returns (int128 value, uint8 valueDecimals, string memory tag1, string memory tag2, bool isRevoked)
    {
        Entry storage e = _entry(agentId, clientAddress, feedbackIndex);
        return (e.value, e.decimals, e.tag1, e.tag2, e.revoked);
    }

    /// @inheritdoc IReputationRegistry
    function readFeedbackPage(uint256 agentId, address clientAddress, uint64 from, uint64 limit)
        external
        view
        returns (Feedback[] memory page)
    {
        Entry[] storage entries = _storage().entries[agentId][clientAddress];
        uint256 first = from == 0 ? 1 : from;
        uint256 left = first > entries.length ? 0 : entries.length - first + 1;
        uint256 most = limit > MAX_PAGE ? MAX_PAGE : limit;
        page = new Feedback[](left < most ? left : most);
        for (uint256 i = 0; i < page.length; ++i) {
            Entry storage e = entries[first + i - 1];
            // forge-lint: disable-next-line(unsafe-typecast)
            page[i] = Feedback(uint64(first + i), e.value, e.decimals, e.revoked, e.tag1, e.tag2);
        }
    }

    /// @inheritdoc IReputationRegistry
    /// @dev In memory for the sake of the stack, as in {giveFeedback}.
    function readAllFeedback(
        uint256 agentId,
        address[] memory clientAddresses,
        string memory tag1,
        string memory tag2,
        bool includeRevoked
    )
        public
        view
        returns (
            address[] memory,
            uint64[] memory,
            int128[] memory,
            uint8[] memory,
            string[] memory,
            string[] memory,
            bool[] memory
        )
    {
        Matches memory m = _matching(agentId, clientAddresses, _tagHash(tag1), _tagHash(tag2), includeRevoked);
        _fill(agentId, m);
        return (m.clients, m.indexes, m.values, m.decimals, m.tag1s, m.tag2s, m.revoked);
    }

    /// @inheritdoc IReputationRegistry
    function getResponseCount(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        address[] calldata responders
    ) external view returns (uint64 count) {
        mapping(bytes32 => uint64) storage responses = _storage().responses[agentId];
        if (clientAddress == address(0)) feedbackIndex = 0;
        uint256 length = responders.length;
        if (length > MAX_FILTER) revert ReputationRegistry_FilterTooLong(length);
        if (length == 0) return responses[_responseKey(clientAddress, feedbackIndex, address(0))];
        for (uint256 i = 0; i < length; ++i) {
            // The zero address stands for all, and responded to nothing itself.
            if (responders[i] == address(0) || _isListedBefore(responders, i)) continue;
            count += responses[_responseKey(clientAddress, feedbackIndex, responders[i])];
        }
    }

    /// @inheritdoc IReputationRegistry
    function getClients(uint256 agentId) external view returns (address[] memory) {
        return _allClients(agentId);
    }

    /// @inheritdoc IReputationRegistry
    function getClients(uint256 agentId, uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory page, uint256 total)
    {
        address[] storage all = _storage().clients[agentId];
        total = all.length;
        if (limit > MAX_PAGE) limit = MAX_PAGE;
        uint256 left = offset < total ? total - offset : 0;
        page = new address[](left < limit ? left : limit);
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = all[offset + i];
        }
    }

    /// @inheritdoc IReputationRegistry
    function getLastIndex(uint256 agentId, address clientAddress) external view returns (uint64) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(_storage().entries[agentId][clientAddress].length);
    }

    /// @dev Checks the sender's feedback, records it and counts it.
    function _record(uint256 agentId, int128 value, uint8 decimals, string memory tag1, string memory tag2)
        private
        returns (uint64)
    {
        ReputationRegistryStorage storage $ = _storage();
        // Check: by someone else, in range
        _checkRater(agentId);
        if (value > MAX_VALUE || value < -MAX_VALUE) revert ReputationRegistry_ValueOutOfRange(value);
        if (decimals > MAX_DECIMALS) revert ReputationRegistry_TooManyDecimals(decimals);
        _checkTag(tag1);
        _checkTag(tag2);
        // Effect
        Entry[] storage entries = $.entries[agentId][msg.sender];
        if (entries.length == 0) $.clients[agentId].push(msg.sender);
        Entry storage e = entries.push();
        (e.value, e.decimals, e.tag1, e.tag2) = (value, decimals, tag1, tag2);
        _count(agentId, e, true);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(entries.length);
    }

    /// @dev Adds the sender's feedback to the totals of its tags, of each of them, and of all, or takes it out.
    function _count(uint256 agentId, Entry storage e, bool add) private {
        mapping(bytes32 => Total) storage totals = _storage().totals[agentId][msg.sender];
        int256 value = int256(e.value) * int256(10 ** (MAX_DECIMALS - e.decimals));
        (bytes32 tag1, bytes32 tag2) = (_tagHash(e.tag1), _tagHash(e.tag2));
        _count(totals[_tagsHash(0, 0)], value, e.decimals, add);
        if (tag1 != 0) _count(totals[_tagsHash(tag1, 0)], value, e.decimals, add);
        if (tag2 != 0) _count(totals[_tagsHash(0, tag2)], value, e.decimals, add);
        if (tag1 != 0 && tag2 != 0) _count(totals[_tagsHash(tag1, tag2)], value, e.decimals, add);
    }

    function _count(Total storage total, int256 value, uint8 decimals, bool add) private {
        if (add) {
            ++total.count;
            total.sum += value;
            if (decimals > total.mostDecimals) total.mostDecimals = decimals;
        } else {
            --total.count;
            total.sum -= value;
        }
    }

    /// @dev What the clients said under these tags, each client once.
    function _totalOf(uint256 agentId, address[] calldata clients, bytes32 tagsHash)
        private
        view
        returns (Total memory total)
    {
        if (clients.length > MAX_FILTER) revert ReputationRegistry_FilterTooLong(clients.length);
        mapping(address => mapping(bytes32 => Total)) storage totals = _storage().totals[agentId];
        for (uint256 i = 0; i < clients.length; ++i) {
            Total storage t = totals[clients[i]][tagsHash];
            if (t.count == 0 || _isListedBefore(clients, i)) continue;
            total.count += t.count;
            total.sum += t.sum;
            if (t.mostDecimals > total.mostDecimals) total.mostDecimals = t.mostDecimals;
        }
    }

    /// @dev Reverts when the sender acts for the agent, or there is no such agent.
    function _checkRater(uint256 agentId) private view {
        IAgentRegistry agents = _storage().agents;
        bool isSelf = agents.isAuthorizedOrOwner(msg.sender, agentId) || agents.getAgentWallet(agentId) == msg.sender;
        if (isSelf) revert ReputationRegistry_SelfFeedback(agentId, msg.sender);
    }

    /// @dev Clients and indexes of the feedback that passes the filters.
    function _matching(uint256 agentId, address[] memory named, bytes32 tag1, bytes32 tag2, bool includeRevoked)
        private
        view
        returns (Matches memory m)
    {
        if (named.length > MAX_FILTER) revert ReputationRegistry_FilterTooLong(named.length);
        if (named.length == 0) named = _allClients(agentId);
        uint256 seen = 0;
        uint256 count = 0;
        address[] memory clients = new address[](MAX_PAGE);
        uint64[] memory indexes = new uint64[](MAX_PAGE);
        for (uint256 i = 0; i < named.length; ++i) {
            Entry[] storage entries = _storage().entries[agentId][named[i]];
            seen += entries.length;
            if (seen > MAX_PAGE) revert ReputationRegistry_AskForPages(seen);
            for (uint256 k = 0; k < entries.length; ++k) {
                if (!_passes(entries[k], tag1, tag2, includeRevoked)) continue;
                // forge-lint: disable-next-line(unsafe-typecast)
                (clients[count], indexes[count]) = (named[i], uint64(k + 1));
                ++count;
            }
        }
        assembly ("memory-safe") {
            mstore(clients, count)
            mstore(indexes, count)
        }
        (m.clients, m.indexes) = (clients, indexes);
    }

    /// @dev What the matches say.
    function _fill(uint256 agentId, Matches memory m) private view {
        uint256 count = m.clients.length;
        (m.values, m.decimals) = (new int128[](count), new uint8[](count));
        (m.tag1s, m.tag2s, m.revoked) = (new string[](count), new string[](count), new bool[](count));
        for (uint256 i = 0; i < count; ++i) {
            Entry storage e = _storage().entries[agentId][m.clients[i]][m.indexes[i] - 1];
            (m.values[i], m.decimals[i], m.revoked[i]) = (e.value, e.decimals, e.revoked);
            (m.tag1s[i], m.tag2s[i]) = (e.tag1, e.tag2);
        }
    }

    function _passes(Entry storage e, bytes32 tag1, bytes32 tag2, bool includeRevoked) private view returns (bool) {
        if (e.revoked && !includeRevoked) return false;
        if (tag1 != 0 && tag1 != _tagHash(e.tag1)) return false;
        return tag2 == 0 || tag2 == _tagHash(e.tag2);
    }

    function _allClients(uint256 agentId) private view returns (address[] memory) {
        address[] storage all = _storage().clients[agentId];
        if (all.length > MAX_PAGE) revert ReputationRegistry_AskForPages(all.length);
        return all;
    }

    function _entry(uint256 agentId, address client, uint64 index) private view returns (Entry storage) {
        Entry[] storage entries = _storage().entries[agentId][client];
        bool known = index != 0 && index <= entries.length;
        if (!known) revert ReputationRegistry_UnknownFeedback(agentId, client, index);
        return entries[index - 1];
    }

    function _checkTag(string memory tag) private pure {
        if (bytes(tag).length > MAX_TAG) revert ReputationRegistry_TagTooLong(bytes(tag).length);
    }

    function _isListedBefore(address[] calldata list, uint256 i) private pure returns (bool) {
        for (uint256 k = 0; k < i; ++k) {
            if (list[k] == list[i]) return true;
        }
        return false;
    }

    function _responseKey(address client, uint64 index, address responder) private pure returns (bytes32) {
        return keccak256(abi.encode(client, index, responder));
    }

    /// @dev 0 stands for no tag.
    function _tagHash(string memory tag) private pure returns (bytes32) {
        return bytes(tag).length == 0 ? bytes32(0) : keccak256(bytes(tag));
    }

    function _tagsHash(bytes32 tag1, bytes32 tag2) private pure returns (bytes32) {
        return keccak256(abi.encode(tag1, tag2));
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (ReputationRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
