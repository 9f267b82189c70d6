import type { Matrices } from '@openledger/engine/influence/matrices';
import type { ParameterLayout } from '@openledger/engine/llama/parameters';

/** Gradients that estimators start from. */
export type Gradients = {
  readonly rows: readonly Float32Array[];
  readonly queries: readonly Float32Array[];
  readonly layout: ParameterLayout;
};

/** Scores of an estimator: per query one number per row; higher helps more. */
export type Scores = Float64Array[];

const CHUNK = 8192;

/** ⟨a_i, b_j⟩ over the parameters from `from` to `to`, added up in double precision piece by piece. */
export async function innerProducts(
  matrices: Matrices,
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  from = 0,
  to = a[0]!.length,
): Promise<Float64Array[]> {
  const result = a.map(() => new Float64Array(b.length));
  for (let start = from; start < to; start += CHUNK) {
    const end = Math.min(to, start + CHUNK);
    const left = piece(a, start, end);
    const right = a === b ? left : piece(b, start, end);
    const products = await matrices.timesTransposed(left, right, end - start);
    result.forEach((row, i) => {
      for (let j = 0; j < row.length; j += 1) row[j]! += products[i * b.length + j]!;
    });
  }
  return result;
}

/** Σ_j weights[i][j]·vectors[j] over the parameters from `from` to `to`. */
export async function combinations(
  matrices: Matrices,
  weights: readonly Float64Array[],
  vectors: readonly Float32Array[],
  from: number,
  to: number,
): Promise<Float32Array[]> {
  const flat = Float32Array.from(weights.flatMap((row) => [...row]));
  const result = weights.map(() => new Float32Array(to - from));
  for (let start = from; start < to; start += CHUNK) {
    const end = Math.min(to, start + CHUNK);
    const part = await matrices.times(flat, piece(vectors, start, end), vectors.length);
    result.forEach((row, i) => {
      row.set(part.subarray(i * (end - start), (i + 1) * (end - start)), start - from);
    });
  }
  return result;
}

function piece(vectors: readonly Float32Array[], start: number, end: number): Float32Array {
  const width = end - start;
  const flat = new Float32Array(vectors.length * width);
  vectors.forEach((vector, i) => {
    flat.set(vector.subarray(start, end), i * width);
  });
  return flat;
}
