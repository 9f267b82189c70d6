import { Random } from '../numeric/random.ts';

/**
 * How gradients of very many parameters are made shorter before anything else: every coordinate, with a random sign, is
 * added to one of `width` entries, and each entry gets about as many (feature hashing: Weinberger et al. 2009; TRAK's
 * sparse projection of gradients with one entry per column: Park et al. 2023). Inner products are kept on average.
 */
export type Projection = {
  /** Entries that are left of a gradient. */
  readonly width: number;
  /** Decides entries and signs. */
  readonly seed: number;
};

/** Prepares the projection of gradients of `size` coordinates; entries and signs are drawn once. */
export function createProjector(
  size: number,
  { width, seed }: Projection,
): (gradient: Float32Array) => Float32Array {
  const random = new Random(seed);
  const entries = Uint32Array.from({ length: size }, (_, i) => i % width);
  random.shuffle(entries);
  const signs = Int8Array.from({ length: size }, () => 1 - 2 * (random.next() >>> 31));
  return (gradient) => {
    const result = new Float64Array(width);
    for (let i = 0; i < size; i += 1) result[entries[i]] += signs[i] * gradient[i];
    return Float32Array.from(result);
  };
}
