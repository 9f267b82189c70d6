import { describe, expect, it } from 'vitest';
import { AddressBookError, contractNames, parseAddressBook } from './addresses.ts';

const contracts = Object.fromEntries(
  contractNames.map((name, i) => [name, `0x${(i + 1).toString(16).padStart(40, '0')}`]),
);
const book = { chainId: 31337, startBlock: 3, contracts };

describe('the address book', () => {
  it('reads the text of a file and what it parses to alike', () => {
    expect(parseAddressBook(JSON.stringify(book))).toEqual(book);
    expect(parseAddressBook(book, 31337)).toEqual(book);
  });

  it('names the contract that is missing and says how to get it', () => {
    const { DatanetRegistry: _, ...rest } = contracts;
    const read = () => parseAddressBook({ ...book, contracts: rest });
    expect(read).toThrow(AddressBookError);
    expect(read).toThrow(/contracts\.DatanetRegistry[\s\S]*Deploy the contracts again/);
  });

  it('refuses an address that is none', () => {
    const read = () => parseAddressBook({ ...book, contracts: { ...contracts, WETH: '0x12' } });
    expect(read).toThrow(/contracts\.WETH: is not an address/);
  });

  it('refuses the address book of another chain', () => {
    expect(() => parseAddressBook(book, 1)).toThrow(/is for chain 31337, but the RPC answers for chain 1/);
  });

  it('says that a cut-off file is damaged', () => {
    expect(() => parseAddressBook('{"chainId": 313')).toThrow(/not JSON/);
  });
});
