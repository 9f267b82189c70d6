import { documentsIn, firstOccurrence } from './longest-matches.ts';
import { commonLength, lowerBound, occurrences } from './search.ts';
import type { SpanIndex } from './span-index.ts';

/** A part of an answer that stands in contributions word by word and cannot be made longer. */
export type MaximalSpan = {
  readonly outOff: number;
  readonly len: number;
  /** How often it stands in all contributions together. */
  readonly count: number;
  /** Per contribution that has it the first place, ascending by asset. */
  readonly sources: readonly { readonly asset: number; readonly srcOff: number }[];
};

/** All maximal matches of at least `minLen` bytes, in the order of the output. For display: nothing is cut off. */
export function maximalSpans(
  index: SpanIndex,
  output: Uint8Array,
  options: { readonly minLen: number },
): MaximalSpan[] {
  const spans: MaximalSpan[] = [];
  let covered = 0;
  for (let at = 0; at + options.minLen <= output.length; at += 1) {
    const rest = output.length - at;
    const place = lowerBound(index, output, at, rest);
    let len = 0;
    for (const rank of [place - 1, place]) {
      if (rank < 0 || rank >= index.suffixes.length) continue;
      len = Math.max(len, commonLength(index, output, at, index.suffixes[rank], rest));
    }
    if (len < options.minLen || at + len <= covered) continue;
    covered = at + len;
    const range = occurrences(index, output, at, len);
    const sources = [...documentsIn(index, range)]
      .map((document) => ({
        asset: index.documents[document].asset,
        srcOff: firstOccurrence(index, document, range),
      }))
      .sort((a, b) => a.asset - b.asset);
    spans.push({ outOff: at, len, count: range.to - range.from, sources });
  }
  return spans;
}
