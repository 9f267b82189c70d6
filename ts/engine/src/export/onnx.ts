import type { LlamaConfig } from '../llama/config.ts';
import { baseLayout, isLinear, type Linear, linearName } from '../llama/parameters.ts';
import { type QuantizedMatrix, quantizedProduct, quantizedWeight } from '../llama/quantize.ts';
import { ropeTables } from '../llama/rope.ts';
import { CONTRIB, Graph, type OpOptions, type Value } from '../onnx/graph.ts';

/** Far enough below any score that its softmax weight is exactly zero in float32. */
const MASKED = -1e9;
/** ONNX's number for the element type `bool`. */
const BOOL = 9;

/**
 * A model as transformers.js (and Optimum) run it: inputs `input_ids`, `attention_mask`, `position_ids` (int64) and
 * `past_key_values.{layer}.key|value` (`[batch_size, kvHeads, past_sequence_length, headDim]`); outputs `logits`
 * (`[batch_size, sequence_length, vocab]`) and `present.{layer}.key|value`. Rows of a batch may be padded on either
 * side. transformers.js knows the batch dimension by its name `batch_size`.
 *
 * `weights` are in `baseLayout` order; those of an adapter are merged in before. With `quantization` the linear layers
 * of the blocks are held in four bits (MatMulNBits); embeddings, head, norms and biases stay in float32.
 */
export function exportOnnx(config: LlamaConfig, weights: Float32Array, quantization?: 'q4'): Graph {
  const build = new ExportBuilder(config, weights, quantization);
  const ids = build.graph.input('input_ids', 'i64', ['batch_size', 'sequence_length']);
  const attended = build.graph.input('attention_mask', 'i64', ['batch_size', 'total_sequence_length']);
  const positions = build.graph.input('position_ids', 'i64', ['batch_size', 'sequence_length']);
  const mask = build.mask(ids, attended);
  const rope = build.rope(positions);

  let x = build.op('Gather', [build.weight('model.embed_tokens.weight'), ids], { axis: 0 });
  for (let layer = 0; layer < config.layers; layer += 1) {
    const h = build.norm(x, `model.layers.${layer}.input_layernorm.weight`);
    x = build.op('Add', [x, build.linear(build.attention(h, layer, rope, mask), layer, 'o_proj')]);
    const h2 = build.norm(x, `model.layers.${layer}.post_attention_layernorm.weight`);
    const gate = build.linear(h2, layer, 'gate_proj');
    const activated = build.op('Mul', [gate, build.op('Sigmoid', [gate])]);
    const gated = build.op('Mul', [activated, build.linear(h2, layer, 'up_proj')]);
    x = build.op('Add', [x, build.linear(gated, layer, 'down_proj')]);
  }
  const logits = build.op('MatMul', [build.norm(x, 'model.norm.weight'), build.head()]);
  build.graph.output(logits, 'logits', ['batch_size', 'sequence_length', config.vocabSize]);
  return build.graph;
}

type Attributes = NonNullable<OpOptions['attributes']>;

class ExportBuilder {
  readonly graph = new Graph();
  readonly #config: LlamaConfig;
  readonly #weights = new Map<string, Value>();
  readonly #quantized = new Map<string, QuantizedMatrix>();

  constructor(config: LlamaConfig, weights: Float32Array, quantization: 'q4' | undefined) {
    this.#config = config;
    for (const slot of baseLayout(config).slots) {
      const { name, shape, offset, size } = slot;
      if (quantization === 'q4' && isLinear(name)) {
        this.#quantized.set(name, quantizedWeight(weights, slot, quantization));
      } else {
        const data = weights.subarray(offset, offset + size);
        this.#weights.set(name, this.graph.constant(data, shape, name));
      }
    }
  }

  /** An operator whose shapes only the runtime needs to know. */
  op(opType: string, inputs: readonly Value[], attributes: Attributes = {}, domain = ''): Value {
    return this.graph.op(opType, inputs, { shape: [] }, { attributes, domain });
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
    const codes = this.#quantized.get(`${name}.weight`);
    const product =
      codes === undefined
        ? this.op('MatMul', [x, this.weight(`${name}.weight`)])
        : quantizedProduct(this.graph, x, codes, 'int8');
    const bias = this.#weights.get(`${name}.bias`);
    return bias === undefined ? product : this.op('Add', [product, bias]);
  }

  /** The output layer `[hidden, vocab]`. The runtime folds the transposition when it loads the model. */
  head(): Value {
    const name = this.#config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
    return this.op('Transpose', [this.weight(name)], { perm: [1, 0] });
  }

  rope(positions: Value): (x: Value) => Value {
    const tables = ropeTables(this.#config, this.#config.maxPositions);
    const cos = this.graph.constant(tables.cos, tables.shape, 'rope.cos');
    const sin = this.graph.constant(tables.sin, tables.shape, 'rope.sin');
    return (x) => this.op('RotaryEmbedding', [x, positions, cos, sin], { interleaved: 0 }, CONTRIB);
  }

  /** What is added to the scores, `[batch, 1, new, past + new]`: a token sees what is attended and not after it. */
  mask(ids: Value, attended: Value): Value {
    const total = this.#lengthOf(attended);
    const past = this.op('Sub', [total, this.#lengthOf(ids)]);
    const one = this.#integers([1], []);
    const keys = this.op('Range', [this.#integers([0], []), total, one]);
    const queries = this.op('Unsqueeze', [this.op('Range', [past, total, one]), this.#integers([1])]);
    const causal = this.op('LessOrEqual', [keys, queries]);
    const real = this.op('Unsqueeze', [this.op('Cast', [attended], { to: BOOL }), this.#integers([1, 2])]);
    const [zero, masked] = [0, MASKED].map((value) => this.graph.constant(Float32Array.of(value), []));
    return this.op('Where', [this.op('And', [causal, real]), zero, masked]);
  }

  attention(h: Value, layer: number, rope: (x: Value) => Value, mask: Value): Value {
    const { heads, kvHeads, headDim } = this.#config;
    const factor = this.graph.constant(Float32Array.of(1 / Math.sqrt(headDim)), []);
    const q = this.op('Mul', [rope(this.#split(this.linear(h, layer, 'q_proj'), heads)), factor]);
    const k = this.#cached(`${layer}.key`, rope(this.#split(this.linear(h, layer, 'k_proj'), kvHeads)));
    const v = this.#cached(`${layer}.value`, this.#split(this.linear(h, layer, 'v_proj'), kvHeads));
    const keys = this.op('Transpose', [this.#repeat(k)], { perm: [0, 1, 3, 2] });
    const scores = this.op('Add', [this.op('MatMul', [q, keys]), mask]);
    const mixed = this.op('MatMul', [this.op('Softmax', [scores], { axis: -1 }), this.#repeat(v)]);
    const rows = this.op('Transpose', [mixed], { perm: [0, 2, 1, 3] });
    return this.op('Reshape', [rows, this.#integers([0, 0, heads * headDim])]);
  }

  /** The cached rows with the new ones after them; also an output, for the next run. */
  #cached(name: string, fresh: Value): Value {
    const dims = (length: string) => ['batch_size', this.#config.kvHeads, length, this.#config.headDim];
    const past = this.graph.input(`past_key_values.${name}`, 'f32', dims('past_sequence_length'));
    const all = { ...this.op('Concat', [past, fresh], { axis: 2 }), dtype: 'f32' as const };
    this.graph.output(all, `present.${name}`, dims('total_sequence_length'));
    return all;
  }

  #split(x: Value, count: number): Value {
    const shaped = this.op('Reshape', [x, this.#integers([0, 0, count, this.#config.headDim])]);
    return this.op('Transpose', [shaped], { perm: [0, 2, 1, 3] });
  }

  /** Repeats key or value heads that several query heads share. */
  #repeat(x: Value): Value {
    const { heads, kvHeads, headDim } = this.#config;
    if (heads === kvHeads) return x;
    const grouped = this.op('Unsqueeze', [x, this.#integers([2])]);
    const wide = this.op('Expand', [grouped, this.#integers([1, 1, heads / kvHeads, 1, 1])]);
    return this.op('Reshape', [wide, this.#integers([0, heads, -1, headDim])]);
  }

  /** The second dimension, as a scalar. */
  #lengthOf(x: Value): Value {
    const shape = this.op('Shape', [x], { start: 1, end: 2 });
    return this.op('Squeeze', [shape, this.#integers([0])]);
  }

  #integers(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.graph.constant(BigInt64Array.from(values, BigInt), shape);
  }
}
