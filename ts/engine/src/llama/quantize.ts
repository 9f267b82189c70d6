import { CONTRIB, type Graph, type Value } from '../onnx/graph.ts';
import type { ParameterSlot } from './parameters.ts';

/** How frozen linear weights are stored: `q4`, four bits per weight and a float32 scale per block of 32. */
export type Quantization = 'q4';

/** Weights that share a scale: consecutive inputs of one output. */
export const BLOCK_SIZE = 32;

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
  const perOutput = Math.ceil(inputs / BLOCK_SIZE);
  const blocks = new Uint8Array(outputs * perOutput * (BLOCK_SIZE / 2)).fill(0x88);
  const scales = new Float32Array(outputs * perOutput);
  for (let output = 0; output < outputs; output += 1) {
    for (let block = 0; block < perOutput; block += 1) {
      const first = block * BLOCK_SIZE;
      const last = Math.min(inputs, first + BLOCK_SIZE);
      let extreme = 0;
      for (let i = first; i < last; i += 1) {
        const value = weight[i * outputs + output];
        if (Math.abs(value) > Math.abs(extreme)) extreme = value;
      }
      const place = output * perOutput + block;
      scales[place] = extreme / -8;
      const scale = scales[place];
      if (scale === 0) continue;
      for (let i = first; i < last; i += 1) {
        const code = Math.min(15, Math.max(0, Math.round(weight[i * outputs + output] / scale) + 8));
        const at = place * (BLOCK_SIZE / 2) + ((i - first) >> 1);
        blocks[at] = (i & 1) === 0 ? (blocks[at] & 0xf0) | code : (blocks[at] & 0x0f) | (code << 4);
      }
    }
  }
  return { inputs, outputs, blocks, scales };
}

const cache = new WeakMap<Float32Array, Map<string, QuantizedMatrix>>();

/** A linear layer of a base model in four bits; made once per model, for every graph that uses it. */
export function quantizedWeight(baseWeights: Float32Array, slot: ParameterSlot): QuantizedMatrix {
  const known = cache.get(baseWeights) ?? new Map<string, QuantizedMatrix>();
  cache.set(baseWeights, known);
  const { name, shape, offset, size } = slot;
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = quantizeMatrix(baseWeights.subarray(offset, offset + size), shape[0], shape[1]);
  known.set(name, made);
  return made;
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

/** The codes as ONNX's signed 4-bit numbers `[out, in]`, without the filling of the last block. */
export function signedCodes(matrix: QuantizedMatrix): Uint8Array {
  const { inputs, outputs } = matrix;
  const packed = new Uint8Array(Math.ceil((inputs * outputs) / 2));
  for (let output = 0; output < outputs; output += 1) {
    for (let i = 0; i < inputs; i += 1) {
      // code − 8 in two's complement is the code with its highest bit flipped
      const signed = codeAt(matrix, output, i) ^ 8;
      const index = output * inputs + i;
      packed[index >> 1] |= (index & 1) === 0 ? signed : signed << 4;
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
