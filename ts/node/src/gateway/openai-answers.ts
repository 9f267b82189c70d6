import { z } from '@hono/zod-openapi';
import { chatBody } from './openai.ts';
import type { Operation } from './operation.ts';
import { errorSchema, natural, quoteSchema, receiptBlock } from './schemas.ts';

/** OpenAI's answers as this node gives them. The chunks of a stream end with `[DONE]`, or with an error. */
export const usageSchema = z
  .object({ prompt_tokens: natural, completion_tokens: natural, total_tokens: natural })
  .openapi('Usage');
export const finishReason = z.enum(['stop', 'length']);

const logProb = z.object({ token: z.string(), bytes: z.array(natural), logprob: z.number() });
const logProbs = z
  .object({
    content: z.array(logProb.extend({ top_logprobs: z.array(logProb) })),
    refusal: z.null(),
  })
  .nullable()
  .openapi('ChatLogProbs');
const head = { id: z.string(), created: natural, model: z.string() };
const noText = z.object({ quote: quoteSchema });

const chatCompletion = z
  .object({
    ...head,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: natural,
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs: logProbs,
        finish_reason: finishReason,
      }),
    ),
    usage: usageSchema,
    openledger: receiptBlock,
  })
  .openapi('ChatCompletion');

const chatChunk = z
  .object({
    ...head,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: natural,
        delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
        logprobs: logProbs,
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usageSchema.optional(),
    openledger: z.union([receiptBlock, noText]).optional(),
  })
  .openapi('ChatCompletionChunk');

const CALL_REFUSALS = [402, 404, 409, 429, 503, 507] as const;
const STREAMED = 'The first chunk carries `openledger.quote`, the last one the receipt; then `[DONE]`.';

/** `POST /v1/chat/completions`. */
export const chatOperation = {
  method: 'post',
  path: '/v1/chat/completions',
  tag: 'inference',
  summary: 'Answers a conversation',
  description: `OpenAI's request with one more field, which pays for it. Fields that are not listed are hashed with the request and otherwise ignored. With \`stream\`, the answer is a stream of chunks. ${STREAMED}`,
  body: chatBody,
  answer: {
    description: 'The answer with its receipt.',
    json: chatCompletion,
    events: z.union([chatChunk, errorSchema]),
  },
  refusals: CALL_REFUSALS,
} as const satisfies Operation<unknown, unknown, unknown>;
