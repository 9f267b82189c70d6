import type { CurvePoint } from '../../lib/jobs.ts';

/** A point as it is drawn: the loss itself, and a running mean that shows where it goes. */
export type DrawnPoint = { step: number; loss: number; mean: number };

/** Adds a running mean over about `window` steps, unbiased from the first step on. */
export function withMean(points: readonly CurvePoint[], window = 12): DrawnPoint[] {
  const keep = 1 - 1 / window;
  let sum = 0;
  let weight = 0;
  return points.map(({ step, loss }) => {
    sum = keep * sum + loss;
    weight = keep * weight + 1;
    return { step, loss, mean: sum / weight };
  });
}

/** At most `limit` points, always with the first and the last, so that a long run stays quick to draw. */
export function thin<T>(points: readonly T[], limit: number): T[] {
  if (points.length <= limit) return [...points];
  const stride = (points.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, index) => points[Math.round(index * stride)]!);
}
