import { type Context, Hono, type Next } from 'hono';
import { callerOf } from '../free/caller.ts';
import type { FreeTier, NotFree } from '../free/tier.ts';
import { markSettled, payloadIn, requiredResponse } from '../x402/http.ts';
import { PaymentRefused, type Payments } from '../x402/payments.ts';
import type { Calls } from './calls.ts';
import type { PaidCall } from './channelless.ts';
import { errorBody, statusOf } from './http-errors.ts';
import { jsonResponse } from './json.ts';

export type ChannellessDeps = {
  calls: Pick<Calls, 'prepay'>;
  /** Undefined where no call is free. */
  free: FreeTier | undefined;
  /** Undefined where no call is paid by x402. */
  payments: Payments | undefined;
  /** Trusted proxies in front of the node. */
  proxies: number;
};

const ROUTES = new Set(['/v1/chat/completions', '/v1/completions']);

/**
 * In front of the routes that answer: a request that names no channel is free, or paid by x402, or told what to do. x402's
 * own middleware is not used: it holds an answer back until it is complete, and ours stream.
 */
export function channellessRoutes({ calls, free, payments, proxies }: ChannellessDeps): Hono {
  const app = new Hono();
  app.use('/v1/*', async (context, next) => {
    if (!ROUTES.has(context.req.path)) return next();
    if (context.req.method !== 'POST') return next();
    const raw: unknown = await context.req.json().catch(() => undefined);
    if (!isRecord(raw) || namesChannel(raw)) return next();
    const payload = payloadIn(context);
    // Who sends a payment wants to pay.
    const offer = payload === undefined ? await free?.admit(raw, callerOf(context, proxies)) : undefined;
    if (offer !== undefined && 'channelId' in offer) {
      try {
        return await answer(context, next, offer);
      } finally {
        offer.release();
      }
    }
    if (payments === undefined) return offer === undefined ? next() : refusal(offer);
    const resource = {
      url: context.req.url,
      description: 'A completion',
      mimeType: raw.stream === true ? 'text/event-stream' : 'application/json',
    };
    try {
      const paid = await payments.admit(raw, resource, payload);
      try {
        return await answer(context, next, paid);
      } finally {
        // Also on an error: what was taken is in the consumer's channel, and the same payment may be sent again.
        markSettled(context, paid.settlement());
      }
    } catch (error) {
      if (error instanceof PaymentRefused) return requiredResponse(error, offer?.error.message);
      throw error;
    }
  });

  /** Lets the next route answer the call on the channel that pays for it. */
  async function answer(context: Context, next: Next, paid: PaidCall): Promise<void> {
    const { url, method, headers, signal } = context.req.raw;
    context.req.raw = new Request(url, { method, headers, signal, body: JSON.stringify(paid.raw) });
    context.req.bodyCache = {};
    const done = calls.prepay(paid.channelId, paid.prepaid);
    try {
      await next();
    } finally {
      done();
    }
  }

  return app;
}

function refusal({ error, retryAfter }: NotFree): Response {
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return jsonResponse(errorBody(error), statusOf(error), headers);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namesChannel({ openledger }: Record<string, unknown>): boolean {
  return isRecord(openledger) && 'channelId' in openledger;
}
