import { Random } from '../numeric/random.ts';
import { symmetricEigen } from './eigen.ts';
import type { Matrices } from './matrices.ts';
import { orthonormalise } from './orthonormal.ts';

/** The strongest directions of a set of rows. */
export type Spectrum = {
  /** Eigenvalues of ZᵀZ, descending; none is zero. */
  readonly values: Float64Array;
  /** Per eigenvalue a unit vector over the parameters, one below the other. */
  readonly directions: Float32Array;
};

/** Directions weaker than this against the strongest are rounding errors of float32 products. */
const NEGLIGIBLE = 1e-6;
/** Products over the parameters are added up piece by piece in double precision. */
const CHUNK = 8192;
/** Rows per product of the Gram matrix, of which only one half is computed. */
const BLOCK = 512;
/** Vectors that are searched beyond those asked for, so that the last of these are found well, too. */
const OVERSAMPLING = 64;
const SEED = 1;

/**
 * The top `rank` right singular vectors of a stack of rows, and its squared singular values.
 *
 * The rows' Gram matrix G is taken apart whole where it is small. Where it is not, only within the span of G·G·Ω with
 * random signs Ω (randomised singular value decomposition: Halko, Martinsson and Tropp 2011). Deterministic: the order
 * of every sum is fixed.
 */
export async function spectrumOf(
  matrices: Matrices,
  rows: readonly Float32Array[],
  rank: number,
  options: {
    /** What each row is multiplied by; default 1. */
    readonly weights?: readonly number[];
    readonly pause?: () => Promise<void>;
  } = {},
): Promise<Spectrum> {
  const { weights = rows.map(() => 1), pause = async () => {} } = options;
  const n = rows.length;
  const gram = await gramOf(matrices, rows, weights, pause);
  const { values, vectors } =
    n <= rank + 2 * OVERSAMPLING
      ? await symmetricEigen(gram, n, pause)
      : await strongest(matrices, gram, n, rank + OVERSAMPLING, pause);
  const kept = values.filter((value, k) => k < rank && value > NEGLIGIBLE * values[0]);
  const factors = new Float32Array(kept.length * n);
  for (let k = 0; k < kept.length; k += 1) {
    const scale = 1 / Math.sqrt(kept[k]);
    for (let i = 0; i < n; i += 1) factors[k * n + i] = vectors[k * n + i] * scale * weights[i];
  }
  const size = rows[0].length;
  const directions = new Float32Array(kept.length * size);
  for (let start = 0; kept.length > 0 && start < size; start += CHUNK) {
    const length = Math.min(CHUNK, size - start);
    const part = await matrices.times(factors, piece(rows, start, length), n);
    for (let k = 0; k < kept.length; k += 1) {
      directions.set(part.subarray(k * length, (k + 1) * length), k * size + start);
    }
    await pause();
  }
  return { values: kept, directions };
}

/** Inner products of the weighted rows `[n, n]`. */
async function gramOf(
  matrices: Matrices,
  rows: readonly Float32Array[],
  weights: readonly number[],
  pause: () => Promise<void>,
): Promise<Float64Array> {
  const n = rows.length;
  const size = rows[0].length;
  const gram = new Float64Array(n * n);
  for (let start = 0; start < size; start += CHUNK) {
    const length = Math.min(CHUNK, size - start);
    const stack = piece(rows, start, length);
    for (let first = 0; first < n; first += BLOCK) {
      const last = Math.min(n, first + BLOCK);
      const left = stack.subarray(first * length, last * length);
      const products = await matrices.timesTransposed(left, stack.subarray(0, last * length), length);
      for (let i = first; i < last; i += 1) {
        for (let j = 0; j <= i; j += 1) gram[i * n + j] += products[(i - first) * last + j];
      }
    }
    await pause();
  }
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      gram[i * n + j] *= weights[i] * weights[j];
      gram[j * n + i] = gram[i * n + j];
    }
  }
  return gram;
}

/** About the `count` largest eigenvalues of a symmetric matrix and their vectors, by one step of subspace iteration. */
async function strongest(
  matrices: Matrices,
  gram: Float64Array,
  n: number,
  count: number,
  pause: () => Promise<void>,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const single = Float32Array.from(gram);
  const random = new Random(SEED);
  // Vectors are rows here: Ω·G `[count, n]`, G being its own transpose.
  const start = Float32Array.from({ length: count * n }, () => 1 - 2 * (random.next() >>> 31));
  const range = await matrices.times(start, single, n);
  const basis = Float32Array.from(await orthonormalise(Float64Array.from(range), count, n, pause));
  const image = await matrices.times(basis, single, n);
  const small = Float64Array.from(await matrices.timesTransposed(image, basis, n));
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const mean = (small[i * count + j] + small[j * count + i]) / 2;
      small[i * count + j] = mean;
      small[j * count + i] = mean;
    }
  }
  const { values, vectors } = await symmetricEigen(small, count, pause);
  const combined = await matrices.times(Float32Array.from(vectors), basis, count);
  return { values, vectors: Float64Array.from(combined) };
}

/** Some columns of all rows, one row below the other. */
function piece(rows: readonly Float32Array[], start: number, length: number): Float32Array {
  const stack = new Float32Array(rows.length * length);
  rows.forEach((row, i) => {
    stack.set(row.subarray(start, start + length), i * length);
  });
  return stack;
}
