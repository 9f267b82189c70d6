import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Retrainer } from '@openledger/engine/calibration/retrain';
import { buildInfluence, type InfluenceRow } from '@openledger/engine/influence/build';
import { type InfluenceSession, openInfluence } from '@openledger/engine/influence/query';
import { type BaseModel, loadBase } from '@openledger/engine/model/base';
import { Random } from '@openledger/engine/numeric/random';
import type { Sample } from '@openledger/engine/training/rows';
import { allocate } from '@openledger/sdk/protocol/allocate';
import { ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { ITEM_KIND, influenceEvidence, selectEvidence } from '@openledger/sdk/protocol/items';
import { SCHEME } from '@openledger/sdk/protocol/parameters';
import { GWEI } from '@openledger/sdk/protocol/receipts';
import { influenceScore, quantiseSketch, SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { attacks, honest, mutate, type Scenario, withoutCopies } from './attacks-scenarios.ts';
import { WORLD_SETTINGS, worldManifest } from './influence-bank.ts';
import {
  freshRows,
  type InfluenceWorld,
  influenceWorld,
  querySamples,
  type WorldQuery,
} from './influence-world.ts';
import { progress } from './progress.ts';
import { type Metric, report } from './report.ts';

const CLEAN_ROWS = 320;
/** The attacker's share of all rows. */
const SHARE = 0.05;
const STEPS = 500;
/** What every answer costs, and what the protocol starts with; a model that pays by influence alone. */
const FEE = 10_000_000n * GWEI;
const PARAMETERS = {
  modelBps: 2000,
  contributorsBps: 4000,
  tauBasePpm: 50_000,
  tauMinPpm: 10_000,
  tauMaxPpm: 200_000,
  feeRef: FEE,
  mixInfluenceBps: 10_000,
  mixSpanBps: 0,
  mixRetrievalBps: 0,
};
const TERMS = { parent: 0, royaltyBps: 0, scheme: SCHEME.influence, baselineRoot: ZERO_HASH };
/** More than this over honest pay is too much. */
const LIMIT = 0.1;

/** Pay for a list of answers, in wei. */
type Pay = { readonly attacker: bigint; readonly others: bigint };
type Sketches = readonly { asset: number; sigma: number; a: Int8Array }[];

/**
 * What attacks on influence pay: for each, the model is trained again with the attacker's rows in place of honest
 * ones of the same number, sketches are built again, and answers are paid by `allocate`; then once more without the
 * attacker's rows that are equal or near to older ones.
 *
 * The attacker has a twentieth of the rows and knows half of the prompts; users ask the other half. `--threads`.
 */
export async function run(): Promise<void> {
  const { values: flags } = parseArgs({
    args: process.argv.slice(3),
    options: { threads: { type: 'string', default: '1' } },
  });
  const threads = Number(flags.threads);
  const base = await loadBase(fileURLToPath(new URL('../../models/base/', import.meta.url)));
  const world = influenceWorld(73, CLEAN_ROWS);
  const count = Math.round((SHARE / (1 - SHARE)) * world.rows.length);
  const fresh = freshRows(73, CLEAN_ROWS, count);
  const known = world.queries.filter((_, i) => i % 2 === 0);
  const asked = world.queries.filter((_, i) => i % 2 === 1);
  console.log(
    `${world.rows.length} rows of ${world.contributions} contributions, and ${count} of the attacker; ${asked.length} answers are paid`,
  );

  const lab = new Lab(base, world, threads);
  const start = honest(world, fresh);
  const before = await lab.train(start);
  const honestPay = { asked: await before.pay(asked), known: await before.pay(known) };
  const optimised = await optimise(lab, before, start, known);
  await before.close();

  const table: Record<string, string | number>[] = [];
  const metrics: Metric[] = [];
  const prompts = known.map(({ text }) => text);
  for (const scenario of [...attacks({ world, prompts }, fresh), optimised]) {
    const { pay, knownPay } = await payOf(lab, scenario, asked, known);
    const left = withoutCopies(world, scenario);
    const admitted =
      left.rows.length === scenario.rows.length ? pay : (await payOf(lab, left, asked, known)).pay;
    table.push({
      attack: scenario.name,
      'attacker, %': percent(change(honestPay.asked.attacker, pay.attacker)),
      'others, %': percent(change(honestPay.asked.others, pay.others)),
      'attacker on known prompts, %': percent(change(honestPay.known.attacker, knownPay.attacker)),
      'rows admitted': `${left.rows.length} of ${scenario.rows.length}`,
      'attacker then, %': percent(change(honestPay.asked.attacker, admitted.attacker)),
      'others then, %': percent(change(honestPay.asked.others, admitted.others)),
    });
    metrics.push(inflation(scenario.name, honestPay.asked.attacker, admitted.attacker));
  }
  const { attacker, others } = honestPay.asked;
  console.log(
    `honest pay for ${asked.length} answers: attacker ${gwei(attacker)} gwei, others ${gwei(others)} gwei`,
  );
  console.table(table);
  report(metrics);
}

/** What a scenario is paid for the answers that users ask, and for the prompts that the attacker knows. */
async function payOf(
  lab: Lab,
  scenario: Scenario,
  asked: readonly WorldQuery[],
  known: readonly WorldQuery[],
): Promise<{ pay: Pay; knownPay: Pay }> {
  const trained = await lab.train(scenario);
  const result = { pay: await trained.pay(asked), knownPay: await trained.pay(known) };
  await trained.close();
  return result;
}

function inflation(name: string, before: bigint, after: bigint): Metric {
  const share = change(before, after);
  return {
    bench: 'attacks',
    metric: `attacker's pay with copies kept out, %: ${name}`,
    ours: percent(share),
    anchor: null,
    ratio: null,
    target: '<= 10',
    pass: share <= LIMIT,
  };
}

/** Trains with an attacker's rows among the world's, and pays answers. */
class Lab {
  readonly base: BaseModel;
  readonly world: InfluenceWorld;
  readonly #threads: number;

  constructor(base: BaseModel, world: InfluenceWorld, threads: number) {
    this.base = base;
    this.world = world;
    this.#threads = threads;
  }

  async train({ name, rows: own }: Scenario): Promise<Trained> {
    const { base, world } = this;
    const threads = this.#threads;
    const bar = progress(name, 2);
    bar(0);
    const rows: InfluenceRow[] = [...world.rows, ...own].sort((a, b) => a.asset - b.asset || a.row - b.row);
    const manifest = worldManifest(base, { rows }, WORLD_SETTINGS);
    const retrainer = await Retrainer.open(base, manifest, rows, { threads });
    const state = await retrainer.train();
    await retrainer.close();
    bar(1);
    const { adapter, secondMoment } = retrainer.resultOf(state);
    const options = { base, adapter, secondMoment, rows, profile: 'native' as const, threads };
    const influence = await buildInfluence(options);
    const session = await openInfluence({ base, adapter, basis: influence.basis, threads });
    bar(2);
    return new Trained(base, session, influence.contributions, new Set(own.map(({ asset }) => asset)));
  }
}

class Trained {
  readonly session: InfluenceSession;
  readonly sketches: Sketches;
  readonly #base: BaseModel;
  readonly #attacker: ReadonlySet<number>;

  constructor(base: BaseModel, session: InfluenceSession, sketches: Sketches, attacker: ReadonlySet<number>) {
    this.#base = base;
    this.session = session;
    this.sketches = sketches;
    this.#attacker = attacker;
  }

  async vectors(queries: readonly WorldQuery[]): Promise<Int8Array[]> {
    const vectors: Int8Array[] = [];
    for (const { tokens, answerStart } of querySamples(this.#base.tokenizer, queries)) {
      vectors.push(await this.session.query(split({ tokens, answerStart })));
    }
    return vectors;
  }

  async pay(queries: readonly WorldQuery[]): Promise<Pay> {
    return payFor(this.sketches, await this.vectors(queries), this.#attacker);
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}

/** What contributions get for answers with these vectors, by the function that settles. */
function payFor(sketches: Sketches, vectors: readonly Int8Array[], attacker: ReadonlySet<number>): Pay {
  let [own, others] = [0n, 0n];
  for (const vector of vectors) {
    const evidence = sketches.map((one) => influenceEvidence(one.asset, influenceScore(one, vector)));
    const listed = selectEvidence(evidence, TERMS.scheme);
    const receipt = { fee: FEE, flags: 1, modelId: 1, outputLength: 100 };
    for (const { asset, kind, amount } of allocate(receipt, TERMS, PARAMETERS, listed)) {
      if (kind !== ITEM_KIND.influence) continue;
      if (attacker.has(asset)) own += amount;
      else others += amount;
    }
  }
  return { attacker: own, others };
}

/**
 * An attacker who knows basis, rotation and seed searches for better rows: each step changes one row, computes its
 * sketch as anyone can, and keeps the change if the known prompts would pay more.
 */
async function optimise(
  lab: Lab,
  before: Trained,
  start: Scenario,
  known: readonly WorldQuery[],
): Promise<Scenario> {
  const random = new Random(77);
  const rows = [...start.rows];
  const asset = rows[0]!.asset;
  const vectors = await before.vectors(known);
  const others = before.sketches.filter((sketch) => sketch.asset !== asset);
  const floats = ({ sigma, a }: { sigma: number; a: Int8Array }) => Float64Array.from(a, (x) => sigma * x);
  const sketches: Float64Array[] = [];
  for (const row of rows) sketches.push(floats(await before.session.sketchRow(row)));
  const predictedPay = (all: readonly Float64Array[]) => {
    const sum = new Float64Array(SKETCH_LENGTH);
    for (const one of all) for (let i = 0; i < sum.length; i += 1) sum[i]! += one[i]!;
    // The sum has the unit of σ·a, so that its σ is the largest entry over 127.
    const own = { asset, ...quantiseSketch(sum, 1 / 65_536, 0xffffffff) };
    return payFor([...others, own], vectors, new Set([asset])).attacker;
  };
  let best = predictedPay(sketches);
  const bar = progress('searching for rows that pay', STEPS);
  for (let step = 1; step <= STEPS; step += 1) {
    const [at, text] = mutate(rows, lab.world, random);
    const row = { ...rows[at]!, text };
    const sketch = floats(await before.session.sketchRow(row));
    const changed = sketches.with(at, sketch);
    const pay = predictedPay(changed);
    if (pay > best) {
      best = pay;
      rows[at] = row;
      sketches[at] = sketch;
    }
    bar(step);
  }
  return { name: `rows optimised for ${STEPS} steps`, rows };
}

function split({ tokens, answerStart }: Sample) {
  return { promptTokens: tokens.slice(0, answerStart), answerTokens: tokens.slice(answerStart) };
}

function change(before: bigint, after: bigint): number {
  return before === 0n ? Number.POSITIVE_INFINITY : Number(after - before) / Number(before);
}

function gwei(value: bigint): number {
  return Number(value / GWEI);
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}
