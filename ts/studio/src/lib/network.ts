import { type ContractName, parseAddressBook } from '@openledger/sdk/addresses';
import { type Address, createPublicClient, http } from 'viem';
import { z } from 'zod';

/** Where everything is that the studio talks to. It is read at run time, so one build serves every network. */
export type Network = {
  chainId: number;
  startBlock: number;
  rpcUrl: string;
  indexerUrl: string;
  nodeUrl: string;
  /**
   * Tells this chain from another one with the same id and addresses, as a devnet that was made again has: the
   * hash of its first block with the protocol.
   */
  instance: string;
  contracts: Record<ContractName, Address>;
};

const urls = z.object({ rpcUrl: z.url(), indexerUrl: z.url(), nodeUrl: z.url() });

/** The chain id of the local development network, whose accounts anybody knows. */
export const DEVNET_CHAIN_ID = 31337;

/** Reads `/network.json`; the error says what to do. */
export async function loadNetwork(): Promise<Network> {
  const response = await fetch('/network.json', { cache: 'no-store' }).catch(() => undefined);
  if (response === undefined)
    throw new Error('The studio’s server does not answer. Start it with `npm start`.');
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const known = z.object({ error: z.string() }).safeParse(body);
    throw new Error(
      known.success ? known.data.error : 'The network’s description is missing. Run `npm start`.',
    );
  }
  const book = parseAddressBook(body);
  const places = urls.parse(body);
  const client = createPublicClient({ transport: http(places.rpcUrl, { retryCount: 0 }) });
  const first = await client.getBlock({ blockNumber: BigInt(book.startBlock) }).catch(() => undefined);
  if (first === undefined) {
    throw new Error(
      `The chain at ${places.rpcUrl} does not answer yet. Start the network with \`npm start\`.`,
    );
  }
  return { ...book, ...places, instance: first.hash };
}
