// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../../../../src/interfaces/IProtocolParameters.sol";
import {AttributionSettlement} from "../../../../src/settlement/AttributionSettlement.sol";
import {SettlementExtension} from "../../../../src/settlement/SettlementExtension.sol";
import {ClaimRecord, NodeState, SignedVoucher} from "../../../../src/types/Claim.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementWiringTest is SettlementTest {
    bytes32 private constant IMPLEMENTATION = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);

    function _unauthorized(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
    }

    function test_RevertWhen_AuditsAreSetAgain() public {
        // it should revert because governance alone connects contracts
        vm.expectRevert(_unauthorized(stranger));
        vm.prank(stranger);
        settlement.setAudits(stranger);
        // it should revert because that works once
        assertEq(settlement.audits(), address(d.audits));
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_AuditsAlreadySet.selector, address(d.audits)
            )
        );
        vm.prank(address(d.timelock));
        settlement.setAudits(stranger);
    }

    function test_RevertWhen_PredicatesAreBootstrappedAgainOrByOthers() public {
        // it should revert because it works once
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        vm.prank(address(d.timelock));
        settlement.bootstrapPredicates(new address[](0));
        // it should revert because governance alone enables predicates
        vm.expectRevert(_unauthorized(stranger));
        vm.prank(stranger);
        settlement.bootstrapPredicates(new address[](0));
        // it should revert because governance alone changes predicates
        vm.expectRevert(_unauthorized(stranger));
        vm.prank(stranger);
        settlement.setPredicate(address(d.credit), 5, 6);
    }

    function test_TermsComeFromTheParametersAlone() public {
        IProtocolParameters.SettlementTerms memory terms = d.parameters.settlementTerms(1);
        // it should revert because nobody else knows them
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_NotParameters.selector, address(d.timelock)
            )
        );
        vm.prank(address(d.timelock));
        settlement.adoptTerms(1, terms);
        // it should stamp the next batch with the version
        vm.prank(address(d.timelock));
        uint32 version = d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        _redeem(FEE);
        assertEq(settlement.batch(nodeId, 1).paramsVersion, version);
    }

    function test_RevertWhen_TheParametersAreNotConnected() public {
        AttributionSettlement main = AttributionSettlement(payable(address(settlement)));
        AttributionSettlement fresh = AttributionSettlement(
            payable(address(
                    new ERC1967Proxy(
                        address(uint160(uint256(vm.load(address(main), IMPLEMENTATION)))),
                        abi.encodeCall(AttributionSettlement.initialize, (address(d.manager)))
                    )
                ))
        );
        SignedVoucher[] memory vouchers = _vouchers(FEE);
        // it should revert because nothing could be divided
        vm.expectRevert(IAttributionSettlement.AttributionSettlement_NoParameters.selector);
        vm.prank(operator);
        fresh.redeem(nodeId, vouchers);
    }

    function _notAhead(uint32 from, uint32 current) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAttributionSettlement.AttributionSettlement_PredicateNotAhead.selector, from, current
            )
        );
    }

    function test_PredicatesCountForTheVersionsThatNameThem() public {
        address p = makeAddr("predicate");
        vm.startPrank(address(d.timelock));
        // it should revert because open claims would change
        _notAhead(2, 2);
        settlement.setPredicate(p, 2, 9);
        // it should revert because the range is empty
        _notAhead(3, 2);
        settlement.setPredicate(p, 3, 2);
        // it should enable the predicate for them
        vm.expectEmit();
        emit IAttributionSettlement.PredicateSet(p, 3, 9);
        settlement.setPredicate(p, 3, 9);
        (uint32 from, uint32 to) = settlement.predicateVersions(p);
        assertEq(from, 3);
        assertEq(to, 9);
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        // it should revert because claims of that version may be open
        _notAhead(3, 4);
        settlement.setPredicate(p, 3, 3);
        // it should set the end
        settlement.setPredicate(p, 3, 4);
        (, to) = settlement.predicateVersions(p);
        assertEq(to, 4);
        d.parameters.setAttributionThreshold(50_000, 10_000, 200_000);
        _notAhead(3, 5);
        settlement.setPredicate(p, 3, 6);
        vm.stopPrank();
    }

    function test_ANodeThatHasDoneNothing() public view {
        // it should be all zeros
        NodeState memory empty;
        assertEq(keccak256(abi.encode(settlement.node(77))), keccak256(abi.encode(empty)));
        ClaimRecord memory none;
        assertEq(keccak256(abi.encode(settlement.claimRecord("none"))), keccak256(abi.encode(none)));
        assertEq(settlement.batch(77, 1).fees, 0);
        assertEq(settlement.paid(77, 9), 0);
        assertEq(settlement.owed(stranger), 0);
        assertEq(settlement.nonces(stranger), 0);
    }

    function test_ClaimIdsAreThoseOfTheFormats() public {
        Settled memory s = _open(FEE, MODEL_ASSET);
        // it should have the id that formats.md defines
        bytes32 domain = keccak256(abi.encode("OpenLedger.Claim.1", block.chainid, address(settlement)));
        assertEq(settlement.claimIdOf(s.claim), keccak256(abi.encode(domain, s.claim)));
        vm.chainId(5);
        assertEq(uint8(_recordOf(s).status), 0, "no claim of another chain");
    }

    function test_TheExtensionAloneIsNothing() public {
        // it should have neither state nor authority
        AttributionSettlement main = AttributionSettlement(payable(address(settlement)));
        SettlementExtension extension = main.EXTENSION();
        vm.startPrank(address(d.timelock));
        vm.expectRevert(_unauthorized(address(d.timelock)));
        extension.setAudits(stranger);
        vm.expectRevert(_unauthorized(address(d.timelock)));
        extension.pause();
        vm.expectRevert();
        extension.bootstrapPredicates(new address[](0));
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        main.initialize(stranger);
        vm.stopPrank();
        Settled memory s = _open(FEE, MODEL_ASSET);
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_ClaimNotDisputable.selector);
        extension.proveFraud(s.claim, address(oracle), "", watcher);
        assertEq(main.MAX_VOUCHERS(), 512);
    }
}
