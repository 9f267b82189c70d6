import { concat, keccak } from '@openledger/sdk/protocol/bytes';
import { lossBits, type StepRecord } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import { loraScaling } from '../adapter/peft.ts';
import { loraLayout } from '../llama/parameters.ts';
import { buildTrainingGraph } from '../llama/training-graph.ts';
import type { BaseModel } from '../model/base.ts';
import { Random } from '../numeric/random.ts';
import { floatsOf, openRuntime, type Runtime, type Session, scalarOf } from '../runtime/runtime.ts';
import { adamwStep, createOptimizerState, type OptimizerState } from './adamw.ts';
import { type Batch, batchesOfStep, batchFeeds, type WeightedSample } from './batches.ts';
import type { TrainingManifest } from './manifest.ts';
import { encodeRow, type Row } from './rows.ts';
import { decodeLearningRates } from './schedule.ts';

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
  readonly #samples: readonly WeightedSample[];
  readonly #rates: Float32Array;
  readonly #runtime: Runtime;
  readonly #sessions = new Map<number, Session>();

  private constructor(
    base: BaseModel,
    manifest: TrainingManifest,
    rows: readonly Row[],
    runtime: Runtime,
    state: OptimizerState,
  ) {
    const weights = new Map(manifest.data.contributions.map(({ asset, weight }) => [asset, weight]));
    this.#base = base;
    this.#manifest = manifest;
    this.#samples = rows.map((row) => ({
      ...encodeRow(base.tokenizer, row.text),
      weight: weights.get(row.asset) ?? 1,
    }));
    this.#rates = decodeLearningRates(manifest.learningRates);
    this.#runtime = runtime;
    this.state = state;
  }

  /** Prepares to run steps from `state`, or from the beginning. */
  static async open(
    base: BaseModel,
    manifest: TrainingManifest,
    rows: readonly Row[],
    options: { readonly threads?: number; readonly state?: OptimizerState } = {},
  ): Promise<Stepper> {
    const runtime = await openRuntime(manifest.runtime.profile, { threads: options.threads });
    const state = options.state ?? createOptimizerState(initialAdapter(base, manifest.lora));
    return new Stepper(base, manifest, rows, runtime, state);
  }

  /** Carries out a step, counted from 1. Steps must be run in order. */
  async run(step: number): Promise<StepResult> {
    const batches = batchesOfStep(this.#manifest.batches, this.#samples, step);
    const gradient = new Float32Array(this.state.parameters.length);
    let loss = 0;
    for (const batch of batches) {
      const session = await this.#session(batch.length);
      const p = { data: this.state.parameters, dims: [this.state.parameters.length] };
      const outputs = await session.run({ ...batchFeeds(batch), p });
      const part = floatsOf(outputs.g);
      for (let i = 0; i < part.length; i += 1) gradient[i] += part[i];
      loss += scalarOf(outputs.loss);
    }
    const lr = this.#rates[step - 1];
    const gradNorm = adamwStep(this.state, gradient, this.#manifest.optimizer, step, lr);
    const record = {
      step,
      batchHash: hashBatches(batches),
      lossBits: lossBits(loss),
      weightsHash: hashFloats(this.state.parameters),
    };
    return { record, loss, lr, gradNorm, tokens: batches.reduce((sum, batch) => sum + batch.tokens, 0) };
  }

  async close(): Promise<void> {
    await this.#runtime.close();
  }

  /** The graph for rows of one length, built when it is first needed. */
  async #session(length: number): Promise<Session> {
    const ready = this.#sessions.get(length);
    if (ready !== undefined) return ready;
    const { model } = buildTrainingGraph(this.#base.config, {
      mode: 'lora',
      batch: this.#manifest.batches.batch,
      length,
      baseWeights: this.#base.weights,
      lora: { rank: this.#manifest.lora.rank, scaling: loraScaling(this.#manifest.lora) },
    });
    const session = await this.#runtime.createSession(model);
    this.#sessions.set(length, session);
    return session;
  }
}

/**
 * A new adapter: A uniform in ±initScale/√in (PEFT draws it with 1), B zero, so that it changes nothing yet.
 * Adam moves every number by about the same step, so a larger A turns more slowly while B grows.
 */
export function initialAdapter(
  base: Pick<BaseModel, 'config'>,
  lora: TrainingManifest['lora'],
): Float32Array {
  const layout = loraLayout(base.config, lora.rank);
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
  return keccak(bytesOf(values));
}

function hashBatches(batches: readonly Batch[]): Hex {
  return keccak(
    concat(...batches.flatMap(({ ids, labels, weights }) => [ids, labels, weights].map(bytesOf))),
  );
}

function bytesOf(data: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
