import { Random } from '../numeric/random.ts';
import type { Tensor } from '../runtime/runtime.ts';
import type { Sample } from './rows.ts';

/** A sample with the weight of its contribution. */
export type WeightedSample = Sample & { readonly weight: number };

/** The inputs of one run of a training graph, except its parameters. */
export type Batch = {
  /** Tokens per row, padding included. */
  readonly length: number;
  /** Tokens of the samples, without padding. */
  readonly tokens: number;
  readonly ids: BigInt64Array;
  readonly labels: BigInt64Array;
  readonly weights: Float32Array;
};

/** How rows become batches. Everything here is part of the manifest. */
export type BatchPlan = {
  /** Rows per run of the graph. */
  readonly batch: number;
  /** Runs per optimiser step. */
  readonly accumulation: number;
  /** Allowed row lengths, ascending. A batch is padded to the smallest that holds its longest row. */
  readonly lengths: readonly number[];
  readonly seed: number;
};

/** Steps that one pass over the rows takes. */
export function stepsPerEpoch(plan: BatchPlan, rows: number): number {
  return Math.ceil(rows / (plan.batch * plan.accumulation));
}

/**
 * The batches of a step, counted from 1: a function of plan, samples and step alone.
 */
export function batchesOfStep(plan: BatchPlan, samples: readonly WeightedSample[], step: number): Batch[] {
  return packStep(plan, samplesOfStep(plan, samples, step));
}

/**
 * The samples that a step reads, in order.
 *
 * In each epoch the rows are shuffled and then ordered by length class, so that little padding is needed; the
 * steps made from them are shuffled again.
 */
export function samplesOfStep<T extends Sample>(plan: BatchPlan, samples: readonly T[], step: number): T[] {
  const perEpoch = stepsPerEpoch(plan, samples.length);
  const epoch = Math.floor((step - 1) / perEpoch);
  const random = new Random(plan.seed + epoch);
  const order = random.shuffle([...samples]).sort((a, b) => lengthClass(plan, a) - lengthClass(plan, b));
  const places = random.shuffle(Array.from({ length: perEpoch }, (_, i) => i));
  const size = plan.batch * plan.accumulation;
  const start = places[(step - 1) % perEpoch] * size;
  return order.slice(start, start + size);
}

/** The samples of one step as batches, in which the loss is the weighted mean over all their counted tokens. */
function packStep(plan: BatchPlan, chosen: readonly WeightedSample[]): Batch[] {
  const total = chosen.reduce((sum, sample) => sum + sample.weight * countedTokens(plan, sample), 0);
  const runs = Math.ceil(chosen.length / plan.batch);
  return Array.from({ length: runs }, (_, i) =>
    fillBatch(plan, chosen.slice(i * plan.batch, (i + 1) * plan.batch), total),
  );
}

/** Pads samples into one batch. Each counted token weighs `sample.weight / total`. */
export function fillBatch(
  plan: Pick<BatchPlan, 'batch' | 'lengths'>,
  samples: readonly WeightedSample[],
  total: number,
): Batch {
  const length = plan.lengths[Math.max(0, ...samples.map((sample) => lengthClass(plan, sample)))];
  const ids = new BigInt64Array(plan.batch * length);
  const labels = new BigInt64Array(plan.batch * length);
  const weights = new Float32Array(plan.batch * length);
  let tokens = 0;
  samples.forEach((sample, row) => {
    const count = Math.min(length, sample.tokens.length - 1);
    for (let i = 0; i < count; i += 1) {
      ids[row * length + i] = BigInt(sample.tokens[i]);
      labels[row * length + i] = BigInt(sample.tokens[i + 1]);
      if (i + 1 >= sample.answerStart) weights[row * length + i] = sample.weight / total;
    }
    tokens += count;
  });
  return { length, tokens, ids, labels, weights };
}

/** The batch as inputs of a training graph. */
export function batchFeeds(batch: Batch): Record<'ids' | 'labels' | 'weights', Tensor> {
  const dims = [batch.ids.length];
  return {
    ids: { data: batch.ids, dims },
    labels: { data: batch.labels, dims },
    weights: { data: batch.weights, dims },
  };
}

/** Index of the smallest allowed length that holds the sample; longer samples are cut to the largest. */
function lengthClass(plan: Pick<BatchPlan, 'lengths'>, sample: Sample): number {
  const fits = plan.lengths.findIndex((length) => sample.tokens.length - 1 <= length);
  return fits < 0 ? plan.lengths.length - 1 : fits;
}

/** Tokens of a sample that have a loss. */
export function countedTokens(plan: Pick<BatchPlan, 'lengths'>, sample: Sample): number {
  const longest = plan.lengths[plan.lengths.length - 1];
  return Math.min(longest + 1, sample.tokens.length) - sample.answerStart;
}
