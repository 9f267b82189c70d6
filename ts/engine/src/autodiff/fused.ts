import { CONTRIB, type Value } from '../onnx/graph.ts';
import { add, exp, multiply, reduceLast, reduceSum, reshape, scale, subtract, sumTo } from './elementwise.ts';
import { matmul, permute, rawMatmul, transpose, transposedMatmul } from './linear.ts';
import { gatherColumns, gatherRows, scatterRows } from './rows.ts';
import type { Tape } from './tape.ts';

/** Root-mean-square normalisation over the last axis, times `weight`. */
export function rmsNorm(tape: Tape, x: Value, weight: Value, epsilon: number): Value {
  const width = x.shape[x.shape.length - 1];
  const [y, inverse] = rawRmsNorm(tape, x, weight, epsilon);
  // inverse = (mean(x²) + ε)^(−1/2), and its derivative is −inverse³·x/width
  tape.record(inverse, [x], (dy) => {
    const cube = multiply(tape, inverse, multiply(tape, inverse, inverse));
    return [multiply(tape, scale(tape, multiply(tape, dy, cube), -1 / width), x)];
  });
  return tape.record(y, [x, weight], (dy, needed) => {
    const normal = multiply(tape, x, inverse);
    const dxOf = () => {
      const weighted = multiply(tape, dy, weight);
      const mean = scale(tape, reduceLast(tape, multiply(tape, weighted, normal)), 1 / width);
      return multiply(tape, inverse, subtract(tape, weighted, multiply(tape, normal, mean)));
    };
    return [
      needed[0] ? dxOf() : undefined,
      needed[1] ? sumTo(tape, multiply(tape, dy, normal), weight.shape) : undefined,
    ];
  });
}

/** The norm and x's inverse root mean square, in one operator; WebGPU's leaves the second result unwritten. */
function rawRmsNorm(tape: Tape, x: Value, weight: Value, epsilon: number): readonly Value[] {
  const { graph } = tape;
  const shape = [...x.shape.slice(0, -1), 1];
  if (!tape.isPortable) {
    const attributes = { axis: -1, epsilon: { f: epsilon }, stash_type: 1 };
    return graph.multi('SimplifiedLayerNormalization', [x, weight], [{ shape: x.shape }, { shape }], {
      attributes,
    });
  }
  const square = graph.op('Mul', [x, x], { shape: x.shape });
  const axes = tape.integers([x.shape.length - 1]);
  const mean = graph.op('ReduceMean', [square, axes], { shape }, { attributes: { keepdims: 1 } });
  const root = graph.op('Sqrt', [graph.op('Add', [mean, tape.scalar(epsilon)], { shape })], { shape });
  const inverse = graph.op('Reciprocal', [root], { shape });
  const normal = graph.op('Mul', [x, inverse], { shape: x.shape });
  return [graph.op('Mul', [normal, weight], { shape: x.shape }), inverse];
}

/** Tables of a rotary position embedding. A rotation is undone by the opposite angle. */
export type RotaryTables = {
  readonly positions: Value;
  readonly cos: Value;
  readonly sin: Value;
  readonly negativeSin: Value;
};

/** Rotates each half-split pair of the last axis of x [batch, heads, length, width] by its position. */
export function rotary(tape: Tape, x: Value, tables: RotaryTables): Value {
  const { positions, cos, sin, negativeSin } = tables;
  const inputs = [x, positions, cos, sin];
  const options = { attributes: { interleaved: 0 }, domain: CONTRIB };
  const y = tape.graph.op('RotaryEmbedding', inputs, { shape: x.shape }, options);
  const opposite = { positions, cos, sin: negativeSin, negativeSin: sin };
  return tape.record(y, [x], (dy) => [rotary(tape, dy, opposite)]);
}

export function softmax(tape: Tape, x: Value): Value {
  const p = tape.graph.op('Softmax', [x], { shape: x.shape }, { attributes: { axis: -1 } });
  return tape.record(p, [x], (dy) => {
    const weighted = multiply(tape, dy, p);
    return [subtract(tape, weighted, multiply(tape, p, reduceLast(tape, weighted)))];
  });
}

/** softmax(q·kᵀ + mask)·v over [batch, heads, length, width]; q is already divided by √width. */
export function attention(tape: Tape, q: Value, k: Value, v: Value, mask: Value): Value {
  const scores = add(tape, matmul(tape, q, permute(tape, k, [0, 1, 3, 2])), mask);
  const p = softmax(tape, scores);
  const output = rawMatmul(tape, p, v);
  return tape.record(output, [q, k, v], (dy, needed) => {
    const dv = needed[2] ? matmul(tape, transpose(tape, p), dy) : undefined;
    if (!needed[0] && !needed[1]) return [undefined, undefined, dv];
    // rowsum(dP·P) equals rowsum(dO·O), which is over the width instead of the length
    const dp = matmul(tape, dy, transpose(tape, v));
    const inner = reduceLast(tape, multiply(tape, dy, output));
    const ds = multiply(tape, p, subtract(tape, dp, inner));
    return [
      needed[0] ? matmul(tape, ds, k) : undefined,
      needed[1] ? matmul(tape, transpose(tape, ds), q) : undefined,
      dv,
    ];
  });
}

export function logSoftmax(tape: Tape, x: Value): Value {
  const y = tape.graph.op('LogSoftmax', [x], { shape: x.shape }, { attributes: { axis: -1 } });
  return tape.record(y, [x], (dy) => [
    subtract(tape, dy, multiply(tape, exp(tape, y), reduceLast(tape, dy))),
  ]);
}

/** Sum over i of weights[i]·CE(hidden[i]·tableᵀ, labels[i]), and the weighted loss of each token. */
export function crossEntropyHead(
  tape: Tape,
  hidden: Value,
  table: Value,
  labels: Value,
  weights: Value,
): { loss: Value; tokenLoss: Value } {
  const [count] = hidden.shape;
  const vocabulary = table.shape[0];
  const logProbabilities = logSoftmax(tape, matmul(tape, hidden, transpose(tape, table)));
  const picked = gatherColumns(tape, logProbabilities, reshape(tape, labels, [count, 1]));
  const weight = reshape(tape, weights, [count, 1]);
  const weighted = tape.graph.op('Mul', [picked, weight], { shape: [count, 1] });
  const negative = tape.graph.op('Neg', [weighted], { shape: [count, 1] });
  const total = tape.graph.op(
    'ReduceSum',
    [negative, tape.integers([0, 1])],
    { shape: [] },
    { attributes: { keepdims: 0 } },
  );
  // d loss / d logits is weight·(softmax − one-hot). Multiplied out, no one-hot matrix is ever made.
  const loss = tape.record(total, [hidden, table, weights], (dy, needed) => {
    const p = exp(tape, logProbabilities);
    const w = multiply(tape, weight, dy);
    const dHidden = () =>
      multiply(tape, w, subtract(tape, matmul(tape, p, table), gatherRows(tape, table, labels)));
    const dTable = () => {
      const scaled = multiply(tape, hidden, w);
      const expected = transposedMatmul(tape, p, scaled);
      return subtract(tape, expected, scatterRows(tape, vocabulary, labels, scaled));
    };
    const dWeights = () => reshape(tape, multiply(tape, scale(tape, picked, -1), dy), weights.shape);
    return [
      needed[0] ? dHidden() : undefined,
      needed[1] ? dTable() : undefined,
      needed[2] ? dWeights() : undefined,
    ];
  });
  return { loss, tokenLoss: reshape(tape, negative, [count]) };
}

/** Repeats each of the heads of x [batch, heads, length, width] `times` times (grouped-query attention). */
export function repeatHeads(tape: Tape, x: Value, times: number): Value {
  if (times === 1) return x;
  const [batch, heads, length, width] = x.shape;
  const grouped = reshape(tape, x, [batch, heads, 1, length, width]);
  const wide = [batch, heads, times, length, width];
  const y = tape.graph.op('Expand', [grouped, tape.integers(wide)], { shape: wide });
  const expanded = tape.record(y, [grouped], (dy) => [reduceSum(tape, dy, [2])]);
  return reshape(tape, expanded, [batch, heads * times, length, width]);
}
