import type { IndexedDocument, LaidOut, SpanIndex } from './span-index.ts';

/** The texts of some indexes of one vocabulary as one, oldest contribution first, without what was removed. */
export function mergeShards(shards: readonly SpanIndex[]): LaidOut {
  const all = shards
    .flatMap(({ text, documents }) => documents.map((document) => ({ text, document })))
    .sort((a, b) => a.document.asset - b.document.asset);
  const size = all.reduce((sum, { document }) => sum + document.length + 1, 0);
  const wide = shards.some(({ text }) => text instanceof Int32Array);
  const text = wide
    ? new Int32Array(new SharedArrayBuffer(size * 4))
    : new Uint16Array(new SharedArrayBuffer(size * 2));
  const documents: IndexedDocument[] = [];
  let start = 0;
  for (const { text: from, document } of all) {
    text.set(from.subarray(document.start, document.start + document.length), start);
    documents.push({ ...document, start });
    start += document.length + 1;
  }
  return { documents, text };
}
