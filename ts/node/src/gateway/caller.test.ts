import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { callerOf } from './caller.ts';

async function caller(remoteAddress: string, proxies = 0, forwarded?: string): Promise<string> {
  const app = new Hono().get('/', (context) => context.text(callerOf(context, proxies)));
  const headers = forwarded === undefined ? undefined : { 'x-forwarded-for': forwarded };
  const env = { incoming: { socket: { remoteAddress } } };
  return (await app.request('/', { headers }, env)).text();
}

describe('a caller', () => {
  it('is its address, a /64 of IPv6, or this machine', async () => {
    expect(await caller('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(await caller('2001:db8:0:1:aaaa::1')).toBe(await caller('2001:db8:0:1::2'));
    expect(await caller('2001:db8::1')).not.toBe(await caller('2001:db8:0:1::1'));
    expect(await caller('::1')).toBe(await caller('127.0.0.2'));
  });

  it('cannot name itself: only as many proxies as are configured are believed', async () => {
    const forged = '198.51.100.1, 203.0.113.9';
    expect(await caller('192.0.2.7', 0, forged)).toBe('192.0.2.7');
    expect(await caller('192.0.2.7', 1, forged)).toBe('203.0.113.9');
    expect(await caller('192.0.2.7', 9, '203.0.113.9')).toBe('203.0.113.9');
    expect(await caller('192.0.2.7', 1)).toBe('192.0.2.7');
  });
});
