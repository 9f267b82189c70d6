// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IAgentRegistry} from "../../../src/interfaces/IAgentRegistry.sol";
import {IReputationRegistry} from "../../../src/interfaces/IReputationRegistry.sol";
import {ReputationRegistry} from "../../../src/registry/ReputationRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract ReputationRegistryTest is RegistryFixture {
    ReputationRegistry private reputation;
    uint256 private agentId;
    address private client = makeAddr("client");
    address private other = makeAddr("other client");

    function setUp() public override {
        super.setUp();
        reputation = ReputationRegistry(
            _proxy(
                address(new ReputationRegistry()),
                abi.encodeCall(ReputationRegistry.initialize, (address(manager), agents))
            )
        );
        vm.prank(builder);
        agentId = agents.register("uri");
    }

    function _give(address from, int128 value, uint8 decimals, string memory tag1, string memory tag2) private {
        vm.prank(from);
        reputation.giveFeedback(agentId, value, decimals, tag1, tag2, "", "", 0);
    }

    function _clients(address a) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = a;
    }

    function _clients(address a, address b) private pure returns (address[] memory list) {
        list = new address[](2);
        (list[0], list[1]) = (a, b);
    }

    function _assertSummary(
        address[] memory from,
        string memory tag1,
        string memory tag2,
        uint64 count,
        int128 value,
        uint8 decimals
    ) private view {
        (uint64 n, int128 mean, uint8 d) = reputation.getSummary(agentId, from, tag1, tag2);
        assertEq(n, count);
        assertEq(mean, value);
        assertEq(d, decimals);
    }

    function test_AClientsFeedbackIsKept() public {
        vm.expectEmit(address(reputation));
        emit IReputationRegistry.NewFeedback(
            agentId, client, 1, -9_977, 2, "uptime", "uptime", "month", "/api", "ipfs://f", keccak256("f")
        );
        vm.prank(client);
        reputation.giveFeedback(agentId, -9_977, 2, "uptime", "month", "/api", "ipfs://f", keccak256("f"));
        (int128 value, uint8 decimals, string memory tag1, string memory tag2, bool revoked) =
            reputation.readFeedback(agentId, client, 1);
        assertEq(value, -9_977);
        assertEq(decimals, 2);
        assertEq(tag1, "uptime");
        assertEq(tag2, "month");
        assertFalse(revoked);
        assertEq(reputation.getLastIndex(agentId, client), 1);
        assertEq(reputation.getClients(agentId)[0], client);
        assertEq(address(reputation.getIdentityRegistry()), address(agents));
    }

    function test_RevertWhen_AnAgentRatesItself() public {
        (address wallet, uint256 key) = makeAddrAndKey("wallet");
        vm.startPrank(builder);
        agents.setApprovalForAll(stranger, true);
        agents.approve(contributor, agentId);
        vm.stopPrank();
        vm.mockCall(address(agents), abi.encodeCall(IAgentRegistry.getAgentWallet, (agentId)), abi.encode(vm.addr(key)));
        address[4] memory selves = [builder, stranger, contributor, wallet];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IReputationRegistry.ReputationRegistry_SelfFeedback.selector, agentId, selves[i])
            );
            _give(selves[i], 100, 0, "", "");
        }
    }

    function test_RevertWhen_TheAgentIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        reputation.giveFeedback(9, 1, 0, "", "", "", "", 0);
    }

    function test_RevertWhen_FeedbackIsOutOfRange() public {
        bytes4 range = IReputationRegistry.ReputationRegistry_ValueOutOfRange.selector;
        vm.expectRevert(abi.encodeWithSelector(range, int128(1e38) + 1));
        _give(client, 1e38 + 1, 0, "", "");
        vm.expectRevert(abi.encodeWithSelector(range, -int128(1e38) - 1));
        _give(client, -1e38 - 1, 0, "", "");
        vm.expectRevert(abi.encodeWithSelector(IReputationRegistry.ReputationRegistry_TooManyDecimals.selector, 19));
        _give(client, 1, 19, "", "");
        string memory long = string(new bytes(65));
        bytes memory tooLong = abi.encodeWithSelector(IReputationRegistry.ReputationRegistry_TagTooLong.selector, 65);
        vm.expectRevert(tooLong);
        _give(client, 1, 0, long, "");
        vm.expectRevert(tooLong);
        _give(client, 1, 0, "", long);
    }

    function test_ASummaryCountsTheNamedClientsAndTags() public {
        _give(client, 80, 0, "stars", "week 1");
        _give(client, 9_950, 2, "stars", "week 2");
        _give(client, -7, 0, "", "week 2");
        _give(other, 20, 0, "stars", "");
        _assertSummary(_clients(client), "", "", 3, 5_750, 2); // (80 + 99.5 - 7) / 3
        _assertSummary(_clients(client), "stars", "", 2, 8_975, 2);
        _assertSummary(_clients(client), "", "week 2", 2, 4_625, 2);
        _assertSummary(_clients(client), "stars", "week 1", 1, 80, 0);
        _assertSummary(_clients(other), "", "", 1, 20, 0);
        _assertSummary(_clients(client, other), "stars", "", 3, 6_650, 2);
        _assertSummary(_clients(client, client), "stars", "", 2, 8_975, 2);
        _assertSummary(_clients(client, other), "speed", "", 0, 0, 0);
    }

    function testFuzz_ASummaryFitsWhateverIsSaid(int128 a, int128 b, uint8 da, uint8 db) public {
        a = int128(bound(a, -1e38, 1e38));
        b = int128(bound(b, -1e38, 1e38));
        (da, db) = (uint8(bound(da, 0, 18)), uint8(bound(db, 0, 18)));
        _give(client, a, da, "", "");
        _give(other, b, db, "", "");
        (uint64 count, int128 value, uint8 decimals) = reputation.getSummary(agentId, _clients(client, other), "", "");
        assertEq(count, 2);
        assertLe(decimals, da > db ? da : db);
        int256 exact = (int256(a) * int256(10 ** (18 - da)) + int256(b) * int256(10 ** (18 - db))) / 2;
        assertEq(int256(value), exact / int256(10 ** (18 - decimals)));
    }

    function test_RevertWhen_ASummaryNamesNobodyOrTooMany() public {
        vm.expectRevert(IReputationRegistry.ReputationRegistry_NoClients.selector);
        reputation.getSummary(agentId, new address[](0), "", "");
        bytes memory tooLong = abi.encodeWithSelector(IReputationRegistry.ReputationRegistry_FilterTooLong.selector, 65);
        vm.expectRevert(tooLong);
        reputation.getSummary(agentId, new address[](65), "", "");
        vm.expectRevert(tooLong);
        reputation.readAllFeedback(agentId, new address[](65), "", "", false);
        vm.expectRevert(tooLong);
        reputation.getResponseCount(agentId, client, 1, new address[](65));
    }

    function test_RevokedFeedbackStaysAndNoLongerCounts() public {
        _give(client, 80, 0, "stars", "a");
        _give(client, 20, 0, "stars", "a");
        vm.expectEmit(address(reputation));
        emit IReputationRegistry.FeedbackRevoked(agentId, client, 1);
        vm.prank(client);
        reputation.revokeFeedback(agentId, 1);
        (,,,, bool revoked) = reputation.readFeedback(agentId, client, 1);
        assertTrue(revoked);
        _assertSummary(_clients(client), "", "", 1, 20, 0);
        _assertSummary(_clients(client), "stars", "a", 1, 20, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IReputationRegistry.ReputationRegistry_AlreadyRevoked.selector, agentId, client, 1)
        );
        vm.prank(client);
        reputation.revokeFeedback(agentId, 1);
    }

    function test_RevertWhen_TheFeedbackIsUnknown() public {
        _give(client, 80, 0, "", "");
        bytes4 unknown = IReputationRegistry.ReputationRegistry_UnknownFeedback.selector;
        vm.expectRevert(abi.encodeWithSelector(unknown, agentId, other, 1));
        vm.prank(other);
        reputation.revokeFeedback(agentId, 1);
        vm.expectRevert(abi.encodeWithSelector(unknown, agentId, client, 0));
        reputation.readFeedback(agentId, client, 0);
        vm.expectRevert(abi.encodeWithSelector(unknown, agentId, client, 2));
        reputation.appendResponse(agentId, client, 2, "ipfs://r", 0);
    }

    function test_ResponsesAreCountedByFeedbackClientAndResponder() public {
        _give(client, 80, 0, "", "");
        _give(client, 70, 0, "", "");
        _give(other, 60, 0, "", "");
        vm.expectEmit(address(reputation));
        emit IReputationRegistry.ResponseAppended(agentId, client, 1, builder, "ipfs://r", keccak256("r"));
        vm.startPrank(builder);
        reputation.appendResponse(agentId, client, 1, "ipfs://r", keccak256("r"));
        reputation.appendResponse(agentId, client, 2, "ipfs://r", 0);
        vm.expectRevert(IReputationRegistry.ReputationRegistry_EmptyURI.selector);
        reputation.appendResponse(agentId, client, 1, "", 0);
        vm.stopPrank();
        vm.prank(stranger);
        reputation.appendResponse(agentId, other, 1, "ipfs://spam", 0);
        address[] memory all = new address[](0);
        assertEq(reputation.getResponseCount(agentId, client, 1, all), 1);
        assertEq(reputation.getResponseCount(agentId, client, 0, all), 2);
        assertEq(reputation.getResponseCount(agentId, address(0), 0, all), 3);
        assertEq(reputation.getResponseCount(agentId, address(0), 7, all), 3);
        assertEq(reputation.getResponseCount(agentId, address(0), 0, _clients(builder, builder)), 2);
        assertEq(reputation.getResponseCount(agentId, address(0), 0, _clients(builder, stranger)), 3);
        assertEq(reputation.getResponseCount(agentId, other, 1, _clients(stranger, address(0))), 1);
        assertEq(reputation.getResponseCount(agentId, other, 1, _clients(builder)), 0);
    }

    function test_AllFeedbackIsReadThroughFilters() public {
        _give(client, 1, 0, "x", "y");
        _give(client, 2, 1, "x", "");
        _give(other, 3, 2, "", "y");
        vm.prank(client);
        reputation.revokeFeedback(agentId, 1);
        (address[] memory from, uint64[] memory indexes, int128[] memory values,,,, bool[] memory revoked) =
            reputation.readAllFeedback(agentId, new address[](0), "", "", true);
        assertEq(from.length, 3);
        assertEq(revoked.length, 3);
        assertTrue(revoked[0]);
        assertEq(indexes[1], 2);
        assertEq(values[2], 3);
        assertEq(from[2], other);
        (, indexes,,,,,) = reputation.readAllFeedback(agentId, new address[](0), "", "", false);
        assertEq(indexes.length, 2);
        uint8[] memory decimals;
        string[] memory tag1s;
        string[] memory tag2s;
        (from, indexes, values, decimals, tag1s, tag2s,) =
            reputation.readAllFeedback(agentId, _clients(client, other), "", "y", false);
        assertEq(from.length, 1);
        assertEq(from[0], other);
        assertEq(indexes[0], 1);
        assertEq(decimals[0], 2);
        assertEq(tag1s[0], "");
        assertEq(tag2s[0], "y");
        (from,,,,,,) = reputation.readAllFeedback(agentId, _clients(client), "x", "y", false);
        assertEq(from.length, 0);
    }

    function testFuzz_FeedbackAndClientsAreReadInPages(uint64 from, uint64 limit) public {
        for (uint160 i = 1; i <= 5; ++i) {
            _give(client, int128(uint128(i)), 0, "", "");
            _give(address(i << 32), 1, 0, "", "");
        }
        IReputationRegistry.Feedback[] memory page = reputation.readFeedbackPage(agentId, client, from, limit);
        uint256 first = from == 0 ? 1 : from;
        uint256 left = first <= 5 ? 6 - first : 0;
        assertEq(page.length, left < limit ? left : limit);
        for (uint256 i = 0; i < page.length; ++i) {
            assertEq(page[i].feedbackIndex, first + i);
            assertEq(page[i].value, int256(first + i));
        }
        (address[] memory clients, uint256 total) = reputation.getClients(agentId, from, limit);
        assertEq(total, 6);
        left = from < 6 ? 6 - from : 0;
        assertEq(clients.length, left < limit ? left : limit);
        if (clients.length != 0) assertEq(clients[0], from == 0 ? client : address(uint160(from) << 32));
    }

    function test_RevertWhen_AListIsTooLongForOnePage() public {
        for (uint160 i = 1; i <= 257; ++i) {
            _give(address(i << 32), 1, 0, "", "");
        }
        bytes memory pages = abi.encodeWithSelector(IReputationRegistry.ReputationRegistry_AskForPages.selector, 257);
        vm.expectRevert(pages);
        reputation.getClients(agentId);
        vm.expectRevert(pages);
        reputation.readAllFeedback(agentId, new address[](0), "", "", true);
        (address[] memory page,) = reputation.getClients(agentId, 0, 1_000);
        assertEq(page.length, 256);
        for (uint256 i = 0; i < 257; ++i) {
            _give(client, 1, 0, "", "");
        }
        vm.expectRevert(pages);
        reputation.readAllFeedback(agentId, _clients(client), "", "", true);
        assertEq(reputation.readFeedbackPage(agentId, client, 1, 1_000).length, 256);
        assertEq(reputation.readFeedbackPage(agentId, client, 257, 1_000).length, 1);
    }

    function test_OnlyGovernanceUpgradesAndNobodyInitializesAgain() public {
        address code = address(new ReputationRegistry());
        vm.expectRevert(IReputationRegistry.ReputationRegistry_ZeroAddress.selector);
        _proxy(code, abi.encodeCall(ReputationRegistry.initialize, (address(manager), IAgentRegistry(address(0)))));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        reputation.upgradeToAndCall(code, "");
        reputation.upgradeToAndCall(code, "");
    }
}
