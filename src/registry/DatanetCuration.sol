// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetRegistry} from "../interfaces/IDatanetRegistry.sol";
import {Native} from "../libraries/Native.sol";
import {
    BondState,
    ContributionInput,
    ContributionKind,
    ContributionRecord,
    ContributionStatus
} from "../types/Contribution.sol";
import {DatanetBase} from "./DatanetBase.sol";

/// @title Contributions: commitment, submission, decision, withdrawal
abstract contract DatanetCuration is DatanetBase {
    /// @notice What a curator signs to accept without paying for gas.
    bytes32 public constant ACCEPTANCE_TYPEHASH =
        keccak256("ContributionAcceptance(uint40[] contributionIds,uint40 deadline)");

    // A commitment's slot: prefix22 ‖ block5 ‖ time5.
    uint256 private constant TIME_BITS = 40;
    uint256 private constant PREFIX_SHIFT = 80;

    /// @inheritdoc IDatanetRegistry
    function commit(bytes32 commitment) external returns (uint40 contributionId) {
        DatanetRegistryStorage storage $ = _storage();
        contributionId = ++$.contributionCount;
        uint256 prefix = uint256(commitment) >> PREFIX_SHIFT << PREFIX_SHIFT;
        $.hashes[contributionId] =
            bytes32(prefix | uint256(uint40(block.number)) << TIME_BITS | uint40(block.timestamp));
        emit ContributionCommitted(contributionId, commitment);
    }

    /// @inheritdoc IDatanetRegistry
    function submit(uint40 contributionId, ContributionInput calldata input, bytes32 salt) external payable {
        // Check: data refers to nothing
        bool plain = input.kind == ContributionKind.DATA && input.refersTo == 0 && input.firstRow == 0;
        if (!plain) revert DatanetRegistry_WrongReference(input.refersTo, input.firstRow);
        _submit(contributionId, input, salt);
    }

    /// @inheritdoc IDatanetRegistry
    function submitReferring(
        uint40 contributionId,
        ContributionInput calldata input,
        bytes32 salt,
        ContributionInput calldata referred
    ) external payable {
        // Check: it is about rows of accepted data of the same datanet
        if (input.kind != ContributionKind.LABEL && input.kind != ContributionKind.VALIDATION) {
            revert DatanetRegistry_UnknownKind(input.kind);
        }
        ContributionRecord memory r = _record(input.refersTo);
        bool known = r.status == ContributionStatus.Accepted && r.datanetId == input.datanetId
            && _storage().hashes[input.refersTo] == _hashOf(referred) && referred.kind == ContributionKind.DATA;
        if (!known || uint256(input.firstRow) + input.rowCount > referred.rowCount) {
            revert DatanetRegistry_WrongReference(input.refersTo, input.firstRow);
        }
        _submit(contributionId, input, salt);
    }

    /// @inheritdoc IDatanetRegistry
    function accept(uint40 contributionId) external {
        // Effect: mint, if it is still under review; our own token calls nobody
        ContributionRecord memory before = _mintUnderReview(contributionId, _reviewStart());
        // Check: a curator, in time
        _requireCurator(before.datanetId, msg.sender);
        _requireUnderReview(contributionId, before);
        // Effect: move the datanet's version on
        _accepted(contributionId, before.datanetId, msg.sender);
    }

    /// @inheritdoc IDatanetRegistry
    function acceptBySig(uint40[] calldata contributionIds, address curator, uint40 deadline, bytes calldata signature)
        external
        returns (uint256 accepted)
    {
        // Check: the curator's word, in time
        if (block.timestamp > deadline) revert DatanetRegistry_SignatureExpired(deadline);
        // Elements of an EIP-712 array are words, and so encodePacked pads those of a dynamic array.
        bytes32 list = keccak256(abi.encodePacked(contributionIds));
        _requireSignature(curator, keccak256(abi.encode(ACCEPTANCE_TYPEHASH, list, deadline)), signature);
        uint256 since = _reviewStart();
        for (uint256 i = 0; i < contributionIds.length; ++i) {
            uint40 contributionId = contributionIds[i];
            // Effect: mint, if it is still under review
            ContributionRecord memory before = _mintUnderReview(contributionId, since);
            _requireCurator(before.datanetId, curator);
            if (before.status != ContributionStatus.Submitted || before.submittedAt < since) continue;
            _accepted(contributionId, before.datanetId, curator);
            ++accepted;
        }
    }

    /// @inheritdoc IDatanetRegistry
    function reject(uint40 contributionId, bytes32 reasonHash) external {
        // Check: a curator, in time
        ContributionRecord memory r = _recordOf(contributionId);
        _requireCurator(r.datanetId, msg.sender);
        _requireUnderReview(contributionId, r);
        // Effect: reject it
        _setStatus(contributionId, ContributionStatus.Rejected);
        emit ContributionRejected(contributionId, r.datanetId, msg.sender, reasonHash);
    }

    /// @inheritdoc IDatanetRegistry
    function reclaimBond(uint40 contributionId) external {
        // Check: it is decided or nobody decided in time, and no penalty is pending
        ContributionRecord memory r = _recordOf(contributionId);
        if (r.bond == BondState.Frozen) revert DatanetRegistry_BondFrozen(contributionId);
        if (r.status == ContributionStatus.Submitted) {
            uint256 reviewEnd = r.submittedAt + REVIEW_WINDOW;
            if (block.timestamp <= reviewEnd) revert DatanetRegistry_UnderReview(contributionId, reviewEnd);
            // Effect: silence rejects nothing but also accepts nothing any more
            _setStatus(contributionId, ContributionStatus.Expired);
            emit ContributionExpired(contributionId, r.datanetId);
            if (r.bond == BondState.None) return;
        } else if (r.bond == BondState.None) {
            revert DatanetRegistry_NothingToReclaim(contributionId);
        }
        // Effect: nothing is held any more
        uint96 bond = _bondOf(r);
        _setBond(contributionId, BondState.None);
        emit BondReclaimed(contributionId, r.contributor, bond);
        // Interaction: pay it back
        _send(r.contributor, bond);
    }

    /// @inheritdoc IDatanetRegistry
    function tombstone(uint40 contributionId) external {
        // Check: the owner's own, and still earning
        ContributionRecord memory r = _recordOf(contributionId);
        if (r.status != ContributionStatus.Accepted) revert DatanetRegistry_WrongStatus(contributionId, r.status);
        if (_token.ownerOf(contributionId) != msg.sender) {
            revert DatanetRegistry_NotTokenOwner(contributionId, msg.sender);
        }
        // Effect: it earns nothing more
        _setStatus(contributionId, ContributionStatus.Tombstoned);
        bytes32 next = _advance(r.datanetId, OP_TOMBSTONE, contributionId);
        emit ContributionTombstoned(contributionId, r.datanetId, msg.sender, next);
    }

    /// @inheritdoc IDatanetRegistry
    function displace(uint40 contributionId, uint40 earlierId, address prover) external onlyHygiene {
        // Check: it is in the datanet or may still come in
        ContributionRecord memory r = _recordOf(contributionId);
        bool wasAccepted = r.status == ContributionStatus.Accepted;
        if (!wasAccepted && r.status != ContributionStatus.Submitted) {
            revert DatanetRegistry_WrongStatus(contributionId, r.status);
        }
        uint96 reward = _reward(_bondOf(r));
        // Effect: a token that was minted stays, but earns nothing more
        _setStatus(contributionId, wasAccepted ? ContributionStatus.Displaced : ContributionStatus.Duplicate);
        bytes32 next = wasAccepted
            ? _advance(r.datanetId, OP_TOMBSTONE, contributionId)
            : _storage().datanets[r.datanetId].version;
        emit ContributionDisplaced(contributionId, r.datanetId, earlierId, reward, next);
        // Interaction: the prover's reward; the contributor reclaims the rest
        if (reward != 0) _send(prover, reward);
    }

    /// @inheritdoc IDatanetRegistry
    function freezeBond(uint40 contributionId) external onlyHygiene {
        if (_recordOf(contributionId).bond != BondState.Held) return;
        _setBond(contributionId, BondState.Frozen);
        emit BondFrozen(contributionId);
    }

    /// @inheritdoc IDatanetRegistry
    function settleBond(uint40 contributionId, bool forfeit) external onlyHygiene returns (uint96 amount) {
        ContributionRecord memory r = _recordOf(contributionId);
        if (r.bond != BondState.Frozen) return 0;
        if (!forfeit) {
            // Effect: it can be reclaimed again
            _setBond(contributionId, BondState.Held);
            emit BondUnfrozen(contributionId);
            return 0;
        }
        // Effect: nothing is held any more
        amount = _bondOf(r);
        _setBond(contributionId, BondState.None);
        emit BondForfeited(contributionId, amount);
        // Interaction: our own contract, which divides it
        _send(msg.sender, amount);
    }

    function _submit(uint40 contributionId, ContributionInput calldata input, bytes32 salt) private {
        DatanetRegistryStorage storage $ = _storage();
        // Check: the datanet takes it
        Datanet storage d = $.datanets[input.datanetId];
        if (d.licenceCount == 0) revert DatanetRegistry_UnknownDatanet(input.datanetId);
        uint96 bond = d.contributionBond;
        if (msg.value != bond) revert DatanetRegistry_WrongBond(bond, msg.value);
        if (!$.licences[input.datanetId][keccak256(bytes(input.licence))]) {
            revert DatanetRegistry_LicenceNotAllowed(input.datanetId, input.licence);
        }
        bool empty = input.contentRoot == 0 || input.byteLength == 0 || input.rowsRoot == 0 || input.rowCount == 0;
        if (empty) revert DatanetRegistry_EmptyContribution();
        // Check: the caller committed to it
        bytes32 commitment = keccak256(abi.encode(msg.sender, input.contentRoot, input.rowsRoot, salt));
        uint40 committedAt = _checkCommitment(contributionId, commitment);
        // Effect: the input takes the commitment's place; the record is the token's
        $.hashes[contributionId] = _logSubmission(contributionId, input, bond, committedAt);
        _token.record(contributionId, msg.sender, input.datanetId, bond != 0);
    }

    /// @dev Emits {ContributionSubmitted} and returns keccak256(abi.encode(input)), encoding the input once for both: in
    /// `data` the third word comes right before it. For the hash it is the input's offset alone, for the event the time.
    function _logSubmission(uint40 contributionId, ContributionInput calldata input, uint96 bond, uint40 committedAt)
        private
        returns (bytes32 hash)
    {
        bytes memory data = abi.encode(uint256(0x60), bond, input);
        bytes32 topic = ContributionSubmitted.selector;
        uint40 datanetId = input.datanetId;
        assembly ("memory-safe") {
            let third := add(data, 0x60)
            mstore(third, 0x20)
            hash := keccak256(third, sub(mload(data), 0x40))
            let mask := 0xffffffffff // assembly sees what is above the 40 bits
            mstore(third, and(committedAt, mask))
            log4(add(data, 0x20), mload(data), topic, and(contributionId, mask), and(datanetId, mask), caller())
        }
    }

    function _accepted(uint40 contributionId, uint40 datanetId, address curator) private {
        bytes32 next = _advance(datanetId, OP_ACCEPT, contributionId);
        emit ContributionAccepted(contributionId, datanetId, curator, next);
    }

    /// @dev Our own token, which calls nobody.
    function _mintUnderReview(uint40 contributionId, uint256 since) private returns (ContributionRecord memory before) {
        before = _token.mint(contributionId, since);
        _requireSubmitted(contributionId, before);
    }

    function _hashOf(ContributionInput calldata input) private pure returns (bytes32) {
        return keccak256(abi.encode(input));
    }

    function _send(address to, uint96 amount) private {
        if (!Native.trySend(to, amount)) revert DatanetRegistry_TransferFailed(to, amount);
    }

    /// @dev 176 bits of the commitment are kept: whoever finds a second preimage of them could have found a key.
    /// The hash of an input never looks like a commitment of it, so none works twice.
    function _checkCommitment(uint40 contributionId, bytes32 commitment) private view returns (uint40 committedAt) {
        uint256 word = uint256(_storage().hashes[contributionId]);
        if (word == 0 || word >> PREFIX_SHIFT != uint256(commitment) >> PREFIX_SHIFT) {
            revert DatanetRegistry_NotCommitted(contributionId, commitment);
        }
        // Casting is safe: the fields are 40 bits each.
        // forge-lint: disable-next-line(unsafe-typecast)
        committedAt = uint40(word);
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 committedBlock = uint40(word >> TIME_BITS);
        if (block.number <= committedBlock) revert DatanetRegistry_TooEarly(committedBlock);
        uint256 expiredAt = committedAt + REVEAL_WINDOW;
        if (block.timestamp > expiredAt) revert DatanetRegistry_CommitmentExpired(contributionId, expiredAt);
    }

    function _requireUnderReview(uint40 contributionId, ContributionRecord memory r) private view {
        if (r.status != ContributionStatus.Submitted) revert DatanetRegistry_WrongStatus(contributionId, r.status);
        uint256 reviewEnd = r.submittedAt + REVIEW_WINDOW;
        if (block.timestamp > reviewEnd) revert DatanetRegistry_ReviewOver(contributionId, reviewEnd);
    }

    /// @dev What was submitted before this is not under review any more.
    function _reviewStart() private view returns (uint256) {
        return block.timestamp > REVIEW_WINDOW ? block.timestamp - REVIEW_WINDOW : 0;
    }
}
