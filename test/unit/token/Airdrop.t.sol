// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAirdrop} from "../../../src/interfaces/IAirdrop.sol";
import {IStakerRewards} from "../../../src/interfaces/IStakerRewards.sol";
import {Airdrop} from "../../../src/token/Airdrop.sol";
import {AirdropFixture, DropWallet} from "./AirdropFixture.sol";

contract AirdropTest is AirdropFixture {
    function test_AVoteConfiguresItOnce() public {
        IAirdrop.Config memory config = _config();
        assertEq(airdrop.config().root, 0);
        vm.deal(address(this), 1_200e18);
        vm.expectEmit(address(airdrop));
        emit IAirdrop.Configured(config);
        airdrop.configure{value: 1_200e18}(config);
        assertEq(keccak256(abi.encode(airdrop.config())), keccak256(abi.encode(config)));
        vm.expectRevert(IAirdrop.Airdrop_AlreadyConfigured.selector);
        airdrop.configure(config);
    }

    function test_RevertWhen_AStrangerConfiguresOrUpgrades() public {
        address next = address(new Airdrop(rewards, treasury));
        IAirdrop.Config memory config = _config();
        bytes memory denied = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(denied);
        airdrop.configure(config);
        vm.expectRevert(denied);
        airdrop.upgradeToAndCall(next, "");
        vm.stopPrank();
        airdrop.upgradeToAndCall(next, "");
    }

    function test_RevertWhen_TheConfigIsSenseless() public {
        for (uint256 i = 0; i < 4; ++i) {
            IAirdrop.Config memory config = _config();
            if (i == 0) config.root = 0;
            if (i == 1) config.total = 0;
            if (i == 2) config.deadline = uint40(block.timestamp);
            if (i == 3) config.deadline = uint40(block.timestamp + 730 days + 1);
            vm.expectRevert(IAirdrop.Airdrop_InvalidConfig.selector);
            airdrop.configure(config);
        }
    }

    function test_RevertWhen_ABonusFallsOrIsTooGreat() public {
        IAirdrop.Config memory config = _config();
        config.bonusBps[4] = 1_499;
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_BonusOutOfBounds.selector, 4, 1_499));
        airdrop.configure(config);
        config.bonusBps[4] = 5_001;
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_BonusOutOfBounds.selector, 4, 5_001));
        airdrop.configure(config);
    }

    function test_RevertWhen_NotEveryAmountWithItsBonusIsFunded() public {
        vm.deal(address(this), 1_200e18);
        (bool sent,) = address(airdrop).call{value: 1_000e18}("");
        assertTrue(sent);
        IAirdrop.Config memory config = _config();
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_Underfunded.selector, 1_200e18 - 1, uint256(1_200e18)));
        airdrop.configure{value: 200e18 - 1}(config);
        airdrop.configure{value: 200e18}(config);
    }

    function test_RevertWhen_NothingIsConfigured() public {
        bytes32[] memory proof = _proof(0);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_Closed.selector, 0));
        vm.prank(alice);
        airdrop.claim(100e18, proof);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_StillOpen.selector, 0));
        airdrop.sweep();
    }

    function test_AnAccountTakesItsAmountOnce() public {
        _configure();
        bytes32[] memory proof = _proof(0);
        vm.startPrank(alice);
        vm.expectEmit(address(airdrop));
        emit IAirdrop.Claimed(alice, 100e18);
        airdrop.claim(100e18, proof);
        assertEq(alice.balance, 100e18);
        assertTrue(airdrop.hasClaimed(alice));
        assertEq(airdrop.taken(), 100e18);
        bytes memory already = abi.encodeWithSelector(IAirdrop.Airdrop_AlreadyClaimed.selector, alice);
        vm.expectRevert(already);
        airdrop.claim(100e18, proof);
        vm.expectRevert(already);
        airdrop.claimAndStake(100e18, 4, proof);
    }

    function test_StakingGivesTheBonusOfTheTier() public {
        _configure();
        for (uint8 tier = 0; tier < 4; ++tier) {
            uint96 bonus = amounts[tier] * tier * 500 / 10_000;
            bytes32[] memory proof = _proof(tier);
            vm.expectEmit(address(airdrop));
            emit IAirdrop.ClaimedAndStaked(accounts[tier], tier, amounts[tier], bonus);
            vm.prank(accounts[tier]);
            airdrop.claimAndStake(amounts[tier], tier, proof);
            assertEq(rewards.position(accounts[tier], tier).staked, amounts[tier] + bonus);
        }
    }

    function test_NeitherPathClosesTheOtherUntilSomethingIsTaken() public {
        _configure();
        bytes32[] memory proof = _proof(3);
        // The wallet refuses value: the claim fails as a whole, and staking is still open.
        wallet.prepare(false, "");
        assertFalse(wallet.call(address(airdrop), abi.encodeCall(Airdrop.claim, (400e18, proof))));
        assertFalse(airdrop.hasClaimed(address(wallet)));
        // A tier that does not exist: the stake fails as a whole, and the wallet is still open.
        assertFalse(wallet.call(address(airdrop), abi.encodeCall(Airdrop.claimAndStake, (400e18, 5, proof))));
        assertFalse(airdrop.hasClaimed(address(wallet)));
        assertTrue(wallet.call(address(airdrop), abi.encodeCall(Airdrop.claimAndStake, (400e18, 4, proof))));
        assertEq(rewards.position(address(wallet), 4).staked, 480e18);
    }

    function test_NobodyElseChoosesForAnAccount() public {
        _configure();
        bytes32[] memory proof = _proof(0);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_InvalidProof.selector, stranger, 100e18));
        airdrop.claim(100e18, proof);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_InvalidProof.selector, stranger, 100e18));
        airdrop.claimAndStake(100e18, 0, proof);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_InvalidSignature.selector, alice));
        airdrop.claimBySig(alice, 100e18, proof, block.timestamp, new bytes(65));
    }

    function testFuzz_RevertWhen_TheAmountIsNotInTheTree(uint96 amount, uint8 i, uint8 k) public {
        i = uint8(bound(i, 0, 3));
        k = uint8(bound(k, 0, 3));
        vm.assume(amount != amounts[i] || i != k);
        _configure();
        bytes32[] memory proof = _proof(k);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_InvalidProof.selector, accounts[i], amount));
        vm.prank(accounts[i]);
        airdrop.claim(amount, proof);
    }

    function test_RevertWhen_AnInnerNodeIsPlayedAsALeaf() public {
        _configure();
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = _proof(0)[1];
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_InvalidProof.selector, alice, 100e18));
        vm.prank(alice);
        airdrop.claim(100e18, proof);
    }

    function test_ASponsorPaysTheGas() public {
        _configure();
        bytes32[] memory proof = _proof(2);
        bytes memory signature = _signClaim(holder, 300e18, block.timestamp);
        vm.startPrank(stranger);
        airdrop.claimBySig(holder, 300e18, proof, block.timestamp, signature);
        assertEq(holder.balance, 300e18);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_AlreadyClaimed.selector, holder));
        airdrop.claimBySig(holder, 300e18, proof, block.timestamp, signature);
    }

    function test_ASponsorPaysTheGasOfAStake() public {
        _configure();
        vm.prank(stranger);
        airdrop.claimAndStakeBySig(
            holder, 300e18, 4, _proof(2), block.timestamp, _signStake(holder, 300e18, 4, block.timestamp)
        );
        assertEq(rewards.position(holder, 4).staked, 360e18);
    }

    function test_AContractWalletSignsToo() public {
        _configure();
        address account = address(wallet);
        airdrop.claimBySig(account, 400e18, _proof(3), block.timestamp, _signClaim(account, 400e18, block.timestamp));
        assertEq(account.balance, 400e18);
    }

    function test_RevertWhen_ASponsorChangesWhatWasSigned() public {
        _configure();
        bytes32[] memory proof = _proof(2);
        bytes memory stake = _signStake(holder, 300e18, 4, block.timestamp);
        bytes memory wrong = abi.encodeWithSelector(IAirdrop.Airdrop_InvalidSignature.selector, holder);
        vm.startPrank(stranger);
        vm.expectRevert(wrong);
        airdrop.claimBySig(holder, 300e18, proof, block.timestamp, stake);
        vm.expectRevert(wrong);
        airdrop.claimAndStakeBySig(holder, 300e18, 3, proof, block.timestamp, stake);
        vm.expectRevert(wrong);
        airdrop.claimAndStakeBySig(holder, 300e18, 4, proof, block.timestamp + 1, stake);
        vm.chainId(10);
        vm.expectRevert(wrong);
        airdrop.claimAndStakeBySig(holder, 300e18, 4, proof, block.timestamp, stake);
    }

    function test_RevertWhen_TheSignatureIsTooOld() public {
        _configure();
        bytes32[] memory proof = _proof(2);
        uint256 validUntil = block.timestamp;
        bytes memory signature = _signClaim(holder, 300e18, validUntil);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_SignatureExpired.selector, validUntil));
        airdrop.claimBySig(holder, 300e18, proof, validUntil, signature);
    }

    function test_AWalletThatCallsAgainTakesOnce() public {
        _configure();
        bytes32[] memory proof = _proof(3);
        wallet.prepare(true, abi.encodeCall(Airdrop.claimAndStake, (400e18, 4, proof)));
        assertTrue(wallet.call(address(airdrop), abi.encodeCall(Airdrop.claim, (400e18, proof))));
        assertFalse(wallet.calledAgain());
        assertEq(address(wallet).balance, 400e18);
        assertEq(rewards.totalStaked(), 0);
    }

    function test_RevertWhen_TheTreePromisesMoreThanTheTotal() public {
        IAirdrop.Config memory config = _config();
        config.total = 299e18;
        vm.deal(address(this), 1_200e18);
        airdrop.configure{value: 1_200e18}(config);
        bytes32[] memory proof = _proof(0);
        vm.prank(alice);
        airdrop.claim(100e18, proof);
        proof = _proof(1);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_TotalExceeded.selector, 299e18, 300e18));
        vm.prank(bob);
        airdrop.claim(200e18, proof);
    }

    function test_EveryoneCanTakeTheGreatestBonus() public {
        _configure();
        for (uint256 i = 0; i < 4; ++i) {
            bytes32[] memory proof = _proof(i);
            vm.prank(accounts[i]);
            airdrop.claimAndStake(amounts[i], 4, proof);
        }
        assertEq(address(airdrop).balance, 0);
        assertEq(rewards.totalStaked(), 1_200e18);
    }

    function test_WhatNobodyTookGoesToTheTreasuryAfterTheDeadline() public {
        _configure();
        uint40 deadline = airdrop.config().deadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_StillOpen.selector, deadline));
        airdrop.sweep();
        bytes32[] memory proof = _proof(0);
        vm.prank(alice);
        airdrop.claim(100e18, proof);
        skip(1);
        proof = _proof(1);
        vm.expectRevert(abi.encodeWithSelector(IAirdrop.Airdrop_Closed.selector, deadline));
        vm.prank(bob);
        airdrop.claim(200e18, proof);
        vm.expectEmit(address(airdrop));
        emit IAirdrop.Swept(1_100e18);
        airdrop.sweep();
        assertEq(treasury.balance, 1_100e18);
    }

    function test_RevertWhen_TheTreasuryRefusesTheRest() public {
        airdrop = Airdrop(
            payable(_proxy(
                    address(new Airdrop(rewards, address(wallet))),
                    abi.encodeCall(Airdrop.initialize, (address(manager)))
                ))
        );
        wallet.prepare(false, "");
        _configure();
        skip(91 days);
        vm.expectRevert(
            abi.encodeWithSelector(IAirdrop.Airdrop_SendFailed.selector, address(wallet), uint256(1_200e18))
        );
        airdrop.sweep();
    }

    function test_RevertWhen_TheTierIsUnknown() public {
        _configure();
        bytes32[] memory proof = _proof(0);
        vm.expectRevert(abi.encodeWithSelector(IStakerRewards.StakerRewards_UnknownTier.selector, 5));
        vm.prank(alice);
        airdrop.claimAndStake(100e18, 5, proof);
    }
}
