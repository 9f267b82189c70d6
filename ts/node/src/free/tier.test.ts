import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeError } from '../errors.ts';
import { createApp } from '../gateway/app.ts';
import { channellessRoutes } from '../gateway/channelless-routes.ts';
import { createPriceLimit } from '../gateway/price-limit.ts';
import { createLog } from '../log.ts';
import { openAllowance } from './allowance.ts';
import type { Lent } from './sponsor.ts';
import { createFreeTier, type FreeCall, type FreeTier } from './tier.ts';

const CHANNEL: Hex = `0x${'c1'.repeat(32)}`;
const RAW = { model: 'ol-1', messages: [{ role: 'user', content: 'Hello' }] };
const account = privateKeyToAccount(`0x${'01'.repeat(32)}`);

let home: string;
let price: bigint;
let places: number;
/** What the next call's channel does when it is to be secured. */
let secure: Lent['secure'];
let tier: FreeTier;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'openledger-tier-'));
  [price, places] = [3n, 1];
  secure = () => Promise.resolve({} as Awaited<ReturnType<Lent['secure']>>);
  const now = () => 86_400;
  tier = createFreeTier({
    terms: { callsPerDay: 2, totalPerDay: 9, maxFee: 5n },
    allowance: await openAllowance({ path: join(home, 'counts'), perCaller: 2, total: 9, now }),
    sponsor: {
      lend() {
        if (places === 0) return undefined;
        places -= 1;
        const release = () => {
          places += 1;
        };
        return { channelId: CHANNEL, secure: (fee) => secure(fee), release };
      },
    },
    calls: { quote: async () => ({ maxFee: price, maxTokens: 7 }) as never },
    account,
    escrow: { chainId: 31_337, verifyingContract: account.address },
    now,
  });
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function admitted(): Promise<FreeCall> {
  const call = await tier.admit(RAW, 'a');
  if (call instanceof NodeError) throw call;
  return call;
}

async function refused(): Promise<{ code: string; retryAfter: number | undefined }> {
  const call = await tier.admit(RAW, 'a');
  if (!(call instanceof NodeError)) throw new Error('It was free.');
  return { code: call.code, retryAfter: call.retryAfter };
}

describe('free calls', () => {
  it('are on a channel of the node, and are over when a caller has had its own', async () => {
    for (const remaining of [1, 0]) {
      const call = await admitted();
      expect(call.raw).toMatchObject({ openledger: { channelId: CHANNEL } });
      await call.prepaid.secure(3n);
      expect(call.prepaid.describe(0n)).toMatchObject({ free: { remaining, resetsAt: 172_800 } });
      call.release();
    }
    expect(await refused()).toEqual({ code: 'free_calls_used', retryAfter: 86_400 });
    expect(tier.view('b').remaining).toBe(2);
  });

  it('are not for calls that cost more than the node allows, also when the price rose meanwhile', async () => {
    price = 6n;
    expect((await refused()).code).toBe('payment_required');
    price = 5n;
    const call = await admitted();
    await expect(async () => call.prepaid.secure(6n)).rejects.toThrow('up to 5 wei are free');
    call.release();
    expect(tier.view('a').remaining).toBe(2);
  });

  it('wait for a place, and are not counted when the node cannot pay for them', async () => {
    const call = await admitted();
    expect(await refused()).toEqual({ code: 'overloaded', retryAfter: 1 });
    secure = () => Promise.reject(new NodeError('payment_required', 'The wallet is empty.', 'Fill it.'));
    await expect(async () => call.prepaid.secure(3n)).rejects.toThrow('The wallet is empty.');
    call.release();
    expect(tier.view('a').remaining).toBe(2);
    (await admitted()).release();
  });

  it('end with a 429 that says when there are more, where a node takes no other payment', async () => {
    for (let i = 0; i < 2; i += 1) {
      const call = await admitted();
      await call.prepaid.secure(3n);
      call.release();
    }
    const calls = { prepay: () => () => undefined };
    const prices = createPriceLimit({ perMinute: 60, now: () => 0 });
    const routes = channellessRoutes({ calls, free: tier, payments: undefined, prices, caller: () => 'a' });
    const body = JSON.stringify(RAW);
    const headers = { 'content-type': 'application/json' };
    const app = createApp({ log: createLog('silent'), routes: [routes] });
    const response = await app.request('http://127.0.0.1/v1/chat/completions', {
      method: 'POST',
      body,
      headers,
    });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('86400');
    expect(await response.json()).toMatchObject({ error: { code: 'free_calls_used' } });
  });
});
