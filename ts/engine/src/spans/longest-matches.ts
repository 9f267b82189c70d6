import { commonLength, firstAtLeast, lowerBound, occurrences, type Range } from './search.ts';
import { documentAt, type SpanIndex } from './span-index.ts';

/** Bytes that an answer shares with a contribution. */
export type SpanMatch = {
  readonly asset: number;
  /** First byte in the answer, first byte in the contribution, and how many. */
  readonly outOff: number;
  readonly srcOff: number;
  readonly len: number;
};

export type SpanLimits = { readonly minLen?: number; readonly maxLen?: number };

/** The limits that payment uses. */
export const MIN_SPAN = 64;
export const MAX_SPAN = 512;

/**
 * Per contribution its longest match with the output, cut off at `maxLen` and left out below `minLen`; of equally
 * long ones the first in the output, then the first in the contribution. The longest comes first; of equal ones the
 * older contribution.
 */
export function longestMatches(index: SpanIndex, output: Uint8Array, limits: SpanLimits = {}): SpanMatch[] {
  const { minLen = MIN_SPAN, maxLen = MAX_SPAN } = limits;
  const best = new Map<number, { outOff: number; len: number }>();
  for (let at = 0; at + minLen <= output.length; at += 1) {
    const place = lowerBound(index, output, at, Math.min(maxLen, output.length - at));
    const longest = neighbourLength(index, output, at, index.suffixes, place, maxLen);
    if (longest < minLen) continue;
    for (const [document, len] of lengthsAt(index, output, at, place, minLen, maxLen)) {
      if (len > (best.get(document)?.len ?? minLen - 1)) best.set(document, { outOff: at, len });
    }
  }
  return [...best]
    .map(([document, { outOff, len }]) => ({
      asset: index.documents[document].asset,
      outOff,
      srcOff: firstOccurrence(index, document, occurrences(index, output, outOff, len)),
      len,
    }))
    .sort((a, b) => b.len - a.len || a.asset - b.asset);
}

/** Offset in a document of the earliest of its suffixes within a range; the document must have one there. */
export function firstOccurrence(index: SpanIndex, document: number, range: Range): number {
  const ranks = index.ranks[document];
  let first = Number.POSITIVE_INFINITY;
  for (let i = firstAtLeast(ranks, range.from); i < ranks.length && ranks[i] < range.to; i += 1) {
    first = Math.min(first, index.suffixes[ranks[i]]);
  }
  return first - index.documents[document].start;
}

/** The documents that have a suffix within a range. */
export function documentsIn(index: SpanIndex, range: Range): Set<number> {
  const found = new Set<number>();
  if (range.to - range.from <= index.documents.length * 8) {
    for (let place = range.from; place < range.to; place += 1) {
      found.add(documentAt(index, index.suffixes[place]));
    }
    return found;
  }
  index.ranks.forEach((ranks, document) => {
    const i = firstAtLeast(ranks, range.from);
    if (i < ranks.length && ranks[i] < range.to) found.add(document);
  });
  return found;
}

/** Per document that matches at least `minLen` bytes of the output at `at`: how many it matches there. */
function* lengthsAt(
  index: SpanIndex,
  output: Uint8Array,
  at: number,
  place: number,
  minLen: number,
  maxLen: number,
): Generator<[document: number, length: number]> {
  for (const document of documentsIn(index, occurrences(index, output, at, minLen))) {
    const ranks = index.ranks[document];
    // In suffix order the best match is a neighbour of the place where the output itself would stand.
    const i = firstAtLeast(ranks, place);
    let length = 0;
    for (const rank of [ranks[i - 1], ranks[i]]) {
      if (rank !== undefined)
        length = Math.max(length, commonLength(index, output, at, index.suffixes[rank], maxLen));
    }
    yield [document, length];
  }
}

function neighbourLength(
  index: SpanIndex,
  output: Uint8Array,
  at: number,
  suffixes: Int32Array,
  place: number,
  limit: number,
): number {
  let length = 0;
  if (place > 0) length = commonLength(index, output, at, suffixes[place - 1], limit);
  if (place < suffixes.length)
    length = Math.max(length, commonLength(index, output, at, suffixes[place], limit));
  return length;
}
