import { dot } from './dot.ts';
import { symmetricEigen } from './eigen.ts';

/** The strongest directions of a set of rows. */
export type Spectrum = {
  /** Eigenvalues of ZᵀZ, descending; none is zero. */
  readonly values: Float64Array;
  /** Per eigenvalue a unit vector over the parameters. */
  readonly directions: readonly Float32Array[];
};

/** Directions weaker than this against the strongest are rounding errors. */
const NEGLIGIBLE = 1e-10;
/** Products over the parameters are summed piece by piece, so that a piece of every row stays in the cache. */
const CHUNK = 4096;

/**
 * The top `rank` right singular vectors of a stack of rows, and its squared singular values.
 *
 * Rows come in blocks. Each block is put under the directions found so far, scaled by their singular values, and
 * the small Gram matrix of both is taken apart: exact for one block, and for more blocks the usual streaming
 * singular value decomposition. Deterministic: the order of every sum is fixed.
 */
export async function streamSpectrum(
  rows: readonly Float32Array[],
  rank: number,
  options: { readonly block?: number; readonly pause?: () => Promise<void> } = {},
): Promise<Spectrum> {
  const { block = rank, pause = async () => {} } = options;
  let found: Spectrum = { values: new Float64Array(), directions: [] };
  for (let start = 0; start < rows.length; start += block) {
    const scaled: Float32Array[] = [];
    for (const [i, direction] of found.directions.entries()) {
      const factor = Math.sqrt(found.values[i]);
      scaled.push(direction.map((value) => value * factor));
    }
    found = await decompose([...scaled, ...rows.slice(start, start + block)], rank, pause);
  }
  return found;
}

async function decompose(
  rows: readonly Float32Array[],
  rank: number,
  pause: () => Promise<void>,
): Promise<Spectrum> {
  const n = rows.length;
  const { values, vectors } = await symmetricEigen(await gram(rows, pause), n, pause);
  const kept = values.filter((value, i) => i < rank && value > NEGLIGIBLE * values[0]);
  const directions: Float32Array[] = [];
  for (let k = 0; k < kept.length; k += 1) {
    const scale = 1 / Math.sqrt(kept[k]);
    directions.push(
      combine(
        rows,
        vectors.subarray(k * n, (k + 1) * n).map((value) => value * scale),
      ),
    );
    await pause();
  }
  return { values: kept, directions };
}

/** Σ factors[i]·rows[i]. */
function combine(rows: readonly Float32Array[], factors: Float64Array): Float32Array {
  const size = rows[0].length;
  const result = new Float32Array(size);
  const sum = new Float64Array(CHUNK);
  for (let start = 0; start < size; start += CHUNK) {
    const length = Math.min(CHUNK, size - start);
    sum.fill(0);
    rows.forEach((row, i) => {
      const factor = factors[i];
      for (let j = 0; j < length; j += 1) sum[j] += factor * row[start + j];
    });
    for (let j = 0; j < length; j += 1) result[start + j] = sum[j];
  }
  return result;
}

/** All inner products of the rows, in double precision. */
async function gram(rows: readonly Float32Array[], pause: () => Promise<void>): Promise<Float64Array> {
  const n = rows.length;
  const size = rows[0]?.length ?? 0;
  const result = new Float64Array(n * n);
  for (let start = 0; start < size; start += CHUNK) {
    const length = Math.min(CHUNK, size - start);
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j <= i; j += 1) result[i * n + j] += dot(rows[i], start, rows[j], start, length);
    }
    await pause();
  }
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) result[j * n + i] = result[i * n + j];
  }
  return result;
}
