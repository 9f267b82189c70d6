// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAttributionSettlement} from "../../../../src/interfaces/IAttributionSettlement.sol";
import {IProtocolParameters} from "../../../../src/interfaces/IProtocolParameters.sol";
import {Attestation, Claim, ClaimStatus} from "../../../../src/types/Claim.sol";
import {Roles} from "../../../../src/types/Roles.sol";
import {Settled, SettlementTest} from "../../../utils/SettlementTest.sol";

contract SettlementElsewhereTest is SettlementTest {
    bytes32 private constant DATA_HASH = keccak256(DATA);

    uint40[3] private validators;
    string[3] private names = ["validator a", "validator b", "validator c"];

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 3; ++i) {
            validators[i] = _agent(names[i], Roles.VALIDATOR);
        }
        IProtocolParameters.Parameters memory p = d.parameters.parameters(2);
        p.attestations = 2;
        vm.prank(address(d.timelock));
        d.parameters.update(p);
        _redeem(FEE);
    }

    function _claimWith(uint8 scheme) private view returns (Settled memory s) {
        s = _claim(nodeId, MODEL_ASSET);
        s.claim.dataCommitment = keccak256(abi.encodePacked(scheme, DATA_HASH, keccak256(LOCATOR)));
    }

    function _attest(uint256 i, Claim memory c) private returns (Attestation memory) {
        (, uint256 key) = makeAddrAndKey(names[i]);
        bytes32 digest = _digest(keccak256(abi.encode(keccak256("DataHeld(bytes32 claimId)"), settlement.claimIdOf(c))));
        return Attestation(validators[i], _sign(key, digest));
    }

    function _two(uint256 i, uint256 k, Claim memory c) private returns (Attestation[] memory two) {
        two = new Attestation[](2);
        (two[0], two[1]) = (_attest(i, c), _attest(k, c));
    }

    function _submit(Claim memory c, uint8 scheme, Attestation[] memory attestations, bytes memory why) private {
        if (why.length != 0) vm.expectRevert(why);
        vm.prank(operator);
        settlement.proposeClaimElsewhere(c, scheme, DATA_HASH, LOCATOR, attestations);
    }

    function _bad(uint40 id) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAttributionSettlement.AttributionSettlement_BadAttestation.selector, id);
    }

    function test_RevertWhen_TheSchemeIsUnknown() public {
        Settled memory s = _claimWith(0);
        // it should revert because of the scheme
        bytes4 why = IAttributionSettlement.AttributionSettlement_UnknownScheme.selector;
        _submit(s.claim, 0, new Attestation[](0), abi.encodeWithSelector(why, 0));
        _submit(s.claim, 3, new Attestation[](0), abi.encodeWithSelector(why, 3));
        // it should revert because of the commitment
        vm.expectPartialRevert(IAttributionSettlement.AttributionSettlement_WrongDataCommitment.selector);
        vm.prank(operator);
        settlement.proposeClaimElsewhere(s.claim, 1, DATA_HASH, LOCATOR, new Attestation[](0));
    }

    function test_ABlobIsNamedInTheLogs() public {
        Settled memory s = _claimWith(1);
        bytes32 id = settlement.claimIdOf(s.claim);
        // it should put the data's hash and the certificate into the logs
        vm.expectEmit();
        emit IAttributionSettlement.ClaimDataElsewhere(id, 1, DATA_HASH, LOCATOR);
        _submit(s.claim, 1, new Attestation[](0), "");
        _assertStatus(s, ClaimStatus.Proposed);
    }

    function test_RevertWhen_TooFewHoldTheData() public {
        Settled memory s = _claimWith(2);
        Attestation[] memory one = new Attestation[](1);
        one[0] = _attest(0, s.claim);
        // it should revert because there are too few
        bytes4 few = IAttributionSettlement.AttributionSettlement_TooFewAttestations.selector;
        _submit(s.claim, 2, one, abi.encodeWithSelector(few, 1, 2));
        // it should revert because one could count twice
        bytes4 order = IAttributionSettlement.AttributionSettlement_AttestationsNotOrdered.selector;
        _submit(s.claim, 2, _two(0, 0, s.claim), abi.encodeWithSelector(order, validators[0]));
        _submit(s.claim, 2, _two(1, 0, s.claim), abi.encodeWithSelector(order, validators[0]));
    }

    function test_RevertWhen_AnAttestationDoesNotHold() public {
        Settled memory s = _claimWith(2);
        Attestation[] memory two = _two(0, 1, s.claim);
        // it should revert because of that validator
        // Another's signature.
        two[1].signature = two[0].signature;
        _submit(s.claim, 2, two, _bad(validators[1]));
        // Over another claim.
        Claim memory other = abi.decode(abi.encode(s.claim), (Claim));
        other.seq = 2;
        two[1] = _attest(1, other);
        _submit(s.claim, 2, two, _bad(validators[1]));
        // On another chain.
        two = _two(0, 1, s.claim);
        vm.chainId(5);
        two[1] = _attest(1, s.claim);
        vm.chainId(31_337);
        _submit(s.claim, 2, two, _bad(validators[1]));
        // By an agent that is leaving.
        two = _two(0, 1, s.claim);
        vm.prank(makeAddr(names[0]));
        d.staking.requestUnbond(validators[0], Roles.VALIDATOR, STAKE);
        _submit(s.claim, 2, two, _bad(validators[0]));
        // By a node, which is no validator.
        two = _two(1, 2, s.claim);
        two[0].validatorId = nodeId;
        _submit(s.claim, 2, two, _bad(nodeId));
    }

    function test_ValidatorsHoldTheData() public {
        Settled memory s = _claimWith(2);
        bytes32 id = settlement.claimIdOf(s.claim);
        vm.expectEmit();
        emit IAttributionSettlement.ClaimDataElsewhere(id, 2, DATA_HASH, LOCATOR);
        _submit(s.claim, 2, _two(0, 2, s.claim), "");
        // it should propose the claim
        _assertStatus(s, ClaimStatus.Proposed);
        _final(s);
        settlement.claim(_payout(s, MODEL_ASSET), s.claim);
        assertEq(builder.balance, 0.6e18);
    }
}
