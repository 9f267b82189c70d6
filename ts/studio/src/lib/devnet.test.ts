import { expect, test } from 'vitest';
import { devnetAccount, devnetName } from './devnet.ts';

test('the accounts are those that every development chain unlocks', () => {
  expect(devnetAccount(0).address).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
  expect(devnetAccount(12).address).toBe('0xFABB0ac9d68B0B445fB7357272Ff202C5651694a');
});

test('a devnet address has the name of its role, in any case', () => {
  expect(devnetName(devnetAccount(2).address)).toBe('Contributor 1');
  expect(devnetName(devnetAccount(11).address.toLowerCase() as `0x${string}`)).toBe('Builder');
  expect(devnetName('0x0000000000000000000000000000000000000001')).toBeUndefined();
});
