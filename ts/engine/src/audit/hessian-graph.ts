import type { LlamaConfig } from '../llama/config.ts';
import {
  baseLayout,
  type Linear as LinearKind,
  linearName,
  loraLayout,
  type ParameterLayout,
} from '../llama/parameters.ts';
import { type BaseWeights, tensorOf } from '../llama/quantize.ts';
import { ropeTables } from '../llama/rope.ts';
import { CONTRIB, type DType, Graph, type Model, type Value } from '../onnx/graph.ts';
import type { Dim } from '../onnx/proto.ts';
import type { Tensor } from '../runtime/runtime.ts';
import { attentionLayer, gateLayer, type Layer, normLayer } from './dual-layers.ts';
import { type AdapterMatrix, type Linear, linearLayers } from './dual-linears.ts';
import { type Dual, Duals } from './duals.ts';

export type HessianGraphOptions = {
  readonly baseWeights: BaseWeights;
  readonly lora: {
    readonly rank: number;
    readonly scaling: number;
    readonly targets?: readonly LinearKind[];
  };
  /** Most tokens of a row. */
  readonly longest: number;
  /** Take the matrices in float32 as inputs from `baseWeights` itself (`Graph.shared`). Default false. */
  readonly shared?: boolean;
};

/**
 * The inputs of a graph, with their dimensions: B rows of L tokens, N = B·L, M of them with a loss, P parameters, K
 * directions. The last five are shapes for Reshape that depend on those.
 */
const INPUTS = {
  ids: ['i64', [1, 'N']],
  labels: ['i64', [1, 'M']],
  weights: ['f32', [1, 'M', 1]],
  /** The places of the tokens with a loss, and each token's place among them, M for those without. */
  scored: ['i64', ['M']],
  places: ['i64', ['N']],
  mask: ['f32', ['L', 'L']],
  p: ['f32', [1, 'P']],
  /** The parameters and a direction, for each direction. */
  pairs: ['f32', ['K', 2, 'P']],
  byHead: ['i64', [5]],
  stacked: ['i64', [4]],
  byRow: ['i64', [5]],
  grouped: ['i64', [5]],
  flat: ['i64', [3]],
} as const satisfies Record<string, readonly [DType, readonly Dim[]]>;

export type HessianFeeds = Readonly<Record<keyof typeof INPUTS, Tensor>>;

/** A part of the model; nothing goes back to what does not depend on the parameters. */
type Part = Layer<Dual, Dual | undefined>;

/**
 * A graph of second derivatives of a batch's loss L(p, weights) = Σ weights·CE along K directions of the parameters: the
 * gradient's tangents, which are Hessian products (output `products`, `[K, p.length]`), and those of each token's CE
 * (output `slopes`, `[K, M, 1]`, for the M tokens with a loss).
 *
 * Forward and backward pass are written out and computed with dual numbers. All directions share the values, what does
 * not depend on the parameters has no tangent, and behind the last attention there are only the tokens with a loss. Rows,
 * lengths and directions are free at run time, so that one session serves a whole audit. Its inputs: `hessianFeeds`.
 */
export function buildHessianGraph(config: LlamaConfig, options: HessianGraphOptions): Model {
  const builder = new HessianBuilder(config, options);
  const parts: Part[] = [];
  let x = builder.embedded();
  for (let layer = 0; layer < config.layers; layer += 1) {
    for (const make of [builder.mixing, builder.feedForward]) {
      const part = make(x, layer);
      parts.push(part);
      x = part.output;
    }
  }
  let gradient: Dual | undefined = builder.head(x);
  for (const part of parts.reverse()) gradient = gradient && part.backward(gradient);
  return builder.build();
}

class HessianBuilder {
  readonly #config: LlamaConfig;
  readonly #options: HessianGraphOptions;
  readonly #graph = new Graph();
  readonly #duals = new Duals(this.#graph);
  readonly #weights = new Map<string, Value>();
  readonly #layout: ParameterLayout;
  readonly #matrices: ReadonlyMap<string, AdapterMatrix>;
  readonly #products = new Map<string, Value>();
  readonly #inputs: Readonly<Record<keyof typeof INPUTS, Value>>;
  readonly #rope: { readonly zero: Value; readonly cos: Value; readonly sin: Value; readonly back: Value };

  constructor(config: LlamaConfig, options: HessianGraphOptions) {
    this.#config = config;
    this.#options = options;
    const { baseWeights, lora, longest, shared } = options;
    for (const slot of baseLayout(config).slots) {
      const { name, shape } = slot;
      const data = tensorOf(baseWeights, slot);
      const make = shared && shape.length > 1 ? 'shared' : 'constant';
      this.#weights.set(name, this.#graph[make](data, shape, name));
    }
    this.#inputs = Object.fromEntries(
      Object.entries(INPUTS).map(([name, [dtype, dims]]) => [name, this.#graph.input(name, dtype, dims)]),
    ) as Record<keyof typeof INPUTS, Value>;
    this.#layout = loraLayout(config, lora.rank, lora.targets);
    this.#matrices = this.#adapterMatrices();
    const { cos, sin, shape } = ropeTables(config, longest);
    this.#rope = {
      zero: this.#duals.integers([0]),
      cos: this.#graph.constant(cos, shape),
      sin: this.#graph.constant(sin, shape),
      back: this.#graph.constant(
        sin.map((value) => -value),
        shape,
      ),
    };
  }

  build(): Model {
    const flat = this.#layout.slots.map(({ name }) => this.#reshape(this.#products.get(name)!, [0, -1]));
    this.#graph.output(this.#duals.concat(flat, 1), 'products', ['K', this.#layout.size]);
    return { ...this.#graph.build(), isVaried: true };
  }

  embedded(): Dual {
    return { value: this.#duals.op('Gather', [this.#embeddings, this.#inputs.ids], { axis: 0 }) };
  }

  /** x + attention of x. Of the last layer only tokens with a loss. */
  readonly mixing = (x: Dual, layer: number): Part => {
    const { headDim } = this.#config;
    const isLast = layer === this.#config.layers - 1;
    const norm = this.#norm(x, `model.layers.${layer}.input_layernorm.weight`);
    const inner = this.#linears(norm.output, layer, ['q_proj', 'k_proj', 'v_proj']);
    const [q, k, v] = inner.output.map((part) => this.#duals.map(part, this.#split));
    const attention = attentionLayer(
      this.#duals,
      this.#rotate(q, this.#rope.sin),
      this.#repeat(this.#rotate(k, this.#rope.sin)),
      this.#repeat(v),
      this.#inputs.mask,
      1 / Math.sqrt(headDim),
    );
    const all = this.#duals.map(attention.output, this.#join);
    const select = (dual: Dual) => (isLast ? this.#duals.map(dual, this.#select) : dual);
    const place = (dual: Dual) => (isLast ? this.#duals.map(dual, this.#place) : dual);
    const outer = this.#linears(select(all), layer, ['o_proj']);
    return {
      output: this.#duals.plus(select(x), outer.output[0]),
      backward: (gradient) => {
        const back = outer.backward([gradient]);
        if (back === undefined) return undefined;
        const [dq, dk, dv] = attention.backward(this.#duals.map(place(back), this.#split));
        const whole = inner.backward(
          [
            this.#rotate(dq, this.#rope.back),
            this.#rotate(this.#gather(dk), this.#rope.back),
            this.#gather(dv),
          ].map((part) => this.#duals.map(part, this.#join)),
        );
        return whole && this.#duals.plus(place(gradient), norm.backward(whole));
      },
    };
  };

  /** x + feed-forward of x. */
  readonly feedForward = (x: Dual, layer: number): Part => {
    const norm = this.#norm(x, `model.layers.${layer}.post_attention_layernorm.weight`);
    const inner = this.#linears(norm.output, layer, ['gate_proj', 'up_proj']);
    const gate = gateLayer(this.#duals, inner.output[0], inner.output[1]);
    const outer = this.#linears(gate.output, layer, ['down_proj']);
    return {
      output: this.#duals.plus(x, outer.output[0]),
      backward: (gradient) => {
        const back = outer.backward([gradient]);
        const whole = back && inner.backward(gate.backward(back));
        return whole && this.#duals.plus(gradient, norm.backward(whole));
      },
    };
  };

  /**
   * Declares the slopes, and gives the gradient of x. With e = softmax(h·Eᵀ)·E, a token's CE has the gradient e − E[label]
   * by h, and along h' the product with softmax changes by (p·z')·E − ⟨e, h'⟩·e.
   */
  head(x: Dual): Dual {
    const duals = this.#duals;
    const { labels, weights } = this.#inputs;
    const norm = this.#norm(x, 'model.norm.weight');
    const { value: h, tangent } = norm.output;
    if (tangent === undefined) throw new Error('No layer of the model has an adapter.');
    const table = this.#config.tiedEmbeddings ? this.#embeddings : this.#weights.get('lm_head.weight')!;
    const p = duals.op('Softmax', [duals.matmul(h, table, { transB: true })], { axis: -1 });
    const expected = duals.op('MatMul', [p, table]);
    const byToken = duals.subtract(expected, duals.op('Gather', [table, labels], { axis: 0 }));
    this.#graph.output(duals.sumLast(duals.multiply(tangent, byToken)), 'slopes', ['K', 'M', 1]);
    const changed = duals.multiply(p, duals.matmul(tangent, table, { transB: true }));
    const mean = duals.sumLast(duals.multiply(tangent, expected));
    const change = duals.subtract(duals.op('MatMul', [changed, table]), duals.multiply(mean, expected));
    return norm.backward({
      value: duals.multiply(byToken, weights),
      tangent: duals.multiply(change, weights),
    });
  }

  get #embeddings(): Value {
    return this.#weights.get('model.embed_tokens.weight')!;
  }

  #adapterMatrices(): Map<string, AdapterMatrix> {
    const { slots } = this.#layout;
    const sizes = slots.map(({ size }) => size);
    const values = this.#duals.split(this.#inputs.p, sizes);
    const pairs = this.#duals.split(this.#inputs.pairs, sizes);
    return new Map(
      slots.map(({ name, shape: [rows, columns] }, i) => {
        const value = this.#reshape(values[i], [1, rows, columns]);
        // B above its tangent lies in memory so already.
        if (name.endsWith('lora_B'))
          return [name, { value, both: this.#reshape(pairs[i], [0, 2 * rows, columns]) }];
        const pair = this.#reshape(pairs[i], [0, 2, rows, columns]);
        const turned = this.#duals.op('Transpose', [pair], { perm: [0, 2, 1, 3] });
        return [name, { value, both: this.#reshape(turned, [0, rows, 2 * columns]) }];
      }),
    );
  }

  #norm(x: Dual, name: string): Layer<Dual, Dual> {
    return normLayer(this.#duals, x, this.#weights.get(name)!, this.#config.rmsNormEps);
  }

  #linears(x: Dual, layer: number, kinds: readonly LinearKind[]) {
    const linears = kinds.map((kind): Linear => {
      const name = linearName(layer, kind);
      const [a, b] = [this.#matrices.get(`${name}.lora_A`), this.#matrices.get(`${name}.lora_B`)];
      const plain = { weight: this.#weights.get(`${name}.weight`)!, bias: this.#weights.get(`${name}.bias`) };
      if (a === undefined || b === undefined) return plain;
      const take = (byA: Value, byB: Value) => {
        this.#products.set(`${name}.lora_A`, byA).set(`${name}.lora_B`, byB);
      };
      const { rank, scaling } = this.#options.lora;
      return { ...plain, adapter: { rank, alpha: scaling, a, b, take } };
    });
    return linearLayers(this.#duals, x, linears);
  }

  #reshape(x: Value, shape: readonly number[]): Value {
    return this.#duals.op('Reshape', [x, this.#duals.integers(shape)]);
  }

  /** From `[·, tokens, heads·width]` to `[·, rows·heads, length, width]`. */
  readonly #split = (x: Value): Value => {
    const { byHead, stacked } = this.#inputs;
    const wide = this.#duals.op('Reshape', [x, byHead]);
    const turned = this.#duals.op('Transpose', [wide], { perm: [0, 1, 3, 2, 4] });
    return this.#duals.op('Reshape', [turned, stacked]);
  };

  /** Undoes `#split`. */
  readonly #join = (x: Value): Value => {
    const wide = this.#duals.op('Reshape', [x, this.#inputs.byRow]);
    const turned = this.#duals.op('Transpose', [wide], { perm: [0, 1, 3, 2, 4] });
    return this.#duals.op('Reshape', [turned, this.#inputs.flat]);
  };

  #rotate(x: Dual, sin: Value): Dual {
    const { zero, cos } = this.#rope;
    return this.#duals.map(x, (part) =>
      this.#duals.op('RotaryEmbedding', [part, zero, cos, sin], { interleaved: 0 }, CONTRIB),
    );
  }

  /** Keys or values for every head of a group. */
  #repeat(x: Dual): Dual {
    const times = this.#config.heads / this.#config.kvHeads;
    if (times === 1) return x;
    return this.#duals.map(x, (part) => {
      const grouped = this.#duals.op('Unsqueeze', [part, this.#duals.integers([2])]);
      const wide = this.#duals.op('Expand', [grouped, this.#duals.integers([1, 1, times, 1, 1])]);
      return this.#duals.op('Reshape', [wide, this.#inputs.stacked]);
    });
  }

  /** The gradient of what `#repeat` repeats. */
  #gather(x: Dual): Dual {
    const times = this.#config.heads / this.#config.kvHeads;
    if (times === 1) return x;
    return this.#duals.map(x, (part) => {
      const grouped = this.#duals.op('Reshape', [part, this.#inputs.grouped]);
      return this.#duals.op('ReduceSum', [grouped, this.#duals.integers([2])], { keepdims: 0 });
    });
  }

  /** The tokens with a loss. */
  readonly #select = (x: Value): Value => this.#duals.op('Gather', [x, this.#inputs.scored], { axis: 1 });

  /** Undoes `#select`, with zeros for the other tokens. */
  readonly #place = (x: Value): Value => {
    const padded = this.#duals.op('Pad', [x, this.#duals.integers([0, 0, 0, 0, 1, 0])]);
    return this.#duals.op('Gather', [padded, this.#inputs.places], { axis: 1 });
  };
}
