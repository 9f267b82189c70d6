import { Random } from '../numeric/random.ts';
import type { Tensor } from '../runtime/runtime.ts';
import { type Packing, positionsOf, type Sequence } from './packing.ts';
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
  /** Which sample of its row a position belongs to, from 1; 0 for padding. */
  readonly documents: Float32Array;
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
  /** Default `none`. */
  readonly packing?: Packing;
};

/** Steps that one pass over the sequences takes. */
export function stepsPerEpoch(plan: Pick<BatchPlan, 'batch' | 'accumulation'>, sequences: number): number {
  return Math.ceil(sequences / (plan.batch * plan.accumulation));
}

/**
 * The sequences that each step reads, in order: a function of plan, sequences and step alone.
 *
 * In each epoch the sequences are shuffled and then ordered by length class, so that little padding is needed;
 * the steps made from them are shuffled again.
 */
export function createOrder<S extends Sample>(
  plan: BatchPlan,
  sequences: readonly Sequence<S>[],
): (step: number) => Sequence<S>[] {
  const perEpoch = stepsPerEpoch(plan, sequences.length);
  const size = plan.batch * plan.accumulation;
  const orderOf = (epoch: number) => {
    const random = new Random(plan.seed + epoch);
    const order = random.shuffle([...sequences]).sort((a, b) => lengthClass(plan, a) - lengthClass(plan, b));
    return { epoch, order, places: random.shuffle(Array.from({ length: perEpoch }, (_, i) => i)) };
  };
  let current = orderOf(0);
  return (step) => {
    const epoch = Math.floor((step - 1) / perEpoch);
    if (current.epoch !== epoch) current = orderOf(epoch);
    const start = current.places[(step - 1) % perEpoch] * size;
    return current.order.slice(start, start + size);
  };
}

/** The batches of each step, counted from 1. Their loss is the weighted mean over all counted tokens. */
export function createBatches(
  plan: BatchPlan,
  sequences: readonly Sequence<WeightedSample>[],
): (step: number) => Batch[] {
  const orderOf = createOrder(plan, sequences);
  return (step) => {
    const chosen = orderOf(step);
    const total = chosen.flat().reduce((sum, sample) => sum + sample.weight * countedTokens(plan, sample), 0);
    return Array.from({ length: Math.ceil(chosen.length / plan.batch) }, (_, i) =>
      fillSequences(plan, chosen.slice(i * plan.batch, (i + 1) * plan.batch), total),
    );
  };
}

/** Pads samples, one per row, into one batch. Each counted token weighs `sample.weight / total`. */
export function fillBatch(
  plan: Pick<BatchPlan, 'batch' | 'lengths'>,
  samples: readonly WeightedSample[],
  total: number,
): Batch {
  return fillSequences(
    plan,
    samples.map((sample) => [sample]),
    total,
  );
}

/** Pads sequences into one batch. Each counted token weighs `sample.weight / total`. */
export function fillSequences(
  plan: Pick<BatchPlan, 'batch' | 'lengths'>,
  sequences: readonly Sequence<WeightedSample>[],
  total: number,
): Batch {
  const length = plan.lengths[Math.max(0, ...sequences.map((sequence) => lengthClass(plan, sequence)))];
  const ids = new BigInt64Array(plan.batch * length);
  const labels = new BigInt64Array(plan.batch * length);
  const weights = new Float32Array(plan.batch * length);
  const documents = new Float32Array(plan.batch * length);
  let tokens = 0;
  sequences.forEach((sequence, row) => {
    let at = row * length;
    sequence.forEach((sample, index) => {
      const count = positionsOf(sample, length);
      for (let i = 0; i < count; i += 1) {
        ids[at + i] = BigInt(sample.tokens[i]);
        labels[at + i] = BigInt(sample.tokens[i + 1]);
        if (i + 1 >= sample.answerStart) weights[at + i] = sample.weight / total;
      }
      documents.fill(index + 1, at, at + count);
      at += count;
      tokens += count;
    });
  });
  return { length, tokens, ids, labels, weights, documents };
}

/** The batch as inputs of a training graph, with the documents when the graph asks for them. */
export function batchFeeds(batch: Batch, documents = false): Record<string, Tensor> {
  const dims = [batch.ids.length];
  return {
    ids: { data: batch.ids, dims },
    labels: { data: batch.labels, dims },
    weights: { data: batch.weights, dims },
    ...(documents ? { documents: { data: batch.documents, dims } } : {}),
  };
}

/** Tokens of a sample that have a loss. */
export function countedTokens(plan: Pick<BatchPlan, 'lengths'>, sample: Sample): number {
  return Math.max(0, positionsOf(sample, longestOf(plan)) + 1 - sample.answerStart);
}

/** The longest row that a plan allows. */
export function longestOf(plan: Pick<BatchPlan, 'lengths'>): number {
  return plan.lengths[plan.lengths.length - 1];
}

/** Index of the smallest allowed length that holds the sequence; a longer one is cut to the largest. */
function lengthClass(plan: Pick<BatchPlan, 'lengths'>, sequence: Sequence): number {
  const longest = longestOf(plan);
  const positions = sequence.reduce((sum, sample) => sum + positionsOf(sample, longest), 0);
  const fits = plan.lengths.findIndex((length) => positions <= length);
  return fits < 0 ? plan.lengths.length - 1 : fits;
}
