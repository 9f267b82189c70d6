import type { Graph, Value } from '../onnx/graph.ts';
import { sum } from './elementwise.ts';

/**
 * Turns the gradient of an output into gradients of the inputs. `needed[i]` says whether input i leads to a
 * tensor that is being trained; for the others nothing should be emitted.
 */
export type Pullback = (gradient: Value, needed: readonly boolean[]) => readonly (Value | undefined)[];

type Entry = { readonly output: Value; readonly inputs: readonly Value[]; readonly pullback: Pullback };

/**
 * Reverse-mode differentiation by appending nodes to the same ONNX graph.
 *
 * Pullbacks are made of recorded operators again, so a gradient can be differentiated once more: the set of
 * operators is closed.
 */
export class Tape {
  readonly graph: Graph;
  /** Whether the graph keeps to operators that devices other than the processor have in full. */
  readonly isPortable: boolean;
  readonly #entries: Entry[] = [];
  readonly #scalars = new Map<number, Value>();
  readonly #shapes = new Map<string, Value>();

  constructor(graph: Graph, options: { readonly portable?: boolean } = {}) {
    this.graph = graph;
    this.isPortable = options.portable ?? false;
  }

  /** Records how to differentiate `output`, and returns it. */
  record(output: Value, inputs: readonly Value[], pullback: Pullback): Value {
    this.#entries.push({ output, inputs, pullback });
    return output;
  }

  /** A scalar constant; equal ones share a tensor. */
  scalar(value: number): Value {
    return memo(this.#scalars, value, () => this.graph.constant(Float32Array.of(value), []));
  }

  /** A list of whole numbers (a shape, axes); equal ones share a tensor. */
  integers(values: readonly number[]): Value {
    return memo(this.#shapes, values.join(), () =>
      this.graph.constant(BigInt64Array.from(values, BigInt), [values.length]),
    );
  }

  /** Appends the gradient of the scalar `loss` with respect to each of `targets`. */
  gradient(loss: Value, targets: readonly Value[]): Value[] {
    const entries = this.#entries.slice();
    const needed = new Set(targets.map((target) => target.name));
    for (const entry of entries) {
      if (entry.inputs.some((input) => needed.has(input.name))) needed.add(entry.output.name);
    }
    const parts = new Map<string, Value[]>([[loss.name, [this.scalar(1)]]]);
    for (const entry of entries.reverse()) {
      const gradients = parts.get(entry.output.name);
      if (gradients === undefined || !needed.has(entry.output.name)) continue;
      const mask = entry.inputs.map((input) => needed.has(input.name));
      const results = entry.pullback(sum(this, gradients), mask);
      entry.inputs.forEach((input, i) => {
        const result = results[i];
        if (mask[i] && result !== undefined) memo(parts, input.name, () => []).push(result);
      });
    }
    return targets.map((target) => {
      const gradients = parts.get(target.name);
      if (gradients === undefined) throw new Error(`The loss does not depend on ${target.name}.`);
      return sum(this, gradients);
    });
  }
}

function memo<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
