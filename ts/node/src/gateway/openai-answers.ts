import { z } from '@hono/zod-openapi';
import { chatBody, completionBody, embeddingBody, MAX_EMBEDDED_TEXTS } from './openai.ts';
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

const completionLogProbs = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number()),
    top_logprobs: z.array(z.record(z.string(), z.number())),
    text_offset: z.array(natural),
  })
  .nullable()
  .openapi('CompletionLogProbs');

const textCompletion = z
  .object({
    ...head,
    object: z.literal('text_completion'),
    choices: z.array(
      z.object({
        index: natural,
        text: z.string(),
        logprobs: completionLogProbs,
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usageSchema.optional(),
    openledger: z.union([receiptBlock, noText]).optional(),
  })
  .openapi('Completion', { description: 'The whole answer, or a chunk of its stream.' });

const embeddings = z
  .object({
    object: z.literal('list'),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: natural,
        embedding: z
          .union([z.array(z.number()), z.string()])
          .openapi({ description: 'Numbers, or base64 of little-endian float32.' }),
      }),
    ),
    model: z.string(),
    usage: z.object({ prompt_tokens: natural, total_tokens: natural }),
    openledger: receiptBlock,
  })
  .openapi('Embeddings');

/** What the three operations have in common. */
const CALL = {
  method: 'post',
  tag: 'inference',
  refusals: [402, 404, 409, 429, 503, 507],
} as const;
const STREAMED =
  'Where the node takes x402, a request without `openledger` is answered by 402 with what to pay, or paid by the header `PAYMENT-SIGNATURE`. The first chunk carries `openledger.quote`, the last one the receipt; then `[DONE]`.';

/** Text, whole or in the events of a stream. */
function receipted<Whole extends z.ZodType, Chunk extends z.ZodType>(json: Whole, chunk: Chunk) {
  return { description: 'The answer with its receipt.', json, events: z.union([chunk, errorSchema]) };
}

/** `POST /v1/chat/completions`. */
export const chatOperation = {
  ...CALL,
  path: '/v1/chat/completions',
  summary: 'Answers a conversation',
  description: `OpenAI's request with one more field, which pays for it. Fields that are not listed are hashed with the request and otherwise ignored. With \`stream\`, the answer is a stream of chunks. ${STREAMED}`,
  body: chatBody,
  x402: true,
  answer: receipted(chatCompletion, chatChunk),
} as const satisfies Operation<unknown, unknown, unknown>;

/** `POST /v1/completions`. */
export const completionOperation = {
  ...CALL,
  path: '/v1/completions',
  summary: 'Continues a text',
  description: `The model reads the prompt as it is, without its chat template. ${STREAMED}`,
  body: completionBody,
  x402: true,
  answer: receipted(textCompletion, textCompletion),
} as const satisfies Operation<unknown, unknown, unknown>;

/** `POST /v1/embeddings`. */
export const embeddingOperation = {
  ...CALL,
  path: '/v1/embeddings',
  summary: 'Embeds texts',
  description: `Vectors of length 1: the mean of the base model's last hidden states. At most ${MAX_EMBEDDED_TEXTS} texts, each no longer than the model reads. Paid like an answer of the base model with no output tokens; the receipt commits to the vectors as lines of base64.`,
  body: embeddingBody,
  answer: { description: 'The vectors with their receipt.', json: embeddings },
} as const satisfies Operation<unknown, unknown, unknown>;
