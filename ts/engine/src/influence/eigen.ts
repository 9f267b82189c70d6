/** Eigenvalues in descending order, and the eigenvector of the i-th as the i-th row of `vectors`. */
export type Eigen = { readonly values: Float64Array; readonly vectors: Float64Array };

const MAX_SWEEPS = 40;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (row-major, `n × n`) by Jacobi's cyclic method.
 *
 * Only +, −, ×, ÷ and √ in a fixed order, which IEEE 754 defines to the bit: the same result on every machine.
 * Small eigenvalues keep their accuracy. About n = 500 takes seconds; `pause` is awaited now and then so that a
 * server stays responsive meanwhile.
 */
export async function symmetricEigen(
  matrix: Float64Array,
  n: number,
  pause: () => Promise<void> = async () => {},
): Promise<Eigen> {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  let trace = 0;
  for (let i = 0; i < n; i += 1) {
    vectors[i * n + i] = 1;
    trace += Math.abs(a[i * n + i]);
  }
  const floor = trace * 1e-18;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep += 1) {
    let rotations = 0;
    for (let p = 0; p < n - 1; p += 1) {
      for (let q = p + 1; q < n; q += 1) rotations += rotate(a, vectors, n, p, q, floor);
      await pause();
    }
    if (rotations === 0) break;
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i] || i - j);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]), vectors: sorted };
}

/** Turns the plane of p and q so that `a[p, q]` becomes zero. Returns 0 when it is negligible already. */
function rotate(
  a: Float64Array,
  vectors: Float64Array,
  n: number,
  p: number,
  q: number,
  floor: number,
): number {
  const apq = a[p * n + q];
  const app = a[p * n + p];
  const aqq = a[q * n + q];
  const negligible = 1e-15 * Math.sqrt(Math.abs(app) * Math.abs(aqq));
  if (Math.abs(apq) <= Math.max(floor, negligible)) return 0;
  const theta = (aqq - app) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k += 1) {
    if (k === p || k === q) continue;
    const akp = a[p * n + k];
    const akq = a[q * n + k];
    const x = c * akp - s * akq;
    const y = s * akp + c * akq;
    a[p * n + k] = x;
    a[k * n + p] = x;
    a[q * n + k] = y;
    a[k * n + q] = y;
  }
  a[p * n + p] = app - t * apq;
  a[q * n + q] = aqq + t * apq;
  a[p * n + q] = 0;
  a[q * n + p] = 0;
  for (let k = 0; k < n; k += 1) {
    const x = vectors[p * n + k];
    const y = vectors[q * n + k];
    vectors[p * n + k] = c * x - s * y;
    vectors[q * n + k] = s * x + c * y;
  }
  return 1;
}
