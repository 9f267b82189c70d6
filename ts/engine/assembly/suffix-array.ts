// The suffix array of `src/spans/suffix-array.ts` over raw memory, for AssemblyScript. The functions and their order
// are the same there, with what they do and why.

import { at, put, symbolAt } from './memory';

const FAR: i32 = 32;
const NEAR: i32 = 16;

/** Where loads that only warm the cache end up, so that they are not optimised away. */
export let touched: i32 = 0;

/** The number, or 0 if it is negative. */
function positive(i: i32): i32 {
  return i & ~(i >> 31);
}

/** Takes the next free place from the front of a bucket. */
function takeFirst(buckets: usize, symbol: i32): i32 {
  const place = at(buckets, symbol);
  put(buckets, symbol, place + 1);
  return place;
}

/** Takes the next free place from the end of a bucket. */
function takeLast(buckets: usize, symbol: i32): i32 {
  const place = at(buckets, symbol) - 1;
  put(buckets, symbol, place);
  return place;
}

/**
 * @param text The symbols, `n` of T.
 * @param sorted Room for `n` i32; the suffix array afterwards.
 * @param scratch Room for 2 · (largest + 1) i32, and for 2 · n more for the levels below.
 */
export function suffixArray<T>(text: usize, n: i32, largest: i32, sorted: usize, scratch: usize): void {
  if (n === 1) put(sorted, 0, 0);
  if (n <= 1) return;
  const symbols = largest + 1;
  const counts = scratch;
  const buckets = scratch + ((<usize>symbols) << 2);
  const below = buckets + ((<usize>symbols) << 2);
  memory.fill(counts, 0, (<usize>symbols) << 2);
  for (let i = 0; i < n; i++) {
    const symbol = symbolAt<T>(text, i);
    put(counts, symbol, at(counts, symbol) + 1);
  }
  const pieces = placePieces<T>(text, n, sorted, counts, buckets, symbols);
  if (pieces > 1) {
    inducePieces<T>(text, n, sorted, counts, buckets, symbols);
    const names = namePieces<T>(text, n, sorted, pieces);
    if (names < pieces) orderByNames<T>(text, n, sorted, pieces, names, below);
    spreadPieces<T>(text, n, sorted, pieces, counts, buckets, symbols);
  }
  induceAll<T>(text, n, sorted, counts, buckets, symbols);
}

function toStarts(counts: usize, buckets: usize, symbols: i32): void {
  for (let symbol = 0, sum = 0; symbol < symbols; symbol++) {
    put(buckets, symbol, sum);
    sum += at(counts, symbol);
  }
}

function toEnds(counts: usize, buckets: usize, symbols: i32): void {
  for (let symbol = 0, sum = 0; symbol < symbols; symbol++) {
    sum += at(counts, symbol);
    put(buckets, symbol, sum);
  }
}

function placePieces<T>(
  text: usize,
  n: i32,
  sorted: usize,
  counts: usize,
  buckets: usize,
  symbols: i32,
): i32 {
  toEnds(counts, buckets, symbols);
  memory.fill(sorted, 0, (<usize>n) << 2);
  let pieces = 0;
  let slot = -1;
  let waiting = 0;
  for (let end = pieceBefore<T>(text, n - 1); end >= 0; end = pieceBefore<T>(text, end)) {
    if (slot >= 0) put(sorted, slot, waiting);
    slot = takeLast(buckets, symbolAt<T>(text, end + 1));
    waiting = end;
    pieces++;
  }
  if (pieces === 1) put(sorted, slot, waiting + 1);
  return pieces;
}

function pieceBefore<T>(text: usize, from: i32): i32 {
  let i = from;
  let symbol = symbolAt<T>(text, i);
  let next: i32;
  do {
    next = symbol;
    if (--i < 0) return -1;
    symbol = symbolAt<T>(text, i);
  } while (symbol >= next);
  do {
    next = symbol;
    if (--i < 0) return -1;
    symbol = symbolAt<T>(text, i);
  } while (symbol <= next);
  return i;
}

function inducePieces<T>(
  text: usize,
  n: i32,
  sorted: usize,
  counts: usize,
  buckets: usize,
  symbols: i32,
): void {
  let warm = 0;
  toStarts(counts, buckets, symbols);
  let symbol = symbolAt<T>(text, n - 1);
  put(sorted, takeFirst(buckets, symbol), symbolAt<T>(text, n - 2) < symbol ? ~(n - 2) : n - 2);
  for (let i = 0; i < n; i++) {
    const far = i + FAR < n ? at(sorted, i + FAR) : 0;
    const near = i + NEAR < n ? at(sorted, i + NEAR) : 0;
    warm ^= symbolAt<T>(text, positive(far)) ^ at(buckets, symbolAt<T>(text, positive(near)));
    const place = at(sorted, i);
    if (place > 0) {
      symbol = symbolAt<T>(text, place);
      const before = place - 1;
      put(sorted, takeFirst(buckets, symbol), symbolAt<T>(text, before) < symbol ? ~before : before);
      put(sorted, i, 0);
    } else if (place < 0) {
      put(sorted, i, ~place);
    }
  }
  toEnds(counts, buckets, symbols);
  for (let i = n - 1; i >= 0; i--) {
    const far = i >= FAR ? at(sorted, i - FAR) : 0;
    const near = i >= NEAR ? at(sorted, i - NEAR) : 0;
    warm ^= symbolAt<T>(text, positive(far)) ^ at(buckets, symbolAt<T>(text, positive(near)));
    const place = at(sorted, i);
    if (place > 0) {
      symbol = symbolAt<T>(text, place);
      const before = place - 1;
      put(sorted, takeLast(buckets, symbol), symbolAt<T>(text, before) > symbol ? ~place : before);
      put(sorted, i, 0);
    }
  }
  touched ^= warm;
}

function namePieces<T>(text: usize, n: i32, sorted: usize, pieces: i32): i32 {
  for (let i = 0, filled = 0; filled < pieces; i++) {
    const place = at(sorted, i);
    if (place >= 0) continue;
    put(sorted, i, 0);
    put(sorted, filled++, ~place);
  }
  const lengths = sorted + ((<usize>pieces) << 2);
  let last = n - 1;
  for (let end = pieceBefore<T>(text, n - 1); end >= 0; end = pieceBefore<T>(text, end)) {
    put(lengths, (end + 1) >> 1, last - end);
    last = end + 1;
  }
  let name = 0;
  let previous = n;
  let previousLength = 0;
  let warm = 0;
  for (let i = 0; i < pieces; i++) {
    const far = at(sorted, i + FAR < pieces ? i + FAR : i);
    warm ^= symbolAt<T>(text, far) ^ at(lengths, far >> 1);
    const place = at(sorted, i);
    const length = at(lengths, place >> 1);
    let same = 0;
    if (length === previousLength && previous + length < n) {
      while (same < length && symbolAt<T>(text, place + same) === symbolAt<T>(text, previous + same)) same++;
    }
    if (same < length || length === 0) {
      name++;
      previous = place;
      previousLength = length;
    }
    put(lengths, place >> 1, name);
  }
  touched ^= warm;
  return name;
}

function orderByNames<T>(text: usize, n: i32, sorted: usize, pieces: i32, names: i32, scratch: usize): void {
  const named = sorted + ((<usize>(n - pieces)) << 2);
  for (let i = pieces + (n >> 1) - 1, filled = pieces - 1; i >= pieces; i--) {
    const name = at(sorted, i);
    if (name !== 0) put(named, filled--, name - 1);
  }
  suffixArray<i32>(named, pieces, names - 1, sorted, scratch);
  let filled = pieces - 1;
  for (let end = pieceBefore<T>(text, n - 1); end >= 0; end = pieceBefore<T>(text, end)) {
    put(named, filled--, end + 1);
  }
  for (let i = 0; i < pieces; i++) put(sorted, i, at(named, at(sorted, i)));
}

function spreadPieces<T>(
  text: usize,
  n: i32,
  sorted: usize,
  pieces: i32,
  counts: usize,
  buckets: usize,
  symbols: i32,
): void {
  toEnds(counts, buckets, symbols);
  let free = n;
  for (let i = pieces - 1; i >= 0; ) {
    const symbol = symbolAt<T>(text, at(sorted, i));
    const end = at(buckets, symbol);
    if (end < free) memory.fill(sorted + ((<usize>end) << 2), 0, (<usize>(free - end)) << 2);
    free = end;
    for (; i >= 0 && symbolAt<T>(text, at(sorted, i)) === symbol; i--) put(sorted, --free, at(sorted, i));
  }
  memory.fill(sorted, 0, (<usize>free) << 2);
}

function induceAll<T>(text: usize, n: i32, sorted: usize, counts: usize, buckets: usize, symbols: i32): void {
  let warm = 0;
  toStarts(counts, buckets, symbols);
  let symbol = symbolAt<T>(text, n - 1);
  put(sorted, takeFirst(buckets, symbol), symbolAt<T>(text, n - 2) < symbol ? ~(n - 1) : n - 1);
  for (let i = 0; i < n; i++) {
    const far = i + FAR < n ? at(sorted, i + FAR) - 1 : 0;
    const near = i + NEAR < n ? at(sorted, i + NEAR) - 1 : 0;
    warm ^= symbolAt<T>(text, positive(far)) ^ at(buckets, symbolAt<T>(text, positive(near)));
    const place = at(sorted, i);
    put(sorted, i, ~place);
    if (place > 0) {
      const before = place - 1;
      symbol = symbolAt<T>(text, before);
      const done = before > 0 && symbolAt<T>(text, before - 1) < symbol;
      put(sorted, takeFirst(buckets, symbol), done ? ~before : before);
    }
  }
  toEnds(counts, buckets, symbols);
  for (let i = n - 1; i >= 0; i--) {
    const far = i >= FAR ? at(sorted, i - FAR) - 1 : 0;
    const near = i >= NEAR ? at(sorted, i - NEAR) - 1 : 0;
    warm ^= symbolAt<T>(text, positive(far)) ^ at(buckets, symbolAt<T>(text, positive(near)));
    const place = at(sorted, i);
    if (place > 0) {
      const before = place - 1;
      symbol = symbolAt<T>(text, before);
      const done = before === 0 || symbolAt<T>(text, before - 1) > symbol;
      put(sorted, takeLast(buckets, symbol), done ? ~before : before);
    } else {
      put(sorted, i, ~place);
    }
  }
  touched ^= warm;
}
