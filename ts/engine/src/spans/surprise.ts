import { log } from '../numeric/exact-math.ts';
import type { SpanIndex } from './span-index.ts';

/** One bit of surprise in fixed point. */
export const SURPRISE_BIT = 1 << 16;

/**
 * How surprising each symbol is: −log₂ of its share of all contributions together, in 1/65536 bits, rounded to the
 * nearest whole; the same on every machine, as the logarithm is. Symbols that never occur have 0: no match has them.
 *
 * @param indexes Indexes of one vocabulary.
 */
export function surpriseTable(indexes: readonly Pick<SpanIndex, 'suffixes' | 'tables'>[]): Int32Array {
  const largest = Math.max(0, ...indexes.map(({ tables }) => tables.largest));
  const counts = new Float64Array(largest + 1);
  let total = 0;
  for (const { suffixes, tables } of indexes) {
    total += suffixes.length;
    for (let symbol = 1; symbol <= tables.largest; symbol += 1) {
      counts[symbol] += tables.firsts[symbol + 1] - tables.firsts[symbol];
    }
  }
  const all = total === 0 ? 0 : log(total);
  return Int32Array.from(counts, (count) =>
    count === 0 ? 0 : Math.round(((all - log(count)) / Math.LN2) * SURPRISE_BIT),
  );
}

/** −Σ log₂ p of a part of an answer, in 1/65536 bits. */
export function surpriseOf(table: Int32Array, answer: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += table[answer[i] + 1] ?? 0;
  return sum;
}
