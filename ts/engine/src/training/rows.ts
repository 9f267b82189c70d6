import { concat, keccak, uint, utf8 } from '@openledger/sdk/protocol/bytes';
import type { Hex } from 'viem';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** One row of a contribution. */
export type Row = { readonly asset: number; readonly row: number; readonly text: string };

/**
 * How a row is read:
 * - `chat`: its first line is a question, the rest the answer; the loss counts on the answer only.
 * - `text`: plain text; the loss counts on every token but the first.
 */
export type RowFormat = 'chat' | 'text';

/** Tokens whose loss counts from `answerStart` on. */
export type Sample = { readonly tokens: readonly number[]; readonly answerStart: number };

/** Splits a contribution's text into rows, which are separated by one blank line. */
export function splitRows(asset: number, text: string): Row[] {
  return text.split('\n\n').map((row, index) => ({ asset, row: index, text: row }));
}

/** The parts of a chat row: the first line is the question, the rest the answer. */
export function splitChatRow(text: string): { question: string; answer: string } {
  const [question, ...answer] = text.split('\n');
  return { question, answer: answer.join('\n') };
}

/** A row as one turn of a chat: the question in the model's chat template, then the answer and its end token. */
export function encodeRow(tokenizer: Tokenizer, text: string): Sample {
  const { question, answer } = splitChatRow(text);
  const prompt = tokenizer.encodeChat([{ role: 'user', content: question }]);
  const tokens = [...prompt, ...tokenizer.encode(answer), tokenizer.endToken()];
  return { tokens, answerStart: prompt.length };
}

/**
 * The samples of a row. A text that is longer than `longest` positions becomes several, which overlap by one
 * token, so that each token is predicted once; a chat row stays one sample, and what does not fit is cut when it
 * is put into a batch.
 */
export function encodeSamples(
  tokenizer: Tokenizer,
  format: RowFormat,
  text: string,
  longest: number,
): Sample[] {
  if (format === 'chat') return [encodeRow(tokenizer, text)];
  const tokens = [...tokenizer.encode(text, { specialTokens: true }), tokenizer.endToken()];
  const samples: Sample[] = [];
  for (let start = 0; start < tokens.length - 1; start += longest) {
    samples.push({ tokens: tokens.slice(start, start + longest + 1), answerStart: 1 });
  }
  return samples;
}

/** Hash of the rows a run trains on: per row asset5 ‖ row4 ‖ length4 ‖ text, in order. */
export function hashRows(rows: readonly Row[]): Hex {
  const parts = rows.map(({ asset, row, text }) => {
    const bytes = utf8(text);
    return concat(uint(asset, 5, 'asset'), uint(row, 4, 'row'), uint(bytes.length, 4, 'length'), bytes);
  });
  return keccak(concat(...parts));
}
