// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAgentRegistry} from "../interfaces/IAgentRegistry.sol";
import {ICaseOutcomes} from "../interfaces/ICaseOutcomes.sol";
import {IValidationRegistry} from "../interfaces/IValidationRegistry.sol";

/// @title Validation registry of ERC-8004
/// @notice Answers are summed as they come, so no view runs over all of them. See {IValidationRegistry}.
contract ValidationRegistry is AccessManagedUpgradeable, UUPSUpgradeable, IValidationRegistry {
    enum Stage {
        Requested,
        Answered,
        Cancelled
    }

    /// @dev Three slots. Ids of agents fit in 40 bits.
    struct Validation {
        address validator;
        uint40 agentId;
        uint40 lastUpdate;
        uint8 response;
        Stage stage;
        bytes32 responseHash;
        string tag;
    }

    struct Total {
        uint64 count;
        uint128 sum;
    }

    /// @dev Totals by validator (0: all) and hash of the tag (0: all).
    /// @custom:storage-location erc7201:openledger.storage.ValidationRegistry
    struct ValidationRegistryStorage {
        IAgentRegistry agents;
        mapping(bytes32 requestHash => Validation) validations;
        mapping(uint256 agentId => bytes32[]) ofAgent;
        mapping(address validator => bytes32[]) ofValidator;
        mapping(uint256 agentId => mapping(address validator => mapping(bytes32 tagHash => Total))) totals;
    }

    /// @notice The best answer.
    uint8 public constant MAX_RESPONSE = 100;
    /// @notice How long a validator has before its request can be withdrawn.
    uint256 public constant CANCEL_DELAY = 7 days;
    /// @notice Longest list that is returned at once.
    uint256 public constant MAX_PAGE = 256;
    /// @notice Most validators that a summary is filtered by.
    uint256 public constant MAX_FILTER = 64;
    /// @notice Longest tag in bytes.
    uint256 public constant MAX_TAG = 64;

    /// @notice Tag of the verdicts of cases.
    string public constant TAG_CASE = "case";

    uint256 private constant RESERVED_BITS = 64;

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ValidationRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xaa262c59327c225a60b762eaffe641592c2c34982ac2eae7c2d71c31bd425800;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @param authority The access manager that may upgrade and says who records outcomes
    function initialize(address authority, IAgentRegistry agents) external initializer {
        if (address(agents) == address(0)) revert ValidationRegistry_ZeroAddress();
        __AccessManaged_init(authority);
        _storage().agents = agents;
    }

    /// @inheritdoc IValidationRegistry
    function validationRequest(
        address validatorAddress,
        uint256 agentId,
        string calldata requestURI,
        bytes32 requestHash
    ) external {
        // Check: for the agent, under a hash that is free
        if (validatorAddress == address(0)) revert ValidationRegistry_ZeroAddress();
        if (uint256(requestHash) >> (256 - RESERVED_BITS) == 0) revert ValidationRegistry_ReservedHash(requestHash);
        _requireAuthorized(agentId);
        // Effect
        _request(validatorAddress, agentId, requestURI, requestHash);
    }

    /// @inheritdoc IValidationRegistry
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external {
        Validation storage v = _validation(requestHash);
        // Check: the validator, a better answer
        if (v.validator != msg.sender) revert ValidationRegistry_NotValidator(requestHash, msg.sender);
        if (v.stage == Stage.Cancelled) revert ValidationRegistry_Cancelled(requestHash);
        if (response < v.response) revert ValidationRegistry_ResponseLowered(requestHash, v.response, response);
        // Effect
        _answer(v, requestHash, response, responseURI, responseHash, tag);
    }

    /// @inheritdoc IValidationRegistry
    function cancelValidationRequest(bytes32 requestHash) external {
        Validation storage v = _validation(requestHash);
        // Check: for the agent, no answer in time
        _requireAuthorized(v.agentId);
        if (v.stage == Stage.Answered) revert ValidationRegistry_Answered(requestHash);
        if (v.stage == Stage.Cancelled) revert ValidationRegistry_Cancelled(requestHash);
        uint256 cancelAt = v.lastUpdate + CANCEL_DELAY;
        if (block.timestamp < cancelAt) revert ValidationRegistry_TooEarly(requestHash, cancelAt);
        // Effect
        v.stage = Stage.Cancelled;
        v.lastUpdate = uint40(block.timestamp);
        emit ValidationCancelled(v.validator, v.agentId, requestHash);
    }

    /// @inheritdoc IValidationRegistry
    function recordDecision(uint40 agentId, bytes32 subject, uint8 response, string calldata tag) external restricted {
        _recordOutcome(agentId, subject, response, tag);
    }

    /// @inheritdoc ICaseOutcomes
    function recordOutcome(uint40 caseId, uint40 agentId, bytes32, bool convicted) external restricted {
        _recordOutcome(agentId, bytes32(uint256(caseId)), convicted ? 0 : MAX_RESPONSE, TAG_CASE);
    }

    /// @inheritdoc IValidationRegistry
    function getIdentityRegistry() external view returns (IAgentRegistry) {
        return _storage().agents;
    }

    /// @inheritdoc IValidationRegistry
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
        )
    {
        Validation storage v = _validation(requestHash);
        return (v.validator, v.agentId, v.response, v.responseHash, v.tag, v.lastUpdate);
    }

    /// @inheritdoc IValidationRegistry
    function isAnswered(bytes32 requestHash) external view returns (bool answered, bool cancelled) {
        Validation storage v = _validation(requestHash);
        return (v.stage == Stage.Answered, v.stage == Stage.Cancelled);
    }

    /// @inheritdoc IValidationRegistry
    function getSummary(uint256 agentId, address[] calldata validatorAddresses, string calldata tag)
        external
        view
        returns (uint64 count, uint8 averageResponse)
    {
        mapping(address => mapping(bytes32 => Total)) storage totals = _storage().totals[agentId];
        bytes32 tagHash = _tagHash(tag);
        uint256 length = validatorAddresses.length;
        if (length > MAX_FILTER) revert ValidationRegistry_FilterTooLong(length);
        uint256 sum = 0;
        if (length == 0) (count, sum) = (totals[address(0)][tagHash].count, totals[address(0)][tagHash].sum);
        for (uint256 i = 0; i < length; ++i) {
            address validator = validatorAddresses[i];
            // The zero address stands for all, and answered nothing itself.
            if (validator == address(0) || _isListedBefore(validatorAddresses, i)) continue;
            Total storage total = totals[validator][tagHash];
            count += total.count;
            sum += total.sum;
        }
        averageResponse = count == 0 ? 0 : uint8(sum / count);
    }

    /// @inheritdoc IValidationRegistry
    function getAgentValidations(uint256 agentId) external view returns (bytes32[] memory) {
        return _whole(_storage().ofAgent[agentId]);
    }

    /// @inheritdoc IValidationRegistry
    function getAgentValidations(uint256 agentId, uint256 offset, uint256 limit)
        external
        view
        returns (bytes32[] memory page, uint256 total)
    {
        return _page(_storage().ofAgent[agentId], offset, limit);
    }

    /// @inheritdoc IValidationRegistry
    function getValidatorRequests(address validatorAddress) external view returns (bytes32[] memory) {
        return _whole(_storage().ofValidator[validatorAddress]);
    }

    /// @inheritdoc IValidationRegistry
    function getValidatorRequests(address validatorAddress, uint256 offset, uint256 limit)
        external
        view
        returns (bytes32[] memory page, uint256 total)
    {
        return _page(_storage().ofValidator[validatorAddress], offset, limit);
    }

    /// @inheritdoc IValidationRegistry
    function outcomeHash(address writer, bytes32 subject) public pure returns (bytes32) {
        return keccak256(abi.encode(writer, subject)) >> RESERVED_BITS;
    }

    /// @dev A request of the sender that it has answered itself.
    function _recordOutcome(uint40 agentId, bytes32 subject, uint8 response, string memory tag) private {
        bytes32 requestHash = outcomeHash(msg.sender, subject);
        _request(msg.sender, agentId, "", requestHash);
        _answer(_storage().validations[requestHash], requestHash, response, "", subject, tag);
    }

    function _request(address validator, uint256 agentId, string memory requestURI, bytes32 requestHash) private {
        ValidationRegistryStorage storage $ = _storage();
        Validation storage v = $.validations[requestHash];
        if (v.validator != address(0)) revert ValidationRegistry_RequestExists(requestHash);
        v.validator = validator;
        v.lastUpdate = uint40(block.timestamp);
        // forge-lint: disable-next-line(unsafe-typecast)
        v.agentId = uint40(agentId);
        $.ofAgent[agentId].push(requestHash);
        $.ofValidator[validator].push(requestHash);
        emit ValidationRequest(validator, agentId, requestURI, requestHash);
    }

    function _answer(
        Validation storage v,
        bytes32 requestHash,
        uint8 response,
        string memory responseURI,
        bytes32 responseHash,
        string memory tag
    ) private {
        if (response > MAX_RESPONSE) revert ValidationRegistry_ResponseTooHigh(response);
        if (bytes(tag).length > MAX_TAG) revert ValidationRegistry_TagTooLong(bytes(tag).length);
        if (v.stage == Stage.Answered) _count(v, false);
        v.response = response;
        v.stage = Stage.Answered;
        v.lastUpdate = uint40(block.timestamp);
        v.responseHash = responseHash;
        v.tag = tag;
        _count(v, true);
        emit ValidationResponse(v.validator, v.agentId, requestHash, response, responseURI, responseHash, tag);
    }

    /// @dev Adds an answer to the four totals that it is part of, or takes it out; two of them without a tag.
    function _count(Validation storage v, bool add) private {
        mapping(address => mapping(bytes32 => Total)) storage totals = _storage().totals[v.agentId];
        (address validator, uint8 response, bytes32 tagHash) = (v.validator, v.response, _tagHash(v.tag));
        _count(totals[address(0)][0], response, add);
        _count(totals[validator][0], response, add);
        if (tagHash == 0) return;
        _count(totals[address(0)][tagHash], response, add);
        _count(totals[validator][tagHash], response, add);
    }

    function _count(Total storage total, uint8 response, bool add) private {
        if (add) {
            ++total.count;
            total.sum += response;
        } else {
            --total.count;
            total.sum -= response;
        }
    }

    function _requireAuthorized(uint256 agentId) private view {
        if (!_storage().agents.isAuthorizedOrOwner(msg.sender, agentId)) {
            revert ValidationRegistry_NotAuthorized(agentId, msg.sender);
        }
    }

    function _validation(bytes32 requestHash) private view returns (Validation storage v) {
        v = _storage().validations[requestHash];
        if (v.validator == address(0)) revert ValidationRegistry_UnknownRequest(requestHash);
    }

    function _whole(bytes32[] storage list) private view returns (bytes32[] memory) {
        if (list.length > MAX_PAGE) revert ValidationRegistry_AskForPages(list.length);
        return list;
    }

    function _page(bytes32[] storage list, uint256 offset, uint256 limit)
        private
        view
        returns (bytes32[] memory page, uint256 total)
    {
        total = list.length;
        if (limit > MAX_PAGE) limit = MAX_PAGE;
        uint256 left = offset < total ? total - offset : 0;
        page = new bytes32[](left < limit ? left : limit);
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = list[offset + i];
        }
    }

    function _isListedBefore(address[] calldata list, uint256 i) private pure returns (bool) {
        for (uint256 k = 0; k < i; ++k) {
            if (list[k] == list[i]) return true;
        }
        return false;
    }

    /// @dev 0 stands for no tag.
    function _tagHash(string memory tag) private pure returns (bytes32) {
        return bytes(tag).length == 0 ? bytes32(0) : keccak256(bytes(tag));
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (ValidationRegistryStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
