/** Narrows a search in the suffix array before the first look at it. Made from text and suffixes in one pass. */
export type Tables = {
  /** The largest symbol. */
  readonly largest: number;
  /** Place of the first suffix that starts with a symbol, or with a greater one; one more at the end. */
  readonly firsts: Int32Array;
  /** Of every `STRIDE`-th suffix the symbols after the first: two keys each, in the suffixes' order. */
  readonly keys: Int32Array;
};

/** Suffixes per pair of keys. */
export const STRIDE = 64;

/** Symbols per key: as many as fit 32 bits. */
export function symbolsPerKey(largest: number): number {
  return largest < 1 << 8 ? 4 : largest < 1 << 10 ? 3 : largest < 1 << 16 ? 2 : 1;
}

/** Keys of so many suffixes. */
export function keyCount(suffixes: number): number {
  return Math.ceil(suffixes / STRIDE) * 2;
}

/** Makes the tables of a suffix array whose suffixes never start with 0, in the arrays given for them. */
export function fillTables(
  text: Uint16Array | Int32Array,
  suffixes: Int32Array,
  { largest, firsts, keys }: Tables,
): void {
  // Within the suffixes of one symbol there is nothing to look at: the next one's first is searched for.
  for (let symbol = 1, from = 0; symbol <= largest + 1; symbol += 1) {
    from = firstFrom(text, suffixes, symbol, from);
    firsts[symbol] = from;
  }
  const perKey = symbolsPerKey(largest);
  for (let i = 0; i < keys.length; i += 2) {
    const place = suffixes[(i >> 1) * STRIDE];
    keys[i] = keyAt(text, place + 1, perKey, largest, 0);
    keys[i + 1] = keyAt(text, place + 1, perKey, largest, perKey);
  }
}

/** The two keys of every place of an answer that is cut off after `limit` symbols. */
export function keysOf(answer: Int32Array, largest: number, limit: number): Int32Array {
  const perKey = symbolsPerKey(largest);
  const keys = new Int32Array(answer.length * 2);
  for (let at = 0; at < answer.length; at += 1) {
    const end = Math.min(answer.length, at + limit);
    keys[at * 2] = keyAt(answer, at + 1, perKey, largest, 0, end);
    keys[at * 2 + 1] = keyAt(answer, at + 1, perKey, largest, perKey, end);
  }
  return keys;
}

/**
 * Symbols as one number that sorts as they do. What follows a piece's end is left out, as it is in what is searched.
 *
 * @param skip How many symbols, within the same piece, to pass over first.
 * @param end Where the text ends, or is cut off.
 */
export function keyAt(
  text: ArrayLike<number>,
  place: number,
  perKey: number,
  largest: number,
  skip: number,
  end = text.length,
): number {
  const bits = Math.floor(32 / perKey);
  let key = 0;
  let ended = false;
  for (let i = 0; i < skip + perKey; i += 1) {
    const symbol: number = ended || place + i >= end ? 0 : text[place + i];
    ended ||= symbol === 0;
    if (i >= skip) key = perKey === 1 ? symbol : (key << bits) | symbol;
  }
  return largest < 1 << 16 ? key ^ -0x80000000 : key;
}

/** First place at or after `from` whose suffix starts with `symbol` or a greater one, by doubling steps. */
function firstFrom(
  text: Uint16Array | Int32Array,
  suffixes: Int32Array,
  symbol: number,
  from: number,
): number {
  let low = from;
  let step = 1;
  while (low + step <= suffixes.length && text[suffixes[low + step - 1]] < symbol) {
    low += step;
    step *= 2;
  }
  let high = Math.min(suffixes.length, low + step);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (text[suffixes[middle]] < symbol) low = middle + 1;
    else high = middle;
  }
  return low;
}
