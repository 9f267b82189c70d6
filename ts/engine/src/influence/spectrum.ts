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
    const sum = new Float64Array(rows[0].length);
    const scale = 1 / Math.sqrt(kept[k]);
    for (let i = 0; i < n; i += 1) {
      const row = rows[i];
      const factor = vectors[k * n + i] * scale;
      for (let j = 0; j < sum.length; j += 1) sum[j] += factor * row[j];
    }
    directions.push(Float32Array.from(sum));
    await pause();
  }
  return { values: kept, directions };
}

/** All inner products of the rows, in double precision. */
async function gram(rows: readonly Float32Array[], pause: () => Promise<void>): Promise<Float64Array> {
  const n = rows.length;
  const size = rows[0]?.length ?? 0;
  const result = new Float64Array(n * n);
  for (let start = 0; start < size; start += CHUNK) {
    const pieces = rows.map((row) => row.subarray(start, start + CHUNK));
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j <= i; j += 1) result[i * n + j] += dot(pieces[i], pieces[j]);
    }
    await pause();
  }
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) result[j * n + i] = result[i * n + j];
  }
  return result;
}

function dot(a: Float32Array, b: Float32Array): number {
  // Four running sums: additions need not wait for one another.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (let i = whole; i < a.length; i += 1) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}
