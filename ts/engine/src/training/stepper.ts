import { concat } from '@openledger/sdk/protocol/bytes';
import { lossBits, type StepRecord } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import { loraScaling } from '../adapter/peft.ts';
import { keccakBytes } from '../files/keccak.ts';
import {
  baseLayout,
  loraLayout,
  matrixRanges,
  type ParameterLayout,
  type ParameterRange,
} from '../llama/parameters.ts';
import { trainingBytes, weightBytes } from '../llama/quantize.ts';
import { buildTrainingGraph } from '../llama/training-graph.ts';
import { type BaseModel, frozenWeights } from '../model/base.ts';
import { Random } from '../numeric/random.ts';
import { sharedFloats } from '../numeric/shared.ts';
import { checkFits } from '../runtime/memory.ts';
import {
  openRuntime,
  type Runtime,
  type RuntimeOptions,
  type Session,
  scalarOf,
} from '../runtime/runtime.ts';
import { createOptimizerState, type OptimizerState, type StepFactors } from './adamw.ts';
import { type Batch, batchFeeds, createBatches } from './batches.ts';
import { createDataset, type Dataset, type DatasetReport } from './dataset.ts';
import { type Evaluation, evaluate } from './evaluation.ts';
import type { ManifestLora, TrainingManifest } from './manifest.ts';
import { Optimizer } from './optimizer.ts';
import type { Row } from './rows.ts';
import { createStepFactors } from './schedule.ts';

/** What a step did. */
export type StepResult = {
  readonly record: StepRecord;
  readonly loss: number;
  readonly lr: number;
  readonly gradNorm: number;
  /** Tokens read, padding not counted. */
  readonly tokens: number;
};

/** Carries out the steps of a manifest, one at a time. Used to train, to resume and to verify. */
export class Stepper {
  readonly state: OptimizerState;
  readonly #base: BaseModel;
  readonly #manifest: TrainingManifest;
  readonly #dataset: Dataset;
  readonly #batchesOf: (step: number) => Batch[];
  readonly #factorsOf: (step: number) => StepFactors;
  readonly #decayed: readonly ParameterRange[];
  readonly #gradient: Float32Array;
  readonly #optimizer: Optimizer;
  readonly #runtime: Runtime;
  readonly #isPortable: boolean;
  readonly #sessions = new Map<string, Session>();

  private constructor(
    base: BaseModel,
    manifest: TrainingManifest,
    rows: readonly Row[],
    runtime: Runtime,
    { device = 'cpu', threads }: RuntimeOptions,
    state: OptimizerState,
  ) {
    this.#base = base;
    this.#manifest = manifest;
    this.#dataset = createDataset(manifest, base.tokenizer, rows);
    this.#batchesOf = createBatches(manifest.batches, this.#dataset.sequences);
    this.#factorsOf = createStepFactors(manifest);
    this.#decayed = matrixRanges(layoutOf(base, manifest));
    this.#gradient = sharedFloats(state.parameters.length);
    this.#runtime = runtime;
    this.#isPortable = device !== 'cpu';
    this.#optimizer = new Optimizer(state.parameters.length, threads);
    this.state = state;
  }

  /** Prepares to run steps from `state`, or from the beginning. */
  static async open(
    base: BaseModel,
    manifest: TrainingManifest,
    rows: readonly Row[],
    options: RuntimeOptions & { readonly state?: OptimizerState } = {},
  ): Promise<Stepper> {
    checkFits(manifest.runtime.profile, trainingBytes(base.config, manifest.base.quantization));
    if (manifest.mode === 'full' && weightBytes(base.config) >= 2 ** 32) {
      throw new Error(
        `This base has ${(weightBytes(base.config) / 2 ** 30).toFixed(1)} GiB of weights, and 4 GiB is the most that can be trained whole. Train an adapter (mode lora).`,
      );
    }
    const runtime = await openRuntime(manifest.runtime.profile, options);
    const state = options.state ?? createOptimizerState(initialParameters(base, manifest));
    return new Stepper(base, manifest, rows, runtime, options, state);
  }

  /** Carries out a step, counted from 1. Steps must be run in order. */
  async run(step: number): Promise<StepResult> {
    const batches = this.#batchesOf(step);
    const gradient = this.#gradient;
    let loss = await this.#execute(batches[0], gradient);
    for (const batch of batches.slice(1)) {
      const part = sharedFloats(gradient.length);
      loss += await this.#execute(batch, part);
      for (let i = 0; i < part.length; i += 1) gradient[i] += part[i];
    }
    const factors = this.#factorsOf(step);
    const settings = this.#manifest.optimizer;
    const gradNorm = await this.#optimizer.update(this.state, gradient, settings, factors, this.#decayed);
    const record = {
      step,
      batchHash: hashBatches(batches),
      lossBits: lossBits(loss),
      weightsHash: hashFloats(this.state.parameters),
    };
    const tokens = batches.reduce((sum, batch) => sum + batch.tokens, 0);
    return { record, loss, lr: factors.learningRate, gradNorm, tokens };
  }

  /** Measures the validation rows with the weights as they are; undefined when the run keeps none. */
  async evaluate(step: number): Promise<Evaluation | undefined> {
    const { validation } = this.#dataset;
    if (validation.length === 0) return undefined;
    return evaluate(this.#manifest.batches, validation, step, (batch) => this.#execute(batch));
  }

  /** What became of the run's rows. */
  get data(): DatasetReport {
    return this.#dataset.report;
  }

  async close(): Promise<void> {
    await this.#optimizer.close();
    await this.#runtime.close();
  }

  /** The loss of a batch; its gradient is written to `gradient` if that is given. */
  async #execute(batch: Batch, gradient?: Float32Array): Promise<number> {
    const session = await this.#session(batch.length, gradient !== undefined);
    const dims = [this.state.parameters.length];
    const feeds = { ...batchFeeds(batch, this.#isMasked), p: { data: this.state.parameters, dims } };
    const outputs = await session.run(feeds, gradient && { g: { data: gradient, dims } });
    return scalarOf(outputs.loss);
  }

  get #isMasked(): boolean {
    return this.#manifest.batches.packing === 'documents';
  }

  /** The graph for rows of one length, built when it is first needed. */
  async #session(length: number, gradient: boolean): Promise<Session> {
    const key = `${length} ${gradient}`;
    const ready = this.#sessions.get(key);
    if (ready !== undefined) return ready;
    const { mode, lora, batches, base } = this.#manifest;
    const { model } = buildTrainingGraph(this.#base.config, {
      mode,
      batch: batches.batch,
      length,
      gradient,
      documents: this.#isMasked,
      portable: this.#isPortable,
      ...(lora === undefined ? {} : { baseWeights: frozenWeights(this.#base), lora: loraGraph(lora) }),
      shared: this.#runtime.sharesWeights(this.#base.config),
      ...(base.quantization === 'none' ? {} : { quantization: base.quantization }),
    });
    const session = await this.#runtime.createSession(model);
    this.#sessions.set(key, session);
    return session;
  }
}

/** Where each trained tensor of a run lies in its flat vectors. */
export function layoutOf(
  base: Pick<BaseModel, 'config'>,
  { lora }: Pick<TrainingManifest, 'lora'>,
): ParameterLayout {
  return lora === undefined ? baseLayout(base.config) : loraLayout(base.config, lora.rank, lora.targets);
}

/** A run's LoRA matrices, as training graphs take them. */
export function loraGraph(lora: ManifestLora) {
  return { rank: lora.rank, scaling: loraScaling(lora), targets: lora.targets };
}

/** Where a run starts: at a new adapter, or at the base model's own weights. */
export function initialParameters(
  base: Pick<BaseModel, 'config' | 'weights'>,
  { lora }: Pick<TrainingManifest, 'lora'>,
): Float32Array {
  return lora === undefined ? base.weights : initialAdapter(base, lora);
}

/**
 * A new adapter: A uniform in ±initScale/√in (PEFT draws it with 1), B zero, so that it changes nothing yet.
 * Adam moves every number by about the same step, so a larger A turns more slowly while B grows.
 */
function initialAdapter(base: Pick<BaseModel, 'config'>, lora: ManifestLora): Float32Array {
  const layout = layoutOf(base, { lora });
  const weights = new Float32Array(layout.size);
  const random = new Random(lora.seed);
  for (const slot of layout.slots) {
    if (slot.name.endsWith('.lora_B')) continue;
    const bound = lora.initScale / Math.sqrt(slot.shape[0]);
    for (let i = 0; i < slot.size; i += 1) weights[slot.offset + i] = bound * (2 * random.uniform() - 1);
  }
  return weights;
}

/** keccak256 of float32 values, little-endian. */
export function hashFloats(values: Float32Array): Hex {
  return keccakBytes(bytesOf(values));
}

function hashBatches(batches: readonly Batch[]): Hex {
  return keccakBytes(
    concat(...batches.flatMap((batch) => [batch.ids, batch.labels, batch.weights].map(bytesOf))),
  );
}

function bytesOf(data: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
