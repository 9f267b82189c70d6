import { Graph } from '../onnx/graph.ts';
import type { Runtime, Session } from '../runtime/runtime.ts';
import type { Basis } from './basis.ts';

/** Entries of a direction that share one scale. */
export const BLOCK = 256;
/** Vectors per product. Always the same, so that a vector's bits do not depend on how many came with it. */
export const GROUP = 8;

/** The directions of a basis as they are stored: signed bytes with a scale per block. */
export type QuantisedDirections = Pick<Basis, 'directions' | 'scales' | 'rank' | 'width'>;

/** Directions as signed bytes: a quarter of the size of floats, at a small part of the sketch's own rounding. */
export function quantiseDirections(
  directions: Float32Array,
  width: number,
): Pick<Basis, 'directions' | 'scales'> {
  const blocks = Math.ceil(width / BLOCK);
  const rank = directions.length / width;
  const entries = new Int8Array(rank * width);
  const scales = new Float32Array(rank * blocks);
  for (let k = 0; k < rank; k += 1) {
    const direction = directions.subarray(k * width, (k + 1) * width);
    for (let b = 0; b < blocks; b += 1) {
      const start = b * BLOCK;
      const end = Math.min(width, start + BLOCK);
      let largest = 0;
      for (let i = start; i < end; i += 1) largest = Math.max(largest, Math.abs(direction[i]));
      const scale = Math.fround(largest / 127);
      scales[k * blocks + b] = scale;
      if (scale === 0) continue;
      for (let i = start; i < end; i += 1) {
        const steps = Math.min(127, Math.floor(Math.abs(direction[i]) / scale + 0.5));
        entries[k * width + i] = direction[i] < 0 ? -steps : steps;
      }
    }
  }
  return { directions: entries, scales };
}

/** The directions as float32, one below the other. */
export function dequantiseDirections(basis: QuantisedDirections): Float32Array {
  const { directions, scales, width, rank } = basis;
  const blocks = Math.ceil(width / BLOCK);
  const result = new Float32Array(rank * width);
  for (let k = 0; k < rank; k += 1) {
    for (let i = 0; i < width; i += 1) {
      result[k * width + i] = directions[k * width + i] * scales[k * blocks + Math.floor(i / BLOCK)];
    }
  }
  return result;
}

/** Inner products of vectors with the directions of a basis. */
export class Projector {
  readonly #session: Session | undefined;
  readonly #basis: QuantisedDirections;

  private constructor(basis: QuantisedDirections, session: Session | undefined) {
    this.#basis = basis;
    this.#session = session;
  }

  static async open(runtime: Runtime, basis: QuantisedDirections): Promise<Projector> {
    const { width, rank } = basis;
    // Gradients that are all zero have no direction.
    if (rank === 0) return new Projector(basis, undefined);
    const graph = new Graph();
    const z = graph.input('z', 'f32', [GROUP, width]);
    const v = graph.constant(dequantiseDirections(basis), [rank, width]);
    const y = graph.op('Gemm', [z, v], { shape: [GROUP, rank] }, { attributes: { transB: 1 } });
    graph.output(y, 'y');
    return new Projector(basis, await runtime.createSession(graph.build()));
  }

  /** Per vector its product with each direction. */
  async project(vectors: readonly Float32Array[]): Promise<Float64Array[]> {
    const { width, rank } = this.#basis;
    const results: Float64Array[] = [];
    for (let start = 0; start < vectors.length; start += GROUP) {
      const group = vectors.slice(start, start + GROUP);
      if (this.#session === undefined) {
        results.push(...group.map(() => new Float64Array()));
        continue;
      }
      const data = new Float32Array(GROUP * width);
      group.forEach((vector, i) => {
        data.set(vector, i * width);
      });
      const { y } = await this.#session.run({ z: { data, dims: [GROUP, width] } });
      const products = y.data as Float32Array;
      for (const i of group.keys()) {
        results.push(Float64Array.from(products.subarray(i * rank, (i + 1) * rank)));
      }
    }
    return results;
  }
}
