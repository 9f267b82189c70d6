import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_ROWS } from '@openledger/sdk/protocol/context';
import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';
import type { AnswerToken } from '../models/types.ts';

const bytes = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`), `is not ${length} bytes of hex`)
    .transform((text) => text as Hex);
const amount = z
  .union([z.string().regex(/^(0|[1-9]\d*)$/), z.number().int().min(0)])
  .transform((value) => BigInt(value))
  .refine((value) => value < 1n << 96n, 'does not fit 96 bits');
const uint32 = z.number().int().min(0).max(0xffffffff);

/** A consumer's voucher as it travels in JSON: amounts are decimal strings in wei. */
export const voucherBody = z
  .object({
    channelId: bytes(32),
    epoch: uint32,
    settledFee: amount,
    cumulativeFee: amount,
    receiptsRoot: bytes(32),
    receiptCount: uint32,
    signature: z
      .string()
      .regex(/^0x[0-9a-fA-F]*$/, 'is not a signature')
      .max(1024, 'is not a signature')
      .transform((text) => text as Hex),
  })
  .openapi('Voucher');

/** The part of a chat request that pays for it. */
export const paymentBody = z
  .object({
    channelId: bytes(32),
    salt: bytes(32),
    flags: z
      .array(z.enum(['PUBLIC', 'NO_AUDIT']))
      .max(2)
      .default([]),
    voucher: voucherBody.optional(),
    /** Rows of these datanets are placed in the prompt, at most k of them. */
    retrieval: z
      .object({
        datanets: z.array(z.number().int().min(1)).min(1).max(16),
        k: z.number().int().min(1).max(MAX_CONTEXT_ROWS).default(4),
      })
      .optional(),
  })
  .openapi('Payment');

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const content = z
  .union([z.string(), z.array(textPart).transform((parts) => parts.map((part) => part.text).join(''))])
  .nullable()
  .transform((value) => value ?? '');

/** The subset of OpenAI's chat request that changes what this node does; other fields are hashed and ignored. */
export const chatBody = z
  .object({
    model: z.string().min(1).max(200),
    messages: z
      .array(z.object({ role: z.enum(['system', 'developer', 'user', 'assistant']), content }))
      .min(1)
      .max(200),
    stream: z
      .boolean()
      .nullish()
      .transform((value) => value ?? false),
    stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
    max_tokens: z.number().int().min(1).max(4096).nullish(),
    max_completion_tokens: z.number().int().min(1).max(4096).nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().gt(0).max(1).nullish(),
    seed: z.number().int().min(0).max(0xffffffff).nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.number().int().min(0).max(20).nullish(),
    n: z.number().int().min(1).max(1, 'must be 1: one answer has one receipt').nullish(),
    stop: z
      .union([z.string(), z.array(z.string()).max(4)])
      .nullish()
      .transform((value) => (value == null ? [] : [value].flat())),
    openledger: paymentBody,
  })
  .openapi('ChatRequest');

export type ChatBody = z.infer<typeof chatBody>;
export type PaymentBody = z.infer<typeof paymentBody>;
export type VoucherBody = z.infer<typeof voucherBody>;

/** Parses a body, or says which field is wrong. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
    .join('; ');
  const hint = what.includes('openledger')
    ? 'Each call names its payment channel: see "openledger" in docs/api.md, or use createInferenceClient of @openledger/sdk.'
    : 'See docs/api.md, or GET /openapi.json, for the fields.';
  throw new NodeError('bad_request', `The request is not usable: ${what}.`, hint);
}

export type FinishReason = 'stop' | 'length';
export type Usage = { prompt_tokens: number; completion_tokens: number; total_tokens: number };

/** What all chunks and the whole answer of one call share. */
export type CallHead = { id: string; created: number; model: string };

/** Log-probabilities of an answer's tokens in OpenAI's shape; null when they were not asked for. */
export type LogProbs = { content: LogProb[]; refusal: null } | null;
type LogProb = {
  token: string;
  bytes: number[];
  logprob: number;
  top_logprobs: Omit<LogProb, 'top_logprobs'>[];
};

/** Turns tokens into {@link LogProbs}; `tokenBytes` gives the bytes of a token. */
export function logProbsOf(
  tokens: readonly AnswerToken[],
  tokenBytes: (token: number) => Uint8Array,
): LogProbs {
  const one = (token: number, logprob: number) => {
    const bytes = tokenBytes(token);
    return { token: new TextDecoder().decode(bytes), bytes: [...bytes], logprob };
  };
  const content = tokens.flatMap(({ tokenId, logProbability, top = [] }) =>
    logProbability === undefined
      ? []
      : [
          {
            ...one(tokenId, logProbability),
            top_logprobs: top.map((other) => one(other.token, other.logProbability)),
          },
        ],
  );
  return content.length === 0 ? null : { content, refusal: null };
}

/** One streamed chunk in OpenAI's shape. */
export function chatChunk(
  head: CallHead,
  delta: { role?: 'assistant'; content?: string },
  finish: FinishReason | null,
  logprobs: LogProbs = null,
) {
  return {
    id: head.id,
    object: 'chat.completion.chunk' as const,
    created: head.created,
    model: head.model,
    choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
  };
}

/** The whole answer in OpenAI's shape. */
export function chatCompletion(
  head: CallHead,
  answer: { text: string; finish: FinishReason; usage: Usage; logprobs: LogProbs },
) {
  return {
    id: head.id,
    object: 'chat.completion' as const,
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant' as const, content: answer.text, refusal: null },
        logprobs: answer.logprobs,
        finish_reason: answer.finish,
      },
    ],
    usage: answer.usage,
  };
}

/** Token counts in OpenAI's shape. */
export function usageOf(tokensIn: number, tokensOut: number): Usage {
  return { prompt_tokens: tokensIn, completion_tokens: tokensOut, total_tokens: tokensIn + tokensOut };
}
