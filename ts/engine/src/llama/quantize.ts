import { CONTRIB, type Graph, type Value } from '../onnx/graph.ts';
import type { LlamaConfig } from './config.ts';
import { baseLayout, isLinear, type ParameterSlot, type PutTensor, transposed } from './parameters.ts';

/** How frozen linear weights are stored: in four or eight bits each, with a float32 scale per block of 32. */
export type Quantization = 'q4' | 'q8';

const BITS = { q4: 4, q8: 8 } as const;

/** Weights that share a scale: consecutive inputs of one output. */
export const BLOCK_SIZE = 32;

/**
 * A matrix of weights in few bits: value = scale · (code − 2^(bits − 1)), codes 0 … 2^bits − 1.
 *
 * `blocks` is MatMulNBits' layout `[out, in / 32, 4 · bits]`: of 4-bit codes two per byte, the first in the low half; the
 * last block of an output filled up with zeros (the middle code). `scales` is `[out, in / 32]`.
 */
export type QuantizedMatrix = {
  readonly bits: (typeof BITS)[Quantization];
  readonly inputs: number;
  readonly outputs: number;
  readonly blocks: Uint8Array;
  readonly scales: Float32Array;
};

/**
 * Quantises a linear weight `[in, out]`, symmetric about zero (the rule of ggml's Q4_0): the number of a block with the
 * largest magnitude becomes −2^(bits − 1). Only IEEE operations: the same bytes on every machine.
 */
export function quantizeMatrix(
  weight: Float32Array,
  inputs: number,
  outputs: number,
  quantization: Quantization,
): QuantizedMatrix {
  return quantizeRows(transposed(weight, inputs, outputs), inputs, outputs, quantization);
}

/** The same from `[out, in]`, the way checkpoints hold it: a block is one stretch of memory. */
export function quantizeRows(
  rows: Float32Array,
  inputs: number,
  outputs: number,
  quantization: Quantization,
): QuantizedMatrix {
  const bits = BITS[quantization];
  const middle = 2 ** (bits - 1);
  const blockBytes = (BLOCK_SIZE * bits) / 8;
  const perOutput = Math.ceil(inputs / BLOCK_SIZE);
  // Threads that compute with the matrix share its bytes.
  const blocks = new Uint8Array(new SharedArrayBuffer(outputs * perOutput * blockBytes));
  blocks.fill(bits === 4 ? 0x88 : middle);
  const scales = new Float32Array(new SharedArrayBuffer(outputs * perOutput * 4));
  for (let place = 0; place < scales.length; place += 1) {
    const row = Math.floor(place / perOutput) * inputs;
    const first = row + (place % perOutput) * BLOCK_SIZE;
    const last = Math.min(row + inputs, first + BLOCK_SIZE);
    let extreme = 0;
    for (let i = first; i < last; i += 1) {
      if (Math.abs(rows[i]) > Math.abs(extreme)) extreme = rows[i];
    }
    scales[place] = extreme / -middle;
    const scale = scales[place];
    if (scale === 0) continue;
    for (let i = first; i < last; i += 1) {
      const code = Math.min(2 * middle - 1, Math.max(0, Math.round(rows[i] / scale) + middle));
      if (bits === 8) {
        blocks[place * blockBytes + i - first] = code;
        continue;
      }
      const at = place * blockBytes + ((i - first) >> 1);
      const isFirst = ((i - first) & 1) === 0;
      blocks[at] = isFirst ? (blocks[at] & 0xf0) | code : (blocks[at] & 0x0f) | (code << 4);
    }
  }
  return { bits, inputs, outputs, blocks, scales };
}

/** A base model of which only the quantised linear weights were kept, and everything else in float32; by tensor name. */
export type FourBitWeights = {
  readonly matrices: ReadonlyMap<string, QuantizedMatrix>;
  readonly tensors: ReadonlyMap<string, Float32Array>;
};

/** Four-bit weights, to be filled with the tensors of a checkpoint. */
export function fourBitWeights(): { fourBit: FourBitWeights; put: PutTensor } {
  const matrices = new Map<string, QuantizedMatrix>();
  const tensors = new Map<string, Float32Array>();
  const put: PutTensor = ({ name, shape }, stored) => {
    if (isLinear(name)) {
      matrices.set(name, quantizeRows(stored, shape[0], shape[1], 'q4'));
      return;
    }
    const tensor = new Float32Array(new SharedArrayBuffer(stored.byteLength));
    tensor.set(stored);
    tensors.set(name, tensor);
  };
  return { fourBit: { matrices, tensors }, put };
}

/** The frozen weights of a base model: all of them in `baseLayout` order, or in four bits alone. */
export type BaseWeights = Float32Array | FourBitWeights;

/** A tensor in float32. */
export function tensorOf(weights: BaseWeights, { name, offset, size }: ParameterSlot): Float32Array {
  if (weights instanceof Float32Array) return weights.subarray(offset, offset + size);
  const tensor = weights.tensors.get(name);
  if (tensor !== undefined) return tensor;
  throw new Error(`${name} was loaded in four bits alone, and is asked for in float32. Load the whole base.`);
}

const cache = new WeakMap<Float32Array, Map<string, QuantizedMatrix>>();

/** A linear layer of a base model in few bits; made once per model, for every graph that uses it. */
export function quantizedWeight(
  weights: BaseWeights,
  slot: ParameterSlot,
  quantization: Quantization,
): QuantizedMatrix {
  const { name, shape } = slot;
  if (!(weights instanceof Float32Array)) return weights.matrices.get(name)!;
  const known = cache.get(weights) ?? new Map<string, QuantizedMatrix>();
  cache.set(weights, known);
  const key = `${quantization} ${name}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = quantizeMatrix(tensorOf(weights, slot), shape[0], shape[1], quantization);
  known.set(key, made);
  return made;
}

/** Bytes of a base model's weights: 4 each, and of quantised ones their bits and a part of a block's scale. */
export function weightBytes(config: LlamaConfig, quantization: Quantization | 'none' = 'none'): number {
  return sumOf(config, quantization === 'none' ? 4 : BITS[quantization] / 8 + 4 / BLOCK_SIZE);
}

/** Bytes of the constants of a training graph, in which weights in four bits are held for the backward pass once more. */
export function trainingBytes(config: LlamaConfig, quantization: 'q4' | 'none'): number {
  return sumOf(config, quantization === 'q4' ? 1.25 : 4);
}

function sumOf(config: LlamaConfig, perLinearWeight: number): number {
  return baseLayout(config).slots.reduce((sum, { name, size }) => {
    return sum + size * (isLinear(name) ? perLinearWeight : 4);
  }, 0);
}

/**
 * `accuracy_level` of MatMulNBits. `int8` rounds the inputs to eight bits per block: about twice as fast where few rows
 * are multiplied, natively. `float32` is exact up to rounding, and as fast where there are many.
 */
const ACCURACY_LEVEL = { float32: 0, int8: 4 } as const;

/** Appends x · W to a graph. */
export function quantizedProduct(
  graph: Graph,
  x: Value,
  matrix: QuantizedMatrix,
  accuracy: keyof typeof ACCURACY_LEVEL,
): Value {
  const { bits, inputs, outputs, blocks, scales } = matrix;
  const perOutput = Math.ceil(inputs / BLOCK_SIZE);
  const codes = graph.packed(blocks, 'u8', [outputs, perOutput, (BLOCK_SIZE * bits) / 8]);
  const scale = graph.constant(scales, [outputs * perOutput]);
  const attributes = {
    K: inputs,
    N: outputs,
    bits,
    block_size: BLOCK_SIZE,
    accuracy_level: ACCURACY_LEVEL[accuracy],
  };
  const shape = [...x.shape.slice(0, -1), outputs];
  return graph.op('MatMulNBits', [x, codes, scale], { shape }, { attributes, domain: CONTRIB });
}

/** The weights `[in, out]` that a quantised matrix stands for. */
export function dequantizeMatrix(matrix: QuantizedMatrix): Float32Array {
  const { bits, inputs, outputs, scales } = matrix;
  const middle = 2 ** (bits - 1);
  const perOutput = Math.ceil(inputs / BLOCK_SIZE);
  const weight = new Float32Array(inputs * outputs);
  for (let output = 0; output < outputs; output += 1) {
    for (let i = 0; i < inputs; i += 1) {
      const place = output * perOutput + Math.floor(i / BLOCK_SIZE);
      weight[i * outputs + output] = scales[place] * (codeAt(matrix, output, i) - middle);
    }
  }
  return weight;
}

/** The codes of a matrix in four bits as ONNX's unsigned 4-bit numbers `[out, in]`, without the filling of the last block. */
export function unpaddedCodes(matrix: QuantizedMatrix): Uint8Array {
  const { inputs, outputs, blocks } = matrix;
  if (inputs % BLOCK_SIZE === 0) return blocks;
  const packed = new Uint8Array(Math.ceil((inputs * outputs) / 2));
  for (let output = 0; output < outputs; output += 1) {
    for (let i = 0; i < inputs; i += 1) {
      const code = codeAt(matrix, output, i);
      const index = output * inputs + i;
      packed[index >> 1] |= (index & 1) === 0 ? code : code << 4;
    }
  }
  return packed;
}

function codeAt({ bits, inputs, blocks }: QuantizedMatrix, output: number, input: number): number {
  const perOutput = (Math.ceil(inputs / BLOCK_SIZE) * BLOCK_SIZE * bits) / 8;
  if (bits === 8) return blocks[output * perOutput + input];
  // Two inputs per byte, and a block begins with a whole byte.
  const byte = blocks[output * perOutput + (input >> 1)];
  return (input & 1) === 0 ? byte & 0x0f : byte >> 4;
}
