import type { Hex } from 'viem';
import type { ThreadContext } from '../thread/context.ts';
import { getBlob } from '../thread/store.ts';

/** Where the verification of a receipt reads: the chain and a content store, or a bundle of what they answered. */
export type ReceiptSources = Pick<ThreadContext, 'book'> & {
  chain: Pick<ThreadContext['chain'], 'readContract' | 'getContractEvents'>;
  /** A blob, checked against its hash. */
  blob(hash: Hex): Promise<Uint8Array<ArrayBuffer>>;
};

/** The live chain and the node's content store. */
export function liveSources(context: Pick<ThreadContext, 'config' | 'book' | 'chain'>): ReceiptSources {
  return { book: context.book, chain: context.chain, blob: (hash) => getBlob(context, hash) };
}
