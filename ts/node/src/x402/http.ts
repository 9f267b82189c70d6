import {
  decodePaymentSignatureHeader,
  encodePaymentRequiredHeader,
  encodePaymentResponseHeader,
} from '@x402/core/http';
import { type Context, Hono, type Next } from 'hono';
import { NodeError } from '../errors.ts';
import type { Calls } from '../gateway/calls.ts';
import { errorBody, PaymentError } from '../gateway/http-errors.ts';
import { jsonResponse } from '../gateway/json.ts';
import { type PaidCall, PaymentRefused, type Payments } from './payments.ts';

const PAID = new Set(['/v1/chat/completions', '/v1/completions']);
const EXPOSED = 'PAYMENT-REQUIRED, PAYMENT-RESPONSE';

/**
 * x402 over HTTP, in front of the routes that answer: a request that names no channel pays with a header, or is told
 * what to pay. The library's own middleware is not used: it holds an answer back until it is complete, and ours stream.
 */
export function paymentRoutes(payments: Payments, calls: Pick<Calls, 'prepay'>): Hono {
  const app = new Hono();
  app.use('/v1/*', async (context, next) => {
    if (!PAID.has(context.req.path)) return next();
    if (context.req.method !== 'POST') return next();
    const raw: unknown = await context.req.json().catch(() => undefined);
    if (!isRecord(raw) || namesChannel(raw)) return next();
    const resource = {
      url: context.req.url,
      description: 'A completion',
      mimeType: raw.stream === true ? 'text/event-stream' : 'application/json',
    };
    try {
      const paid = await payments.admit(raw, resource, payloadIn(context));
      return await answer(context, next, calls, paid);
    } catch (error) {
      if (error instanceof PaymentRefused) return requiredResponse(error);
      throw error;
    }
  });
  return app;
}

/** Lets the next route answer the call on the channel that its payment opens. */
async function answer(
  context: Context,
  next: Next,
  calls: Pick<Calls, 'prepay'>,
  paid: PaidCall,
): Promise<void> {
  const { url, method, headers, signal } = context.req.raw;
  context.req.raw = new Request(url, { method, headers, signal, body: JSON.stringify(paid.raw) });
  context.req.bodyCache = {};
  const done = calls.prepay(paid.channelId, paid.prepaid);
  try {
    await next();
  } finally {
    done();
  }
  // Also on an error: what was taken is in the consumer's channel, and the same payment may be sent again.
  const settlement = paid.settlement();
  if (settlement === undefined) return;
  context.res.headers.set('payment-response', encodePaymentResponseHeader(settlement));
  context.res.headers.append('access-control-expose-headers', EXPOSED);
}

function payloadIn(context: Context): unknown {
  const header = context.req.header('payment-signature');
  if (header === undefined) return undefined;
  try {
    return decodePaymentSignatureHeader(header);
  } catch {
    throw new NodeError(
      'bad_request',
      'The PAYMENT-SIGNATURE header cannot be read.',
      'It is base64 of the JSON of a PaymentPayload.',
    );
  }
}

/** 402 with a body that OpenAI clients read and the header that x402 clients read. */
function requiredResponse({ required, message }: PaymentRefused): Response {
  const [{ amount, asset }] = required.accepts;
  const error = new PaymentError(
    'payment_required',
    `${message}.`,
    `Pay ${amount} wei of gOPEN (${asset}) with a client of x402, or name a channel in openledger.channelId.`,
    { x402: required },
  );
  return jsonResponse(errorBody(error), 402, {
    'payment-required': encodePaymentRequiredHeader(required),
    'cache-control': 'no-store',
    'access-control-expose-headers': EXPOSED,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namesChannel({ openledger }: Record<string, unknown>): boolean {
  return isRecord(openledger) && 'channelId' in openledger;
}
