import type { Hex } from 'viem';
import { fixed, taggedHash, uint } from './bytes.ts';
import { type PlainTree, sparsePlainTree } from './trees.ts';

/** A contribution whose text a model's answers are compared with. */
export type CorpusEntry = { asset: number; contentRoot: Hex; byteLength: number };

/** Leaf of a corpus entry. */
export function hashCorpusEntry(entry: CorpusEntry): Hex {
  return taggedHash(
    0x18,
    uint(entry.asset, 5, 'asset'),
    fixed(entry.contentRoot, 32, 'contentRoot'),
    uint(entry.byteLength, 5, 'byteLength'),
  );
}

/** Sparse tree over a model's corpus, at the assets' positions. */
export function corpusTree(entries: readonly CorpusEntry[], depth: number): PlainTree {
  return sparsePlainTree(new Map(entries.map((entry) => [entry.asset, hashCorpusEntry(entry)])), depth);
}
