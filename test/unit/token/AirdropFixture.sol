// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Airdrop} from "../../../src/token/Airdrop.sol";
import {IAirdrop} from "../../../src/interfaces/IAirdrop.sol";
import {StakerRewardsFixture} from "../staking/StakerRewardsFixture.sol";

/// @dev A contract wallet that takes value when it likes to, and may call again.
contract DropWallet is IERC1271 {
    address private immutable KEY;
    bool public accepts = true;
    bytes public again;
    bool public calledAgain;

    constructor(address key) {
        KEY = key;
    }

    function prepare(bool accept, bytes calldata data) external {
        (accepts, again) = (accept, data);
    }

    function call(address to, bytes calldata data) external returns (bool done) {
        (done,) = to.call(data);
    }

    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    receive() external payable {
        require(accepts);
        if (again.length != 0) (calledAgain,) = msg.sender.call(again);
    }
}

/// @dev An airdrop for four: alice 100, bob 200, the holder of a key 300, its wallet 400; proofs of a balanced tree.
abstract contract AirdropFixture is StakerRewardsFixture {
    Airdrop internal airdrop;
    address internal treasury = makeAddr("treasury");
    address internal holder;
    uint256 internal key;
    DropWallet internal wallet;

    address[4] internal accounts;
    uint96[4] internal amounts = [uint96(100e18), 200e18, 300e18, 400e18];
    uint96 internal constant TOTAL = 1_000e18;

    function setUp() public virtual override {
        super.setUp();
        (holder, key) = makeAddrAndKey("holder");
        wallet = new DropWallet(holder);
        accounts = [alice, bob, holder, address(wallet)];
        airdrop = Airdrop(
            payable(_proxy(
                    address(new Airdrop(rewards, treasury)), abi.encodeCall(Airdrop.initialize, (address(manager)))
                ))
        );
    }

    function _leaf(uint256 i) internal view returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(accounts[i], amounts[i]))));
    }

    function _pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function _root() internal view returns (bytes32) {
        return _pair(_pair(_leaf(0), _leaf(1)), _pair(_leaf(2), _leaf(3)));
    }

    function _proof(uint256 i) internal view returns (bytes32[] memory proof) {
        proof = new bytes32[](2);
        proof[0] = _leaf(i ^ 1);
        proof[1] = i < 2 ? _pair(_leaf(2), _leaf(3)) : _pair(_leaf(0), _leaf(1));
    }

    function _config() internal view returns (IAirdrop.Config memory) {
        return IAirdrop.Config(
            _root(),
            TOTAL,
            uint40(block.timestamp + 90 days),
            [uint16(0), uint16(500), uint16(1_000), uint16(1_500), uint16(2_000)]
        );
    }

    function _configure() internal {
        vm.deal(address(this), 1_200e18);
        airdrop.configure{value: 1_200e18}(_config());
    }

    function _sign(bytes32 structHash) internal view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("OpenLedgerAirdrop"),
                keccak256("1"),
                block.chainid,
                address(airdrop)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }

    function _signClaim(address account, uint96 amount, uint256 validUntil) internal view returns (bytes memory) {
        return _sign(
            keccak256(
                abi.encode(
                    keccak256("Claim(address account,uint96 amount,uint256 validUntil)"), account, amount, validUntil
                )
            )
        );
    }

    function _signStake(address account, uint96 amount, uint8 tier, uint256 validUntil)
        internal
        view
        returns (bytes memory)
    {
        return _sign(
            keccak256(
                abi.encode(
                    keccak256("ClaimAndStake(address account,uint96 amount,uint8 tier,uint256 validUntil)"),
                    account,
                    amount,
                    tier,
                    validUntil
                )
            )
        );
    }
}
