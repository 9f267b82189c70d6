import { concat, keccak, utf8 } from '@openledger/sdk/protocol/bytes';
import {
  quantiseSketch,
  type RowSketch,
  rowSketchesTree,
  SKETCH_LENGTH,
  type Sketch,
  sketchStep,
} from '@openledger/sdk/protocol/sketch';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { Adapter } from '../adapter/peft.ts';
import type { BaseModel } from '../model/base.ts';
import { type Profile, RUNTIME_PACKAGES } from '../runtime/profile.ts';
import { openRuntime, type Runtime } from '../runtime/runtime.ts';
import { encodeRow, type Row } from '../training/rows.ts';
import { hashFloats } from '../training/stepper.ts';
import { type Basis, encodeBasis } from './basis.ts';
import { GROUP, Projector, quantiseDirections } from './directions.ts';
import { Matrices } from './matrices.ts';
import { breather } from './pause.ts';
import { capNorm, normOf, preconditionerOf, sketchOf } from './sketch.ts';
import { spectrumOf } from './spectrum.ts';
import { VectorLanes } from './vectors.ts';

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
const DAMPING = 2;
/** σ of the largest sketch gets this many bits: enough precision, and a score stays far below 2^63. */
const SIGMA_BITS = 24;
/**
 * The share of a datanet's rows whose sketch is left as it is. Rows of noise and rows made to stand out are the
 * longest, and who contributes a tenth of the rows must not decide what is too long.
 */
const CAP_QUANTILE = 0.8;
/** In the search for directions no row is longer than the middle one, or else noise would take them all. */
const SEARCH_QUANTILE = 0.5;

/** Longer gradients are projected to so many entries. */
const MOST_ENTRIES = 32_768;
/** The directions are found from this many rows at most, evenly spaced, so that memory has a bound. */
const BASIS_ROWS = 4096;

/** Sketches of an adapter's rows and contributions. The same inputs give the same bytes. */
export async function buildInfluence(options: BuildInfluenceOptions): Promise<Influence> {
  const { adapter, secondMoment, rows, profile = 'exact', threads } = options;
  if (rows.length === 0)
    throw new Error('Influence needs at least one row. Pass the rows of the training run.');
  if (secondMoment.length !== adapter.weights.length) {
    throw new Error(
      `The second moment has ${secondMoment.length} entries, the adapter ${adapter.weights.length}. Pass both of one run.`,
    );
  }
  const runtime = await openRuntime(profile, { threads });
  try {
    const { unscaled, raw } = await rawSketches(options, runtime);
    const caps = normCaps(rows, raw, CAP_QUANTILE);
    const capped = raw.map((s, i) => capNorm(s, caps.get(datanetOf(rows[i]))!));
    const sums = contributionSums(rows, capped);
    const step = [...capped, ...sums.values()].reduce((most, s) => Math.max(most, sketchStep(s)), 0);
    const gain = gainFor(step);
    const sigmaCap = Math.max(1, Math.floor(65_536 * gain * step + 0.5));
    const basis: Basis = {
      ...unscaled,
      gain,
      sigmaCap,
      caps: [...caps].map(([datanet, norm]) => ({ datanet, norm })).sort((a, b) => a.datanet - b.datanet),
    };
    return { basis: encodeBasis(basis), sigmaCap, ...quantised(rows, capped, sums, basis) };
  } finally {
    await runtime.close();
  }
}

type Unscaled = Omit<Basis, 'gain' | 'sigmaCap' | 'caps'>;

/** The directions of a run, and every row's sketch before its norm is capped and its entries are rounded. */
async function rawSketches(
  options: BuildInfluenceOptions,
  runtime: Runtime,
): Promise<{ unscaled: Unscaled; raw: Float64Array[] }> {
  const { base, adapter, secondMoment, rows, profile = 'exact', threads, onProgress } = options;
  const { weightsHash, tokenizerHash } = base;
  const adapterHash = hashFloats(adapter.weights);
  const seedOf = (name: string) => keccak(concat(utf8(name), weightsHash, adapterHash));
  const parameters = adapter.weights.length;
  const projection =
    parameters > MOST_ENTRIES
      ? { width: MOST_ENTRIES, seed: Number(seedOf('OpenLedger.Projection.2').slice(0, 10)) }
      : null;
  const width = projection?.width ?? parameters;
  const preconditioner = preconditionerOf(secondMoment, EPSILON);
  const lanes = await VectorLanes.open(base, adapter, { preconditioner, projection }, { profile, threads });
  try {
    const searched = evenly(rows, BASIS_ROWS);
    let done = 0;
    const found = await vectorsOf(options, lanes, searched, () => {
      done += 1;
      onProgress?.(done, rows.length);
    });
    const pause = breather();
    const matrices = await Matrices.open(runtime);
    const typical = normCaps(searched, found, SEARCH_QUANTILE);
    const weights = searched.map((row, i) => {
      const norm = normOf(found[i]);
      return norm === 0 ? 1 : Math.min(1, typical.get(datanetOf(row))! / norm);
    });
    const spectrum = await spectrumOf(matrices, found, SKETCH_LENGTH, { weights, pause });
    const rank = spectrum.values.length;
    const unscaled: Unscaled = {
      type: 'influence-basis',
      version: 3,
      base: { weightsHash, tokenizerHash },
      adapterHash,
      runtime: { profile, package: RUNTIME_PACKAGES[profile] },
      parameters,
      projection,
      width,
      rank,
      epsilon: EPSILON,
      lambda: rank === 0 ? 0 : (DAMPING * spectrum.values.reduce((sum, value) => sum + value, 0)) / rank,
      seed: seedOf('OpenLedger.Rotation.1'),
      preconditioner,
      eigenvalues: spectrum.values,
      ...quantiseDirections(spectrum.directions, width),
    };
    const known = new Map(searched.map((row, i) => [row, found[i]]));
    const projector = await Projector.open(runtime, unscaled);
    const raw: Float64Array[] = [];
    for (let start = 0; start < rows.length; start += GROUP) {
      const part = rows.slice(start, start + GROUP);
      const unknown = part.filter((row) => !known.has(row));
      const rest = new Map((await vectorsOf(options, lanes, unknown)).map((z, i) => [unknown[i], z]));
      const group = part.map((row) => (known.get(row) ?? rest.get(row))!);
      for (const coordinates of await projector.project(group)) raw.push(sketchOf(unscaled, coordinates));
      onProgress?.(Math.max(done, raw.length), rows.length);
    }
    return { unscaled, raw };
  } finally {
    await lanes.close();
  }
}

/** The vectors of some rows, in their order. */
async function vectorsOf(
  { base, signal }: Pick<BuildInfluenceOptions, 'base' | 'signal'>,
  lanes: VectorLanes,
  rows: readonly InfluenceRow[],
  onEach?: () => void,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  const samples = rows.map(({ text }) => encodeRow(base.tokenizer, text));
  await lanes.each(samples, (i, z) => {
    signal?.throwIfAborted();
    if (!z.every(Number.isFinite)) {
      throw new Error(
        `The gradient of row ${rows[i].row} of asset ${rows[i].asset} is not finite. Train with a lower learning rate.`,
      );
    }
    vectors[i] = z;
    onEach?.();
  });
  return vectors;
}

function quantised(
  rows: readonly InfluenceRow[],
  capped: readonly Float64Array[],
  sums: ReadonlyMap<number, Float64Array>,
  { gain, sigmaCap }: Pick<Basis, 'gain' | 'sigmaCap'>,
): Pick<Influence, 'rows' | 'contributions'> {
  const quantise = (s: Float64Array) => quantiseSketch(s, gain, sigmaCap);
  const rowSketches = rows.map(({ asset, row }, i) => ({ asset, row, ...quantise(capped[i]) }));
  const byAsset = Map.groupBy(rowSketches, ({ asset }) => asset);
  const contributions = [...sums]
    .sort(([a], [b]) => a - b)
    .map(([asset, s]) => ({
      asset,
      ...quantise(s),
      rowsSketchRoot: plainRoot(rowSketchesTree(byAsset.get(asset)!.sort((a, b) => a.row - b.row))),
    }));
  return { rows: rowSketches, contributions };
}

/** At most `count` of the rows, evenly spaced. */
function evenly<T>(rows: readonly T[], count: number): T[] {
  if (rows.length <= count) return [...rows];
  return Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)]);
}

/** Per datanet a quantile (nearest rank) of its rows' norms. */
export function normCaps(
  rows: readonly InfluenceRow[],
  vectors: readonly (Float64Array | Float32Array)[],
  quantile: number,
): Map<number, number> {
  const norms = new Map<number, number[]>();
  rows.forEach((row, i) => {
    const datanet = datanetOf(row);
    const known = norms.get(datanet);
    if (known === undefined) norms.set(datanet, [normOf(vectors[i])]);
    else known.push(normOf(vectors[i]));
  });
  return new Map(
    [...norms].map(([datanet, values]) => {
      values.sort((a, b) => a - b);
      return [datanet, values[Math.ceil(quantile * values.length) - 1]];
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
function gainFor(step: number): number {
  if (step === 0) return 1;
  let gain = 1;
  const sigma = 65_536 * step;
  while (sigma * gain >= 2 ** SIGMA_BITS - 1) gain /= 2;
  while (sigma * gain * 2 < 2 ** SIGMA_BITS - 1) gain *= 2;
  return gain;
}

function datanetOf(row: InfluenceRow): number {
  return row.datanet ?? 0;
}
