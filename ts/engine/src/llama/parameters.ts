import { sizeOf } from '../autodiff/shape.ts';
import type { LlamaConfig } from './config.ts';

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
      shapes.push([`${linearName(layer, linear)}.weight`, linearShape(config, linear)]);
    }
  }
  shapes.push(['model.norm.weight', [hiddenSize]]);
  if (!config.tiedEmbeddings) shapes.push(['lm_head.weight', [vocabSize, hiddenSize]]);
  return layoutOf(shapes);
}

/**
 * All LoRA tensors: per layer and linear, `lora_A [in, rank]` then `lora_B [rank, out]`. This order defines the
 * flat vectors `p` and `g` of the training graphs, checkpoints, second moments and sketches.
 */
export function loraLayout(config: LlamaConfig, rank: number): ParameterLayout {
  const shapes: [string, readonly number[]][] = [];
  for (let layer = 0; layer < config.layers; layer += 1) {
    for (const linear of LINEARS) {
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
  const layout = baseLayout(config);
  const flat = new Float32Array(layout.size);
  for (const slot of layout.slots) {
    const tensor = tensors.get(slot.name);
    if (tensor === undefined) throw new Error(`The checkpoint has no tensor ${slot.name}.`);
    if (sizeOf(tensor.shape) !== slot.size) {
      throw new Error(`${slot.name} has shape [${tensor.shape}], but config.json asks for [${slot.shape}].`);
    }
    flat.set(
      isLinear(slot.name) ? transposed(tensor.data, slot.shape[1], slot.shape[0]) : tensor.data,
      slot.offset,
    );
  }
  return flat;
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
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) result[j * rows + i] = data[i * columns + j];
  }
  return result;
}

function isLinear(name: string): boolean {
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
