import { symmetricEigen } from './eigen.ts';
import type { Matrices } from './matrices.ts';

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

/**
 * The top `rank` right singular vectors of a stack of rows, and its squared singular values.
 *
 * Rows come in blocks. Each block is put under the directions found so far, scaled by their singular values, and
 * the small Gram matrix of both is taken apart: exact for one block, and for more blocks the usual streaming
 * singular value decomposition. Deterministic: the order of every sum is fixed.
 */
export async function streamSpectrum(
  matrices: Matrices,
  rows: readonly Float32Array[],
  rank: number,
  options: {
    readonly block?: number;
    /** What each row is multiplied by; default 1. */
    readonly weights?: readonly number[];
    readonly pause?: () => Promise<void>;
  } = {},
): Promise<Spectrum> {
  const { block = rank, weights = rows.map(() => 1), pause = async () => {} } = options;
  let found: Spectrum = { values: new Float64Array(), directions: new Float32Array() };
  for (let start = 0; start < rows.length; start += block) {
    const end = start + block;
    const part = { rows: rows.slice(start, end), weights: weights.slice(start, end) };
    found = await extend(matrices, found, part, rank, pause);
  }
  return found;
}

type Block = { readonly rows: readonly Float32Array[]; readonly weights: readonly number[] };

/** The strongest directions of what was found and of one more block. */
async function extend(
  matrices: Matrices,
  found: Spectrum,
  block: Block,
  rank: number,
  pause: () => Promise<void>,
): Promise<Spectrum> {
  const size = block.rows[0].length;
  const known = found.values.length;
  const n = known + block.rows.length;
  const gram = new Float64Array(n * n);
  // The directions found are orthonormal, so scaled by their singular values their own products are known.
  const scales = found.values.map(Math.sqrt);
  for (let k = 0; k < known; k += 1) gram[k * n + k] = found.values[k];
  for (let start = 0; start < size; start += CHUNK) {
    const length = Math.min(CHUNK, size - start);
    const stack = piece(found, block, start, length);
    const products = await matrices.timesTransposed(stack.subarray(known * length), stack, length);
    for (let i = 0; i < block.rows.length; i += 1) {
      for (let j = 0; j <= known + i; j += 1) {
        gram[(known + i) * n + j] += products[i * n + j] * (j < known ? scales[j] : 1);
      }
    }
  }
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) gram[j * n + i] = gram[i * n + j];
  }
  const { values, vectors } = await symmetricEigen(gram, n, pause);
  const kept = values.filter((value, k) => k < rank && value > NEGLIGIBLE * values[0]);
  const factors = new Float32Array(kept.length * n);
  for (let k = 0; k < kept.length; k += 1) {
    const scale = 1 / Math.sqrt(kept[k]);
    for (let j = 0; j < n; j += 1) {
      factors[k * n + j] = vectors[k * n + j] * scale * (j < known ? scales[j] : 1);
    }
  }
  const directions = new Float32Array(kept.length * size);
  for (let start = 0; kept.length > 0 && start < size; start += CHUNK) {
    const length = Math.min(CHUNK, size - start);
    const part = await matrices.times(factors, piece(found, block, start, length), n);
    for (let k = 0; k < kept.length; k += 1) {
      directions.set(part.subarray(k * length, (k + 1) * length), k * size + start);
    }
  }
  return { values: kept, directions };
}

/** Some columns of the directions found and of a block below them. */
function piece(found: Spectrum, { rows, weights }: Block, start: number, length: number): Float32Array {
  const size = rows[0].length;
  const known = found.values.length;
  const stack = new Float32Array((known + rows.length) * length);
  for (let k = 0; k < known; k += 1) {
    stack.set(found.directions.subarray(k * size + start, k * size + start + length), k * length);
  }
  rows.forEach((row, i) => {
    const at = (known + i) * length;
    for (let j = 0; j < length; j += 1) stack[at + j] = weights[i] * row[start + j];
  });
  return stack;
}
