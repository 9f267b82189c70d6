import type { LlamaConfig } from '../llama/config.ts';

/** Buffers grow by this many positions: cost follows the buffer's length. */
const BLOCK = 64;
const MASKED = -1e9;

/** Keys and values of the positions read so far, for one sequence. */
export class KeyValueCache {
  readonly #config: LlamaConfig;
  #keys: Float32Array[];
  #values: Float32Array[];
  #capacity = BLOCK;
  #length = 0;

  constructor(config: LlamaConfig) {
    this.#config = config;
    this.#keys = this.#buffers(this.#capacity);
    this.#values = this.#buffers(this.#capacity);
  }

  /** Positions read so far. */
  get length(): number {
    return this.#length;
  }

  /** The inputs of a decode graph that come from the cache. */
  feeds(): Record<string, { data: Float32Array; dims: number[] }> {
    const { kvHeads, headDim } = this.#config;
    const dims = [1, kvHeads, this.#capacity, headDim];
    const mask = new Float32Array(this.#capacity).fill(MASKED, this.#length);
    const feeds: Record<string, { data: Float32Array; dims: number[] }> = {
      mask_past: { data: mask, dims: [1, 1, 1, this.#capacity] },
    };
    for (let layer = 0; layer < this.#config.layers; layer += 1) {
      feeds[`past.${layer}.k`] = { data: this.#keys[layer], dims };
      feeds[`past.${layer}.v`] = { data: this.#values[layer], dims };
    }
    return feeds;
  }

  /** Adds the new rows that a decode graph returned; `output` looks one up by name. */
  append(count: number, output: (name: string) => Float32Array): void {
    while (this.#length + count > this.#capacity) this.#grow();
    for (let layer = 0; layer < this.#config.layers; layer += 1) {
      this.#copy(output(`new.${layer}.k`), count, this.#keys[layer], this.#capacity, this.#length);
      this.#copy(output(`new.${layer}.v`), count, this.#values[layer], this.#capacity, this.#length);
    }
    this.#length += count;
  }

  #grow(): void {
    const capacity = this.#capacity + BLOCK;
    const move = (old: Float32Array[]) => {
      const larger = this.#buffers(capacity);
      old.forEach((buffer, layer) => {
        this.#copy(buffer, this.#capacity, larger[layer], capacity, 0);
      });
      return larger;
    };
    this.#keys = move(this.#keys);
    this.#values = move(this.#values);
    this.#capacity = capacity;
  }

  /** Copies `count` rows of every head from a buffer of exactly that length to a place in a longer one. */
  #copy(from: Float32Array, count: number, to: Float32Array, toLength: number, at: number): void {
    const { kvHeads, headDim } = this.#config;
    for (let head = 0; head < kvHeads; head += 1) {
      const rows = from.subarray(head * count * headDim, (head + 1) * count * headDim);
      to.set(rows, (head * toLength + at) * headDim);
    }
  }

  #buffers(capacity: number): Float32Array[] {
    const { layers, kvHeads, headDim } = this.#config;
    return Array.from({ length: layers }, () => new Float32Array(kvHeads * capacity * headDim));
  }
}
