import { readFile } from 'node:fs/promises';
import { type AddressBook, AddressBookError, parseAddressBook } from '@openledger/sdk/addresses';
import type { SigningDomain } from '@openledger/sdk/protocol/vouchers';
import {
  type Account,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  type PublicClient,
  type Transport,
  type Chain as ViemChain,
  type WalletClient,
} from 'viem';
import { NodeError, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { withRpc } from './retry.ts';

/** The chain as all roles see it. */
export type Chain = {
  client: PublicClient<Transport, ViemChain>;
  viemChain: ViemChain;
  rpc: string;
  contracts: AddressBook['contracts'];
  startBlock: bigint;
  /** Domain of vouchers. */
  escrow: SigningDomain;
  /** Domain of receipts and notices. */
  settlement: SigningDomain;
};

/** A client that sends transactions. */
export type ChainWallet = WalletClient<Transport, ViemChain, Account>;

export type OpenChainOptions = { rpc: string; deployment: string; log: Log; signal?: AbortSignal };

/** Connects to the chain that the address book is for. Waits for an RPC that is not up yet; refuses another chain. */
export async function openChain(options: OpenChainOptions): Promise<Chain> {
  const { rpc, log, signal } = options;
  const book = await readAddressBook(options.deployment);
  const viemChain = defineChain({
    id: book.chainId,
    name: `OpenLedger ${book.chainId}`,
    nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
    rpcUrls: { default: { http: [rpc] } },
  });
  const client = createPublicClient({
    chain: viemChain,
    transport: http(rpc, { retryCount: 1, timeout: 10_000 }),
    pollingInterval: 250,
    cacheTime: 0,
  });
  const chainId = await withRpc({ log, what: 'connecting', signal }, () => client.getChainId());
  if (chainId !== book.chainId) {
    throw new NodeError(
      'wrong_chain',
      `The RPC at ${rpc} serves chain ${chainId}, and the address book is for chain ${book.chainId}.`,
      'Point --rpc to the right chain, or --deployment to its address book.',
    );
  }
  const { AttributionSettlement: settlement, InferenceEscrow: escrow } = book.contracts;
  const code = await withRpc({ log, what: 'connecting', signal }, () =>
    client.getCode({ address: settlement }),
  );
  if (code === undefined) {
    throw new NodeError(
      'wrong_chain',
      `There is no settlement contract at ${settlement} on chain ${chainId}.`,
      'The chain was started anew: deploy the contracts again, and use a fresh --home.',
    );
  }
  return {
    client,
    viemChain,
    rpc,
    contracts: book.contracts,
    startBlock: BigInt(book.startBlock),
    escrow: { chainId, verifyingContract: escrow },
    settlement: { chainId, verifyingContract: settlement },
  };
}

/** A wallet on the chain. The key stays in this process. */
export function walletOn(chain: Chain, account: Account): ChainWallet {
  return createWalletClient({
    account,
    chain: chain.viemChain,
    transport: http(chain.rpc, { retryCount: 1, timeout: 10_000 }),
    pollingInterval: 250,
    cacheTime: 0,
  });
}

/** Reads `deploy/<chainId>.json`. */
async function readAddressBook(path: string): Promise<AddressBook> {
  let contents: string;
  try {
    contents = await readFile(path, 'utf8');
  } catch (error) {
    throw new NodeError(
      'address_book_unreadable',
      `The address book ${path} cannot be read (${systemCode(error) ?? 'unknown error'}).`,
      'Deploy the contracts first (npm start does), or name the right file with --deployment.',
      { cause: error },
    );
  }
  try {
    return parseAddressBook(contents);
  } catch (error) {
    if (!(error instanceof AddressBookError)) throw error;
    throw new NodeError('address_book_unreadable', `${path}: ${error.message}`, 'Deploy again.', {
      cause: error,
    });
  }
}
