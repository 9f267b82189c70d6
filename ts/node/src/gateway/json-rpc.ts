import { z } from '@hono/zod-openapi';

const id = z.union([z.string(), z.number(), z.null()]);

/** A request of JSON-RPC 2.0. Which methods there are is for the protocols above it to say. */
export const jsonRpcRequest = z
  .object({
    jsonrpc: z.literal('2.0'),
    id: id.optional(),
    method: z.string(),
    params: z.looseObject({}).optional(),
  })
  .openapi('JsonRpcRequest');

/** An answer of JSON-RPC 2.0: a result or an error. */
export const jsonRpcAnswer = z
  .object({
    jsonrpc: z.literal('2.0'),
    id: id.optional(),
    result: z.looseObject({}).optional(),
    error: z.object({ code: z.number().int(), message: z.string(), data: z.unknown().optional() }).optional(),
  })
  .openapi('JsonRpcAnswer');
