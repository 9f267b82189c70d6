import type { SpanIndex } from './span-index.ts';

/** A range of places in the suffix array, the end not included. */
export type Range = { readonly from: number; readonly to: number };

/**
 * The suffixes that start with `length` symbols of the answer from `at` on. Both bounds are searched for from a place
 * next to which such a suffix stands, with doubling steps, so rare matches cost little.
 */
export function occurrences(
  index: Pick<SpanIndex, 'text' | 'suffixes'>,
  answer: Int32Array,
  at: number,
  length: number,
  place: number,
): Range {
  const { text, suffixes } = index;
  const matches = (rank: number) => {
    const start = suffixes[rank];
    let shared = 0;
    while (shared < length && text[start + shared] === answer[at + shared]) shared += 1;
    return shared === length;
  };
  return {
    from: place - reach((steps) => place - steps >= 0 && matches(place - steps)),
    to: place + reach((steps) => place + steps - 1 < suffixes.length && matches(place + steps - 1)),
  };
}

/** How many steps, from 1 on, one can take; if a step can't be taken, neither can those after it. */
function reach(canTake: (steps: number) => boolean): number {
  let low = 0;
  let step = 1;
  while (canTake(low + step)) {
    low += step;
    step *= 2;
  }
  let high = low + step - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (canTake(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
