import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AddressBook, parseAddressBook } from '@openledger/sdk/addresses';
import type { Command } from 'commander';
import {
  type Account,
  type Chain,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  isHex,
  type PublicClient,
  type Transport,
  type WalletClient,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { CHAIN_ID, readConfig } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import { accountOf } from '../thread/context.ts';

/** Flags of commands that act with a key of the caller's, on any chain. */
export type CallerFlags = { rpc?: string; deployment?: string; account?: string; json?: boolean };

/** A chain with the protocol's contracts. */
export type Online = { book: AddressBook; chain: PublicClient<Transport, Chain>; rpc: string; home: string };

export type CallerWallet = WalletClient<Transport, Chain, Account>;

/** More blocks than this at once are refused by many RPCs. */
const MAX_RANGE = 10_000n;

/** Adds {@link CallerFlags} to a command. `variable`: where the environment has the key. */
export function callerOptions(command: Command, variable: string): Command {
  return command
    .option('--rpc <url>', 'JSON-RPC of the chain; default: OPENLEDGER_RPC_URL, else the devnet')
    .option('--deployment <file>', 'its address book; default: OPENLEDGER_DEPLOYMENT, else the devnet’s')
    .option('--account <index>', `an account of the devnet, instead of the key in ${variable}`)
    .option('--json', 'print JSON');
}

/** Reads the address book and connects to its chain. */
export async function goOnline(flags: CallerFlags, env: NodeJS.ProcessEnv = process.env): Promise<Online> {
  const config = readConfig(env);
  const path = flags.deployment === undefined ? config.deployment : resolve(flags.deployment);
  if (!existsSync(path))
    throw new CliError(
      `There is no address book at ${path}. Name it with --deployment, or run \`npm start\`.`,
    );
  const book = parseAddressBook(readFileSync(path, 'utf8'));
  const rpc = flags.rpc ?? env.OPENLEDGER_RPC_URL ?? config.urls.rpc;
  const { chainId } = book;
  const chain = createPublicClient({
    chain: defineChain({
      id: chainId,
      name: `OpenLedger ${chainId}`,
      nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
      rpcUrls: { default: { http: [rpc] } },
    }),
    transport: http(rpc),
    pollingInterval: 250,
    cacheTime: 0,
  });
  const served = await chain.getChainId().catch((cause: unknown) => {
    throw new CliError(`The chain at ${rpc} does not answer. Name it with --rpc.`, { cause });
  });
  if (served !== chainId)
    throw new CliError(`${rpc} serves chain ${served}, and ${path} is for chain ${chainId}.`);
  return { book, chain, rpc, home: config.home };
}

/** The caller's account: of the key in the environment, or of the devnet. */
export function callerAccount(
  { book }: Pick<Online, 'book'>,
  flags: CallerFlags,
  variable: string,
  env: NodeJS.ProcessEnv = process.env,
): Account {
  if (flags.account !== undefined) {
    const index = Number(flags.account);
    if (book.chainId !== CHAIN_ID)
      throw new CliError(`--account is for the devnet. Put your key into ${variable}.`);
    if (!Number.isSafeInteger(index) || index < 0)
      throw new CliError('--account is the number of an account.');
    return accountOf(index);
  }
  const key = env[variable];
  if (key === undefined)
    throw new CliError(
      `${variable} is not set. Put the private key there: flags can be seen by other users of the machine.`,
    );
  if (!isHex(key) || key.length !== 66)
    throw new CliError(`${variable} is not a private key: 0x and 64 hexadecimal digits.`);
  return privateKeyToAccount(key);
}

/** What sends the caller's transactions. */
export function callerWallet({ chain, rpc }: Online, account: Account): CallerWallet {
  return createWalletClient({ account, chain: chain.chain, transport: http(rpc), pollingInterval: 250 });
}

/** Reads events of all blocks since the deployment, range by range. */
export async function inRanges<T>(
  { book, chain }: Online,
  read: (range: { fromBlock: bigint; toBlock: bigint }) => Promise<T[]>,
): Promise<T[]> {
  const head = await chain.getBlockNumber();
  const found: T[] = [];
  for (let fromBlock = BigInt(book.startBlock); fromBlock <= head; fromBlock += MAX_RANGE) {
    const last = fromBlock + MAX_RANGE - 1n;
    found.push(...(await read({ fromBlock, toBlock: last < head ? last : head })));
  }
  return found;
}

/** A 32-byte id from the command line. */
export function parseId(text: string, what: string): Hex {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex;
  throw new CliError(`"${text}" is not the id of a ${what}: 0x and 64 hexadecimal digits.`);
}

/** A time of the chain, for people. */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
