import { influenceScore } from '@openledger/sdk/protocol/sketch';
import { hashSchema } from '@openledger/sdk/protocol/store';
import { z } from 'zod';
import { buildInfluence } from '../influence/build.ts';
import { openInfluence } from '../influence/query.ts';
import type { BaseModel } from '../model/base.ts';
import { Random } from '../numeric/random.ts';
import { checkInputs, runIdOf, type TrainingManifest } from '../training/manifest.ts';
import { encodeRow, hashRows, type Row } from '../training/rows.ts';
import { Retrainer } from './retrain.ts';
import { areaUnderCurve, type Bank, bootstrapScore, predictions } from './scores.ts';

const share = z.number().min(0).max(1);
const count = z.number().int().positive();

/** How well a model's influence scores agree with what training really does. Version 1. */
export const calibrationSchema = z.strictObject({
  type: z.literal('calibration'),
  version: z.literal(1),
  /** The run whose estimator was measured, by its manifest's hash. */
  runId: hashSchema,
  /** Retrained runs are only measured, never published, so they may run natively. */
  profile: z.enum(['native', 'exact']),
  subsets: count,
  /** Share of the rows that each subset leaves out. */
  drop: share,
  queries: count,
  /** Linear datamodeling score of the integer sketches, with a 95 % interval over queries and subsets. */
  lds: z.strictObject({ value: z.number(), low: z.number(), high: z.number() }),
  /** How often a row whose answer was spoilt has more influence on itself than one whose was not. */
  noiseAuc: share,
  /** How often the row that a query was made from is among the first `best`. */
  recall: z.strictObject({ best: count, value: share }),
});
export type Calibration = z.infer<typeof calibrationSchema>;

export type CalibrateOptions = {
  readonly base: BaseModel;
  /** The model's run. It is measured in the native profile unless `profile` says otherwise. */
  readonly manifest: TrainingManifest;
  /** All rows of the run, in its order. */
  readonly rows: readonly (Row & { readonly datanet?: number })[];
  readonly profile?: 'native' | 'exact';
  /** Default 24. */
  readonly subsets?: number;
  /** Default 0.5. */
  readonly drop?: number;
  /** Default 24; at most the number of rows. */
  readonly queries?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
};

/** Rows that count as found. */
const BEST = 5;
/** Share of rows that are spoilt to see whether they are noticed. */
const NOISE = 0.1;

/**
 * Measures a run's influence scores: trains it again on random parts of its rows, once more with spoilt rows among
 * them, and asks reworded questions of rows that are known. Takes `subsets` + 2 runs.
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { base, rows, subsets = 24, drop = 0.5, seed = 1, profile = 'native', onProgress } = options;
  checkInputs(options.manifest, base, rows);
  const manifest = measuredManifest(options.manifest, profile);
  const random = new Random(seed);
  const asked = random.shuffle([...rows]).slice(0, options.queries ?? 24);
  const total = subsets + 2;
  let done = 0;
  const advance = () => {
    done += 1;
    onProgress?.(done, total);
  };

  const scores = await sketchScores(options, manifest, asked);
  advance();
  const kept = Array.from({ length: subsets }, () => halfOf(rows.length, drop, random));
  const losses: Float64Array[] = [];
  const samples = asked.map(({ text }) => encodeRow(base.tokenizer, reworded(text)));
  const retrainer = await Retrainer.open(base, manifest, rows, options);
  try {
    for (const subset of kept) {
      const { parameters } = await retrainer.train(subset, options.signal);
      losses.push(await retrainer.losses(parameters, samples));
      advance();
    }
  } finally {
    await retrainer.close();
  }
  const bank: Bank = { kept, losses };
  const found = asked.filter((row, q) => rankOf(scores[q], rows.indexOf(row)) < BEST);
  const noiseAuc = await noticeNoise(options, manifest, random);
  advance();
  return calibrationSchema.parse({
    type: 'calibration',
    version: 1,
    runId: runIdOf(options.manifest),
    profile,
    subsets,
    drop,
    queries: asked.length,
    lds: bootstrapScore(bank, predictions(bank, scores)),
    noiseAuc,
    recall: { best: BEST, value: found.length / asked.length },
  });
}

/** The integer score of every row for every asked row's reworded question. */
async function sketchScores(
  options: CalibrateOptions,
  manifest: TrainingManifest,
  asked: readonly Row[],
): Promise<Float64Array[]> {
  const { base, threads } = options;
  const { basis, adapter, sketches } = await sketch(options, manifest, options.rows);
  const session = await openInfluence({ base, adapter, basis, threads });
  try {
    const scores: Float64Array[] = [];
    for (const { text } of asked) {
      const { tokens, answerStart } = encodeRow(base.tokenizer, reworded(text));
      const query = { promptTokens: tokens.slice(0, answerStart), answerTokens: tokens.slice(answerStart) };
      const vector = await session.query(query);
      scores.push(Float64Array.from(sketches, (one) => Number(influenceScore(one, vector))));
    }
    return scores;
  } finally {
    await session.close();
  }
}

/** The area under the curve of self-influence, of rows with shuffled answers against the rest. */
async function noticeNoise(
  options: CalibrateOptions,
  manifest: TrainingManifest,
  random: Random,
): Promise<number> {
  const { rows } = options;
  const places = random.shuffle([...rows.keys()]).slice(0, Math.max(1, Math.round(NOISE * rows.length)));
  const words = rows.flatMap(({ text }) => answerOf(text).split(' '));
  const spoilt = new Set(places);
  const mixed = rows.map((row, i) => {
    if (!spoilt.has(i)) return row;
    const answer = answerOf(row.text)
      .split(' ')
      .map(() => words[random.below(words.length)])
      .join(' ');
    return { ...row, text: `${row.text.split('\n')[0]}\n${answer}` };
  });
  const run = { ...manifest, data: { ...manifest.data, rowsHash: hashRows(mixed) } };
  const { sketches } = await sketch(options, run, mixed);
  const own = sketches.map((one) => one.sigma * Number(influenceScore(one, one.a)));
  return areaUnderCurve(
    own.filter((_, i) => spoilt.has(i)),
    own.filter((_, i) => !spoilt.has(i)),
  );
}

/** Trains on all of the rows and sketches them. */
async function sketch(options: CalibrateOptions, manifest: TrainingManifest, rows: CalibrateOptions['rows']) {
  const { base, threads, signal } = options;
  const retrainer = await Retrainer.open(base, manifest, rows, { threads });
  const state = await retrainer.train(undefined, signal).finally(() => retrainer.close());
  const { adapter, secondMoment } = retrainer.resultOf(state);
  const weights = new Map(manifest.data.contributions.map(({ asset, weight }) => [asset, weight]));
  const influence = await buildInfluence({
    base,
    adapter,
    secondMoment,
    rows: rows.map((row) => ({ ...row, weight: weights.get(row.asset) })),
    profile: manifest.runtime.profile,
    threads,
    signal,
  });
  return { adapter, basis: influence.basis, sketches: influence.rows };
}

function measuredManifest(manifest: TrainingManifest, profile: 'native' | 'exact'): TrainingManifest {
  return { ...manifest, runtime: { ...manifest.runtime, profile } };
}

function halfOf(rows: number, drop: number, random: Random): Uint8Array {
  const kept = new Uint8Array(rows).fill(1);
  const order = random.shuffle(Array.from({ length: rows }, (_, i) => i));
  for (const i of order.slice(0, Math.round(drop * rows))) kept[i] = 0;
  return kept;
}

/** The row's question in other words, with its answer: no row of the run. */
function reworded(text: string): string {
  return `Please tell me: ${text}`;
}

function answerOf(text: string): string {
  return text.split('\n').slice(1).join('\n');
}

/** How many scores are above the one at `place`. */
function rankOf(scores: Float64Array, place: number): number {
  return scores.filter((score) => score > scores[place]).length;
}
