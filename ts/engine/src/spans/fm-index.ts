import { answerSymbols } from './longest.ts';
import { MAX_SPAN, MIN_SPAN, type SpanLimits } from './longest-matches.ts';
import { firstPlaces, type MaximalOptions, type MaximalSpan } from './maximal-spans.ts';
import { bitsFor, pack, unpackOne } from './packing.ts';
import { bitAt, onesBefore, type RankBits, rankBits } from './rank-bits.ts';
import type { Range } from './search.ts';
import { sortSuffixes } from './sort.ts';
import type { IndexedDocument, LaidOut } from './span-index.ts';
import { rankOf, symbolAt, type WaveletTree, waveletTree } from './wavelet-tree.ts';
import { longestPerDocument, type SpanMatch, type Windows } from './windows.ts';

/**
 * A compressed span index (Ferragina and Manzini, 2000): instead of text and suffix array the symbol before each
 * suffix, in suffix order and entropy-coded. It gives the same answers as a `SpanIndex`, is smaller than the text
 * itself unless that is random, and slower by far.
 */
export type FmIndex = {
  readonly documents: readonly IndexedDocument[];
  readonly largest: number;
  /** Symbols of the text, pieces' ends included. */
  readonly size: number;
  /** Per symbol how many suffixes start with a smaller one. */
  readonly smaller: Uint32Array;
  readonly before: WaveletTree;
  /** Marks the suffixes whose place in the text is a multiple of `every`; those places over `every`, packed. */
  readonly marks: RankBits;
  readonly samples: Uint32Array;
  readonly every: number;
  /** Where pieces begin, in the order of their suffixes. */
  readonly pieces: Int32Array;
};

/** Places of the text per one that is kept. A match is located in at most as many steps. */
const EVERY = 32;

/** Compresses a text. Memory while it runs: about 12 bytes a symbol more than the text. */
export function buildFmIndex(laidOut: LaidOut, largest: number, every = EVERY): FmIndex {
  const { documents, text } = laidOut;
  const size = text.length;
  const suffixes = sortSuffixes(text, largest);
  const smaller = new Uint32Array(largest + 2);
  for (let i = 0; i < size; i += 1) smaller[text[i] + 1] += 1;
  for (let symbol = 0; symbol <= largest; symbol += 1) smaller[symbol + 1] += smaller[symbol];
  const before = text.slice();
  const marked = new Uint32Array(Math.ceil(size / 32));
  const samples = new Int32Array(Math.ceil(size / every));
  const pieces: number[] = [];
  let sampled = 0;
  for (let rank = 0; rank < size; rank += 1) {
    const place = suffixes[rank];
    before[rank] = place === 0 ? 0 : text[place - 1];
    if (before[rank] === 0) pieces.push(place);
    if (place % every !== 0) continue;
    marked[rank >>> 5] |= 1 << (rank & 31);
    samples[sampled++] = place / every;
  }
  return {
    documents,
    largest,
    size,
    smaller,
    before: waveletTree(before, largest),
    marks: rankBits(marked),
    samples: pack(samples, bitsFor(Math.ceil(size / every))),
    every,
    pieces: Int32Array.from(pieces),
  };
}

/** Bytes that the index takes. */
export function fmBytes(index: FmIndex): number {
  const { smaller, before, marks, samples, pieces, documents } = index;
  const { code, bits, starts, onesAtStart } = before;
  const arrays = [smaller, bits.words, bits.blocks, starts, onesAtStart, code.left, code.right, code.codes];
  const bytes = [...arrays, code.bits, marks.words, marks.blocks, samples, pieces];
  return bytes.reduce((sum, { byteLength }) => sum + byteLength, documents.length * 16);
}

/** As `longestMatches` of a span index. */
export function fmLongestMatches(
  index: FmIndex,
  output: ArrayLike<number>,
  limits: SpanLimits = {},
): SpanMatch[] {
  const { minLen = MIN_SPAN, maxLen = MAX_SPAN } = limits;
  const answer = answerSymbols(index.largest, output);
  const numbers = new Int32Array(answer.length).fill(-1);
  const found = new Map<number, number>();
  const places: Int32Array[] = [];
  for (let at = 0; at + minLen <= answer.length; ) {
    const window = search(index, answer, at, at + minLen);
    if (window.start > at) {
      at = window.start;
      continue;
    }
    const known = found.get(window.from);
    numbers[at] = known ?? places.length;
    if (known === undefined) {
      found.set(window.from, places.length);
      places.push(locate(index, window));
    }
    at += 1;
  }
  const windows: Windows = { width: minLen, numbers, places };
  return longestPerDocument(index.documents, windows, maxLen);
}

/**
 * As `maximalSpans` of a span index. A window of `minLen` symbols is read from its end; where that fails, no match of
 * this length begins up to there, so most of an answer is passed over (Gagie, "How to Find Long Maximal Exact Matches
 * and Ignore Short Ones", 2024).
 */
export function fmMaximalSpans(
  index: FmIndex,
  output: ArrayLike<number>,
  options: MaximalOptions,
): MaximalSpan[] {
  const { minLen, maxCount = Number.POSITIVE_INFINITY } = options;
  const answer = answerSymbols(index.largest, output);
  const spans: MaximalSpan[] = [];
  for (let at = 0; at + minLen <= answer.length; ) {
    const { start } = search(index, answer, at, at + minLen);
    if (start > at) {
      at = start;
      continue;
    }
    const end = furthestEnd(index, answer, at, at + minLen);
    const range = search(index, answer, at, end);
    const count = range.to - range.from;
    if (count <= maxCount) {
      const sources = firstPlaces(index.documents, locate(index, range)).sort((a, b) => a.asset - b.asset);
      spans.push({ outOff: at, len: end - at, count, sources });
    }
    if (end === answer.length) break;
    at = Math.max(at + 1, search(index, answer, 0, end + 1).start);
  }
  return spans;
}

/** The suffixes that start with `answer[start … end)`, from the least start at or after `least` that has one. */
function search(
  index: FmIndex,
  answer: Int32Array,
  least: number,
  end: number,
): Range & { readonly start: number } {
  let from = 0;
  let to = index.size;
  let start = end;
  while (start > least) {
    const symbol = answer[start - 1];
    if (symbol > index.largest || index.smaller[symbol] === index.smaller[symbol + 1]) break;
    const first = index.smaller[symbol] + rankOf(index.before, symbol, from);
    const last = index.smaller[symbol] + rankOf(index.before, symbol, to);
    if (first >= last) break;
    from = first;
    to = last;
    start -= 1;
  }
  return { from, to, start };
}

/** The furthest end of a match that begins at `at`, given one, by doubling and halving. */
function furthestEnd(index: FmIndex, answer: Int32Array, at: number, known: number): number {
  const occurs = (end: number) => search(index, answer, at, end).start === at;
  let low = known;
  let high = answer.length + 1;
  for (let step = 1; low + step < high; step *= 2) {
    if (occurs(low + step)) low += step;
    else high = low + step;
  }
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (occurs(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The places of suffixes in the text: from each back to the next kept place, or to the beginning of its piece. */
function locate(index: FmIndex, { from, to }: Range): Int32Array {
  const { before, marks, samples, every, smaller, size } = index;
  const bits = bitsFor(Math.ceil(size / every));
  const places = new Int32Array(to - from);
  for (let i = 0; i < places.length; i += 1) {
    let rank = from + i;
    let steps = 0;
    while (bitAt(marks, rank) === 0) {
      const last = symbolAt(before, rank);
      if (last.symbol === 0) {
        places[i] = index.pieces[last.rank] + steps;
        break;
      }
      rank = smaller[last.symbol] + last.rank;
      steps += 1;
    }
    if (bitAt(marks, rank) === 1)
      places[i] = unpackOne(samples, bits, onesBefore(marks, rank)) * every + steps;
  }
  return places;
}
