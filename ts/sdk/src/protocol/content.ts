import type { Hex } from 'viem';
import {
  type BytesLike,
  concat,
  fixed,
  fromUtf8,
  keccak,
  taggedHash,
  toBytes,
  toHex,
  uint,
} from './bytes.ts';
import { type PlainTree, plainTree } from './trees.ts';

const WORD_BYTES = 32;
const NEWLINE = 0x0a;

/** Number of 32-byte words that hold `byteLength` bytes. */
export function wordCount(byteLength: number): number {
  return Math.ceil(byteLength / WORD_BYTES);
}

/** The 32-byte words of some bytes, the last one filled with zeros. */
export function words(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: wordCount(bytes.length) }, (_, index) => {
    const word = new Uint8Array(WORD_BYTES);
    word.set(bytes.subarray(index * WORD_BYTES, (index + 1) * WORD_BYTES));
    return word;
  });
}

/** Leaf of one word of a contribution's content. */
export function hashContentWord(word: BytesLike): Hex {
  return taggedHash(0x20, fixed(word, WORD_BYTES, 'word'));
}

/** Plain tree over a content's words. Its root is the contribution's `contentRoot`. */
export function contentTree(content: Uint8Array): PlainTree {
  return plainTree(words(content).map(hashContentWord));
}

/** Leaf of one word of an answer. The salt keeps short private answers from being guessed. */
export function hashOutputWord(salt: Hex, index: number, word: BytesLike): Hex {
  return taggedHash(0x21, outputWordSalt(salt, index), fixed(word, WORD_BYTES, 'word'));
}

/** The salt of one word, derived from the receipt's: it can be opened without the others. */
export function outputWordSalt(salt: Hex, index: number): Hex {
  return keccak(fixed(salt, 32, 'salt'), uint(index, 4, 'word index'));
}

/** Plain tree over an answer's words (UTF-8). Its root is the receipt's `outputRoot`. */
export function outputTree(salt: Hex, output: Uint8Array): PlainTree {
  return plainTree(words(output).map((word, index) => hashOutputWord(salt, index, word)));
}

/** `requestHash` of a receipt. `request`: `requestText` of it (request.ts). */
export function requestHash(salt: Hex, request: BytesLike): Hex {
  return keccak(fixed(salt, 32, 'salt'), toBytes(request));
}

/** One datum of a contribution and where it is in the file. */
export type Row = { row: number; byteOffset: number; bytes: Uint8Array };

/**
 * Rows of a text contribution: parts between blank lines. Line feeds around a row belong to no row, so that
 * a file may end with one; there are no empty rows. Throws when the file is not UTF-8.
 */
export function splitRows(content: Uint8Array): Row[] {
  fromUtf8(content);
  const rows: Row[] = [];
  const add = (start: number, end: number) => {
    if (end > start) rows.push({ row: rows.length, byteOffset: start, bytes: content.subarray(start, end) });
  };
  let start = 0;
  let at = 0;
  while (at < content.length) {
    let end = at;
    while (end < content.length && content[end] === NEWLINE) end++;
    const breaks = end - at;
    const atEdge = at === start || end === content.length;
    if (breaks >= 2 || (breaks === 1 && atEdge)) {
      add(start, at);
      start = end;
    }
    at = Math.max(end, at + 1);
  }
  add(start, content.length);
  return rows;
}

/** What a row's leaf hashes, without the tag. */
export function encodeRow(row: Row): Uint8Array<ArrayBuffer> {
  return concat(
    uint(row.row, 4, 'row'),
    uint(row.byteOffset, 5, 'byteOffset'),
    uint(row.bytes.length, 4, 'byteLength'),
    keccak(row.bytes),
  );
}

/** Leaf of a row. */
export function hashRow(row: Row): Hex {
  return taggedHash(0x22, encodeRow(row));
}

/** Plain tree over a contribution's rows. Its root is `rowsRoot`. */
export function rowsTree(rows: readonly Row[]): PlainTree {
  return plainTree(rows.map(hashRow));
}

/** A random salt, fresh for every receipt. */
export function randomSalt(): Hex {
  return toHex(globalThis.crypto.getRandomValues(new Uint8Array(32)));
}
