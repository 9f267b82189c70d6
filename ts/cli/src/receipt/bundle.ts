import type { AddressBook } from '@openledger/sdk/addresses';
import { blobId } from '@openledger/sdk/protocol/store';
import { type Hex, hexToBytes } from 'viem';
import { CliError } from '../error.ts';
import { parseReceiptView, type ReceiptView } from '../thread/receipts.ts';
import type { ReceiptSources } from './sources.ts';

/** A receipt with everything that its verification reads: chain and content store as they answered. */
export type ReceiptBundle = {
  type: 'receipt-bundle';
  version: 1;
  /** The receipt as the node told it. */
  view: string;
  book: AddressBook;
  /** Answers of the chain, by question. */
  chain: Record<string, unknown>;
  /** Blobs by their hash, as hex: a bundle can't give other bytes than were named. */
  blobs: Record<Hex, Hex>;
};

type Question = { address?: unknown; functionName?: unknown; eventName?: unknown; args?: unknown };

/** What a call asks the chain; equal questions have equal answers. */
function keyOf({ address, functionName, eventName, args }: Question): string {
  return encode({ address, functionName, eventName, args });
}

/** Sources that answer as the given ones do, and remember what was asked. */
export function recordingSources(sources: ReceiptSources, view: string) {
  const bundle: ReceiptBundle = {
    type: 'receipt-bundle',
    version: 1,
    view,
    book: sources.book,
    chain: {},
    blobs: {},
  };
  const remember =
    (ask: (question: never) => Promise<unknown>) =>
    async (question: never): Promise<unknown> => {
      const answer = await ask(question);
      bundle.chain[keyOf(question)] = answer;
      return answer;
    };
  const recording = {
    book: sources.book,
    chain: {
      readContract: remember(sources.chain.readContract as never),
      getContractEvents: remember(sources.chain.getContractEvents as never),
    },
    blob: async (hash: Hex) => {
      const bytes = await sources.blob(hash);
      bundle.blobs[hash] = `0x${Buffer.from(bytes).toString('hex')}`;
      return bytes;
    },
  } as ReceiptSources;
  return { sources: recording, encode: () => encode(bundle) };
}

/** Reads a bundle; undefined when the text is something else, such as a receipt alone. */
export function readBundle(text: string): { view: ReceiptView; sources: ReceiptSources } | undefined {
  const bundle = decode(text) as ReceiptBundle;
  if (bundle?.type !== 'receipt-bundle') return undefined;
  if (bundle.version !== 1)
    throw new CliError(`The bundle has version ${bundle.version}; this program reads 1.`);
  const answer = async (question: Question): Promise<unknown> => {
    const key = keyOf(question);
    if (key in bundle.chain) return bundle.chain[key];
    throw new CliError(`The bundle does not say what the chain answers to ${key}.`);
  };
  const sources = {
    book: bundle.book,
    chain: { readContract: answer, getContractEvents: answer },
    blob: async (hash: Hex) => {
      const hex = bundle.blobs[hash];
      if (hex === undefined) throw new CliError(`The bundle has no blob ${hash}.`);
      const bytes = hexToBytes(hex) as Uint8Array<ArrayBuffer>;
      if (blobId(bytes) !== hash) throw new CliError(`The bundle has other bytes under ${hash}.`);
      return bytes;
    },
  } as unknown as ReceiptSources;
  return { view: parseReceiptView(bundle.view), sources };
}

/** JSON with integers beyond 2⁵³ as `{"$bigint": "…"}`. */
function encode(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? { $bigint: one.toString() } : one));
}

function decode(text: string): unknown {
  return JSON.parse(text, (_, one) =>
    typeof one === 'object' && one !== null && typeof one.$bigint === 'string' ? BigInt(one.$bigint) : one,
  );
}
