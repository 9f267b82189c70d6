import { fromHex, keccak } from '@openledger/sdk/protocol/bytes';
import { SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import type { Hex } from 'viem';
import type { Basis } from './basis.ts';

/** Adam's scale of each coordinate: (1/(√v + ε))^½ of the bias-corrected second moment. */
export function preconditionerOf(secondMoment: Float32Array, epsilon: number): Float32Array {
  return secondMoment.map((value) => Math.sqrt(1 / (Math.sqrt(value) + epsilon)));
}

/** Multiplies a gradient by the preconditioner, coordinate by coordinate. */
export function precondition(gradient: Float32Array, preconditioner: Float32Array): Float32Array {
  return gradient.map((value, i) => value * preconditioner[i]);
}

/** The sketch of a gradient's coordinates along the directions before it is quantised: R (E + λI)^(−1/2) Vᵀ z. */
export function sketchOf(
  basis: Pick<Basis, 'eigenvalues' | 'lambda' | 'seed'>,
  coordinates: Float64Array,
): Float64Array {
  const whitened = coordinates.map((value, k) => value / Math.sqrt(basis.eigenvalues[k] + basis.lambda));
  return rotate(whitened, basis.seed);
}

/**
 * The public rotation R: twice signs, then the normalised Hadamard matrix. It spreads a few large coordinates over all
 * 512, so that rounding loses little; one round alone would give few coordinates the same entries again and again. The
 * signs are the bits of `seed`, of its keccak256, of that one's, and so on, each from its first byte's highest bit on.
 */
export function rotate(coordinates: Float64Array, seed: Hex): Float64Array {
  const s = new Float64Array(SKETCH_LENGTH);
  s.set(coordinates);
  let hash = seed;
  for (let round = 0; round < 2; round += 1) {
    for (let start = 0; start < SKETCH_LENGTH; start += 256) {
      const bits = fromHex(hash);
      for (let k = 0; k < 256; k += 1) if ((bits[k >> 3] >> (7 - (k & 7))) & 1) s[start + k] = -s[start + k];
      hash = keccak(hash);
    }
    transform(s);
  }
  // √512 for each round.
  return s.map((value) => value / SKETCH_LENGTH);
}

/** The Hadamard matrix times a vector, in place; not normalised. */
function transform(s: Float64Array): void {
  for (let half = 1; half < s.length; half *= 2) {
    for (let start = 0; start < s.length; start += 2 * half) {
      for (let i = start; i < start + half; i += 1) {
        const x = s[i];
        const y = s[i + half];
        s[i] = x + y;
        s[i + half] = x - y;
      }
    }
  }
}

/** Scales a sketch down to a norm it must not exceed. */
export function capNorm(s: Float64Array, cap: number): Float64Array {
  const norm = normOf(s);
  return norm <= cap ? s : s.map((value) => value * (cap / norm));
}

export function normOf(s: Float64Array | Float32Array): number {
  let total = 0;
  for (const value of s) total += value * value;
  return Math.sqrt(total);
}
