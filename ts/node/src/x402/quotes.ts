import type { Hex } from 'viem';
import type { CallQuote } from '../gateway/plan.ts';

/** How long a price holds after it was last asked for, in seconds: longer than a payment is valid. */
export const QUOTE_SECONDS = 120;
const MOST = 10_000;

/**
 * Remembers the price of a request while its payment is under way: an adapter that is loaded meanwhile, or rows that are
 * found anew, would change it, and a signed payment is for one amount.
 */
export function createQuotes(now: () => number) {
  const quotes = new Map<Hex, { quote: CallQuote; until: number }>();

  return async function priceOf(request: Hex, ask: () => Promise<CallQuote>): Promise<CallQuote> {
    const known = quotes.get(request);
    if (known !== undefined && known.until > now()) return known.quote;
    const quote = await ask();
    quotes.delete(request);
    quotes.set(request, { quote, until: now() + QUOTE_SECONDS });
    if (quotes.size > MOST) {
      for (const oldest of quotes.keys()) {
        quotes.delete(oldest);
        break;
      }
    }
    return quote;
  };
}
