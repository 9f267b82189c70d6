// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ProgrammeVault} from "../../../src/governance/ProgrammeVault.sol";
import {IProgrammeVault} from "../../../src/interfaces/IProgrammeVault.sol";
import {StakerRewardsFixture} from "../staking/StakerRewardsFixture.sol";

contract Datanets is ERC721("Datanet", "DN") {
    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

/// @dev Takes value when it likes to, and may call again.
contract Taker {
    bool private accepts = true;
    bytes private again;
    bool public calledAgain;

    function prepare(bool accept, bytes calldata data) external {
        (accepts, again) = (accept, data);
    }

    receive() external payable {
        require(accepts);
        if (again.length != 0) (calledAgain,) = msg.sender.call(again);
    }
}

contract ProgrammeVaultTest is StakerRewardsFixture {
    ProgrammeVault private vault;
    Datanets private datanets;
    Taker private treasury;
    address private owner = makeAddr("owner");
    uint40 private start;
    uint40 private end;

    function setUp() public override {
        super.setUp();
        datanets = new Datanets();
        datanets.mint(owner, 7);
        treasury = new Taker();
        address code = address(new ProgrammeVault(rewards, datanets, address(treasury)));
        vault = ProgrammeVault(_proxy(code, abi.encodeCall(ProgrammeVault.initialize, (address(manager)))));
        start = uint40(block.timestamp + 10 days);
        end = start + 100 days;
        vm.deal(address(this), 1e30);
    }

    function _leaf(address account, uint96 amount) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, amount))));
    }

    /// @dev A drop for two.
    function _drop(uint96 one, uint96 two, uint96 funds) private returns (uint40 id, bytes32[][2] memory proofs) {
        (bytes32 a, bytes32 b) = (_leaf(alice, one), _leaf(bob, two));
        id = vault.openDrop{value: funds}(keccak256(a < b ? abi.encode(a, b) : abi.encode(b, a)), start, end);
        for (uint256 i = 0; i < 2; ++i) {
            proofs[i] = new bytes32[](1);
            proofs[i][0] = i == 0 ? b : a;
        }
    }

    function _at(uint40 time) private {
        vm.warp(time);
    }

    function test_RevertWhen_AStrangerCreatesCancelsOrUpgrades() public {
        address next = address(new ProgrammeVault(rewards, datanets, address(treasury)));
        uint40 id = vault.streamToStakers{value: 1}(start, end);
        bytes memory denied = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(denied);
        vault.streamToStakers(start, end);
        vm.expectRevert(denied);
        vault.streamToDatanet(7, start, end);
        vm.expectRevert(denied);
        vault.openDrop("root", start, end);
        vm.expectRevert(denied);
        vault.cancel(id);
        vm.expectRevert(denied);
        vault.upgradeToAndCall(next, "");
        vm.stopPrank();
        vault.upgradeToAndCall(next, "");
        assertEq(vault.programmeCount(), 1);
    }

    function test_RevertWhen_AProgrammeIsSenseless() public {
        vm.expectRevert(IProgrammeVault.ProgrammeVault_ZeroAmount.selector);
        vault.streamToStakers(start, end);
        bytes4 times = IProgrammeVault.ProgrammeVault_InvalidTimes.selector;
        uint40 time = uint40(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(times, start, start));
        vault.streamToStakers{value: 1}(start, start);
        vm.expectRevert(abi.encodeWithSelector(times, time - 1, time));
        vault.streamToStakers{value: 1}(time - 1, time);
        vm.expectRevert(abi.encodeWithSelector(times, time, time + 4 * 365 days + 1));
        vault.streamToStakers{value: 1}(time, time + 4 * 365 days + 1);
        vm.expectRevert(IProgrammeVault.ProgrammeVault_ZeroRoot.selector);
        vault.openDrop{value: 1}(0, start, end);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 8));
        vault.streamToDatanet{value: 1}(8, start, end);
    }

    function test_RevertWhen_TheProgrammeIsUnknown() public {
        bytes memory unknown = abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_UnknownProgramme.selector, 1);
        vm.expectRevert(unknown);
        vault.release(1);
        vm.expectRevert(unknown);
        vault.claimDrop(1, alice, 1, new bytes32[](0));
        vm.expectRevert(unknown);
        vault.cancel(1);
        vm.expectRevert(unknown);
        vault.close(1);
        vm.expectRevert(unknown);
        vault.programme(1);
        vm.expectRevert(unknown);
        vault.releasable(1);
    }

    function test_AStreamFeedsTheStakersLinearly() public {
        _deposit(alice, 0, 1e18);
        uint40 id = vault.streamToStakers{value: 100e18}(start, end);
        assertEq(id, 1);
        assertEq(vault.programme(id).funded, 100e18);
        _at(start);
        assertEq(vault.releasable(id), 0);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_NothingToRelease.selector, id));
        vault.release(id);
        _at(start + 25 days);
        vm.expectEmit(address(vault));
        emit IProgrammeVault.Released(id, address(rewards), 25e18);
        vm.prank(stranger);
        assertEq(vault.release(id), 25e18);
        assertEq(rewards.earned(alice), 25e18);
        _at(end + 1);
        assertEq(vault.release(id), 75e18);
        assertEq(vault.reserved(), 0);
        assertEq(address(vault).balance, 0);
    }

    function test_AStreamGoesToWhoeverOwnsTheDatanet() public {
        uint40 id = vault.streamToDatanet{value: 100e18}(7, start, end);
        _at(start + 10 days);
        vault.release(id);
        assertEq(owner.balance, 10e18);
        vm.prank(owner);
        datanets.transferFrom(owner, bob, 7);
        _at(start + 30 days);
        vault.release(id);
        assertEq(bob.balance, 20e18);
    }

    function test_AnOwnerThatRefusesLosesNothingAndHarmsNobody() public {
        uint40 id = vault.streamToDatanet{value: 100e18}(7, start, end);
        Taker taker = new Taker();
        vm.prank(owner);
        datanets.transferFrom(owner, address(taker), 7);
        taker.prepare(false, "");
        _at(end);
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_SendFailed.selector, address(taker), 100e18)
        );
        vault.release(id);
        taker.prepare(true, abi.encodeCall(vault.release, (id)));
        vault.release(id);
        assertEq(address(taker).balance, 100e18);
        assertFalse(taker.calledAgain());
    }

    function test_CancellingReturnsWhatHasNotVested() public {
        uint40 id = vault.streamToDatanet{value: 100e18}(7, start, end);
        _at(start + 10 days);
        vault.release(id);
        _at(start + 40 days);
        vm.expectEmit(address(vault));
        emit IProgrammeVault.Ended(id, 60e18);
        vault.cancel(id);
        assertEq(address(treasury).balance, 60e18);
        assertEq(vault.releasable(id), 30e18);
        vault.release(id);
        assertEq(owner.balance, 40e18);
        assertEq(vault.reserved(), 0);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_Ended.selector, id));
        vault.cancel(id);
    }

    function test_CancellingBeforeTheStartReturnsAll() public {
        uint40 id = vault.streamToStakers{value: 100e18}(start, end);
        vault.cancel(id);
        assertEq(address(treasury).balance, 100e18);
        assertEq(vault.releasable(id), 0);
        assertEq(vault.programme(id).end, block.timestamp);
    }

    function test_RevertWhen_TheTreasuryRefuses() public {
        uint40 id = vault.streamToStakers{value: 100e18}(start, end);
        treasury.prepare(false, "");
        vm.expectRevert(
            abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_SendFailed.selector, address(treasury), 100e18)
        );
        vault.cancel(id);
    }

    function test_ADropPaysEachAccountOnce() public {
        (uint40 id, bytes32[][2] memory proofs) = _drop(10e18, 30e18, 40e18);
        _at(start);
        vm.expectEmit(address(vault));
        emit IProgrammeVault.DropClaimed(id, alice, 10e18);
        vm.prank(stranger);
        vault.claimDrop(id, alice, 10e18, proofs[0]);
        assertEq(alice.balance, 10e18);
        assertTrue(vault.hasClaimed(id, alice));
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_AlreadyClaimed.selector, id, alice));
        vault.claimDrop(id, alice, 10e18, proofs[0]);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_InvalidProof.selector, bob, 31e18));
        vault.claimDrop(id, bob, 31e18, proofs[1]);
        _at(end);
        vault.claimDrop(id, bob, 30e18, proofs[1]);
        assertEq(vault.reserved(), 0);
        _at(end + 1);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_Ended.selector, id));
        vault.close(id);
    }

    function test_ADropIsOpenBetweenItsTimes() public {
        (uint40 id, bytes32[][2] memory proofs) = _drop(10e18, 30e18, 40e18);
        bytes memory notOpen = abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_NotOpen.selector, start, end);
        _at(start - 1);
        vm.expectRevert(notOpen);
        vault.claimDrop(id, alice, 10e18, proofs[0]);
        _at(end);
        vm.expectRevert(notOpen);
        vault.close(id);
        vault.claimDrop(id, alice, 10e18, proofs[0]);
        _at(end + 1);
        vm.expectRevert(notOpen);
        vault.claimDrop(id, bob, 30e18, proofs[1]);
        vm.prank(stranger);
        vault.close(id);
        assertEq(address(treasury).balance, 30e18);
        assertEq(vault.reserved(), 0);
    }

    function test_ACancelledDropPaysNobodyAnyMore() public {
        (uint40 id, bytes32[][2] memory proofs) = _drop(10e18, 30e18, 40e18);
        _at(start + 1);
        vault.claimDrop(id, alice, 10e18, proofs[0]);
        vault.cancel(id);
        assertEq(address(treasury).balance, 30e18);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_FundsExceeded.selector, 10e18, 40e18));
        vault.claimDrop(id, bob, 30e18, proofs[1]);
    }

    function test_ADropThatPromisesTooMuchTakesNothingFromOthers() public {
        vault.streamToStakers{value: 100e18}(start, end);
        (uint40 id, bytes32[][2] memory proofs) = _drop(10e18, 30e18, 39e18);
        _at(start);
        vault.claimDrop(id, bob, 30e18, proofs[1]);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_FundsExceeded.selector, 39e18, 40e18));
        vault.claimDrop(id, alice, 10e18, proofs[0]);
        assertEq(vault.reserved(), 109e18);
    }

    function test_EachKindHasItsOwnCalls() public {
        uint40 stream = vault.streamToStakers{value: 1e18}(start, end);
        (uint40 drop,) = _drop(10e18, 30e18, 40e18);
        _at(start + 1 days);
        bytes4 wrongKind = IProgrammeVault.ProgrammeVault_WrongKind.selector;
        vm.expectRevert(abi.encodeWithSelector(wrongKind, drop, IProgrammeVault.Kind.Drop));
        vault.release(drop);
        assertEq(vault.releasable(drop), 0);
        vm.expectRevert(abi.encodeWithSelector(wrongKind, stream, IProgrammeVault.Kind.Stakers));
        vault.claimDrop(stream, alice, 1, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(wrongKind, stream, IProgrammeVault.Kind.Stakers));
        vault.close(stream);
    }

    function test_AnAccountThatRefusesCanTryAgain() public {
        Taker taker = new Taker();
        taker.prepare(false, "");
        uint40 id = vault.openDrop{value: 5}(_leaf(address(taker), 5), start, end);
        _at(start);
        vm.expectRevert(abi.encodeWithSelector(IProgrammeVault.ProgrammeVault_SendFailed.selector, address(taker), 5));
        vault.claimDrop(id, address(taker), 5, new bytes32[](0));
        taker.prepare(true, abi.encodeCall(vault.claimDrop, (id, address(taker), 5, new bytes32[](0))));
        vault.claimDrop(id, address(taker), 5, new bytes32[](0));
        assertEq(address(taker).balance, 5);
        assertFalse(taker.calledAgain());
    }

    /// @dev Whatever is released and cancelled when, a programme has its own funds and no others.
    function testFuzz_EachProgrammeIsSolventAlone(uint96[3] memory funds, uint40[5] memory steps, uint8 cancelled)
        public
    {
        uint256 given;
        for (uint256 i = 0; i < 3; ++i) {
            funds[i] = uint96(bound(funds[i], 1, 1e27));
            vault.streamToDatanet{value: funds[i]}(7, start + uint40(i) * 7 days, end);
            given += funds[i];
        }
        for (uint256 i = 0; i < steps.length; ++i) {
            skip(bound(steps[i], 0, 40 days));
            for (uint40 id = 1; id <= 3; ++id) {
                if (vault.releasable(id) != 0) vault.release(id);
            }
            uint40 victim = uint40(cancelled % 3) + 1;
            if (i == 2 && vm.getBlockTimestamp() < vault.programme(victim).end) vault.cancel(victim);
            uint256 left;
            for (uint40 id = 1; id <= 3; ++id) {
                IProgrammeVault.Programme memory p = vault.programme(id);
                assertLe(p.paid, p.funded);
                left += p.funded - p.paid;
            }
            assertEq(left, vault.reserved());
            assertEq(left, address(vault).balance);
            assertEq(left + owner.balance + address(treasury).balance, given);
        }
    }
}
