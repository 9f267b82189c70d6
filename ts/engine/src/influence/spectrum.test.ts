import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { openRuntime, type Runtime } from '../runtime/runtime.ts';
import { symmetricEigen } from './eigen.ts';
import { Matrices } from './matrices.ts';
import { streamSpectrum } from './spectrum.ts';

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

describe('streamSpectrum', () => {
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
  const spectrumOf = async (of: readonly Float32Array[], rank: number, block?: number) => {
    const { values, directions } = await streamSpectrum(matrices, of, rank, { block });
    const apart = Array.from(values, (_, k) => directions.subarray(k * size, (k + 1) * size));
    return { values, directions: apart };
  };

  it('finds as many directions as there are different rows', async () => {
    const { values, directions } = await spectrumOf([...rows, rows[0], new Float32Array(size)], 256);
    expect(values).toHaveLength(9);
    for (const direction of directions) expect(dot(direction, direction)).toBeCloseTo(1, 5);
  });

  it('finds the same in blocks as at once, as long as nothing has to be dropped', async () => {
    const whole = await spectrumOf(rows, 16);
    const blocks = await spectrumOf(rows, 16, 4);
    whole.values.forEach((value, k) => {
      expect(blocks.values[k] / value).toBeCloseTo(1, 5);
      expect(Math.abs(dot(blocks.directions[k], whole.directions[k]))).toBeCloseTo(1, 4);
    });
  });

  it('keeps the strongest directions when there are more than asked for', async () => {
    const strong = rows.map((row, i) => row.map((value) => value * (i < 3 ? 100 : 1)));
    const { values } = await spectrumOf(strong, 3, 4);
    const whole = await spectrumOf(strong, 16);
    expect(values).toHaveLength(3);
    values.forEach((value, k) => {
      expect(value / whole.values[k]).toBeCloseTo(1, 2);
    });
  });

  it('finds for weighted rows what it finds for rows multiplied by their weights', async () => {
    const weights = rows.map((_, i) => 0.2 + 0.1 * i);
    const multiplied = rows.map((row, i) => row.map((value) => value * weights[i]));
    const expected = await spectrumOf(multiplied, 16, 4);
    const { values } = await streamSpectrum(matrices, rows, 16, { block: 4, weights });
    values.forEach((value, k) => {
      expect(value / expected.values[k]).toBeCloseTo(1, 5);
    });
  });

  it('finds nothing in rows of zeros', async () => {
    const { values, directions } = await streamSpectrum(matrices, [new Float32Array(8)], 256);
    expect([values.length, directions.length]).toEqual([0, 0]);
  });
});
