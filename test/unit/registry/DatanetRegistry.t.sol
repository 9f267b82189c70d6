// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IContributionToken} from "../../../src/interfaces/IContributionToken.sol";
import {IDatanetRegistry} from "../../../src/interfaces/IDatanetRegistry.sol";
import {ContributionToken} from "../../../src/registry/ContributionToken.sol";
import {DatanetRegistry} from "../../../src/registry/DatanetRegistry.sol";
import {BondState, ContributionInput, ContributionStatus} from "../../../src/types/Contribution.sol";
import {StoreURI} from "../../../src/registry/StoreURI.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract DatanetRegistryTest is RegistryFixture {
    uint96 private constant BOND = 2e18;

    function test_CreatorOwnsTheDatanet() public {
        IDatanetRegistry.DatanetConfig memory config = _config(BOND);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.DatanetCreated(1, curator, config);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.CuratorSet(1, curator, true);
        uint40 id = _create(BOND);
        assertEq(id, 1);
        assertEq(datanets.ownerOf(id), curator);
        assertEq(datanets.tokenURI(id), STORE_URI);
        assertEq(datanets.datanet(id).configHash, keccak256(abi.encode(config)));
        assertEq(datanets.datanet(id).contributionBond, BOND);
        assertEq(datanets.version(id), bytes32(0));
        assertTrue(datanets.isCurator(id, curator));
        assertTrue(datanets.allowsLicence(id, "CC0-1.0"));
        assertFalse(datanets.allowsLicence(id, "MIT"));
        assertEq(datanets.datanetCount(), 1);
    }

    function test_RevertWhen_DatanetHasNoName() public {
        IDatanetRegistry.DatanetConfig memory config = _config(0);
        config.name = "";
        vm.expectRevert(IDatanetRegistry.DatanetRegistry_EmptyName.selector);
        datanets.createDatanet(config);
    }

    function testFuzz_RevertWhen_ThePriceIsNotWholeGwei(uint96 price) public {
        vm.assume(price % 1 gwei != 0);
        IDatanetRegistry.DatanetConfig memory config = _config(0);
        config.pricePerRow = price;
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_PriceNotWholeGwei.selector, price));
        datanets.createDatanet(config);
    }

    function test_RevertWhen_DatanetHasNoLicence() public {
        IDatanetRegistry.DatanetConfig memory config = _config(0);
        config.licences = new string[](0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_LicenceCount.selector, 0));
        datanets.createDatanet(config);
    }

    function test_RevertWhen_DatanetHasTooManyCurators() public {
        IDatanetRegistry.DatanetConfig memory config = _config(0);
        config.curators = new address[](33);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_CuratorCount.selector, 33));
        datanets.createDatanet(config);
    }

    function test_OwnerNamesAndDismissesCurators() public {
        uint40 id = _create(0);
        vm.startPrank(curator);
        datanets.setCurator(id, stranger, true);
        assertTrue(datanets.isCurator(id, stranger));
        datanets.setCurator(id, stranger, false);
        assertFalse(datanets.isCurator(id, stranger));
    }

    function test_RevertWhen_AStrangerNamesCurators() public {
        uint40 id = _create(0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotOwner.selector, id, stranger));
        vm.prank(stranger);
        datanets.setCurator(id, stranger, true);
    }

    function test_SubmissionKeepsWhatWasSubmitted() public {
        ContributionInput memory input = _input(_create(BOND));
        uint40 committedAt = uint40(block.timestamp);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.ContributionCommitted(1, _commitment(contributor, input));
        vm.prank(contributor);
        uint40 id = datanets.commit(_commitment(contributor, input));
        assertEq(id, 1);
        (bytes22 prefix, uint40 time, uint40 number) = datanets.commitmentOf(id);
        assertEq(prefix, bytes22(_commitment(contributor, input)));
        assertEq(time, committedAt);
        assertEq(number, block.number);
        vm.roll(block.number + 1);
        skip(60);
        vm.deal(contributor, BOND);
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.ContributionSubmitted(1, 1, contributor, input, BOND, committedAt);
        vm.prank(contributor);
        datanets.submit{value: BOND}(id, input, SALT);

        IDatanetRegistry.Contribution memory c = datanets.contribution(id);
        assertEq(c.contributor, contributor);
        assertEq(c.datanetId, 1);
        assertEq(c.submittedAt, block.timestamp);
        assertEq(uint8(c.status), uint8(ContributionStatus.Submitted));
        assertEq(c.bond, BOND);
        assertEq(uint8(c.bondState), uint8(BondState.Held));
        assertEq(c.inputHash, keccak256(abi.encode(input)));
        assertEq(datanets.inputHashOf(id), c.inputHash);
        assertEq(datanets.contributionURI(id), StoreURI.unpack(c.inputHash));
        assertEq(datanets.contributionCount(), 1);
        (prefix, time, number) = datanets.commitmentOf(id);
        assertEq(uint256(bytes32(prefix)) + time + number, 0);
    }

    function test_RevertWhen_SubmittedWithoutCommitment() public {
        ContributionInput memory input = _input(_create(0));
        bytes memory notCommitted = abi.encodeWithSelector(
            IDatanetRegistry.DatanetRegistry_NotCommitted.selector, 1, _commitment(contributor, input)
        );
        vm.expectRevert(notCommitted);
        vm.prank(contributor);
        datanets.submit(1, input, SALT);
    }

    function test_RevertWhen_SubmittedInTheBlockOfTheCommitment() public {
        ContributionInput memory input = _input(_create(0));
        vm.startPrank(contributor);
        uint40 id = datanets.commit(_commitment(contributor, input));
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_TooEarly.selector, block.number));
        datanets.submit(id, input, SALT);
    }

    function test_RevertWhen_TheCommitmentIsTooOld() public {
        ContributionInput memory input = _input(_create(0));
        vm.startPrank(contributor);
        uint40 id = datanets.commit(_commitment(contributor, input));
        vm.roll(block.number + 1);
        uint256 expiredAt = vm.getBlockTimestamp() + 30 days;
        vm.warp(expiredAt + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_CommitmentExpired.selector, id, expiredAt)
        );
        datanets.submit(id, input, SALT);
        vm.warp(expiredAt);
        datanets.submit(id, input, SALT);
    }

    function test_RevertWhen_SomeoneElseRevealsTheCommitment() public {
        ContributionInput memory input = _input(_create(0));
        vm.prank(contributor);
        uint40 id = datanets.commit(_commitment(contributor, input));
        vm.roll(block.number + 1);
        bytes memory notCommitted = abi.encodeWithSelector(
            IDatanetRegistry.DatanetRegistry_NotCommitted.selector, id, _commitment(stranger, input)
        );
        vm.expectRevert(notCommitted);
        vm.prank(stranger);
        datanets.submit(id, input, SALT);
    }

    /// @dev Front-running a commitment gives an id and nothing else: only the owner inside it can use it.
    function test_ACopiedCommitmentIsWorthless() public {
        ContributionInput memory input = _input(_create(0));
        bytes32 commitment = _commitment(contributor, input);
        vm.prank(stranger);
        uint40 copied = datanets.commit(commitment);
        vm.prank(contributor);
        uint40 id = datanets.commit(commitment);
        vm.roll(block.number + 1);
        bytes memory notCommitted = abi.encodeWithSelector(
            IDatanetRegistry.DatanetRegistry_NotCommitted.selector, copied, _commitment(stranger, input)
        );
        vm.expectRevert(notCommitted);
        vm.prank(stranger);
        datanets.submit(copied, input, SALT);
        vm.prank(contributor);
        datanets.submit(id, input, SALT);
        assertEq(datanets.contribution(id).contributor, contributor);
    }

    function test_ACommitmentWorksOnce() public {
        ContributionInput memory input = _input(_create(0));
        uint40 id = _contribute(input);
        bytes memory notCommitted = abi.encodeWithSelector(
            IDatanetRegistry.DatanetRegistry_NotCommitted.selector, id, _commitment(contributor, input)
        );
        vm.expectRevert(notCommitted);
        vm.prank(contributor);
        datanets.submit(id, input, SALT);
    }

    function test_RevertWhen_LicenceIsNotInThePolicy() public {
        ContributionInput memory input = _input(_create(0));
        input.licence = "MIT";
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_LicenceNotAllowed.selector, 1, "MIT"));
        datanets.submit(1, input, SALT);
    }

    function testFuzz_RevertWhen_BondDiffers(uint96 sent) public {
        vm.assume(sent != BOND);
        ContributionInput memory input = _input(_create(BOND));
        vm.deal(address(this), sent);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_WrongBond.selector, BOND, sent));
        datanets.submit{value: sent}(1, input, SALT);
    }

    function test_RevertWhen_ContributionIsEmpty() public {
        ContributionInput memory input = _input(_create(0));
        input.rowCount = 0;
        vm.expectRevert(IDatanetRegistry.DatanetRegistry_EmptyContribution.selector);
        datanets.submit(1, input, SALT);
    }

    function test_RevertWhen_DatanetIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownDatanet.selector, 9));
        datanets.submit(1, _input(9), SALT);
    }

    function test_AcceptanceMintsTheTokenAndMovesTheVersionOn() public {
        uint40 id = _contribute(_input(_create(0)));
        bytes32 version = keccak256(abi.encodePacked(bytes1(0x32), bytes32(0), bytes1(0), uint40(id) << 2));
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.ContributionAccepted(id, 1, curator, version);
        vm.prank(curator);
        datanets.accept(id);
        assertEq(contributions.ownerOf(id), contributor);
        assertEq(contributions.tokenURI(id), datanets.contributionURI(id));
        assertEq(datanets.version(1), version);
        assertEq(uint8(datanets.contribution(id).status), uint8(ContributionStatus.Accepted));
    }

    function test_RevertWhen_AcceptedTwice() public {
        uint40 id = _contribute(_input(_create(0)));
        vm.startPrank(curator);
        datanets.accept(id);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatanetRegistry.DatanetRegistry_WrongStatus.selector, id, ContributionStatus.Accepted
            )
        );
        datanets.accept(id);
    }

    function test_RevertWhen_AStrangerAccepts() public {
        uint40 id = _contribute(_input(_create(0)));
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NotCurator.selector, 1, stranger));
        vm.prank(stranger);
        datanets.accept(id);
    }

    function test_RejectionMintsNothingAndReturnsTheBond() public {
        uint40 id = _contribute(_input(_create(BOND)));
        vm.expectEmit(address(datanets));
        emit IDatanetRegistry.ContributionRejected(id, 1, curator, keccak256("why"));
        vm.prank(curator);
        datanets.reject(id, keccak256("why"));
        datanets.reclaimBond(id);
        assertEq(contributor.balance, BOND);
        assertEq(contributions.balanceOf(contributor), 0);
    }

    function test_TheBondComesBackOnceAfterAcceptance() public {
        uint40 id = _contribute(_input(_create(BOND)));
        vm.prank(curator);
        datanets.accept(id);
        datanets.reclaimBond(id);
        assertEq(contributor.balance, BOND);
        assertEq(address(datanets).balance, 0);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_NothingToReclaim.selector, id));
        datanets.reclaimBond(id);
    }

    function test_SilenceReturnsTheBondAndAcceptsNothing() public {
        uint40 id = _contribute(_input(_create(BOND)));
        skip(14 days);
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnderReview.selector, id, block.timestamp)
        );
        datanets.reclaimBond(id);
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_ReviewOver.selector, id, block.timestamp - 1)
        );
        vm.prank(curator);
        datanets.accept(id);
        datanets.reclaimBond(id);
        assertEq(contributor.balance, BOND);
        assertEq(uint8(datanets.contribution(id).status), uint8(ContributionStatus.Expired));
    }

    function test_ABondIsHeldOnlyForOpenContributions() public {
        uint40 datanetId = _create(BOND);
        ContributionInput memory input = _input(datanetId);
        for (uint256 i = 0; i < 5; ++i) {
            input.contentRoot = keccak256(abi.encode(i));
            _contribute(input);
        }
        assertEq(address(datanets).balance, 5 * BOND);
        vm.prank(curator);
        datanets.accept(3);
        datanets.reclaimBond(3);
        assertEq(address(datanets).balance, 4 * BOND);
    }

    function test_RevertWhen_ContributionIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownContribution.selector, 1));
        datanets.contribution(1);
    }

    function test_RevertWhen_SomeoneElseMintsAContribution() public {
        vm.expectRevert(abi.encodeWithSelector(IContributionToken.ContributionToken_NotRegistry.selector, stranger));
        vm.prank(stranger);
        contributions.mint(1, 0);
    }

    function test_UpgradesKeepTheState() public {
        _create(BOND);
        datanets.upgradeToAndCall(address(new DatanetRegistry(contributions)), "");
        assertEq(datanets.datanetCount(), 1);
        assertEq(datanets.ownerOf(1), curator);
    }

    function test_RevertWhen_AStrangerUpgrades() public {
        address next = address(new DatanetRegistry(contributions));
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        datanets.upgradeToAndCall(next, "");
    }

    function test_RevertWhen_AnAddressIsZero() public {
        vm.expectRevert(IDatanetRegistry.DatanetRegistry_ZeroAddress.selector);
        new DatanetRegistry(IContributionToken(address(0)));
        vm.expectRevert(IContributionToken.ContributionToken_ZeroAddress.selector);
        new ContributionToken(IDatanetRegistry(address(0)));
        vm.expectRevert(IDatanetRegistry.DatanetRegistry_ZeroAddress.selector);
        datanets.setHygiene(address(0));
        vm.expectRevert(IContributionToken.ContributionToken_ZeroAddress.selector);
        contributions.setHygiene(address(0));
        uint40 id = _create(0);
        vm.expectRevert(IDatanetRegistry.DatanetRegistry_ZeroAddress.selector);
        vm.prank(curator);
        datanets.setCurator(id, address(0), true);
    }

    function test_RevertWhen_DatanetHasTooManyLicences() public {
        IDatanetRegistry.DatanetConfig memory config = _config(0);
        config.licences = new string[](33);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_LicenceCount.selector, 33));
        datanets.createDatanet(config);
    }

    function test_NothingIsKnownOfACommitmentThatWasNotShown() public {
        vm.prank(contributor);
        uint40 id = datanets.commit(keccak256("hidden"));
        assertEq(datanets.inputHashOf(id), bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownContribution.selector, id));
        datanets.contributionURI(id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownContribution.selector, id));
        vm.prank(curator);
        datanets.accept(id);
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownContribution.selector, id));
        datanets.reclaimBond(id);
    }

    function test_RevertWhen_RejectedAfterTheReview() public {
        uint40 id = _contribute(_input(_create(BOND)));
        skip(14 days + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_ReviewOver.selector, id, vm.getBlockTimestamp() - 1)
        );
        vm.prank(curator);
        datanets.reject(id, 0);
    }
}
