import { CONTRIB, Graph, type Model, type OpOptions, type Value } from '../onnx/graph.ts';
import type { LlamaConfig } from './config.ts';
import { baseLayout, isLinear, type Linear, linearName, loraLayout } from './parameters.ts';
import {
  type BaseWeights,
  type Quantization,
  type QuantizedMatrix,
  quantizedProduct,
  quantizedWeight,
  tensorOf,
} from './quantize.ts';
import { ropeTables } from './rope.ts';

/**
 * A graph that reads S new tokens per row after P cached positions, for B rows that may each use another
 * adapter. Only the new key and value rows come back; the caller keeps the cache.
 *
 * Inputs: `ids`, `positions` (int64 `[B, S]`), `mask_past` (float32 `[B, 1, 1, P]`, 0 or −1e9),
 * `mask_new` (float32 `[1, 1, S, S]`), `past.{layer}.k|v` (float32 `[B, kvHeads, P, headDim]`), and per
 * linear layer `{name}.lora_A` `[B, in, R]` and `{name}.lora_B` `[B, R, out]`, with the scaling multiplied
 * into B. Outputs: `logits` (`[B, 1, vocab]` of the last position, or of all with `allLogits`) and
 * `new.{layer}.k|v` (`[B, kvHeads, S, headDim]`).
 */
export type DecodeGraphOptions = {
  readonly baseWeights: BaseWeights;
  /** Hold the linear weights of the blocks in few bits. Default: in float32. */
  readonly quantization?: Quantization;
  /** Return the logits of every new position instead of only the last. */
  readonly allLogits?: boolean;
  /** Return the last hidden states (`hidden`, `[B, S, hiddenSize]`) in the place of logits. */
  readonly hidden?: boolean;
  /** Take the matrices in float32 as inputs from `baseWeights` itself (`Graph.shared`). Default false. */
  readonly shared?: boolean;
};

export function buildDecodeGraph(config: LlamaConfig, options: DecodeGraphOptions): Model {
  const graph = new Graph();
  const build = new DecodeBuilder(config, options, graph);
  const ids = graph.input('ids', 'i64', ['B', 'S']);
  const positions = graph.input('positions', 'i64', ['B', 'S']);
  const maskPast = graph.input('mask_past', 'f32', ['B', 1, 1, 'P']);
  const maskNew = graph.input('mask_new', 'f32', [1, 1, 'S', 'S']);
  for (const slot of loraLayout(config, 1).slots) {
    const dims = slot.name.endsWith('lora_A') ? ['B', slot.shape[0], 'R'] : ['B', 'R', slot.shape[1]];
    build.values.set(slot.name, graph.input(slot.name, 'f32', dims));
  }
  const rope = build.rope(positions);

  let x = build.op('Gather', [build.weight('model.embed_tokens.weight'), ids], { axis: 0 });
  for (let layer = 0; layer < config.layers; layer += 1) {
    const h = build.norm(x, `model.layers.${layer}.input_layernorm.weight`);
    const mixed = build.attention(h, layer, rope, maskPast, maskNew);
    x = build.op('Add', [x, build.linear(mixed, layer, 'o_proj')]);
    const h2 = build.norm(x, `model.layers.${layer}.post_attention_layernorm.weight`);
    const gate = build.linear(h2, layer, 'gate_proj');
    const activated = build.op('Mul', [gate, build.op('Sigmoid', [gate])]);
    const gated = build.op('Mul', [activated, build.linear(h2, layer, 'up_proj')]);
    x = build.op('Add', [x, build.linear(gated, layer, 'down_proj')]);
  }
  if (options.hidden) {
    graph.output(build.norm(x, 'model.norm.weight'), 'hidden', ['B', 'S', config.hiddenSize]);
    return graph.build();
  }
  if (!options.allLogits) x = build.op('Slice', [x, build.ints([-1]), build.ints([END]), build.ints([1])]);
  const logits = build.op('MatMul', [build.norm(x, 'model.norm.weight'), build.head()]);
  graph.output(logits, 'logits', ['B', 'K', config.vocabSize]);
  return graph.build();
}

const END = 2 ** 30;

type Attributes = NonNullable<OpOptions['attributes']>;

class DecodeBuilder {
  readonly values = new Map<string, Value>();
  readonly #config: LlamaConfig;
  readonly #graph: Graph;
  readonly #weights = new Map<string, Value>();
  readonly #quantized = new Map<string, QuantizedMatrix>();

  constructor(config: LlamaConfig, options: DecodeGraphOptions, graph: Graph) {
    this.#config = config;
    this.#graph = graph;
    const { baseWeights, quantization, shared } = options;
    for (const slot of baseLayout(config).slots) {
      const { name, shape } = slot;
      if (quantization !== undefined && isLinear(name)) {
        this.#quantized.set(name, quantizedWeight(baseWeights, slot, quantization));
        continue;
      }
      const data = tensorOf(baseWeights, slot);
      const isInput = shared && shape.length > 1;
      this.#weights.set(name, isInput ? graph.shared(data, shape, name) : graph.constant(data, shape, name));
    }
  }

  /** An operator whose shapes only the runtime needs to know. */
  op(opType: string, inputs: readonly Value[], attributes: Attributes = {}, domain = ''): Value {
    return this.#graph.op(opType, inputs, { shape: [] }, { attributes, domain });
  }

  ints(values: readonly number[]): Value {
    return this.#graph.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  weight(name: string): Value {
    return this.#weights.get(name)!;
  }

  norm(x: Value, name: string): Value {
    const attributes = { axis: -1, epsilon: { f: this.#config.rmsNormEps }, stash_type: 1 };
    return this.op('SimplifiedLayerNormalization', [x, this.weight(name)], attributes);
  }

  linear(x: Value, layer: number, linear: Linear): Value {
    const name = linearName(layer, linear);
    const low = this.op('MatMul', [x, this.values.get(`${name}.lora_A`)!]);
    const delta = this.op('MatMul', [low, this.values.get(`${name}.lora_B`)!]);
    const product = this.#product(x, `${name}.weight`);
    const bias = this.#weights.get(`${name}.bias`);
    return this.op('Add', [bias === undefined ? product : this.op('Add', [product, bias]), delta]);
  }

  #product(x: Value, name: string): Value {
    const codes = this.#quantized.get(name);
    if (codes === undefined) return this.op('MatMul', [x, this.weight(name)]);
    return quantizedProduct(this.#graph, x, codes, 'int8');
  }

  /** The output layer `[hidden, vocab]`. The runtime folds the transposition when it loads the model. */
  head(): Value {
    const name = this.#config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
    return this.op('Transpose', [this.weight(name)], { perm: [1, 0] });
  }

  rope(positions: Value): (x: Value) => Value {
    const tables = ropeTables(this.#config, this.#config.maxPositions);
    const cos = this.#graph.constant(tables.cos, tables.shape);
    const sin = this.#graph.constant(tables.sin, tables.shape);
    return (x) => this.op('RotaryEmbedding', [x, positions, cos, sin], { interleaved: 0 }, CONTRIB);
  }

  /** Attention over the cached and the new positions, without copying the cache. */
  attention(h: Value, layer: number, rope: (x: Value) => Value, maskPast: Value, maskNew: Value): Value {
    const { heads, kvHeads, headDim } = this.#config;
    const cacheDims = ['B', kvHeads, 'P', headDim];
    const newDims = ['B', kvHeads, 'S', headDim];
    const pastK = this.#graph.input(`past.${layer}.k`, 'f32', cacheDims);
    const pastV = this.#graph.input(`past.${layer}.v`, 'f32', cacheDims);
    const factor = this.#graph.constant(Float32Array.of(1 / Math.sqrt(headDim)), []);
    const q = this.op('Mul', [rope(this.#split(this.linear(h, layer, 'q_proj'), heads)), factor]);
    const k = rope(this.#split(this.linear(h, layer, 'k_proj'), kvHeads));
    const v = this.#split(this.linear(h, layer, 'v_proj'), kvHeads);
    this.#graph.output(k, `new.${layer}.k`, newDims);
    this.#graph.output(v, `new.${layer}.v`, newDims);

    const score = (keys: Value, mask: Value) => {
      const swapped = this.op('Transpose', [this.#repeat(keys)], { perm: [0, 1, 3, 2] });
      return this.op('Add', [this.op('MatMul', [q, swapped]), mask]);
    };
    const scores = this.op('Concat', [score(pastK, maskPast), score(k, maskNew)], { axis: 3 });
    const p = this.op('Softmax', [scores], { axis: -1 });
    const past = { ...this.op('Shape', [maskPast], { start: 3, end: 4 }), dtype: 'i64' as const };
    const fromPast = this.op('Slice', [p, this.ints([0]), past, this.ints([3])]);
    const fromNew = this.op('Slice', [p, past, this.ints([END]), this.ints([3])]);
    const mixed = this.op('Add', [
      this.op('MatMul', [fromPast, this.#repeat(pastV)]),
      this.op('MatMul', [fromNew, this.#repeat(v)]),
    ]);
    return this.op('Reshape', [
      this.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
      this.ints([0, 0, heads * headDim]),
    ]);
  }

  #split(x: Value, count: number): Value {
    const shaped = this.op('Reshape', [x, this.ints([0, 0, count, this.#config.headDim])]);
    return this.op('Transpose', [shaped], { perm: [0, 2, 1, 3] });
  }

  /** Repeats key or value heads that several query heads share. */
  #repeat(x: Value): Value {
    const { heads, kvHeads, headDim } = this.#config;
    if (heads === kvHeads) return x;
    const grouped = this.op('Unsqueeze', [x, this.ints([2])]);
    const wide = this.op('Expand', [grouped, this.ints([1, 1, heads / kvHeads, 1, 1])]);
    return this.op('Reshape', [wide, this.ints([0, heads, -1, headDim])]);
  }
}
