import { CONTRIB, type Graph, type Value } from '../onnx/graph.ts';
import type { LlamaConfig } from './config.ts';
import { baseLayout, isLinear, type ParameterSlot, type PutTensor, transposed } from './parameters.ts';

/** How frozen linear weights are stored: `q4`, four bits per weight and a float32 scale per block of 32. */
export type Quantization = 'q4';

/** Weights that share a scale: consecutive inputs of one output. */
export const BLOCK_SIZE = 32;
const BLOCK_BYTES = BLOCK_SIZE / 2;

/**
 * A matrix of 4-bit weights: value = scale · (code − 8), codes 0 … 15.
 *
 * `blocks` is MatMulNBits' layout `[out, in / 32, 16]`: two codes per byte, the first in the low half, the last
 * block of an output filled up with zeros (code 8). `scales` is `[out, in / 32]`.
 */
export type QuantizedMatrix = {
  readonly inputs: number;
  readonly outputs: number;
  readonly blocks: Uint8Array;
  readonly scales: Float32Array;
};

/**
 * Quantises a linear weight `[in, out]` to four bits, symmetric about zero (the rule of ggml's Q4_0): the number
 * of a block with the largest magnitude becomes −8. Only IEEE operations: the same bytes on every machine.
 */
export function quantizeMatrix(weight: Float32Array, inputs: number, outputs: number): QuantizedMatrix {
  return quantizeRows(transposed(weight, inputs, outputs), inputs, outputs);
}

/** The same from `[out, in]`, the way checkpoints hold it: a block is one stretch of memory. */
export function quantizeRows(rows: Float32Array, inputs: number, outputs: number): QuantizedMatrix {
  const perOutput = Math.ceil(inputs / BLOCK_SIZE);
  // Threads that compute with the matrix share its bytes.
  const blocks = new Uint8Array(new SharedArrayBuffer(outputs * perOutput * BLOCK_BYTES)).fill(0x88);
  const scales = new Float32Array(new SharedArrayBuffer(outputs * perOutput * 4));
  for (let place = 0; place < scales.length; place += 1) {
    const row = Math.floor(place / perOutput) * inputs;
    const first = row + (place % perOutput) * BLOCK_SIZE;
    const last = Math.min(row + inputs, first + BLOCK_SIZE);
    let extreme = 0;
    for (let i = first; i < last; i += 1) {
      if (Math.abs(rows[i]) > Math.abs(extreme)) extreme = rows[i];
    }
    scales[place] = extreme / -8;
    const scale = scales[place];
    if (scale === 0) continue;
    for (let i = first; i < last; i += 1) {
      const code = Math.min(15, Math.max(0, Math.round(rows[i] / scale) + 8));
      const at = place * BLOCK_BYTES + ((i - first) >> 1);
      const isFirst = ((i - first) & 1) === 0;
      blocks[at] = isFirst ? (blocks[at] & 0xf0) | code : (blocks[at] & 0x0f) | (code << 4);
    }
  }
  return { inputs, outputs, blocks, scales };
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
      matrices.set(name, quantizeRows(stored, shape[0], shape[1]));
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

/** A linear layer of a base model in four bits; made once per model, for every graph that uses it. */
export function quantizedWeight(weights: BaseWeights, slot: ParameterSlot): QuantizedMatrix {
  const { name, shape } = slot;
  if (!(weights instanceof Float32Array)) return weights.matrices.get(name)!;
  const known = cache.get(weights) ?? new Map<string, QuantizedMatrix>();
  cache.set(weights, known);
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = quantizeMatrix(tensorOf(weights, slot), shape[0], shape[1]);
  known.set(name, made);
  return made;
}

/** Bytes of a base model's weights: 4 each, and 5/8 each in four bits with a scale per block. */
export function weightBytes(config: LlamaConfig, quantization?: Quantization | 'none'): number {
  return sumOf(config, quantization === 'q4' ? 0.625 : 4);
}

/** Bytes of the constants of a training graph, in which weights in four bits are held for the backward pass once more. */
export function trainingBytes(config: LlamaConfig, quantization: Quantization | 'none'): number {
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
  const { inputs, outputs, blocks, scales } = matrix;
  const perOutput = Math.ceil(inputs / BLOCK_SIZE);
  const codes = graph.packed(blocks, 'u8', [outputs, perOutput, BLOCK_SIZE / 2]);
  const scale = graph.constant(scales, [outputs * perOutput]);
  const attributes = {
    K: inputs,
    N: outputs,
    bits: 4,
    block_size: BLOCK_SIZE,
    accuracy_level: ACCURACY_LEVEL[accuracy],
  };
  const shape = [...x.shape.slice(0, -1), outputs];
  return graph.op('MatMulNBits', [x, codes, scale], { shape }, { attributes, domain: CONTRIB });
}

/** The weights `[in, out]` that a quantised matrix stands for. */
export function dequantizeMatrix(matrix: QuantizedMatrix): Float32Array {
  const { inputs, outputs, scales } = matrix;
  const perOutput = Math.ceil(inputs / BLOCK_SIZE);
  const weight = new Float32Array(inputs * outputs);
  for (let output = 0; output < outputs; output += 1) {
    for (let i = 0; i < inputs; i += 1) {
      const place = output * perOutput + Math.floor(i / BLOCK_SIZE);
      weight[i * outputs + output] = scales[place] * (codeAt(matrix, output, i) - 8);
    }
  }
  return weight;
}

/** The codes as ONNX's unsigned 4-bit numbers `[out, in]`, without the filling of the last block. */
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

function codeAt({ inputs, blocks }: QuantizedMatrix, output: number, input: number): number {
  const perOutput = Math.ceil(inputs / BLOCK_SIZE) * (BLOCK_SIZE / 2);
  // Two inputs per byte, and a block begins with a whole byte.
  const byte = blocks[output * perOutput + (input >> 1)];
  return (input & 1) === 0 ? byte & 0x0f : byte >> 4;
}
