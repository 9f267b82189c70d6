import { describe, expect, it } from 'vitest';
import { decodeSketches, encodeSketches } from './blobs.ts';
import { fromUtf8, utf8, ZERO_HASH } from './bytes.ts';
import {
  dotInt8,
  fromInt8Bytes,
  fromSketchBytes,
  influenceScore,
  quantiseQuery,
  quantiseSketch,
  sketchesTree,
  toInt8Bytes,
  toSketchBytes,
} from './sketch.ts';

describe('a sketch', () => {
  it('keeps two entries in a byte', () => {
    const a = Int8Array.from({ length: 512 }, (_, index) => ((index * 7) % 16) - 8);
    expect(fromSketchBytes(toSketchBytes(a))).toEqual(a);
    expect(toSketchBytes(Int8Array.from({ length: 512 }, (_, i) => (i < 256 ? -1 : 3)))[0]).toBe(0x3f);
    expect(() => toSketchBytes(new Int8Array(256))).toThrow('256 entries');
    expect(() => toSketchBytes(a.with(5, 8))).toThrow('from −8 to 7');
  });

  it('meets a query vector of signed bytes', () => {
    const query = Int8Array.from({ length: 512 }, (_, index) => (index % 256) - 128);
    expect(fromInt8Bytes(toInt8Bytes(query))).toEqual(query);
    expect(() => toInt8Bytes(new Int8Array(255))).toThrow('255 entries');
  });

  it('scores with integers only', () => {
    const [a, query] = [new Int8Array(512).fill(-8), new Int8Array(512).fill(-128)];
    expect(dotInt8(a, query)).toBe(512 * 8 * 128);
    expect(influenceScore({ sigma: 2 ** 32 - 1, a }, query)).toBe(BigInt(2 ** 32 - 1) * 524_288n);
    expect(() => dotInt8(a, new Int8Array(3))).toThrow('no product');
  });

  it('is quantised in steps of its root mean square, half away from zero', () => {
    const s = Float64Array.of(2, -2, 1, -0.004, 0);
    const { sigma, a } = quantiseSketch(s, 1, 2 ** 32 - 1);
    const step = (2.5 * Math.sqrt((4 + 4 + 1 + 0.004 ** 2) / 5)) / 7;
    expect([...a]).toEqual([4, -4, 2, 0, 0]);
    expect(sigma).toBe(Math.floor(65_536 * step + 0.5));
    expect(
      [...quantiseSketch(Float64Array.of(9, ...Array(15).fill(0)), 1, 2 ** 32 - 1).a].slice(0, 2),
    ).toEqual([7, 0]);
    expect([...quantiseQuery(s)]).toEqual([127, -127, 64, 0, 0]);
    expect(quantiseSketch(Float64Array.of(2), 1, 9).sigma).toBe(9);
    expect(quantiseSketch(new Float64Array(4), 1, 9)).toEqual({ sigma: 0, a: new Int8Array(4) });
  });

  it('is not read from a blob of the older format, whose entries had eight bits', () => {
    const sketch = { asset: 4, sigma: 1, a: new Int8Array(512).fill(-3), rowsSketchRoot: ZERO_HASH };
    const blob = encodeSketches([sketch]);
    expect(decodeSketches(blob)).toEqual([sketch]);
    const older = utf8(fromUtf8(blob).replace('"version":2', '"version":1'));
    expect(() => decodeSketches(older)).toThrow('publish the model again');
  });

  it('has no place outside its model’s tree', () => {
    const sketch = { asset: 16, sigma: 1, a: new Int8Array(512), rowsSketchRoot: ZERO_HASH };
    expect(() => sketchesTree([sketch], 4)).toThrow('outside a tree of depth 4');
  });
});
