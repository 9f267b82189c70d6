import { sizeOf } from '../autodiff/shape.ts';
import { hasBias, type LlamaConfig } from './config.ts';

/** The seven linear layers of a block, in the order used by every flat parameter vector. */
export const LINEARS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type Linear = (typeof LINEARS)[number];

/** A tensor with its row-major values. */
export type WeightTensor = { readonly shape: readonly number[]; readonly data: Float32Array };

/** One tensor's place in a flat parameter vector. */
export type ParameterSlot = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
};

/** Where each tensor lies in a flat parameter vector. */
export type ParameterLayout = { readonly slots: readonly ParameterSlot[]; readonly size: number };

/** Parameters of a flat vector from `start` to before `end`. */
export type ParameterRange = { readonly start: number; readonly end: number };

/** Where the matrices lie: decay is for them, not for vectors such as norms. */
export function matrixRanges(layout: ParameterLayout): ParameterRange[] {
  return layout.slots
    .filter(({ shape }) => shape.length > 1)
    .map(({ offset, size }) => ({ start: offset, end: offset + size }));
}

/** Name of the weight of a linear layer in a Hugging Face checkpoint, without `.weight`. */
export function linearName(layer: number, linear: Linear): string {
  const block = ['gate_proj', 'up_proj', 'down_proj'].includes(linear) ? 'mlp' : 'self_attn';
  return `model.layers.${layer}.${block}.${linear}`;
}

/** Input and output widths of a linear layer. */
export function linearShape(config: LlamaConfig, linear: Linear): readonly [number, number] {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = config;
  switch (linear) {
    case 'q_proj':
      return [hiddenSize, heads * headDim];
    case 'k_proj':
    case 'v_proj':
      return [hiddenSize, kvHeads * headDim];
    case 'o_proj':
      return [heads * headDim, hiddenSize];
    case 'down_proj':
      return [intermediateSize, hiddenSize];
    default:
      return [hiddenSize, intermediateSize];
  }
}

/**
 * All weights of the base model, by their Hugging Face names. Linear weights are `[in, out]` here, the way the
 * graphs multiply; checkpoints hold the transpose (`toCheckpoint` and `fromCheckpoint` convert).
 */
export function baseLayout(config: LlamaConfig): ParameterLayout {
  const { hiddenSize, vocabSize } = config;
  const shapes: [string, readonly number[]][] = [['model.embed_tokens.weight', [vocabSize, hiddenSize]]];
  for (let layer = 0; layer < config.layers; layer += 1) {
    shapes.push([`model.layers.${layer}.input_layernorm.weight`, [hiddenSize]]);
    shapes.push([`model.layers.${layer}.post_attention_layernorm.weight`, [hiddenSize]]);
    for (const linear of LINEARS) {
      const shape = linearShape(config, linear);
      shapes.push([`${linearName(layer, linear)}.weight`, shape]);
      if (hasBias(config, linear)) shapes.push([`${linearName(layer, linear)}.bias`, [shape[1]]]);
    }
  }
  shapes.push(['model.norm.weight', [hiddenSize]]);
  if (!config.tiedEmbeddings) shapes.push(['lm_head.weight', [vocabSize, hiddenSize]]);
  return layoutOf(shapes);
}

/**
 * All LoRA tensors: per layer and target, `lora_A [in, rank]` then `lora_B [rank, out]`, whatever the order of
 * `targets` always in the order of `LINEARS`. This order defines the flat vectors `p` and `g` of the training
 * graphs, checkpoints, second moments and sketches.
 */
export function loraLayout(
  config: LlamaConfig,
  rank: number,
  targets: readonly Linear[] = LINEARS,
): ParameterLayout {
  if (targets.length === 0) throw new Error('A LoRA adapter needs at least one target module.');
  const shapes: [string, readonly number[]][] = [];
  for (let layer = 0; layer < config.layers; layer += 1) {
    for (const linear of LINEARS) {
      if (!targets.includes(linear)) continue;
      const [input, output] = linearShape(config, linear);
      shapes.push([`${linearName(layer, linear)}.lora_A`, [input, rank]]);
      shapes.push([`${linearName(layer, linear)}.lora_B`, [rank, output]]);
    }
  }
  return layoutOf(shapes);
}

/** From checkpoint tensors (linear weights `[out, in]`) to one flat vector in `baseLayout` order. */
export function fromCheckpoint(
  config: LlamaConfig,
  tensors: ReadonlyMap<string, WeightTensor>,
): Float32Array {
  const filler = new WeightFiller(config);
  for (const [name, tensor] of tensors) filler.add(name, tensor);
  return filler.finish();
}

/** Fills a flat vector in `baseLayout` order tensor by tensor, so that no second copy of the model is needed. */
export class WeightFiller {
  readonly #config: LlamaConfig;
  readonly #weights: Float32Array;
  readonly #missing: Map<string, ParameterSlot>;

  constructor(config: LlamaConfig) {
    const layout = baseLayout(config);
    this.#config = config;
    this.#weights = new Float32Array(layout.size);
    this.#missing = new Map(layout.slots.map((slot) => [slot.name, slot]));
  }

  /** Whether `add` wants the tensor. The head of a tied model and rotary tables are stored here and there. */
  wants(name: string): boolean {
    const tiedHead = this.#config.tiedEmbeddings && name === 'lm_head.weight';
    return !tiedHead && !name.endsWith('rotary_emb.inv_freq');
  }

  /** Takes a checkpoint's tensor. Throws when the model that config.json describes has no such tensor. */
  add(name: string, tensor: WeightTensor): void {
    if (!this.wants(name)) return;
    const slot = this.#missing.get(name);
    if (slot === undefined) {
      throw new Error(
        `The checkpoint has a tensor ${name} that config.json does not speak of, or twice. Check that both are of one model.`,
      );
    }
    const [rows, columns] = slot.shape;
    const linear = isLinear(name);
    const shape = linear ? [columns, rows] : slot.shape;
    if (tensor.shape.join() !== shape.join()) {
      throw new Error(`${name} has shape [${tensor.shape}], but config.json asks for [${shape}].`);
    }
    const place = this.#weights.subarray(slot.offset, slot.offset + slot.size);
    if (linear) transposeInto(place, tensor.data, columns, rows);
    else place.set(tensor.data);
    this.#missing.delete(name);
  }

  /** The vector, once every tensor has come. */
  finish(): Float32Array {
    const [name] = this.#missing.keys();
    if (name !== undefined) throw new Error(`The checkpoint has no tensor ${name}.`);
    return this.#weights;
  }
}

/** The inverse of `fromCheckpoint`. */
export function toCheckpoint(config: LlamaConfig, flat: Float32Array): Map<string, WeightTensor> {
  const tensors = new Map<string, WeightTensor>();
  for (const { name, shape, offset, size } of baseLayout(config).slots) {
    const data = flat.slice(offset, offset + size);
    const [input, output] = shape;
    const linear = { shape: [output, input], data: isLinear(name) ? transposed(data, input, output) : data };
    tensors.set(name, isLinear(name) ? linear : { shape, data });
  }
  return tensors;
}

/** The transpose of a row-major matrix. */
export function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  transposeInto(result, data, rows, columns);
  return result;
}

/** Rows and columns that are transposed at a time, so that both sides stay in the cache. */
const TILE = 32;

function transposeInto(target: Float32Array, data: Float32Array, rows: number, columns: number): void {
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let i = top; i < bottom; i += 1) {
        for (let j = left; j < right; j += 1) target[j * rows + i] = data[i * columns + j];
      }
    }
  }
}

/** Whether a name is that of a linear layer's weight. */
export function isLinear(name: string): boolean {
  return name.endsWith('_proj.weight');
}

function layoutOf(shapes: readonly [string, readonly number[]][]): ParameterLayout {
  let offset = 0;
  const slots = shapes.map(([name, shape]) => {
    const size = sizeOf(shape);
    const slot = { name, shape, offset, size };
    offset += size;
    return slot;
  });
  return { slots, size: offset };
}
