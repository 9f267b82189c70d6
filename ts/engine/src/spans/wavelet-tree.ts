import { type PrefixCode, prefixCode } from './huffman.ts';
import { bitAt, onesBefore, type RankBits, rankBits } from './rank-bits.ts';

/**
 * A sequence of symbols in about its zeroth-order entropy, with counts: a wavelet tree in the shape of Huffman's
 * code (Grossi, Gupta and Vitter, 2003; Mäkinen and Navarro, 2005). Every node keeps, for the symbols below it and
 * in the sequence's order, which child each goes to.
 */
export type WaveletTree = {
  readonly code: PrefixCode;
  /** The bits of all nodes, one after the other; per node where they begin, and the ones before. */
  readonly bits: RankBits;
  readonly starts: Uint32Array;
  readonly onesAtStart: Uint32Array;
};

/** Bit places have 32 bits. */
const MOST_BITS = 2 ** 32;

/** @param sequence Is overwritten. */
export function waveletTree(sequence: Uint16Array | Int32Array, largest: number): WaveletTree {
  const counts = new Float64Array(largest + 1);
  for (let i = 0; i < sequence.length; i += 1) counts[sequence[i]] += 1;
  const code = prefixCode(counts);
  let total = 0;
  counts.forEach((count, symbol) => {
    total += count * code.bits[symbol];
  });
  if (total >= MOST_BITS)
    throw new Error('The text is too long for one compressed index. Split it in shards.');
  const words = new Uint32Array(Math.ceil(total / 32));
  const starts = new Uint32Array(code.left.length);
  fillNodes(sequence, code, words, starts);
  const bits = rankBits(words);
  const onesAtStart = Uint32Array.from(starts, (start) => onesBefore(bits, start));
  return { code, bits, starts, onesAtStart };
}

function fillNodes(
  sequence: Uint16Array | Int32Array,
  { codes, bits, left, right }: PrefixCode,
  words: Uint32Array,
  starts: Uint32Array,
): void {
  const spare = sequence.slice();
  let place = 0;
  /** The symbols below a node lie in `from[low … high)`; those below its children go to `to`. */
  function fill(
    node: number,
    depth: number,
    from: Uint16Array | Int32Array,
    to: Uint16Array | Int32Array,
    low: number,
    high: number,
  ): void {
    starts[node] = place;
    let ones = 0;
    for (let i = low; i < high; i += 1) ones += (codes[from[i]] >>> (bits[from[i]] - 1 - depth)) & 1;
    let zero = low;
    let one = high - ones;
    for (let i = low; i < high; i += 1) {
      const symbol = from[i];
      if (((codes[symbol] >>> (bits[symbol] - 1 - depth)) & 1) === 1) {
        words[place >>> 5] |= 1 << (place & 31);
        to[one++] = symbol;
      } else {
        to[zero++] = symbol;
      }
      place += 1;
    }
    if (left[node] >= 0) fill(left[node], depth + 1, to, from, low, high - ones);
    if (right[node] >= 0) fill(right[node], depth + 1, to, from, high - ones, high);
  }
  if (left.length > 0) fill(0, 0, sequence, spare, 0, sequence.length);
}

/** How often a symbol, which must occur in the sequence, is among the first `count` of it. */
export function rankOf(tree: WaveletTree, symbol: number, count: number): number {
  const { code, bits, starts, onesAtStart } = tree;
  let rest = count;
  let node = 0;
  for (let shift = code.bits[symbol] - 1; shift >= 0 && rest > 0; shift -= 1) {
    const ones = onesBefore(bits, starts[node] + rest) - onesAtStart[node];
    if (((code.codes[symbol] >>> shift) & 1) === 1) {
      rest = ones;
      node = code.right[node];
    } else {
      rest -= ones;
      node = code.left[node];
    }
  }
  return rest;
}

/** The symbol at a place, and how often it is before it. */
export function symbolAt(tree: WaveletTree, place: number): { symbol: number; rank: number } {
  const { code, bits, starts, onesAtStart } = tree;
  let rank = place;
  let node = 0;
  do {
    const at = starts[node] + rank;
    const ones = onesBefore(bits, at) - onesAtStart[node];
    const one = bitAt(bits, at) === 1;
    rank = one ? ones : rank - ones;
    node = one ? code.right[node] : code.left[node];
  } while (node >= 0);
  return { symbol: ~node, rank };
}
