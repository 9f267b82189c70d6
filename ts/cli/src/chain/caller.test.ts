import type { AddressBook } from '@openledger/sdk/addresses';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, it } from 'vitest';
import { callerAccount, goOnline } from './caller.ts';

const key = `0x${'01'.repeat(32)}` as const;
const on = (chainId: number) => ({ book: { chainId } as AddressBook });

it('takes the key from the environment, and says what is wrong with it without showing it', () => {
  const { address } = privateKeyToAccount(key);
  expect(callerAccount(on(10), {}, 'A_KEY', { A_KEY: key }).address).toBe(address);
  expect(() => callerAccount(on(10), {}, 'A_KEY', {})).toThrow('A_KEY is not set');
  const cut = key.slice(0, -2);
  expect(() => callerAccount(on(10), {}, 'A_KEY', { A_KEY: cut })).toThrow(/^A_KEY is not a private key/);
  expect(() => callerAccount(on(10), {}, 'A_KEY', { A_KEY: cut })).not.toThrow(cut);
});

it('lends accounts of the devnet on the devnet only', () => {
  expect(callerAccount(on(31_337), { account: '0' }, 'A_KEY', {}).address).toBe(
    '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
  );
  expect(() => callerAccount(on(10), { account: '0' }, 'A_KEY', { A_KEY: key })).toThrow('for the devnet');
  expect(() => callerAccount(on(31_337), { account: '-1' }, 'A_KEY', {})).toThrow('number of an account');
});

it('says which file and which chain it misses', async () => {
  await expect(goOnline({ deployment: '/nowhere.json' })).rejects.toThrow('no address book at /nowhere.json');
});
