// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IProgrammeVault} from "../interfaces/IProgrammeVault.sol";
import {IStakerRewards} from "../interfaces/IStakerRewards.sol";
import {Native} from "../libraries/Native.sol";

/// @title Incentive programmes
/// @notice See {IProgrammeVault}.
/// @dev Solvency: `reserved` = Σ (funded − paid) over all programmes, and value leaves only together with it.
contract ProgrammeVault is IProgrammeVault, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @custom:storage-location erc7201:openledger.storage.ProgrammeVault
    struct ProgrammeVaultStorage {
        uint40 programmeCount;
        uint96 reserved;
        mapping(uint40 programmeId => Programme) programmes;
        mapping(uint40 programmeId => mapping(address account => bool)) claimed;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.ProgrammeVault")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x66516399209c04a623918ea52af743e6e4ec6e78642c90b73be370224b9dac00;

    uint256 private constant MAX_DURATION = 4 * 365 days;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IStakerRewards public immutable REWARDS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IERC721 public immutable DATANETS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address public immutable TREASURY;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IStakerRewards rewards, IERC721 datanets, address treasury) {
        REWARDS = rewards;
        DATANETS = datanets;
        TREASURY = treasury;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc IProgrammeVault
    function streamToStakers(uint40 start, uint40 end) external payable restricted returns (uint40) {
        return _create(Kind.Stakers, start, end, 0, 0);
    }

    /// @inheritdoc IProgrammeVault
    function streamToDatanet(uint40 datanetId, uint40 start, uint40 end) external payable restricted returns (uint40) {
        DATANETS.ownerOf(datanetId); // reverts when there is no such datanet
        return _create(Kind.Datanet, start, end, datanetId, 0);
    }

    /// @inheritdoc IProgrammeVault
    function openDrop(bytes32 root, uint40 start, uint40 end) external payable restricted returns (uint40) {
        if (root == 0) revert ProgrammeVault_ZeroRoot();
        return _create(Kind.Drop, start, end, 0, root);
    }

    /// @inheritdoc IProgrammeVault
    function release(uint40 programmeId) external nonReentrant returns (uint96 amount) {
        Programme storage p = _programme(programmeId);
        // Check: a stream that owes something
        Kind kind = p.kind;
        if (kind == Kind.Drop) revert ProgrammeVault_WrongKind(programmeId, kind);
        amount = _vested(p) - p.paid;
        if (amount == 0) revert ProgrammeVault_NothingToRelease(programmeId);
        // Effect: paid
        address to = kind == Kind.Stakers ? address(REWARDS) : DATANETS.ownerOf(p.datanetId);
        p.paid += amount;
        _storage().reserved -= amount;
        emit Released(programmeId, to, amount);
        // Interaction: pay
        if (kind == Kind.Stakers) REWARDS.notifyReward{value: amount}();
        else _send(to, amount);
    }

    /// @inheritdoc IProgrammeVault
    function claimDrop(uint40 programmeId, address account, uint96 amount, bytes32[] calldata proof)
        external
        nonReentrant
    {
        ProgrammeVaultStorage storage $ = _storage();
        Programme storage p = _programme(programmeId);
        // Check: an open drop, not taken, in the tree, within the funds
        if (p.kind != Kind.Drop) revert ProgrammeVault_WrongKind(programmeId, p.kind);
        if (block.timestamp < p.start || block.timestamp > p.end) revert ProgrammeVault_NotOpen(p.start, p.end);
        if ($.claimed[programmeId][account]) revert ProgrammeVault_AlreadyClaimed(programmeId, account);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(account, amount))));
        if (!MerkleProof.verifyCalldata(proof, p.root, leaf)) revert ProgrammeVault_InvalidProof(account, amount);
        uint256 sum = uint256(p.paid) + amount;
        if (sum > p.funded) revert ProgrammeVault_FundsExceeded(p.funded, sum);
        // Effect: taken
        $.claimed[programmeId][account] = true;
        p.paid = Native.toUint96(sum);
        $.reserved -= amount;
        emit DropClaimed(programmeId, account, amount);
        // Interaction: pay
        _send(account, amount);
    }

    /// @inheritdoc IProgrammeVault
    function cancel(uint40 programmeId) external restricted nonReentrant {
        Programme storage p = _programme(programmeId);
        // Check: it is not over
        if (block.timestamp >= p.end) revert ProgrammeVault_Ended(programmeId);
        // Effect: it ends now, with what has vested
        _end(p, programmeId, p.kind == Kind.Drop ? p.paid : _vested(p));
    }

    /// @inheritdoc IProgrammeVault
    function close(uint40 programmeId) external nonReentrant {
        Programme storage p = _programme(programmeId);
        // Check: a drop that has closed, with something left
        if (p.kind != Kind.Drop) revert ProgrammeVault_WrongKind(programmeId, p.kind);
        if (block.timestamp <= p.end) revert ProgrammeVault_NotOpen(p.start, p.end);
        if (p.paid == p.funded) revert ProgrammeVault_Ended(programmeId);
        _end(p, programmeId, p.paid);
    }

    /// @inheritdoc IProgrammeVault
    function programme(uint40 programmeId) external view returns (Programme memory) {
        return _programme(programmeId);
    }

    /// @inheritdoc IProgrammeVault
    function releasable(uint40 programmeId) external view returns (uint96) {
        Programme storage p = _programme(programmeId);
        return p.kind == Kind.Drop ? 0 : _vested(p) - p.paid;
    }

    /// @inheritdoc IProgrammeVault
    function hasClaimed(uint40 programmeId, address account) external view returns (bool) {
        return _storage().claimed[programmeId][account];
    }

    /// @inheritdoc IProgrammeVault
    function programmeCount() external view returns (uint40) {
        return _storage().programmeCount;
    }

    /// @inheritdoc IProgrammeVault
    function reserved() external view returns (uint96) {
        return _storage().reserved;
    }

    function _create(Kind kind, uint40 start, uint40 end, uint40 datanetId, bytes32 root)
        private
        returns (uint40 programmeId)
    {
        ProgrammeVaultStorage storage $ = _storage();
        // Check: funds, and a time to come
        if (msg.value == 0) revert ProgrammeVault_ZeroAmount();
        uint96 funded = Native.toUint96(msg.value);
        bool valid = start < end && end > block.timestamp && end <= block.timestamp + MAX_DURATION;
        if (!valid) revert ProgrammeVault_InvalidTimes(start, end);
        // Effect: a new programme
        programmeId = ++$.programmeCount;
        $.programmes[programmeId] = Programme(kind, start, end, datanetId, funded, 0, root);
        $.reserved += funded;
        emit ProgrammeCreated(programmeId, $.programmes[programmeId]);
    }

    /// @dev Leaves `kept` to the programme, which ends now if it had not, and returns the rest.
    function _end(Programme storage p, uint40 programmeId, uint96 kept) private {
        uint96 returned = p.funded - kept;
        p.funded = kept;
        uint40 time = uint40(block.timestamp);
        if (p.start > time) p.start = time;
        if (p.end > time) p.end = time;
        _storage().reserved -= returned;
        emit Ended(programmeId, returned);
        // Interaction: the rest
        _send(TREASURY, returned);
    }

    /// @dev Linear from start to end; rounds down.
    function _vested(Programme storage p) private view returns (uint96) {
        if (block.timestamp >= p.end) return p.funded;
        if (block.timestamp <= p.start) return 0;
        // Less than what was funded, since less than the whole time has passed.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(uint256(p.funded) * (block.timestamp - p.start) / (p.end - p.start));
    }

    function _programme(uint40 programmeId) private view returns (Programme storage p) {
        p = _storage().programmes[programmeId];
        if (p.end == 0) revert ProgrammeVault_UnknownProgramme(programmeId);
    }

    function _send(address to, uint256 amount) private {
        if (!Native.trySend(to, amount)) revert ProgrammeVault_SendFailed(to, amount);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (ProgrammeVaultStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
