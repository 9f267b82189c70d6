// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetHygiene} from "../../../src/interfaces/IDatanetHygiene.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {BondState, ContributionInput, ContributionStatus} from "../../../src/types/Contribution.sol";
import {Hygiene} from "../../utils/Hygiene.sol";
import {PlainTree, Trees} from "../../utils/Trees.sol";

contract DuplicatesTest is Hygiene {
    using Trees for PlainTree;

    uint256 private constant COUNT = 20;
    uint96 private constant REWARD = BOND / 10;

    uint40 private original;
    uint40 private copied;

    function setUp() public override {
        super.setUp();
        original = _contribute(alice, _text("tides", COUNT));
        copied = _contribute(bob, _text("tides", COUNT));
    }

    receive() external payable {}

    function _status(uint40 id) private view returns (ContributionStatus) {
        return d.datanets.contribution(id).status;
    }

    /// @dev The rows of these tests make the trees of the independent TypeScript implementation.
    function test_RowTreesAreThoseOfTheVectors() public view {
        string memory json = vm.readFile("test/differential/vectors/hashes.json");
        bytes[] memory rows = new bytes[](3);
        for (uint256 i = 0; i < 3; ++i) {
            string memory key = string.concat(".rows.rows[", vm.toString(i), "]");
            rows[i] = bytes(vm.parseJsonString(json, string.concat(key, ".text")));
            assertEq(vm.parseJsonUint(json, string.concat(key, ".byteOffset")), _offset(rows, i));
        }
        assertEq(_tree(rows).root(), vm.parseJsonBytes32(json, ".rows.rowsRoot"));
    }

    function test_HowManyRowsProveADuplicate() public view {
        assertEq(d.hygiene.rowsNeeded(1), 1);
        assertEq(d.hygiene.rowsNeeded(2), 2);
        assertEq(d.hygiene.rowsNeeded(100), 2);
        assertEq(d.hygiene.rowsNeeded(101), 3);
        assertEq(d.hygiene.rowsNeeded(1_400), 15);
        assertEq(d.hygiene.rowsNeeded(1_401), 16);
        assertEq(d.hygiene.rowsNeeded(type(uint32).max), 16);
    }

    function test_ASubmittedDuplicateIsRejectedAndNobodyIsSlashed() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        vm.expectEmit(address(d.hygiene));
        emit IDatanetHygiene.DuplicateProven(copied, original, watcher, 2);
        vm.expectEmit(address(d.datanets));
        emit IDatanetRegistry.ContributionDisplaced(copied, datanetId, original, REWARD, 0);
        vm.prank(watcher);
        _prove(copied, original, rows);
        assertEq(uint8(_status(copied)), uint8(ContributionStatus.Duplicate));
        assertEq(watcher.balance, REWARD);
        assertEq(d.datanets.contribution(copied).bond, BOND - REWARD);
        uint256 before = bob.balance;
        d.datanets.reclaimBond(copied);
        assertEq(bob.balance - before, BOND - REWARD);
        assertEq(address(d.datanets).balance, BOND);
        // Nobody can accept it any more.
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_WrongStatus.selector, copied, ContributionStatus.Duplicate
            )
        );
        _accept(copied);
    }

    function test_AnAcceptedDuplicateKeepsItsTokenAndEarnsNothing() public {
        _accept(original);
        _accept(copied);
        d.datanets.reclaimBond(copied);
        bytes32 before = d.datanets.version(datanetId);
        vm.prank(watcher);
        _prove(copied, original, _shared(copied, original, 2));
        assertEq(watcher.balance, 0); // the bond was gone
        assertEq(uint8(_status(copied)), uint8(ContributionStatus.Displaced));
        assertEq(d.contributions.ownerOf(copied), bob);
        (address owner, uint16 withheldBps) = d.contributions.payeeOf(copied);
        assertEq(owner, bob);
        assertEq(withheldBps, 10_000);
        bytes32 version = keccak256(abi.encodePacked(uint8(0x32), before, uint8(1), copied << 2));
        assertEq(d.datanets.version(datanetId), version);
        (, withheldBps) = d.contributions.payeeOf(original);
        assertEq(withheldBps, 0);
    }

    function test_AnAcceptedDuplicateStillPaysItsProver() public {
        _accept(original);
        _accept(copied);
        vm.prank(watcher);
        _prove(copied, original, _shared(copied, original, 2));
        assertEq(watcher.balance, REWARD);
        d.datanets.reclaimBond(copied);
        d.datanets.reclaimBond(original);
        assertEq(address(d.datanets).balance, 0);
    }

    function test_ADuplicateOfAWithdrawnContributionIsOneToo() public {
        _accept(original);
        _accept(copied);
        vm.prank(alice);
        d.datanets.tombstone(original);
        _prove(copied, original, _shared(copied, original, 2));
        assertEq(uint8(_status(copied)), uint8(ContributionStatus.Displaced));
    }

    /// @dev The one who committed first wins, whoever shows first: front-running the submission gains nothing.
    function test_WhoeverCommittedFirstWinsThoughAnotherShowsFirst() public {
        bytes[] memory rows = _text("moon", 5);
        ContributionInput memory input = _inputOf(rows);
        uint40 first = _commit(alice, input);
        uint40 second = _contribute(bob, rows);
        _accept(second);
        _submit(alice, first, input, rows);
        _accept(first);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_NotEarlier.selector, first, second));
        _prove(first, second, _shared(first, second, 2));
        _prove(second, first, _shared(second, first, 2));
        assertEq(uint8(_status(second)), uint8(ContributionStatus.Displaced));
        assertEq(uint8(_status(first)), uint8(ContributionStatus.Accepted));
    }

    /// @dev Commitments of one second, even of one block, are ordered by their ids.
    function test_TheLowerIdIsEarlierInTheSameBlock() public {
        bytes[] memory rows = _text("sun", 3);
        ContributionInput memory input = _inputOf(rows);
        uint40 first = _commit(alice, input);
        uint40 second = _commit(bob, input);
        _submit(bob, second, input, rows);
        _submit(alice, first, input, rows);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_NotEarlier.selector, first, second));
        _prove(first, second, _shared(first, second, 2));
        _prove(second, first, _shared(second, first, 2));
    }

    /// @dev Whoever copies what is shown has the later commitment, for every size and every overlap.
    function testFuzz_EveryCopyIsProven(uint256 size, uint256 own, uint256 order) public {
        size = bound(size, 1, 130);
        own = bound(own, 0, 70);
        bytes[] memory theirs = _text(keccak256(abi.encode(size)), size);
        uint256 needed = d.hygiene.rowsNeeded(uint32(size + own));
        vm.assume(needed <= size);
        bytes[] memory rows = new bytes[](size + own);
        for (uint256 i = 0; i < rows.length; ++i) {
            rows[i] = i < own ? _row("own", i, 70) : theirs[(i - own + order % size) % size];
        }
        uint40 first = _contribute(alice, theirs);
        uint40 second = _contribute(bob, rows);
        _prove(second, first, _shared(second, first, needed));
        assertEq(uint8(_status(second)), uint8(ContributionStatus.Duplicate));
    }

    /// @dev Nothing but equal rows at their places proves anything.
    function testFuzz_RevertWhen_ARowIsForged(uint256 seed, uint8 what) public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        IDatanetHygiene.SharedRow memory row = rows[1];
        what = uint8(bound(what, 0, 7));
        if (what == 0) row.hash = bytes32(bound(seed, uint256(row.hash) + 1, type(uint256).max));
        if (what == 1) row.length = uint32(bound(seed, row.length + 1, type(uint32).max));
        if (what == 2) row.laterRow = uint32(row.laterRow + bound(seed, 1, 1e9));
        if (what == 3) row.earlierRow = uint32(row.earlierRow + bound(seed, 1, 1e9));
        if (what == 4) row.laterOffset += uint40(bound(seed, 1, 1e9));
        if (what == 5) row.earlierOffset += uint40(bound(seed, 1, 1e9));
        if (what == 6) row.laterProof[seed % row.laterProof.length] ^= 0x01;
        if (what == 7) row.earlierProof[seed % row.earlierProof.length] ^= 0x01;
        uint40 broken = what == 3 || what == 5 || what == 7 ? original : copied;
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_RowNotProven.selector, 1, broken));
        _prove(copied, original, rows);
    }

    function test_RevertWhen_ARowIsUsedTwice() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        rows[1] = rows[0];
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_RowsDoNotAscend.selector, 1));
        _prove(copied, original, rows);
    }

    /// @dev One sentence that everybody repeats is one row, however often it stands there.
    function test_RevertWhen_TheSameTextCountsTwice() public {
        bytes[] memory rows = _text("boiler", 3);
        (rows[1], rows[2]) = (rows[0], rows[0]);
        uint40 first = _contribute(alice, rows);
        uint40 second = _contribute(bob, rows);
        IDatanetHygiene.SharedRow[] memory shared = _shared(second, first, 2);
        assertEq(shared[0].hash, shared[1].hash);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_RowsDoNotAscend.selector, 1));
        _prove(second, first, shared);
    }

    function test_RevertWhen_RowsDoNotAscend() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        (rows[0], rows[1]) = (rows[1], rows[0]);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_RowsDoNotAscend.selector, 1));
        _prove(copied, original, rows);
    }

    function test_RevertWhen_TooFewRowsOrTooMany() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_RowCount.selector, 2, 1));
        _prove(copied, original, rows);
        rows = _shared(copied, original, 3);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_RowCount.selector, 2, 3));
        _prove(copied, original, rows);
    }

    function test_RevertWhen_ARowIsShort() public {
        bytes[] memory rows = new bytes[](1);
        rows[0] = _row("short", 0, 63);
        uint40 first = _contribute(alice, rows);
        uint40 second = _contribute(bob, rows);
        IDatanetHygiene.SharedRow[] memory shared = _shared(second, first, 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_RowTooShort.selector, 0, 63));
        _prove(second, first, shared);
    }

    function test_RevertWhen_TheInputIsNotWhatWasSubmitted() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        inputs[copied].rowCount = 1;
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongInput.selector, copied));
        _prove(copied, original, rows);
        inputs[copied].rowCount = uint32(COUNT);
        inputs[original].uri = "elsewhere";
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongInput.selector, original));
        _prove(copied, original, rows);
    }

    function test_RevertWhen_BothAreOneContributors() public {
        uint40 again = _contribute(alice, _text("tides", COUNT));
        IDatanetHygiene.SharedRow[] memory rows = _shared(again, original, 2);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_SameContributor.selector, alice));
        _prove(again, original, rows);
    }

    function test_RevertWhen_TheyAreInDifferentDatanets() public {
        uint40 here = datanetId;
        datanetId = _createDatanet(0);
        uint40 there = _contribute(bob, _text("tides", COUNT));
        IDatanetHygiene.SharedRow[] memory rows = _shared(there, original, 2);
        bytes memory different =
            abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_DifferentDatanets.selector, datanetId, here);
        vm.expectRevert(different);
        _prove(there, original, rows);
    }

    function test_RevertWhen_TheDuplicateIsDecidedAlready() public {
        vm.prank(curator);
        d.datanets.reject(copied, 0);
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongStatus.selector, copied));
        _prove(copied, original, rows);
    }

    function test_RevertWhen_ProvenTwice() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        _prove(copied, original, rows);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongStatus.selector, copied));
        _prove(copied, original, rows);
    }

    /// @dev Somebody who only sits on a place can't push out what curators have accepted.
    function test_RevertWhen_AnAcceptedOneWouldGiveWayToAnUnseenOne() public {
        _accept(copied);
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongStatus.selector, original));
        _prove(copied, original, rows);
    }

    function test_RevertWhen_TheEarlierOneWasRejectedOrForgotten() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        uint256 snapshot = vm.snapshotState();
        vm.prank(curator);
        d.datanets.reject(original, 0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongStatus.selector, original));
        _prove(copied, original, rows);
        vm.revertToState(snapshot);
        skip(14 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_WrongStatus.selector, original));
        _prove(copied, original, rows);
    }

    function test_ALabelMayNotRepeatDataNorAnotherLabelOfIt() public {
        _accept(original);
        uint40 aLabel = _label(alice, _text("label", 5), 1);
        uint40 sameLabel = _label(bob, _text("label", 5), 1);
        uint40 validation = _label(bob, _text("label", 5), 2);
        uint40 copyAsLabel = _label(bob, _text("tides", COUNT), 1);
        IDatanetHygiene.SharedRow[] memory rows = _shared(validation, aLabel, 2);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_DifferentKinds.selector, 2, 1));
        _prove(validation, aLabel, rows);
        _prove(sameLabel, aLabel, _shared(sameLabel, aLabel, 2));
        _prove(copyAsLabel, original, _shared(copyAsLabel, original, 2));
        // Data that repeats a label is another matter.
        uint40 data = _contribute(bob, _text("label", 5));
        rows = _shared(data, aLabel, 2);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_DifferentKinds.selector, 0, 1));
        _prove(data, aLabel, rows);
    }

    function test_ALabelOfOtherDataMaySayTheSame() public {
        uint40 other = _contribute(alice, _text("other", COUNT));
        _accept(original);
        _accept(other);
        uint40 first = _label(alice, _text("label", 5), 1);
        original = other;
        uint40 second = _label(bob, _text("label", 5), 1);
        IDatanetHygiene.SharedRow[] memory rows = _shared(second, first, 2);
        vm.expectRevert(abi.encodeWithSelector(IDatanetHygiene.DatanetHygiene_DifferentKinds.selector, 1, 1));
        _prove(second, first, rows);
    }

    function test_RevertWhen_AProverRefusesItsReward() public {
        IDatanetHygiene.SharedRow[] memory rows = _shared(copied, original, 2);
        vm.etch(stranger, hex"5f5ffd");
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_TransferFailed.selector, stranger, REWARD)
        );
        vm.prank(stranger);
        _prove(copied, original, rows);
    }

    /// @dev A duplicate of a penalised one: the reward comes out of the frozen bond.
    function test_AFrozenBondPaysItsProverToo() public {
        vm.prank(address(d.hygiene));
        d.datanets.freezeBond(copied);
        vm.prank(watcher);
        _prove(copied, original, _shared(copied, original, 2));
        assertEq(watcher.balance, REWARD);
        assertEq(uint8(d.datanets.contribution(copied).bondState), uint8(BondState.Frozen));
        assertEq(d.datanets.contribution(copied).bond, BOND - REWARD);
    }

    function _label(address who, bytes[] memory rows, uint8 kind) private returns (uint40 id) {
        ContributionInput memory input = _inputOf(rows);
        input.kind = kind;
        input.refersTo = original;
        id = _commit(who, input);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(who);
        d.datanets.submitReferring{value: BOND}(id, input, SALT, inputs[original]);
        inputs[id] = input;
        texts[id] = rows;
    }
}
