import { CONTRIB, type Graph, type OpOptions, type Value } from '../onnx/graph.ts';

/**
 * A value of a pass over the model `[1, …]`, and how it changes along K directions of the parameters `[K, …]`. Without a
 * tangent it does not depend on the parameters.
 */
export type Dual = { readonly value: Value; readonly tangent?: Value };

/** A product's factors before it: transposed (their last two axes) and scaled. */
export type Product = { readonly transA?: boolean; readonly transB?: boolean; readonly alpha?: number };

type Attributes = NonNullable<OpOptions['attributes']>;

/** Operators on dual numbers. Their shapes only the runtime knows. */
export class Duals {
  readonly graph: Graph;
  readonly #constants = new Map<string, Value>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  op(opType: string, inputs: readonly Value[], attributes: Attributes = {}, domain = ''): Value {
    return this.graph.op(opType, inputs, { shape: [] }, { attributes, domain });
  }

  integers(values: readonly number[]): Value {
    const key = `integers ${values}`;
    const make = () => this.graph.constant(BigInt64Array.from(values, BigInt), [values.length]);
    return this.#constants.get(key) ?? this.#keep(key, make());
  }

  scalar(value: number): Value {
    const key = `scalar ${value}`;
    return this.#constants.get(key) ?? this.#keep(key, this.graph.constant(Float32Array.of(value), []));
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b]);
  }

  subtract(a: Value, b: Value): Value {
    return this.op('Sub', [a, b]);
  }

  multiply(a: Value, b: Value): Value {
    return this.op('Mul', [a, b]);
  }

  matmul(a: Value, b: Value, { transA, transB, alpha = 1 }: Product = {}): Value {
    const attributes = { transA: Number(transA ?? 0), transB: Number(transB ?? 0), alpha: { f: alpha } };
    return this.op('FusedMatMul', [a, b], attributes, CONTRIB);
  }

  /** Sums over the last axis, which stays with size 1. */
  sumLast(a: Value): Value {
    return this.op('ReduceSum', [a, this.integers([-1])], { keepdims: 1 });
  }

  meanLast(a: Value): Value {
    return this.op('ReduceMean', [a, this.integers([-1])], { keepdims: 1 });
  }

  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0] : this.op('Concat', values, { axis });
  }

  /** Parts of so many columns. */
  split(value: Value, sizes: readonly number[]): Value[] {
    if (sizes.length === 1) return [value];
    const specs = sizes.map(() => ({ shape: [] }));
    return this.graph.multi('Split', [value, this.integers(sizes)], specs, { attributes: { axis: -1 } });
  }

  /** Of what is the same along every direction, that of the first. */
  first(value: Value): Value {
    const [start, end, axis] = [0, 1, 0].map((bound) => this.integers([bound]));
    return this.op('Slice', [value, start, end, axis]);
  }

  /** Sum of the terms that there are. */
  sum(...terms: readonly (Value | undefined)[]): Value | undefined {
    const present = terms.filter((term) => term !== undefined);
    return present.length === 0 ? undefined : present.reduce((total, term) => this.add(total, term));
  }

  /** An operator that is linear in its argument. */
  map({ value, tangent }: Dual, linear: (x: Value) => Value): Dual {
    return { value: linear(value), tangent: tangent && linear(tangent) };
  }

  plus(a: Dual, b: Dual): Dual {
    return { value: this.add(a.value, b.value), tangent: this.sum(a.tangent, b.tangent) };
  }

  /** A product's tangent by the product rule. */
  times(a: Dual, b: Dual): Dual {
    return { value: this.multiply(a.value, b.value), tangent: this.timesTangent(a, b) };
  }

  timesTangent(a: Dual, b: Dual): Value | undefined {
    return this.sum(
      a.tangent && this.multiply(a.tangent, b.value),
      b.tangent && this.multiply(a.value, b.tangent),
    );
  }

  product(a: Dual, b: Dual, how?: Product): Dual {
    return { value: this.matmul(a.value, b.value, how), tangent: this.productTangent(a, b, how) };
  }

  productTangent(a: Dual, b: Dual, how?: Product): Value | undefined {
    return this.sum(
      a.tangent && this.matmul(a.tangent, b.value, how),
      b.tangent && this.matmul(a.value, b.tangent, how),
    );
  }

  #keep(key: string, value: Value): Value {
    this.#constants.set(key, value);
    return value;
  }
}
