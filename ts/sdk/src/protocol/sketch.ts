import type { Hex } from 'viem';
import { concat, fixed, ProtocolError, taggedHash, uint } from './bytes.ts';
import { type PlainTree, plainTree, sparsePlainTree } from './trees.ts';

/** Entries of a sketch and of a query vector. */
export const SKETCH_LENGTH = 256;

/** A contribution's gradient sketch: `σ` as Q16.16 and 256 signed bytes. */
export type Sketch = { asset: number; sigma: number; a: Int8Array; rowsSketchRoot: Hex };

/** One row's sketch, below its contribution's. */
export type RowSketch = { row: number; sigma: number; a: Int8Array };

/** Signed bytes as the hash sees them. */
export function toInt8Bytes(values: Int8Array, length = SKETCH_LENGTH): Uint8Array<ArrayBuffer> {
  if (values.length !== length) {
    throw new ProtocolError(`A vector has ${values.length} entries, but the format wants ${length}.`);
  }
  return new Uint8Array(Uint8Array.from(values, (value) => value & 0xff));
}

/** The signed entries of a vector's bytes. */
export function fromInt8Bytes(bytes: Uint8Array): Int8Array {
  return Int8Array.from(bytes, (byte) => (byte << 24) >> 24);
}

/** What a sketch's leaf hashes, without the tag. */
export function encodeSketch(sketch: Sketch): Uint8Array<ArrayBuffer> {
  return concat(
    uint(sketch.asset, 5, 'asset'),
    uint(sketch.sigma, 4, 'sigma'),
    toInt8Bytes(sketch.a),
    fixed(sketch.rowsSketchRoot, 32, 'rowsSketchRoot'),
  );
}

/** Leaf of a sketch. */
export function hashSketch(sketch: Sketch): Hex {
  return taggedHash(0x16, encodeSketch(sketch));
}

/** Leaf of one row's sketch. */
export function hashRowSketch(sketch: RowSketch): Hex {
  return taggedHash(0x1a, uint(sketch.row, 4, 'row'), uint(sketch.sigma, 4, 'sigma'), toInt8Bytes(sketch.a));
}

/** Plain tree over a contribution's row sketches, in row order. */
export function rowSketchesTree(sketches: readonly RowSketch[]): PlainTree {
  return plainTree(sketches.map(hashRowSketch));
}

/** Sparse tree over a model's sketches, at their assets' positions. `depth`: the model's `treeDepth`. */
export function sketchesTree(sketches: readonly Sketch[], depth: number): PlainTree {
  return sparsePlainTree(new Map(sketches.map((sketch) => [sketch.asset, hashSketch(sketch)])), depth);
}

/** ⟨a, b⟩ of two vectors of signed bytes. Exact: at most 256 · 128² < 2^23. */
export function dotInt8(a: Int8Array, b: Int8Array): number {
  if (a.length !== b.length) {
    throw new ProtocolError(`Vectors of ${a.length} and ${b.length} entries have no product.`);
  }
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Influence of a contribution on an answer: `σ · ⟨a_c, a_q⟩`, the same integer on every machine. */
export function influenceScore(sketch: Pick<Sketch, 'sigma' | 'a'>, queryVector: Int8Array): bigint {
  return BigInt(sketch.sigma) * BigInt(dotInt8(sketch.a, queryVector));
}

/**
 * Quantises a real sketch: `a = sign · ⌊127·|s|/‖s‖∞ + ½⌋`, `σ = min(cap, ⌊2^16·g·‖s‖∞/127 + ½⌋)`.
 * `gain` is the power of two that the basis names. A zero sketch stays zero.
 */
export function quantiseSketch(
  s: Float64Array,
  gain: number,
  sigmaCap: number,
): { sigma: number; a: Int8Array } {
  let norm = 0;
  for (const value of s) norm = Math.max(norm, Math.abs(value));
  if (norm === 0) return { sigma: 0, a: new Int8Array(s.length) };
  const a = Int8Array.from(s, (value) => {
    const magnitude = Math.floor((127 * Math.abs(value)) / norm + 0.5);
    return value < 0 ? -magnitude : magnitude;
  });
  return { sigma: Math.min(sigmaCap, Math.floor((65_536 * gain * norm) / 127 + 0.5)), a };
}
