import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Adapter, decodeAdapter, decodeWeights, loraScaling } from '../src/adapter/peft.ts';
import { type LlamaConfig, parseLlamaConfig } from '../src/llama/config.ts';
import { buildDecodeGraph } from '../src/llama/decode-graph.ts';
import {
  fromCheckpoint,
  loraLayout,
  type ParameterLayout,
  transposed,
  type WeightTensor,
} from '../src/llama/parameters.ts';
import type { Quantization } from '../src/llama/quantize.ts';
import type { TrainingGraphOptions, TrainingMode } from '../src/llama/training-graph.ts';
import { floatsOf, type Runtime, type Tensor } from '../src/runtime/runtime.ts';
import { decodeSafetensors } from '../src/safetensors/safetensors.ts';

export const BATCH = 3;
export const LENGTH = 10;
/** Folders of models and of values that transformers and PEFT computed with torch; see golden/make_golden.py. */
export const GOLDEN_MODELS = ['llama', 'biased', 'qwen2', 'mistral'] as const;

export type Golden = {
  readonly config: LlamaConfig;
  readonly base: Float32Array;
  readonly adapter: Adapter;
  readonly expected: ReadonlyMap<string, WeightTensor>;
};

export function readGolden(name: string): Golden {
  const file = (path: string) =>
    new Uint8Array(readFileSync(fileURLToPath(new URL(`../golden/${name}/${path}`, import.meta.url))));
  const config = parseLlamaConfig(JSON.parse(new TextDecoder().decode(file('config.json'))));
  const base = fromCheckpoint(config, decodeSafetensors(file('model.safetensors')).tensors);
  const names = ['adapter_config.json', 'adapter_model.safetensors'];
  const adapter = decodeAdapter(config, new Map(names.map((path) => [path, file(path)])));
  return { config, base, adapter, expected: decodeSafetensors(file('expected.safetensors')).tensors };
}

/** Collects the tensors `prefix.…` into a flat vector of ours. */
export function flatten({ expected }: Golden, layout: ParameterLayout, prefix: string): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.slots) {
    const { data } = expected.get(`${prefix}.${name}`)!;
    const matrix = name.includes('_proj') && shape.length === 2;
    flat.set(matrix ? transposed(data, shape[1], shape[0]) : data, offset);
  }
  return flat;
}

export function valuesOf({ expected }: Golden, name: string): Float32Array {
  return expected.get(name)!.data;
}

export function relativeError(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i += 1) {
    difference += (actual[i] - expected[i]) ** 2;
    size += expected[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

export function graphOptions(golden: Golden, mode: TrainingMode): TrainingGraphOptions {
  const { base, adapter } = golden;
  const lora = { rank: adapter.rank, scaling: loraScaling(adapter), targets: adapter.targets };
  return { mode, batch: BATCH, length: LENGTH, baseWeights: base, lora, tokenLoss: true };
}

export function feedsOf(golden: Golden, p: Float32Array): Record<string, Tensor> {
  const dims = [BATCH * LENGTH];
  const whole = (name: string) => BigInt64Array.from(valuesOf(golden, name), BigInt);
  return {
    ids: { data: whole('ids'), dims },
    labels: { data: whole('labels'), dims },
    weights: { data: valuesOf(golden, 'weights'), dims },
    p: { data: p, dims: [p.length] },
  };
}

/** Reads four tokens and then six, feeding the keys and values of the first part back. Logits of all positions. */
export async function decodeInTwoParts(
  runtime: Runtime,
  golden: Golden,
  quantization?: Quantization,
): Promise<Float32Array> {
  const { config, base, adapter } = golden;
  const graph = buildDecodeGraph(config, { baseWeights: base, allLogits: true, quantization });
  const session = await runtime.createSession(graph);
  const lora: Record<string, Tensor> = {};
  const matrices = decodeWeights(config, adapter);
  for (const { name, shape, offset, size } of loraLayout(config, adapter.rank).slots) {
    const copies = new Float32Array(BATCH * size);
    for (let row = 0; row < BATCH; row += 1) copies.set(matrices.subarray(offset, offset + size), row * size);
    lora[name] = { data: copies, dims: [BATCH, ...shape] };
  }
  const ids = valuesOf(golden, 'ids');
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
    const size = count * config.vocabSize;
    for (let row = 0; row < BATCH; row += 1) {
      const part = floatsOf(outputs.logits).subarray(row * size, (row + 1) * size);
      logits.set(part, (row * LENGTH + from) * config.vocabSize);
    }
  }
  return logits;
}
