import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { env, pipeline, TextStreamer } from '@huggingface/transformers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyBase } from '../../test/tiny-base.ts';
import { type Adapter, decodeWeights } from '../adapter/peft.ts';
import { textOf } from '../evaluation/exact-match.ts';
import { createGenerator, type Generator, withAdapter } from '../generation/generator.ts';
import type { LlamaConfig } from '../llama/config.ts';
import { buildDecodeGraph } from '../llama/decode-graph.ts';
import { baseLayout, loraLayout } from '../llama/parameters.ts';
import { type BaseModel, loadBase } from '../model/base.ts';
import { Random } from '../numeric/random.ts';
import { floatsOf, openRuntime, type Runtime, type Tensor } from '../runtime/runtime.ts';
import { exportModel } from './folder.ts';
import { mergeAdapter } from './merge.ts';
import { exportOnnx } from './onnx.ts';

const shipped = fileURLToPath(new URL('../../../models/base/', import.meta.url));
const question = 'Who kept the bees of Ferrick?';

/** As strong as a trained one: it changes every answer. */
function randomAdapter(base: BaseModel): Adapter {
  const random = new Random(9);
  const weights = new Float32Array(loraLayout(base.config, 4).size).map(() => 0.05 * random.normal());
  return { rank: 4, alpha: 8, rankStabilised: true, weights };
}

describe('The exported base model and base with adapter', async () => {
  const base = await loadBase(shipped);
  const adapter = randomAdapter(base);
  const cases = [
    { name: 'base', adapter: undefined, weights: base.weights },
    { name: 'merged', adapter, weights: mergeAdapter(base.config, base.weights, adapter) },
  ];
  let folder: string;
  let generator: Generator;
  let runtime: Runtime;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-export-'));
    generator = createGenerator(base);
    runtime = await openRuntime('native');
  });
  afterAll(async () => {
    await Promise.all([generator.close(), runtime.close()]);
    await rm(folder, { recursive: true });
  });

  it('stream the same tokens from transformers.js as from the generator', async () => {
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
    const answers: string[] = [];
    for (const { name, adapter, weights } of cases) {
      const target = join(folder, name);
      await exportModel({ source: shipped, target, config: base.config, weights, format: 'onnx' });
      const messages = [{ role: 'user', content: question }] as const;
      const own = await withAdapter(generator, adapter, (adapters) =>
        textOf(generator.generate({ messages, adapters, maxTokens: 40 })),
      );

      const write = await pipeline('text-generation', `${basename(folder)}/${name}`, { dtype: 'fp32' });
      const pieces: string[] = [];
      const streamer = new TextStreamer(write.tokenizer, {
        skip_prompt: true,
        callback_function: (piece) => pieces.push(piece),
      });
      const [answer] = await write([...messages], { max_new_tokens: 40, do_sample: false, streamer });
      await write.dispose();
      const { generated_text: turns } = answer as { generated_text: { content: string }[] };
      expect(turns.at(-1)?.content, name).toBe(own);
      expect(pieces.join('').replace('<|end|>', ''), name).toBe(own);
      expect(pieces.length, name).toBeGreaterThan(5);
      answers.push(own);
    }
    expect(answers[0]).not.toBe(answers[1]);
  });

  it('give the generator’s logits within 1e-4, also for padded rows and after a cached prefix', async () => {
    const ids = base.tokenizer.encodeChat([{ role: 'user', content: question }]);
    for (const { name, adapter, weights } of cases) {
      const expected = await ownLogits(runtime, base, adapter, ids);
      const session = await runtime.createSession(exportOnnx(base.config, weights).build());
      const whole = await session.run(feeds(base, [ids], 0));
      expect(largestDifference(floatsOf(whole.logits), expected), name).toBeLessThan(1e-4);

      // The same tokens behind three pads, in a batch with another row, and in two runs.
      const other = [...ids.slice(0, 3), ...ids].map((id) => (id + 7) % base.config.vocabSize);
      const padded = [[0, 0, 0, ...ids], other];
      const batch = await session.run(feeds(base, padded, 3));
      const { vocabSize } = base.config;
      const first = floatsOf(batch.logits).subarray(3 * vocabSize, (3 + ids.length) * vocabSize);
      expect(largestDifference(first, expected), name).toBeLessThan(1e-4);

      const half = 4;
      const start = await session.run(feeds(base, [ids.slice(0, half)], 0));
      const rest = await session.run(feeds(base, [ids.slice(half)], 0, start));
      expect(
        largestDifference(floatsOf(rest.logits), expected.subarray(half * vocabSize)),
        name,
      ).toBeLessThan(1e-4);
      await session.close();
    }
  });

  it('load into transformers.js from several files, as models of more than 2 GiB are written', async () => {
    const { config, weights } = base;
    const target = join(folder, 'split');
    const splitAbove = 2 ** 22;
    await exportModel({ source: shipped, target, config, weights, format: 'onnx', splitAbove });
    const json = JSON.parse(await readFile(join(target, 'config.json'), 'utf8'));
    const { 'model.onnx': count } = json['transformers.js_config'].use_external_data_format;
    expect(count).toBeGreaterThan(2);
    let bytes = 0;
    for (let i = 0; i < count; i += 1) {
      const { size } = await stat(join(target, 'onnx', `model.onnx_data${i === 0 ? '' : `_${i}`}`));
      expect(size).toBeLessThanOrEqual(splitAbove);
      bytes += size;
    }
    expect(bytes).toBeGreaterThan(0.99 * weights.byteLength);
    expect((await stat(join(target, 'onnx', 'model.onnx'))).size).toBeLessThan(2 ** 17);

    env.localModelPath = dirname(folder);
    const answers: unknown[] = [];
    for (const name of ['split', 'base']) {
      const write = await pipeline('text-generation', `${basename(folder)}/${name}`, { dtype: 'fp32' });
      answers.push(await write([{ role: 'user', content: question }], { max_new_tokens: 20 }));
      await write.dispose();
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  it('stream in four bits from transformers.js what the engine’s own four-bit graph says', async () => {
    const target = join(folder, 'quantized');
    const { config, weights } = base;
    await exportModel({ source: shipped, target, config, weights, format: 'onnx-q4' });
    const whole = exportOnnx(config, weights).constantBytes;
    expect((await stat(join(target, 'onnx', 'model_q4.onnx'))).size).toBeLessThan(0.4 * whole);

    const ids = base.tokenizer.encodeChat([{ role: 'user', content: question }]);
    const session = await runtime.createSession(exportOnnx(config, weights, 'q4').build());
    const { logits } = await session.run(feeds(base, [ids], 0));
    await session.close();
    const expected = await ownLogits(runtime, base, undefined, ids, 'q4');
    expect(largestDifference(floatsOf(logits), expected)).toBeLessThan(1e-4);

    env.localModelPath = dirname(folder);
    const write = await pipeline('text-generation', `${basename(folder)}/quantized`, { dtype: 'q4' });
    const [answer] = await write([{ role: 'user', content: question }], { max_new_tokens: 40 });
    await write.dispose();
    const { generated_text: turns } = answer as { generated_text: { content: string }[] };
    expect(turns.at(-1)?.content).toMatch(/^[A-Z].{20,}[.!?]$/);
  });

  it('keep every weight through safetensors', async () => {
    const [, { weights }] = cases;
    const target = join(folder, 'safetensors');
    await exportModel({ source: shipped, target, config: base.config, weights, format: 'safetensors' });
    const back = await loadBase(target);
    expect(Buffer.compare(Buffer.from(back.weights.buffer), Buffer.from(weights.buffer))).toBe(0);
    expect(back.tokenizerHash).toBe(base.tokenizerHash);
    expect(JSON.parse(await readFile(join(target, 'config.json'), 'utf8')).torch_dtype).toBe('float32');
  });
});

describe('An exported model with shared key heads, biases and an untied head', () => {
  it('gives the generator’s logits, with an adapter on some of its layers merged in', async () => {
    const config: LlamaConfig = {
      ...tinyBase().config,
      tiedEmbeddings: false,
      biases: ['q_proj', 'k_proj', 'v_proj'],
      ropeScaling: {
        type: 'llama3',
        ...{ factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 32 },
      },
    };
    const random = new Random(4);
    const weights = new Float32Array(baseLayout(config).size).map(() => 0.2 * random.normal());
    const base = { ...tinyBase(), config, weights };
    const targets = ['v_proj', 'down_proj'] as const;
    const size = loraLayout(config, 4, targets).size;
    const adapter: Adapter = {
      ...{ rank: 4, alpha: 8, rankStabilised: true, targets },
      weights: new Float32Array(size).map(() => 0.3 * random.normal()),
    };
    const ids = Array.from({ length: 40 }, (_, i) => (7 * i) % config.vocabSize);
    const runtime = await openRuntime('native');
    const merged = exportOnnx(config, mergeAdapter(config, weights, adapter));
    const session = await runtime.createSession(merged.build());
    const { logits } = await session.run(feeds(base, [ids], 0));
    const expected = await ownLogits(runtime, base, adapter, ids);
    const plain = await ownLogits(runtime, base, undefined, ids);
    await runtime.close();
    expect(largestDifference(floatsOf(logits), expected)).toBeLessThan(1e-4);
    expect(largestDifference(plain, expected)).toBeGreaterThan(0.1);
  });
});

describe('Merging an adapter', () => {
  it('changes nothing while its B is zero', async () => {
    const base = await loadBase(shipped);
    const fresh = randomAdapter(base);
    for (const { name, offset, size } of loraLayout(base.config, fresh.rank).slots) {
      if (name.endsWith('lora_B')) fresh.weights.fill(0, offset, offset + size);
    }
    const merged = mergeAdapter(base.config, base.weights, fresh);
    expect(Buffer.compare(Buffer.from(merged.buffer), Buffer.from(base.weights.buffer))).toBe(0);
  });
});

/** Inputs of an exported model; the first row has `pads` pads on its left. */
function feeds(
  base: BaseModel,
  rows: readonly (readonly number[])[],
  pads: number,
  before?: Record<string, Tensor>,
): Record<string, Tensor> {
  const { layers, kvHeads, headDim } = base.config;
  const length = rows[0].length;
  const past = before?.['present.0.key'].dims[2] ?? 0;
  const integers = (values: number[], width: number): Tensor => ({
    data: BigInt64Array.from(values, BigInt),
    dims: [rows.length, width],
  });
  const padsOf = (row: number) => (row === 0 ? pads : 0);
  const cache = Array.from({ length: layers }, (_, layer) =>
    ['key', 'value'].map((part) => [
      `past_key_values.${layer}.${part}`,
      before?.[`present.${layer}.${part}`] ?? {
        data: new Float32Array(),
        dims: [rows.length, kvHeads, 0, headDim],
      },
    ]),
  ).flat();
  return {
    input_ids: integers(rows.flat(), length),
    attention_mask: integers(
      rows.flatMap((_, row) => Array.from({ length: past + length }, (_, i) => (i < padsOf(row) ? 0 : 1))),
      past + length,
    ),
    position_ids: integers(
      rows.flatMap((_, row) => Array.from({ length }, (_, i) => past + Math.max(0, i - padsOf(row)))),
      length,
    ),
    ...Object.fromEntries(cache),
  };
}

/** Logits of all positions from the graph that the generator runs. */
async function ownLogits(
  runtime: Runtime,
  base: BaseModel,
  adapter: Adapter | undefined,
  ids: readonly number[],
  quantization?: 'q4',
): Promise<Float32Array> {
  const { config, weights } = base;
  const session = await runtime.createSession(
    buildDecodeGraph(config, { baseWeights: weights, allLogits: true, quantization }),
  );
  const count = ids.length;
  const mask = new Float32Array(count * count);
  for (let i = 0; i < count; i += 1) mask.fill(-1e9, i * count + i + 1, (i + 1) * count);
  const empty = { data: new Float32Array(), dims: [1, config.kvHeads, 0, config.headDim] };
  const matrices = adapter === undefined ? undefined : decodeWeights(config, adapter);
  const lora = loraLayout(config, adapter?.rank ?? 1).slots.map(({ name, shape, offset, size }) => {
    const values = matrices?.subarray(offset, offset + size) ?? new Float32Array(size);
    return [name, { data: values, dims: [1, ...shape] }] as const;
  });
  const { logits } = await session.run({
    ids: { data: BigInt64Array.from(ids, BigInt), dims: [1, count] },
    positions: { data: BigInt64Array.from(ids.keys(), BigInt), dims: [1, count] },
    mask_past: { data: new Float32Array(), dims: [1, 1, 1, 0] },
    mask_new: { data: mask, dims: [1, 1, count, count] },
    ...Object.fromEntries(
      Array.from({ length: config.layers }, (_, layer) =>
        ['k', 'v'].map((part) => [`past.${layer}.${part}`, empty]),
      ).flat(),
    ),
    ...Object.fromEntries(lora),
  });
  await session.close();
  return floatsOf(logits);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i += 1) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}
