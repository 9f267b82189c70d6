// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ICaseRegistry} from "../../src/interfaces/ICaseRegistry.sol";
import {IDatanetHygiene} from "../../src/interfaces/IDatanetHygiene.sol";
import {IProtocolParameters} from "../../src/interfaces/IProtocolParameters.sol";
import {Roles} from "../../src/types/Roles.sol";
import {Hygiene} from "./Hygiene.sol";

/// @dev A curator with stake, a validator with all of theirs, and an accepted contribution: real stakes, real cases.
abstract contract Penalised is Hygiene {
    uint40 internal curatorAgent;
    uint40 internal validator;
    uint40 internal id;
    uint40 internal window;
    IProtocolParameters.Parameters internal params;

    function setUp() public virtual override {
        super.setUp();
        params = d.parameters.parameters(d.parameters.currentVersion());
        window = params.caseWindow;
        curatorAgent = _agent(curator, Roles.CURATOR, params.curatorStakeMin);
        validator = _agent(watcher, Roles.VALIDATOR, params.validatorStakeMin);
        id = _contribute(alice, _text("poison", 3));
        _accept(id);
        skip(1);
        vm.deal(bob, 100e18);
    }

    function _agent(address who, uint8 role, uint96 amount) internal returns (uint40 agentId) {
        vm.deal(who, amount);
        vm.startPrank(who);
        agentId = uint40(d.agents.register(STORE_URI));
        d.staking.stake{value: amount}(agentId, role);
        vm.stopPrank();
    }

    function _penalise(uint40 contributionId, uint16 points) internal {
        vm.prank(curator);
        d.hygiene.penalise(contributionId, curatorAgent, points, IDatanetHygiene.Reason.Poison, keccak256("evidence"));
    }

    function _open(uint40 contributionId) internal returns (uint40 caseId) {
        vm.prank(bob);
        caseId = d.cases.open{value: params.caseBond}(
            ICaseRegistry.CaseKind.Curation, curatorAgent, bytes32(uint256(contributionId)), keccak256("appeal")
        );
    }

    function _decide(uint40 caseId, bool convict) internal {
        (uint40 commitEnd,,, uint40 end) = d.cases.deadlinesOf(caseId);
        bytes32 commitment = d.cases.commitmentOf(caseId, validator, convict, "salt");
        vm.prank(watcher);
        d.cases.commitVote(caseId, validator, commitment);
        vm.warp(commitEnd);
        d.cases.revealVote(caseId, validator, convict, "salt");
        vm.warp(end);
    }

    function _withheld(uint40 contributionId) internal view returns (uint16 withheldBps) {
        (, withheldBps) = d.contributions.payeeOf(contributionId);
    }
}
