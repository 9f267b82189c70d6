import type { Hex } from 'viem';
import { concat, fixed, ProtocolError, taggedHash, uint } from './bytes.ts';
import { type PlainTree, plainTree, sparsePlainTree } from './trees.ts';

/** Entries of a sketch and of a query vector. */
export const SKETCH_LENGTH = 512;
/** Bytes of a sketch's entries: two to a byte. */
const SKETCH_BYTES = SKETCH_LENGTH / 2;
/** The largest magnitudes that an entry of a sketch and of a query vector gets. */
const SKETCH_PEAK = 7;
const QUERY_PEAK = 127;

/** A contribution's gradient sketch: `σ` as Q16.16 and 512 entries of four bits, from −8 to 7. */
export type Sketch = { asset: number; sigma: number; a: Int8Array; rowsSketchRoot: Hex };

/** One row's sketch, below its contribution's. */
export type RowSketch = { row: number; sigma: number; a: Int8Array };

/** A query vector as the hash sees it: 512 signed bytes. */
export function toInt8Bytes(values: Int8Array): Uint8Array<ArrayBuffer> {
  checkLength(values);
  return new Uint8Array(Uint8Array.from(values, (value) => value & 0xff));
}

/** A sketch's entries as the hash sees them: byte i holds entry i in its lower four bits, entry 256 + i in its upper. */
export function toSketchBytes(a: Int8Array): Uint8Array<ArrayBuffer> {
  checkLength(a);
  if (a.some((value) => value < -8 || value > 7)) {
    throw new ProtocolError('An entry of a sketch is not from −8 to 7.');
  }
  return Uint8Array.from(
    { length: SKETCH_BYTES },
    (_, i) => (a[i]! & 15) | ((a[SKETCH_BYTES + i]! & 15) << 4),
  );
}

/** The entries that `toSketchBytes` packed. */
export function fromSketchBytes(bytes: Uint8Array): Int8Array {
  return Int8Array.from({ length: 2 * bytes.length }, (_, i) =>
    i < bytes.length ? (bytes[i]! << 28) >> 28 : (bytes[i - bytes.length]! << 24) >> 28,
  );
}

function checkLength(values: Int8Array): void {
  if (values.length !== SKETCH_LENGTH) {
    throw new ProtocolError(`A vector has ${values.length} entries, but the format wants ${SKETCH_LENGTH}.`);
  }
}

/** The signed entries of a query vector's bytes. */
export function fromInt8Bytes(bytes: Uint8Array): Int8Array {
  return Int8Array.from(bytes, (byte) => (byte << 24) >> 24);
}

/** What a sketch's leaf hashes, without the tag. */
export function encodeSketch(sketch: Sketch): Uint8Array<ArrayBuffer> {
  return concat(
    uint(sketch.asset, 5, 'asset'),
    uint(sketch.sigma, 4, 'sigma'),
    toSketchBytes(sketch.a),
    fixed(sketch.rowsSketchRoot, 32, 'rowsSketchRoot'),
  );
}

/** Leaf of a sketch. */
export function hashSketch(sketch: Sketch): Hex {
  return taggedHash(0x16, encodeSketch(sketch));
}

/** Leaf of one row's sketch. */
export function hashRowSketch(sketch: RowSketch): Hex {
  return taggedHash(
    0x1a,
    uint(sketch.row, 4, 'row'),
    uint(sketch.sigma, 4, 'sigma'),
    toSketchBytes(sketch.a),
  );
}

/** Plain tree over a contribution's row sketches, in row order. */
export function rowSketchesTree(sketches: readonly RowSketch[]): PlainTree {
  return plainTree(sketches.map(hashRowSketch));
}

/** Sparse tree over a model's sketches, at their assets' positions. `depth`: the model's `treeDepth`. */
export function sketchesTree(sketches: readonly Sketch[], depth: number): PlainTree {
  return sparsePlainTree(new Map(sketches.map((sketch) => [sketch.asset, hashSketch(sketch)])), depth);
}

/** ⟨a, b⟩ of two vectors of signed bytes. Exact: at most 512 · 128² = 2^23. */
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
 * The step in which a real sketch's entries are rounded: 2.5 root mean squares are seven steps. Entries are spread evenly, and
 * for normal ones this loses least: longer steps round more coarsely, shorter ones cut more entries off.
 */
export function sketchStep(s: Float64Array): number {
  let square = 0;
  for (const value of s) square += value * value;
  return (2.5 * Math.sqrt(square / s.length)) / SKETCH_PEAK;
}

/**
 * Quantises a real sketch in steps of δ = `sketchStep(s)`: `a = sign · min(7, ⌊|s|/δ + ½⌋)`, `σ = min(cap, ⌊2^16·g·δ + ½⌋)`.
 * `gain` is the power of two that the basis names. A zero sketch stays zero.
 */
export function quantiseSketch(
  s: Float64Array,
  gain: number,
  sigmaCap: number,
): { sigma: number; a: Int8Array } {
  const step = sketchStep(s);
  const sigma = Math.min(sigmaCap, Math.floor(65_536 * gain * step + 0.5));
  return { sigma, a: quantise(s, step, SKETCH_PEAK) };
}

/** Quantises an answer's real sketch: `a_q = sign · ⌊127·|s|/‖s‖∞ + ½⌋`. Its length is left out: shares do not depend on it. */
export function quantiseQuery(s: Float64Array): Int8Array {
  let largest = 0;
  for (const value of s) largest = Math.max(largest, Math.abs(value));
  return quantise(s, largest / QUERY_PEAK, QUERY_PEAK);
}

function quantise(s: Float64Array, step: number, peak: number): Int8Array {
  if (step === 0) return new Int8Array(s.length);
  return Int8Array.from(s, (value) => {
    const steps = Math.min(peak, Math.floor(Math.abs(value) / step + 0.5));
    return value < 0 ? -steps : steps;
  });
}
