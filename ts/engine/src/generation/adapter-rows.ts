import type { LlamaConfig } from '../llama/config.ts';
import { loraLayout } from '../llama/parameters.ts';
import type { Tensor } from '../runtime/runtime.ts';

/** LoRA matrices in the order of `loraLayout(config, rank)`, with every factor multiplied into B. Rank 0: none. */
export type AdapterMatrices = { readonly rank: number; readonly weights: Float32Array };

export const NO_ADAPTER: AdapterMatrices = { rank: 0, weights: new Float32Array(0) };

/**
 * Several adapters as one: Σ weightᵢ·AᵢBᵢ is the product of all A side by side and all weighted B one above the
 * other, so the ranks add up.
 */
export function combineAdapters(
  config: LlamaConfig,
  parts: readonly { readonly adapter: AdapterMatrices; readonly weight: number }[],
): AdapterMatrices {
  if (parts.length === 0) return NO_ADAPTER;
  if (parts.length === 1 && parts[0].weight === 1) return parts[0].adapter;
  const rank = parts.reduce((sum, { adapter }) => sum + adapter.rank, 0);
  const layout = loraLayout(config, rank);
  const weights = new Float32Array(layout.size);
  let before = 0;
  for (const { adapter, weight } of parts) {
    const own = loraLayout(config, adapter.rank);
    own.slots.forEach((slot, i) => {
      const target = weights.subarray(layout.slots[i].offset, layout.slots[i].offset + layout.slots[i].size);
      const source = adapter.weights.subarray(slot.offset, slot.offset + slot.size);
      if (slot.name.endsWith('.lora_A')) {
        placeColumns(source, slot.shape[0], adapter.rank, target, rank, before);
      } else {
        const at = before * slot.shape[1];
        for (let j = 0; j < source.length; j += 1) target[at + j] = weight * source[j];
      }
    });
    before += adapter.rank;
  }
  return { rank, weights };
}

type Slot = { readonly name: string; readonly isA: boolean; readonly width: number; buffer: Float32Array };

/**
 * The adapters of a batch as inputs of a decode graph: row b of every `lora_A [B, in, R]` and `lora_B [B, R, out]`
 * belongs to sequence b. R is the largest rank in the batch; smaller ones are padded with zeros.
 */
export class AdapterRows {
  readonly #config: LlamaConfig;
  readonly #slots: Slot[];
  readonly #adapters: AdapterMatrices[] = [];
  #rank = 0;
  #rows = 0;

  constructor(config: LlamaConfig) {
    this.#config = config;
    this.#slots = loraLayout(config, 1).slots.map(({ name, shape }) => {
      const isA = name.endsWith('.lora_A');
      return { name, isA, width: isA ? shape[0] : shape[1], buffer: new Float32Array(0) };
    });
  }

  push(adapter: AdapterMatrices): void {
    this.#adapters.push(adapter);
    if (adapter.rank > this.#rank || this.#adapters.length > this.#rows) this.#layOut();
    else this.#fill(this.#adapters.length - 1);
  }

  /** Removes a row; the last one takes its place. */
  drop(row: number): void {
    const last = this.#adapters.pop()!;
    if (row < this.#adapters.length) {
      this.#adapters[row] = last;
      this.#fill(row);
    }
    // Smaller matrices are less work, but laying them out again is work too.
    if (2 * this.#largestRank() <= this.#rank) this.#layOut();
  }

  feeds(): Record<string, Tensor> {
    const rows = this.#adapters.length;
    return Object.fromEntries(
      this.#slots.map(({ name, isA, width, buffer }) => [
        name,
        {
          data: buffer.subarray(0, rows * width * this.#rank),
          dims: isA ? [rows, width, this.#rank] : [rows, this.#rank, width],
        },
      ]),
    );
  }

  #largestRank(): number {
    return Math.max(0, ...this.#adapters.map(({ rank }) => rank));
  }

  #layOut(): void {
    this.#rank = this.#largestRank();
    if (this.#adapters.length > this.#rows) this.#rows = Math.max(this.#adapters.length, 2 * this.#rows);
    for (const slot of this.#slots) slot.buffer = new Float32Array(this.#rows * slot.width * this.#rank);
    this.#adapters.forEach((_, row) => {
      this.#fill(row);
    });
  }

  #fill(row: number): void {
    const { rank, weights } = this.#adapters[row];
    const sources = loraLayout(this.#config, rank).slots;
    this.#slots.forEach(({ isA, width, buffer }, i) => {
      const { offset, size } = sources[i];
      const source = weights.subarray(offset, offset + size);
      const target = buffer.subarray(row * width * this.#rank, (row + 1) * width * this.#rank);
      if (rank < this.#rank) target.fill(0);
      if (isA && rank < this.#rank) placeColumns(source, width, rank, target, this.#rank, 0);
      else target.set(source);
    });
  }
}

/** Copies a `[rows, columns]` matrix into columns `at …` of a wider one. */
function placeColumns(
  source: Float32Array,
  rows: number,
  columns: number,
  target: Float32Array,
  width: number,
  at: number,
): void {
  for (let i = 0; i < rows; i += 1) {
    target.set(source.subarray(i * columns, (i + 1) * columns), i * width + at);
  }
}
