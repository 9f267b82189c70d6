import type { Matrices } from '@openledger/engine/influence/matrices';
import { combinations, type Gradients, innerProducts, type Scores } from './gradients.ts';

/**
 * DataInf (Kwon et al., ICLR 2024): per tensor l the inverse of the damped Fisher matrix is replaced by the mean of
 * the inverses of its rank-one parts, which Sherman and Morrison give in closed form:
 *
 *   score(q, k) = Σ_l 1/(n λ_l) Σ_i [g_q·g_k − (g_q·g_i)(g_i·g_k)/(λ_l + ‖g_i‖²)],  λ_l = 0.1·mean of ‖g_i‖²/d_l
 *
 * with the damping of its authors' code. The sign is turned, so that a helpful row has a positive score.
 */
export async function dataInf(matrices: Matrices, { rows, queries, layout }: Gradients): Promise<Scores> {
  const n = rows.length;
  const scores = queries.map(() => new Float64Array(n));
  for (const { offset, size } of layout.slots) {
    const [from, to] = [offset, offset + size];
    const squares = rows.map((row) => squareOf(row, from, to));
    const lambda = dampingOf(squares, size);
    if (lambda === 0) continue;
    const products = await innerProducts(matrices, queries, rows, from, to);
    const weights = products.map((row) => row.map((value, i) => value / (lambda + squares[i]!) / n));
    const corrections = await combinations(matrices, weights, rows, from, to);
    const inverted = queries.map((query, q) =>
      query.subarray(from, to).map((value, i) => (value - corrections[q]![i]!) / lambda),
    );
    const parts = rows.map((row) => row.subarray(from, to));
    const layer = await innerProducts(matrices, inverted, parts);
    layer.forEach((row, q) => {
      for (let k = 0; k < n; k += 1) scores[q]![k]! += row[k]!;
    });
  }
  return scores;
}

/** λ of a tensor of `size` numbers, from its rows' squared norms. */
export function dampingOf(squares: readonly number[], size: number): number {
  return (0.1 * squares.reduce((sum, square) => sum + square, 0)) / squares.length / size;
}

function squareOf(vector: Float32Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i += 1) total += vector[i]! * vector[i]!;
  return total;
}
