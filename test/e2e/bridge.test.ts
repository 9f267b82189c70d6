import { type Hex, parseAbi, parseEther } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portalAbi, type Withdrawal } from '../../ts/sdk/src/actions/bridge.ts';
import { depositOpen } from '../../ts/sdk/src/actions/deposit-open.ts';
import { finalizeWithdrawal } from '../../ts/sdk/src/actions/finalize-withdrawal.ts';
import { proveWithdrawal } from '../../ts/sdk/src/actions/prove-withdrawal.ts';
import { withdrawOpen } from '../../ts/sdk/src/actions/withdraw-open.ts';
import { account, finalizationPeriod, type Rollup, startRollup, wait } from './rollup.ts';

const tokenAbi = parseAbi([
  'function balanceOf(address) view returns (uint256)',
  'function totalSupply() view returns (uint256)',
]);
const l1BlockAbi = parseAbi([
  'function gasPayingToken() view returns (address, uint8)',
  'function isCustomGasToken() view returns (bool)',
]);
const nameAbi = parseAbi([
  'function name() view returns (string)',
  'function symbol() view returns (string)',
]);

/** The holder of the supply on L1, who deposits. */
const user = account(0).address;
const friend = account(5).address;

describe('the bridge with the bytecode of the OP Stack', () => {
  let rollup: Rollup;
  let withdrawal: Withdrawal;
  let withdrawnAt: bigint;
  /** What the user has paid for gas on L2. */
  let spent = 0n;

  const onL1 = (holder: Hex) =>
    rollup.l1.readContract({
      address: rollup.bridge.token,
      abi: tokenAbi,
      functionName: 'balanceOf',
      args: [holder],
    });
  const onL2 = (address: Hex) => rollup.l2.getBalance({ address });
  const escrowed = () => onL1(rollup.bridge.portal);

  beforeAll(async () => {
    rollup = await startRollup();
  });
  afterAll(() => rollup?.stop());

  it('tells the rollup that OPEN is its coin', async () => {
    const l1Block = { address: '0x4200000000000000000000000000000000000015', abi: l1BlockAbi } as const;
    expect(await rollup.l2.readContract({ ...l1Block, functionName: 'isCustomGasToken' })).toBe(true);
    const [token, decimals] = await rollup.l2.readContract({ ...l1Block, functionName: 'gasPayingToken' });
    expect(token.toLowerCase()).toBe(rollup.bridge.token.toLowerCase());
    expect(decimals).toBe(18);
    const weth = { address: '0x4200000000000000000000000000000000000006', abi: nameAbi } as const;
    expect(await rollup.l2.readContract({ ...weth, functionName: 'symbol' })).toBe('WOPEN');
    expect(await rollup.circulating()).toBe(0n);
  });

  it('deposits 250 OPEN', async () => {
    const before = await onL1(user);
    const { receipt, l2Hash } = await depositOpen(rollup.l1, {
      bridge: rollup.bridge,
      amount: parseEther('250'),
    });
    expect(await rollup.derive(receipt)).toEqual([l2Hash]);
    expect(before - (await onL1(user))).toBe(parseEther('250'));
    expect(await escrowed()).toBe(parseEther('250'));
    expect(await onL2(user)).toBe(parseEther('250'));
    expect(await rollup.circulating()).toBe(parseEther('250'));
  });

  it('deposits for somebody else', async () => {
    const { receipt } = await depositOpen(rollup.l1, {
      bridge: rollup.bridge,
      amount: 7n,
      to: friend,
    });
    await rollup.derive(receipt);
    expect(await onL2(friend)).toBe(7n);
    expect(await escrowed()).toBe(parseEther('250') + 7n);
  });

  it('refuses deposits of ETH', async () => {
    const deposit = rollup.l1.simulateContract({
      address: rollup.bridge.portal,
      abi: [
        ...portalAbi,
        ...parseAbi(['function depositTransaction(address,uint256,uint64,bool,bytes) payable']),
      ],
      functionName: 'depositTransaction',
      args: [user, 1n, 100_000n, false, '0x'],
      value: 1n,
    });
    await expect(deposit).rejects.toThrow('NoValue');
    const plain = rollup.l1.estimateGas({ account: user, to: rollup.bridge.portal, value: 1n });
    await expect(plain).rejects.toThrow();
  });

  it('pays for gas in OPEN', async () => {
    const hash = await rollup.l2.sendTransaction({ to: friend, value: parseEther('1'), chain: null });
    const { gasUsed, effectiveGasPrice } = await rollup.l2.waitForTransactionReceipt({ hash });
    spent += gasUsed * effectiveGasPrice;
    expect(spent).toBeGreaterThan(0n);
    expect(await onL2(user)).toBe(parseEther('249') - spent);
    expect(await onL2(friend)).toBe(parseEther('1') + 7n);
    expect(await rollup.circulating()).toBe(await escrowed());
  });

  it('withdraws 40 OPEN', async () => {
    const sent = await withdrawOpen(rollup.l2, { amount: parseEther('40') });
    withdrawal = sent.withdrawal;
    withdrawnAt = sent.receipt.blockNumber;
    spent += sent.receipt.gasUsed * sent.receipt.effectiveGasPrice;
    expect(await onL2(user)).toBe(parseEther('209') - spent);
    expect(await rollup.circulating()).toBe((await escrowed()) - parseEther('40'));
  });

  it('proves the withdrawal against an output of the rollup', async () => {
    const { bridge, l1, l2 } = rollup;
    const prove = () => proveWithdrawal(l1, { bridge, l2, withdrawal, blockNumber: withdrawnAt });
    await expect(prove()).rejects.toThrow();
    await rollup.propose();
    await prove();
  });

  it('finalizes it once the period is over, and only once', async () => {
    const { bridge, l1 } = rollup;
    await expect(finalizeWithdrawal(l1, { bridge, withdrawal })).rejects.toThrow('has not elapsed');
    await wait(l1, finalizationPeriod + 1);
    const before = await onL1(user);
    await finalizeWithdrawal(l1, { bridge, withdrawal });
    expect((await onL1(user)) - before).toBe(parseEther('40'));
    await expect(finalizeWithdrawal(l1, { bridge, withdrawal })).rejects.toThrow('already been finalized');
  });

  it('leaves as much in the portal as circulates on the rollup, and the supply as it was', async () => {
    expect(await escrowed()).toBe(parseEther('210') + 7n);
    expect(await rollup.circulating()).toBe(await escrowed());
    const supply = await rollup.l1.readContract({
      address: rollup.bridge.token,
      abi: tokenAbi,
      functionName: 'totalSupply',
    });
    expect(supply).toBe(parseEther('1000000000'));
  });
});
