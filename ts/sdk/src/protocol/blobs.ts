import type { Hex } from 'viem';
import { z } from 'zod';
import type { BaselineShare } from './baseline.ts';
import { fromHex, fromUtf8, toHex } from './bytes.ts';
import type { CorpusEntry } from './corpus.ts';
import { fromSketchBytes, type RowSketch, type Sketch, toSketchBytes } from './sketch.ts';
import { canonicalBytes, hashSchema } from './store.ts';

/** A row's sketch with the contribution it belongs to. */
export type PlacedRowSketch = RowSketch & { asset: number };

const uint = z.number().int().min(0);
const vector = z
  .string()
  .regex(/^0x[0-9a-f]{512}$/, 'is not 256 bytes of hex')
  .transform((text) => fromSketchBytes(fromHex(text as Hex)));

/** Version 1 had 256 entries of eight bits, in as many bytes. */
const packed = z.literal(2, { error: 'is of sketches in an older format; publish the model again' });

const sketches = z.object({
  type: z.literal('sketches'),
  version: packed,
  sketches: z.array(z.object({ asset: uint, sigma: uint, a: vector, rowsSketchRoot: hashSchema })),
});
const rows = z.object({
  type: z.literal('rows'),
  version: packed,
  rows: z.array(z.object({ asset: uint, row: uint, sigma: uint, a: vector })),
});
const corpus = z.object({
  type: z.literal('corpus'),
  version: z.literal(1),
  entries: z.array(z.object({ asset: uint, contentRoot: hashSchema, byteLength: uint })),
});
const baseline = z.object({
  type: z.literal('baseline'),
  version: z.literal(1),
  shares: z.array(z.object({ asset: uint, parts: uint })),
});

const byAsset = (a: { asset: number }, b: { asset: number }) => a.asset - b.asset;
const hexVector = (a: Int8Array) => toHex(toSketchBytes(a));
const read = (bytes: Uint8Array): unknown => JSON.parse(fromUtf8(bytes));

/** The blob behind a model card's `sketches`. */
export function encodeSketches(list: readonly Sketch[]): Uint8Array {
  const sorted = list.toSorted(byAsset).map((one) => ({ ...one, a: hexVector(one.a) }));
  return canonicalBytes({ type: 'sketches', version: 2, sketches: sorted });
}

export function decodeSketches(bytes: Uint8Array): Sketch[] {
  return sketches.parse(read(bytes)).sketches;
}

/** The blob behind a model card's `rows`: for display and for whoever checks one row alone. */
export function encodeRowSketches(list: readonly PlacedRowSketch[]): Uint8Array {
  const sorted = list
    .toSorted((a, b) => a.asset - b.asset || a.row - b.row)
    .map(({ asset, row, sigma, a }) => ({ asset, row, sigma, a: hexVector(a) }));
  return canonicalBytes({ type: 'rows', version: 2, rows: sorted });
}

export function decodeRowSketches(bytes: Uint8Array): PlacedRowSketch[] {
  return rows.parse(read(bytes)).rows;
}

/** The blob behind a model card's `corpus`. */
export function encodeCorpus(list: readonly CorpusEntry[]): Uint8Array {
  return canonicalBytes({ type: 'corpus', version: 1, entries: list.toSorted(byAsset) });
}

export function decodeCorpus(bytes: Uint8Array): CorpusEntry[] {
  return corpus.parse(read(bytes)).entries;
}

/** The blob behind a model card's `baseline`. */
export function encodeBaseline(list: readonly BaselineShare[]): Uint8Array {
  return canonicalBytes({ type: 'baseline', version: 1, shares: list.toSorted(byAsset) });
}

export function decodeBaseline(bytes: Uint8Array): BaselineShare[] {
  return baseline.parse(read(bytes)).shares;
}
