import type { Matrices } from '@openledger/engine/influence/matrices';
import { innerProducts, type Scores } from './gradients.ts';

/** λ as a multiple of the mean eigenvalue of as many as a sketch has entries, as sketches have it. */
export const DAMPING = 2;

/**
 * Influence by the full damped Fisher matrix, z_qᵀ (ZᵀZ + λI)⁻¹ z_k, with nothing left out. By Woodbury's identity
 * only a matrix of rows × rows is solved: (ZᵀZ + λI)⁻¹Zᵀ = Zᵀ(ZZᵀ + λI)⁻¹.
 */
export async function fullFisher(
  matrices: Matrices,
  rows: readonly Float32Array[],
  queries: readonly Float32Array[],
  lambda: number,
): Promise<Scores> {
  const gram = await innerProducts(matrices, rows, rows);
  const factor = cholesky(gram, lambda);
  const products = await innerProducts(matrices, queries, rows);
  return products.map((row) => solve(factor, row));
}

/** The lower triangle L with L·Lᵀ = matrix + λI. */
export function cholesky(matrix: readonly Float64Array[], lambda: number): Float64Array[] {
  const n = matrix.length;
  const lower = matrix.map((_, i) => new Float64Array(i + 1));
  for (let i = 0; i < n; i += 1) {
    const row = lower[i]!;
    for (let j = 0; j <= i; j += 1) {
      const other = lower[j]!;
      let total = matrix[i]![j]! + (i === j ? lambda : 0);
      for (let k = 0; k < j; k += 1) total -= row[k]! * other[k]!;
      row[j] = i === j ? Math.sqrt(total) : total / other[j]!;
    }
  }
  return lower;
}

/** x with L·Lᵀ·x = b. */
export function solve(lower: readonly Float64Array[], b: Float64Array): Float64Array {
  const n = b.length;
  const x = b.slice();
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < i; k += 1) x[i]! -= lower[i]![k]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i -= 1) {
    x[i]! /= lower[i]![i]!;
    for (let k = 0; k < i; k += 1) x[k]! -= lower[i]![k]! * x[i]!;
  }
  return x;
}
