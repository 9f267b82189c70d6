import { cpus } from 'node:os';
import { Retrainer } from '@openledger/engine/calibration/retrain';
import { buildInfluence } from '@openledger/engine/influence/build';
import { SketchScan } from '@openledger/engine/influence/scan';
import type { BaseModel } from '@openledger/engine/model/base';
import { Random } from '@openledger/engine/numeric/random';
import { SKETCH_LENGTH, toSketchBytes } from '@openledger/sdk/protocol/sketch';
import { WORLD_SETTINGS, worldManifest } from './influence-bank.ts';
import type { Trained } from './influence-estimators.ts';
import type { InfluenceWorld } from './influence-world.ts';
import { median } from './report.ts';

export type ScanTimes = {
  /** Milliseconds for a million rows, the median of several scans. */
  readonly vector: number;
  /** The same in one thread of plain TypeScript. */
  readonly plain: number;
  /** Milliseconds in which as many bytes are read and added up: what the machine's memory allows. */
  readonly memory: number;
};

const ROWS = 1_000_000;
/** Entries of a sketch in the lower halves of its bytes, and in the upper ones. */
const HALF = SKETCH_LENGTH / 2;
const SCANS = 15;

/** Scans a million sketches on two threads. */
export async function timeScan(): Promise<ScanTimes> {
  const random = new Random(12);
  const pool = Array.from({ length: 997 }, () => ({
    sigma: random.below(2 ** 24),
    a: Int8Array.from({ length: SKETCH_LENGTH }, () => random.below(16) - 8),
  }));
  function* sketches() {
    for (let i = 0; i < ROWS; i += 1) yield pool[i % pool.length]!;
  }
  const query = Int8Array.from({ length: SKETCH_LENGTH }, () => random.below(255) - 127);
  const scan = await SketchScan.open(sketches(), ROWS, Math.min(2, cpus().length));
  try {
    const scores = await scan.scores(query);
    const plainScores = new Float64Array(ROWS);
    const bytes = pool.map(({ a }) => toSketchBytes(a));
    const flat = new Int8Array(ROWS * HALF);
    for (let i = 0; i < ROWS; i += 1) flat.set(bytes[i % pool.length]!, i * HALF);
    const plain = timed(3, () => plainScan(flat, pool, query, plainScores));
    if (plainScores.some((score, i) => score !== scores[i])) {
      throw new Error('The scan by vector instructions and the plain one differ.');
    }
    const words = new Float64Array(flat.buffer);
    const memory = timed(7, () => sumOf(words));
    const times: number[] = [];
    for (let i = 0; i < SCANS; i += 1) {
      const started = performance.now();
      await scan.scores(query);
      times.push(performance.now() - started);
    }
    return { vector: median(times), plain, memory };
  } finally {
    await scan.close();
  }
}

function plainScan(
  flat: Int8Array,
  pool: readonly { sigma: number }[],
  query: Int8Array,
  scores: Float64Array,
): void {
  for (let i = 0; i < scores.length; i += 1) {
    let sum = 0;
    const start = i * HALF;
    for (let j = 0; j < HALF; j += 1) {
      const both = flat[start + j]!;
      sum += ((both << 28) >> 28) * query[j]! + (both >> 4) * query[HALF + j]!;
    }
    scores[i] = sum * pool[i % pool.length]!.sigma;
  }
}

/** Reads every byte once, eight at a time. */
function sumOf(words: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i + 3 < words.length; i += 4) {
    a += words[i]!;
    b += words[i + 1]!;
    c += words[i + 2]!;
    d += words[i + 3]!;
  }
  return a + b + c + d;
}

function timed(times: number, work: () => unknown): number {
  return median(
    Array.from({ length: times }, () => {
      const started = performance.now();
      work();
      return performance.now() - started;
    }),
  );
}

/** Seconds for the sketches of all rows, and for one epoch of training on them, in the exact profile. */
export async function timeCreation(
  base: BaseModel,
  world: InfluenceWorld,
  { adapter, secondMoment }: Trained,
  threads: number,
): Promise<{ sketches: number; epoch: number }> {
  const settings = { ...WORLD_SETTINGS, profile: 'exact' as const, epochs: 1 };
  const manifest = worldManifest(base, world, settings);
  const retrainer = await Retrainer.open(base, manifest, world.rows, { threads });
  // Graphs are made once per model, not per epoch.
  await retrainer.advance(retrainer.start(), 1);
  let started = performance.now();
  await retrainer.train();
  const epoch = (performance.now() - started) / 1000;
  await retrainer.close();
  started = performance.now();
  await buildInfluence({ base, adapter, secondMoment, rows: world.rows, profile: 'exact', threads });
  return { sketches: (performance.now() - started) / 1000, epoch };
}
