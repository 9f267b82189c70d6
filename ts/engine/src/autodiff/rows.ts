import type { Value } from '../onnx/graph.ts';
import { reshape } from './elementwise.ts';
import type { Tape } from './tape.ts';

/** Rows of the matrix `table` at `ids`. */
export function gatherRows(tape: Tape, table: Value, ids: Value): Value {
  const shape = [ids.shape[0], table.shape[1]];
  const y = tape.graph.op('Gather', [table, ids], { shape }, { attributes: { axis: 0 } });
  return tape.record(y, [table], (dy) => [scatterRows(tape, table.shape[0], ids, dy)]);
}

/**
 * A matrix of `count` rows in which row `ids[i]` is the sum of the rows i of `rows`.
 *
 * ScatterElements adds in order; ScatterND with a reduction would race between threads.
 */
export function scatterRows(tape: Tape, count: number, ids: Value, rows: Value): Value {
  const [length, width] = rows.shape;
  const shape = [count, width];
  const zeros = tape.graph.op('ConstantOfShape', [tape.integers(shape)], { shape, dtype: 'f32' });
  const column = reshape(tape, ids, [length, 1]);
  const index = tape.graph.op('Expand', [column, tape.integers([length, width])], { shape: [length, width] });
  const attributes = { axis: 0, reduction: 'add' };
  const y = tape.graph.op('ScatterElements', [zeros, index, rows], { shape }, { attributes });
  return tape.record(y, [rows], (dy) => [gatherRows(tape, dy, ids)]);
}

/** From row i of `matrix`, the element in column `columns[i]`, as a matrix of one column. */
export function gatherColumns(tape: Tape, matrix: Value, columns: Value): Value {
  const attributes = { axis: 1 };
  const y = tape.graph.op('GatherElements', [matrix, columns], { shape: columns.shape }, { attributes });
  return tape.record(y, [matrix], (dy) => [scatterColumns(tape, matrix.shape, columns, dy)]);
}

/** A matrix of zeros with `values[i]` in row i, column `columns[i]`. */
function scatterColumns(tape: Tape, shape: readonly number[], columns: Value, values: Value): Value {
  const zeros = tape.graph.op('ConstantOfShape', [tape.integers(shape)], { shape, dtype: 'f32' });
  const attributes = { axis: 1, reduction: 'add' };
  const y = tape.graph.op('ScatterElements', [zeros, columns, values], { shape }, { attributes });
  return tape.record(y, [values], (dy) => [gatherColumns(tape, dy, columns)]);
}
