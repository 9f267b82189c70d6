import { type ChatMessage, concat, type Tokenizer } from '../tokenizer/tokenizer.ts';
import type { InfluenceQuery } from './query.ts';

/**
 * A finished answer as an influence query, formatted like a training row: chat template, answer, end token.
 *
 * It is taken from texts, not from the tokens that were sampled, so that whoever has request and output computes
 * the same vector.
 */
export function answerQuery(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  answer: string,
): InfluenceQuery {
  return { promptTokens: tokenizer.encodeChat(messages), answerTokens: answerTokens(tokenizer, answer) };
}

/** An answer's tokens as a query reads them: its text's own tokens and the end token. */
export function answerTokens(tokenizer: Tokenizer, answer: string): number[] {
  return [...tokenizer.encode(answer), tokenizer.special('<|end|>')];
}

/** The same for sampled tokens, which may spell a text in another way; a character cut off at the end is no text. */
export function canonicalAnswer(tokenizer: Tokenizer, sampled: readonly number[]): number[] {
  const bytes = concat(sampled.map(tokenizer.tokenBytes));
  return answerTokens(tokenizer, new TextDecoder().decode(bytes, { stream: true }));
}
