// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";
import {Preset, Presets} from "../../../script/Presets.sol";
import {ProtocolParameters} from "../../../src/governance/ProtocolParameters.sol";
import {IProtocolParameters} from "../../../src/interfaces/IProtocolParameters.sol";

contract ProtocolParametersTest is Test {
    AccessManager private manager;
    ProtocolParameters private params;
    IProtocolParameters.Parameters private p;

    function setUp() public {
        manager = new AccessManager(address(this));
        p = Presets.production().parameters;
        params = _deploy(Presets.production());
    }

    function _deploy(Preset memory preset) private returns (ProtocolParameters) {
        bytes memory init =
            abi.encodeCall(ProtocolParameters.initialize, (address(manager), preset.limits, preset.parameters));
        return ProtocolParameters(address(new ERC1967Proxy(address(new ProtocolParameters()), init)));
    }

    function _rejects(bytes32 field, uint256 value, uint256 min, uint256 max) private {
        vm.expectRevert(
            abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_OutOfBounds.selector, field, value, min, max)
        );
        params.update(p);
        p = Presets.production().parameters;
    }

    function test_TheFirstVersionIsOne() public view {
        assertEq(params.currentVersion(), 1);
        assertEq(keccak256(abi.encode(params.parameters(1))), keccak256(abi.encode(p)));
    }

    function test_EveryPresetIsWithinItsBounds() public {
        Preset memory testnet = Presets.testnet();
        Preset memory production = Presets.production();
        Preset memory devnet = Presets.devnet();
        vm.chainId(31_337);
        _deploy(devnet);
        vm.chainId(1);
        _deploy(testnet);
        _deploy(production);
    }

    function test_RevertWhen_WindowsOfSecondsLeaveTheDevnet() public {
        Preset memory devnet = Presets.devnet();
        address implementation = address(new ProtocolParameters());
        vm.chainId(1);
        vm.expectRevert(
            abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_LimitsTooLoose.selector, devnet.limits)
        );
        new ERC1967Proxy(
            implementation,
            abi.encodeCall(ProtocolParameters.initialize, (address(manager), devnet.limits, devnet.parameters))
        );
    }

    function testFuzz_AThresholdVoteAppendsAVersionAndChangesNothingElse(uint32 base, uint32 min, uint32 max) public {
        max = uint32(bound(max, 1, 500_000));
        min = uint32(bound(min, 1, max));
        base = uint32(bound(base, min, max));
        bytes32 before = keccak256(abi.encode(params.parameters(1)));
        IProtocolParameters.Parameters memory next = params.parameters(1);
        (next.tauBasePpm, next.tauMinPpm, next.tauMaxPpm) = (base, min, max);
        vm.expectEmit(address(params));
        emit IProtocolParameters.ParametersUpdated(2, next);
        assertEq(params.setAttributionThreshold(base, min, max), 2);
        assertEq(params.currentVersion(), 2);
        assertEq(keccak256(abi.encode(params.parameters(2))), keccak256(abi.encode(next)));
        assertEq(keccak256(abi.encode(params.parameters(1))), before);
    }

    function test_RevertWhen_TheVersionDoesNotExistYet() public {
        for (uint32 v = 0; v <= 2; v += 2) {
            vm.expectRevert(abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_UnknownVersion.selector, v));
            params.parameters(v);
        }
    }

    function test_RevertWhen_AStrangerUpdates() public {
        address stranger = makeAddr("stranger");
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        params.update(p);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        params.setAttributionThreshold(1, 1, 1);
    }

    function test_EveryPartOfTheSplitHasBounds() public {
        p.burnBps = 2_001;
        _rejects("burnBps", 2_001, 0, 2_000);
        p.treasuryBps = 2_001;
        _rejects("treasuryBps", 2_001, 0, 2_000);
        p.nodeBps = 499;
        _rejects("nodeBps", 499, 500, 5_000);
        p.nodeBps = 5_001;
        _rejects("nodeBps", 5_001, 500, 5_000);
        p.stakersBps = 3_001;
        _rejects("stakersBps", 3_001, 0, 3_000);
        p.modelBps = 499;
        _rejects("modelBps", 499, 500, 5_000);
        p.modelBps = 5_001;
        _rejects("modelBps", 5_001, 500, 5_000);
        p.contributorsBps = 1_999;
        _rejects("contributorsBps", 1_999, 2_000, 8_000);
        p.contributorsBps = 8_001;
        _rejects("contributorsBps", 8_001, 2_000, 8_000);
    }

    function testFuzz_RevertWhen_TheSplitIsNotWhole(uint16 burn) public {
        burn = uint16(bound(burn, 0, 2_000));
        vm.assume(burn != p.burnBps);
        p.burnBps = burn;
        vm.expectRevert(
            abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_SplitNotWhole.selector, 9_500 + burn)
        );
        params.update(p);
    }

    function test_TheThresholdHasBounds() public {
        p.tauMaxPpm = 500_001;
        _rejects("tauMaxPpm", 500_001, 1, 500_000);
        p.tauMinPpm = 0;
        _rejects("tauMinPpm", 0, 1, p.tauMaxPpm);
        p.tauMinPpm = p.tauMaxPpm + 1;
        _rejects("tauMinPpm", p.tauMaxPpm + 1, 1, p.tauMaxPpm);
        p.tauBasePpm = p.tauMinPpm - 1;
        _rejects("tauBasePpm", p.tauMinPpm - 1, p.tauMinPpm, p.tauMaxPpm);
        p.tauBasePpm = p.tauMaxPpm + 1;
        _rejects("tauBasePpm", p.tauMaxPpm + 1, p.tauMinPpm, p.tauMaxPpm);
    }

    function test_TheReferenceFeeHasBoundsAndIsWholeGwei() public {
        p.feeRef = 0;
        _rejects("feeRef", 0, 1 gwei, 1_000e18);
        p.feeRef = 1_000e18 + 1 gwei;
        _rejects("feeRef", 1_000e18 + 1 gwei, 1 gwei, 1_000e18);
        p.feeRef = 1 gwei + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_FeeRefNotWholeGwei.selector, 1 gwei + 1)
        );
        params.update(p);
    }

    function test_TheMixHasBoundsAndIsWhole() public {
        p.mixInfluenceBps = 10_001;
        _rejects("mixInfluenceBps", 10_001, 0, 10_000);
        p.mixSpanBps = 10_001;
        _rejects("mixSpanBps", 10_001, 0, 10_000);
        p.mixRetrievalBps = 10_001;
        _rejects("mixRetrievalBps", 10_001, 0, 10_000);
        p.mixRetrievalBps = 0;
        vm.expectRevert(abi.encodeWithSelector(IProtocolParameters.ProtocolParameters_MixNotWhole.selector, 8_500));
        params.update(p);
    }

    function test_TheWindowsHaveBounds() public {
        p.challengeWindow = 1 days - 1;
        _rejects("challengeWindow", 1 days - 1, 1 days, 14 days);
        p.challengeWindow = 14 days + 1;
        _rejects("challengeWindow", 14 days + 1, 1 days, 14 days);
        p.unbondingPeriod = 0;
        _rejects("unbondingPeriod", 0, 1, 90 days);
        p.unbondingPeriod = 90 days + 1;
        _rejects("unbondingPeriod", 90 days + 1, 1, 90 days);
        p.exitDelay = 0;
        _rejects("exitDelay", 0, 1, 14 days);
        p.exitDelay = 14 days + 1;
        _rejects("exitDelay", 14 days + 1, 1, 14 days);
    }

    function test_TheCaseWindowHasBounds() public {
        p.caseWindow = 0;
        _rejects("caseWindow", 0, 1, 14 days);
        p.caseWindow = 14 days + 1;
        _rejects("caseWindow", 14 days + 1, 1, 14 days);
    }

    function test_ABatchCanBeClaimedTwiceBeforeOthersMayAndLongBeforeItExpires() public {
        p.attributionDeadline = 2 * p.challengeWindow - 1;
        _rejects("attributionDeadline", p.attributionDeadline, 2 * p.challengeWindow, 730 days);
        p.attributionDeadline = 730 days + 1;
        _rejects("attributionDeadline", 730 days + 1, 2 * p.challengeWindow, 730 days);
        p.expiry = 2 * p.attributionDeadline - 1;
        _rejects("expiry", p.expiry, 2 * p.attributionDeadline, 730 days);
        p.expiry = 730 days + 1;
        _rejects("expiry", 730 days + 1, 2 * p.attributionDeadline, 730 days);
    }

    function testFuzz_StakeStaysSlashableThroughEveryWindow(uint32 window, uint32 cases, uint32 unbonding) public {
        IProtocolParameters.Limits memory limits = params.limits();
        p.challengeWindow = uint32(bound(window, 1 days, 14 days));
        p.caseWindow = uint32(bound(cases, 1, 14 days));
        p.unbondingPeriod = uint32(bound(unbonding, 1, 90 days));
        p.attributionDeadline = 28 days;
        uint256 required =
            uint256(p.challengeWindow) + p.caseWindow + limits.maxExtension + limits.maxPause + limits.unbondingMargin;
        if (p.unbondingPeriod < required) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IProtocolParameters.ProtocolParameters_UnbondingTooShort.selector, p.unbondingPeriod, required
                )
            );
        }
        params.update(p);
    }

    function test_BondsAndStakesHaveBounds() public {
        p.nodeStakeMin = 1 gwei - 1;
        _rejects("nodeStakeMin", 1 gwei - 1, 1 gwei, 10_000_000e18);
        p.nodeStakeMin = 10_000_001e18;
        _rejects("nodeStakeMin", 10_000_001e18, 1 gwei, 10_000_000e18);
        p.bondMin = 0;
        _rejects("bondMin", 0, 1 gwei, p.nodeStakeMin);
        p.bondMin = p.nodeStakeMin + 1;
        _rejects("bondMin", p.nodeStakeMin + 1, 1 gwei, p.nodeStakeMin);
        p.bondBps = 20_001;
        _rejects("bondBps", 20_001, 0, 20_000);
        p.detectionPpm = 9_999;
        _rejects("detectionPpm", 9_999, 10_000, 1_000_000);
        p.detectionPpm = 1_000_001;
        _rejects("detectionPpm", 1_000_001, 10_000, 1_000_000);
        p.slashRewardBps = 0;
        _rejects("slashRewardBps", 0, 1, 5_000);
        p.slashRewardBps = 5_001;
        _rejects("slashRewardBps", 5_001, 1, 5_000);
    }
}
