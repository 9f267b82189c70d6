import type { ParameterLayout } from '../llama/parameters.ts';
import { Random } from '../numeric/random.ts';

/**
 * How gradients of very many parameters are made smaller before anything else: every matrix G of the layout becomes
 * Lᵀ·G·R, with random signs over √side in L `[rows, side]` and R `[columns, side]` (LoGra: Choe et al. 2024).
 * A side that is not longer than `side` stays as it is.
 */
export type Projection = {
  /** Rows and columns that are left of a matrix, at most. */
  readonly side: number;
  /** Decides the signs. */
  readonly seed: number;
};

/** Length of a gradient after its projection. */
export function projectedSize(layout: ParameterLayout, { side }: Pick<Projection, 'side'>): number {
  return layout.slots.reduce((sum, { shape }) => {
    const [rows, columns] = matrixOf(shape);
    return sum + Math.min(rows, side) * Math.min(columns, side);
  }, 0);
}

/** Prepares the projection of gradients in the order of `layout`; the signs are made once. */
export function createProjector(
  layout: ParameterLayout,
  { side, seed }: Projection,
): (gradient: Float32Array) => Float32Array {
  const random = new Random(seed);
  const signs = (length: number) =>
    length <= side
      ? undefined
      : Int8Array.from({ length: length * side }, () => 1 - 2 * (random.next() >>> 31));
  const parts = layout.slots.map((slot) => {
    const [rows, columns] = matrixOf(slot.shape);
    return { offset: slot.offset, rows, columns, left: signs(rows), right: signs(columns) };
  });
  const size = projectedSize(layout, { side });
  const scale = 1 / Math.sqrt(side);
  return (gradient) => {
    const result = new Float32Array(size);
    let at = 0;
    for (const { offset, rows, columns, left, right } of parts) {
      let matrix = Float64Array.from(gradient.subarray(offset, offset + rows * columns));
      let height = rows;
      if (left !== undefined) {
        matrix = fromLeft(matrix, rows, columns, left, side, scale);
        height = side;
      }
      if (right !== undefined) matrix = fromRight(matrix, height, columns, right, side, scale);
      result.set(matrix, at);
      at += matrix.length;
    }
    return result;
  };
}

/** A tensor of a layout as a matrix. */
function matrixOf(shape: readonly number[]): readonly [number, number] {
  const [rows, columns = 1] = shape;
  return [rows, columns];
}

/** scale·Lᵀ·M. */
function fromLeft(
  matrix: Float64Array,
  rows: number,
  columns: number,
  signs: Int8Array,
  side: number,
  scale: number,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(side * columns);
  for (let i = 0; i < rows; i += 1) {
    for (let k = 0; k < side; k += 1) {
      const factor = signs[i * side + k] * scale;
      for (let j = 0; j < columns; j += 1) result[k * columns + j] += factor * matrix[i * columns + j];
    }
  }
  return result;
}

/** scale·M·R. */
function fromRight(
  matrix: Float64Array,
  rows: number,
  columns: number,
  signs: Int8Array,
  side: number,
  scale: number,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(rows * side);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) {
      const value = matrix[i * columns + j] * scale;
      for (let k = 0; k < side; k += 1) result[i * side + k] += signs[j * side + k] * value;
    }
  }
  return result;
}
