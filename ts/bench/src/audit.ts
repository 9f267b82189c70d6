import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { auditRun } from '@openledger/engine/audit/audit';
import { Retrainer } from '@openledger/engine/calibration/retrain';
import {
  type Bank,
  bootstrapScore,
  mean,
  predictions,
  spearman,
} from '@openledger/engine/calibration/scores';
import { loadBase } from '@openledger/engine/model/base';
import type { FineTuneSettings } from '@openledger/engine/training/presets';
import { retrainBank, WORLD_SETTINGS, worldManifest } from './influence-bank.ts';
import { estimate, SKETCH } from './influence-estimators.ts';
import { influenceWorld, querySamples } from './influence-world.ts';
import { progress } from './progress.ts';
import { type Metric, report } from './report.ts';

/** Large steps and a root that is never zero: the end of the run is then smooth in every row's weight. */
const SETTINGS: FineTuneSettings = {
  ...WORLD_SETTINGS,
  optimizer: { ...WORLD_SETTINGS.optimizer, epsRoot: 1e-8 },
  learningRate: { warmup: 4, peak: 2e-3, floor: 0.05 },
  batches: { ...WORLD_SETTINGS.batches, accumulation: 8 },
};
/**
 * The run reads the rows of two topics of a large world, and the answers are all their queries. Where a run has few rows of
 * each topic, it teaches the answers next to nothing (their losses stay), and what is left of the rows' influence is no
 * longer linear in a tenth of them.
 */
const WORLD = { seed: 71, cleanRows: 2560, topics: 2 };

/**
 * The exact audit against models that are trained again without a tenth of the rows, beside the sketches that are
 * paid by, and its cost beside the run's.
 *
 * `--subsets` (default 24), `--threads`. The bank is kept in `.openledger/bench`.
 */
export async function run(): Promise<void> {
  const { values: flags } = parseArgs({
    args: process.argv.slice(3),
    options: {
      subsets: { type: 'string', default: '24' },
      threads: { type: 'string', default: '1' },
    },
  });
  const [subsets, threads] = [Number(flags.subsets), Number(flags.threads)];
  const base = await loadBase(fileURLToPath(new URL('../../models/base/', import.meta.url)));
  const whole = influenceWorld(WORLD.seed, WORLD.cleanRows);
  const ofTopics = <T extends { topic: number }>(list: readonly T[]) =>
    list.filter(({ topic }) => topic < WORLD.topics);
  const world = { ...whole, rows: ofTopics(whole.rows), queries: ofTopics(whole.queries) };
  const { rows, queries } = world;
  const manifest = worldManifest(base, world, SETTINGS);
  const size = `${rows.length} rows, ${manifest.steps} steps, ${queries.length} answers`;
  console.log(`${size}, ${subsets} subsets of 90 %`);
  const bank = await retrainBank({
    base,
    world,
    settings: SETTINGS,
    unit: 'rows',
    drop: 0.1,
    subsets,
    threads,
  });

  const answers = querySamples(base.tokenizer, queries);
  const retrainer = await Retrainer.open(base, manifest, rows, { threads });
  await retrainer.advance(retrainer.start(), 1);
  let started = performance.now();
  const state = await retrainer.train();
  const runSeconds = (performance.now() - started) / 1000;
  await retrainer.close();
  const audit = async (of: typeof answers) => {
    started = performance.now();
    const bar = progress(`auditing ${of.length} of ${answers.length} answers`, 3 * manifest.steps);
    const result = await auditRun({ base, manifest, rows, threads, onProgress: bar }, of);
    return { ...result, seconds: (performance.now() - started) / 1000 };
  };
  const one = await audit(answers.slice(0, 1));
  const all = await audit(answers);

  const { scores } = await estimate(base, world, retrainer.resultOf(state), threads);
  for (const [name, estimates] of scores) {
    const agreement = mean(estimates.map((row, q) => spearman(row, all.scores[q]!)));
    console.log(`${name}: LDS ${lds(bank, estimates)}, rank correlation with the audit ${round(agreement)}`);
  }
  const sketch = bootstrapScore(bank, predictions(bank, scores.get(SKETCH)!));
  const exact = bootstrapScore(bank, predictions(bank, all.scores));
  const cost = (name: string, seconds: number): Metric => ({
    bench: 'audit',
    metric: name,
    ours: round(seconds),
    anchor: round(runSeconds),
    ratio: round(seconds / runSeconds),
    target: '<= 3',
    pass: seconds <= 3 * runSeconds,
  });
  report([
    {
      bench: 'audit',
      metric: `LDS, 10 % dropped, [${round(exact.low)}, ${round(exact.high)}]; anchor: the sketch`,
      ours: round(exact.value),
      anchor: round(sketch.value),
      ratio: round(exact.value / sketch.value),
      target: '>= 0.95',
      pass: exact.value >= 0.95,
    },
    cost('seconds for one answer alone; anchor: the run', one.seconds),
    cost(`seconds per answer of ${answers.length} at once; anchor: the run`, all.seconds / answers.length),
  ]);
}

function lds(bank: Bank, scores: readonly Float64Array[]): number {
  return round(bootstrapScore(bank, predictions(bank, scores), undefined, { draws: 1 }).value);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
