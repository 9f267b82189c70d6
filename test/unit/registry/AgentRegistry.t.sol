// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IAgentRegistry} from "../../../src/interfaces/IAgentRegistry.sol";
import {IAgentStaking} from "../../../src/interfaces/IAgentStaking.sol";
import {AgentRegistry} from "../../../src/registry/AgentRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract StakeDouble {
    mapping(uint40 => bool) public isLocked;

    function set(uint40 agentId, bool locked) external {
        isLocked[agentId] = locked;
    }
}

contract ContractWallet is IERC1271 {
    bytes32 private _agreed;

    function agree(bytes32 digest) external {
        _agreed = digest;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == _agreed ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

contract AgentRegistryTest is RegistryFixture {
    StakeDouble private stakes;
    uint256 private agentId;
    address private wallet;
    uint256 private walletKey;

    function setUp() public override {
        super.setUp();
        stakes = new StakeDouble();
        agents.setStaking(IAgentStaking(address(stakes)));
        (wallet, walletKey) = makeAddrAndKey("wallet");
        vm.prank(builder);
        agentId = agents.register("https://agent.example/card.json");
    }

    function _digest(address newWallet, address owner, uint256 deadline) private view returns (bytes32) {
        (, string memory name, string memory version, uint256 chainId, address verifier,,) = agents.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                chainId,
                verifier
            )
        );
        bytes32 message = keccak256(abi.encode(agents.AGENT_WALLET_SET_TYPEHASH(), agentId, newWallet, owner, deadline));
        return keccak256(abi.encodePacked("\x19\x01", domain, message));
    }

    function _sign(bytes32 digest) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(walletKey, digest);
        return abi.encodePacked(r, s, v);
    }

    function _setWallet() private {
        uint256 deadline = block.timestamp + 60;
        bytes memory signature = _sign(_digest(wallet, builder, deadline));
        vm.prank(builder);
        agents.setAgentWallet(agentId, wallet, deadline, signature);
    }

    function test_RegisteringMintsTheAgentToTheCaller() public view {
        assertEq(agentId, 1);
        assertEq(agents.ownerOf(agentId), builder);
        assertEq(agents.tokenURI(agentId), "https://agent.example/card.json");
        assertEq(agents.agentCount(), 1);
    }

    function test_RegisteringWithMetadataKeepsIt() public {
        IAgentRegistry.MetadataEntry[] memory entries = new IAgentRegistry.MetadataEntry[](1);
        entries[0] = IAgentRegistry.MetadataEntry("endpoint", "https://node.example");
        uint256 id = agents.register("uri", entries);
        assertEq(agents.getMetadata(id, "endpoint"), "https://node.example");
        assertEq(agents.ownerOf(agents.register()), address(this));
    }

    function test_TheOwnerActsUntilAWalletIsSet() public {
        assertEq(agents.getAgentWallet(agentId), builder);
        _setWallet();
        assertEq(agents.getAgentWallet(agentId), wallet);
        assertEq(agents.getMetadata(agentId, "agentWallet"), abi.encodePacked(wallet));
        vm.prank(builder);
        agents.unsetAgentWallet(agentId);
        assertEq(agents.getAgentWallet(agentId), builder);
    }

    function test_WhoActedForAnAgentIsKnownForEveryBlock() public {
        vm.roll(100);
        assertEq(agents.agentWalletAt(agentId, 100), builder);
        _setWallet();
        vm.roll(110);
        vm.prank(builder);
        agents.unsetAgentWallet(agentId);
        vm.roll(120);
        vm.prank(builder);
        agents.transferFrom(builder, stranger, agentId);
        vm.roll(130);
        uint40[8] memory blocks = [uint40(0), 99, 100, 109, 110, 119, 120, 10_000];
        address[8] memory acted = [builder, builder, wallet, wallet, builder, builder, stranger, stranger];
        for (uint256 i = 0; i < blocks.length; ++i) {
            assertEq(agents.agentWalletAt(agentId, blocks[i]), acted[i], vm.toString(blocks[i]));
        }
    }

    function test_ABlocksLastWalletIsTheOneThatCounts() public {
        vm.roll(100);
        _setWallet();
        vm.prank(builder);
        agents.transferFrom(builder, stranger, agentId);
        assertEq(agents.agentWalletAt(agentId, 99), builder);
        assertEq(agents.agentWalletAt(agentId, 100), stranger);
    }

    function testFuzz_TheHistoryIsWhatTheWalletWas(uint256 seed) public {
        address[2] memory owners = [builder, stranger];
        address[] memory seen = new address[](24);
        address owner = builder;
        for (uint256 n = 0; n < seen.length; ++n) {
            vm.roll(n);
            uint256 what = (seed >> (8 * n)) % 4;
            vm.startPrank(owner);
            if (what == 0) {
                agents.unsetAgentWallet(agentId);
            } else if (what == 1) {
                address next = owners[(seed >> (8 * n + 4)) % 2];
                agents.transferFrom(owner, next, agentId);
                owner = next;
            } else if (what == 2) {
                uint256 deadline = block.timestamp + 60;
                agents.setAgentWallet(agentId, wallet, deadline, _sign(_digest(wallet, owner, deadline)));
            }
            vm.stopPrank();
            seen[n] = agents.getAgentWallet(agentId);
        }
        for (uint40 n = 0; n < seen.length; ++n) {
            assertEq(agents.agentWalletAt(agentId, n), seen[n], vm.toString(n));
        }
    }

    function test_RevertWhen_AskedForAnAgentThatIsNone() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        agents.agentWalletAt(9, 1);
    }

    function test_AContractWalletAgreesByERC1271() public {
        ContractWallet contractWallet = new ContractWallet();
        uint256 deadline = block.timestamp + 60;
        contractWallet.agree(_digest(address(contractWallet), builder, deadline));
        vm.prank(builder);
        agents.setAgentWallet(agentId, address(contractWallet), deadline, "");
        assertEq(agents.getAgentWallet(agentId), address(contractWallet));
    }

    function testFuzz_RevertWhen_TheWalletDidNotSignThis(bytes32 other) public {
        uint256 deadline = block.timestamp + 60;
        vm.assume(other != _digest(wallet, builder, deadline));
        bytes memory signature = _sign(other);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_InvalidWalletSignature.selector, wallet));
        vm.prank(builder);
        agents.setAgentWallet(agentId, wallet, deadline, signature);
    }

    function test_RevertWhen_TheDeadlinePassedOrIsTooFar() public {
        vm.startPrank(builder);
        uint256 past = block.timestamp - 1;
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_DeadlinePassed.selector, past));
        agents.setAgentWallet(agentId, wallet, past, "");
        uint256 far = block.timestamp + 5 minutes + 1;
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_DeadlineTooFar.selector, far));
        agents.setAgentWallet(agentId, wallet, far, "");
    }

    function test_ATransferTakesTheWalletAway() public {
        _setWallet();
        vm.prank(builder);
        agents.transferFrom(builder, stranger, agentId);
        assertEq(agents.getAgentWallet(agentId), stranger);
        assertEq(agents.getMetadata(agentId, "agentWallet"), "");
    }

    function test_RevertWhen_AnAgentWithStakeIsTransferred() public {
        stakes.set(uint40(agentId), true);
        vm.startPrank(builder);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_HasStake.selector, agentId));
        agents.transferFrom(builder, stranger, agentId);
        stakes.set(uint40(agentId), false);
        agents.transferFrom(builder, stranger, agentId);
        assertEq(agents.ownerOf(agentId), stranger);
    }

    function test_OnlyTheOwnerAndOperatorsChangeAnAgent() public {
        vm.startPrank(stranger);
        bytes memory denied =
            abi.encodeWithSelector(IAgentRegistry.AgentRegistry_NotAuthorized.selector, agentId, stranger);
        vm.expectRevert(denied);
        agents.setAgentURI(agentId, "x");
        vm.expectRevert(denied);
        agents.setMetadata(agentId, "x", "");
        vm.expectRevert(denied);
        agents.setAgentWallet(agentId, wallet, block.timestamp, "");
        vm.expectRevert(denied);
        agents.unsetAgentWallet(agentId);
        vm.stopPrank();
        vm.prank(builder);
        agents.setApprovalForAll(stranger, true);
        vm.prank(stranger);
        agents.setAgentURI(agentId, "x");
        assertEq(agents.tokenURI(agentId), "x");
    }

    function test_OwnersOperatorsAndApprovedAccountsAreAuthorized() public {
        assertTrue(agents.isAuthorizedOrOwner(builder, agentId));
        assertFalse(agents.isAuthorizedOrOwner(stranger, agentId));
        vm.prank(builder);
        agents.approve(stranger, agentId);
        assertTrue(agents.isAuthorizedOrOwner(stranger, agentId));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        agents.isAuthorizedOrOwner(stranger, 9);
    }

    function test_ATransferToTheSameOwnerChangesNothing() public {
        _setWallet();
        stakes.set(uint40(agentId), true);
        vm.prank(builder);
        agents.transferFrom(builder, builder, agentId);
        assertEq(agents.getAgentWallet(agentId), wallet);
    }

    function test_OnlyGovernanceConnectsTheStakesAndOnlyOnce() public {
        assertEq(address(agents.staking()), address(stakes));
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentRegistry_AlreadySet.selector, address(stakes)));
        agents.setStaking(IAgentStaking(stranger));
        vm.expectRevert(IAgentRegistry.AgentRegistry_ZeroAddress.selector);
        agents.setStaking(IAgentStaking(address(0)));
        bytes memory denied = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(denied);
        agents.setStaking(IAgentStaking(stranger));
        vm.expectRevert(denied);
        agents.upgradeToAndCall(stranger, "");
    }

    function test_AnAgentIsFreeUntilThereAreStakes() public {
        AgentRegistry fresh = AgentRegistry(
            _proxy(address(new AgentRegistry()), abi.encodeCall(AgentRegistry.initialize, address(manager)))
        );
        vm.startPrank(builder);
        uint256 id = fresh.register();
        fresh.setMetadata(id, "endpoint", "x");
        fresh.transferFrom(builder, stranger, id);
        assertEq(fresh.ownerOf(id), stranger);
        assertEq(fresh.getMetadata(id, "endpoint"), "x");
        assertEq(fresh.getMetadata(id, "agentWallet"), "");
    }

    function test_RevertWhen_TheWalletIsNobody() public {
        vm.expectRevert(IAgentRegistry.AgentRegistry_ZeroAddress.selector);
        vm.prank(builder);
        agents.setAgentWallet(agentId, address(0), block.timestamp, "");
    }

    function test_GovernanceUpgrades() public {
        agents.upgradeToAndCall(address(new AgentRegistry()), "");
        assertEq(agents.ownerOf(agentId), builder);
    }

    function test_RevertWhen_TheWalletIsSetAsMetadata() public {
        vm.expectRevert(IAgentRegistry.AgentRegistry_ReservedKey.selector);
        vm.prank(builder);
        agents.setMetadata(agentId, "agentWallet", abi.encodePacked(stranger));
    }

    function test_RevertWhen_TheAgentIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        agents.getAgentWallet(9);
    }
}
