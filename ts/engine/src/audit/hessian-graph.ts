import { multiply, reduceSum, reshape, sum } from '../autodiff/elementwise.ts';
import { Tape } from '../autodiff/tape.ts';
import type { LlamaConfig } from '../llama/config.ts';
import { recordLoss, type TrainingGraphOptions } from '../llama/training-graph.ts';
import { Graph, type Model, type Value } from '../onnx/graph.ts';

/** Names of the outputs for direction `k`. */
export const hessianOutputs = (k: number) => ({ product: `hp_${k}`, weightSlopes: `hw_${k}` });

/**
 * A graph of second derivatives of a batch's loss L(p, weights) = Σ weights·CE, along directions u₁ … u_K:
 * with φ = ⟨∂L/∂p, u⟩ its outputs are `hp_k` = ∂φ/∂p, which is the Hessian times u, `[p.length]`, and
 * `hw_k` = ∂φ/∂weights, the slope of each token's loss along u, `[batch·length]`.
 *
 * Inputs: those of a LoRA training graph, and `u` `[K·p.length]`. The forward and the first backward pass are
 * shared by all directions.
 */
export function buildHessianGraph(
  config: LlamaConfig,
  options: Omit<TrainingGraphOptions, 'mode' | 'gradient' | 'tokenLoss'>,
  directions: number,
): Model {
  const graph = new Graph();
  const tape = new Tape(graph);
  const { loss, targets, layout } = recordLoss(config, { ...options, mode: 'lora' }, tape);
  const tokens = options.batch * options.length;
  const weights: Value = { name: 'weights', dtype: 'f32', shape: [tokens] };
  const gradients = tape.gradient(loss, targets);
  const sizes = Array.from({ length: directions }, () => layout.slots.map(({ size }) => size)).flat();
  const flat = graph.input('u', 'f32', [directions * layout.size]);
  const parts = graph.multi(
    'Split',
    [flat, tape.integers(sizes)],
    sizes.map((size) => ({ shape: [size] })),
    { attributes: { axis: 0 } },
  );
  for (let k = 0; k < directions; k += 1) {
    const products = gradients.map((gradient, i) => {
      const direction = reshape(tape, parts[k * layout.slots.length + i], gradient.shape);
      const axes = gradient.shape.map((_, axis) => axis);
      return reshape(tape, reduceSum(tape, multiply(tape, gradient, direction), axes), []);
    });
    const [slopes, ...rest] = tape.gradient(sum(tape, products), [weights, ...targets]);
    const flattened = rest.map((part, i) => reshape(tape, part, [layout.slots[i].size]));
    const names = hessianOutputs(k);
    const shape = [layout.size];
    graph.output(graph.op('Concat', flattened, { shape }, { attributes: { axis: 0 } }), names.product);
    graph.output(reshape(tape, slopes, [tokens]), names.weightSlopes);
  }
  return graph.build();
}
