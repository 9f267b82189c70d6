import { z } from 'zod';

const natural = z.number().int().min(0);

/** How long rows are, in characters (code points) or tokens. */
export const lengthStatistics = z.object({
  count: natural,
  total: natural,
  least: natural,
  most: natural,
  mean: z.number(),
  /** Nearest-rank percentiles. */
  median: natural,
  p95: natural,
  /** Rows by length: `rows` of them have at least `from` and fewer than `2·from` (the first bin: none). */
  histogram: z.array(z.object({ from: natural, rows: natural })),
});
export type LengthStatistics = z.infer<typeof lengthStatistics>;

/** Statistics of some lengths, rounded to what is worth reading. */
export function describeLengths(lengths: readonly number[]): LengthStatistics {
  const sorted = [...lengths].sort((a, b) => a - b);
  const count = sorted.length;
  const total = sorted.reduce((sum, length) => sum + length, 0);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
  return {
    count,
    total,
    least: sorted[0] ?? 0,
    most: sorted[count - 1] ?? 0,
    mean: count === 0 ? 0 : Math.round((100 * total) / count) / 100,
    median: rank(0.5),
    p95: rank(0.95),
    histogram: histogramOf(sorted),
  };
}

/** Bins that double in width, from the first to the last that holds a row. */
function histogramOf(sorted: readonly number[]): { from: number; rows: number }[] {
  if (sorted.length === 0) return [];
  const binOf = (length: number) => (length === 0 ? 0 : 2 ** Math.floor(Math.log2(length)));
  const rows = new Map<number, number>();
  for (const length of sorted) rows.set(binOf(length), (rows.get(binOf(length)) ?? 0) + 1);
  const last = binOf(sorted[sorted.length - 1]);
  const bins: { from: number; rows: number }[] = [];
  for (let from = binOf(sorted[0]); from <= last; from = Math.max(1, 2 * from)) {
    bins.push({ from, rows: rows.get(from) ?? 0 });
  }
  return bins;
}
