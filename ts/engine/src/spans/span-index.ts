import { allocateIndex, type IndexMemory, type KernelSearch } from './index-memory.ts';
import { sortSuffixes } from './sort.ts';
import type { Symbols } from './suffix-array.ts';
import { fillTables, type Tables } from './tables.ts';

/** A contribution's content, to be searched for spans of an answer. */
export type SpanDocument = { readonly asset: number; readonly bytes: Uint8Array };

/** A contribution as tokens. No match runs from one piece into the next; `srcOff` counts each piece's end as one. */
export type TokenDocument = { readonly asset: number; readonly pieces: readonly ArrayLike<number>[] };

/** Where a contribution lies within the text, in symbols; the end that follows it is not counted. */
export type IndexedDocument = { readonly asset: number; readonly start: number; readonly length: number };

/**
 * All suffixes of some contributions in order. Symbols are bytes or tokens, plus one; a zero ends every piece, so
 * that no match runs from one into the next. 6 bytes a symbol while they fit 16 bits, 8 else; the tables add 1/8.
 */
export type SpanIndex = {
  readonly documents: readonly IndexedDocument[];
  readonly text: Uint16Array | Int32Array;
  /** Starts of the suffixes within `text`, in lexicographic order, without those of pieces' ends. */
  readonly suffixes: Int32Array;
  readonly tables: Tables;
  /** Set when the arrays lie in WebAssembly's memory. */
  readonly search?: KernelSearch;
};

/** The largest symbol of a byte index. */
export const BYTE_SYMBOLS = 256;
/** Tokens from here on would need tables out of proportion. */
const TOKEN_LIMIT = 1 << 24;

/** Indexes the contents of an adapter's contributions by bytes, as payment needs them. */
export function buildSpanIndex(documents: readonly SpanDocument[]): SpanIndex {
  return indexOf(layOut(documents.map(({ asset, bytes }) => ({ asset, pieces: [bytes] }))), BYTE_SYMBOLS);
}

/**
 * Indexes tokenized contributions.
 *
 * @param vocabulary How many tokens there are; 16 bits a token up to 65,535, else 32.
 */
export function buildTokenIndex(documents: readonly TokenDocument[], vocabulary: number): SpanIndex {
  if (!Number.isInteger(vocabulary) || vocabulary < 1 || vocabulary > TOKEN_LIMIT) {
    throw new Error(`A vocabulary has 1 to ${TOKEN_LIMIT} tokens, not ${vocabulary}. Number tokens densely.`);
  }
  return indexOf(layOut(documents, vocabulary), vocabulary);
}

/** A text with its contributions, before it is sorted. */
export type LaidOut = Pick<SpanIndex, 'documents' | 'text'>;

/** Puts contributions one after the other. Symbols are tokens plus one, so `vocabulary` is the largest. */
export function layOut(documents: readonly TokenDocument[], vocabulary = BYTE_SYMBOLS): LaidOut {
  if (new Set(documents.map(({ asset }) => asset)).size < documents.length) {
    throw new Error('Two documents have the same asset. Index each contribution once.');
  }
  let size = 0;
  for (const { pieces } of documents) for (const piece of pieces) size += piece.length + 1;
  const text =
    vocabulary < 1 << 16
      ? new Uint16Array(new SharedArrayBuffer(size * 2))
      : new Int32Array(new SharedArrayBuffer(size * 4));
  let at = 0;
  const placed = documents.map(({ asset, pieces }) => {
    const start = at;
    for (const piece of pieces) {
      for (let i = 0; i < piece.length; i += 1) {
        const token = piece[i];
        if (!(token >= 0 && token < vocabulary)) {
          throw new Error(`Token ${token} of asset ${asset} is outside the vocabulary of ${vocabulary}.`);
        }
        text[at++] = token + 1;
      }
      at += 1;
    }
    return { asset, start, length: Math.max(0, at - start - 1) };
  });
  return { documents: placed, text };
}

/**
 * The index of a text. Memory: the text, 4 bytes a symbol, and up to 8 more while it is sorted.
 *
 * @param sorted The text's suffix array, if it is known.
 */
export function indexOf(laidOut: LaidOut, largest: number, sorted?: Int32Array): SpanIndex {
  const { documents, text } = laidOut;
  const ends = countOf(text, 0);
  // The suffixes that start with a piece's end come first; they match nothing.
  const suffixes = (sorted ?? sortSuffixes(text, largest)).subarray(ends);
  return indexFrom(documents, text, suffixes, largest);
}

/** The index of a text and its suffixes, which are copied to where they are searched. */
function indexFrom(
  documents: readonly IndexedDocument[],
  text: Uint16Array | Int32Array,
  suffixes: Int32Array,
  largest: number,
): SpanIndex {
  const width = text instanceof Uint16Array ? 2 : 4;
  const memory = allocateIndex({ width, symbols: text.length, suffixes: suffixes.length, largest });
  memory.text.set(text);
  memory.suffixes.set(suffixes);
  return indexIn(memory, documents, largest);
}

/** The index whose text and suffixes have been put into its memory. */
export function indexIn(
  memory: IndexMemory,
  documents: readonly IndexedDocument[],
  largest: number,
): SpanIndex {
  const { text, suffixes, firsts, keys, search } = memory;
  const tables = { largest, firsts, keys };
  fillTables(text, suffixes, tables);
  return { documents, text, suffixes, tables, search };
}

/**
 * The index without some contributions, as if they had never been there: their suffixes go, and with them every
 * count and neighbour; only their text stays, which nothing refers to. One pass, no sorting.
 */
export function withoutAssets(index: SpanIndex, assets: ReadonlySet<number>): SpanIndex {
  const { text } = index;
  const gone = new Uint8Array((text.length >> 3) + 1);
  const documents: IndexedDocument[] = [];
  for (const document of index.documents) {
    if (!assets.has(document.asset)) documents.push(document);
    else for (let i = 0; i < document.length; i += 1) mark(gone, document.start + i);
  }
  if (documents.length === index.documents.length) return index;
  const suffixes = index.suffixes.filter((place) => (gone[place >> 3] & (1 << (place & 7))) === 0);
  return indexFrom(documents, text, suffixes, index.tables.largest);
}

/** Number of the document that a place in the text belongs to. */
export function documentAt(documents: readonly IndexedDocument[], place: number): number {
  let low = 0;
  let high = documents.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (documents[middle].start <= place) low = middle;
    else high = middle;
  }
  return low;
}

function mark(bits: Uint8Array, place: number): void {
  bits[place >> 3] |= 1 << (place & 7);
}

function countOf(text: Symbols, symbol: number): number {
  let count = 0;
  for (let i = 0; i < text.length; i += 1) if (text[i] === symbol) count += 1;
  return count;
}
