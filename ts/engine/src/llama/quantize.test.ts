import { expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { dequantizeMatrix, quantizeMatrix } from './quantize.ts';

/** Inputs that fill no whole number of blocks, a block of zeros, and one large number among small ones. */
const [inputs, outputs] = [70, 5];
const random = new Random(4);
const weight = Float32Array.from({ length: inputs * outputs }, (_, i) =>
  i % outputs === 2 ? 0 : i === outputs * 40 ? -9 : random.normal(),
);

it.each([
  ['q4', 4],
  ['q8', 8],
] as const)('weights in %s are off by at most half a step of their block', (quantization, bits) => {
  const matrix = quantizeMatrix(weight, inputs, outputs, quantization);
  expect(matrix.blocks.length).toBe((outputs * 96 * bits) / 8);
  const back = dequantizeMatrix(matrix);
  for (let output = 0; output < outputs; output += 1) {
    for (let i = 0; i < inputs; i += 1) {
      const step = Math.abs(matrix.scales[output * 3 + Math.floor(i / 32)]);
      const error = Math.abs(back[i * outputs + output] - weight[i * outputs + output]);
      // A number as large as the block's largest, on the other side, is one step short.
      expect(error).toBeLessThanOrEqual(step * 1.0001);
      if (Math.abs(weight[i * outputs + output]) < 0.9 * 2 ** (bits - 1) * step) {
        expect(error).toBeLessThanOrEqual(step * 0.5001);
      }
    }
  }
});
