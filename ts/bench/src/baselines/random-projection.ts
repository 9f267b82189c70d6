import type { Matrices } from '@openledger/engine/influence/matrices';
import { Random } from '@openledger/engine/numeric/random';
import { DAMPING, fullFisher } from './fisher.ts';
import { innerProducts, type Scores } from './gradients.ts';

/**
 * TRAK's and LoGra's estimator at the size of a sketch: gradients times a random matrix of signs, then the damped
 * Fisher matrix of what is left. With as many `dimensions` as a sketch has entries it would take as many bytes; that its
 * numbers are not rounded here is to its advantage.
 */
export async function randomProjection(
  matrices: Matrices,
  rows: readonly Float32Array[],
  queries: readonly Float32Array[],
  options: { readonly dimensions: number; readonly seed?: number },
): Promise<Scores> {
  const { dimensions, seed = 5 } = options;
  const random = new Random(seed);
  const scale = 1 / Math.sqrt(dimensions);
  const size = rows[0]!.length;
  const signs = Array.from({ length: dimensions }, () =>
    Float32Array.from({ length: size }, () => (random.next() & 0x80000000 ? scale : -scale)),
  );
  const shorten = async (vectors: readonly Float32Array[]) =>
    (await innerProducts(matrices, vectors, signs)).map((row) => Float32Array.from(row));
  const [short, shortQueries] = [await shorten(rows), await shorten(queries)];
  const trace = short.reduce((sum, row) => sum + row.reduce((total, value) => total + value * value, 0), 0);
  return fullFisher(matrices, short, shortQueries, (DAMPING * trace) / dimensions);
}
