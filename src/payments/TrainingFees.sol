// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IBaselineVault} from "../interfaces/IBaselineVault.sol";
import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../interfaces/IProtocolParameters.sol";
import {IStakerRewards} from "../interfaces/IStakerRewards.sol";
import {ITrainingFees} from "../interfaces/ITrainingFees.sol";
import {ITrainingLog} from "../interfaces/ITrainingLog.sol";
import {Native} from "../libraries/Native.sol";

/// @title Training fees.
/// @notice See {ITrainingFees}.
contract TrainingFees is ITrainingFees, AccessManagedUpgradeable, UUPSUpgradeable, ReentrancyGuardTransient {
    /// @notice The contracts that training fees work with.
    struct Contracts {
        IDatanetRegistry datanets;
        IModelRegistry models;
        ITrainingLog runs;
        IProtocolParameters parameters;
        IBaselineVault vault;
        IStakerRewards stakers;
        address treasury;
    }

    /// @custom:storage-location erc7201:openledger.storage.TrainingFees
    struct TrainingFeesStorage {
        uint96 burn;
        uint96 treasury;
        uint96 stakers;
        mapping(bytes32 runId => Held) held;
        mapping(bytes32 runId => mapping(uint40 datanetId => uint32)) paidRows;
    }

    // keccak256(abi.encode(uint256(keccak256("openledger.storage.TrainingFees")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x7ca6fc5e66f4acd8d3a91820181c280d436e2825bbd8ae326260226923ddf000;

    uint256 private constant BPS = 10_000;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IDatanetRegistry public immutable DATANETS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IModelRegistry public immutable MODELS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    ITrainingLog public immutable RUNS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IProtocolParameters public immutable PARAMETERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IBaselineVault public immutable VAULT;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IStakerRewards public immutable STAKERS;
    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address public immutable TREASURY;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(Contracts memory contracts) {
        DATANETS = contracts.datanets;
        MODELS = contracts.models;
        RUNS = contracts.runs;
        PARAMETERS = contracts.parameters;
        VAULT = contracts.vault;
        STAKERS = contracts.stakers;
        TREASURY = contracts.treasury;
        _disableInitializers();
    }

    /// @param authority The access manager
    function initialize(address authority) external initializer {
        __AccessManaged_init(authority);
    }

    /// @inheritdoc ITrainingFees
    function pay(bytes32 runId, uint40[] calldata datanetIds, uint32[] calldata rows) external payable {
        // Check
        if (RUNS.run(runId).owner == address(0)) revert TrainingFees_UnknownRun(runId);
        if (datanetIds.length == 0) revert TrainingFees_NoDatanets();
        if (datanetIds.length != rows.length) revert TrainingFees_LengthMismatch(datanetIds.length, rows.length);
        // Effect
        uint256 price = _bookRows(runId, datanetIds, rows);
        if (price != msg.value) revert TrainingFees_WrongFee(price, msg.value);
        uint96 fee = Native.toUint96(price);
        TrainingFeesStorage storage $ = _storage();
        Held storage h = $.held[runId];
        if (fee != 0) _split($, h, fee);
        emit TrainingPaid(runId, msg.sender, datanetIds, rows, fee, h.amount);
    }

    /// @inheritdoc ITrainingFees
    function release(uint40 modelId) external nonReentrant {
        // Check
        IModelRegistry.ModelTerms memory terms = MODELS.terms(modelId);
        if (!MODELS.isUncontested(modelId)) revert TrainingFees_Contested(modelId);
        // Effect
        uint96 amount = _take(terms.runId);
        bool toBaseline = terms.baselineRoot != 0;
        if (!toBaseline) _storage().treasury += amount;
        emit TrainingReleased(terms.runId, modelId, amount, toBaseline);
        // Interaction
        if (toBaseline) VAULT.fund{value: amount}(modelId);
    }

    /// @inheritdoc ITrainingFees
    function expire(bytes32 runId) external {
        // Check
        uint40 expiresAt = _storage().held[runId].expiresAt;
        if (block.timestamp < expiresAt) revert TrainingFees_NotExpired(runId, expiresAt);
        uint40 modelId = MODELS.modelOfRun(runId);
        bool isPublished = modelId != 0 && MODELS.statusOf(modelId) != IModelRegistry.ModelStatus.Suspended;
        if (isPublished) revert TrainingFees_Published(runId, modelId);
        // Effect
        uint96 amount = _take(runId);
        _storage().treasury += amount;
        emit TrainingExpired(runId, amount);
    }

    /// @inheritdoc ITrainingFees
    function flush() external nonReentrant {
        TrainingFeesStorage storage $ = _storage();
        (uint96 burned, uint96 treasury, uint96 stakers) = ($.burn, $.treasury, $.stakers);
        // Effect
        ($.burn, $.treasury, $.stakers) = (0, 0, 0);
        // Interaction: a receiver that fails keeps its counter and does not hold up the others. While they are called,
        // payments may add to the counters.
        if (!Native.trySend(Native.BURN, burned)) ($.burn, burned) = ($.burn + burned, 0);
        if (!Native.trySend(TREASURY, treasury)) ($.treasury, treasury) = ($.treasury + treasury, 0);
        if (!Native.trySend(address(STAKERS), stakers)) ($.stakers, stakers) = ($.stakers + stakers, 0);
        emit Flushed(burned, treasury, stakers);
    }

    /// @inheritdoc ITrainingFees
    function paidRows(bytes32 runId, uint40 datanetId) external view returns (uint32) {
        return _storage().paidRows[runId][datanetId];
    }

    /// @inheritdoc ITrainingFees
    function held(bytes32 runId) external view returns (Held memory) {
        return _storage().held[runId];
    }

    /// @inheritdoc ITrainingFees
    function counters() external view returns (uint96 burn, uint96 treasury, uint96 stakers) {
        TrainingFeesStorage storage $ = _storage();
        return ($.burn, $.treasury, $.stakers);
    }

    /// @dev Adds the rows up and says what they cost. A datanet's price never changes.
    function _bookRows(bytes32 runId, uint40[] calldata datanetIds, uint32[] calldata rows)
        private
        returns (uint256 price)
    {
        mapping(uint40 datanetId => uint32) storage paid = _storage().paidRows[runId];
        for (uint256 i = 0; i < datanetIds.length; ++i) {
            uint40 id = datanetIds[i];
            if (rows[i] == 0) revert TrainingFees_ZeroRows(id);
            price += uint256(DATANETS.datanet(id).pricePerRow) * rows[i]; // reverts when there is no such datanet
            paid[id] += rows[i];
        }
    }

    /// @dev Burn, treasury and stakers get their parts; what is left, whatever the rounding, is the contributors'.
    function _split(TrainingFeesStorage storage $, Held storage h, uint96 fee) private {
        IProtocolParameters.Parameters memory p = PARAMETERS.parameters(PARAMETERS.currentVersion());
        (uint96 burn, uint96 treasury, uint96 stakers) =
            (_share(fee, p.burnBps), _share(fee, p.treasuryBps), _share(fee, p.stakersBps));
        $.burn += burn;
        $.treasury += treasury;
        $.stakers += stakers;
        h.amount += fee - burn - treasury - stakers;
        h.expiresAt = uint40(block.timestamp) + p.expiry;
    }

    function _take(bytes32 runId) private returns (uint96 amount) {
        amount = _storage().held[runId].amount;
        if (amount == 0) revert TrainingFees_NothingHeld(runId);
        delete _storage().held[runId];
    }

    /// @dev A part of an amount; not above the amount, because no parameter is above 10,000 bps.
    function _share(uint96 amount, uint16 bps) private pure returns (uint96) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(uint256(amount) * bps / BPS);
    }

    function _authorizeUpgrade(address) internal override restricted {}

    function _storage() private pure returns (TrainingFeesStorage storage $) {
        assembly ("memory-safe") {
            $.slot := STORAGE
        }
    }
}
