// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IDatanetHygiene} from "../../src/interfaces/IDatanetHygiene.sol";
import {IDatanetRegistry} from "../../src/interfaces/IDatanetRegistry.sol";
import {ContributionInput} from "../../src/types/Contribution.sol";
import {Thread} from "./Thread.sol";
import {PlainTree, Trees} from "./Trees.sol";

/// @dev The deployed protocol, a datanet with a bond, and contributions whose rows are real texts.
abstract contract Hygiene is Thread {
    using Trees for PlainTree;

    uint96 internal constant BOND = 2e18;
    bytes32 internal constant SALT = keccak256("salt");

    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    uint40 internal datanetId;

    mapping(uint40 contributionId => ContributionInput) internal inputs;
    mapping(uint40 contributionId => bytes[]) internal texts;

    function setUp() public virtual override {
        super.setUp();
        vm.deal(alice, 100e18);
        vm.deal(bob, 100e18);
        datanetId = _createDatanet(BOND);
    }

    function _createDatanet(uint96 bond) internal returns (uint40) {
        IDatanetRegistry.DatanetConfig memory config;
        config.name = "Tides";
        config.licences = new string[](1);
        config.licences[0] = "CC0-1.0";
        config.contributionBond = bond;
        config.curators = new address[](1);
        config.curators[0] = curator;
        vm.prank(curator);
        return d.datanets.createDatanet(config);
    }

    /// @dev Row `i` of a text: as long as `length`, the same for the same seed.
    function _row(bytes32 seed, uint256 i, uint256 length) internal pure returns (bytes memory row) {
        for (uint256 k = 0; row.length < length; ++k) {
            row = abi.encodePacked(row, keccak256(abi.encode(seed, i, k)));
        }
        assembly ("memory-safe") {
            mstore(row, length)
        }
    }

    function _text(bytes32 seed, uint256 count) internal pure returns (bytes[] memory rows) {
        rows = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            rows[i] = _row(seed, i, 64 + i % 7);
        }
    }

    /// @dev Rows are separated by two bytes.
    function _offset(bytes[] memory rows, uint256 i) internal pure returns (uint40 offset) {
        for (uint256 k = 0; k < i; ++k) {
            offset += uint40(rows[k].length + 2);
        }
    }

    function _tree(bytes[] memory rows) internal pure returns (PlainTree memory) {
        bytes32[] memory leaves = new bytes32[](rows.length);
        uint40 offset;
        for (uint256 i = 0; i < rows.length; ++i) {
            bytes memory preimage =
                abi.encodePacked(uint8(0x22), uint32(i), offset, uint32(rows[i].length), keccak256(rows[i]));
            leaves[i] = keccak256(preimage);
            offset += uint40(rows[i].length + 2);
        }
        return Trees.plain(leaves, Trees.depthOf(rows.length));
    }

    function _inputOf(bytes[] memory rows) internal view returns (ContributionInput memory input) {
        input.datanetId = datanetId;
        input.contentRoot = keccak256(abi.encode(rows));
        input.byteLength = _offset(rows, rows.length);
        input.rowsRoot = _tree(rows).root();
        input.rowCount = uint32(rows.length);
        input.licence = "CC0-1.0";
        input.uri = STORE_URI;
    }

    function _commit(address who, ContributionInput memory input) internal returns (uint40 id) {
        vm.prank(who);
        id = d.datanets.commit(keccak256(abi.encode(who, input.contentRoot, input.rowsRoot, SALT)));
    }

    function _submit(address who, uint40 id, ContributionInput memory input, bytes[] memory rows) internal {
        vm.roll(vm.getBlockNumber() + 1);
        uint96 bond = d.datanets.datanet(input.datanetId).contributionBond;
        vm.prank(who);
        d.datanets.submit{value: bond}(id, input, SALT);
        inputs[id] = input;
        texts[id] = rows;
    }

    function _contribute(address who, bytes[] memory rows) internal returns (uint40 id) {
        ContributionInput memory input = _inputOf(rows);
        id = _commit(who, input);
        _submit(who, id, input, rows);
    }

    function _accept(uint40 id) internal {
        vm.prank(curator);
        d.datanets.accept(id);
    }

    /// @dev The first `count` rows that both have, ascending by hash.
    function _shared(uint40 laterId, uint40 earlierId, uint256 count)
        internal
        view
        returns (IDatanetHygiene.SharedRow[] memory rows)
    {
        bytes[] memory later = texts[laterId];
        bytes[] memory earlier = texts[earlierId];
        PlainTree memory laterTree = _tree(later);
        PlainTree memory earlierTree = _tree(earlier);
        rows = new IDatanetHygiene.SharedRow[](count);
        uint256 n;
        for (uint256 i = 0; i < later.length && n < count; ++i) {
            for (uint256 k = 0; k < earlier.length; ++k) {
                if (keccak256(later[i]) != keccak256(earlier[k])) continue;
                IDatanetHygiene.SharedRow memory row;
                row.hash = keccak256(later[i]);
                row.length = uint32(later[i].length);
                (row.laterRow, row.laterOffset) = (uint32(i), _offset(later, i));
                row.laterProof = laterTree.proof(i);
                (row.earlierRow, row.earlierOffset) = (uint32(k), _offset(earlier, k));
                row.earlierProof = earlierTree.proof(k);
                uint256 to = n++;
                for (; to > 0 && rows[to - 1].hash > row.hash; --to) {
                    rows[to] = rows[to - 1];
                }
                rows[to] = row;
                break;
            }
        }
        require(n == count, "not as many rows are the same");
    }

    function _needed(uint40 id) internal view returns (uint256) {
        return d.hygiene.rowsNeeded(uint32(texts[id].length));
    }

    function _prove(uint40 laterId, uint40 earlierId, IDatanetHygiene.SharedRow[] memory rows) internal {
        d.hygiene.proveDuplicate(laterId, inputs[laterId], earlierId, inputs[earlierId], rows);
    }
}
