import type { Value } from '../onnx/graph.ts';
import { broadcastAxes, broadcastShape, sameShape } from './shape.ts';
import type { Tape } from './tape.ts';

export function add(tape: Tape, a: Value, b: Value): Value {
  const y = tape.graph.op('Add', [a, b], { shape: broadcastShape(a.shape, b.shape) });
  return tape.record(y, [a, b], (dy, needed) => [
    needed[0] ? sumTo(tape, dy, a.shape) : undefined,
    needed[1] ? sumTo(tape, dy, b.shape) : undefined,
  ]);
}

export function subtract(tape: Tape, a: Value, b: Value): Value {
  const y = tape.graph.op('Sub', [a, b], { shape: broadcastShape(a.shape, b.shape) });
  return tape.record(y, [a, b], (dy, needed) => [
    needed[0] ? sumTo(tape, dy, a.shape) : undefined,
    needed[1] ? scale(tape, sumTo(tape, dy, b.shape), -1) : undefined,
  ]);
}

export function multiply(tape: Tape, a: Value, b: Value): Value {
  const y = tape.graph.op('Mul', [a, b], { shape: broadcastShape(a.shape, b.shape) });
  return tape.record(y, [a, b], (dy, needed) => [
    needed[0] ? sumTo(tape, multiply(tape, dy, b), a.shape) : undefined,
    needed[1] ? sumTo(tape, multiply(tape, dy, a), b.shape) : undefined,
  ]);
}

export function scale(tape: Tape, a: Value, factor: number): Value {
  if (factor === 1) return a;
  const y = tape.graph.op('Mul', [a, tape.scalar(factor)], { shape: a.shape });
  return tape.record(y, [a], (dy) => [scale(tape, dy, factor)]);
}

export function exp(tape: Tape, a: Value): Value {
  const y = tape.graph.op('Exp', [a], { shape: a.shape });
  return tape.record(y, [a], (dy) => [multiply(tape, dy, y)]);
}

export function sigmoid(tape: Tape, a: Value): Value {
  const y = tape.graph.op('Sigmoid', [a], { shape: a.shape });
  return tape.record(y, [a], (dy) => [multiply(tape, dy, subtract(tape, y, multiply(tape, y, y)))]);
}

/** x · σ(x), the activation of Llama's feed-forward layers. */
export function silu(tape: Tape, x: Value): Value {
  const s = sigmoid(tape, x);
  const y = tape.graph.op('Mul', [x, s], { shape: x.shape });
  // σ(x) + y·(1 − σ(x)), without computing another sigmoid
  const slope = () => add(tape, s, subtract(tape, y, multiply(tape, y, s)));
  return tape.record(y, [x], (dy) => [multiply(tape, dy, slope())]);
}

/** Adds values of one shape. */
export function sum(tape: Tape, values: readonly Value[]): Value {
  if (values.length === 1) return values[0];
  if (values.length === 2) return add(tape, values[0], values[1]);
  const y = tape.graph.op('Sum', values, { shape: values[0].shape });
  return tape.record(y, values, (dy) => values.map(() => dy));
}

/** Sums over `axes` and keeps them with size 1. */
export function reduceSum(tape: Tape, a: Value, axes: readonly number[]): Value {
  const shape = a.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  const y = tape.graph.op('ReduceSum', [a, tape.integers(axes)], { shape }, { attributes: { keepdims: 1 } });
  return tape.record(y, [a], (dy) => [expand(tape, dy, a.shape)]);
}

/** Sums over the last axis and keeps it with size 1. */
export function reduceLast(tape: Tape, a: Value): Value {
  return reduceSum(tape, a, [a.shape.length - 1]);
}

/** Repeats `a` to `shape`. */
export function expand(tape: Tape, a: Value, shape: readonly number[]): Value {
  if (sameShape(a.shape, shape)) return a;
  const y = tape.graph.op('Expand', [a, tape.integers(shape)], { shape });
  return tape.record(y, [a], (dy) => [sumTo(tape, dy, a.shape)]);
}

export function reshape(tape: Tape, a: Value, shape: readonly number[]): Value {
  if (sameShape(a.shape, shape)) return a;
  const y = tape.graph.op('Reshape', [a, tape.integers(shape)], { shape });
  return tape.record(y, [a], (dy) => [reshape(tape, dy, a.shape)]);
}

/** Undoes a broadcast: sums `a` down to `shape`. */
export function sumTo(tape: Tape, a: Value, shape: readonly number[]): Value {
  if (sameShape(a.shape, shape)) return a;
  return reshape(tape, reduceSum(tape, a, broadcastAxes(shape, a.shape)), shape);
}
