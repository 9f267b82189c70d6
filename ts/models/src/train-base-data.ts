/** Tokens for the base model's training: documents packed into rows of a fixed length. */
import { Random } from '@openledger/engine/numeric/random';
import type { Tokenizer } from '@openledger/engine/tokenizer/tokenizer';
import type { CorpusDocument } from './corpus.ts';

/** Rows of `length + 1` tokens each; a row's labels are its tokens moved by one. */
export type PackedRows = { readonly length: number; readonly rows: readonly Uint16Array[] };

/** A document as the model reads it. */
export function encodeDocument(tokenizer: Tokenizer, document: CorpusDocument): number[] {
  const end = tokenizer.special('<|end|>');
  if (document.kind === 'text') return [...tokenizer.encode(document.text), end];
  return [
    tokenizer.special('<|user|>'),
    ...tokenizer.encode(document.question),
    tokenizer.special('<|assistant|>'),
    ...tokenizer.encode(document.answer),
    end,
  ];
}

/**
 * Fills rows with documents in a shuffled order. A row begins with a new document, or with the rest of a text
 * that the row before had no room for: questions are always read from their first word, as in use.
 */
export function packRows(
  documents: readonly (readonly number[])[],
  chat: readonly boolean[],
  length: number,
  seed: number,
): PackedRows {
  const order = new Random(seed).shuffle(documents.map((_, i) => i));
  const rows: Uint16Array[] = [];
  let row = new Uint16Array(length + 1);
  let filled = 0;
  for (const index of order) {
    const tokens = documents[index];
    for (let start = 0; start < tokens.length; ) {
      const taken = Math.min(tokens.length - start, length + 1 - filled);
      row.set(tokens.slice(start, start + taken), filled);
      filled += taken;
      start += taken;
      if (filled <= length) continue;
      rows.push(row);
      row = new Uint16Array(length + 1);
      filled = 0;
      if (chat[index]) break;
    }
  }
  return { length, rows };
}

/** The model inputs of `rows`. */
export function rowsToBatch(
  rows: readonly Uint16Array[],
  length: number,
): { ids: BigInt64Array; labels: BigInt64Array } {
  const ids = new BigInt64Array(rows.length * length);
  const labels = new BigInt64Array(rows.length * length);
  rows.forEach((row, i) => {
    for (let t = 0; t < length; t += 1) {
      ids[i * length + t] = BigInt(row[t]);
      labels[i * length + t] = BigInt(row[t + 1]);
    }
  });
  return { ids, labels };
}
