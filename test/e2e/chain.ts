import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AddressBook, parseAddressBook } from '@openledger/sdk/addresses';
import { createTestClient, http, type LocalAccount, publicActions } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { inject } from 'vitest';
import { ACCOUNTS, startAnvil } from './anvil.ts';
import { root } from './ports.ts';

const MNEMONIC = 'test test test test test test test test test test test junk';

/** A chain of its own with all contracts deployed, for one test file. */
export type TestChain = {
  rpc: string;
  deployment: string;
  book: AddressBook;
  account(index: number): LocalAccount;
  key(index: number): `0x${string}`;
  /** Moves the chain's clock and mines a block. */
  travel(seconds: number): Promise<void>;
  /** Stops the chain's clock, so that no window ends because the machine is slow. */
  stopClock(): Promise<void>;
  /** Mines a block at this time; a stopped clock stands there then. */
  travelTo(timestamp: number): Promise<void>;
  /** Stops and starts the RPC, keeping the chain. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
};

/** Starts anvil on a free port with what `setup.ts` has deployed. */
export async function startChain(): Promise<TestChain> {
  const { state, book } = JSON.parse(readFileSync(inject('savedChain'), 'utf8'));
  const anvil = await startAnvil(...ACCOUNTS);
  const deployment = join(root, 'deploy/dist', `test-${process.pid}-${new URL(anvil.rpc).port}.json`);
  const client = createTestClient({
    mode: 'anvil',
    chain: foundry,
    transport: http(anvil.rpc),
    pollingInterval: 50,
  }).extend(publicActions);
  const account = (index: number) => mnemonicToAccount(MNEMONIC, { addressIndex: index });
  const close = async () => {
    rmSync(deployment, { force: true });
    await anvil.close();
  };
  try {
    await client.loadState({ state });
    mkdirSync(join(root, 'deploy/dist'), { recursive: true });
    writeFileSync(deployment, book);
    return {
      rpc: anvil.rpc,
      deployment,
      book: parseAddressBook(book),
      account,
      key: (index) => `0x${Buffer.from(account(index).getHdKey().privateKey!).toString('hex')}`,
      travel: async (seconds) => {
        await client.increaseTime({ seconds });
        await client.mine({ blocks: 1 });
      },
      stopClock: () => client.setBlockTimestampInterval({ interval: 0 }),
      travelTo: async (timestamp) => {
        await client.setNextBlockTimestamp({ timestamp: BigInt(timestamp) });
        await client.mine({ blocks: 1 });
      },
      pause: () => void anvil.process.kill('SIGSTOP'),
      resume: () => void anvil.process.kill('SIGCONT'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
