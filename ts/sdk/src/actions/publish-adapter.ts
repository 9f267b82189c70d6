import type { Hex } from 'viem';
import { readContract } from 'viem/actions';
import { modelRegistryAbi } from '../generated/abis.ts';
import type { Prices } from '../protocol/receipts.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

/** What an adapter's owner commits to for ever. */
export type AdapterTerms = {
  parent: number;
  adapterHash: Hex;
  runId: Hex;
  royaltyBps: number;
  /** Bits of `SCHEME`. */
  scheme: number;
  /** Depth of the sparse trees below; see `sparseDepth`. */
  treeDepth: number;
  sigmaCap: number;
  sketchRoot: Hex;
  corpusRoot: Hex;
  baselineRoot: Hex;
  basisHash: Hex;
  /** Ascending. */
  datanets: number[];
  /** SPDX id; every datanet must allow it. */
  licence: string;
  uri: string;
};

/** Publishes an adapter of a finished run of the caller's. Sends the publication bond along. */
export async function publishAdapter(
  client: ActionClient,
  parameters: OnChain & { terms: AdapterTerms; prices: Prices },
): Promise<Sent & { modelId: number }> {
  const { book, terms, prices } = parameters;
  const bond = await readContract(client, {
    address: book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    functionName: 'publicationBond',
  });
  const sent = await transact(client, {
    book,
    contract: 'ModelRegistry',
    abi: modelRegistryAbi,
    functionName: 'publishAdapter',
    args: [terms, prices],
    value: bond,
  });
  return { ...sent, modelId: eventOf(sent.receipt, modelRegistryAbi, 'AdapterPublished').modelId };
}
