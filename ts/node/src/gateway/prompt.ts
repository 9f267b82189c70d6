import { type CitedRow, withContext } from '@openledger/sdk/protocol/context';
import { NodeError } from '../errors.ts';
import type { ChatMessage, TextEngine } from '../models/types.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { ChatBody } from './openai.ts';

export type Prompt = { messages: ChatMessage[]; promptTokens: number[]; context: CitedRow[] };

/** Part of the context that rows must leave for the answer. */
const ANSWER_PART = 1 / 4;

/** The conversation as the model reads it, with the rows that were asked for, as many as there is room for. */
export async function makePrompt(
  body: ChatBody,
  engine: Pick<TextEngine, 'contextLength' | 'encodeChat'>,
  retriever: Retriever | undefined,
): Promise<Prompt> {
  const asked = body.messages.map(({ role, content }) => ({
    role: role === 'developer' ? ('system' as const) : role,
    content,
  }));
  const { retrieval } = body.openledger;
  let context: CitedRow[] = [];
  if (retrieval !== undefined) {
    if (retriever === undefined) {
      throw new NodeError('bad_request', 'This node retrieves nothing.', 'Leave openledger.retrieval out.');
    }
    const question = asked.findLast(({ role }) => role === 'user')?.content ?? '';
    context = await retriever.retrieve(question, retrieval);
  }
  for (;;) {
    const messages = withContext(
      asked,
      context.map(({ text }) => text),
    );
    const promptTokens = engine.encodeChat(messages);
    const fits = promptTokens.length <= engine.contextLength * (1 - ANSWER_PART);
    if (fits || context.length === 0) return { messages, promptTokens, context };
    context = context.slice(0, -1);
  }
}
