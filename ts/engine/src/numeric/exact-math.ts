/**
 * Elementary functions built from IEEE additions, multiplications and divisions only.
 *
 * JavaScript leaves Math.cos, Math.exp and friends to the implementation, so their last bit may change between
 * engine versions. Tables that enter a training run are computed with these instead: same bits everywhere.
 * The results are good to about 1e-15, which rounding to float32 hides.
 */

const { LN2 } = Math;
/** π/2 in two parts; the first has few enough bits that k·HALF_PI_HIGH is exact for k below 2^20. */
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_LOW = 6.077100506506192e-11;

export function exp(x: number): number {
  const k = Math.round(x / LN2);
  const r = x - k * LN2;
  let term = 1;
  let total = 1;
  for (let n = 1; n <= 18; n += 1) {
    term *= r / n;
    total += term;
  }
  return scaleByPowerOfTwo(total, k);
}

export function log(x: number): number {
  if (!(x > 0) || !Number.isFinite(x))
    throw new RangeError(`The logarithm needs a positive number, got ${x}.`);
  let mantissa = x;
  let exponent = 0;
  for (; mantissa > 1.5; mantissa /= 2) exponent += 1;
  for (; mantissa < 0.75; mantissa *= 2) exponent -= 1;
  // log m = 2·artanh((m − 1)/(m + 1))
  const z = (mantissa - 1) / (mantissa + 1);
  let power = z;
  let total = 0;
  for (let n = 1; n <= 41; n += 2) {
    total += power / n;
    power *= z * z;
  }
  return 2 * total + exponent * LN2;
}

export function power(base: number, exponent: number): number {
  return exp(exponent * log(base));
}

export function sin(x: number): number {
  return cos(x - HALF_PI_HIGH - HALF_PI_LOW);
}

export function cos(x: number): number {
  const k = Math.round(x / (HALF_PI_HIGH + HALF_PI_LOW));
  const r = x - k * HALF_PI_HIGH - k * HALF_PI_LOW;
  const quadrant = ((k % 4) + 4) % 4;
  if (quadrant === 0) return cosSeries(r);
  if (quadrant === 1) return -sinSeries(r);
  return quadrant === 2 ? -cosSeries(r) : sinSeries(r);
}

function cosSeries(x: number): number {
  let term = 1;
  let total = 1;
  for (let n = 1; n <= 12; n += 1) {
    term *= -(x * x) / ((2 * n - 1) * (2 * n));
    total += term;
  }
  return total;
}

function sinSeries(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n <= 12; n += 1) {
    term *= -(x * x) / (2 * n * (2 * n + 1));
    total += term;
  }
  return total;
}

function scaleByPowerOfTwo(x: number, k: number): number {
  let result = x;
  for (let i = 0; i < k; i += 1) result *= 2;
  for (let i = 0; i > k; i -= 1) result /= 2;
  return result;
}
