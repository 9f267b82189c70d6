// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IDatanetRegistry} from "../../../../src/interfaces/IDatanetRegistry.sol";
import {IModelRegistry} from "../../../../src/interfaces/IModelRegistry.sol";
import {IProtocolParameters} from "../../../../src/interfaces/IProtocolParameters.sol";
import {ITrainingFees} from "../../../../src/interfaces/ITrainingFees.sol";
import {TrainingFees} from "../../../../src/payments/TrainingFees.sol";
import {Thread} from "../../../utils/Thread.sol";

/// @dev Stands where the treasury is: refuses money, or calls the contract that sends it.
contract Receiver {
    TrainingFees private immutable FEES;
    bytes32 private immutable RUN;
    bool public refused;

    constructor(TrainingFees fees, bytes32 run) {
        (FEES, RUN) = (fees, run);
    }

    receive() external payable {
        uint40[] memory ids = new uint40[](1);
        uint32[] memory rows = new uint32[](1);
        (ids[0], rows[0]) = (2, 1);
        FEES.pay{value: 1e15}(RUN, ids, rows);
        try FEES.flush() {}
        catch {
            refused = true;
        }
    }
}

/// @dev Refuses money.
contract Refuser {}

/// @notice What a run pays for its rows. Datanet 1 is free, 2 costs 0.001 OPEN a row.
contract TrainingFeesTest is Thread {
    bytes32 private constant RUN = keccak256("manifest");
    bytes32 private constant OPEN_RUN = keccak256("another manifest");
    uint96 private constant PRICE = 1e15;
    uint40 private constant DAYS_7 = 7 days;

    address private payer = makeAddr("payer");

    function setUp() public override {
        super.setUp();
        vm.deal(payer, 1e30);
        _datanet(PRICE);
        uint40[] memory trainedOn = new uint40[](1);
        trainedOn[0] = 2;
        vm.prank(builder);
        d.runs.openRun(OPEN_RUN, keccak256("inputs"), 6, 1, trainedOn, STORE_URI);
    }

    function _datanet(uint96 price) private {
        IDatanetRegistry.DatanetConfig memory config;
        config.name = "Buoys";
        config.licences = new string[](1);
        config.licences[0] = "CC0-1.0";
        config.pricePerRow = price;
        vm.prank(curator);
        d.datanets.createDatanet(config);
    }

    function _pay(bytes32 run, uint40 datanetId, uint32 rows, uint256 value) private {
        uint40[] memory ids = new uint40[](1);
        uint32[] memory counts = new uint32[](1);
        (ids[0], counts[0]) = (datanetId, rows);
        vm.prank(payer);
        d.fees.pay{value: value}(run, ids, counts);
    }

    /// @dev Pays for rows of datanets 2 and 1 at once.
    function _payBoth(uint32 rows, uint32 free, uint256 value) private {
        uint40[] memory ids = new uint40[](2);
        uint32[] memory counts = new uint32[](2);
        (ids[0], ids[1], counts[0], counts[1]) = (2, 1, rows, free);
        vm.prank(payer);
        d.fees.pay{value: value}(RUN, ids, counts);
    }

    function _vote(uint16 burnBps, uint16 stakersBps) private returns (IProtocolParameters.Parameters memory p) {
        p = d.parameters.parameters(1);
        p.burnBps = uint16(bound(burnBps, 0, 2_000));
        p.stakersBps = uint16(bound(stakersBps, 0, 1_500));
        p.nodeBps = 1_000;
        p.contributorsBps = 6_500 - p.burnBps - p.stakersBps;
        p.expiry = 5_000;
        vm.prank(address(d.timelock));
        d.parameters.update(p);
    }

    function _held(bytes32 run) private view returns (uint256) {
        return d.fees.held(run).amount;
    }

    function _counted() private view returns (uint256) {
        (uint256 burn, uint256 treasury, uint256 stakers) = d.fees.counters();
        return burn + treasury + stakers;
    }

    // ----------------------------------------------------------------------------------------------------------- pay

    function test_RevertWhen_APaymentIsWrong() public {
        // it should refuse money for a run that is not open
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_UnknownRun.selector, bytes32("x")));
        _pay("x", 2, 1, PRICE);
        // it should refuse a payment for nothing
        vm.expectRevert(ITrainingFees.TrainingFees_NoDatanets.selector);
        d.fees.pay(RUN, new uint40[](0), new uint32[](0));
        // it should refuse lists of different lengths
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_LengthMismatch.selector, 2, 1));
        d.fees.pay(RUN, new uint40[](2), new uint32[](1));
        // it should refuse a datanet without rows
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_ZeroRows.selector, 2));
        _pay(RUN, 2, 0, 0);
        // it should refuse a datanet that does not exist
        vm.expectRevert(abi.encodeWithSelector(IDatanetRegistry.DatanetRegistry_UnknownDatanet.selector, 99));
        _pay(RUN, 99, 1, 0);
        // it should refuse more and less than the price
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_WrongFee.selector, 2e15, 1e15));
        _pay(RUN, 2, 2, 1e15);
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_WrongFee.selector, 2e15, 2e15 + 1));
        _pay(RUN, 2, 2, 2e15 + 1);
        // it should refuse more rows than it can count
        _pay(RUN, 1, type(uint32).max, 0);
        vm.expectRevert();
        _pay(RUN, 1, 1, 0);
    }

    function test_FreeDatanetsCostNothing() public {
        _pay(RUN, 1, 12, 0);
        // it should count the rows of a free datanet
        assertEq(d.fees.paidRows(RUN, 1), 12);
        assertEq(_held(RUN), 0);
        assertEq(d.fees.held(RUN).expiresAt, 0);
    }

    function testFuzz_AFeeIsSplitToTheWei(uint32 first, uint32 second, uint16 burnBps, uint16 stakersBps) public {
        first = uint32(bound(first, 1, type(uint32).max / 2));
        second = uint32(bound(second, 1, type(uint32).max / 2));
        uint256 fee = uint256(first) * PRICE;
        _pay(RUN, 2, first, fee);
        // it should give burn, treasury and stakers their parts of today
        (uint256 burn, uint256 treasury, uint256 stakers) = d.fees.counters();
        assertEq(burn, fee * 500 / 10_000);
        assertEq(treasury, fee * 500 / 10_000);
        assertEq(stakers, fee * 1_000 / 10_000);
        // it should hold all the rest for the run
        assertEq(_held(RUN), fee * 8_000 / 10_000);
        assertEq(address(d.fees).balance, fee);
        // it should renew the time until it expires
        assertEq(d.fees.held(RUN).expiresAt, block.timestamp + 1_200);
        // A vote changes what is paid from then on, and nothing that was.
        IProtocolParameters.Parameters memory p = _vote(burnBps, stakersBps);
        skip(100);
        uint256 more = uint256(second) * PRICE;
        _payBoth(second, 5, more);
        (uint256 burnAfter,, uint256 stakersAfter) = d.fees.counters();
        assertEq(burnAfter - burn, more * p.burnBps / 10_000);
        assertEq(stakersAfter - stakers, more * p.stakersBps / 10_000);
        assertEq(d.fees.held(RUN).expiresAt, block.timestamp + 5_000);
        // it should add the rows up
        assertEq(d.fees.paidRows(RUN, 2), first + second);
        assertEq(d.fees.paidRows(RUN, 1), 5);
        assertEq(_held(RUN) + _counted(), fee + more);
        assertEq(address(d.fees).balance, fee + more);
    }

    // ------------------------------------------------------------------------------------------------------- release

    function test_ThePublishedAdaptersContributorsGetTheRest() public {
        _pay(RUN, 2, 1_000, 1e18);
        // it should not know a model that does not exist
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_UnknownModel.selector, 99));
        d.fees.release(99);
        // it should wait until nobody contests the publication
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_Contested.selector, adapterId));
        d.fees.release(adapterId);
        skip(DAYS_7);
        vm.expectEmit(address(d.fees));
        emit ITrainingFees.TrainingReleased(RUN, adapterId, 0.8e18, true);
        d.fees.release(adapterId);
        // it should pay the rest to the contributors' baseline
        assertEq(d.vault.received(adapterId), 0.8e18);
        assertEq(address(d.vault).balance, 0.8e18);
        assertEq(_held(RUN), 0);
        // it should release once
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_NothingHeld.selector, RUN));
        d.fees.release(adapterId);
        // it should release what was paid later too
        _pay(RUN, 2, 1_000, 1e18);
        d.fees.release(adapterId);
        assertEq(d.vault.received(adapterId), 1.6e18);
        assertEq(address(d.fees).balance, _counted());
    }

    function test_RevertWhen_NothingIsHeld() public {
        skip(DAYS_7);
        // it should refuse to release nothing
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_NothingHeld.selector, RUN));
        d.fees.release(adapterId);
        // it should refuse a model without a run
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_NothingHeld.selector, bytes32(0)));
        d.fees.release(baseId);
    }

    function test_WithoutABaselineTheTreasuryGetsTheRest() public {
        _pay(RUN, 2, 1_000, 1e18);
        skip(DAYS_7);
        IModelRegistry.ModelTerms memory terms = d.models.terms(adapterId);
        terms.baselineRoot = 0;
        vm.mockCall(address(d.models), abi.encodeCall(IModelRegistry.terms, (adapterId)), abi.encode(terms));
        d.fees.release(adapterId);
        // it should pay the rest to the treasury
        (, uint256 treasury,) = d.fees.counters();
        assertEq(treasury, 0.85e18);
        assertEq(d.vault.received(adapterId), 0);
    }

    // -------------------------------------------------------------------------------------------------------- expire

    function test_ARunThatBecameNothingLeavesItToTheTreasury() public {
        // it should refuse to expire nothing
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_NothingHeld.selector, OPEN_RUN));
        d.fees.expire(OPEN_RUN);
        _pay(OPEN_RUN, 2, 1_000, 1e18);
        uint40 expiresAt = d.fees.held(OPEN_RUN).expiresAt;
        vm.warp(expiresAt - 1);
        // it should not expire before its time
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_NotExpired.selector, OPEN_RUN, expiresAt));
        d.fees.expire(OPEN_RUN);
        vm.warp(expiresAt);
        vm.expectEmit(address(d.fees));
        emit ITrainingFees.TrainingExpired(OPEN_RUN, 0.8e18);
        d.fees.expire(OPEN_RUN);
        // it should give what an unpublished run left to the treasury
        (, uint256 treasury,) = d.fees.counters();
        assertEq(treasury, 0.85e18);
        assertEq(_held(OPEN_RUN), 0);
        assertEq(d.fees.paidRows(OPEN_RUN, 2), 1_000, "what was paid stays paid");
    }

    function test_APublishedRunDoesNotExpire() public {
        _pay(RUN, 2, 1_000, 1e18);
        skip(DAYS_7);
        // it should leave a published run to its contributors
        vm.expectRevert(abi.encodeWithSelector(ITrainingFees.TrainingFees_Published.selector, RUN, adapterId));
        d.fees.expire(RUN);
        vm.mockCall(
            address(d.models),
            abi.encodeCall(IModelRegistry.statusOf, (adapterId)),
            abi.encode(IModelRegistry.ModelStatus.Suspended)
        );
        d.fees.expire(RUN);
        // it should give what a suspended model left to the treasury
        (, uint256 treasury,) = d.fees.counters();
        assertEq(treasury, 0.85e18);
    }

    // --------------------------------------------------------------------------------------------------------- flush

    function test_TheCountersAreSent() public {
        _pay(RUN, 2, 1_000, 1e18);
        uint256 burned = address(0xdEaD).balance;
        vm.expectEmit(address(d.fees));
        emit ITrainingFees.Flushed(0.05e18, 0.05e18, 0.1e18);
        d.fees.flush();
        // it should send burn, treasury and stakers their parts
        assertEq(address(0xdEaD).balance - burned, 0.05e18);
        assertEq(address(d.timelock).balance, 0.05e18);
        assertEq(address(d.rewards).balance, 0.1e18);
        assertEq(_counted(), 0);
        assertEq(address(d.fees).balance, _held(RUN));
    }

    function test_AReceiverThatRefusesHoldsNobodyUp() public {
        _pay(RUN, 2, 1_000, 1e18);
        bytes memory code = address(new Refuser()).code;
        vm.etch(address(d.timelock), code);
        vm.etch(address(d.rewards), code);
        vm.etch(address(0xdEaD), code);
        d.fees.flush();
        assertEq(_counted(), 0.2e18);
        vm.etch(address(0xdEaD), "");
        vm.expectEmit(address(d.fees));
        emit ITrainingFees.Flushed(0.05e18, 0, 0);
        d.fees.flush();
        // it should keep the part of a receiver that refuses and pay the others
        (uint256 burn, uint256 treasury, uint256 stakers) = d.fees.counters();
        assertEq(burn, 0);
        assertEq(treasury, 0.05e18);
        assertEq(stakers, 0.1e18);
    }

    function test_AReceiverThatPaysMeanwhileLosesNothing() public {
        _pay(RUN, 2, 1_000, 1e18);
        vm.etch(address(d.timelock), address(new Receiver(d.fees, RUN)).code);
        vm.deal(address(d.timelock), 1e18);
        d.fees.flush();
        // it should refuse to be called back
        assertTrue(Receiver(payable(address(d.timelock))).refused());
        // it should not lose what is paid while it sends
        assertEq(d.fees.paidRows(RUN, 2), 1_001);
        assertEq(_held(RUN) + _counted(), address(d.fees).balance);
        assertEq(_counted(), 2e14);
    }

    // --------------------------------------------------------------------------------------------------------- views

    function test_GovernanceUpgrades() public {
        // it should show nothing for an unpaid run
        assertEq(_held(RUN), 0);
        assertEq(d.fees.paidRows(RUN, 2), 0);
        assertEq(_counted(), 0);
        _pay(RUN, 2, 1_000, 1e18);
        TrainingFees.Contracts memory contracts;
        address code = address(new TrainingFees(contracts));
        // it should take code from governance only
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        d.fees.upgradeToAndCall(code, "");
        vm.prank(address(d.timelock));
        d.fees.upgradeToAndCall(code, "");
        // it should keep what is held
        assertEq(_held(RUN), 0.8e18);
    }
}
