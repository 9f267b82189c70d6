import { type Adapter, adapterLayout, loraScaling, targetsOf } from '../adapter/peft.ts';
import { buildTrainingGraph } from '../llama/training-graph.ts';
import { type BaseModel, frozenWeights } from '../model/base.ts';
import { exp } from '../numeric/exact-math.ts';
import { type Runtime, type Session, scalarOf } from '../runtime/runtime.ts';
import { batchFeeds, fillBatch } from '../training/batches.ts';
import { encodeSamples, type RowFormat, type Sample } from '../training/rows.ts';
import type { Measurement } from './result.ts';

/** How well a model predicts some rows. What counts is what counts in training: of a chat row only the answer. */
export type PerplexityOptions = {
  readonly runtime: Runtime;
  readonly base: BaseModel;
  readonly adapter?: Adapter;
  /** Rows as contributions hold them. */
  readonly rows: readonly string[];
  /** How they are read. Default `chat`: a question line, then the answer. */
  readonly format?: RowFormat;
};

/** Rows per run of a graph. */
const BATCH = 8;

/** The mean loss of the tokens that count, without and with the adapter; `after` is undefined when there is none. */
export async function measurePerplexity(
  options: PerplexityOptions,
): Promise<{ tokens: number; before: Measurement; after: Measurement | undefined }> {
  const { base, adapter, format = 'chat' } = options;
  const { maxPositions } = base.config;
  const samples = options.rows.flatMap((row) => encodeSamples(base.tokenizer, format, row, maxPositions));
  const size = adapterLayout(base.config, adapter ?? { rank: 1 }).size;
  const sums = { tokens: 0, before: 0, after: 0 };
  for (const [length, group] of groupByLength(samples, maxPositions)) {
    const session = await openSession(options, length);
    for (let i = 0; i < group.length; i += BATCH) {
      const batch = group.slice(i, i + BATCH);
      sums.tokens += batch.reduce((sum, sample) => sum + countedTokens(sample, length), 0);
      sums.before += await lossOf(session, batch, length, new Float32Array(size));
      if (adapter !== undefined) sums.after += await lossOf(session, batch, length, adapter.weights);
    }
    await session.close();
  }
  const measured = (sum: number) => ({ loss: sum / sums.tokens, perplexity: exp(sum / sums.tokens) });
  return {
    tokens: sums.tokens,
    before: measured(sums.before),
    after: adapter === undefined ? undefined : measured(sums.after),
  };
}

/** The graph for rows of up to `length` tokens. An adapter of zeros is the base model. */
function openSession({ runtime, base, adapter }: PerplexityOptions, length: number): Promise<Session> {
  const scaling = adapter === undefined ? 1 : loraScaling(adapter);
  const { model } = buildTrainingGraph(base.config, {
    mode: 'lora',
    batch: BATCH,
    length,
    baseWeights: frozenWeights(base),
    shared: runtime.sharesWeights(base.config),
    lora: { rank: adapter?.rank ?? 1, scaling, targets: targetsOf(adapter ?? {}) },
    gradient: false,
  });
  return runtime.createSession(model);
}

/** The loss of some rows, summed over the tokens that count. */
async function lossOf(
  session: Session,
  samples: readonly Sample[],
  length: number,
  parameters: Float32Array,
): Promise<number> {
  const weighted = samples.map((sample) => ({ ...sample, weight: 1 }));
  const batch = fillBatch({ batch: BATCH, lengths: [length] }, weighted, 1);
  const p = { data: parameters, dims: [parameters.length] };
  return scalarOf((await session.run({ ...batchFeeds(batch), p })).loss);
}

/** Rows by the power of two that holds them; those longer than the model reads are cut there, as in training. */
function groupByLength(samples: readonly Sample[], maxPositions: number): Map<number, Sample[]> {
  const groups = new Map<number, Sample[]>();
  for (const sample of samples) {
    const fits = 2 ** Math.ceil(Math.log2(Math.max(16, sample.tokens.length - 1)));
    const length = Math.min(maxPositions, fits);
    groups.set(length, [...(groups.get(length) ?? []), sample]);
  }
  return new Map([...groups].sort(([a], [b]) => a - b));
}

function countedTokens(sample: Sample, length: number): number {
  return Math.max(0, Math.min(length + 1, sample.tokens.length) - sample.answerStart);
}
