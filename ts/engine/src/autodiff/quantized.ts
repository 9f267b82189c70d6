import { BLOCK_SIZE, type QuantizedMatrix, quantizedProduct, unpaddedCodes } from '../llama/quantize.ts';
import type { Value } from '../onnx/graph.ts';
import { matmul } from './linear.ts';
import type { Tape } from './tape.ts';

/**
 * x · W with a frozen weight W `[in, out]` in four bits, multiplied in float32.
 *
 * The gradient dy · Wᵀ multiplies by the very numbers that the codes stand for: DequantizeLinear writes them out
 * when the backward pass comes by, so one matrix at a time is in memory as float32. Blocks of the transpose
 * would stand for other numbers.
 */
export function quantizedMatmul(tape: Tape, x: Value, matrix: QuantizedMatrix): Value {
  const { inputs, outputs, scales } = matrix;
  const y = quantizedProduct(tape.graph, x, matrix, 'float32');
  const transposedWeight = () => {
    const blocks = [outputs, Math.ceil(inputs / BLOCK_SIZE)];
    const codes = tape.graph.packed(unpaddedCodes(matrix), 'u4', [outputs, inputs]);
    const scale = tape.graph.constant(scales, blocks);
    const zeros = tape.graph.packed(new Uint8Array(Math.ceil(scales.length / 2)).fill(0x88), 'u4', blocks);
    const attributes = { axis: 1, block_size: BLOCK_SIZE };
    const spec = { shape: [outputs, inputs], dtype: 'f32' } as const;
    return tape.graph.op('DequantizeLinear', [codes, scale, zeros], spec, { attributes });
  };
  return tape.record(y, [x], (dy) => [matmul(tape, dy, transposedWeight())]);
}
