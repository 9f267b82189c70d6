import { exp } from '../numeric/exact-math.ts';
import { type Batch, countedTokens, fillBatch, longestOf } from './batches.ts';
import type { DatanetSample } from './dataset.ts';

/** How well the model predicts the rows of one datanet that it never trained on. */
export type DatanetLoss = {
  readonly datanet: number;
  /** Tokens that were predicted. */
  readonly tokens: number;
  /** Mean loss in nats per token. */
  readonly loss: number;
  /** e^loss. */
  readonly perplexity: number;
};

/** A measurement after a step; step 0 is before the first. */
export type Evaluation = {
  readonly step: number;
  /** Mean over all tokens, whatever their contribution weighs. */
  readonly loss: number;
  readonly perplexity: number;
  /** Ascending by datanet. */
  readonly datanets: readonly DatanetLoss[];
};

type EvaluationPlan = { readonly batch: number; readonly lengths: readonly number[] };

/** Measures samples, datanet by datanet. `lossOf` gives the summed, weighted loss of a batch. */
export async function evaluate(
  plan: EvaluationPlan,
  samples: readonly DatanetSample[],
  step: number,
  lossOf: (batch: Batch) => Promise<number>,
): Promise<Evaluation> {
  const ids = [...new Set(samples.map(({ datanet }) => datanet))].sort((a, b) => a - b);
  const datanets: DatanetLoss[] = [];
  let allLoss = 0;
  let allTokens = 0;
  for (const datanet of ids) {
    const own = samples.filter((sample) => sample.datanet === datanet);
    let sum = 0;
    for (const batch of measuringBatches(plan, own)) sum += await lossOf(batch);
    const tokens = own.reduce((total, sample) => total + countedTokens(plan, sample), 0);
    datanets.push({ datanet, tokens, loss: sum / tokens, perplexity: exp(sum / tokens) });
    allLoss += sum;
    allTokens += tokens;
  }
  const loss = allLoss / allTokens;
  return { step, loss, perplexity: exp(loss), datanets };
}

/** The lowest loss of some measurements; the earliest when several share it. */
export function bestOf(evaluations: readonly Evaluation[]): Evaluation | undefined {
  return evaluations.reduce<Evaluation | undefined>(
    (best, one) => (best === undefined || one.loss < best.loss ? one : best),
    undefined,
  );
}

/** Whether the last `patience` measurements brought no new best. */
export function isStalled(evaluations: readonly Evaluation[], patience: number): boolean {
  const best = bestOf(evaluations);
  return patience > 0 && best !== undefined && evaluations.length - 1 - evaluations.indexOf(best) >= patience;
}

/** One sample per row, short ones together; each counted token weighs 1, whatever its contribution. */
function measuringBatches(plan: EvaluationPlan, samples: readonly DatanetSample[]): Batch[] {
  const longest = longestOf(plan);
  const length = ({ tokens }: DatanetSample) => Math.min(longest, tokens.length - 1);
  const order = [...samples].sort((a, b) => length(a) - length(b)).map((one) => ({ ...one, weight: 1 }));
  return Array.from({ length: Math.ceil(order.length / plan.batch) }, (_, i) =>
    fillBatch(plan, order.slice(i * plan.batch, (i + 1) * plan.batch), 1),
  );
}
