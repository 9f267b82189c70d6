import { sizeOf } from '../autodiff/shape.ts';
import type { TensorSource } from '../safetensors/safetensors.ts';
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
  const { weights, put } = flatWeights(config);
  const filler = new WeightFiller(config, put);
  for (const [name, tensor] of tensors) filler.add(name, tensor);
  filler.finish();
  return weights;
}

/** Takes a tensor as a checkpoint holds it: linear weights are `[out, in]`. */
export type PutTensor = (slot: ParameterSlot, stored: Float32Array) => void;

/** A flat vector in `baseLayout` order, to be filled with the tensors of a checkpoint. */
export function flatWeights(config: LlamaConfig): { weights: Float32Array; put: PutTensor } {
  // Threads that compute with the model share its weights.
  const weights = new Float32Array(new SharedArrayBuffer(baseLayout(config).size * 4));
  const put: PutTensor = ({ name, shape, offset, size }, stored) => {
    const place = weights.subarray(offset, offset + size);
    const [rows, columns] = shape;
    if (isLinear(name)) transposeInto(place, stored, columns, rows);
    else place.set(stored);
  };
  return { weights, put };
}

/** Takes a checkpoint tensor by tensor, so that no second copy of the model is needed, and checks them. */
export class WeightFiller {
  readonly #config: LlamaConfig;
  readonly #put: PutTensor;
  readonly #missing: Map<string, ParameterSlot>;

  /** `put` gets every tensor once. */
  constructor(config: LlamaConfig, put: PutTensor) {
    this.#config = config;
    this.#put = put;
    this.#missing = new Map(baseLayout(config).slots.map((slot) => [slot.name, slot]));
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
    const shape = isLinear(name) ? slot.shape.toReversed() : slot.shape;
    if (tensor.shape.join() !== shape.join()) {
      throw new Error(`${name} has shape [${tensor.shape}], but config.json asks for [${shape}].`);
    }
    this.#put(slot, tensor.data);
    this.#missing.delete(name);
  }

  /** Throws unless every tensor has come. */
  finish(): void {
    const [name] = this.#missing.keys();
    if (name !== undefined) throw new Error(`The checkpoint has no tensor ${name}.`);
  }
}

/** The inverse of `fromCheckpoint`. */
export function toCheckpoint(config: LlamaConfig, flat: Float32Array): Map<string, WeightTensor> {
  return new Map(
    checkpointTensors(config, flat).map(({ name, shape, data }) => [name, { shape, data: data() }]),
  );
}

/** A checkpoint's tensors, each made when its values are asked for. */
export function checkpointTensors(config: LlamaConfig, flat: Float32Array): TensorSource[] {
  return baseLayout(config).slots.map(({ name, shape, offset, size }) => {
    const stored = flat.subarray(offset, offset + size);
    const [input, output] = shape;
    return isLinear(name)
      ? { name, shape: [output, input], data: () => transposed(stored, input, output) }
      : { name, shape, data: () => stored };
  });
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
