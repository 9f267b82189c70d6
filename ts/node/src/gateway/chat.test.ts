import { outputTree, requestHash } from '@openledger/sdk/protocol/content';
import { contextRoot, contextRowOf } from '@openledger/sdk/protocol/context';
import { feeOf, hashReceipt, type Receipt } from '@openledger/sdk/protocol/receipts';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { recoverReceiptIssuer } from '@openledger/sdk/protocol/vouchers';
import OpenAI from 'openai';
import { toBytes } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, describe, expect, it } from 'vitest';
import {
  channelId,
  chat,
  createTestGateway,
  fakeEngine,
  nodeAddress,
  prices,
  settlement,
  sign,
} from '../../test/support/gateway.ts';
import { NodeError } from '../errors.ts';
import { openLedger } from '../ledger/ledger.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { toJson } from './json.ts';
import { listen } from './serve.ts';

type Gateway = Awaited<ReturnType<typeof createTestGateway>>;
let gateway: Gateway;
afterEach(() => gateway.close());

const answer = 'The lighthouse is blue ✓.';

async function post(path: string, body: unknown) {
  const response = await gateway.app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: toJson(body),
  });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : undefined, text };
}

const ask = (extra?: Record<string, unknown>, payment?: Record<string, unknown>) =>
  post('/v1/chat/completions', chat(extra, payment));

const readReceipt = (json: Record<string, unknown>): Receipt => ({
  ...(json as unknown as Receipt),
  fee: BigInt(json.fee as string),
});

describe('a chat call', () => {
  it('is answered with a receipt that the consumer can check in every field', async () => {
    gateway = await createTestGateway();
    const { status, json } = await ask();
    expect(status).toBe(200);
    expect(json.choices[0].message.content).toBe(answer);
    const receipt = readReceipt(json.openledger.receipt);
    const salt = chat().openledger.salt as `0x${string}`;
    expect(receipt.fee).toBe(feeOf(prices, 4, 5));
    expect(receipt.outputRoot).toBe(plainRoot(outputTree(salt, toBytes(answer))));
    expect(receipt.requestHash).toBe(
      requestHash(
        salt,
        toBytes('{"messages":[{"content":"What colour is it?","role":"user"}],"model":"ol-1"}'),
      ),
    );
    expect(json.openledger.receiptHash).toBe(hashReceipt(receipt));
    expect(
      await recoverReceiptIssuer(settlement, 7, hashReceipt(receipt), json.openledger.nodeSignature),
    ).toBe(nodeAddress);
  });

  it('has its receipt on the disk before the last chunk leaves', async () => {
    gateway = await createTestGateway();
    const response = await gateway.app.request('/v1/chat/completions', {
      method: 'POST',
      body: toJson(chat({ stream: true })),
    });
    let onDisk = 0;
    for await (const chunk of response.body!) {
      if (!Buffer.from(chunk).toString().includes('"receiptHash"')) continue;
      const replayed = await openLedger(gateway.path);
      onDisk = (await replayed.receipts(10)).length;
      await replayed.close();
    }
    expect(onDisk).toBe(1);
  });

  it('is refused with 402 while the last answer is not paid, and the refusal says what to sign', async () => {
    gateway = await createTestGateway();
    await ask();
    const refused = await ask();
    expect(refused.status).toBe(402);
    expect(refused.json.error.code).toBe('payment_required');
    const voucher = await sign(refused.json.error.openledger.voucher);
    const second = await ask({}, { voucher });
    expect(second.status).toBe(200);
    expect(second.json.openledger.receipt.position).toBe(1);
    expect((await ask()).status).toBe(402);
    const state = await (await gateway.app.request(`/v1/channels/${channelId}`)).json();
    expect(state.current.unsigned).toHaveLength(1);
    expect((await post('/v1/vouchers', await sign(state.current.voucher))).status).toBe(200);
    expect((await ask()).status).toBe(200);
  });

  it('keeps receipts and vouchers over a restart', async () => {
    gateway = await createTestGateway();
    const { json } = await ask();
    const refused = await ask();
    await post('/v1/vouchers', await sign(refused.json.error.openledger.voucher));
    const replayed = await openLedger(gateway.path);
    expect((await replayed.receipt(json.openledger.receiptHash))?.output).toBe(answer);
    expect(replayed.redeemable().map(({ receiptCount }) => receiptCount)).toEqual([1]);
    await replayed.close();
  });

  it('is refused when the deposit cannot pay for it, before anything is generated', async () => {
    gateway = await createTestGateway();
    gateway.channel.deposit = 1n;
    const refused = await ask({ max_tokens: 100 });
    expect(refused.status).toBe(402);
    expect(refused.json.error.code).toBe('channel_exhausted');
    expect(refused.json.error.message).toContain('topUp');
    expect(await gateway.ledger.receipts(1)).toEqual([]);
  });

  it('is refused on an unknown channel, a closing channel and an unknown model', async () => {
    gateway = await createTestGateway();
    expect((await ask({}, { channelId: `0x${'99'.repeat(32)}` })).json.error.code).toBe('channel_unknown');
    expect((await ask({ model: 'gpt-4' })).status).toBe(404);
    gateway.channel.exitAt = 1;
    expect((await ask()).json.error.code).toBe('channel_closing');
  });

  it('allows one call at a time per channel', async () => {
    let proceed = () => {};
    const gate = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    gateway = await createTestGateway(fakeEngine(['a'], { beforeToken: () => gate }));
    const first = ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await ask()).status).toBe(409);
    proceed();
    expect((await first).status).toBe(200);
  });

  it('bills nothing when the engine fails', async () => {
    gateway = await createTestGateway(
      fakeEngine(['a', 'b'], {
        beforeToken: async (index) => {
          if (index === 1) throw new Error('engine down');
        },
      }),
    );
    expect((await ask()).status).toBe(500);
    expect(await gateway.ledger.receipts(1)).toEqual([]);
    expect((await ask()).status).toBe(500);
  });

  it('bills what was generated when the consumer hangs up', async () => {
    gateway = await createTestGateway(
      fakeEngine(
        Array.from({ length: 50 }, () => 'x '),
        {
          beforeToken: () => new Promise((resolve) => setTimeout(resolve, 5)),
        },
      ),
    );
    const abort = new AbortController();
    const body = chat();
    const call = await gateway.calls.start(body as never, body, abort.signal);
    let seen = 0;
    for await (const event of call.events) {
      if (event.type === 'text') seen += 1;
      if (seen === 3) abort.abort();
    }
    const [entry] = await gateway.ledger.receipts(1);
    expect(entry.receipt.tokensOut).toBe(3);
    expect((await ask()).status).toBe(402);
  });

  it('reports log-probabilities in the shape of OpenAI, and only when they are asked for', async () => {
    gateway = await createTestGateway(fakeEngine(['blue ', '✓']));
    const { json } = await ask({ logprobs: true, top_logprobs: 1 });
    const [, mark] = json.choices[0].logprobs.content;
    expect(mark).toEqual({
      token: '✓',
      bytes: [226, 156, 147],
      logprob: -0.5,
      top_logprobs: [{ token: '✓', bytes: [226, 156, 147], logprob: -0.5 }],
    });
    const voucher = await sign((await ask()).json.error.openledger.voucher);
    expect((await ask({}, { voucher })).json.choices[0].logprobs).toBeNull();
  });

  it('is refused with 429 and a time to wait when every place is taken', async () => {
    gateway = await createTestGateway(
      fakeEngine(['a'], {
        beforeToken: () => Promise.reject(new NodeError('overloaded', 'All places are taken.', 'Wait.')),
      }),
    );
    const response = await gateway.app.request('/v1/chat/completions', {
      method: 'POST',
      body: toJson(chat()),
    });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await response.json()).error.type).toBe('rate_limit_error');
  });

  it('is counted, with its tokens and fee and without a word of it', async () => {
    gateway = await createTestGateway();
    await ask();
    await ask();
    const metrics = await gateway.telemetry.metrics();
    expect(metrics).toContain(
      'gen_ai_tokens_total{gen_ai_request_model="ol-1",gen_ai_token_type="output"} 5',
    );
    expect(metrics).toContain(
      'gen_ai_server_time_to_first_token_seconds_count{gen_ai_request_model="ol-1"} 1',
    );
    expect(metrics).toContain('openledger_refused_requests_total{code="payment_required"} 1');
    expect(metrics).not.toContain('lighthouse');
  });

  it('says which field of a request is wrong', async () => {
    gateway = await createTestGateway();
    const { status, json } = await post('/v1/chat/completions', { model: 'ol-1', messages: [] });
    expect(status).toBe(400);
    expect(json.error.message).toContain('messages');
    expect(json.error.message).toContain('openledger');
  });
});

describe('a voucher', () => {
  it('is refused when any field is not what was served, or another key signed it', async () => {
    gateway = await createTestGateway();
    await ask();
    const good = (await ask()).json.error.openledger.voucher;
    const stranger = privateKeyToAccount(`0x${'03'.repeat(32)}`);
    const wrong = [
      await sign({ ...good, epoch: 1 }),
      await sign({ ...good, settledFee: '1' }),
      await sign({ ...good, cumulativeFee: '1' }),
      await sign({ ...good, receiptsRoot: `0x${'00'.repeat(32)}` }),
      await sign({ ...good, receiptCount: 2 }),
      await sign(good, stranger),
      { ...(await sign(good)), signature: '0x1234' },
    ];
    for (const voucher of wrong) {
      const { status, json } = await post('/v1/vouchers', voucher);
      expect(status).toBe(402);
      expect(json.error.code).toBe('voucher_rejected');
    }
    gateway.channel.deposit = 1n;
    expect((await post('/v1/vouchers', await sign(good))).json.error.message).toContain(
      'the channel holds 1',
    );
    gateway.channel.deposit = 10n ** 18n;
    expect((await post('/v1/vouchers', await sign(good))).json).toMatchObject({
      accepted: true,
      known: false,
    });
    expect((await post('/v1/vouchers', await sign(good))).json).toMatchObject({
      accepted: true,
      known: true,
    });
  });
});

describe('the interface', () => {
  it('works with the official OpenAI client, streaming and not', async () => {
    gateway = await createTestGateway();
    const server = await listen(gateway.app, '127.0.0.1', 0);
    try {
      const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'not-needed', maxRetries: 0 });
      const { openledger } = chat();
      const stream = await client.chat.completions.create({
        model: 'ol-1',
        messages: [{ role: 'user', content: 'What colour is it?' }],
        stream: true,
        stream_options: { include_usage: true },
        ...{ openledger },
      });
      let text = '';
      let last: Record<string, unknown> = {};
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        last = chunk as unknown as Record<string, unknown>;
      }
      expect(text).toBe(answer);
      expect(last).toMatchObject({
        usage: { completion_tokens: 5 },
        openledger: { receipt: { tokensOut: 5 }, nodeSignature: expect.stringMatching(/^0x/) },
      });
      await expect(
        client.chat.completions.create({
          model: 'ol-1',
          messages: [{ role: 'user', content: 'Again' }],
          ...{ openledger },
        }),
      ).rejects.toMatchObject({ status: 402, code: 'payment_required' });
      const voucher = await sign((await ask()).json.error.openledger.voucher);
      const paid = await client.chat.completions.create({
        model: 'ol-1',
        messages: [{ role: 'user', content: 'Again' }],
        ...{ openledger: JSON.parse(toJson({ ...openledger, voucher })) },
      });
      expect(paid.choices[0].message.content).toBe(answer);
    } finally {
      await server.close();
    }
  });

  it('places retrieved rows in the prompt, cites them, and commits to them in the receipt', async () => {
    const rows = [
      { asset: 4, row: 2, score: 32n, text: 'The tower is blue.' },
      { asset: 8, row: 0, score: 16n, text: 'The bay is deep.' },
    ];
    const asked: unknown[] = [];
    const retriever: Retriever = {
      retrieve: async (question, options) => {
        asked.push([question, options]);
        return rows;
      },
    };
    const prompts: string[] = [];
    const engine = fakeEngine(['Blue ', '[1].']);
    gateway = await createTestGateway(
      {
        ...engine,
        encodeChat: (messages) => {
          prompts.push(messages.map(({ role, content }) => `${role}: ${content}`).join('|'));
          return engine.encodeChat(messages);
        },
      },
      { retriever },
    );
    const body = chat({}, { retrieval: { datanets: [3], k: 2 } });
    const response = await gateway.app.request('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const { openledger } = await response.json();
    expect(asked).toEqual([['What colour is it?', { datanets: [3], k: 2 }]]);
    expect(prompts[0]).toBe(
      'system: [1] The tower is blue.\n\n[2] The bay is deep.|user: What colour is it?',
    );
    expect(openledger.receipt.contextRoot).toBe(contextRoot(rows.map(contextRowOf)));
    expect(openledger.citations).toEqual([
      { number: 1, asset: 4, row: 2, score: '32', text: 'The tower is blue.' },
      { number: 2, asset: 8, row: 0, score: '16', text: 'The bay is deep.' },
    ]);
  });

  it('refuses to retrieve when it cannot', async () => {
    gateway = await createTestGateway();
    const body = chat({}, { retrieval: { datanets: [3], k: 2 } });
    const response = await gateway.app.request('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(400);
    expect((await response.json()).error.hint).toContain('openledger.retrieval');
  });

  it('refuses pages of other sites and serves pages of this machine', async () => {
    gateway = await createTestGateway();
    const from = (origin: string) =>
      gateway.app.request(`/v1/channels/${channelId}`, { headers: { origin } });
    expect((await from('https://evil.example')).status).toBe(403);
    const local = await from('http://127.0.0.1:5173');
    expect(local.status).toBe(200);
    expect(local.headers.get('access-control-allow-origin')).toBe('http://127.0.0.1:5173');
  });
});
