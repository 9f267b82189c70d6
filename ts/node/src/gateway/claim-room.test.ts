import { afterEach, expect, it } from 'vitest';
import { channelId, chat, createTestGateway, fakeEngine, sign } from '../../test/support/gateway.ts';
import { MAX_CLAIM_BYTES, MAX_PUBLIC_BYTES } from '../ledger/claim-size.ts';
import { openLedger } from '../ledger/ledger.ts';
import { toJson } from './json.ts';

let gateway: Awaited<ReturnType<typeof createTestGateway>>;
afterEach(() => gateway.close());

/** A PUBLIC chat call whose request has so many bytes and a few. */
async function ask(bytes: number, payment?: Record<string, unknown>) {
  const response = await gateway.app.request('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: toJson(chat({ user: 'x'.repeat(bytes) }, payment)),
  });
  return { status: response.status, json: await response.json() };
}

it('begins the next epoch before the running one is too large to be settled in one transaction', async () => {
  gateway = await createTestGateway();
  let voucher: unknown;
  const epochs: number[] = [];
  for (let call = 0; call < 5; call += 1) {
    const { json } = await ask(30_000, { voucher });
    const { receipt } = json.openledger;
    epochs.push(receipt.epoch);
    const state = await (await gateway.app.request(`/v1/channels/${channelId}`)).json();
    expect(state.current.receipts.length).toBe(receipt.position + 1);
    voucher = await sign(state.current.voucher);
  }
  expect(epochs).toEqual([0, 0, 0, 1, 1]);
  const [sealed] = gateway.ledger.sealed();
  expect(sealed!.claimBytes).toBeLessThanOrEqual(MAX_CLAIM_BYTES);
  // What follows is paid on top of what was promised before.
  const { current } = gateway.ledger.channel(channelId)!;
  expect(current!.settledFee).toBe(sealed!.voucher.cumulativeFee);
  const reopened = await openLedger(gateway.path);
  expect(reopened.channel(channelId)).toEqual(gateway.ledger.channel(channelId));
  await reopened.close();
});

it('refuses a PUBLIC request that does not fit, and serves it unpublished', async () => {
  gateway = await createTestGateway();
  const refused = await ask(MAX_PUBLIC_BYTES);
  expect(refused).toMatchObject({ status: 400, json: { error: { code: 'bad_request' } } });
  expect(refused.json.error.message).toContain('PUBLIC');
  expect((await ask(MAX_PUBLIC_BYTES, { flags: [] })).status).toBe(200);
});

it('ends a PUBLIC answer where it would not fit', async () => {
  const words = Array.from({ length: 5 }, () => 'y'.repeat(10_000));
  gateway = await createTestGateway(fakeEngine(words));
  const { json } = await ask(0);
  expect(json.choices[0]).toMatchObject({ finish_reason: 'length' });
  expect(json.choices[0].message.content).toHaveLength(30_000);
  expect(json.openledger.receipt).toMatchObject({ tokensOut: 3, outputLength: 30_000 });
});
