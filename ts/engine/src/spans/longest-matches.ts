import { answerSymbols, longestAt } from './longest.ts';
import { occurrences } from './search.ts';
import type { SpanIndex } from './span-index.ts';
import { longestPerDocument, type SpanMatch, type Windows } from './windows.ts';

export type SpanLimits = { readonly minLen?: number; readonly maxLen?: number };

/** The limits that payment uses. */
export const MIN_SPAN = 64;
export const MAX_SPAN = 512;

/**
 * Per contribution its longest match with the output, cut off at `maxLen` and left out below `minLen`; of equally
 * long ones the first in the output, then the first in the contribution. The longest comes first; of equal ones the
 * older contribution.
 */
export function longestMatches(
  index: SpanIndex,
  output: ArrayLike<number>,
  limits: SpanLimits = {},
): SpanMatch[] {
  const { minLen = MIN_SPAN, maxLen = MAX_SPAN } = limits;
  if (output.length < minLen) return [];
  return longestPerDocument(
    index.documents,
    windowsOf(index, answerSymbols(index.tables.largest, output), minLen),
    maxLen,
  );
}

/** The answer's windows that the index has; equal ones stand in the same range of suffixes. */
function windowsOf(index: SpanIndex, answer: Int32Array, width: number): Windows {
  const { lengths, places } = longestAt(index, answer, width);
  const numbers = new Int32Array(answer.length).fill(-1);
  const found = new Map<number, number>();
  const lists: Int32Array[] = [];
  for (let at = 0; at < answer.length; at += 1) {
    if (lengths[at] < width) continue;
    const known = found.get(places[at]);
    numbers[at] = known ?? lists.length;
    if (known !== undefined) continue;
    const { from, to } = occurrences(index, answer, at, width, places[at]);
    found.set(places[at], lists.length);
    lists.push(index.suffixes.subarray(from, to));
  }
  return { width, numbers, places: lists };
}
