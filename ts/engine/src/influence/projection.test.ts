import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { createProjector } from './projection.ts';

const size = 886;
const random = new Random(4);
const vector = () => Float32Array.from({ length: size }, () => random.normal());

describe('createProjector', () => {
  it('adds about as many coordinates to each entry, with a sign', () => {
    const project = createProjector(size, { width: 100, seed: 1 });
    const counts = new Map<number, number>();
    for (let i = 0; i < size; i += 1) {
      const projected = project(new Float32Array(size).fill(3, i, i + 1));
      const places = [...projected].flatMap((value, entry) => (value === 0 ? [] : [entry]));
      expect(places).toHaveLength(1);
      expect(Math.abs(projected[places[0]])).toBe(3);
      counts.set(places[0], (counts.get(places[0]) ?? 0) + 1);
    }
    expect(new Set(counts.values())).toEqual(new Set([8, 9]));
  });

  it('is linear and the same for the same seed', () => {
    const [project, again, other] = [1, 1, 2].map((seed) => createProjector(size, { width: 100, seed }));
    const [a, b] = [vector(), vector()];
    const sum = project(a.map((value, i) => value + 2 * b[i]));
    project(a).forEach((value, i) => {
      expect(sum[i]).toBeCloseTo(value + 2 * project(b)[i], 3);
    });
    expect(again(a)).toEqual(project(a));
    expect(other(a)).not.toEqual(project(a));
  });

  it('keeps inner products on average', () => {
    const a = vector();
    const b = a.map((value) => 0.8 * value + 0.6 * random.normal());
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i], 0);
    let total = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const project = createProjector(size, { width: 100, seed });
      total += dot(project(a), project(b)) / 200;
    }
    expect(total / dot(a, b)).toBeCloseTo(1, 1);
  });
});
