import type { LlamaConfig } from '../llama/config.ts';
import type { Tensor } from '../runtime/runtime.ts';

/**
 * Buffers grow by this many positions: cost follows the buffer's length. The multiple of 64 also keeps an answer's
 * bits the same whatever else is in the batch: the runtime sums attention weights in lanes that only then do not
 * depend on the length of the padding.
 */
const BLOCK = 64;
const MASKED = -1e9;

/** Keys and values of the positions read so far, one row per sequence. */
export class KeyValueCache {
  readonly #config: LlamaConfig;
  /** `[rows, kvHeads, capacity, headDim]` for each layer: keys of all layers, then values. */
  #buffers: Float32Array[];
  #rows: number;
  #capacity = BLOCK;
  readonly #lengths: number[] = [];

  /** `rows`: sequences to make room for at first. */
  constructor(config: LlamaConfig, rows = 1) {
    this.#config = config;
    this.#rows = rows;
    this.#buffers = this.#allocate(rows, this.#capacity);
  }

  /** Sequences in the cache. */
  get size(): number {
    return this.#lengths.length;
  }

  /** Positions read so far of a sequence. */
  lengthOf(row: number): number {
    return this.#lengths[row];
  }

  /** Adds an empty sequence, or a copy of row `row` of another cache. Returns its row. */
  push(from?: { readonly cache: KeyValueCache; readonly row: number }): number {
    const row = this.#lengths.length;
    const length = from === undefined ? 0 : from.cache.lengthOf(from.row);
    this.#reserve(row + 1, length);
    this.#lengths.push(length);
    if (from !== undefined) this.#copyRow(from.cache, from.row, row, length);
    return row;
  }

  /** Removes a sequence; the last one takes its row. */
  drop(row: number): void {
    const last = this.#lengths.length - 1;
    if (row !== last) {
      this.#copyRow(this, last, row, this.#lengths[last]);
      this.#lengths[row] = this.#lengths[last];
    }
    this.#lengths.pop();
    const longest = Math.max(0, ...this.#lengths);
    if (longest + 2 * BLOCK <= this.#capacity) this.#resize(this.#rows, blocks(longest));
  }

  /** The inputs of a decode graph that come from the cache. */
  feeds(): Record<string, Tensor> {
    const { layers, kvHeads, headDim } = this.#config;
    const rows = this.size;
    const dims = [rows, kvHeads, this.#capacity, headDim];
    const mask = new Float32Array(rows * this.#capacity);
    this.#lengths.forEach((length, row) => {
      mask.fill(MASKED, row * this.#capacity + length, (row + 1) * this.#capacity);
    });
    const feeds: Record<string, Tensor> = {
      mask_past: { data: mask, dims: [rows, 1, 1, this.#capacity] },
    };
    const used = rows * kvHeads * this.#capacity * headDim;
    for (let layer = 0; layer < layers; layer += 1) {
      feeds[`past.${layer}.k`] = { data: this.#buffers[layer].subarray(0, used), dims };
      feeds[`past.${layer}.v`] = { data: this.#buffers[layers + layer].subarray(0, used), dims };
    }
    return feeds;
  }

  /** Adds `count` new positions of every sequence, as a decode graph returned them; `output` looks one up by name. */
  append(count: number, output: (name: string) => Float32Array): void {
    this.#reserve(this.size, Math.max(...this.#lengths) + count);
    const { layers } = this.#config;
    for (let layer = 0; layer < layers; layer += 1) {
      this.#write(output(`new.${layer}.k`), count, this.#buffers[layer]);
      this.#write(output(`new.${layer}.v`), count, this.#buffers[layers + layer]);
    }
    this.#lengths.forEach((length, row) => {
      this.#lengths[row] = length + count;
    });
  }

  #write(from: Float32Array, count: number, to: Float32Array): void {
    const { kvHeads, headDim } = this.#config;
    this.#lengths.forEach((length, row) => {
      for (let head = 0; head < kvHeads; head += 1) {
        const place = row * kvHeads + head;
        const values = from.subarray(place * count * headDim, (place + 1) * count * headDim);
        to.set(values, (place * this.#capacity + length) * headDim);
      }
    });
  }

  #copyRow(from: KeyValueCache, fromRow: number, toRow: number, length: number): void {
    const { kvHeads, headDim } = this.#config;
    this.#buffers.forEach((to, i) => {
      for (let head = 0; head < kvHeads; head += 1) {
        const start = (fromRow * kvHeads + head) * from.#capacity * headDim;
        const values = from.#buffers[i].subarray(start, start + length * headDim);
        to.set(values, (toRow * kvHeads + head) * this.#capacity * headDim);
      }
    });
  }

  #reserve(rows: number, length: number): void {
    if (rows <= this.#rows && length <= this.#capacity) return;
    const room = rows <= this.#rows ? this.#rows : Math.max(rows, 2 * this.#rows);
    this.#resize(room, Math.max(this.#capacity, blocks(length)));
  }

  #resize(rows: number, capacity: number): void {
    const { kvHeads, headDim } = this.#config;
    const larger = this.#allocate(rows, capacity);
    this.#buffers.forEach((from, i) => {
      this.#lengths.forEach((length, row) => {
        for (let place = row * kvHeads; place < (row + 1) * kvHeads; place += 1) {
          const start = place * this.#capacity * headDim;
          larger[i].set(from.subarray(start, start + length * headDim), place * capacity * headDim);
        }
      });
    });
    this.#buffers = larger;
    this.#rows = rows;
    this.#capacity = capacity;
  }

  #allocate(rows: number, capacity: number): Float32Array[] {
    const { layers, kvHeads, headDim } = this.#config;
    return Array.from({ length: 2 * layers }, () => new Float32Array(rows * kvHeads * capacity * headDim));
  }
}

/** The least capacity that holds a length. */
function blocks(length: number): number {
  return BLOCK * Math.max(1, Math.ceil(length / BLOCK));
}
