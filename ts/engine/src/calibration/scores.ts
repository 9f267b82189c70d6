import { Random } from '../numeric/random.ts';

/** Spearman's rank correlation of two lists; equal values share their mean rank. 0 if one of them is constant. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return correlation(ranks(a), ranks(b));
}

/** Ranks from 1 up; equal values share their mean. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i] - values[j]);
  const result = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end += 1;
    for (let i = start; i < end; i += 1) result[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i += 1) {
    product += (a[i] - meanA) * (b[i] - meanB);
    squareA += (a[i] - meanA) ** 2;
    squareB += (b[i] - meanB) ** 2;
  }
  return squareA === 0 || squareB === 0 ? 0 : product / Math.sqrt(squareA * squareB);
}

/** Models trained again on parts of the data, and what each query then costs. */
export type Bank = {
  /** Per subset and row, 1 if the row was read. */
  readonly kept: readonly Uint8Array[];
  /** Per subset and query, the summed loss of the answer. */
  readonly losses: readonly Float64Array[];
};

/** Per query and subset, the sum of the scores of the rows that were read: what a linear estimator predicts. */
export function predictions(bank: Bank, scores: readonly ArrayLike<number>[]): Float64Array[] {
  return scores.map((score) =>
    Float64Array.from(bank.kept, (kept) => kept.reduce((sum, one, i) => (one ? sum + score[i] : sum), 0)),
  );
}

/**
 * The linear datamodeling score of each query (Park et al. 2023): the rank correlation, over the subsets, of the
 * predicted sum with how well the model that was really trained on the subset does. `subsets` picks some of them.
 */
export function datamodelingScores(
  bank: Bank,
  predicted: readonly Float64Array[],
  subsets: readonly number[] = bank.kept.map((_, s) => s),
): number[] {
  return predicted.map((prediction, q) =>
    spearman(
      subsets.map((s) => prediction[s]),
      subsets.map((s) => -bank.losses[s][q]),
    ),
  );
}

/** A figure with the 95 % interval of the bootstrap. */
export type Estimate = { readonly value: number; readonly low: number; readonly high: number };

/**
 * The mean over queries of one estimator's score, less another's if given, with a 95 % interval: queries and
 * subsets are both drawn again with replacement, the same ones for both estimators.
 */
export function bootstrapScore(
  bank: Bank,
  predicted: readonly Float64Array[],
  other?: readonly Float64Array[],
  options: { readonly draws?: number; readonly seed?: number } = {},
): Estimate {
  const { draws = 1000, seed = 1 } = options;
  const random = new Random(seed);
  const [queries, subsets] = [predicted.length, bank.kept.length];
  const difference = (chosenQueries: readonly number[], chosenSubsets?: readonly number[]) => {
    const pick = (all: readonly Float64Array[]) => chosenQueries.map((q) => all[q]);
    const losses = bank.losses.map((row) => Float64Array.from(chosenQueries, (q) => row[q]));
    const drawn = { kept: bank.kept, losses };
    const ours = mean(datamodelingScores(drawn, pick(predicted), chosenSubsets));
    return other === undefined ? ours : ours - mean(datamodelingScores(drawn, pick(other), chosenSubsets));
  };
  const draw = (count: number) => Array.from({ length: count }, () => random.below(count));
  const values = Array.from({ length: draws }, () => difference(draw(queries), draw(subsets)));
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(draws - 1, Math.floor(share * draws))];
  const value = difference(Array.from({ length: queries }, (_, q) => q));
  return { value, low: at(0.025), high: at(0.975) };
}

/** The chance that a random one of `positives` is above a random one of `negatives`; ties count half. */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  const all = ranks([...positives, ...negatives]);
  const sum = all.subarray(0, positives.length).reduce((total, rank) => total + rank, 0);
  return (sum - (positives.length * (positives.length + 1)) / 2) / (positives.length * negatives.length);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
