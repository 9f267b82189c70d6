import { z } from '@hono/zod-openapi';
import { MAX_CONTEXT_ROWS } from '@openledger/sdk/protocol/context';
import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';

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

const maxTokens = z.number().int().min(1).max(4096).nullish();
/** What chat and plain completions have in common. */
const callFields = {
  model: z.string().min(1).max(200),
  stream: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: maxTokens,
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.number().int().min(0).max(0xffffffff).nullish(),
  n: z.number().int().min(1).max(1, 'must be 1: one answer has one receipt').nullish(),
  stop: z
    .union([z.string(), z.array(z.string()).max(4)])
    .nullish()
    .transform((value) => (value == null ? [] : [value].flat())),
  openledger: paymentBody,
};

/** The subset of OpenAI's chat request that changes what this node does; other fields are hashed and ignored. */
export const chatBody = z
  .object({
    ...callFields,
    messages: z
      .array(z.object({ role: z.enum(['system', 'developer', 'user', 'assistant']), content }))
      .min(1)
      .max(200),
    max_completion_tokens: maxTokens,
    logprobs: z.boolean().nullish(),
    top_logprobs: z.number().int().min(0).max(20).nullish(),
  })
  .openapi('ChatRequest');

const onePrompt = z.string().min(1, 'is empty').max(1_000_000);

/** The same of OpenAI's plain completion request. The model reads the prompt as it is, without a chat template. */
export const completionBody = z
  .object({
    ...callFields,
    prompt: z.union(
      [
        onePrompt,
        z
          .array(onePrompt)
          .length(1)
          .transform(([prompt]) => prompt!),
      ],
      'must be one text: one answer has one receipt, and token ids of other tokenizers mean nothing here',
    ),
    best_of: z.number().int().min(1).max(1, 'must be 1').nullish(),
    echo: z.literal(false, 'is not supported').nullish(),
    suffix: z.literal('', 'is not supported').nullish(),
    logprobs: z.number().int().min(0).max(20).nullish(),
  })
  .openapi('CompletionRequest');

/** Texts in one request for embeddings. */
export const MAX_EMBEDDED_TEXTS = 256;
const oneText = z.string().min(1, 'is empty').max(1_000_000);

/** OpenAI's request for embeddings. */
export const embeddingBody = z
  .object({
    model: callFields.model,
    input: z.union(
      [oneText.transform((text) => [text]), z.array(oneText).min(1).max(MAX_EMBEDDED_TEXTS)],
      `must be a text, or up to ${MAX_EMBEDDED_TEXTS} of them; token ids of other tokenizers mean nothing here`,
    ),
    encoding_format: z.enum(['float', 'base64']).default('float'),
    /** Only the model's own: its vectors cannot be shortened. */
    dimensions: z.number().int().min(1).nullish(),
    openledger: paymentBody.omit({ retrieval: true }).openapi('EmbeddingPayment'),
  })
  .openapi('EmbeddingRequest');

export type EmbeddingBody = z.infer<typeof embeddingBody>;
export type CompletionBody = z.infer<typeof completionBody>;
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
