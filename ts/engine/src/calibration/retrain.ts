import type { Adapter } from '../adapter/peft.ts';
import { buildTrainingGraph } from '../llama/training-graph.ts';
import { type BaseModel, frozenWeights } from '../model/base.ts';
import { floatsOf, openRuntime, type Runtime, type Session } from '../runtime/runtime.ts';
import {
  adamwUpdate,
  correctedSecondMoment,
  createOptimizerState,
  type OptimizerState,
  type StepFactors,
} from '../training/adamw.ts';
import { type Batch, batchFeeds, countedTokens, createOrder, fillBatch } from '../training/batches.ts';
import { type ManifestLora, rowwiseLora, type TrainingManifest } from '../training/manifest.ts';
import type { Sequence } from '../training/packing.ts';
import { encodeRow, type Row, type Sample } from '../training/rows.ts';
import { createStepFactors } from '../training/schedule.ts';
import { initialParameters, loraGraph } from '../training/stepper.ts';

/** A row within a batch: its place among the run's rows, its weight, and the number of tokens that have a loss. */
export type Member = { readonly index: number; readonly weight: number; readonly counted: number };

/** A batch of a step, with the rows in it in their order. */
export type MemberBatch = { readonly batch: Batch; readonly members: readonly Member[] };

/** Graph lengths for measuring losses. */
const LENGTHS = [32, 48, 64, 96, 128];

/**
 * Repeats a run with other weights of its rows: the question that attribution answers.
 *
 * Everything else stays as the manifest has it: the seed, the schedule, the number of steps, and the step at which
 * each row would have been read. So what changes is the data, not its order. A step's loss is the weighted mean
 * over the counted tokens of the rows that are left, as in any run.
 */
export class Retrainer {
  readonly manifest: TrainingManifest;
  readonly base: BaseModel;
  readonly #lora: ManifestLora;
  readonly #orderOf: (step: number) => Sequence<Sample & Member>[];
  /** What of the optimiser's update depends on the step. */
  readonly factorsOf: (step: number) => StepFactors;
  readonly #runtime: Runtime;
  readonly #sessions = new Map<string, Promise<Session>>();

  private constructor(base: BaseModel, manifest: TrainingManifest, rows: readonly Row[], runtime: Runtime) {
    this.base = base;
    this.manifest = manifest;
    const weights = new Map(manifest.data.contributions.map(({ asset, weight }) => [asset, weight]));
    this.#lora = rowwiseLora(manifest);
    const samples = rows.map((row, index) => {
      const sample = encodeRow(base.tokenizer, row.text);
      const counted = countedTokens(manifest.batches, sample);
      return { ...sample, index, weight: weights.get(row.asset) ?? 1, counted };
    });
    this.#orderOf = createOrder(
      manifest.batches,
      samples.map((sample) => [sample]),
    );
    this.factorsOf = createStepFactors(manifest);
    this.#runtime = runtime;
  }

  /** `rows`: all rows of the manifest, in its order. Runs in the manifest's numeric profile. */
  static async open(
    base: BaseModel,
    manifest: TrainingManifest,
    rows: readonly Row[],
    options: { readonly threads?: number } = {},
  ): Promise<Retrainer> {
    const runtime = await openRuntime(manifest.runtime.profile, options);
    return new Retrainer(base, manifest, rows, runtime);
  }

  /** The state before the first step. */
  start(): OptimizerState {
    return createOptimizerState(initialParameters(this.base, this.manifest));
  }

  /** The batches of a step when row i weighs `factors[i]` times its contribution's weight; 0 leaves it out. */
  batches(step: number, factors?: ArrayLike<number>): MemberBatch[] {
    const plan = this.manifest.batches;
    const chosen = this.#orderOf(step)
      .flat()
      .map((sample) => ({ ...sample, weight: sample.weight * (factors?.[sample.index] ?? 1) }))
      .filter(({ weight }) => weight !== 0);
    const total = chosen.reduce((sum, { weight, counted }) => sum + weight * counted, 0);
    return Array.from({ length: Math.ceil(chosen.length / plan.batch) }, (_, i) => {
      const members = chosen.slice(i * plan.batch, (i + 1) * plan.batch);
      return { batch: fillBatch(plan, members, total), members };
    });
  }

  /** Carries out one step in place, and returns its gradient before clipping. */
  async advance(state: OptimizerState, step: number, factors?: ArrayLike<number>): Promise<Float32Array> {
    const gradient = new Float32Array(state.parameters.length);
    for (const { batch } of this.batches(step, factors)) {
      const part = await this.gradient(batch, state.parameters);
      for (let i = 0; i < part.length; i += 1) gradient[i] += part[i];
    }
    this.update(state, gradient, step);
    return gradient;
  }

  /** Carries out one step in place, whose gradient before clipping is known. */
  update(state: OptimizerState, gradient: Float32Array, step: number): void {
    adamwUpdate(state, gradient, this.manifest.optimizer, this.factorsOf(step));
  }

  /** The state at the end of a run in which row i weighs `factors[i]` times its contribution's weight. */
  async train(factors?: ArrayLike<number>, signal?: AbortSignal): Promise<OptimizerState> {
    const state = this.start();
    for (let step = 1; step <= this.manifest.steps; step += 1) {
      signal?.throwIfAborted();
      await this.advance(state, step, factors);
    }
    return state;
  }

  /** What a finished run leaves behind, as influence is built from it. */
  resultOf(state: OptimizerState): { adapter: Adapter; secondMoment: Float32Array } {
    const { rank, alpha, rankStabilised, targets } = this.#lora;
    return {
      adapter: { rank, alpha, rankStabilised, targets, weights: state.parameters },
      secondMoment: correctedSecondMoment(state, this.factorsOf(this.manifest.steps)),
    };
  }

  /** The summed loss of each sample's answer under an adapter. */
  async losses(parameters: Float32Array, samples: readonly Sample[]): Promise<Float64Array> {
    const losses = new Float64Array(samples.length);
    const size = this.manifest.batches.batch;
    for (let start = 0; start < samples.length; start += size) {
      const part = samples.slice(start, start + size);
      const batch = this.#measured(part);
      const session = await this.#session(batch.length, 'tokenLoss');
      const feeds = { ...batchFeeds(batch), p: { data: parameters, dims: [parameters.length] } };
      const tokenLoss = floatsOf((await session.run(feeds)).tokenLoss);
      part.forEach((_, row) => {
        for (let i = 0; i < batch.length; i += 1) losses[start + row] += tokenLoss[row * batch.length + i];
      });
    }
    return losses;
  }

  /** The gradient of the summed loss of one sample's answer. */
  async lossGradient(parameters: Float32Array, sample: Sample): Promise<Float32Array> {
    return this.gradient(this.#measured([sample]), parameters);
  }

  /** The gradient of a batch's loss. */
  async gradient(batch: Batch, parameters: Float32Array): Promise<Float32Array> {
    const session = await this.#session(batch.length, 'g');
    const p = { data: parameters, dims: [parameters.length] };
    return floatsOf((await session.run({ ...batchFeeds(batch), p })).g);
  }

  async close(): Promise<void> {
    await this.#runtime.close();
  }

  #measured(samples: readonly Sample[]): Batch {
    const { maxPositions } = this.base.config;
    const lengths = [...LENGTHS.filter((length) => length < maxPositions), maxPositions];
    const weighted = samples.map((sample) => ({ ...sample, weight: 1 }));
    return fillBatch({ batch: this.manifest.batches.batch, lengths }, weighted, 1);
  }

  #session(length: number, output: 'g' | 'tokenLoss'): Promise<Session> {
    const key = `${output} ${length}`;
    const ready = this.#sessions.get(key);
    if (ready !== undefined) return ready;
    const { batches } = this.manifest;
    const { model } = buildTrainingGraph(this.base.config, {
      mode: 'lora',
      batch: batches.batch,
      length,
      baseWeights: frozenWeights(this.base),
      shared: this.#runtime.sharesWeights(this.base.config),
      lora: loraGraph(this.#lora),
      quantization: this.manifest.base.quantization === 'q4' ? 'q4' : undefined,
      gradient: output === 'g',
      tokenLoss: output === 'tokenLoss',
    });
    const session = this.#runtime.createSession(model);
    this.#sessions.set(key, session);
    return session;
  }
}
