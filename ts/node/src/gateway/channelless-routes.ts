import { type Context, Hono, type Next } from 'hono';
import { NodeError } from '../errors.ts';
import type { FreeTier } from '../free/tier.ts';
import { markSettled, payloadIn, requiredResponse } from '../x402/http.ts';
import { PaymentRefused, type Payments } from '../x402/payments.ts';
import type { Calls } from './calls.ts';
import type { PaidCall } from './channelless.ts';
import type { PriceLimit } from './price-limit.ts';

export type ChannellessDeps = {
  calls: Pick<Calls, 'prepay'>;
  /** Undefined where no call is free. */
  free: FreeTier | undefined;
  /** Undefined where no call is paid by x402. */
  payments: Payments | undefined;
  prices: PriceLimit;
  /** Who a request counts for. */
  caller(context: Context): string;
};

const ROUTES = new Set(['/v1/chat/completions', '/v1/completions']);

/**
 * In front of the routes that answer: a request that names no channel is free, or paid by x402, or told what to do. x402's
 * own middleware is not used: it holds an answer back until it is complete, and ours stream.
 */
export function channellessRoutes({ calls, free, payments, prices, caller }: ChannellessDeps): Hono {
  const app = new Hono();
  app.use('/v1/*', async (context, next) => {
    if (!ROUTES.has(context.req.path)) return next();
    if (context.req.method !== 'POST') return next();
    const raw: unknown = await context.req.json().catch(() => undefined);
    if (!isRecord(raw) || namesChannel(raw)) return next();
    if (free === undefined && payments === undefined) return next();
    const payload = payloadIn(context);
    const asked = prices.ask(caller(context));
    // Who sends a payment wants to pay.
    const offer = payload === undefined ? await free?.admit(raw, caller(context)) : undefined;
    if (offer !== undefined && !(offer instanceof NodeError)) {
      asked.taken();
      try {
        return await answer(context, next, offer);
      } finally {
        offer.release();
      }
    }
    if (payments === undefined) {
      if (offer === undefined) return next();
      throw offer;
    }
    const resource = {
      url: context.req.url,
      description: 'A completion',
      mimeType: raw.stream === true ? 'text/event-stream' : 'application/json',
    };
    try {
      const paid = await payments.admit(raw, resource, payload);
      asked.taken();
      try {
        return await answer(context, next, paid);
      } finally {
        // Also on an error: what was taken is in the consumer's channel, and the same payment may be sent again.
        markSettled(context, paid.settlement());
      }
    } catch (error) {
      if (error instanceof PaymentRefused) return requiredResponse(error, offer?.message);
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namesChannel({ openledger }: Record<string, unknown>): boolean {
  return isRecord(openledger) && 'channelId' in openledger;
}
