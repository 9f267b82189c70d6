import { existsSync, readFileSync } from 'node:fs';
import { type AddressBook, parseAddressBook } from '@openledger/sdk/addresses';
import { createPublicClient, createWalletClient, defineChain, type Hex, http, nonceManager } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { ACCOUNT, CHAIN_ID, type DevnetConfig, MNEMONIC } from '../devnet/config.ts';
import { CliError } from '../error.ts';

/** Everything that a step of the thread works with. */
export type ThreadContext = {
  config: DevnetConfig;
  book: AddressBook;
  chain: ReturnType<typeof publicClient>;
  /** The operator's secret for `POST /v1/settle`. */
  operatorToken: string;
  /** Says what is happening, in one line. */
  say: (line: string) => void;
};

/** A wallet client of one of the devnet's accounts. */
export type Wallet = ReturnType<typeof walletOf>;

/** Reads the address book and connects to the chain. */
export async function openContext(
  config: DevnetConfig,
  operatorToken: string,
  say: (line: string) => void,
): Promise<ThreadContext> {
  if (!existsSync(config.deployment))
    throw new CliError(`There is no address book at ${config.deployment}. Run \`npm start\` first.`);
  const book = parseAddressBook(readFileSync(config.deployment, 'utf8'), CHAIN_ID);
  return { config, book, chain: publicClient(config), operatorToken, say };
}

const devnetChain = (config: DevnetConfig) =>
  defineChain({
    id: CHAIN_ID,
    name: 'OpenLedger devnet',
    nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
    rpcUrls: { default: { http: [config.urls.rpc] } },
  });

const publicClient = (config: DevnetConfig) =>
  createPublicClient({ chain: devnetChain(config), transport: http(), pollingInterval: 50, cacheTime: 0 });

/** The devnet's account with this index, as a viem account. */
export const accountOf = (index: number) =>
  mnemonicToAccount(MNEMONIC, { addressIndex: index, nonceManager });

/** A wallet for the devnet's account with this index. */
export function walletOf(context: Pick<ThreadContext, 'config'>, index: number) {
  return createWalletClient({
    account: accountOf(index),
    chain: devnetChain(context.config),
    transport: http(),
    pollingInterval: 50,
  });
}

/** The address of the devnet's account with this index. */
export const addressOf = (index: number): Hex => accountOf(index).address;

/** The nine contributors' account indexes. */
export const CONTRIBUTORS = Array.from({ length: 9 }, (_, i) => ACCOUNT.firstContributor + i);

/** One JSON answer of the node's HTTP interface. */
export async function nodeJson<T>(
  context: Pick<ThreadContext, 'config'>,
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<T> {
  const { node } = context.config.urls;
  const response = await fetch(`${node}${path}`, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: { 'content-type': 'application/json', ...init.headers },
    body: init.body === undefined ? undefined : JSON.stringify(init.body),
  }).catch((cause: unknown) => {
    throw new CliError(`The node at ${node} does not answer. \`npm start\` starts it.`, { cause });
  });
  const text = await response.text();
  if (!response.ok)
    throw new CliError(`The node answered ${response.status} to ${path}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}
