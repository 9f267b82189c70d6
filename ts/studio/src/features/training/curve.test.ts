import { expect, test } from 'vitest';
import { thin, withMean } from './curve.ts';
import { niceTicks } from './ticks.ts';

test('the mean starts at the first loss and follows', () => {
  const drawn = withMean([
    { step: 1, loss: 4 },
    { step: 2, loss: 2 },
    { step: 3, loss: 2 },
  ]);
  expect(drawn[0]).toEqual({ step: 1, loss: 4, mean: 4 });
  expect(drawn[1]!.mean).toBeLessThan(4);
  expect(drawn[2]!.mean).toBeGreaterThan(2);
});

test('a constant loss has a constant mean', () => {
  const points = Array.from({ length: 50 }, (_, i) => ({ step: i + 1, loss: 1.5 }));
  for (const { mean } of withMean(points)) expect(mean).toBeCloseTo(1.5);
});

test('a long run is thinned to its limit, with both ends', () => {
  const points = Array.from({ length: 1_000 }, (_, i) => i);
  const few = thin(points, 100);
  expect(few).toHaveLength(100);
  expect([few[0], few.at(-1)]).toEqual([0, 999]);
  expect(thin([1, 2], 100)).toEqual([1, 2]);
});

test('an axis has round numbers that reach the largest value', () => {
  expect(niceTicks(2.43)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
  expect(niceTicks(240)).toEqual([0, 50, 100, 150, 200, 250]);
  expect(niceTicks(0.7)).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
  expect(niceTicks(3)).toEqual([0, 1, 2, 3]);
  expect(niceTicks(0)).toEqual([0, 1]);
});
