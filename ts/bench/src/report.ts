/** One measured figure beside its anchor. `ratio` is ours over the anchor's; `pass` judges it against the target. */
export type Metric = {
  bench: string;
  metric: string;
  ours: number;
  anchor: number | null;
  ratio: number | null;
  target: string;
  pass: boolean;
};

/** Prints the metrics as a table, then each as one line of JSON. Sets a failing exit code if one misses its target. */
export function report(metrics: Metric[]): void {
  console.table(metrics.map(({ bench: _, ...rest }) => rest));
  for (const metric of metrics) console.log(JSON.stringify(metric));
  if (metrics.some((m) => !m.pass)) process.exitCode = 1;
}

/** The median of a non-empty list. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
