// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Test} from "forge-std/Test.sol";
import {Presets} from "../../../../script/Presets.sol";
import {ProtocolParameters} from "../../../../src/governance/ProtocolParameters.sol";
import {IInferenceEscrow} from "../../../../src/interfaces/IInferenceEscrow.sol";
import {InferenceEscrow} from "../../../../src/payments/InferenceEscrow.sol";
import {AgentRegistry} from "../../../../src/registry/AgentRegistry.sol";
import {GovernanceOpen} from "../../../../src/token/GovernanceOpen.sol";
import {SignedVoucher} from "../../../../src/types/Claim.sol";

/// @dev A wallet that is a contract: what its key signed is its signature. It can refuse money, and call back when some
/// comes.
contract ContractWallet is IERC1271 {
    address private immutable KEY;
    bool public refuses;
    address private target;
    bytes private callback;
    bool public called;
    bool public succeeded;

    constructor(address key) {
        KEY = key;
    }

    receive() external payable {
        require(!refuses, "no, thank you");
        if (target == address(0)) return;
        called = true;
        (succeeded,) = target.call(callback);
    }

    function refuse(bool refuses_) external {
        refuses = refuses_;
    }

    function callBack(address target_, bytes calldata callback_) external {
        (target, callback) = (target_, callback_);
    }

    function execute(address to, uint256 value, bytes calldata data) external {
        (bool done, bytes memory why) = to.call{value: value}(data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(why, 0x20), mload(why))
        }
    }

    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecover(hash, signature);
        return signer == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev The escrow with the registries that it asks; this test is the settlement. One node, and one channel with it.
abstract contract EscrowFixture is Test {
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    uint96 internal constant DEPOSIT = 100e18;
    uint40 internal constant EXIT_DELAY = 10;
    bytes32 internal constant ROOT = keccak256("receipts");

    AccessManager internal manager;
    GovernanceOpen internal gopen;
    AgentRegistry internal agents;
    ProtocolParameters internal parameters;
    InferenceEscrow internal escrow;

    address internal consumer;
    uint256 internal consumerKey;
    address internal session;
    uint256 internal sessionKey;
    address internal operator;
    uint256 internal operatorKey;
    address internal stranger = makeAddr("stranger");
    uint40 internal nodeId;
    bytes32 internal channelId;

    receive() external payable {}

    function setUp() public virtual {
        vm.chainId(31_337);
        vm.warp(1_700_000_000);
        (consumer, consumerKey) = makeAddrAndKey("consumer");
        (session, sessionKey) = makeAddrAndKey("session key");
        (operator, operatorKey) = makeAddrAndKey("operator");
        manager = new AccessManager(address(this));
        gopen = GovernanceOpen(
            payable(_proxy(
                    address(new GovernanceOpen()), abi.encodeCall(GovernanceOpen.initialize, (address(manager)))
                ))
        );
        agents = AgentRegistry(
            _proxy(address(new AgentRegistry()), abi.encodeCall(AgentRegistry.initialize, (address(manager))))
        );
        parameters = ProtocolParameters(
            _proxy(
                address(new ProtocolParameters()),
                abi.encodeCall(
                    ProtocolParameters.initialize,
                    (address(manager), Presets.devnet().limits, Presets.devnet().parameters)
                )
            )
        );
        escrow = _newEscrow(address(this));
        vm.prank(operator);
        nodeId = uint40(agents.register("store:0x"));
        vm.deal(consumer, 2 * DEPOSIT);
        vm.prank(consumer);
        channelId = escrow.openChannel{value: DEPOSIT}(nodeId, consumer, bytes32(0));
    }

    function _newEscrow(address settlement) internal returns (InferenceEscrow) {
        return InferenceEscrow(
            payable(_proxy(
                    address(new InferenceEscrow(agents, parameters, gopen, settlement)),
                    abi.encodeCall(InferenceEscrow.initialize, (address(manager)))
                ))
        );
    }

    function _proxy(address implementation, bytes memory init) private returns (address) {
        return address(new ERC1967Proxy(implementation, init));
    }

    /// @dev Twelve bytes of choice, then the signer.
    function _nonce(uint96 salt, address signer) internal pure returns (bytes32) {
        return bytes32(uint256(salt) << 160 | uint160(signer));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _unsigned(bytes32 id, uint96 fee) internal view returns (SignedVoucher memory v) {
        IInferenceEscrow.Channel memory c = escrow.channel(id);
        v.channelId = id;
        v.epoch = c.epoch;
        v.settledFee = c.settled;
        v.cumulativeFee = c.settled + fee;
        v.receiptsRoot = ROOT;
        v.receiptCount = 3;
    }

    /// @dev The channel's next voucher, signed with the key.
    function _voucher(bytes32 id, uint96 fee, uint256 key) internal view returns (SignedVoucher memory v) {
        v = _unsigned(id, fee);
        v.signature = _sign(key, escrow.voucherDigest(v));
    }

    function _voucher(uint96 fee) internal view returns (SignedVoucher memory) {
        return _voucher(channelId, fee, consumerKey);
    }

    /// @dev A prepaid voucher, and the root that the node gives it.
    function _prepaid(uint96 fee, bytes32 root) internal view returns (SignedVoucher memory v, bytes32 digest) {
        v = _unsigned(channelId, fee);
        (v.receiptsRoot, v.receiptCount) = (0, 1);
        digest = escrow.voucherDigest(v);
        v.signature = _sign(consumerKey, digest);
        v.receiptsRoot = root;
    }

    function _one(SignedVoucher memory v) internal pure returns (SignedVoucher[] memory vouchers) {
        vouchers = new SignedVoucher[](1);
        vouchers[0] = v;
    }

    function _collect(SignedVoucher memory v) internal returns (uint96) {
        return escrow.collect(nodeId, address(0), _one(v));
    }

    function _refused(SignedVoucher memory v, address acceptor, bytes memory why) internal {
        SignedVoucher[] memory vouchers = _one(v);
        vm.expectRevert(why);
        escrow.collect(nodeId, acceptor, vouchers);
    }

    function _refused(SignedVoucher memory v, bytes memory why) internal {
        _refused(v, address(0), why);
    }

    function _notSignedBy(bytes32 id, address recovered) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IInferenceEscrow.InferenceEscrow_BadSignature.selector, id, recovered);
    }

    /// @dev An ERC-3009 authorization of gOPEN for the channel.
    function _authorization(address from, bytes32 id, uint256 value, uint256 key)
        internal
        view
        returns (IInferenceEscrow.Authorization memory a)
    {
        a.value = value;
        a.validAfter = block.timestamp - 1;
        a.validBefore = block.timestamp + 1 hours;
        bytes32 structHash = keccak256(abi.encode(RECEIVE, from, escrow, value, a.validAfter, a.validBefore, id));
        a.signature = _sign(key, keccak256(abi.encodePacked(hex"1901", gopen.DOMAIN_SEPARATOR(), structHash)));
    }
}
