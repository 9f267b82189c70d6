import { once } from 'node:events';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createInferenceClient } from '@openledger/sdk/client/inference-client';
import { APICallError, embedMany, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  channelId,
  consumer,
  createTestGateway,
  escrow,
  fakeEngine,
  nodeAddress,
  prices,
  settlement,
} from '../../test/support/gateway.ts';
import { NodeError } from '../errors.ts';
import type { EmbeddingEngine } from '../models/types.ts';
import { listen, type RunningServer } from './serve.ts';

const WORDS = ['The ', 'lighthouse ', 'is ', 'blue ', '✓.'];
const ANSWER = WORDS.join('');
const embeddings: EmbeddingEngine = {
  dimensions: 3,
  encode: (texts) => texts.flatMap((text) => text.split(' ').map((_, index) => index)),
  embed: async (texts) => texts.map((text) => Float32Array.of(text.length, -0.25, 1 / 3)),
};
const messages = [{ role: 'user' as const, content: 'What colour is it?' }];
const prompt = 'The lighthouse is';

let gateway: Awaited<ReturnType<typeof createTestGateway>>;
let server: RunningServer;
/** What the engine does before each token. */
let beforeToken: (index: number, signal: AbortSignal) => Promise<void>;

beforeEach(async () => {
  beforeToken = async () => undefined;
  const engine = fakeEngine(WORDS, { beforeToken: (index, signal) => beforeToken(index, signal) });
  gateway = await createTestGateway(engine, { embeddings });
  server = await listen(gateway.app, '127.0.0.1', 0);
});
afterEach(async () => {
  await server.close();
  await gateway.close();
});

/** Two tokens, and no more before the client is gone. */
async function untilHungUp(index: number, signal: AbortSignal): Promise<void> {
  if (index === 2 && !signal.aborted) await once(signal, 'abort');
}

/** The paying client of the SDK, on the test's channel. */
function payer() {
  const { channel } = gateway;
  return createInferenceClient({
    nodeUrl: server.url,
    channelId,
    account: consumer,
    chain: {
      escrow,
      settlement,
      channel: async () => channel,
      wallet: async () => nodeAddress,
      prices: async () => prices,
    },
  });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Everything that was served is signed for. */
async function expectAllPaid(calls: number) {
  const state = await (await fetch(`${server.url}/v1/channels/${channelId}`)).json();
  expect(state.current).toMatchObject({ signedReceipts: calls, unsigned: [] });
}

describe('the official OpenAI client', () => {
  const client = (options: { fetch?: typeof fetch; maxRetries?: number } = {}) =>
    new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0, ...options });

  it('chats, completes and embeds, streaming and not, and the SDK’s fetch pays for all of it', async () => {
    const openai = client({ fetch: payer().fetch });
    const whole = await openai.chat.completions.create({ model: 'ol-1', messages, logprobs: true });
    expect(whole.choices[0]).toMatchObject({ message: { content: ANSWER }, finish_reason: 'stop' });
    expect(whole.choices[0]!.logprobs!.content).toHaveLength(5);

    let streamed = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    const stream = { stream: true, stream_options: { include_usage: true } } as const;
    for await (const chunk of await openai.chat.completions.create({ model: 'base', messages, ...stream })) {
      streamed += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect([streamed, usage?.completion_tokens]).toEqual([ANSWER, 5]);

    const completion = await openai.completions.create({ model: 'ol-1', prompt, max_tokens: 2, logprobs: 0 });
    expect(completion.choices[0]).toMatchObject({ text: 'The lighthouse ', finish_reason: 'length' });
    let continued = '';
    for await (const chunk of await openai.completions.create({ model: 'ol-1', prompt, stream: true })) {
      continued += chunk.choices[0]!.text;
    }
    expect(continued).toBe(ANSWER);

    // The client asks for base64 by itself, and decodes it.
    const embedded = await openai.embeddings.create({ model: 'ol-1', input: ['four', 'eleven char'] });
    expect(embedded.data.map(({ embedding }) => embedding)).toEqual([
      [4, -0.25, Math.fround(1 / 3)],
      [11, -0.25, Math.fround(1 / 3)],
    ]);
    const plain = await openai.embeddings.create({ model: 'ol-1', input: 'x', encoding_format: 'float' });
    expect(plain.data[0]!.embedding[2]).toBe(Math.fround(1 / 3));
    await expectAllPaid(6);
  });

  it('uses its own helpers for streams', async () => {
    const stream = client({ fetch: payer().fetch }).chat.completions.stream({ model: 'ol-1', messages });
    const heard: string[] = [];
    stream.on('content', (piece) => heard.push(piece));
    expect((await stream.finalChatCompletion()).choices[0]!.message.content).toBe(ANSWER);
    expect(heard).toEqual(WORDS);
    await expectAllPaid(1);
  });

  it('lists models and reads one', async () => {
    const models = await all(client().models.list());
    expect(models.map(({ id, object }) => [id, object])).toEqual([['ol-1', 'model']]);
    expect((await client().models.retrieve('base')).id).toBe('ol-1');
    await expect(client().models.retrieve('gpt-4')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('gets each refusal as the error that it has for it', async () => {
    const openai = client({ fetch: payer().fetch });
    const ask = (model: string) => openai.chat.completions.create({ model, messages });
    await expect(client().chat.completions.create({ model: 'ol-1', messages })).rejects.toMatchObject({
      constructor: OpenAI.BadRequestError,
      message: expect.stringContaining('openledger'),
    });
    await expect(ask('gpt-4')).rejects.toMatchObject({
      constructor: OpenAI.NotFoundError,
      code: 'model_not_found',
      type: 'invalid_request_error',
    });
    await expect(client().post('/load_lora_adapter', { body: { lora_name: 'x' } })).rejects.toMatchObject({
      constructor: OpenAI.AuthenticationError,
      code: 'unauthorized',
    });
    gateway.channel.deposit = 1n;
    await expect(ask('ol-1')).rejects.toMatchObject({
      status: 402,
      code: 'channel_exhausted',
      type: 'payment_required',
    });
    gateway.channel.deposit = 10n ** 18n;
    beforeToken = () => Promise.reject(new NodeError('overloaded', 'All places are taken.', 'Wait.'));
    await expect(ask('ol-1')).rejects.toMatchObject({ constructor: OpenAI.RateLimitError, status: 429 });
    beforeToken = () => Promise.reject(new Error('engine down'));
    await expect(ask('ol-1')).rejects.toMatchObject({ constructor: OpenAI.InternalServerError });
    expect(await gateway.ledger.receipts(1)).toEqual([]);
  });

  it('tries again by itself after a 429, when the node says', async () => {
    let refusals = 1;
    beforeToken = async () => {
      if (refusals-- > 0) throw new NodeError('overloaded', 'All places are taken.', 'Wait.');
    };
    const openai = client({ fetch: payer().fetch, maxRetries: 1 });
    const answer = await openai.chat.completions.create({ model: 'ol-1', messages });
    expect(answer.choices[0]!.message.content).toBe(ANSWER);
    await expectAllPaid(1);
  });

  it('reads an error in the middle of a stream', async () => {
    beforeToken = async (index) => {
      if (index === 2) throw new Error('engine down');
    };
    const stream = await client({ fetch: payer().fetch }).chat.completions.create({
      model: 'ol-1',
      messages,
      stream: true,
    });
    await expect(all(stream)).rejects.toThrow('The node failed unexpectedly');
    expect(await gateway.ledger.receipts(1)).toEqual([]);
  });

  it('stops an answer, pays for what it heard with the next call, and goes on', async () => {
    beforeToken = untilHungUp;
    const openai = client({ fetch: payer().fetch, maxRetries: 3 });
    const abort = new AbortController();
    const stream = await openai.chat.completions.create(
      { model: 'ol-1', messages, stream: true },
      { signal: abort.signal },
    );
    let heard = '';
    for await (const chunk of stream) {
      heard += chunk.choices[0]?.delta.content ?? '';
      if (heard !== '') abort.abort();
    }
    expect(heard).not.toBe(ANSWER);
    beforeToken = async () => undefined;
    const next = await openai.chat.completions.create({ model: 'ol-1', messages });
    expect(next.choices[0]!.message.content).toBe(ANSWER);
    const [stopped, whole] = await gateway.ledger.receipts(2);
    expect(stopped!.output.startsWith(heard)).toBe(true);
    expect(stopped!.receipt.tokensOut).toBe(2);
    expect(whole!.receipt.position).toBe(1);
    await expectAllPaid(2);
  });

  it('may send many calls at once: the channel takes one after the other', async () => {
    const openai = client({ fetch: payer().fetch });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => openai.chat.completions.create({ model: 'ol-1', messages })),
    );
    expect(answers.map(({ choices }) => choices[0]!.message.content)).toEqual(Array(5).fill(ANSWER));
    await expectAllPaid(5);
  });
});

describe('the Vercel AI SDK', () => {
  const provider = () =>
    createOpenAICompatible({
      name: 'openledger',
      baseURL: `${server.url}/v1`,
      fetch: payer().fetch,
      includeUsage: true,
    });

  it('generates, streams, completes and embeds, and pays', async () => {
    const openledger = provider();
    const { text, usage } = await generateText({ model: openledger('ol-1'), prompt: 'What colour is it?' });
    expect([text, usage.outputTokens]).toEqual([ANSWER, 5]);

    const stream = streamText({ model: openledger('ol-1'), prompt: 'What colour is it?', temperature: 0 });
    expect(await all(stream.textStream)).toEqual(WORDS);
    expect([await stream.finishReason, (await stream.usage).outputTokens]).toEqual(['stop', 5]);

    const completed = await generateText({
      model: openledger.completionModel('ol-1'),
      prompt,
      maxOutputTokens: 2,
    });
    expect([completed.text, completed.finishReason]).toEqual(['The lighthouse ', 'length']);
    const continued = streamText({ model: openledger.completionModel('ol-1'), prompt });
    expect((await all(continued.textStream)).join('')).toBe(ANSWER);

    const embedded = await embedMany({
      model: openledger.embeddingModel('ol-1'),
      values: ['four', 'x'],
    });
    expect(embedded.embeddings).toEqual([
      [4, -0.25, Math.fround(1 / 3)],
      [1, -0.25, Math.fround(1 / 3)],
    ]);
    await expectAllPaid(5);
  });

  it('gets refusals with their status, and knows which may be tried again', async () => {
    const ask = (model: string) =>
      generateText({ model: provider()(model), prompt: 'What colour is it?', maxRetries: 0 }).catch(
        (error: unknown) => error as APICallError,
      );
    const unknown = await ask('gpt-4');
    expect(APICallError.isInstance(unknown)).toBe(true);
    expect(unknown).toMatchObject({ statusCode: 404, isRetryable: false });
    expect((unknown as APICallError).message).toContain('There is no model "gpt-4"');
    gateway.channel.deposit = 1n;
    expect(await ask('ol-1')).toMatchObject({ statusCode: 402, isRetryable: false });
    gateway.channel.deposit = 10n ** 18n;
    beforeToken = () => Promise.reject(new NodeError('overloaded', 'All places are taken.', 'Wait.'));
    expect(await ask('ol-1')).toMatchObject({ statusCode: 429, isRetryable: true });
  });

  it('stops an answer in the middle', async () => {
    beforeToken = untilHungUp;
    const abort = new AbortController();
    const stream = streamText({
      model: provider()('ol-1'),
      prompt: 'What colour is it?',
      abortSignal: abort.signal,
      onError: () => undefined,
    });
    let heard = '';
    for await (const piece of stream.textStream) {
      heard += piece;
      abort.abort();
    }
    await expect.poll(() => gateway.ledger.receipts(2)).toHaveLength(1);
    const [stopped] = await gateway.ledger.receipts(1);
    expect(stopped!.output.startsWith(heard)).toBe(true);
    expect(stopped!.receipt.tokensOut).toBe(2);
  });
});
