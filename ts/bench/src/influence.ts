import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Retrainer } from '@openledger/engine/calibration/retrain';
import {
  areaUnderCurve,
  type Bank,
  bootstrapScore,
  type Estimate,
  predictions,
} from '@openledger/engine/calibration/scores';
import { writeFileAtomic } from '@openledger/engine/files/atomic';
import { type BaseModel, loadBase } from '@openledger/engine/model/base';
import { decodeSafetensors, encodeSafetensors } from '@openledger/engine/safetensors/safetensors';
import { influenceScore } from '@openledger/sdk/protocol/sketch';
import {
  BANK_FOLDER,
  keyOf,
  retrainBank,
  type Unit,
  WORLD_SETTINGS,
  worldManifest,
} from './influence-bank.ts';
import { timeCreation, timeScan } from './influence-cost.ts';
import {
  ADAM_FISHER,
  DATAINF,
  type Estimates,
  estimate,
  FISHER,
  FLOAT_SKETCH,
  PAID,
  RANDOM,
  SKETCH,
  type Trained,
} from './influence-estimators.ts';
import { factRecall } from './influence-recall.ts';
import { type InfluenceWorld, influenceWorld } from './influence-world.ts';
import { type Metric, report } from './report.ts';

/**
 * How well influence is estimated: against models that are trained again on half of the rows, and beside the
 * estimators that others publish, on the same bank. Damping was fixed before the bank was made.
 *
 * `--subsets` (default 40), `--unit rows|contributions`, `--threads`. The bank is kept in `.openledger/bench`.
 */
export async function run(): Promise<void> {
  const { values: flags } = parseArgs({
    args: process.argv.slice(3),
    options: {
      subsets: { type: 'string', default: '40' },
      unit: { type: 'string', default: 'rows' },
      threads: { type: 'string', default: '1' },
    },
  });
  const [subsets, threads] = [Number(flags.subsets), Number(flags.threads)];
  const unit: Unit = flags.unit === 'contributions' ? 'contributions' : 'rows';
  const base = await loadBase(fileURLToPath(new URL('../../models/base/', import.meta.url)));
  const world = influenceWorld();
  console.log(
    `${world.rows.length} rows, ${world.contributions} contributions, ${world.queries.length} queries, ${subsets} halves of ${unit}`,
  );
  const settings = WORLD_SETTINGS;
  const bank = await retrainBank({ base, world, settings, unit, drop: 0.5, subsets, threads });
  const trained = await trainWhole(base, world, threads);
  const estimates = await estimate(base, world, trained, threads);
  const metrics = [...ranking(bank, estimates, unit), ...(await others(base, world, estimates, trained))];
  report(metrics);
}

/** The run over all rows, kept beside the banks. */
async function trainWhole(base: BaseModel, world: InfluenceWorld, threads: number): Promise<Trained> {
  const manifest = worldManifest(base, world, WORLD_SETTINGS);
  const file = join(
    BANK_FOLDER,
    `whole-${keyOf([base.weightsHash, WORLD_SETTINGS, world.rows])}.safetensors`,
  );
  if (!existsSync(file)) {
    const retrainer = await Retrainer.open(base, manifest, world.rows, { threads });
    const state = await retrainer.train();
    await retrainer.close();
    const { adapter, secondMoment } = retrainer.resultOf(state);
    const tensors = { weights: adapter.weights, secondMoment };
    const entries = Object.entries(tensors).map(
      ([name, data]) => [name, { shape: [data.length], data }] as const,
    );
    await writeFileAtomic(file, encodeSafetensors(new Map(entries), 'F32'));
  }
  const { tensors } = decodeSafetensors(readFileSync(file));
  const { rank, alpha, rankStabilised } = WORLD_SETTINGS.lora;
  return {
    adapter: { rank, alpha, rankStabilised, weights: tensors.get('weights')!.data },
    secondMoment: tensors.get('secondMoment')!.data,
  };
}

/** LDS of every estimator, and the targets on differences between them. */
function ranking(bank: Bank, { scores }: Estimates, unit: Unit): Metric[] {
  const predicted = new Map([...scores].map(([name, rows]) => [name, predictions(bank, rows)]));
  // A contribution's one sketch says nothing about single rows.
  if (unit === 'rows') predicted.delete(PAID);
  const table = [...predicted].map(([name, one]) => {
    const { value, low, high } = bootstrapScore(bank, one);
    return { estimator: name, LDS: round(value), low: round(low), high: round(high) };
  });
  console.table(table.toSorted((a, b) => b.LDS - a.LDS));
  const of = (name: string) => predicted.get(name)!;
  const less = (a: string, b: string) => bootstrapScore(bank, of(a), of(b));
  const lds = (name: string) => table.find(({ estimator }) => estimator === name)!.LDS;
  const ours = unit === 'rows' ? SKETCH : PAID;
  const beats = (name: string): Metric => {
    const { value, low, high } = less(ours, name);
    return {
      bench: 'influence',
      metric: `LDS over ${name}, [${round(low)}, ${round(high)}]`,
      ours: lds(ours),
      anchor: lds(name),
      ratio: round(value),
      target: 'difference >= 0.05, interval above 0',
      pass: value >= 0.05 && low > 0,
    };
  };
  const within = (name: string, cost: Estimate, most: number): Metric => ({
    bench: 'influence',
    metric: `LDS below ${name}`,
    ours: lds(ours),
    anchor: lds(name),
    ratio: round(cost.value),
    target: `difference <= ${most}`,
    pass: cost.value <= most,
  });
  return [
    beats(DATAINF),
    beats(RANDOM),
    within(FLOAT_SKETCH, less(FLOAT_SKETCH, ours), 0.005),
    within(FISHER, less(FISHER, ours), 0.02),
    within(ADAM_FISHER, less(ADAM_FISHER, ours), 0.02),
  ];
}

async function others(
  base: BaseModel,
  world: InfluenceWorld,
  { influence }: Estimates,
  trained: Trained,
): Promise<Metric[]> {
  const own = (kind: string) =>
    influence.rows.flatMap((sketch, i) => {
      if (world.rows[i]!.kind !== kind) return [];
      return [Number(influenceScore(sketch, sketch.a)) * sketch.sigma];
    });
  const auc = areaUnderCurve(own('noise'), own('clean'));
  const metric = (name: string, ours: number, anchor: number | null, target: string): Metric => {
    const [comparison, bound] = target.split(' ') as [string, string];
    const pass = comparison === '<=' ? ours <= Number(bound) : ours >= Number(bound);
    const ratio = anchor === null ? null : round(ours / anchor);
    return { bench: 'influence', metric: name, ours: round(ours), anchor, ratio, target, pass };
  };
  const scan = await timeScan();
  console.log(
    `a million sketches: ${scan.vector.toFixed(1)} ms by vector instructions, ${scan.plain.toFixed(1)} ms in plain TypeScript on one thread; reading the bytes alone ${scan.memory.toFixed(1)} ms (${(256 / scan.memory).toFixed(1)} GB/s)`,
  );
  const cost = await timeCreation(base, world, trained, 2);
  return [
    metric('noise AUC by self-influence', auc, null, '>= 0.9'),
    metric('fact recall@5', await factRecall(base, 5), null, '>= 0.9'),
    metric('1,000,000 rows scanned, ms; anchor: reading the bytes', scan.vector, round(scan.memory), '<= 30'),
    metric('sketch creation over one epoch, exact', cost.sketches / cost.epoch, null, '<= 1.5'),
  ];
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
