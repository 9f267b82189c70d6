import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Adapter, decodeAdapter, loraScaling } from '../adapter/peft.ts';
import { multiply, reduceSum, reshape, scale, sum } from '../autodiff/elementwise.ts';
import { Tape } from '../autodiff/tape.ts';
import { Graph } from '../onnx/graph.ts';
import type { Profile } from '../runtime/profile.ts';
import { floatsOf, openRuntime, type Runtime, scalarOf, type Tensor } from '../runtime/runtime.ts';
import { decodeSafetensors } from '../safetensors/safetensors.ts';
import { adamwStep, createOptimizerState } from '../training/adamw.ts';
import { type LlamaConfig, parseLlamaConfig } from './config.ts';
import { buildDecodeGraph } from './decode-graph.ts';
import { fromCheckpoint, loraLayout, type ParameterLayout, type WeightTensor } from './parameters.ts';
import { buildTrainingGraph, recordLoss, type TrainingMode } from './training-graph.ts';

const BATCH = 3;
const LENGTH = 10;
const profiles: Profile[] = ['native', 'exact'];

/** Values that transformers and PEFT computed with torch; see golden/make_golden.py. */
type Golden = {
  config: LlamaConfig;
  base: Float32Array;
  adapter: Adapter;
  expected: Map<string, WeightTensor>;
};

function readGolden(name: string): Golden {
  const file = (path: string) =>
    new Uint8Array(readFileSync(fileURLToPath(new URL(`../../golden/${name}/${path}`, import.meta.url))));
  const config = parseLlamaConfig(JSON.parse(new TextDecoder().decode(file('config.json'))));
  const base = fromCheckpoint(config, decodeSafetensors(file('model.safetensors')).tensors);
  const names = ['adapter_config.json', 'adapter_model.safetensors'];
  const adapter = decodeAdapter(config, new Map(names.map((path) => [path, file(path)])));
  return { config, base, adapter, expected: decodeSafetensors(file('expected.safetensors')).tensors };
}

/** Collects tensors named by transformers or PEFT into a flat vector of ours. */
function flatten(golden: Golden, layout: ParameterLayout, nameOf: (slot: string) => string): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.slots) {
    const { data } = golden.expected.get(nameOf(name))!;
    const matrix = name.includes('_proj');
    const [rows, columns] = shape;
    for (let i = 0; i < data.length; i += 1) {
      flat[offset + i] = matrix ? data[(i % columns) * rows + Math.floor(i / columns)] : data[i];
    }
  }
  return flat;
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i += 1) {
    difference += (actual[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

function feedsOf({ expected }: Golden, p: Float32Array): Record<string, Tensor> {
  const dims = [BATCH * LENGTH];
  const whole = (name: string) => BigInt64Array.from(expected.get(name)!.data, BigInt);
  return {
    ids: { data: whole('ids'), dims },
    labels: { data: whole('labels'), dims },
    weights: { data: expected.get('weights')!.data, dims },
    p: { data: p, dims: [p.length] },
  };
}

function graphOptions({ base, adapter }: Golden, mode: TrainingMode) {
  const lora = { rank: adapter.rank, scaling: loraScaling(adapter) };
  return { mode, batch: BATCH, length: LENGTH, baseWeights: base, lora, tokenLoss: true };
}

const peft = (prefix: string) => (slot: string) => `${prefix}.base_model.model.${slot}.weight`;

describe.each(profiles)('The %s profile', (profile) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime(profile);
  });
  afterAll(() => runtime.close());

  describe.each(['tied', 'grouped'])('on the %s model', (name) => {
    const golden = readGolden(name);
    const { config, base, adapter, expected } = golden;
    const run = async (mode: TrainingMode, p: Float32Array) => {
      const { model, layout } = buildTrainingGraph(config, graphOptions(golden, mode));
      const session = await runtime.createSession(model);
      return { outputs: await session.run(feedsOf(golden, p)), layout };
    };

    it('gives the loss and the gradient of every weight that transformers gives', async () => {
      const { outputs, layout } = await run('full', base);
      expect(scalarOf(outputs.loss)).toBeCloseTo(expected.get('loss')!.data[0], 4);
      expect(
        relativeError(
          floatsOf(outputs.g),
          flatten(golden, layout, (slot) => `full.${slot}`),
        ),
      ).toBeLessThan(1e-5);
    });

    it('gives the gradient of every sample through PEFT’s adapter', async () => {
      const { outputs, layout } = await run('lora-per-sample', adapter.weights);
      const rows = floatsOf(outputs.g);
      for (let row = 0; row < BATCH; row += 1) {
        const actual = rows.subarray(row * layout.size, (row + 1) * layout.size);
        expect(relativeError(actual, flatten(golden, layout, peft(`sample${row}`)))).toBeLessThan(1e-5);
        const tokens = floatsOf(outputs.tokenLoss).subarray(row * LENGTH, (row + 1) * LENGTH);
        const loss = tokens.reduce((total, value) => total + value, 0);
        expect(loss).toBeCloseTo(expected.get('lora.losses')!.data[row], 4);
      }
    });

    it('gives as the gradient of a batch the sum of its samples’ gradients', async () => {
      const { outputs, layout } = await run('lora', adapter.weights);
      const total = new Float32Array(layout.size);
      for (let row = 0; row < BATCH; row += 1) {
        flatten(golden, layout, peft(`sample${row}`)).forEach((value, i) => {
          total[i] += value;
        });
      }
      expect(relativeError(floatsOf(outputs.g), total)).toBeLessThan(1e-5);
    });

    it('differentiates the gradient once more', async () => {
      const graph = new Graph();
      const tape = new Tape(graph);
      const { loss, targets, layout } = recordLoss(config, graphOptions(golden, 'lora'), tape);
      const halfSquares = tape.gradient(loss, targets).map((g) => {
        const axes = g.shape.map((_, i) => i);
        return scale(tape, reshape(tape, reduceSum(tape, multiply(tape, g, g), axes), []), 0.5);
      });
      const parts = tape.gradient(sum(tape, halfSquares), targets);
      const flat = parts.map((part, i) => reshape(tape, part, [layout.slots[i].size]));
      graph.output(
        graph.op('Concat', flat, { shape: [layout.size] }, { attributes: { axis: 0 } }),
        'product',
      );
      const session = await runtime.createSession(graph.encode());
      const outputs = await session.run(feedsOf(golden, adapter.weights));
      expect(
        relativeError(floatsOf(outputs.product), flatten(golden, layout, peft('curvature'))),
      ).toBeLessThan(2e-5);
    });

    it('takes the AdamW steps that torch takes', async () => {
      const { model, layout } = buildTrainingGraph(config, graphOptions(golden, 'lora'));
      const session = await runtime.createSession(model);
      const state = createOptimizerState(adapter.weights.slice());
      const settings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 0.5 };
      const norms = expected.get('adamw.norms')!.data;
      for (let step = 1; step <= norms.length; step += 1) {
        const outputs = await session.run(feedsOf(golden, state.parameters));
        const norm = adamwStep(state, floatsOf(outputs.g), settings, step, 0.01 * (norms.length + 1 - step));
        expect(Math.abs(norm / norms[step - 1] - 1)).toBeLessThan(1e-4);
      }
      expect(relativeError(state.parameters, flatten(golden, layout, peft('adamw')))).toBeLessThan(1e-5);
    });

    it('gives PEFT’s logits in the decoding graph, read in two parts', async () => {
      const actual = await decodeInTwoParts(runtime, golden);
      expect(relativeError(actual, expected.get('lora.logits')!.data)).toBeLessThan(1e-5);
    });
  });
});

/** Reads four tokens and then six, feeding the keys and values of the first part back. */
async function decodeInTwoParts(runtime: Runtime, golden: Golden): Promise<Float32Array> {
  const { config, base, adapter, expected } = golden;
  const session = await runtime.createSession(
    buildDecodeGraph(config, { baseWeights: base, allLogits: true }),
  );
  const lora: Record<string, Tensor> = {};
  for (const { name, shape, offset, size } of loraLayout(config, adapter.rank).slots) {
    const factor = name.endsWith('lora_B') ? loraScaling(adapter) : 1;
    const one = adapter.weights.slice(offset, offset + size).map((value) => value * factor);
    const copies = new Float32Array(BATCH * size);
    for (let row = 0; row < BATCH; row += 1) copies.set(one, row * size);
    lora[name] = { data: copies, dims: [BATCH, ...shape] };
  }
  const ids = expected.get('ids')!.data;
  const logits = new Float32Array(BATCH * LENGTH * config.vocabSize);
  let past: Record<string, Tensor> = {};
  for (let layer = 0; layer < config.layers; layer += 1) {
    const empty = { data: new Float32Array(), dims: [BATCH, config.kvHeads, 0, config.headDim] };
    past = { ...past, [`past.${layer}.k`]: empty, [`past.${layer}.v`]: empty };
  }
  for (const [from, to] of [
    [0, 4],
    [4, LENGTH],
  ]) {
    const count = to - from;
    const positions = Array.from({ length: BATCH * count }, (_, i) => from + (i % count));
    const tokens = positions.map((position, i) => ids[Math.floor(i / count) * LENGTH + position]);
    const mask = new Float32Array(count * count);
    for (let i = 0; i < count; i += 1) mask.fill(-1e9, i * count + i + 1, (i + 1) * count);
    const outputs = await session.run({
      ...lora,
      ...past,
      ids: { data: BigInt64Array.from(tokens, BigInt), dims: [BATCH, count] },
      positions: { data: BigInt64Array.from(positions, BigInt), dims: [BATCH, count] },
      mask_past: { data: new Float32Array(BATCH * from), dims: [BATCH, 1, 1, from] },
      mask_new: { data: mask, dims: [1, 1, count, count] },
    });
    past = Object.fromEntries(
      Object.entries(outputs)
        .filter(([name]) => name.startsWith('new.'))
        .map(([name, value]) => [name.replace('new', 'past'), value]),
    );
    for (let row = 0; row < BATCH; row += 1) {
      const part = floatsOf(outputs.logits).subarray(
        row * count * config.vocabSize,
        (row + 1) * count * config.vocabSize,
      );
      logits.set(part, (row * LENGTH + from) * config.vocabSize);
    }
  }
  return logits;
}
