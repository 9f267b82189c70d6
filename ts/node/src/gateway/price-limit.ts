import { NodeError } from '../errors.ts';
import { createLru } from '../models/lru.ts';

/** Callers that are told apart. One that has not asked for longest is forgotten first, and may ask anew. */
const CALLERS = 10_000;
/** What paying gives back: the request that paid, and the one before it that asked what to pay. */
const REQUESTS_OF_A_PAYMENT = 2;

/**
 * Limits how many prices one caller asks for and does not pay. A price costs the node a prompt, a search for rows where
 * the request wants some, and reads of the chain; who pays is not limited.
 */
export type PriceLimit = {
  /** Counts a request that names no channel; throws `price_limit` when the caller has asked for too many. */
  ask(caller: string): {
    /** Takes the count back: the call is paid. */
    taken(): void;
  };
};

/**
 * A bucket for each caller: `perMinute` requests at once, filled again evenly within a minute. 0: no limit.
 * `now` in milliseconds, from a clock that never goes back.
 */
export function createPriceLimit({ perMinute, now }: { perMinute: number; now(): number }): PriceLimit {
  if (perMinute === 0) return { ask: () => ({ taken: () => undefined }) };
  const buckets = createLru<string, { left: number; at: number }>(CALLERS);
  const perMs = perMinute / 60_000;

  function leftOf(caller: string): number {
    const { left, at } = buckets.get(caller) ?? { left: perMinute, at: now() };
    return Math.min(perMinute, left + (now() - at) * perMs);
  }

  return {
    ask(caller) {
      const left = leftOf(caller);
      if (left < 1) {
        throw new NodeError(
          'price_limit',
          `You have asked for more than ${perMinute} prices in a minute and paid none of them.`,
          'Send the payment with the request, name a channel in openledger.channelId, or wait.',
          { retryAfter: Math.ceil((1 - left) / perMs / 1000) },
        );
      }
      buckets.set(caller, { left: left - 1, at: now() });
      return {
        taken: () =>
          buckets.set(caller, {
            left: Math.min(perMinute, leftOf(caller) + REQUESTS_OF_A_PAYMENT),
            at: now(),
          }),
      };
    },
  };
}
