/** Symbols of a text; every value must be at least 0 and at most the given largest symbol. */
export type Symbols = Uint8Array | Uint16Array | Int32Array;

/**
 * The suffix array of a text: the starts of its suffixes in lexicographic order, where the end of the text sorts
 * before every symbol. Linear time by induced sorting (Nong, Zhang and Chan, "SA-IS").
 */
export function suffixArray(text: Symbols, largest: number): Int32Array {
  const n = text.length;
  const sorted = new Int32Array(n);
  if (n === 0) return sorted;
  const types = suffixTypes(text);
  const buckets = bucketStarts(text, types, largest);
  const lms = lmsPositions(types);
  induce(text, types, buckets, lms, sorted);
  if (lms.length < 2) return sorted;
  const order = orderOfLms(text, sorted, lms);
  induce(text, types, buckets, order, sorted);
  return sorted;
}

/** 1 where a suffix is smaller than the next one (S-type), 0 where it is larger (L-type). */
function suffixTypes(text: Symbols): Uint8Array {
  const n = text.length;
  const types = new Uint8Array(n);
  for (let i = n - 2; i >= 0; i -= 1) {
    types[i] = text[i] === text[i + 1] ? types[i + 1] : Number(text[i] < text[i + 1]);
  }
  return types;
}

/** Where each symbol's L-type suffixes begin, and its S-type suffixes after them. */
type Buckets = { readonly large: Int32Array; readonly small: Int32Array };

function bucketStarts(text: Symbols, types: Uint8Array, largest: number): Buckets {
  const large = new Int32Array(largest + 2);
  const small = new Int32Array(largest + 2);
  for (let i = 0; i < text.length; i += 1) {
    if (types[i] === 0) small[text[i]] += 1;
    else large[text[i] + 1] += 1;
  }
  for (let symbol = 0; symbol <= largest; symbol += 1) {
    small[symbol] += large[symbol];
    large[symbol + 1] += small[symbol];
  }
  return { large, small };
}

/** Leftmost S-type positions: an S-type suffix after an L-type one. */
function lmsPositions(types: Uint8Array): Int32Array {
  let count = 0;
  for (let i = 1; i < types.length; i += 1) if (types[i - 1] === 0 && types[i] === 1) count += 1;
  const positions = new Int32Array(count);
  let next = 0;
  for (let i = 1; i < types.length; i += 1) {
    if (types[i - 1] === 0 && types[i] === 1) positions[next++] = i;
  }
  return positions;
}

/** Sorts all suffixes, given the leftmost S-type ones in order (or, the first time, in any order). */
function induce(
  text: Symbols,
  types: Uint8Array,
  buckets: Buckets,
  lms: Int32Array,
  sorted: Int32Array,
): void {
  const n = text.length;
  sorted.fill(-1);
  const small = buckets.small.slice();
  for (const position of lms) sorted[small[text[position]]++] = position;
  const large = buckets.large.slice();
  sorted[large[text[n - 1]]++] = n - 1;
  for (let i = 0; i < n; i += 1) {
    const before = sorted[i] - 1;
    if (before >= 0 && types[before] === 0) sorted[large[text[before]]++] = before;
  }
  const ends = buckets.large.slice();
  for (let i = n - 1; i >= 0; i -= 1) {
    const before = sorted[i] - 1;
    if (before >= 0 && types[before] === 1) sorted[--ends[text[before] + 1]] = before;
  }
}

/** The leftmost S-type suffixes in order, by sorting a text whose symbols are the pieces between them. */
function orderOfLms(text: Symbols, sorted: Int32Array, lms: Int32Array): Int32Array {
  const n = text.length;
  const count = lms.length;
  const numbers = new Int32Array(n).fill(-1);
  for (let i = 0; i < count; i += 1) numbers[lms[i]] = i;
  const end = (i: number) => (i + 1 < count ? lms[i + 1] : n);
  const pieces = new Int32Array(count);
  let name = -1;
  let previous = -1;
  for (let i = 0; i < n; i += 1) {
    const number = numbers[sorted[i]];
    if (number < 0) continue;
    if (previous < 0 || !samePiece(text, lms[previous], end(previous), lms[number], end(number))) name += 1;
    pieces[number] = name;
    previous = number;
  }
  return suffixArray(pieces, name).map((i) => lms[i]);
}

/** Whether two pieces are equal, including the symbol that follows each. */
function samePiece(text: Symbols, a: number, endA: number, b: number, endB: number): boolean {
  if (endA - a !== endB - b || endA === text.length || endB === text.length) return false;
  for (let i = 0; a + i <= endA; i += 1) if (text[a + i] !== text[b + i]) return false;
  return true;
}
