import { type SpanIndex, SYMBOLS } from './span-index.ts';

/** A range of places in the suffix array, the end not included. */
export type Range = { readonly from: number; readonly to: number };

/** Length of the common beginning of the output from `at` on and the indexed text from `position` on. */
export function commonLength(
  index: SpanIndex,
  output: Uint8Array,
  at: number,
  position: number,
  limit: number,
): number {
  const { text } = index;
  const most = Math.min(limit, output.length - at);
  let length = 0;
  while (length < most && text[position + length] === output[at + length] + 1) length += 1;
  return length;
}

/** Place of the first suffix that is not less than the `length` bytes of the output from `at` on. */
export function lowerBound(index: SpanIndex, output: Uint8Array, at: number, length: number): number {
  return bound(index, output, at, length, false);
}

/** The suffixes that start with the `length` bytes of the output from `at` on. */
export function occurrences(index: SpanIndex, output: Uint8Array, at: number, length: number): Range {
  return {
    from: bound(index, output, at, length, false),
    to: bound(index, output, at, length, true),
  };
}

/** First place in an ascending list whose value is at least `value`. */
export function firstAtLeast(list: Int32Array, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bound(index: SpanIndex, output: Uint8Array, at: number, length: number, after: boolean): number {
  const { suffixes, text, pairs } = index;
  let low = 0;
  let high = suffixes.length;
  if (length >= 2) {
    const pair = (output[at] + 1) * SYMBOLS + output[at + 1] + 1;
    low = pairs[pair];
    high = pairs[pair + 1];
  }
  // Whatever lies between two suffixes shares what both of them share with the pattern.
  let sharedLow = 0;
  let sharedHigh = 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    const position = suffixes[middle];
    let shared = Math.min(sharedLow, sharedHigh);
    while (shared < length && text[position + shared] === output[at + shared] + 1) shared += 1;
    const goRight = shared === length ? after : text[position + shared] < output[at + shared] + 1;
    if (goRight) {
      low = middle + 1;
      sharedLow = shared;
    } else {
      high = middle;
      sharedHigh = shared;
    }
  }
  return low;
}
