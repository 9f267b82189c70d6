import MiniSearch from 'minisearch';
import type { Scores } from './gradients.ts';

/** BM25 of whole rows against whole queries, question and answer together. */
export function bm25(rows: readonly string[], queries: readonly string[]): Scores {
  const index = new MiniSearch<{ id: number; text: string }>({ fields: ['text'] });
  index.addAll(rows.map((text, id) => ({ id, text })));
  return queries.map((query) => {
    const scores = new Float64Array(rows.length);
    for (const { id, score } of index.search(query)) scores[id as number] = score;
    return scores;
  });
}
