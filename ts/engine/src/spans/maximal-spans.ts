import { answerSymbols, longestAt } from './longest.ts';
import { occurrences } from './search.ts';
import { documentAt, type IndexedDocument, type SpanIndex } from './span-index.ts';

/** A part of an answer that stands in contributions word by word and cannot be made longer. */
export type MaximalSpan = {
  readonly outOff: number;
  readonly len: number;
  /** How often it stands in all contributions together. */
  readonly count: number;
  /** Per contribution that has it the first place, ascending by asset. */
  readonly sources: readonly SpanSource[];
};

export type SpanSource = { readonly asset: number; readonly srcOff: number };

export type MaximalOptions = {
  readonly minLen: number;
  /** Matches that occur more often are left out: they say nothing about where something is from. */
  readonly maxCount?: number;
};

/** All maximal matches of at least `minLen` symbols, in the order of the output. For display: nothing is cut off. */
export function maximalSpans(
  index: SpanIndex,
  output: ArrayLike<number>,
  options: MaximalOptions,
): MaximalSpan[] {
  const answer = answerSymbols(index, output);
  const { lengths, places } = longestAt(index, answer);
  return maximalAt(lengths, options.minLen).flatMap((outOff) => {
    const len = lengths[outOff];
    const { from, to } = occurrences(index, answer, outOff, len, places[outOff]);
    if (to - from > (options.maxCount ?? Number.POSITIVE_INFINITY)) return [];
    const sources = firstPlaces(index.documents, index.suffixes.subarray(from, to));
    return { outOff, len, count: to - from, sources };
  });
}

/** Where maximal matches begin: what is matched there ends later than whatever is matched before. */
export function maximalAt(lengths: Int32Array, minLen: number): number[] {
  const found: number[] = [];
  let covered = 0;
  for (let at = 0; at < lengths.length; at += 1) {
    if (lengths[at] < minLen || at + lengths[at] <= covered) continue;
    covered = at + lengths[at];
    found.push(at);
  }
  return found;
}

/** Per contribution the first of the given places in the text, ascending by asset. */
export function firstPlaces(documents: readonly IndexedDocument[], places: Int32Array): SpanSource[] {
  const first = new Map<number, number>();
  for (const place of places) {
    const document = documentAt(documents, place);
    first.set(document, Math.min(place, first.get(document) ?? place));
  }
  return [...first]
    .map(([document, place]) => ({
      asset: documents[document].asset,
      srcOff: place - documents[document].start,
    }))
    .sort((a, b) => a.asset - b.asset);
}
