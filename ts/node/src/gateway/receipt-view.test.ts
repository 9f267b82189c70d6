import { utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { encodeSpan, ITEM_KIND } from '@openledger/sdk/protocol/items';
import { afterEach, describe, expect, it } from 'vitest';
import { checkAnswers } from '../../test/support/check-answers.ts';
import { chat, createTestGateway, fakeEngine } from '../../test/support/gateway.ts';
import { createLog } from '../log.ts';
import { createApp } from './app.ts';
import { receiptRoutes } from './receipt-routes.ts';

const output = 'Köpenicker Straße — the lighthouse keeper painted the tower blue in the year 1811 ✓';
let gateway: Awaited<ReturnType<typeof createTestGateway>>;
let answers: ReturnType<typeof checkAnswers>;
afterEach(async () => {
  await answers.settle();
  await gateway.close();
});

async function receiptOf(flags: string[]) {
  gateway = await createTestGateway(fakeEngine([output]));
  await gateway.app.request('/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify(chat({}, { flags })),
  });
  const [entry] = await gateway.ledger.receipts(1);
  const quote = 'the lighthouse keeper painted the tower blue in the year 1811 ✓';
  const outOff = utf8(output.slice(0, output.indexOf(quote))).length;
  const len = utf8(quote).length;
  await gateway.ledger.append({
    type: 'attribution',
    hash: entry.hash,
    queryHash: ZERO_HASH,
    evidence: [
      {
        asset: 4,
        kind: ITEM_KIND.span,
        score: BigInt(len),
        evidence: encodeSpan({ outOff, srcOff: 9, len }),
      },
    ],
    evidenceHash: ZERO_HASH,
    noticeSignature: '0x',
    spans: [{ asset: 4, outOff, srcOff: 9, len }],
    at: 1,
  });
  const routes = receiptRoutes({
    nodeId: 7,
    ledger: gateway.ledger,
    reader: { sync: async () => [], node: () => ({ nodeId: 7, batches: [], claims: [] }) } as never,
    state: {
      currentVersion: async () => 1,
      parameters: async () => ({
        modelBps: 2000,
        contributorsBps: 4000,
        tauBasePpm: 0,
        tauMinPpm: 0,
        tauMaxPpm: 1_000_000,
        feeRef: 1n,
        mixInfluenceBps: 5000,
        mixSpanBps: 5000,
        mixRetrievalBps: 0,
      }),
      terms: async () => ({ parent: 0, royaltyBps: 0, scheme: 3, baselineRoot: ZERO_HASH }),
    } as never,
    contributions: async () => [
      {
        id: 1,
        asset: 4,
        datanet: 2,
        contributor: `0x${'01'.repeat(20)}`,
        uri: 'store:x',
        licence: 'MIT',
      } as never,
    ],
  });
  const app = createApp({ log: createLog('silent'), routes: [routes] });
  answers = checkAnswers(app);
  return { app, entry, quote };
}

describe('what a receipt shows', () => {
  it('gives spans in bytes and in code points, with the contribution and what it would be paid', async () => {
    const { app, entry, quote } = await receiptOf(['PUBLIC']);
    const view = await (await app.request(`/v1/receipts/${entry.hash}`)).json();
    expect(view).toMatchObject({ status: 'unsigned', output, number: null });
    const [span] = view.attribution.spans;
    expect([...output].slice(span.start, span.end).join('')).toBe(quote);
    expect(span).toMatchObject({ paid: true, contribution: { id: 1, datanet: 2 } });
    const total = view.attribution.items.reduce(
      (sum: bigint, item: { amount: string }) => sum + BigInt(item.amount),
      0n,
    );
    expect(total).toBe((entry.receipt.fee * 6000n) / 10_000n);
    expect(view.attribution.items[0]).toMatchObject({
      kindName: 'span',
      span: { start: span.start, end: span.end },
    });
  });

  it('keeps the texts of a private receipt to whoever knows its salt', async () => {
    const { app, entry } = await receiptOf([]);
    const closed = await (await app.request(`/v1/receipts/${entry.hash}`)).json();
    expect(closed).toMatchObject({ output: null, request: null, salt: null, attribution: { spans: [] } });
    expect(JSON.stringify(closed)).not.toContain('lighthouse');
    const headers = { 'x-openledger-salt': entry.salt };
    const opened = await (await app.request(`/v1/receipts/${entry.hash}`, { headers })).json();
    expect(opened.output).toBe(output);
    expect((await app.request(`/v1/receipts/${ZERO_HASH}`)).status).toBe(404);
  });
});
