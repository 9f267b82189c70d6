import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { createProjector, projectedSize } from './projection.ts';

const layout = {
  slots: [
    { name: 'long', shape: [50, 3], offset: 0, size: 150 },
    { name: 'wide', shape: [3, 40], offset: 150, size: 120 },
    { name: 'small', shape: [4, 4], offset: 270, size: 16 },
    { name: 'large', shape: [20, 30], offset: 286, size: 600 },
  ],
  size: 886,
};
const random = new Random(4);
const vector = () => Float32Array.from({ length: layout.size }, () => random.normal());

describe('createProjector', () => {
  it('leaves matrices that are small enough as they are, and shortens the long sides of the others', () => {
    const size = 8 * 3 + 3 * 8 + 16 + 64;
    expect(projectedSize(layout, { side: 8 })).toBe(size);
    const gradient = vector();
    const projected = createProjector(layout, { side: 8, seed: 1 })(gradient);
    expect(projected).toHaveLength(size);
    expect(projected.subarray(48, 64)).toEqual(gradient.subarray(270, 286));
  });

  it('is linear and the same for the same seed', () => {
    const [project, again, other] = [1, 1, 2].map((seed) => createProjector(layout, { side: 8, seed }));
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
      const project = createProjector(layout, { side: 8, seed });
      total += dot(project(a), project(b)) / 200;
    }
    expect(total / dot(a, b)).toBeCloseTo(1, 1);
  });
});
