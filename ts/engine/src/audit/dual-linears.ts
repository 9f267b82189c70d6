import type { Value } from '../onnx/graph.ts';
import type { Layer } from './dual-layers.ts';
import type { Dual, Duals } from './duals.ts';

/** A linear layer with a frozen weight, and maybe a bias and an adapter: x·W + b + α·(x·A)·B. */
export type Linear = { readonly weight: Value; readonly bias?: Value; readonly adapter?: Adapter };

export type Adapter = {
  readonly rank: number;
  readonly alpha: number;
  readonly a: AdapterMatrix;
  readonly b: AdapterMatrix;
  /** Takes the tangents of the gradients by A and B: their part of the Hessian product. */
  readonly take: (a: Value, b: Value) => void;
};

/** `value` `[1, …]`, and `both`: it and its tangent along each direction, A beside A', B above B'. */
export type AdapterMatrix = { readonly value: Value; readonly both: Value };

/** A product with an adapter's narrow side: the same `value` for each direction, and its tangents. */
type Narrow = { readonly value: Value; readonly tangent: Value };

/**
 * Linear layers of one input. Products with few columns cost as much as with many, so the adapters' first matrices are
 * multiplied as one, and every adapter matrix together with its tangents. The gradient of the input is left out where
 * that does not depend on the parameters.
 */
export function linearLayers(
  duals: Duals,
  x: Dual,
  linears: readonly Linear[],
): Layer<readonly Dual[], Dual | undefined> {
  const adapters = linears.flatMap(({ adapter }) => (adapter === undefined ? [] : [adapter]));
  const beside = (parts: readonly Value[]) => duals.concat(parts, -1);
  const values = adapters.map(({ a }) => a.value);
  const pairs = adapters.map(({ a }) => a.both);
  const inner = narrowInputs(duals, x, adapters);
  const innerOf = new Map(adapters.map((adapter, i) => [adapter, inner[i]]));

  const output = linears.map(({ weight, bias, adapter }): Dual => {
    const frozen = duals.map(x, (part) => duals.op('MatMul', [part, weight]));
    const value = bias === undefined ? frozen.value : duals.add(frozen.value, bias);
    if (adapter === undefined) return { ...frozen, value };
    const { b, alpha } = adapter;
    const t = innerOf.get(adapter)!;
    const low = duals.matmul(duals.first(t.value), b.value, { alpha });
    // t'·B + t·B'
    const lowTangent = duals.matmul(beside([t.tangent, t.value]), b.both, { alpha });
    return { value: duals.add(value, low), tangent: duals.sum(frozen.tangent, lowTangent) };
  });

  const backward = (gradients: readonly Dual[]): Dual | undefined => {
    const frozen = () =>
      linears
        .map(({ weight }, i) =>
          duals.map(gradients[i], (part) => duals.matmul(part, weight, { transB: true })),
        )
        .reduce((total, part) => duals.plus(total, part));
    if (adapters.length === 0) return x.tangent && frozen();
    const own = linears.flatMap(({ adapter }, i) => (adapter === undefined ? [] : [gradients[i]]));
    const outer = adapters.map((adapter, i) => narrowGradient(duals, own[i], adapter));
    const r = {
      value: beside(outer.map(({ value }) => value)),
      tangent: beside(outer.map(({ tangent }) => tangent)),
    };
    const ranks = adapters.map(({ rank }) => rank);
    const byA = duals.split(duals.productTangent(x, r, { transA: true })!, ranks);
    adapters.forEach(({ alpha, take }, i) => {
      take(byA[i], duals.productTangent(inner[i], own[i], { transA: true, alpha })!);
    });
    if (x.tangent === undefined) return undefined;
    const low = duals.matmul(duals.first(r.value), beside(values), { transB: true });
    // r'·Aᵀ + r·A'ᵀ
    const left = beside(outer.flatMap(({ value, tangent }) => [tangent, value]));
    const lowTangent = duals.matmul(left, beside(pairs), { transB: true });
    return duals.plus(frozen(), { value: low, tangent: lowTangent });
  };
  return { output, backward };
}

/** x·A of each adapter. */
function narrowInputs(duals: Duals, x: Dual, adapters: readonly Adapter[]): Narrow[] {
  if (adapters.length === 0) return [];
  const ranks = adapters.map(({ rank }) => rank);
  const both = duals.concat(
    adapters.map(({ a }) => a.both),
    -1,
  );
  const parts = duals.split(
    duals.matmul(x.value, both),
    ranks.flatMap((rank) => [rank, rank]),
  );
  const whole = duals.concat(
    adapters.map(({ a }) => a.value),
    -1,
  );
  const moved = x.tangent && duals.split(duals.matmul(x.tangent, whole), ranks);
  return adapters.map((_, i) => ({
    value: parts[2 * i],
    tangent: duals.sum(moved?.[i], parts[2 * i + 1])!,
  }));
}

/** α·dy·Bᵀ of an adapter. */
function narrowGradient(duals: Duals, gradient: Dual, { rank, alpha, b }: Adapter): Narrow {
  const how = { transB: true, alpha };
  const [value, along] = duals.split(duals.matmul(gradient.value, b.both, how), [rank, rank]);
  const moved = gradient.tangent && duals.matmul(gradient.tangent, b.value, how);
  return { value, tangent: duals.sum(moved, along)! };
}
