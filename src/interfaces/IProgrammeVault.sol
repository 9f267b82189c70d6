// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Incentive programmes
/// @notice A vote funds a programme with the value it sends: a stream to the stakers, a stream to the owner of a datanet, or
/// a Merkle drop. A programme pays out of its own funds only. Governance can end it early; what has not vested then goes back
/// to the treasury.
interface IProgrammeVault {
    enum Kind {
        Stakers,
        Datanet,
        Drop
    }

    /// @notice A programme.
    /// @param kind Who gets it
    /// @param start When a stream begins to vest, or a drop opens
    /// @param end When a stream has vested, or a drop closes
    /// @param datanetId Whose owner gets a datanet's stream
    /// @param funded What it can pay in all
    /// @param paid What it has paid
    /// @param root Root of a drop, with leaves keccak256(keccak256(abi.encode(account, amount)))
    struct Programme {
        Kind kind;
        uint40 start;
        uint40 end;
        uint40 datanetId;
        uint96 funded;
        uint96 paid;
        bytes32 root;
    }

    event ProgrammeCreated(uint40 indexed programmeId, Programme programme);
    event Released(uint40 indexed programmeId, address indexed to, uint96 amount);
    event DropClaimed(uint40 indexed programmeId, address indexed account, uint96 amount);
    /// @notice A programme ended; `returned` went to the treasury.
    event Ended(uint40 indexed programmeId, uint96 returned);

    error ProgrammeVault_ZeroAmount();
    error ProgrammeVault_InvalidTimes(uint40 start, uint40 end);
    error ProgrammeVault_ZeroRoot();
    error ProgrammeVault_UnknownProgramme(uint40 programmeId);
    error ProgrammeVault_WrongKind(uint40 programmeId, Kind kind);
    error ProgrammeVault_NothingToRelease(uint40 programmeId);
    error ProgrammeVault_NotOpen(uint40 start, uint40 end);
    error ProgrammeVault_AlreadyClaimed(uint40 programmeId, address account);
    error ProgrammeVault_InvalidProof(address account, uint96 amount);
    error ProgrammeVault_FundsExceeded(uint96 funded, uint256 wanted);
    error ProgrammeVault_Ended(uint40 programmeId);
    error ProgrammeVault_SendFailed(address to, uint256 amount);

    /// @notice Streams the value sent to the stakers from `start` to `end`. Restricted to governance.
    function streamToStakers(uint40 start, uint40 end) external payable returns (uint40 programmeId);

    /// @notice Streams the value sent to the owner of a datanet. Restricted to governance.
    function streamToDatanet(uint40 datanetId, uint40 start, uint40 end) external payable returns (uint40 programmeId);

    /// @notice Opens a drop of the value sent. Restricted to governance.
    function openDrop(bytes32 root, uint40 start, uint40 end) external payable returns (uint40 programmeId);

    /// @notice Pays what a stream owes until now to the stakers, or to the present owner of its datanet. Anyone may call.
    function release(uint40 programmeId) external returns (uint96 amount);

    /// @notice Pays an account its amount of a drop, once. Anyone may call.
    function claimDrop(uint40 programmeId, address account, uint96 amount, bytes32[] calldata proof) external;

    /// @notice Ends a programme now and returns what has not vested, or was not claimed, to the treasury. Restricted to
    /// governance.
    function cancel(uint40 programmeId) external;

    /// @notice Returns what nobody claimed of a drop that has closed. Anyone may call.
    function close(uint40 programmeId) external;

    /// @notice A programme.
    function programme(uint40 programmeId) external view returns (Programme memory);

    /// @notice What a stream could release now.
    function releasable(uint40 programmeId) external view returns (uint96);

    /// @notice Whether an account has taken its part of a drop.
    function hasClaimed(uint40 programmeId, address account) external view returns (bool);

    /// @notice How many programmes there are; their identifiers count from 1.
    function programmeCount() external view returns (uint40);

    /// @notice What all programmes can still pay; the balance is never less.
    function reserved() external view returns (uint96);
}
