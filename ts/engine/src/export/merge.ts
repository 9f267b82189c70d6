import { type Adapter, adapterLayout, loraScaling } from '../adapter/peft.ts';
import type { LlamaConfig } from '../llama/config.ts';
import { baseLayout, type ParameterSlot } from '../llama/parameters.ts';

/**
 * The weights of a model that answers as base and adapter together: `W + scaling·A·B` per linear layer that the adapter
 * changes, everything else as it is. Sums are in float64 and rounded to float32 once. `merged` is where they go: a copy of
 * the weights, or these themselves where nobody needs them any more and memory is short.
 */
export function mergeAdapter(
  config: LlamaConfig,
  weights: Float32Array,
  adapter: Adapter,
  merged: Float32Array = weights.slice(),
): Float32Array {
  const slots = new Map(baseLayout(config).slots.map((slot) => [slot.name, slot]));
  const matrices = new Map(adapterLayout(config, adapter).slots.map((slot) => [slot.name, slot]));
  const scaling = loraScaling(adapter);
  const rowSum = (length: number) => new Float64Array(length);
  for (const a of matrices.values()) {
    if (!a.name.endsWith('.lora_A')) continue;
    const layer = a.name.slice(0, -'.lora_A'.length);
    const b = matrices.get(`${layer}.lora_B`)!;
    addProduct(merged, slots.get(`${layer}.weight`)!, { a, b, adapter, scaling }, rowSum(b.shape[1]));
  }
  return merged;
}

type Product = { a: ParameterSlot; b: ParameterSlot; adapter: Adapter; scaling: number };

/** Adds `scaling·A·B` to the matrix `[in, out]` at `slot`, row by row. */
function addProduct(
  merged: Float32Array,
  slot: ParameterSlot,
  { a, b, adapter, scaling }: Product,
  sum: Float64Array,
): void {
  const [rows, columns] = slot.shape;
  const { rank, weights } = adapter;
  for (let row = 0; row < rows; row += 1) {
    sum.fill(0);
    for (let k = 0; k < rank; k += 1) {
      const factor = scaling * weights[a.offset + row * rank + k];
      for (let column = 0; column < columns; column += 1) {
        sum[column] += factor * weights[b.offset + k * columns + column];
      }
    }
    for (let column = 0; column < columns; column += 1)
      merged[slot.offset + row * columns + column] += sum[column];
  }
}
