import type { Hex } from 'viem';
import { z } from 'zod';
import { MAX_CONTEXT_ROWS } from '../protocol/context.ts';
import { hashSchema } from '../protocol/store.ts';
import { receiptSchema, toJson } from './channel-record.ts';
import { InferenceError } from './errors.ts';

const signature = z
  .string()
  .regex(/^0x[0-9a-fA-F]*$/)
  .transform((text) => text as Hex);

const citationSchema = z.object({
  asset: z.number().int().min(0),
  row: z.number().int().min(0),
  score: z
    .string()
    .regex(/^\d{1,19}$/)
    .transform(BigInt),
  text: z.string(),
});

/** The block that ends an answer. */
export const receiptBlockSchema = z.object({
  receiptId: z.string(),
  receiptHash: hashSchema,
  receipt: receiptSchema,
  nodeSignature: signature,
  citations: z.array(citationSchema).max(MAX_CONTEXT_ROWS).optional(),
});

/** One chunk of a streamed answer; fields that we don't read are dropped. */
export const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).optional(),
        finish_reason: z.string().nullish(),
      }),
    )
    .optional(),
  openledger: z.unknown().optional(),
  error: z.object({ message: z.string(), code: z.string().nullish() }).optional(),
});

/** `GET /v1/channels/:id`, as far as recovery needs it. */
export const channelSchema = z.object({
  current: z
    .object({
      epoch: z.number(),
      receipts: z.array(z.object({ hash: hashSchema, nodeSignature: signature }).and(receiptSchema)),
    })
    .nullable(),
});

/** `GET /v1/receipts/:id`, as far as recovery needs it. */
export const receiptViewSchema = z.object({
  output: z.string().nullable(),
  citations: z.array(citationSchema).max(MAX_CONTEXT_ROWS).nullish(),
});

/** A node's HTTP interface, with its refusals turned into errors. */
export type NodeHttp = {
  post(path: string, body: unknown): Promise<Response>;
  /** As `post`, but a refusal is an answer too. */
  call(path: string, body: unknown, init?: Pick<RequestInit, 'signal' | 'headers'>): Promise<Response>;
  get<T>(path: string, schema: z.ZodType<T>, headers?: Record<string, string>): Promise<T>;
};

/** Talks to a node. */
export function nodeHttp(nodeUrl: string, fetch: typeof globalThis.fetch): NodeHttp {
  const base = nodeUrl.replace(/\/$/, '');
  const call = (path: string, init: RequestInit) =>
    fetch(base + path, init).catch((cause) => {
      if (init.signal?.aborted) throw cause;
      throw new InferenceError('unreachable', `The node at ${base} does not answer. Is it running?`, {
        cause,
      });
    });
  const send = async (path: string, init: RequestInit) => {
    const response = await call(path, init);
    if (!response.ok) throw await refusal(response);
    return response;
  };
  const posted = (body: unknown, headers?: RequestInit['headers']) => {
    const all = new Headers(headers);
    all.set('content-type', 'application/json');
    return { method: 'POST', headers: all, body: toJson(body) };
  };
  return {
    post: (path, body) => send(path, posted(body)),
    call: (path, body, { signal, headers } = {}) => call(path, { ...posted(body, headers), signal }),
    get: async (path, schema, headers) => schema.parse(await (await send(path, { headers })).json()),
  };
}

/** The part of a refusal that programs read. */
export const refusalSchema = z.object({
  error: z.object({ message: z.string(), code: z.string().nullish() }),
});

/** A node's refusal as an error. */
export async function refusal(response: Response): Promise<InferenceError> {
  const parsed = refusalSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success)
    return new InferenceError('refused', `The node answered with status ${response.status}.`);
  const { message, code } = parsed.data.error;
  return new InferenceError('refused', message, { nodeCode: code ?? undefined });
}
