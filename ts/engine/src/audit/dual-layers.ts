import type { Value } from '../onnx/graph.ts';
import type { Dual, Duals } from './duals.ts';

/** What a layer gives, and its backward pass, from the gradient of what it gives to that of what it takes. */
export type Layer<Out, In> = { readonly output: Out; readonly backward: (gradient: Out) => In };

/**
 * Root-mean-square normalisation y = n·w with n = x·i. Along x', with m = mean(n·x'), n changes by i·(x' − n·m) and i by
 * −i²·m.
 */
export function normLayer(duals: Duals, x: Dual, weight: Value, epsilon: number): Layer<Dual, Dual> {
  const attributes = { axis: -1, epsilon: { f: epsilon }, stash_type: 1 };
  const shapes = [{ shape: [] }, { shape: [] }];
  const [y, inverse] = duals.graph.multi('SimplifiedLayerNormalization', [x.value, weight], shapes, {
    attributes,
  });
  const n = duals.multiply(x.value, inverse);
  const along = x.tangent && duals.meanLast(duals.multiply(n, x.tangent));
  const normal: Dual = {
    value: n,
    tangent: x.tangent && duals.multiply(duals.subtract(x.tangent, duals.multiply(n, along!)), inverse),
  };
  return {
    output: { value: y, tangent: normal.tangent && duals.multiply(normal.tangent, weight) },
    backward: (gradient) => {
      const z = duals.map(gradient, (part) => duals.multiply(part, weight));
      const zn = duals.times(z, normal);
      const mean = duals.map(zn, (part) => duals.meanLast(part));
      const nm = duals.times(normal, mean);
      const dx = duals.multiply(duals.subtract(z.value, nm.value), inverse);
      const change = duals.subtract(z.tangent!, nm.tangent!);
      const inner = along === undefined ? change : duals.subtract(change, duals.multiply(dx, along));
      return { value: dx, tangent: duals.multiply(inner, inverse) };
    },
  };
}

/** silu(a)·b, the activation of Llama's feed-forward layers. */
export function gateLayer(duals: Duals, a: Dual, b: Dual): Layer<Dual, readonly [Dual, Dual]> {
  const s = duals.op('Sigmoid', [a.value]);
  const rest = duals.subtract(duals.scalar(1), s);
  const silu = duals.multiply(a.value, s);
  // silu'(a) = s + silu·(1 − s), and s'(a) = s·(1 − s)
  const slope = duals.add(s, duals.multiply(silu, rest));
  const f: Dual = { value: silu, tangent: a.tangent && duals.multiply(slope, a.tangent) };
  return {
    output: duals.times(f, b),
    backward: (gradient) => {
      const db = duals.times(gradient, f);
      const e = duals.times(gradient, b);
      const slopes: Dual = {
        value: slope,
        tangent: a.tangent && slopeTangent(duals, { s, rest, silu }, a.tangent, f.tangent!),
      };
      return [duals.times(e, slopes), db];
    },
  };
}

/** s' = s·(1 − s)·a', so (s + f·(1 − s))' = (1 − s)·(s·a' − f·s·a' + f') with f = silu. */
function slopeTangent(
  duals: Duals,
  { s, rest, silu }: { s: Value; rest: Value; silu: Value },
  along: Value,
  siluTangent: Value,
): Value {
  const moved = duals.multiply(s, along);
  const kept = duals.subtract(moved, duals.multiply(silu, moved));
  return duals.multiply(duals.add(kept, siluTangent), rest);
}

/** softmax(α·q·kᵀ + mask)·v, each `[·, rows, length, width]`. */
export function attentionLayer(
  duals: Duals,
  q: Dual,
  k: Dual,
  v: Dual,
  mask: Value,
  alpha: number,
): Layer<Dual, readonly [Dual, Dual, Dual]> {
  const scores = duals.product(q, k, { transB: true, alpha });
  const p = softmax(duals, { value: duals.add(scores.value, mask), tangent: scores.tangent });
  const output = duals.product(p, v);
  return {
    output,
    backward: (gradient) => {
      const dv = duals.product(p, gradient, { transA: true });
      const dp = duals.product(gradient, v, { transB: true });
      // rowsum(dP·P) equals rowsum(dO·O), which is over the width instead of the length
      const inner = duals.map(duals.times(gradient, output), (part) => duals.sumLast(part));
      const centred = duals.plus(
        dp,
        duals.map(inner, (part) => duals.op('Neg', [part])),
      );
      const ds = duals.times(p, centred);
      const dq = duals.product(ds, k, { alpha });
      const dk = duals.product(ds, q, { transA: true, alpha });
      return [dq, dk, dv];
    },
  };
}

function softmax(duals: Duals, scores: Dual): Dual {
  const p = duals.op('Softmax', [scores.value], { axis: -1 });
  if (scores.tangent === undefined) return { value: p };
  const weighted = duals.multiply(p, scores.tangent);
  return { value: p, tangent: duals.subtract(weighted, duals.multiply(p, duals.sumLast(weighted))) };
}
