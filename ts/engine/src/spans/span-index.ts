import { createHash } from 'node:crypto';
import { fromUtf8, utf8 } from '@openledger/sdk/protocol/bytes';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import { z } from 'zod';
import { suffixArray } from './suffix-array.ts';

/** A contribution's content, to be searched for spans of an answer. */
export type SpanDocument = { readonly asset: number; readonly bytes: Uint8Array };

/**
 * All suffixes of some contributions in order. Symbols are bytes plus one; a zero ends every document, so that no
 * match runs from one into the next.
 */
export type SpanIndex = {
  readonly documents: readonly { readonly asset: number; readonly start: number; readonly length: number }[];
  readonly text: Uint16Array;
  /** Starts of the suffixes within `text`, in lexicographic order. */
  readonly suffixes: Int32Array;
  /** Per document its places in `suffixes`, ascending. */
  readonly ranks: readonly Int32Array[];
  /** Place of the first suffix that starts with two symbols, under first · 257 + second. */
  readonly pairs: Int32Array;
};

export const SYMBOLS = 257;
const MAGIC = 'OPENLEDGER SPANS';
const CHECKSUM = 32;

const headerSchema = z.strictObject({
  type: z.literal('span-index'),
  version: z.literal(1),
  documents: z.array(
    z.strictObject({ asset: z.number().int().positive(), length: z.number().int().nonnegative() }),
  ),
});

/** Indexes the contents of an adapter's contributions. */
export function buildSpanIndex(documents: readonly SpanDocument[]): SpanIndex {
  const assets = new Set(documents.map(({ asset }) => asset));
  if (assets.size < documents.length) {
    throw new Error('Two documents have the same asset. Index each contribution once.');
  }
  const text = textOf(documents);
  // The suffixes that start with a document's end come first; they match nothing.
  const suffixes = suffixArray(text, SYMBOLS - 1).slice(documents.length);
  return complete(
    documents.map(({ asset, bytes }) => ({ asset, length: bytes.length })),
    text,
    suffixes,
  );
}

/** The index as one file: magic, checksum (SHA-256 of the rest), header, contents, suffix array (little-endian). */
export function encodeSpanIndex(index: SpanIndex): Uint8Array {
  const documents = index.documents.map(({ asset, length }) => ({ asset, length }));
  const json = canonicalBytes({ type: 'span-index', version: 1, documents });
  const contents = index.suffixes.length;
  const start = MAGIC.length + CHECKSUM + 4 + json.length;
  const bytes = new Uint8Array(start + contents + contents * 4);
  bytes.set(utf8(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setUint32(MAGIC.length + CHECKSUM, json.length, true);
  bytes.set(json, MAGIC.length + CHECKSUM + 4);
  let offset = start;
  for (const document of index.documents) {
    for (let i = 0; i < document.length; i += 1) bytes[offset + i] = index.text[document.start + i] - 1;
    offset += document.length;
  }
  const { suffixes } = index;
  bytes.set(new Uint8Array(suffixes.buffer, suffixes.byteOffset, suffixes.byteLength), offset);
  bytes.set(checksumOf(bytes), MAGIC.length);
  return bytes;
}

/** Reads what `encodeSpanIndex` wrote. */
export function decodeSpanIndex(bytes: Uint8Array): SpanIndex {
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw new Error('This is not a span index. Build it again from the contributions.');
  const checksum = bytes.subarray(MAGIC.length, MAGIC.length + CHECKSUM);
  if (Buffer.compare(checksum, checksumOf(bytes)) !== 0) {
    throw new Error('The span index is damaged. Build it again from the contributions.');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.length + CHECKSUM + 4;
  let offset = start + view.getUint32(start - 4, true);
  const header = headerSchema.parse(JSON.parse(fromUtf8(bytes.subarray(start, offset))));
  const documents = header.documents.map(({ asset, length }) => {
    const content = bytes.subarray(offset, offset + length);
    offset += length;
    return { asset, bytes: content };
  });
  const suffixes = new Int32Array(new Uint8Array(bytes.subarray(offset)).buffer);
  return complete(header.documents, textOf(documents), suffixes);
}

/** Number of the document that a place in the text belongs to. */
export function documentAt(index: SpanIndex, position: number): number {
  const { documents } = index;
  let low = 0;
  let high = documents.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (documents[middle].start <= position) low = middle;
    else high = middle;
  }
  return low;
}

function textOf(documents: readonly SpanDocument[]): Uint16Array {
  const text = new Uint16Array(documents.reduce((sum, { bytes }) => sum + bytes.length + 1, 0));
  let start = 0;
  for (const { bytes } of documents) {
    for (let i = 0; i < bytes.length; i += 1) text[start + i] = bytes[i] + 1;
    start += bytes.length + 1;
  }
  return text;
}

function complete(
  lengths: readonly { readonly asset: number; readonly length: number }[],
  text: Uint16Array,
  suffixes: Int32Array,
): SpanIndex {
  let start = 0;
  const documents = lengths.map(({ asset, length }) => {
    const document = { asset, start, length };
    start += length + 1;
    return document;
  });
  const ranks = documents.map(({ length }) => new Int32Array(length));
  const filled = new Int32Array(documents.length);
  const pairs = new Int32Array(SYMBOLS * SYMBOLS + 1);
  const index = { documents, text, suffixes, ranks, pairs };
  for (let rank = 0; rank < suffixes.length; rank += 1) {
    const position = suffixes[rank];
    const document = documentAt(index, position);
    ranks[document][filled[document]++] = rank;
    pairs[text[position] * SYMBOLS + text[position + 1] + 1] += 1;
  }
  for (let pair = 0; pair < pairs.length - 1; pair += 1) pairs[pair + 1] += pairs[pair];
  return index;
}

function checksumOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(bytes.subarray(MAGIC.length + CHECKSUM))
    .digest();
}
