/**
 * Orthonormal rows with the span of `count` given ones (row-major, `[count, n]`): modified Gram and Schmidt, each row
 * twice, in double precision. Rows that others span become zero. Only operations that IEEE 754 defines to the bit, in a
 * fixed order. `pause` is awaited now and then.
 */
export async function orthonormalise(
  rows: Float64Array,
  count: number,
  n: number,
  pause: () => Promise<void>,
): Promise<Float64Array> {
  const result = rows.slice();
  const rowOf = (k: number) => result.subarray(k * n, (k + 1) * n);
  for (let k = 0; k < count; k += 1) {
    const row = rowOf(k);
    const length = norm(row);
    for (let round = 0; round < 2; round += 1) {
      for (let j = 0; j < k; j += 1) subtractProjection(row, rowOf(j));
    }
    const left = norm(row);
    const factor = left > 1e-12 * length ? 1 / left : 0;
    for (let i = 0; i < n; i += 1) row[i] *= factor;
    if (k % 16 === 0) await pause();
  }
  return result;
}

function subtractProjection(row: Float64Array, unit: Float64Array): void {
  const [a, b, c, d] = partialDots(row, unit);
  const product = a + b + (c + d);
  for (let i = 0; i < row.length; i += 1) row[i] -= product * unit[i];
}

/** Four sums side by side: one alone waits for each addition. */
function partialDots(x: Float64Array, y: Float64Array): [number, number, number, number] {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length - (x.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += x[i] * y[i];
    b += x[i + 1] * y[i + 1];
    c += x[i + 2] * y[i + 2];
    d += x[i + 3] * y[i + 3];
  }
  for (let i = whole; i < x.length; i += 1) a += x[i] * y[i];
  return [a, b, c, d];
}

function norm(x: Float64Array): number {
  const [a, b, c, d] = partialDots(x, x);
  return Math.sqrt(a + b + (c + d));
}
