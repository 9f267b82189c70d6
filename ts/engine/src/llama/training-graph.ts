import { add, expand, multiply, reshape, scale, silu, subtract } from '../autodiff/elementwise.ts';
import {
  attention,
  crossEntropyHead,
  type RotaryTables,
  repeatHeads,
  rmsNorm,
  rotary,
} from '../autodiff/fused.ts';
import { matmul, permute } from '../autodiff/linear.ts';
import { quantizedMatmul } from '../autodiff/quantized.ts';
import { gatherRows } from '../autodiff/rows.ts';
import { Tape } from '../autodiff/tape.ts';
import { Graph, type Model, type Value } from '../onnx/graph.ts';
import type { LlamaConfig } from './config.ts';
import {
  baseLayout,
  isLinear,
  type Linear,
  linearName,
  linearShape,
  loraLayout,
  type ParameterLayout,
} from './parameters.ts';
import { type BaseWeights, type QuantizedMatrix, quantizedWeight, tensorOf } from './quantize.ts';
import { ropeTables } from './rope.ts';

/**
 * What is trained:
 * - `full`: every weight of the model; `p` and `g` have the order of `baseLayout`.
 * - `lora`: low-rank matrices beside frozen weights; `p` and `g` have the order of `loraLayout`.
 * - `lora-per-sample`: as `lora`, but `g` is `[batch, p.length]`: the gradient of each row of the batch alone.
 */
export type TrainingMode = 'full' | 'lora' | 'lora-per-sample';

export type TrainingGraphOptions = {
  readonly mode: TrainingMode;
  readonly batch: number;
  /** Tokens per row; shorter rows are padded on the right with weight 0. */
  readonly length: number;
  /** Frozen weights; needed for the LoRA modes. */
  readonly baseWeights?: BaseWeights;
  readonly lora?: {
    readonly rank: number;
    readonly scaling: number;
    /** Linear layers that get matrices. Default: all seven. */
    readonly targets?: readonly Linear[];
  };
  /** Hold the frozen linear weights in four bits (QLoRA). Default: in float32. */
  readonly quantization?: 'q4';
  /** Attention stays within a document: another input, `documents`, numbers each token's. Default false. */
  readonly documents?: boolean;
  /** Leave the backward pass out, for evaluation. Default true. */
  readonly gradient?: boolean;
  /** Take the frozen matrices in float32 as inputs from `baseWeights` itself (`Graph.shared`). Default false. */
  readonly shared?: boolean;
  /** Keep to operators that devices other than the processor have. Default false. */
  readonly portable?: boolean;
  /** Also return the weighted loss of each token. Default false. */
  readonly tokenLoss?: boolean;
};

/**
 * A graph with forward and backward pass.
 *
 * Inputs: `ids`, `labels` (int64 `[batch·length]`), `weights` (float32 `[batch·length]`, the weight of each
 * token's loss), `p` (the flat parameters), and `documents` (float32 `[batch·length]`) if asked for. Outputs: `loss` (scalar, Σ weights·CE), `g` (unless `gradient` is
 * false), `tokenLoss` (if asked for).
 */
export type TrainingGraph = {
  readonly model: Model;
  readonly layout: ParameterLayout;
  readonly nodes: number;
};

/** Far enough below any score that its softmax weight is exactly zero in float32. */
export const MASKED = -1e9;

export function buildTrainingGraph(config: LlamaConfig, options: TrainingGraphOptions): TrainingGraph {
  const graph = new Graph();
  const tape = new Tape(graph, options);
  const { loss, tokenLoss, targets, layout } = recordLoss(config, options, tape);
  graph.output(loss, 'loss');
  if (options.tokenLoss) graph.output(tokenLoss, 'tokenLoss');
  if (options.gradient ?? true) {
    const rows = options.mode === 'lora-per-sample' ? [options.batch] : [];
    const parts = tape
      .gradient(loss, targets)
      .map((part, i) => reshape(tape, part, [...rows, layout.slots[i].size]));
    const shape = [...rows, layout.size];
    graph.output(graph.op('Concat', parts, { shape }, { attributes: { axis: rows.length } }), 'g');
  }
  return { model: graph.build(), layout, nodes: graph.size };
}

/** The loss of a batch on a tape, with the tensors that are trained. For graphs that need more than `g`. */
export type RecordedLoss = {
  readonly loss: Value;
  readonly tokenLoss: Value;
  /** One per slot of `layout`. */
  readonly targets: readonly Value[];
  readonly layout: ParameterLayout;
};

/** Declares the inputs of a training graph and records its forward pass. */
export function recordLoss(config: LlamaConfig, options: TrainingGraphOptions, tape: Tape): RecordedLoss {
  checkOptions(config, options);
  const tokens = options.batch * options.length;
  const ids = tape.graph.input('ids', 'i64', [tokens]);
  const labels = tape.graph.input('labels', 'i64', [tokens]);
  const weights = tape.graph.input('weights', 'f32', [tokens]);
  const parameters = parameterValues(config, options, tape);
  const { values, layout } = parameters;
  const hidden = forward(config, options, tape, ids, parameters);
  const head = config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const { loss, tokenLoss } = crossEntropyHead(tape, hidden, values.get(head)!, labels, weights);
  return { loss, tokenLoss, targets: layout.slots.map((slot) => values.get(slot.name)!), layout };
}

function checkOptions(config: LlamaConfig, options: TrainingGraphOptions): void {
  const { mode, length, quantization } = options;
  if (length > config.maxPositions) {
    throw new Error(
      `Rows of ${length} tokens are too long: this model reads ${config.maxPositions} (its max_position_embeddings or sliding_window).`,
    );
  }
  if (mode !== 'full') return;
  if (quantization !== undefined) {
    throw new Error(
      'Quantised weights cannot be trained. Train LoRA matrices beside them, or leave quantization out.',
    );
  }
}

type Parameters = {
  /** By name; linear weights in four bits are not among them. */
  readonly values: ReadonlyMap<string, Value>;
  readonly quantized: ReadonlyMap<string, QuantizedMatrix>;
  readonly layout: ParameterLayout;
};

function parameterValues(config: LlamaConfig, options: TrainingGraphOptions, tape: Tape): Parameters {
  const values = new Map<string, Value>();
  const quantized = new Map<string, QuantizedMatrix>();
  const base = baseLayout(config);
  if (options.mode === 'full') {
    splitInput(tape, base).forEach((value, i) => {
      values.set(base.slots[i].name, value);
    });
    return { values, quantized, layout: base };
  }
  if (options.baseWeights === undefined || options.lora === undefined) {
    throw new Error(`A training graph in mode ${options.mode} needs baseWeights and lora.`);
  }
  for (const slot of base.slots) {
    if (options.quantization === 'q4' && isLinear(slot.name)) {
      quantized.set(slot.name, quantizedWeight(options.baseWeights, slot, 'q4'));
      continue;
    }
    const { name, shape } = slot;
    const data = tensorOf(options.baseWeights, slot);
    const isInput = options.shared && shape.length > 1;
    const { graph } = tape;
    values.set(name, isInput ? graph.shared(data, shape, name) : graph.constant(data, shape, name));
  }
  const layout = loraLayout(config, options.lora.rank, options.lora.targets);
  splitInput(tape, layout).forEach((value, i) => {
    const { name, shape } = layout.slots[i];
    // Every row of the batch gets its own copy, so that its gradient stays apart from the others'.
    const copies = () => expand(tape, reshape(tape, value, [1, ...shape]), [options.batch, ...shape]);
    values.set(name, options.mode === 'lora-per-sample' ? copies() : value);
  });
  return { values, quantized, layout };
}

/** The flat input `p`, cut into its tensors: one by one, since providers bound the outputs of a node. */
function splitInput(tape: Tape, layout: ParameterLayout): Value[] {
  const flat = tape.graph.input('p', 'f32', [layout.size]);
  return layout.slots.map(({ offset, size, shape }) => {
    const bounds = [tape.integers([offset]), tape.integers([offset + size])];
    return reshape(tape, tape.graph.op('Slice', [flat, ...bounds], { shape: [size] }), shape);
  });
}

function forward(
  config: LlamaConfig,
  options: TrainingGraphOptions,
  tape: Tape,
  ids: Value,
  parameters: Parameters,
): Value {
  const { heads, kvHeads, headDim, rmsNormEps } = config;
  const { batch, length } = options;
  const weight = (name: string) => parameters.values.get(name)!;
  const linear = (x: Value, layer: number, name: Linear) =>
    applyLinear(config, options, tape, parameters, x, layer, name);
  const split = (x: Value, count: number) =>
    permute(tape, reshape(tape, x, [batch, length, count, headDim]), [0, 2, 1, 3]);
  const rope = rotaryConstants(config, tape, length);
  const mask = options.documents ? documentMask(tape, batch, length) : causalMask(tape, length);

  let x = gatherRows(tape, weight('model.embed_tokens.weight'), ids);
  for (let layer = 0; layer < config.layers; layer += 1) {
    const h = rmsNorm(tape, x, weight(`model.layers.${layer}.input_layernorm.weight`), rmsNormEps);
    const q = split(scale(tape, linear(h, layer, 'q_proj'), 1 / Math.sqrt(headDim)), heads);
    const k = rotary(tape, split(linear(h, layer, 'k_proj'), kvHeads), rope);
    const v = split(linear(h, layer, 'v_proj'), kvHeads);
    const shared = heads / kvHeads;
    const mixed = attention(
      tape,
      rotary(tape, q, rope),
      repeatHeads(tape, k, shared),
      repeatHeads(tape, v, shared),
      mask,
    );
    const joined = reshape(tape, permute(tape, mixed, [0, 2, 1, 3]), [batch * length, heads * headDim]);
    x = add(tape, x, linear(joined, layer, 'o_proj'));
    const h2 = rmsNorm(tape, x, weight(`model.layers.${layer}.post_attention_layernorm.weight`), rmsNormEps);
    const gated = multiply(tape, silu(tape, linear(h2, layer, 'gate_proj')), linear(h2, layer, 'up_proj'));
    x = add(tape, x, linear(gated, layer, 'down_proj'));
  }
  return rmsNorm(tape, x, weight('model.norm.weight'), rmsNormEps);
}

function applyLinear(
  config: LlamaConfig,
  options: TrainingGraphOptions,
  tape: Tape,
  { values, quantized }: Parameters,
  x: Value,
  layer: number,
  linear: Linear,
): Value {
  const name = linearName(layer, linear);
  const codes = quantized.get(`${name}.weight`);
  const product =
    codes === undefined ? matmul(tape, x, values.get(`${name}.weight`)!) : quantizedMatmul(tape, x, codes);
  const bias = values.get(`${name}.bias`);
  const y = bias === undefined ? product : add(tape, product, bias);
  const a = values.get(`${name}.lora_A`);
  const b = values.get(`${name}.lora_B`);
  if (a === undefined || b === undefined) return y;
  const low = (input: Value) => matmul(tape, scale(tape, matmul(tape, input, a), options.lora!.scaling), b);
  if (options.mode === 'lora') return add(tape, y, low(x));
  const [input, output] = linearShape(config, linear);
  const rows = reshape(tape, x, [options.batch, options.length, input]);
  return add(tape, y, reshape(tape, low(rows), [options.batch * options.length, output]));
}

function rotaryConstants(config: LlamaConfig, tape: Tape, length: number): RotaryTables {
  const tables = ropeTables(config, length);
  return {
    // One offset for the whole batch: every row starts at position 0.
    positions: tape.graph.constant(BigInt64Array.of(0n), [1]),
    cos: tape.graph.constant(tables.cos, tables.shape),
    sin: tape.graph.constant(tables.sin, tables.shape),
    negativeSin: tape.graph.constant(
      tables.sin.map((value) => -value),
      tables.shape,
    ),
  };
}

function causalMask(tape: Tape, length: number): Value {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i += 1) mask.fill(MASKED, i * length + i + 1, (i + 1) * length);
  return tape.graph.constant(mask, [1, 1, length, length]);
}

/** Causal, and between tokens of one document only. */
function documentMask(tape: Tape, batch: number, length: number): Value {
  const documents = tape.graph.input('documents', 'f32', [batch * length]);
  const keys = reshape(tape, documents, [batch, 1, 1, length]);
  const distance = subtract(tape, reshape(tape, documents, [batch, 1, length, 1]), keys);
  // Numbers are whole, so any two that differ do so by at least one.
  const apart = tape.graph.op('Abs', [distance], { shape: distance.shape });
  return add(tape, causalMask(tape, length), scale(tape, apart, MASKED));
}
