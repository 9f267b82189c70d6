// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {DatanetBase} from "./DatanetBase.sol";

/// @title Who may train on a permissioned datanet, and when
/// @notice Periods are kept, so that a revocation or a new grant never changes what was permitted before.
abstract contract DatanetPermissions is DatanetBase {
    /// @notice What a datanet's owner signs to let someone train.
    bytes32 public constant PERMISSION_TYPEHASH =
        keccak256("DatanetPermission(uint40 datanetId,address trainer,uint40 expiry,uint256 nonce)");

    /// @inheritdoc IDatanetRegistry
    function grantTraining(uint40 datanetId, address trainer, uint40 expiry) external {
        _requireOwner(datanetId);
        _grant(datanetId, trainer, expiry);
    }

    /// @inheritdoc IDatanetRegistry
    function permitTraining(uint40 datanetId, address trainer, uint40 expiry, uint256 nonce, bytes calldata signature)
        external
    {
        // Check: the owner's signature, once
        _requireDatanet(datanetId);
        address owner = _ownerOf(datanetId);
        if (_storage().nonces[owner][nonce]) revert DatanetRegistry_NonceUsed(owner, nonce);
        bytes32 structHash = keccak256(abi.encode(PERMISSION_TYPEHASH, datanetId, trainer, expiry, nonce));
        _requireSignature(owner, structHash, signature);
        // Effect: use it up
        _storage().nonces[owner][nonce] = true;
        _grant(datanetId, trainer, expiry);
    }

    /// @inheritdoc IDatanetRegistry
    function revokeTraining(uint40 datanetId, address trainer) external {
        _requireOwner(datanetId);
        Period[] storage periods = _storage().periods[datanetId][trainer];
        uint256 count = periods.length;
        if (count == 0 || periods[count - 1].until <= block.timestamp) {
            revert DatanetRegistry_NotPermitted(datanetId, trainer);
        }
        periods[count - 1].until = uint40(block.timestamp);
        emit TrainingRevoked(datanetId, trainer);
    }

    /// @inheritdoc IDatanetRegistry
    function cancelPermission(uint256 nonce) external {
        if (_storage().nonces[msg.sender][nonce]) revert DatanetRegistry_NonceUsed(msg.sender, nonce);
        _storage().nonces[msg.sender][nonce] = true;
        emit PermissionCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IDatanetRegistry
    function mayTrain(uint40 datanetId, address trainer, uint40 time) external view returns (bool) {
        address owner = _ownerOf(datanetId);
        if (owner == address(0)) return false;
        if (!_storage().datanets[datanetId].permissioned || trainer == owner) return true;
        Period[] storage periods = _storage().periods[datanetId][trainer];
        for (uint256 i = periods.length; i > 0; --i) {
            Period memory p = periods[i - 1];
            if (p.from <= time) return time < p.until;
        }
        return false;
    }

    /// @inheritdoc IDatanetRegistry
    function isNonceUsed(address owner, uint256 nonce) external view returns (bool) {
        return _storage().nonces[owner][nonce];
    }

    /// @dev Extends a permission that still holds, else begins another one; a shorter one changes nothing.
    function _grant(uint40 datanetId, address trainer, uint40 expiry) private {
        if (trainer == address(0)) revert DatanetRegistry_ZeroAddress();
        if (expiry <= block.timestamp) revert DatanetRegistry_SignatureExpired(expiry);
        Period[] storage periods = _storage().periods[datanetId][trainer];
        uint256 count = periods.length;
        uint40 from = uint40(block.timestamp);
        if (count != 0 && periods[count - 1].until > from) {
            Period storage last = periods[count - 1];
            from = last.from;
            if (expiry > last.until) last.until = expiry;
            else expiry = last.until;
        } else {
            periods.push(Period(from, expiry));
        }
        emit TrainingPermitted(datanetId, trainer, from, expiry);
    }
}
