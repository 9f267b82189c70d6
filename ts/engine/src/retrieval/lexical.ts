import MiniSearch from 'minisearch';

/** A row's text under a number of the caller's. */
export type NumberedText = { readonly id: number; readonly text: string };

/** Rows by the words that they share with a question, ranked by BM25+. */
export type LexicalIndex = {
  /** Ids of at most `limit` rows, best first; equal ones by id. */
  search(question: string, limit: number): number[];
};

/** Indexes rows. Words are runs of letters and digits in lower case, in any script. */
export function createLexicalIndex(rows: readonly NumberedText[]): LexicalIndex {
  const index = new MiniSearch<NumberedText>({
    fields: ['text'],
    tokenize: (text) => text.match(/[\p{L}\p{N}]+/gu) ?? [],
    searchOptions: { combineWith: 'OR', prefix: false, fuzzy: false },
  });
  index.addAll(rows);
  return {
    search: (question, limit) =>
      index
        .search(question)
        .sort((a, b) => b.score - a.score || a.id - b.id)
        .slice(0, limit)
        .map(({ id }) => id as number),
  };
}
