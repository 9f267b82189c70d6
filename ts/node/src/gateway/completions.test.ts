import { outputTree, requestHash } from '@openledger/sdk/protocol/content';
import { feeOf } from '@openledger/sdk/protocol/receipts';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { toBytes } from 'viem';
import { afterEach, describe, expect, it } from 'vitest';
import { channelId, createTestGateway, fakeEngine, prices, sign } from '../../test/support/gateway.ts';
import type { EmbeddingEngine } from '../models/types.ts';
import { toJson } from './json.ts';

type Gateway = Awaited<ReturnType<typeof createTestGateway>>;
let gateway: Gateway;
afterEach(() => gateway.close());

const salt = `0x${'5a'.repeat(32)}` as const;
const payment = { channelId, salt, flags: ['PUBLIC'] };

async function post(path: string, body: Record<string, unknown>, init: RequestInit = {}) {
  const response = await gateway.app.request(path, {
    method: 'POST',
    body: toJson({ model: 'ol-1', openledger: payment, ...body }),
    ...init,
  });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}
const complete = (body: Record<string, unknown>) => post('/v1/completions', body);

describe('a plain completion', () => {
  it('reads the prompt as it is, without a chat template, and is billed and hashed like any answer', async () => {
    const engine = fakeEngine(['and ', 'blue.']);
    const read: (readonly number[])[] = [];
    gateway = await createTestGateway({
      ...engine,
      encodeChat: () => expect.unreachable('a plain prompt has no template'),
      encodeText: (text) => [...toBytes(text)],
      generate: (options) => {
        read.push(options.promptTokens);
        return engine.generate(options);
      },
    });
    const { status, json } = await complete({ prompt: 'It is tall ' });
    expect(status).toBe(200);
    expect(read).toEqual([[...toBytes('It is tall ')]]);
    expect(json).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'and blue.', logprobs: null }],
      usage: { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 },
    });
    const { receipt } = json.openledger;
    expect(receipt.fee).toBe(feeOf(prices, 11, 2).toString());
    expect(receipt.requestHash).toBe(requestHash(salt, toBytes('{"model":"ol-1","prompt":"It is tall "}')));
    expect(receipt.outputRoot).toBe(plainRoot(outputTree(salt, toBytes('and blue.'))));
  });

  it('streams, with usage and the receipt at the end', async () => {
    gateway = await createTestGateway(fakeEngine(['a ', 'b']));
    const { text } = await complete({
      prompt: ['x'],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = text
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice(6)));
    expect(chunks[0].openledger.quote.maxTokens).toBe(16);
    expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe('a b');
    expect(chunks.at(-1)).toMatchObject({
      usage: { total_tokens: 3 },
      openledger: { fee: expect.any(String) },
    });
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  it('gives log-probabilities in the shape of plain completions, whole and in parts', async () => {
    gateway = await createTestGateway(fakeEngine(['✓ ', 'ok']));
    const { json } = await complete({ prompt: 'x', logprobs: 1 });
    const logprobs = {
      tokens: ['✓ ', 'ok'],
      token_logprobs: [-0.5, -0.5],
      top_logprobs: [{ '✓ ': -0.5 }, { ok: -0.5 }],
      text_offset: [0, 2],
    };
    expect(json.choices[0].logprobs).toEqual(logprobs);
    const voucher = await sign((await complete({ prompt: 'x' })).json.error.openledger.voucher);
    const streamed = await complete({
      prompt: 'x',
      logprobs: 0,
      stream: true,
      openledger: { ...payment, voucher },
    });
    expect(streamed.text).toContain('"text_offset":[2]');
  });

  it('says what it cannot do', async () => {
    gateway = await createTestGateway();
    for (const [body, word] of [
      [{ prompt: '' }, 'prompt'],
      [{ prompt: ['a', 'b'] }, 'one answer has one receipt'],
      [{ prompt: [1, 2] }, 'token ids'],
      [{ prompt: 'a', echo: true }, 'echo'],
      [{ prompt: 'a', n: 2 }, 'n: must be 1'],
      [{ prompt: 'a', suffix: 'end' }, 'suffix'],
      [{ prompt: 'a', openledger: { ...payment, retrieval: { datanets: [1] } } }, 'plain prompts'],
    ] as const) {
      const { status, json } = await complete(body);
      expect([status, json.error.message], word).toEqual([400, expect.stringContaining(word)]);
    }
  });
});

describe('embeddings', () => {
  const vectors: EmbeddingEngine = {
    dimensions: 2,
    encode: (texts) => texts.flatMap((text) => [...toBytes(text)]),
    embed: async (texts, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      signal.throwIfAborted();
      return texts.map((text) => Float32Array.of(text.length, 0.5));
    },
  };
  const embed = (body: Record<string, unknown>) => post('/v1/embeddings', body);

  it('are paid like an answer without output, and the receipt commits to the vectors', async () => {
    gateway = await createTestGateway(undefined, { embeddings: vectors });
    const { status, json } = await embed({ input: ['ab', 'c'] });
    expect(status).toBe(200);
    expect(json.data).toEqual([
      { object: 'embedding', index: 0, embedding: [2, 0.5] },
      { object: 'embedding', index: 1, embedding: [1, 0.5] },
    ]);
    expect(json.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    const { receipt } = json.openledger;
    expect(receipt).toMatchObject({ fee: feeOf(prices, 3, 0).toString(), tokensOut: 0, tokensIn: 3 });
    const lines = [Float32Array.of(2, 0.5), Float32Array.of(1, 0.5)]
      .map((vector) => Buffer.from(vector.buffer).toString('base64'))
      .join('\n');
    expect(receipt.outputRoot).toBe(plainRoot(outputTree(salt, toBytes(lines))));
    expect((await gateway.ledger.receipts(1))[0].output).toBe(lines);

    const unpaid = await embed({ input: 'd' });
    expect([unpaid.status, unpaid.json.error.code]).toEqual([402, 'payment_required']);
    const voucher = await sign(unpaid.json.error.openledger.voucher);
    const paid = await embed({
      input: 'd',
      encoding_format: 'base64',
      openledger: { ...payment, voucher },
    });
    expect(paid.json.data[0].embedding).toBe(Buffer.from(Float32Array.of(1, 0.5).buffer).toString('base64'));
  });

  it('bill nothing when the consumer hangs up, and leave the channel free', async () => {
    gateway = await createTestGateway(undefined, { embeddings: vectors });
    const abort = new AbortController();
    const asked = { model: 'ol-1', input: ['a'], encoding_format: 'float', openledger: payment } as never;
    const embedding = gateway.calls.embed(asked, asked, abort.signal);
    await expect(embed({ input: 'b' })).resolves.toMatchObject({ status: 409 });
    abort.abort();
    await expect(embedding).rejects.toThrow();
    expect(await gateway.ledger.receipts(1)).toEqual([]);
    expect((await embed({ input: 'b' })).status).toBe(200);
  });

  it('are refused when the deposit cannot pay for them, without a channel, or where there are none', async () => {
    gateway = await createTestGateway(undefined, { embeddings: vectors });
    gateway.channel.deposit = 1n;
    expect((await embed({ input: 'a' })).json.error.code).toBe('channel_exhausted');
    expect((await embed({ input: 'a', openledger: undefined })).status).toBe(400);
    expect((await embed({ input: [[1, 2]] })).json.error.message).toContain('token ids');
    expect((await embed({ input: 'a', model: 'nobody' })).status).toBe(404);
    await gateway.close();
    gateway = await createTestGateway();
    expect((await embed({ input: 'a' })).json.error.message).toContain('Only base models embed');
  });
});
