import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { BlankEnv } from 'hono/types';
import { NodeError } from '../errors.ts';
import { parseBody } from './openai.ts';
import { paymentErrorSchema } from './payment-error.ts';
import { errorSchema } from './schemas.ts';

/** A part of the interface, or all of it, with its OpenAPI document. */
export type Api = OpenAPIHono<BlankEnv>;

/** A part without operations yet. */
export function createApi(): Api {
  return new OpenAPIHono<BlankEnv>();
}

/** What a refusal of each status means; the codes are in `error.code`. */
const REFUSALS = {
  400: 'The request cannot be used; the message names the field.',
  401: 'The operator token is missing or wrong.',
  402: 'Something is to be paid, signed or topped up first; error.openledger says what.',
  403: 'Not allowed for this caller.',
  404: 'There is no such thing here.',
  409: 'Something is in progress that this has to wait for.',
  413: 'Too large.',
  429: 'Every place is taken; retry-after says when to come again.',
  500: 'The node failed; its log says why.',
  503: 'The chain, or what the request needs, cannot be had right now.',
  507: 'The disk is full.',
} as const;

export type Refusal = keyof typeof REFUSALS;

/** One operation of the interface: what is documented of it is what its requests are checked against. */
export type Operation<Body, Params, Query> = {
  method: 'get' | 'post' | 'put';
  /** With parameters in braces: `/v1/receipts/{id}`. */
  path: string;
  tag:
    | 'inference'
    | 'payment'
    | 'receipts'
    | 'models'
    | 'training'
    | 'store'
    | 'settlement'
    | 'agents'
    | 'operation';
  summary: string;
  description?: string;
  /** The JSON body; `input.body` is what it parses to. */
  body?: z.ZodType<Body>;
  /** A JSON body that is documented only: the handler reads it, and answers its faults in another protocol. */
  foreignBody?: z.ZodType;
  /** A body of raw bytes, which the handler reads by itself. */
  bytes?: boolean;
  params?: z.ZodType<Params>;
  query?: z.ZodType<Query>;
  headers?: z.ZodObject;
  /** Only the operator may do this, with the bearer token of OPENLEDGER_OPERATOR_TOKEN. */
  operator?: boolean;
  /** May be paid by x402, in the headers of that protocol. */
  x402?: boolean;
  answer: Answer;
  /** Other statuses of answers that are no refusals. */
  otherAnswers?: Readonly<Record<number, Answer>>;
  /** Refusals beside 400 and 500. */
  refusals?: readonly Refusal[];
};

type Answer = {
  description: string;
  /** Default 200. */
  status?: number;
  json?: z.ZodType;
  /** The media type of the JSON; default `application/json`. */
  jsonType?: string;
  /** The data of each event of a `text/event-stream`. */
  events?: z.ZodType;
  text?: boolean;
  bytes?: boolean;
};

export type OperationInput<Body, Params, Query> = {
  body: Body;
  /** The body's JSON as it came, for hashing. */
  raw: Record<string, unknown>;
  params: Params;
  query: Query;
};

/** Adds an operation to a part of the interface and to its OpenAPI document. */
export function addOperation<Body, Params, Query>(
  app: Api,
  operation: Operation<Body, Params, Query>,
  handle: (context: Context, input: OperationInput<Body, Params, Query>) => Response | Promise<Response>,
): void {
  const { method, path, body, params, query } = operation;
  document(app, operation);
  app.on(method.toUpperCase(), path.replaceAll(/\{(.+?)\}/g, ':$1'), async (context) => {
    const raw = body === undefined ? {} : await readJson(context);
    return handle(context, {
      raw,
      params: params === undefined ? ({} as Params) : parseBody(params, context.req.param()),
      query: query === undefined ? ({} as Query) : parseBody(query, context.req.query()),
      body: body === undefined ? (undefined as Body) : parseBody(body, raw),
    });
  });
}

/** The JSON object in a request's body. */
export async function readJson(context: Context): Promise<Record<string, unknown>> {
  const body: unknown = await context.req.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new NodeError(
      'bad_request',
      'The body is not a JSON object.',
      'Send JSON with content-type application/json.',
    );
  }
  return body as Record<string, unknown>;
}

const PAYMENT_SIGNATURE = z.object({
  'payment-signature': z
    .string()
    .optional()
    .openapi({ description: 'x402 version 2: a PaymentPayload, base64 of its JSON.' }),
});
const headerOf = (description: string) => ({ description, schema: { type: 'string' as const } });
const PAYMENT_REQUIRED = {
  'payment-required': headerOf('x402 version 2: a PaymentRequired, base64 of its JSON.'),
};
const PAYMENT_RESPONSE = {
  'payment-response': headerOf(
    'x402 version 2: a SettlementResponse, base64 of its JSON; only when a payment was taken.',
  ),
};

function document<Body, Params, Query>(app: Api, operation: Operation<Body, Params, Query>): void {
  const { method, path, tag, summary, description, bytes, operator, x402, answer } = operation;
  const body = operation.body ?? operation.foreignBody;
  const headers = operation.headers ?? (x402 ? PAYMENT_SIGNATURE : undefined);
  const refusals: Refusal[] = [
    400,
    ...(operator ? [401 as const, 403 as const] : []),
    ...(body !== undefined ? [413 as const] : []),
    ...(operation.refusals ?? []),
    500,
  ];
  app.openAPIRegistry.registerPath({
    method,
    path,
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: operator ? [{ operator: [] }] : [],
    request: {
      ...(operation.params !== undefined && { params: operation.params as z.ZodObject }),
      ...(operation.query !== undefined && { query: operation.query as z.ZodObject }),
      ...(headers !== undefined && { headers }),
      ...(body !== undefined && {
        body: { required: true, content: { 'application/json': { schema: body } } },
      }),
      ...(bytes && {
        body: { required: true, content: { 'application/octet-stream': { schema: {} } } },
      }),
    },
    responses: {
      [answer.status ?? 200]: { ...answerOf(answer), ...(x402 && { headers: PAYMENT_RESPONSE }) },
      ...Object.fromEntries(
        refusals.map((status) => [
          status,
          {
            description: REFUSALS[status],
            content: { 'application/json': { schema: status === 402 ? paymentErrorSchema : errorSchema } },
            ...(status === 429 && { headers: { 'retry-after': headerOf('Seconds.') } }),
            ...(status === 402 && x402 && { headers: PAYMENT_REQUIRED }),
            ...(status === 500 && x402 && { headers: PAYMENT_RESPONSE }),
          },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(operation.otherAnswers ?? {}).map(([status, other]) => [status, answerOf(other)]),
      ),
    },
  });
}

function answerOf({ description, json, jsonType = 'application/json', events, text, bytes }: Answer) {
  const content = {
    ...(json !== undefined && { [jsonType]: { schema: json } }),
    ...(events !== undefined && { 'text/event-stream': { schema: events } }),
    ...(text && { 'text/plain': { schema: z.string() } }),
    ...(bytes && { 'application/octet-stream': { schema: {} } }),
  };
  return Object.keys(content).length === 0 ? { description } : { description, content };
}

/** `POST /v1/fine_tuning/jobs/{id}/cancel` → `post_fine_tuning_jobs_id_cancel`. */
function operationId(method: string, path: string): string {
  return [method, ...path.split(/[^A-Za-z_]+/).filter((word) => word !== '' && word !== 'v')].join('_');
}
