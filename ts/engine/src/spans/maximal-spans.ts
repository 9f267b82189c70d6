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

/**
 * All maximal matches of at least `minLen` symbols, in the order of the output. For display: nothing is cut off.
 *
 * @param indexes One index, or several of one vocabulary that share no contribution.
 */
export function maximalSpans(
  indexes: SpanIndex | readonly SpanIndex[],
  output: ArrayLike<number>,
  options: MaximalOptions,
): MaximalSpan[] {
  const searched = [indexes].flat().map((index) => {
    const answer = answerSymbols(index.tables.largest, output);
    return { index, answer, ...longestAt(index, answer) };
  });
  const lengths = new Int32Array(output.length);
  for (const one of searched)
    one.lengths.forEach((length, at) => {
      lengths[at] = Math.max(lengths[at], length);
    });
  const spans: MaximalSpan[] = [];
  for (const outOff of maximalAt(lengths, options.minLen)) {
    const len = lengths[outOff];
    const found = searched
      .filter((one) => one.lengths[outOff] === len)
      .map(({ index, answer, places }) => ({
        index,
        ...occurrences(index, answer, outOff, len, places[outOff]),
      }));
    const count = found.reduce((sum, { from, to }) => sum + to - from, 0);
    if (count > (options.maxCount ?? Number.POSITIVE_INFINITY)) continue;
    const sources = found
      .flatMap(({ index, from, to }) => firstPlaces(index.documents, index.suffixes.subarray(from, to)))
      .sort((a, b) => a.asset - b.asset);
    spans.push({ outOff, len, count, sources });
  }
  return spans;
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

/** Per contribution the first of the given places in the text. */
export function firstPlaces(documents: readonly IndexedDocument[], places: Int32Array): SpanSource[] {
  const first = new Map<number, number>();
  for (const place of places) {
    const document = documentAt(documents, place);
    first.set(document, Math.min(place, first.get(document) ?? place));
  }
  return [...first].map(([document, place]) => ({
    asset: documents[document].asset,
    srcOff: place - documents[document].start,
  }));
}
