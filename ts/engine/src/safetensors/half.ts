/** Conversions between float32 and IEEE half precision, rounding to nearest, ties to even. */

const scratch = new Float32Array(1);
const bits = new Uint32Array(scratch.buffer);

/** The 16 bits of the half-precision number nearest to `value`. */
export function toHalf(value: number): number {
  scratch[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = bits[0] & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x47800000) return sign | 0x7c00; // too large: infinity
  if (magnitude < 0x38800000) {
    // Below 2^-14 halves are multiples of 2^-24. Scaling by a power of two is exact.
    return sign | roundHalfEven(Math.abs(scratch[0]) * 2 ** 24);
  }
  const dropped = magnitude & 0x1fff;
  const kept = (magnitude - 0x38000000) >>> 13;
  const up = dropped > 0x1000 || (dropped === 0x1000 && (kept & 1) === 1);
  return sign | (up ? kept + 1 : kept);
}

/** The number that 16 bits of half precision stand for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
