import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGenerator, type Generator } from '@openledger/engine/generation/generator';
import { loadBase } from '@openledger/engine/model/base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startVllm, type VllmAnswer, type VllmOptions } from '../../test/support/vllm-shapes.ts';
import { type ClusterOptions, connectCluster } from './cluster-engine.ts';
import { createEmbeddedEngine, createTextEngine } from './text-engine.ts';
import type { AnswerToken, GenerateOptions, GenerationEnd, ServeEngine, VerifiedAdapter } from './types.ts';

const base = await loadBase(join(import.meta.dirname, '../../../models/base'));
const { tokenizer } = base;
const weightsHash = `0x${'ab'.repeat(32)}`;
const adapter = {
  model: { id: 7, terms: { weightsHash } },
  files: new Map([
    [
      'adapter_config.json',
      new TextEncoder().encode('{"peft_type":"LORA","base_model_name_or_path":null,"r":4}'),
    ],
    ['adapter_model.safetensors', Uint8Array.of(1, 2, 3)],
  ]),
} as unknown as VerifiedAdapter;
const NAME = 'ol-7-abababababababab';

const ask = (extra: Partial<GenerateOptions> = {}): GenerateOptions => ({
  promptTokens: tokenizer.encodeChat([{ role: 'user', content: 'Who kept the light?' }]),
  adapter: undefined,
  maxTokens: 12,
  temperature: 0,
  topP: 1,
  seed: 0,
  stop: [],
  signal: new AbortController().signal,
  ...extra,
});

async function read(engine: ServeEngine, request: GenerateOptions) {
  const tokens: AnswerToken[] = [];
  const answer = engine.generate(request);
  for (;;) {
    const { done, value } = await answer.next();
    if (done) return { tokens, text: tokens.map(({ text }) => text).join(''), end: value as GenerationEnd };
    tokens.push(value as AnswerToken);
  }
}

/** Tokens as vLLM would stream them, `size` in a chunk, each text cut before a character that is not whole. */
function chunked(
  tokens: readonly AnswerToken[],
  size: number,
  end: readonly number[] = [],
): VllmAnswer['chunks'] {
  const chunks = [];
  for (let start = 0; start < tokens.length; start += size) {
    const part = tokens.slice(start, start + size);
    chunks.push({
      ids: part.map(({ tokenId }) => tokenId),
      text: part.map(({ text }) => text).join(''),
      logprobs: {
        text_offset: part.map(() => 0),
        tokens: part.map(({ tokenId }) => `token_id:${tokenId}`),
        token_logprobs: part.map(({ logProbability }) => logProbability ?? null),
        // vLLM names the chosen token first, then the likeliest, one more than was asked for.
        top_logprobs: part.map(({ tokenId, logProbability = 0, top = [] }) => ({
          [`token_id:${tokenId}`]: logProbability,
          ...Object.fromEntries(top.map((one) => [`token_id:${one.token}`, one.logProbability])),
        })),
      },
    });
  }
  return end.length === 0 ? chunks : [...chunks, { ids: end, text: '' }];
}

describe('a cluster in the shapes of vLLM', () => {
  let generator: Generator;
  let embedded: ServeEngine;
  let folder: string;
  let cluster: Awaited<ReturnType<typeof startVllm>> | undefined;
  beforeAll(() => {
    generator = createGenerator(base);
    embedded = createEmbeddedEngine(base, generator, 2 ** 20);
  });
  afterAll(() => generator.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-cluster-'));
  });
  afterEach(async () => {
    await cluster?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function connect(server: VllmOptions, options: Partial<ClusterOptions> = {}) {
    cluster = await startVllm(server);
    return connectCluster({ base, kind: 'vllm', url: cluster.url, folder, ...options });
  }

  it('gives the tokens, texts and log-probabilities that the embedded engine gives, however they are chunked', async () => {
    const request = ask({ logProbabilities: 3 });
    const wanted = await read(embedded, request);
    expect(wanted.tokens.length).toBeGreaterThan(5);
    for (const size of [1, 3, 100]) {
      const engine = await connect({
        answer: () => ({ chunks: chunked(wanted.tokens, size), finish: wanted.end.finish }),
      });
      const got = await read(engine, request);
      expect(got.text).toBe(wanted.text);
      expect(got.end).toEqual(wanted.end);
      expect(
        got.tokens.map(({ tokenId, logProbability, top }) => [tokenId, logProbability, top?.length]),
      ).toEqual(wanted.tokens.map(({ tokenId, logProbability }) => [tokenId, logProbability, 3]));
      await cluster?.close();
    }
  });

  it('is sent token ids with everything that decides the answer, and its key', async () => {
    const engine = await connect(
      { answer: () => ({ chunks: [{ ids: [base.config.eosTokenIds[0]!], text: '' }], finish: 'stop' }) },
      { apiKey: 'secret' },
    );
    const request = ask({ temperature: 0.5, topP: 0.9, seed: 11, stop: ['\n'], logProbabilities: undefined });
    // The token that ends the answer is no part of it, and is not billed.
    expect(await read(engine, request)).toMatchObject({ tokens: [], end: { finish: 'stop' } });
    expect(cluster!.requests.at(-1)).toEqual({
      path: '/v1/completions',
      authorization: 'Bearer secret',
      body: {
        model: '/models/base',
        prompt: request.promptTokens,
        add_special_tokens: false,
        max_tokens: 12,
        temperature: 0.5,
        top_p: 0.9,
        seed: 11,
        stop: ['\n'],
        stream: true,
        return_token_ids: true,
      },
    });
    expect(createTextEngine(base, engine).contextLength).toBe(200);
  });

  it('keeps characters whole that tokens cut, and ends at a stop string by itself', async () => {
    const ids = tokenizer.encode('Blue ✓ stop here');
    const chunks = ids.map((id) => ({ ids: [id], text: '' }));
    const answer = { chunks, finish: 'length' as const };
    const engine = await connect({ answer: () => answer });
    const whole = await read(engine, ask());
    expect([whole.text, whole.tokens.length]).toEqual(['Blue ✓ stop here', ids.length]);
    expect(whole.tokens.every(({ text }) => !text.includes('\uFFFD'))).toBe(true);
    const stopped = await read(engine, ask({ stop: [' stop'] }));
    expect([stopped.text, stopped.end.finish]).toEqual(['Blue ✓', 'stop']);
  });

  it('loads an adapter by name and folder once, whose name says its weights, and lets it go', async () => {
    const ids = tokenizer.encode('yes');
    const server = { answer: () => ({ chunks: [{ ids, text: 'yes' }], finish: 'length' as const }) };
    const engine = await connect(server, { clusterFolder: '/shared/adapters' });
    expect(engine.isResident(7)).toBe(false);
    await Promise.all([engine.load(adapter), engine.load(adapter)]);
    await engine.load(adapter);
    expect([...cluster!.loras]).toEqual([[NAME, `/shared/adapters/${NAME}`]]);
    expect(cluster!.requests.filter(({ path }) => path === '/v1/load_lora_adapter')).toHaveLength(1);
    expect(engine.isResident(7)).toBe(true);
    expect(await readdir(folder)).toEqual([NAME]);
    const config = JSON.parse(await readFile(join(folder, NAME, 'adapter_config.json'), 'utf8'));
    // vLLM's resolver takes only adapters that name its model.
    expect(config).toMatchObject({ peft_type: 'LORA', r: 4, base_model_name_or_path: '/models/base' });
    expect((await read(engine, ask({ adapter }))).text).toBe('yes');
    expect(cluster!.requests.at(-1)!.body).toMatchObject({ model: NAME });
    // A node that starts again finds what the cluster has.
    const restarted = await connectCluster({ base, kind: 'vllm', url: cluster!.url, folder });
    await restarted.load(adapter);
    expect(restarted.isResident(7)).toBe(true);
    engine.unload(7);
    await expect.poll(() => cluster!.loras.size).toBe(0);
    expect(engine.isResident(7)).toBe(false);
  });

  it('is asked for adapters by the folder’s name with a resolver, and by `base:adapter` with Ray', async () => {
    const ids = tokenizer.encode('yes');
    const server = { answer: () => ({ chunks: [{ ids, text: 'yes' }], finish: 'length' as const }) };
    const ray = await connect(server, { kind: 'ray' });
    expect((await read(ray, ask({ adapter }))).text).toBe('yes');
    expect(cluster!.requests.at(-1)!.body).toMatchObject({ model: `/models/base:${NAME}` });
    expect(await readdir(folder)).toEqual([NAME]);
    const resolver = await connectCluster({ base, kind: 'vllm-resolver', url: cluster!.url, folder });
    cluster!.loras.set(NAME, 'as the resolver would');
    expect((await read(resolver, ask({ adapter }))).text).toBe('yes');
    expect(cluster!.requests.at(-1)!.body).toMatchObject({ model: NAME });
    expect(cluster!.requests.some(({ path }) => path === '/v1/load_lora_adapter')).toBe(false);
  });

  it('is refused clearly when it does not give what receipts need, or has another tokenizer', async () => {
    const ids = tokenizer.encode('yes');
    const server = { answer: () => ({ chunks: [{ ids, text: 'yes' }], finish: 'length' as const }) };
    const tryWith = async (options: Partial<VllmOptions>, request = ask()) => {
      const engine = await connect({ ...server, ...options });
      const result = await read(engine, request).catch((error: unknown) => error);
      await cluster?.close();
      return result;
    };
    expect(await tryWith({ without: ['token_ids'] })).toMatchObject({
      code: 'model_unusable',
      message: expect.stringContaining('does not give token ids'),
      hint: expect.stringContaining('0.10.2'),
    });
    expect(await tryWith({ without: ['logprobs'] }, ask({ logProbabilities: 1 }))).toMatchObject({
      message: expect.stringContaining('log-probabilities'),
    });
    expect(await tryWith({ readPrompt: [1, 2] })).toMatchObject({
      message: expect.stringContaining('another prompt'),
    });
    const garbled = () => ({ chunks: [{ ids, text: 'no' }], finish: 'length' as const });
    expect(await tryWith({ answer: garbled })).toMatchObject({
      message: expect.stringContaining('not what its token ids spell'),
    });
  });

  it('passes on that it is busy, down or broken', async () => {
    const server = { answer: () => ({ chunks: [], finish: 'stop' as const }) };
    const busy = await connect({
      ...server,
      refuse: { path: '/v1/completions', status: 503, message: 'full' },
    });
    await expect(read(busy, ask())).rejects.toMatchObject({ code: 'overloaded' });
    await cluster?.close();
    await expect(read(busy, ask())).rejects.toMatchObject({
      code: 'model_unusable',
      message: expect.stringContaining('does not answer'),
    });
    const rank = {
      path: '/v1/load_lora_adapter',
      status: 500,
      message: 'LoRA rank 64 is greater than max_lora_rank 16.',
    };
    const narrow = await connect({ ...server, refuse: rank });
    await expect(narrow.load(adapter)).rejects.toMatchObject({
      message: expect.stringContaining('max_lora_rank'),
    });
    expect(narrow.isResident(7)).toBe(false);
    // A stream that says nothing but [DONE].
    await expect(read(narrow, ask())).rejects.toMatchObject({
      message: expect.stringContaining('without saying why'),
    });
    await expect(connect(server, { model: 'another' })).rejects.toMatchObject({ code: 'bad_config' });
  });

  it('is told when the consumer hangs up', async () => {
    const ids = tokenizer.encode('a b c d e f g h');
    const chunks = ids.map((id) => ({ ids: [id], text: '' }));
    const engine = await connect({ answer: () => ({ chunks, finish: 'length' }), chunkDelayMs: 20 });
    const abort = new AbortController();
    const answer = engine.generate(ask({ signal: abort.signal }));
    await answer.next();
    expect(engine.status().active).toBe(1);
    abort.abort();
    await expect(answer.next().then(() => answer.next())).rejects.toThrow();
    await expect.poll(() => cluster!.hangUps()).toBe(1);
    expect(engine.status().active).toBe(0);
  });
});
