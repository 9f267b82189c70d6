import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { openRuntime, type Runtime } from '../runtime/runtime.ts';
import { symmetricEigen } from './eigen.ts';
import { Matrices } from './matrices.ts';
import { orthonormalise } from './orthonormal.ts';
import { spectrumOf } from './spectrum.ts';

const random = new Random(1);

describe('symmetricEigen', () => {
  it('takes a symmetric matrix apart into orthonormal eigenvectors', async () => {
    for (const n of [1, 2, 7, 30]) {
      const matrix = new Float64Array(n * n);
      for (let i = 0; i < n; i += 1) {
        for (let j = 0; j <= i; j += 1) {
          matrix[i * n + j] = random.normal();
          matrix[j * n + i] = matrix[i * n + j];
        }
      }
      const { values, vectors } = await symmetricEigen(matrix, n);
      for (let i = 0; i < n; i += 1) {
        for (let j = 0; j < n; j += 1) {
          let entry = 0;
          let product = 0;
          for (let k = 0; k < n; k += 1) {
            entry += vectors[k * n + i] * values[k] * vectors[k * n + j];
            product += vectors[i * n + k] * vectors[j * n + k];
          }
          expect(entry).toBeCloseTo(matrix[i * n + j], 11);
          expect(product).toBeCloseTo(i === j ? 1 : 0, 12);
        }
        if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
      }
    }
  });

  it('gives the known eigenvalues of a chain of springs', async () => {
    const n = 12;
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i += 1) {
      matrix[i * n + i] = 2;
      if (i > 0) matrix[i * n + i - 1] = -1;
      if (i + 1 < n) matrix[i * n + i + 1] = -1;
    }
    const { values } = await symmetricEigen(matrix, n);
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(2 + 2 * Math.cos((Math.PI * (i + 1)) / (n + 1)), 12);
    });
  });
});

describe('orthonormalise', () => {
  it('keeps the span, and makes rows that others span zero', async () => {
    const [count, n] = [7, 50];
    const rows = Float64Array.from({ length: count * n }, () => random.normal());
    for (let i = 0; i < n; i += 1) rows[5 * n + i] = rows[i] - 3 * rows[2 * n + i];
    const result = await orthonormalise(rows, count, n, async () => {});
    const product = (x: Float64Array, i: number, j: number) => {
      let sum = 0;
      for (let k = 0; k < n; k += 1) sum += x[i * n + k] * result[j * n + k];
      return sum;
    };
    for (let i = 0; i < count; i += 1) {
      for (let j = 0; j <= i; j += 1)
        expect(product(result, i, j)).toBeCloseTo(i === j && i !== 5 ? 1 : 0, 12);
      for (let k = 0; k < n; k += 1) {
        let back = 0;
        for (let j = 0; j < count; j += 1) back += product(rows, i, j) * result[j * n + k];
        expect(back).toBeCloseTo(rows[i * n + k], 10);
      }
    }
  });
});

describe('spectrumOf', () => {
  const size = 9000;
  const rows = Array.from({ length: 9 }, () => Float32Array.from({ length: size }, () => random.normal()));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  let runtime: Runtime;
  let matrices: Matrices;
  beforeAll(async () => {
    runtime = await openRuntime('exact', { threads: 1 });
    matrices = await Matrices.open(runtime);
  });
  afterAll(() => runtime.close());
  const takeApart = async (of: readonly Float32Array[], rank: number) => {
    const { values, directions } = await spectrumOf(matrices, of, rank);
    const apart = Array.from(values, (_, k) => directions.subarray(k * size, (k + 1) * size));
    return { values, directions: apart };
  };

  it('finds as many directions as there are different rows', async () => {
    const { values, directions } = await takeApart([...rows, rows[0], new Float32Array(size)], 256);
    expect(values).toHaveLength(9);
    for (const direction of directions) expect(dot(direction, direction)).toBeCloseTo(1, 5);
  });

  it('keeps the strongest directions when there are more than asked for', async () => {
    const strong = rows.map((row, i) => row.map((value) => value * (i < 3 ? 100 : 1)));
    const { values } = await takeApart(strong, 3);
    const whole = await takeApart(strong, 16);
    expect(values).toHaveLength(3);
    values.forEach((value, k) => {
      expect(value / whole.values[k]).toBeCloseTo(1, 2);
    });
  });

  it('finds of many rows what taking all of their Gram matrix apart finds', async () => {
    const width = 600;
    const many = Array.from({ length: 400 }, (_, i) =>
      Float32Array.from({ length: width }, (_, j) => random.normal() / (1 + j) + (i === j ? 0.01 : 0)),
    );
    const gram = new Float64Array(400 * 400);
    for (let i = 0; i < 400; i += 1)
      for (let j = 0; j < 400; j += 1) gram[i * 400 + j] = dot(many[i], many[j]);
    const exact = await symmetricEigen(gram, 400);
    const { values, directions } = await spectrumOf(matrices, many, 40);
    expect(values).toHaveLength(40);
    values.forEach((value, k) => {
      expect(value / exact.values[k]).toBeCloseTo(1, k < 20 ? 2 : 1);
      const direction = directions.subarray(k * width, (k + 1) * width);
      expect(dot(direction, direction)).toBeCloseTo(1, 3);
    });
  });

  it('finds for weighted rows what it finds for rows multiplied by their weights', async () => {
    const weights = rows.map((_, i) => 0.2 + 0.1 * i);
    const multiplied = rows.map((row, i) => row.map((value) => value * weights[i]));
    const expected = await takeApart(multiplied, 16);
    const { values } = await spectrumOf(matrices, rows, 16, { weights });
    values.forEach((value, k) => {
      expect(value / expected.values[k]).toBeCloseTo(1, 5);
    });
  });

  it('finds nothing in rows of zeros', async () => {
    const { values, directions } = await spectrumOf(matrices, [new Float32Array(8)], 256);
    expect([values.length, directions.length]).toEqual([0, 0]);
  });
});
