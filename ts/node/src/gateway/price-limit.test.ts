import { describe, expect, it } from 'vitest';
import { createPriceLimit } from './price-limit.ts';

function limitOf(perMinute: number) {
  const clock = { ms: 5_000 };
  const limit = createPriceLimit({ perMinute, now: () => clock.ms });
  /** How often the caller may ask now. */
  const drain = (caller: string) => {
    for (let count = 0; ; count += 1) {
      try {
        limit.ask(caller);
      } catch {
        return count;
      }
    }
  };
  return { clock, limit, drain };
}

describe('the limit of prices', () => {
  it('gives each caller its own, at once and again within a minute', () => {
    const { clock, drain } = limitOf(6);
    expect(drain('a')).toBe(6);
    expect(drain('b')).toBe(6);
    clock.ms += 9_999;
    expect(drain('a')).toBe(0);
    clock.ms += 1;
    expect(drain('a')).toBe(1);
    clock.ms += 3_600_000;
    expect(drain('a')).toBe(6);
  });

  it('says when to come again', () => {
    const { clock, limit, drain } = limitOf(6);
    drain('a');
    clock.ms += 4_000;
    expect(() => limit.ask('a')).toThrow(expect.objectContaining({ code: 'price_limit', retryAfter: 6 }));
    clock.ms += 6_000;
    expect(() => limit.ask('a')).not.toThrow();
  });

  it('never stops a caller that pays, and gives it no more than the others for that', () => {
    const { limit, drain } = limitOf(2);
    for (let call = 0; call < 50; call += 1) {
      limit.ask('a');
      limit.ask('a').taken();
    }
    expect(drain('a')).toBe(2);
  });

  it('can be switched off', () => {
    const { limit } = limitOf(0);
    for (let call = 0; call < 1_000; call += 1) limit.ask('a');
  });
});
