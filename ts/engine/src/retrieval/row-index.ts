import type { Embedder } from './embedder.ts';
import { fuseRanks } from './fuse.ts';
import { createLexicalIndex } from './lexical.ts';

/** A row that may be retrieved, with its vector. */
export type IndexedRow = {
  readonly asset: number;
  readonly row: number;
  readonly bytes: Uint8Array;
  readonly vector: Float32Array;
};

/** A row with its relevance: a whole number, the higher the better. */
export type RetrievedRow = IndexedRow & { readonly score: bigint };

export type RowIndex = { search(question: string, k: number): Promise<RetrievedRow[]> };

/** How many of each ranking are fused. */
const CANDIDATES = 50;

/** Finds rows by words (BM25) and by meaning (embeddings), fused by reciprocal rank. */
export function createRowIndex(rows: readonly IndexedRow[], embedder: Pick<Embedder, 'embed'>): RowIndex {
  const decoder = new TextDecoder();
  const lexical = createLexicalIndex(rows.map(({ bytes }, id) => ({ id, text: decoder.decode(bytes) })));
  return {
    async search(question, k) {
      const query = await embedder.embed(question);
      const byMeaning = rows
        .map(({ vector }, id) => ({ id, likeness: dot(query, vector) }))
        .sort((a, b) => b.likeness - a.likeness || a.id - b.id)
        .slice(0, CANDIDATES)
        .map(({ id }) => id);
      return fuseRanks([lexical.search(question, CANDIDATES), byMeaning])
        .slice(0, k)
        .map(({ id, score }) => ({ ...rows[id]!, score }));
    },
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
