import type { SpanIndex } from './span-index.ts';
import { keysOf, STRIDE } from './tables.ts';

/** Per place of an answer how far the index has it, symbol by symbol, and where such a suffix stands. */
export type Longest = {
  /** Symbols, from the place on, that some contribution contains in a row; at most the limit. */
  readonly lengths: Int32Array;
  /** Place in the suffix array before which all suffixes are less than the answer's from there on. */
  readonly places: Int32Array;
};

export const NO_LIMIT = 0x7fffffff;

/** Searches that take their steps together, so that their loads from memory overlap. */
const LANES = 24;
/** What a search shares with a neighbour that it has not looked at. */
const UNSEEN = -1;

/**
 * The longest match at every place of an answer, by binary search: the best match of a suffix is a neighbour of the
 * place where it would stand itself. `LANES` searches go in step: first all look up a suffix, then all touch the text
 * there, then all compare; so the processor waits for many loads at once instead of one after the other.
 *
 * @param answer Symbols: bytes or tokens, plus one; see `answerSymbols`.
 */
export function longestAt(index: SpanIndex, answer: Int32Array, limit = NO_LIMIT): Longest {
  const keys = keysOf(answer, index.tables.largest, limit);
  return index.search?.(answer, keys, limit) ?? longestByArrays(index, answer, keys, limit);
}

/** The same without WebAssembly. */
export function longestByArrays(
  index: SpanIndex,
  answer: Int32Array,
  keys: Int32Array,
  limit: number,
): Longest {
  const lengths = new Int32Array(answer.length);
  const places = new Int32Array(answer.length);
  const lanes = createLanes();
  for (let from = 0; from < answer.length; from += LANES) {
    const count = Math.min(LANES, answer.length - from);
    narrow(index, answer, keys, from, count, lanes);
    bisect(index, answer, from, count, limit, lanes);
    for (let lane = 0; lane < count; lane += 1) {
      const place = lanes.low[lane];
      places[from + lane] = place;
      lengths[from + lane] = Math.max(
        neighbour(index, answer, from + lane, lanes.sharedLow[lane], place - 1, limit),
        neighbour(index, answer, from + lane, lanes.sharedHigh[lane], place, limit),
      );
    }
  }
  return { lengths, places };
}

/** An answer's bytes or tokens as symbols; what is not in the vocabulary becomes one that is not in the index. */
export function answerSymbols(largest: number, answer: ArrayLike<number>): Int32Array {
  return Int32Array.from(answer, (token) => (token >= 0 && token < largest ? token + 1 : largest + 1));
}

type Lanes = {
  /** Bounds of the place that is searched for, in the suffix array; before that, in the keys. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Symbols that the answer shares with the suffix before `low` and the one at `high`, or UNSEEN. */
  readonly sharedLow: Int32Array;
  readonly sharedHigh: Int32Array;
  /** Where the suffix in the middle of the bounds starts in the text. */
  readonly start: Int32Array;
};

function createLanes(): Lanes {
  const lane = () => new Int32Array(LANES);
  return {
    low: lane(),
    high: lane(),
    sharedLow: lane(),
    sharedHigh: lane(),
    start: lane(),
  };
}

/** Bounds every lane by the tables. */
function narrow(
  index: SpanIndex,
  answer: Int32Array,
  wanted: Int32Array,
  from: number,
  count: number,
  lanes: Lanes,
): void {
  const { largest, firsts, keys } = index.tables;
  const { low, high } = lanes;
  let steps = 0;
  for (let lane = 0; lane < count; lane += 1) {
    const symbol = answer[from + lane];
    const known = symbol <= largest;
    low[lane] = known ? Math.ceil(firsts[symbol] / STRIDE) : 0;
    high[lane] = known ? Math.ceil(firsts[symbol + 1] / STRIDE) : 0;
    steps = Math.max(steps, 32 - Math.clz32(high[lane] - low[lane]));
  }
  for (let step = 0; step < steps; step += 1) {
    for (let lane = 0; lane < count; lane += 1) {
      const bottom = low[lane];
      const top = high[lane];
      if (bottom >= top) continue;
      const middle = (bottom + top) >>> 1;
      const key = keys[middle * 2];
      const at = (from + lane) * 2;
      if (key < wanted[at] || (key === wanted[at] && keys[middle * 2 + 1] < wanted[at + 1]))
        low[lane] = middle + 1;
      else high[lane] = middle;
    }
  }
  for (let lane = 0; lane < count; lane += 1) {
    const symbol = answer[from + lane];
    const known = symbol <= largest;
    const bottom = known ? firsts[symbol] : 0;
    const top = known ? firsts[symbol + 1] : 0;
    const key = low[lane];
    const after = keysAfter(
      keys,
      key,
      Math.ceil(top / STRIDE),
      wanted[(from + lane) * 2],
      wanted[(from + lane) * 2 + 1],
    );
    // The suffix of the last smaller key is smaller, that of the first greater key is greater.
    low[lane] = Math.max(bottom, (key - 1) * STRIDE + 1);
    high[lane] = Math.max(low[lane], Math.min(top, after * STRIDE));
    lanes.sharedLow[lane] = UNSEEN;
    lanes.sharedHigh[lane] = UNSEEN;
  }
}

/** First pair of keys at or after `from` that is greater than the given one; none before `from` may be. */
function keysAfter(keys: Int32Array, from: number, to: number, first: number, second: number): number {
  const after = (i: number) => keys[i * 2] > first || (keys[i * 2] === first && keys[i * 2 + 1] > second);
  if (from >= to || after(from)) return from;
  let low = from + 1;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (after(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Finds every lane's place. */
function bisect(
  index: SpanIndex,
  answer: Int32Array,
  from: number,
  count: number,
  limit: number,
  lanes: Lanes,
): void {
  const { text, suffixes } = index;
  const { low, high, sharedLow, sharedHigh, start } = lanes;
  let steps = 0;
  for (let lane = 0; lane < count; lane += 1) {
    steps = Math.max(steps, 32 - Math.clz32(high[lane] - low[lane]));
  }
  let touched = 0;
  for (let step = 0; step < steps; step += 1) {
    for (let lane = 0; lane < count; lane += 1) {
      start[lane] = low[lane] < high[lane] ? suffixes[(low[lane] + high[lane]) >>> 1] : 0;
    }
    for (let lane = 0; lane < count; lane += 1) touched ^= text[start[lane]];
    for (let lane = 0; lane < count; lane += 1) {
      if (low[lane] >= high[lane]) continue;
      const middle = (low[lane] + high[lane]) >>> 1;
      const at = from + lane;
      const most = Math.min(limit, answer.length - at);
      // Whatever lies between two suffixes shares what both of them share with the answer.
      let shared = Math.max(0, Math.min(sharedLow[lane], sharedHigh[lane]));
      while (shared < most && text[start[lane] + shared] === answer[at + shared]) shared += 1;
      if (shared < most && text[start[lane] + shared] < answer[at + shared]) {
        low[lane] = middle + 1;
        sharedLow[lane] = shared;
      } else {
        high[lane] = middle;
        sharedHigh[lane] = shared;
      }
    }
  }
  lanes.start[0] = touched;
}

/** What the answer shares with a neighbour of its place. */
function neighbour(
  index: SpanIndex,
  answer: Int32Array,
  at: number,
  seen: number,
  place: number,
  limit: number,
): number {
  const { text, suffixes } = index;
  if (seen !== UNSEEN) return seen;
  if (place < 0 || place >= suffixes.length) return 0;
  const start = suffixes[place];
  const most = Math.min(limit, answer.length - at);
  let shared = 0;
  while (shared < most && text[start + shared] === answer[at + shared]) shared += 1;
  return shared;
}
