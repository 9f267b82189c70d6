import { describe, expect, it } from 'vitest';
import { cos, exp, log, power, sin } from './exact-math.ts';
import { Random } from './random.ts';

describe('The elementary functions', () => {
  it('agree with those of the engine to about fifteen digits', () => {
    for (const x of [-30, -1.7, -1e-3, 0, 0.3, 1, 2.5, 88]) {
      expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-13);
    }
    for (const x of [1e-9, 0.2, 0.75, 1, 1.5, 10_000, 3e20]) {
      expect(Math.abs(log(x) - Math.log(x))).toBeLessThan(1e-13 * Math.max(1, Math.abs(Math.log(x))));
    }
    for (let x = -300; x < 5000; x += 7.3) {
      expect(Math.abs(cos(x) - Math.cos(x))).toBeLessThan(1e-11);
      expect(Math.abs(sin(x) - Math.sin(x))).toBeLessThan(1e-11);
    }
    expect(power(10_000, -0.5)).toBeCloseTo(0.01, 15);
  });

  it('refuse the logarithm of zero', () => {
    expect(() => log(0)).toThrow('positive');
  });
});

describe('The random numbers', () => {
  it('repeat for the same seed and differ for another', () => {
    const draw = (seed: number) =>
      Array.from({ length: 5 }, (_, i, random = new Random(seed + i)) => random.next());
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(100));
  });

  it('have the mean and variance that their names promise', () => {
    const random = new Random(9);
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });

  it('shuffle without losing anything', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = new Random(2).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.sort((a, b) => a - b)).toEqual(items);
  });
});
