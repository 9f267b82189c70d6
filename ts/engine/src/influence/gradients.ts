import { type Adapter, loraScaling } from '../adapter/peft.ts';
import { buildTrainingGraph } from '../llama/training-graph.ts';
import { type BaseModel, frozenWeights } from '../model/base.ts';
import { floatsOf, type Runtime, type Session } from '../runtime/runtime.ts';
import { batchFeeds, fillBatch } from '../training/batches.ts';
import type { Sample } from '../training/rows.ts';

/** Graph lengths in use: a row is padded to the smallest that holds it, so its bits depend on the row alone. */
const LENGTHS = [
  32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024,
];

/**
 * Gradients of a row's loss by the LoRA parameters, one row per run.
 *
 * A row is never batched with others: matrix kernels may round differently for other shapes, and whoever checks
 * one sketch should need one row. The loss is summed, not averaged, over the answer's tokens, as in training.
 */
export class RowGradients {
  readonly #base: BaseModel;
  readonly #adapter: Adapter;
  readonly #runtime: Runtime;
  readonly #lengths: readonly number[];
  readonly #sessions = new Map<number, Promise<Session>>();

  constructor(base: BaseModel, adapter: Adapter, runtime: Runtime) {
    this.#base = base;
    this.#adapter = adapter;
    this.#runtime = runtime;
    const { maxPositions } = base.config;
    this.#lengths = [...LENGTHS.filter((length) => length < maxPositions), maxPositions];
  }

  /** The gradient of the summed loss of the sample's answer, in the order of the adapter's weights. */
  async gradient(sample: Sample): Promise<Float32Array> {
    const fitted = fitSample(sample, this.#lengths.at(-1)!);
    const batch = fillBatch({ batch: 1, lengths: this.#lengths }, [{ ...fitted, weight: 1 }], 1);
    const session = await this.#session(batch.length);
    const p = { data: this.#adapter.weights, dims: [this.#adapter.weights.length] };
    return floatsOf((await session.run({ ...batchFeeds(batch), p })).g);
  }

  /** The graph for one length, built when it is first needed. */
  #session(length: number): Promise<Session> {
    const ready = this.#sessions.get(length);
    if (ready !== undefined) return ready;
    const { model } = buildTrainingGraph(this.#base.config, {
      mode: 'lora',
      batch: 1,
      length,
      baseWeights: frozenWeights(this.#base),
      shared: this.#runtime.sharesWeights(this.#base.config),
      lora: {
        rank: this.#adapter.rank,
        scaling: loraScaling(this.#adapter),
        targets: this.#adapter.targets,
      },
    });
    const session = this.#runtime.createSession(model);
    this.#sessions.set(length, session);
    return session;
  }
}

/**
 * Cuts a sample that is too long for the model: first the oldest tokens of its prompt, of which at least one
 * stays, then the end of its answer.
 */
export function fitSample(sample: Sample, longest: number): Sample {
  // The last token is only predicted, so one token more than the graph's length fits.
  const excess = Math.max(0, sample.tokens.length - (longest + 1));
  const fromPrompt = Math.min(excess, Math.max(0, sample.answerStart - 1));
  return {
    tokens: sample.tokens.slice(fromPrompt, fromPrompt + longest + 1),
    answerStart: sample.answerStart - fromPrompt,
  };
}
