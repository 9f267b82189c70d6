import type { Value } from '../onnx/graph.ts';
import { reshape, sumTo } from './elementwise.ts';
import { broadcastShape, sizeOf } from './shape.ts';
import type { Tape } from './tape.ts';

export function permute(tape: Tape, a: Value, order: readonly number[]): Value {
  const inverse = order.map((_, i) => order.indexOf(i));
  const shape = order.map((axis) => a.shape[axis]);
  const y = tape.graph.op('Transpose', [a], { shape }, { attributes: { perm: order } });
  return tape.record(y, [a], (dy) => [permute(tape, dy, inverse)]);
}

/** Swaps the last two axes. */
export function transpose(tape: Tape, a: Value): Value {
  const axes = a.shape.map((_, i) => i);
  const last = axes.length - 1;
  [axes[last], axes[last - 1]] = [axes[last - 1], axes[last]];
  return permute(tape, a, axes);
}

/** Matrix product over the last two axes; the leading ones broadcast. */
export function matmul(tape: Tape, a: Value, b: Value): Value {
  const y = rawMatmul(tape, a, b);
  return tape.record(y, [a, b], (dy, needed) => [
    needed[0] ? sumTo(tape, matmul(tape, dy, transpose(tape, b)), a.shape) : undefined,
    needed[1] ? gradientOfRight(tape, a, b, dy) : undefined,
  ]);
}

/** A matrix product that the caller records itself. */
export function rawMatmul(tape: Tape, a: Value, b: Value): Value {
  const batch =
    b.shape.length > 2 ? broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)) : a.shape.slice(0, -2);
  const shape = [...batch, a.shape[a.shape.length - 2], b.shape[b.shape.length - 1]];
  return tape.graph.op('MatMul', [a, b], { shape });
}

/** aᵀ·b of two matrices. */
export function transposedMatmul(tape: Tape, a: Value, b: Value): Value {
  const y = tape.graph.op('Gemm', [a, b], { shape: [a.shape[1], b.shape[1]] }, { attributes: { transA: 1 } });
  return tape.record(y, [a, b], (dy, needed) => [
    needed[0] ? matmul(tape, b, transpose(tape, dy)) : undefined,
    needed[1] ? matmul(tape, a, dy) : undefined,
  ]);
}

function gradientOfRight(tape: Tape, a: Value, b: Value, dy: Value): Value {
  if (b.shape.length > 2) return sumTo(tape, matmul(tape, transpose(tape, a), dy), b.shape);
  const rows = sizeOf(a.shape.slice(0, -1));
  const [inner, columns] = b.shape;
  return transposedMatmul(tape, reshape(tape, a, [rows, inner]), reshape(tape, dy, [rows, columns]));
}
