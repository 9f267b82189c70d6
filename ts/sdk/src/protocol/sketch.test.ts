import { describe, expect, it } from 'vitest';
import { ZERO_HASH } from './bytes.ts';
import {
  dotInt8,
  fromInt8Bytes,
  influenceScore,
  quantiseSketch,
  sketchesTree,
  toInt8Bytes,
} from './sketch.ts';

describe('a sketch', () => {
  it('keeps its signs as bytes', () => {
    const a = Int8Array.from({ length: 256 }, (_, index) => index - 128);
    expect(fromInt8Bytes(toInt8Bytes(a))).toEqual(a);
    expect(() => toInt8Bytes(new Int8Array(255))).toThrow('255 entries');
  });

  it('scores with integers only', () => {
    const a = new Int8Array(256).fill(-128);
    expect(dotInt8(a, a)).toBe(256 * 128 * 128);
    expect(influenceScore({ sigma: 2 ** 32 - 1, a }, a)).toBe(BigInt(2 ** 32 - 1) * 4_194_304n);
    expect(() => dotInt8(a, new Int8Array(3))).toThrow('no product');
  });

  it('is quantised to its largest entry, half away from zero', () => {
    const { sigma, a } = quantiseSketch(Float64Array.of(2, -2, 1, -0.004, 0), 1, 2 ** 32 - 1);
    expect([...a]).toEqual([127, -127, 64, -0, 0].map((value) => value + 0));
    expect(sigma).toBe(Math.floor((65_536 * 2) / 127 + 0.5));
    expect(quantiseSketch(Float64Array.of(2), 1, 9).sigma).toBe(9);
    expect(quantiseSketch(new Float64Array(4), 1, 9)).toEqual({ sigma: 0, a: new Int8Array(4) });
  });

  it('has no place outside its model’s tree', () => {
    const sketch = { asset: 16, sigma: 1, a: new Int8Array(256), rowsSketchRoot: ZERO_HASH };
    expect(() => sketchesTree([sketch], 4)).toThrow('outside a tree of depth 4');
  });
});
