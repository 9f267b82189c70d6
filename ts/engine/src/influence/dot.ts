/**
 * Inner product of `length` values of two arrays, in double precision. Four running sums, so that additions need
 * not wait for one another; their order is fixed, so the result has the same bits everywhere.
 */
export function dot(
  a: Float32Array | Int8Array,
  startA: number,
  b: Float32Array,
  startB: number,
  length: number,
): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[startA + i] * b[startB + i];
    s1 += a[startA + i + 1] * b[startB + i + 1];
    s2 += a[startA + i + 2] * b[startB + i + 2];
    s3 += a[startA + i + 3] * b[startB + i + 3];
  }
  for (; i < length; i += 1) s0 += a[startA + i] * b[startB + i];
  return s0 + s1 + (s2 + s3);
}
