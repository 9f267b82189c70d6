import type { ChatMessage, Tokenizer } from '../tokenizer/tokenizer.ts';
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
  return {
    promptTokens: tokenizer.encodeChat(messages),
    answerTokens: [...tokenizer.encode(answer), tokenizer.special('<|end|>')],
  };
}
