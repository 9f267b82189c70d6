/** Eigenvalues in descending order, and the eigenvector of the i-th as the i-th row of `vectors`. */
export type Eigen = { readonly values: Float64Array; readonly vectors: Float64Array };

const MAX_ITERATIONS = 60;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (row-major, `n × n`): Householder's reduction to tridiagonal
 * form, then implicit QL (Bowdler, Martin, Reinsch and Wilkinson 1968, tred2 and tql2).
 *
 * Only +, −, ×, ÷ and √ in a fixed order, which IEEE 754 defines to the bit: the same result on every machine.
 * About n = 500 takes a second; `pause` is awaited now and then so that a server stays responsive meanwhile.
 */
export async function symmetricEigen(
  matrix: Float64Array,
  n: number,
  pause: () => Promise<void> = async () => {},
): Promise<Eigen> {
  if (n === 0) return { values: new Float64Array(), vectors: new Float64Array() };
  const { diagonal, off, vectors } = await tridiagonalise(matrix.slice(), n, pause);
  await diagonalise(diagonal, off, vectors, n, pause);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => diagonal[j] - diagonal[i] || i - j);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors: sorted };
}

type Tridiagonal = {
  readonly diagonal: Float64Array;
  /** `off[i]` is the entry beside the diagonal between i − 1 and i; `off[0]` is 0. */
  readonly off: Float64Array;
  /** Rows q with matrix = Σ T[i, j] q_i q_jᵀ. */
  readonly vectors: Float64Array;
};

/** Reflects away, from the last row up, everything beside the tridiagonal. Overwrites `a`. */
async function tridiagonalise(a: Float64Array, n: number, pause: () => Promise<void>): Promise<Tridiagonal> {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  // Half of ‖u‖², by row, of the reflection I − u·uᵀ/h; 0 where none was needed. Row i of `a` keeps its u.
  const halves = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i > 0; i -= 1) {
    const row = a.subarray(i * n, i * n + i);
    let square = 0;
    for (let k = 0; k < i; k += 1) square += row[k] * row[k];
    let beside = square;
    beside -= row[i - 1] * row[i - 1];
    if (beside === 0) {
      off[i] = row[i - 1];
      await pause();
      continue;
    }
    const root = row[i - 1] > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    off[i] = root;
    const h = square - row[i - 1] * root;
    row[i - 1] -= root;
    halves[i] = h;
    // p = A·u/h over the leading i × i block, of which the lower triangle is kept up to date.
    p.fill(0, 0, i);
    for (let j = 0; j < i; j += 1) {
      const uj = row[j];
      let total = a[j * n + j] * uj;
      for (let k = 0; k < j; k += 1) {
        total += a[j * n + k] * row[k];
        p[k] += a[j * n + k] * uj;
      }
      p[j] += total;
    }
    let along = 0;
    for (let j = 0; j < i; j += 1) {
      p[j] /= h;
      along += p[j] * row[j];
    }
    const half = along / (2 * h);
    for (let j = 0; j < i; j += 1) p[j] -= half * row[j];
    for (let j = 0; j < i; j += 1) {
      for (let k = 0; k <= j; k += 1) a[j * n + k] -= row[j] * p[k] + p[j] * row[k];
    }
    await pause();
  }
  for (let i = 0; i < n; i += 1) diagonal[i] = a[i * n + i];
  // The product of the reflections, applied to the unit vectors.
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) vectors[i * n + i] = 1;
  for (let i = 1; i < n; i += 1) {
    if (halves[i] !== 0) {
      const u = a.subarray(i * n, i * n + i);
      for (let j = 0; j < i; j += 1) {
        let along = 0;
        for (let k = 0; k < i; k += 1) along += vectors[j * n + k] * u[k];
        along /= halves[i];
        for (let k = 0; k < i; k += 1) vectors[j * n + k] -= along * u[k];
      }
    }
    if (i % 16 === 0) await pause();
  }
  return { diagonal, off, vectors };
}

/** Turns a tridiagonal matrix into its eigenvalues, in `diagonal`, and turns the rows of `vectors` along. */
async function diagonalise(
  diagonal: Float64Array,
  beside: Float64Array,
  vectors: Float64Array,
  n: number,
  pause: () => Promise<void>,
): Promise<void> {
  const off = new Float64Array(n);
  off.set(beside.subarray(1));
  for (let l = 0; l < n; l += 1) {
    for (let iteration = 0; ; iteration += 1) {
      let m = l;
      while (m < n - 1) {
        const around = Math.abs(diagonal[m]) + Math.abs(diagonal[m + 1]);
        if (around + Math.abs(off[m]) === around) break;
        m += 1;
      }
      if (m === l) break;
      if (iteration === MAX_ITERATIONS) throw new Error('The eigenvalues of a matrix did not settle.');
      // Wilkinson's shift, from the upper two by two.
      let g = (diagonal[l + 1] - diagonal[l]) / (2 * off[l]);
      let r = Math.sqrt(g * g + 1);
      g = diagonal[m] - diagonal[l] + off[l] / (g + (g >= 0 ? r : -r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i -= 1) {
        const f = s * off[i];
        const b = c * off[i];
        r = Math.sqrt(f * f + g * g);
        off[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1] -= p;
          off[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1] - p;
        r = (diagonal[i] - g) * s + 2 * c * b;
        p = s * r;
        diagonal[i + 1] = g + p;
        g = c * r - b;
        turn(vectors, n, i, c, s);
      }
      if (r === 0 && i >= l) continue;
      diagonal[l] -= p;
      off[l] = g;
      off[m] = 0;
    }
    await pause();
  }
}

/** Rotates the rows i and i + 1. */
function turn(vectors: Float64Array, n: number, i: number, c: number, s: number): void {
  const upper = vectors.subarray(i * n, (i + 1) * n);
  const lower = vectors.subarray((i + 1) * n, (i + 2) * n);
  for (let k = 0; k < n; k += 1) {
    const f = lower[k];
    lower[k] = s * upper[k] + c * f;
    upper[k] = c * upper[k] - s * f;
  }
}
