import { expect, it } from 'vitest';
import { checkAnswers } from '../../test/support/check-answers.ts';
import { createLog } from '../log.ts';
import { PaymentRefused, type Payments } from '../x402/payments.ts';
import { createApp } from './app.ts';
import { channellessRoutes } from './channelless-routes.ts';
import { createPriceLimit } from './price-limit.ts';

const inbox = `0x${'1b'.repeat(20)}` as const;
const gopen = `0x${'90'.repeat(20)}` as const;
const payments: Payments = {
  admit: async (_raw, resource) => {
    throw new PaymentRefused({
      ...{ x402Version: 2, error: 'Payment required', resource },
      accepts: [
        {
          ...{ scheme: 'exact', network: 'eip155:31337', amount: '7', asset: gopen, payTo: inbox },
          ...{ maxTimeoutSeconds: 120, extra: { name: 'g', version: '1', paymentFlow: 'upfront' } },
        },
      ],
    });
  },
};

it('tells a caller the price so many times a minute, and then when to come again', async () => {
  const routes = channellessRoutes({
    ...{ calls: { prepay: () => () => undefined }, free: undefined, payments },
    prices: createPriceLimit({ perMinute: 2, now: () => 0 }),
    caller: (context) => context.req.header('x-test-caller') ?? '',
  });
  const app = createApp({ log: createLog('silent'), routes: [routes] });
  const answers = checkAnswers(app);
  const ask = async (caller: string) =>
    app.request('http://127.0.0.1/v1/chat/completions', {
      method: 'POST',
      headers: { 'x-test-caller': caller },
      body: JSON.stringify({ model: 'ol-1', messages: [{ role: 'user', content: 'Hello' }] }),
    });
  for (let time = 0; time < 2; time += 1) {
    const priced = await ask('a');
    expect(priced.status).toBe(402);
    expect(priced.headers.get('payment-required')).not.toBeNull();
  }
  const refused = await ask('a');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('30');
  expect((await refused.json()).error).toMatchObject({ code: 'price_limit', type: 'rate_limit_error' });
  expect((await ask('b')).status).toBe(402);
  await answers.settle();
});
