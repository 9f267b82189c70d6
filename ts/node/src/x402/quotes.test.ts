import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import type { CallQuote } from '../gateway/plan.ts';
import { createQuotes, QUOTE_SECONDS } from './quotes.ts';

const request = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;

describe('a price', () => {
  it('holds while a payment is under way, and is asked for anew after that', async () => {
    let now = 1_000;
    let fee = 5n;
    const priceOf = createQuotes(() => now);
    const ask = async () => ({ maxFee: fee }) as CallQuote;
    expect((await priceOf(request(1), ask)).maxFee).toBe(5n);
    fee = 7n;
    now += QUOTE_SECONDS - 1;
    expect((await priceOf(request(1), ask)).maxFee).toBe(5n);
    expect((await priceOf(request(2), ask)).maxFee).toBe(7n);
    now += 1;
    expect((await priceOf(request(1), ask)).maxFee).toBe(7n);
  });

  it('is forgotten when it cannot be had', async () => {
    const priceOf = createQuotes(() => 0);
    await expect(priceOf(request(1), () => Promise.reject(new Error('no model')))).rejects.toThrow(
      'no model',
    );
    expect((await priceOf(request(1), async () => ({ maxFee: 1n }) as CallQuote)).maxFee).toBe(1n);
  });
});
