import { Matrices } from '@openledger/engine/influence/matrices';
import { Random } from '@openledger/engine/numeric/random';
import { openRuntime, type Runtime } from '@openledger/engine/runtime/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bm25 } from './bm25.ts';
import { dampingOf, dataInf } from './datainf.ts';
import { cholesky, fullFisher, solve } from './fisher.ts';
import { randomProjection } from './random-projection.ts';

const random = new Random(8);
const layout = {
  slots: [
    { name: 'first', shape: [3, 4], offset: 0, size: 12 },
    { name: 'second', shape: [5], offset: 12, size: 5 },
  ],
  size: 17,
};
const vector = () => Float32Array.from({ length: layout.size }, () => random.normal());
const rows = Array.from({ length: 9 }, vector);
const queries = Array.from({ length: 3 }, vector);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

let runtime: Runtime;
let matrices: Matrices;
beforeAll(async () => {
  runtime = await openRuntime('native', { threads: 1 });
  matrices = await Matrices.open(runtime);
});
afterAll(() => runtime.close());

/** (matrix + λI)⁻¹ b. */
const inverted = (matrix: Float64Array[], lambda: number, b: Float64Array) =>
  solve(cholesky(matrix, lambda), b);
/** g·gᵀ. */
const outer = (g: Float32Array) => Array.from(g, (x) => Float64Array.from(g, (y) => x * y));

describe('DataInf', () => {
  it('equals the mean of the inverses of its rank-one Fisher matrices, inverted one by one', async () => {
    const scores = await dataInf(matrices, { rows, queries, layout });
    queries.forEach((query, q) => {
      rows.forEach((row, k) => {
        let expected = 0;
        for (const { offset, size } of layout.slots) {
          const part = (g: Float32Array) => g.slice(offset, offset + size);
          const lambda = dampingOf(
            rows.map((one) => dot(part(one), part(one))),
            size,
          );
          for (const one of rows) {
            const x = inverted(outer(part(one)), lambda, Float64Array.from(part(row)));
            expected += dot(part(query), x) / rows.length;
          }
        }
        expect(scores[q]![k]! / expected).toBeCloseTo(1, 3);
      });
    });
  });
});

describe('fullFisher', () => {
  it('equals the inverse of the matrix of parameters × parameters', async () => {
    const lambda = 2.5;
    const fisher = Array.from({ length: layout.size }, (_, i) =>
      Float64Array.from({ length: layout.size }, (_, j) => rows.reduce((sum, z) => sum + z[i]! * z[j]!, 0)),
    );
    const scores = await fullFisher(matrices, rows, queries, lambda);
    queries.forEach((query, q) => {
      rows.forEach((row, k) => {
        const expected = dot(query, inverted(fisher, lambda, Float64Array.from(row)));
        expect(scores[q]![k]!).toBeCloseTo(expected, 5);
      });
    });
  });
});

describe('randomProjection', () => {
  it('comes close to the full matrix when it has very many dimensions', async () => {
    const dimensions = 4000;
    const trace = rows.reduce((sum, row) => sum + dot(row, row), 0);
    const full = await fullFisher(matrices, rows, queries, (10 * trace) / dimensions);
    const projected = await randomProjection(matrices, rows, queries, { dimensions });
    const largest = Math.max(...full.flatMap((row) => Array.from(row, Math.abs)));
    full.forEach((row, q) => {
      row.forEach((value, k) => {
        expect(Math.abs(projected[q]![k]! - value) / largest).toBeLessThan(0.5);
      });
    });
  });
});

describe('bm25', () => {
  it('ranks the row that shares rare words first, and gives nothing for no shared word', () => {
    const [scores] = bm25(['the lamp of the tower', 'the amber bell', 'a mill'], ['the amber bell rang']);
    expect(scores![1]).toBeGreaterThan(scores![0]!);
    expect(scores![2]).toBe(0);
  });
});
