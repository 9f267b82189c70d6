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
/** How often an attacker who searches trains the model to see what it would really be paid. */
const ROUNDS = 5;
const OPTIMISED = `rows optimised for ${STEPS} steps`;
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
/** More per cent over honest pay than this is too much. */
const LIMIT = 10;
/** Further draws of honest rows, to see what is chance. */
const CONTROLS = 2;
/** Questions about the attacker's topic, besides the world's own, that are asked, and as many that are known. */
const TOPIC_QUESTIONS = 36;

/** Pay of each contribution for a list of answers, in wei. */
type Pay = ReadonlyMap<number, bigint>;
/** What a world pays for the answers that users ask, and for the prompts that the attacker knows. */
type Outcome = { readonly asked: Pay; readonly known: Pay };
type Questions = { readonly asked: readonly WorldQuery[]; readonly known: readonly WorldQuery[] };
type Sketches = readonly { asset: number; sigma: number; a: Int8Array }[];

/**
 * What attacks on influence pay: for each, the model is trained again with the attacker's rows in place of honest
 * ones of the same number, sketches are built again, and answers are paid by `allocate`; then once more without the
 * attacker's rows that are equal or near to older ones or repeat a prompt of the evaluation. Two other draws of honest
 * rows show what is chance.
 *
 * The attacker has a twentieth of the rows and knows as many prompts of an evaluation as it has rows; users ask others.
 * `--only <words>,…` (attacks whose name has them), `--threads`.
 */
export async function run(): Promise<void> {
  const { values: flags } = parseArgs({
    args: process.argv.slice(3),
    options: { only: { type: 'string', default: '' }, threads: { type: 'string', default: '1' } },
  });
  const base = await loadBase(fileURLToPath(new URL('../../models/base/', import.meta.url)));
  const world = influenceWorld(73, CLEAN_ROWS);
  const count = Math.round((SHARE / (1 - SHARE)) * world.rows.length);
  const draws = freshRows(73, CLEAN_ROWS, (1 + CONTROLS) * count + 2 * TOPIC_QUESTIONS);
  const fresh = draws.slice(0, count);
  const questions = [
    ...world.queries,
    ...draws.slice((1 + CONTROLS) * count).map((text) => ({ topic: 0, text })),
  ];
  const known = questions.filter((_, i) => i % 2 === 0).slice(-count);
  const asked = questions.filter((_, i) => i % 2 === 1);
  const lab = new Lab(base, world, Number(flags.threads), { asked, known });
  console.log(
    `${world.rows.length} rows of ${world.contributions} contributions, and ${count} of the attacker; ${asked.length} answers are paid`,
  );

  const start = honest(world, fresh);
  const absent = await lab.outcome({ ...start, name: 'no attacker', rows: [] });
  const before = await lab.train(start);
  const fair = await lab.pay(before);
  const wanted = (name: string) => flags.only.split(',').some((words) => name.includes(words));
  const optimised = wanted(OPTIMISED) ? [await optimise(lab, before, start, known)] : [];
  await before.close();
  const controls = Array.from({ length: CONTROLS }, (_, i) =>
    honest(world, draws.slice((i + 1) * count, (i + 2) * count), `chance: other honest rows, ${i + 1}`),
  );
  const prompts = known.map(({ text }) => text);

  const table: Record<string, string | number>[] = [];
  const metrics: Metric[] = [];
  const simple = attacks({ world, prompts }, fresh);
  for (const scenario of [...controls, ...simple, ...optimised].filter(({ name }) => wanted(name))) {
    const { victims } = scenario;
    const outcome = await lab.outcome(scenario);
    const left = withoutCopies(world, scenario, prompts);
    let admitted = outcome;
    if (left.rows.length === 0) admitted = absent;
    else if (left.rows.length < scenario.rows.length) admitted = await lab.outcome(left);
    const own = new Set(scenario.rows.map(({ asset }) => asset));
    const changed = (pay: Pay, of: Pay, assets: ReadonlySet<number>) =>
      percent(change(paid(of, assets), paid(pay, assets)));
    const attacker = new Set(start.rows.map(({ asset }) => asset));
    const gained = (pay: Pay, of: Pay) => percent(change(paid(of, attacker), paid(pay, own)));
    table.push({
      attack: scenario.name,
      'share of the pot, %': percent(Number(paid(outcome.asked, own)) / Number(total(outcome.asked))),
      'attacker, %': gained(outcome.asked, fair.asked),
      'victims, %': changed(outcome.asked, fair.asked, victims),
      'attacker on known prompts, %': gained(outcome.known, fair.known),
      admitted: `${left.rows.length} of ${scenario.rows.length}`,
      'attacker then, %': gained(admitted.asked, fair.asked),
      'victims then, %': changed(admitted.asked, fair.asked, victims),
    });
    console.log(JSON.stringify(table.at(-1)));
    if (controls.includes(scenario)) continue;
    metrics.push(inflation(scenario.name, gained(admitted.asked, fair.asked)));
    if (scenario.usesPrompts) {
      metrics.push(inflation(`${scenario.name}, on these prompts`, gained(admitted.known, fair.known)));
    }
  }
  const own = new Set(start.rows.map(({ asset }) => asset));
  const share = (pay: Pay, assets: ReadonlySet<number>) =>
    percent(Number(paid(pay, assets)) / Number(total(pay)));
  console.log(
    `honest pay for ${asked.length} answers: attacker ${share(fair.asked, own)} % of the pot, contributions of its topic ${share(fair.asked, start.victims)} % (${share(absent.asked, start.victims)} % without the attacker)`,
  );
  console.table(table);
  report(metrics);
}

function inflation(name: string, share: number): Metric {
  return {
    bench: 'attacks',
    metric: `attacker's pay over honest pay with copies kept out, %: ${name}`,
    ours: share,
    anchor: null,
    ratio: null,
    target: `<= ${LIMIT}`,
    pass: share <= LIMIT,
  };
}

/** Trains with an attacker's rows among the world's, and pays answers. */
class Lab {
  readonly base: BaseModel;
  readonly world: InfluenceWorld;
  readonly #threads: number;
  readonly #queries: Questions;

  constructor(base: BaseModel, world: InfluenceWorld, threads: number, queries: Questions) {
    this.base = base;
    this.world = world;
    this.#threads = threads;
    this.#queries = queries;
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
    return new Trained(base, session, influence.contributions);
  }

  async pay(trained: Trained): Promise<Outcome> {
    const { asked, known } = this.#queries;
    return { asked: await trained.pay(asked), known: await trained.pay(known) };
  }

  async outcome(scenario: Scenario): Promise<Outcome> {
    const trained = await this.train(scenario);
    const outcome = await this.pay(trained);
    await trained.close();
    return outcome;
  }
}

class Trained {
  readonly session: InfluenceSession;
  readonly sketches: Sketches;
  readonly #base: BaseModel;

  constructor(base: BaseModel, session: InfluenceSession, sketches: Sketches) {
    this.#base = base;
    this.session = session;
    this.sketches = sketches;
  }

  async vectors(queries: readonly WorldQuery[]): Promise<Int8Array[]> {
    const vectors: Int8Array[] = [];
    for (const { tokens, answerStart } of querySamples(this.#base.tokenizer, queries)) {
      vectors.push(await this.session.query(split({ tokens, answerStart })));
    }
    return vectors;
  }

  async pay(queries: readonly WorldQuery[]): Promise<Pay> {
    return payFor(this.sketches, await this.vectors(queries));
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}

/** What contributions get for answers with these vectors, by the function that settles. */
function payFor(sketches: Sketches, vectors: readonly Int8Array[]): Pay {
  const pay = new Map<number, bigint>();
  for (const vector of vectors) {
    const evidence = sketches.map((one) => influenceEvidence(one.asset, influenceScore(one, vector)));
    const listed = selectEvidence(evidence, TERMS.scheme);
    const receipt = { fee: FEE, flags: 1, modelId: 1, outputLength: 100 };
    for (const { asset, kind, amount } of allocate(receipt, TERMS, PARAMETERS, listed)) {
      if (kind === ITEM_KIND.influence) pay.set(asset, (pay.get(asset) ?? 0n) + amount);
    }
  }
  return pay;
}

/** What some contributions get in all. */
function paid(pay: Pay, assets: ReadonlySet<number>): bigint {
  return [...pay].reduce((sum, [asset, amount]) => (assets.has(asset) ? sum + amount : sum), 0n);
}

function total(pay: Pay): bigint {
  return paid(pay, new Set(pay.keys()));
}

/**
 * An attacker who knows basis, rotation and seed searches for better rows: each step changes one row, computes its
 * sketch as anyone can, and keeps the change if the known prompts would pay more. After every round of steps it trains
 * as the publisher would, and goes on from the rows that then were really paid best.
 */
async function optimise(
  lab: Lab,
  before: Trained,
  start: Scenario,
  known: readonly WorldQuery[],
): Promise<Scenario> {
  const random = new Random(77);
  const own = new Set(start.rows.map(({ asset }) => asset));
  let best = { rows: start.rows, trained: before, pay: paid(await before.pay(known), own) };
  const honestPay = best.pay;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const found = await search(lab, best.trained, best.rows, known, random);
    const trained = await lab.train({ ...start, name: `round ${round} of the search`, rows: found.rows });
    const pay = paid(await trained.pay(known), own);
    console.log(
      `search, round ${round}: known prompts would pay ${percent(change(honestPay, found.pay))} % more by the known basis, and pay ${percent(change(honestPay, pay))} % more once trained`,
    );
    const worse = pay > best.pay ? best.trained : trained;
    if (pay > best.pay) best = { rows: found.rows, trained, pay };
    if (worse !== before) await worse.close();
  }
  if (best.trained !== before) await best.trained.close();
  return { ...start, name: OPTIMISED, rows: best.rows, usesPrompts: true };
}

/** One round of steps on one trained model; the pay is what its basis predicts for the known prompts. */
async function search(
  lab: Lab,
  trained: Trained,
  from: readonly InfluenceRow[],
  known: readonly WorldQuery[],
  random: Random,
): Promise<{ rows: InfluenceRow[]; pay: bigint }> {
  const { session, sketches: all } = trained;
  const rows = [...from];
  const { asset } = rows[0]!;
  const vectors = await trained.vectors(known);
  const others = all.filter((sketch) => sketch.asset !== asset);
  const floats = ({ sigma, a }: { sigma: number; a: Int8Array }) => Float64Array.from(a, (x) => sigma * x);
  const sketches: Float64Array[] = [];
  for (const row of rows) sketches.push(floats(await session.sketchRow(row)));
  const predictedPay = (own: readonly Float64Array[]) => {
    const sum = new Float64Array(SKETCH_LENGTH);
    for (const one of own) for (let i = 0; i < sum.length; i += 1) sum[i]! += one[i]!;
    // The sum has the unit of σ·a, so that its σ is the largest entry over 127.
    const sketch = { asset, ...quantiseSketch(sum, 1 / 65_536, 0xffffffff) };
    return paid(payFor([...others, sketch], vectors), new Set([asset]));
  };
  let pay = predictedPay(sketches);
  const bar = progress('searching for rows that pay', STEPS / ROUNDS);
  for (let step = 1; step <= STEPS / ROUNDS; step += 1) {
    const [at, text] = mutate(rows, lab.world, random);
    const row = { ...rows[at]!, text };
    const sketch = floats(await session.sketchRow(row));
    const predicted = predictedPay(sketches.with(at, sketch));
    if (predicted > pay) {
      pay = predicted;
      rows[at] = row;
      sketches[at] = sketch;
    }
    bar(step);
  }
  return { rows, pay };
}

function split({ tokens, answerStart }: Sample) {
  return { promptTokens: tokens.slice(0, answerStart), answerTokens: tokens.slice(answerStart) };
}

function change(before: bigint, after: bigint): number {
  return before === 0n ? Number.POSITIVE_INFINITY : Number(after - before) / Number(before);
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}
