import type { Hex } from 'viem';
import { concat, fixed, taggedHash, uint } from './bytes.ts';
import { type PlainTree, sparsePlainTree } from './trees.ts';

/** A contribution whose text a model's answers are compared with. */
export type CorpusEntry = { asset: number; contentRoot: Hex; byteLength: number };

/** What a corpus entry's leaf hashes, without the tag. */
export function encodeCorpusEntry(entry: CorpusEntry): Uint8Array<ArrayBuffer> {
  return concat(
    uint(entry.asset, 5, 'asset'),
    fixed(entry.contentRoot, 32, 'contentRoot'),
    uint(entry.byteLength, 5, 'byteLength'),
  );
}

/** Leaf of a corpus entry. */
export function hashCorpusEntry(entry: CorpusEntry): Hex {
  return taggedHash(0x18, encodeCorpusEntry(entry));
}

/** Sparse tree over a model's corpus, at the assets' positions. */
export function corpusTree(entries: readonly CorpusEntry[], depth: number): PlainTree {
  return sparsePlainTree(new Map(entries.map((entry) => [entry.asset, hashCorpusEntry(entry)])), depth);
}
