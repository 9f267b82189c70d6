import { concat, keccak, utf8 } from '@openledger/sdk/protocol/bytes';
import {
  quantiseSketch,
  type RowSketch,
  rowSketchesTree,
  SKETCH_LENGTH,
  type Sketch,
} from '@openledger/sdk/protocol/sketch';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { Adapter } from '../adapter/peft.ts';
import type { BaseModel } from '../model/base.ts';
import { type Profile, RUNTIME_PACKAGES } from '../runtime/profile.ts';
import { encodeRow, type Row } from '../training/rows.ts';
import { hashFloats } from '../training/stepper.ts';
import { type Basis, encodeBasis, quantiseDirections } from './basis.ts';
import { RowGradients } from './gradients.ts';
import { breather } from './pause.ts';
import { capNorm, normOf, peakOf, precondition, preconditionerOf, sketchOf } from './sketch.ts';
import { streamSpectrum } from './spectrum.ts';

/** A row that an adapter learnt from. */
export type InfluenceRow = Row & {
  /** Rows of one datanet share a norm cap. Default: all rows are of one. */
  readonly datanet?: number;
  /** The contribution's weight in the run. Default 1. */
  readonly weight?: number;
};

export type BuildInfluenceOptions = {
  readonly base: BaseModel;
  readonly adapter: Adapter;
  /** Adam's second moment after the last step, bias-corrected (`trainAdapter` returns it). */
  readonly secondMoment: Float32Array;
  /** All rows the adapter learnt from. */
  readonly rows: readonly InfluenceRow[];
  /** Default exact: the same bytes on every machine. */
  readonly profile?: Profile;
  /** Threads per operator; does not change the result. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
};

/** What a model commits to for pay by influence. */
export type Influence = {
  /** How gradients become sketches, for `openInfluence` and for anyone who checks a sketch. */
  readonly basis: Uint8Array;
  /** A sketch per row, in the order of the input. */
  readonly rows: readonly (RowSketch & { readonly asset: number })[];
  /** A sketch per contribution, ascending by asset. */
  readonly contributions: readonly Sketch[];
  /** The largest σ among them. */
  readonly sigmaCap: number;
};

/** Adam's own ε, against division by zero where no gradient ever arrived. */
const EPSILON = 1e-8;
/** λ as a multiple of the mean eigenvalue. */
const DAMPING = 10;
/** σ of the largest sketch gets this many bits: enough precision, and a score stays far below 2^63. */
const SIGMA_BITS = 24;
/** The share of a datanet's rows whose norm is left as it is. */
const CAP_QUANTILE = 0.99;

/** Sketches of an adapter's rows and contributions. The same inputs give the same bytes. */
export async function buildInfluence(options: BuildInfluenceOptions): Promise<Influence> {
  const { base, adapter, secondMoment, rows, profile = 'exact' } = options;
  if (rows.length === 0)
    throw new Error('Influence needs at least one row. Pass the rows of the training run.');
  if (secondMoment.length !== adapter.weights.length) {
    throw new Error(
      `The second moment has ${secondMoment.length} entries, the adapter ${adapter.weights.length}. Pass both of one run.`,
    );
  }
  const pause = breather();
  const preconditioner = preconditionerOf(secondMoment, EPSILON);
  const gradients = await preconditionedGradients(options, preconditioner);
  const spectrum = await streamSpectrum(gradients, SKETCH_LENGTH, { pause });
  const rank = spectrum.values.length;
  const adapterHash = hashFloats(adapter.weights);
  const { weightsHash, tokenizerHash } = base;
  const unscaled = {
    type: 'influence-basis' as const,
    version: 1 as const,
    base: { weightsHash, tokenizerHash },
    adapterHash,
    runtime: { profile, package: RUNTIME_PACKAGES[profile] },
    parameters: adapter.weights.length,
    rank,
    epsilon: EPSILON,
    lambda: rank === 0 ? 0 : (DAMPING * spectrum.values.reduce((sum, value) => sum + value, 0)) / rank,
    seed: keccak(concat(utf8('OpenLedger.Rotation.1'), weightsHash, adapterHash)),
    preconditioner,
    ...quantiseDirections(spectrum, adapter.weights.length),
  };
  const raw: Float64Array[] = [];
  for (const z of gradients) raw.push(await sketchOf(unscaled, z, pause));

  const caps = normCaps(rows, raw);
  const capped = raw.map((s, i) => capNorm(s, caps.get(datanetOf(rows[i]))!));
  const sums = contributionSums(rows, capped);
  const peak = Math.max(...capped.map(peakOf), ...[...sums.values()].map(peakOf));
  const gain = gainFor(peak);
  const sigmaCap = Math.max(1, Math.floor((65_536 * gain * peak) / 127 + 0.5));
  const basis: Basis = {
    ...unscaled,
    gain,
    sigmaCap,
    caps: [...caps].map(([datanet, norm]) => ({ datanet, norm })).sort((a, b) => a.datanet - b.datanet),
  };
  const quantise = (s: Float64Array) => quantiseSketch(s, gain, sigmaCap);
  const rowSketches = rows.map(({ asset, row }, i) => ({ asset, row, ...quantise(capped[i]) }));
  const contributions = [...sums]
    .sort(([a], [b]) => a - b)
    .map(([asset, s]) => ({
      asset,
      ...quantise(s),
      rowsSketchRoot: plainRoot(
        rowSketchesTree(rowSketches.filter((row) => row.asset === asset).sort((a, b) => a.row - b.row)),
      ),
    }));
  return { basis: encodeBasis(basis), rows: rowSketches, contributions, sigmaCap };
}

async function preconditionedGradients(
  options: BuildInfluenceOptions,
  preconditioner: Float32Array,
): Promise<Float32Array[]> {
  const { base, adapter, rows, profile = 'exact', threads, signal, onProgress } = options;
  const source = await RowGradients.open(base, adapter, profile, threads);
  try {
    const gradients: Float32Array[] = [];
    for (const row of rows) {
      signal?.throwIfAborted();
      const gradient = await source.gradient(encodeRow(base.tokenizer, row.text));
      const z = precondition(gradient, preconditioner);
      if (!z.every(Number.isFinite)) {
        throw new Error(
          `Row ${row.row} of asset ${row.asset} has no finite gradient. Train again with a lower learning rate.`,
        );
      }
      gradients.push(z);
      onProgress?.(gradients.length, rows.length);
    }
    return gradients;
  } finally {
    await source.close();
  }
}

/** Per datanet the 99th percentile (nearest rank) of its rows' norms. */
export function normCaps(
  rows: readonly InfluenceRow[],
  sketches: readonly Float64Array[],
): Map<number, number> {
  const norms = new Map<number, number[]>();
  rows.forEach((row, i) => {
    const datanet = datanetOf(row);
    norms.set(datanet, [...(norms.get(datanet) ?? []), normOf(sketches[i])]);
  });
  return new Map(
    [...norms].map(([datanet, values]) => {
      values.sort((a, b) => a - b);
      return [datanet, values[Math.ceil(CAP_QUANTILE * values.length) - 1]];
    }),
  );
}

function contributionSums(
  rows: readonly InfluenceRow[],
  sketches: readonly Float64Array[],
): Map<number, Float64Array> {
  const sums = new Map<number, Float64Array>();
  rows.forEach(({ asset, weight = 1 }, i) => {
    const sum = sums.get(asset) ?? new Float64Array(SKETCH_LENGTH);
    for (let j = 0; j < sum.length; j += 1) sum[j] += weight * sketches[i][j];
    sums.set(asset, sum);
  });
  return sums;
}

/** The power of two that gives the largest σ exactly `SIGMA_BITS` bits. */
function gainFor(peak: number): number {
  if (peak === 0) return 1;
  let gain = 1;
  const sigma = (65_536 * peak) / 127;
  while (sigma * gain >= 2 ** SIGMA_BITS - 1) gain /= 2;
  while (sigma * gain * 2 < 2 ** SIGMA_BITS - 1) gain *= 2;
  return gain;
}

function datanetOf(row: InfluenceRow): number {
  return row.datanet ?? 0;
}
