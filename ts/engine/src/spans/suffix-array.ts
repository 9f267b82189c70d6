/** Symbols of a text; every value must be at least 0 and at most the given largest symbol. */
export type Symbols = Uint8Array | Uint16Array | Int32Array;

/** How many steps ahead text, and then buckets, are touched, so that they are in the cache when they are needed. */
const FAR = 32;
const NEAR = 16;

/**
 * The suffix array of a text: the starts of its suffixes in lexicographic order, where the end of the text sorts
 * before every symbol. Linear time by induced sorting: Nong, Zhang and Chan, "Two Efficient Algorithms for Linear
 * Time Suffix Array Construction" (2011), within the array itself as in Mori's sais-lite: an entry is the place
 * whose symbol comes next, complemented once nothing more follows from it in the running pass.
 *
 * @param into Where to put it, of the text's length; a fresh array if left out.
 */
export function suffixArray(
  text: Symbols,
  largest: number,
  into: Int32Array = new Int32Array(text.length),
): Int32Array {
  const n = text.length;
  if (n === 1) into[0] = 0;
  if (n <= 1) return into;
  const counts = new Int32Array(largest + 1);
  for (let i = 0; i < n; i += 1) counts[text[i]] += 1;
  const buckets = new Int32Array(largest + 1);

  const pieces = placePieces(text, into, counts, buckets);
  if (pieces > 1) {
    inducePieces(text, into, counts, buckets);
    const names = namePieces(text, into, pieces);
    if (names < pieces) orderByNames(text, into, pieces, names);
    spreadPieces(text, into, pieces, counts, buckets);
  }
  induceAll(text, into, counts, buckets);
  return into;
}

/** Sets each symbol's bucket to where its suffixes begin. */
function toStarts(counts: Int32Array, buckets: Int32Array): void {
  for (let symbol = 0, sum = 0; symbol < counts.length; symbol += 1) {
    buckets[symbol] = sum;
    sum += counts[symbol];
  }
}

/** Sets each symbol's bucket to where its suffixes end. */
function toEnds(counts: Int32Array, buckets: Int32Array): void {
  for (let symbol = 0, sum = 0; symbol < counts.length; symbol += 1) {
    sum += counts[symbol];
    buckets[symbol] = sum;
  }
}

/**
 * Cuts the text into pieces: they begin where a suffix is smaller than the next one and the one before is not. Puts
 * the place before each into the bucket of its first symbol, except for the first piece, which nothing follows from;
 * a lone piece goes where it belongs.
 *
 * @returns The number of pieces.
 */
function placePieces(text: Symbols, sorted: Int32Array, counts: Int32Array, buckets: Int32Array): number {
  toEnds(counts, buckets);
  sorted.fill(0);
  let pieces = 0;
  let slot = -1;
  let waiting = 0;
  for (let end = pieceBefore(text, text.length - 1); end >= 0; end = pieceBefore(text, end)) {
    if (slot >= 0) sorted[slot] = waiting;
    buckets[text[end + 1]] -= 1;
    slot = buckets[text[end + 1]];
    waiting = end;
    pieces += 1;
  }
  if (pieces === 1) sorted[slot] = waiting + 1;
  return pieces;
}

/**
 * The place just before the last piece that begins at or before `from`, or −1. `from` must be the last place of the
 * text or what this function returned before: a place whose suffix is greater than the next.
 */
function pieceBefore(text: Symbols, from: number): number {
  let i = from;
  let next = text[i];
  let symbol = next;
  do {
    next = symbol;
    i -= 1;
    if (i < 0) return -1;
    symbol = text[i];
  } while (symbol >= next);
  do {
    next = symbol;
    i -= 1;
    if (i < 0) return -1;
    symbol = text[i];
  } while (symbol <= next);
  return i;
}

/** Sorts the pieces by the symbols up to the next piece. Leaves their places complemented, all else 0. */
function inducePieces(text: Symbols, sorted: Int32Array, counts: Int32Array, buckets: Int32Array): void {
  const n = text.length;
  let touched = 0;
  toStarts(counts, buckets);
  let symbol = text[n - 1];
  sorted[buckets[symbol]++] = text[n - 2] < symbol ? ~(n - 2) : n - 2;
  for (let i = 0; i < n; i += 1) {
    const far = i + FAR < n ? sorted[i + FAR] : 0;
    const near = i + NEAR < n ? sorted[i + NEAR] : 0;
    touched ^= text[far & ~(far >> 31)] ^ buckets[text[near & ~(near >> 31)]];
    const place = sorted[i];
    if (place > 0) {
      symbol = text[place];
      const before = place - 1;
      sorted[buckets[symbol]++] = text[before] < symbol ? ~before : before;
      sorted[i] = 0;
    } else if (place < 0) {
      sorted[i] = ~place;
    }
  }
  toEnds(counts, buckets);
  for (let i = n - 1; i >= 0; i -= 1) {
    const far = i >= FAR ? sorted[i - FAR] : 0;
    const near = i >= NEAR ? sorted[i - NEAR] : 0;
    touched ^= text[far & ~(far >> 31)] ^ buckets[text[near & ~(near >> 31)]];
    const place = sorted[i];
    if (place > 0) {
      symbol = text[place];
      const before = place - 1;
      buckets[symbol] -= 1;
      sorted[buckets[symbol]] = text[before] > symbol ? ~place : before;
      sorted[i] = 0;
    }
  }
  keep(touched);
}

/**
 * Gathers the sorted pieces at the front and numbers them: equal pieces equally, others in order. The number of the
 * piece at place p goes, from 1 on, behind the pieces under p/2; two pieces are never adjacent.
 *
 * @returns The number of different pieces.
 */
function namePieces(text: Symbols, sorted: Int32Array, pieces: number): number {
  const n = text.length;
  for (let i = 0, filled = 0; filled < pieces; i += 1) {
    const place = sorted[i];
    if (place >= 0) continue;
    sorted[i] = 0;
    sorted[filled++] = ~place;
  }
  let last = n - 1;
  for (let end = pieceBefore(text, n - 1); end >= 0; end = pieceBefore(text, end)) {
    sorted[pieces + ((end + 1) >> 1)] = last - end;
    last = end + 1;
  }
  let name = 0;
  let previous = n;
  let previousLength = 0;
  let touched = 0;
  for (let i = 0; i < pieces; i += 1) {
    const far = sorted[i + FAR < pieces ? i + FAR : i];
    touched ^= text[far] ^ sorted[pieces + (far >> 1)];
    const place = sorted[i];
    const length = sorted[pieces + (place >> 1)];
    let same = 0;
    if (length === previousLength && previous + length < n) {
      while (same < length && text[place + same] === text[previous + same]) same += 1;
    }
    if (same < length || length === 0) {
      name += 1;
      previous = place;
      previousLength = length;
    }
    sorted[pieces + (place >> 1)] = name;
  }
  keep(touched);
  return name;
}

/** Puts the pieces, some of which are equal, in order: by sorting the suffixes of the text that their names make. */
function orderByNames(text: Symbols, sorted: Int32Array, pieces: number, names: number): void {
  const n = text.length;
  const named = sorted.subarray(n - pieces);
  for (let i = pieces + (n >> 1) - 1, filled = pieces - 1; i >= pieces; i -= 1) {
    if (sorted[i] !== 0) named[filled--] = sorted[i] - 1;
  }
  const order = suffixArray(named, names - 1, sorted.subarray(0, pieces));
  let filled = pieces - 1;
  for (let end = pieceBefore(text, n - 1); end >= 0; end = pieceBefore(text, end)) named[filled--] = end + 1;
  for (let i = 0; i < pieces; i += 1) order[i] = named[order[i]];
}

/** Moves the sorted pieces from the front to the ends of their symbols' buckets; all else becomes 0. */
function spreadPieces(
  text: Symbols,
  sorted: Int32Array,
  pieces: number,
  counts: Int32Array,
  buckets: Int32Array,
): void {
  toEnds(counts, buckets);
  let free = text.length;
  for (let i = pieces - 1; i >= 0; ) {
    const symbol = text[sorted[i]];
    const end = buckets[symbol];
    if (end < free) sorted.fill(0, end, free);
    free = end;
    for (; i >= 0 && text[sorted[i]] === symbol; i -= 1) {
      free -= 1;
      sorted[free] = sorted[i];
    }
  }
  sorted.fill(0, 0, free);
}

/** Sorts all suffixes from the sorted pieces. */
function induceAll(text: Symbols, sorted: Int32Array, counts: Int32Array, buckets: Int32Array): void {
  const n = text.length;
  let touched = 0;
  toStarts(counts, buckets);
  let symbol = text[n - 1];
  sorted[buckets[symbol]++] = text[n - 2] < symbol ? ~(n - 1) : n - 1;
  for (let i = 0; i < n; i += 1) {
    const far = i + FAR < n ? sorted[i + FAR] - 1 : 0;
    const near = i + NEAR < n ? sorted[i + NEAR] - 1 : 0;
    touched ^= text[far & ~(far >> 31)] ^ buckets[text[near & ~(near >> 31)]];
    const place = sorted[i];
    sorted[i] = ~place;
    if (place > 0) {
      const before = place - 1;
      symbol = text[before];
      sorted[buckets[symbol]++] = before > 0 && text[before - 1] < symbol ? ~before : before;
    }
  }
  toEnds(counts, buckets);
  for (let i = n - 1; i >= 0; i -= 1) {
    const far = i >= FAR ? sorted[i - FAR] - 1 : 0;
    const near = i >= NEAR ? sorted[i - NEAR] - 1 : 0;
    touched ^= text[far & ~(far >> 31)] ^ buckets[text[near & ~(near >> 31)]];
    const place = sorted[i];
    if (place > 0) {
      const before = place - 1;
      symbol = text[before];
      buckets[symbol] -= 1;
      sorted[buckets[symbol]] = before === 0 || text[before - 1] > symbol ? ~before : before;
    } else {
      sorted[i] = ~place;
    }
  }
  keep(touched);
}

let kept = 0;

/** Keeps a value that only matters for having been loaded from being optimised away. */
function keep(value: number): void {
  kept = value;
  if (kept === Number.MAX_SAFE_INTEGER) throw new Error('Unreachable: symbols are smaller.');
}
