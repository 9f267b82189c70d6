import { type CitedRow, withContext } from '@openledger/sdk/protocol/context';
import { NodeError } from '../errors.ts';
import type { TextEngine } from '../models/types.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { ChatBody, CompletionBody } from './openai.ts';

export type Prompt = { promptTokens: number[]; context: CitedRow[] };

/** Part of the context that rows must leave for the answer. */
const ANSWER_PART = 1 / 4;

/** A plain prompt as it is; or the conversation as the model reads it, with the rows that were asked for, as many as there is room for. */
export async function makePrompt(
  body: ChatBody | CompletionBody,
  engine: Pick<TextEngine, 'contextLength' | 'encodeChat' | 'encodeText'>,
  retriever: Retriever | undefined,
): Promise<Prompt> {
  if ('prompt' in body) {
    if (body.openledger.retrieval === undefined) {
      return { promptTokens: engine.encodeText(body.prompt), context: [] };
    }
    throw new NodeError(
      'bad_request',
      'Rows are retrieved for conversations, not for plain prompts.',
      'Use POST /v1/chat/completions, or leave openledger.retrieval out.',
    );
  }
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
    if (fits || context.length === 0) return { promptTokens, context };
    context = context.slice(0, -1);
  }
}
