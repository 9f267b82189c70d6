import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../src/evaluation/exact-match.ts';
import { createGenerator, withAdapter } from '../src/generation/generator.ts';
import type { LlamaConfig } from '../src/llama/config.ts';
import { buildDecodeGraph } from '../src/llama/decode-graph.ts';
import { loraLayout } from '../src/llama/parameters.ts';
import { buildTrainingGraph } from '../src/llama/training-graph.ts';
import { type BaseModel, identifyBase, loadBase } from '../src/model/base.ts';
import { floatsOf, openRuntime, type Runtime, scalarOf, type Tensor } from '../src/runtime/runtime.ts';
import { trainAdapter } from '../src/training/run.ts';
import { feedsOf, GOLDEN_MODELS, graphOptions, readGolden, relativeError } from './golden.ts';
import { tinyBase, tinyManifest, tinyRows } from './tiny-base.ts';
import { writeTinyBase } from './tiny-folder.ts';

/** The way in which bases of more than 2 GiB are computed with, taken by small ones. */
const base = tinyBase();
let runtime: Runtime;

beforeAll(async () => {
  runtime = await openRuntime('native');
});
afterAll(() => runtime.close());

describe('Weights that all graphs share', () => {
  for (const name of GOLDEN_MODELS) {
    for (const quantization of [undefined, 'q4'] as const) {
      it(`give each sample’s gradient of the ${name} model ${quantization ?? 'in float32'}`, async () => {
        const golden = readGolden(name);
        const p = golden.adapter.weights;
        const results = [];
        for (const shared of [false, true]) {
          const options = { ...graphOptions(golden, 'lora-per-sample'), quantization, shared };
          const { model } = buildTrainingGraph(golden.config, options);
          expect(Object.keys(model.shared).length > 0).toBe(shared);
          const session = await runtime.createSession(model);
          const { loss, g } = await session.run(feedsOf(golden, p));
          results.push({ loss: scalarOf(loss), gradient: floatsOf(g) });
        }
        expect(results[1].loss / results[0].loss).toBeCloseTo(1, 6);
        expect(relativeError(results[1].gradient, results[0].gradient)).toBeLessThan(1e-6);
      });
    }
  }

  for (const quantization of ['none', 'q4'] as const) {
    it(`train and measure up to rounding the same with quantization ${quantization}`, async () => {
      const manifest = tinyManifest(base, 'native', {
        quantization,
        evaluation: { share: 0.3, seed: 1, every: 2 },
      });
      const own = await finish(trainAdapter({ base, manifest, rows: tinyRows }));
      const shared = await finish(trainAdapter({ base, manifest, rows: tinyRows, shareAbove: 0 }));
      expect(shared.evaluations.length).toBeGreaterThan(2);
      expect(shared.evaluations.map(({ loss }) => loss.toFixed(5))).toEqual(
        own.evaluations.map(({ loss }) => loss.toFixed(5)),
      );
      expect(relativeError(shared.parameters, own.parameters)).toBeLessThan(1e-4);
      // And the same bits each time.
      const again = await finish(trainAdapter({ base, manifest, rows: tinyRows, shareAbove: 0 }));
      expect(again.records).toEqual(shared.records);
    });
  }

  it('answer with an adapter as the generator’s own copy does', async () => {
    const { adapter } = await finish(
      trainAdapter({ base, manifest: tinyManifest(base, 'native'), rows: tinyRows }),
    );
    const answers = [];
    for (const shareAbove of [0, 2 ** 31]) {
      const generator = createGenerator(base, { shareAbove });
      const messages = [{ role: 'user', content: 'Who rang the bell?' }] as const;
      answers.push(
        await withAdapter(generator, adapter, (adapters) =>
          textOf(generator.generate({ messages, adapters, maxTokens: 24 })),
        ),
      );
      await generator.close();
    }
    expect(answers[0].length).toBeGreaterThan(10);
    expect(answers[0]).toBe(answers[1]);
  });

  it('are left to the session’s own copy on other devices and in the exact profile', async () => {
    const large = { ...base.config, vocabSize: 2 ** 24 };
    expect(runtime.sharesWeights(large)).toBe(true);
    expect(runtime.sharesWeights(base.config)).toBe(false);
    const exact = await openRuntime('exact', { shareAbove: 0 });
    expect(exact.sharesWeights(large)).toBe(false);
    await exact.close();
  });
});

describe('A base that is loaded in four bits alone', () => {
  let folder: string;
  let whole: BaseModel;
  let fourBit: BaseModel;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'four-bit-'));
    writeTinyBase(folder);
    whole = await loadBase(folder);
    fourBit = await loadBase(folder, { quantization: 'q4' });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('has the identity of the whole, which can be had without the weights', async () => {
    const { weightsHash, tokenizerHash, config } = await identifyBase(folder);
    expect({ weightsHash, tokenizerHash, config }).toEqual({
      weightsHash: whole.weightsHash,
      tokenizerHash: whole.tokenizerHash,
      config: whole.config,
    });
    expect(fourBit.weightsHash).toBe(whole.weightsHash);
  });

  it('trains with that quantization to the bits of the whole, and refuses what needs float32', async () => {
    const manifest = tinyManifest(whole, 'native', { quantization: 'q4' });
    const runs = [];
    for (const one of [whole, fourBit]) {
      runs.push(await finish(trainAdapter({ base: one, manifest, rows: tinyRows })));
    }
    expect(runs[1].records).toEqual(runs[0].records);
    const plain = trainAdapter({ base: fourBit, manifest: tinyManifest(whole, 'native'), rows: tinyRows });
    await expect(finish(plain)).rejects.toThrow('loaded in four bits alone');
    expect(() => fourBit.weights).toThrow('loaded in four bits alone');
  });

  it('answers in four bits', async () => {
    const generator = createGenerator(fourBit);
    const prompt = whole.tokenizer.encode('Who rang the bell?');
    const answer = generator.generate({ prompt, maxTokens: 12 });
    const { tokens } = await finish(answer);
    await generator.close();
    const decode = buildDecodeGraph(whole.config, {
      baseWeights: whole.weights,
      quantization: 'q4',
      allLogits: true,
    });
    const session = await runtime.createSession(decode);
    const inputs = emptyFeeds(whole.config, [...prompt, ...tokens]);
    const logits = floatsOf((await session.run(inputs)).logits);
    const { vocabSize } = whole.config;
    const likeliest = tokens.map((_, i) => {
      const row = logits.subarray((prompt.length - 1 + i) * vocabSize, (prompt.length + i) * vocabSize);
      return row.indexOf(Math.max(...row));
    });
    expect(tokens).toEqual(likeliest);
  });
});

/** One row without cached positions and adapter. */
function emptyFeeds(config: LlamaConfig, tokens: readonly number[]): Record<string, Tensor> {
  const count = tokens.length;
  const mask = new Float32Array(count * count);
  for (let i = 0; i < count; i += 1) mask.fill(-1e9, i * count + i + 1, (i + 1) * count);
  const feeds: Record<string, Tensor> = {
    ids: { data: BigInt64Array.from(tokens, BigInt), dims: [1, count] },
    positions: { data: BigInt64Array.from(tokens.keys(), BigInt), dims: [1, count] },
    mask_past: { data: new Float32Array(), dims: [1, 1, 1, 0] },
    mask_new: { data: mask, dims: [1, 1, count, count] },
  };
  for (let layer = 0; layer < config.layers; layer += 1) {
    const none = { data: new Float32Array(), dims: [1, config.kvHeads, 0, config.headDim] };
    Object.assign(feeds, { [`past.${layer}.k`]: none, [`past.${layer}.v`]: none });
  }
  for (const { name, shape, size } of loraLayout(config, 1).slots) {
    feeds[name] = { data: new Float32Array(size), dims: [1, ...shape] };
  }
  return feeds;
}

async function finish<T>(run: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value as T;
  }
}
