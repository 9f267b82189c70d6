/** Bits, and for every 512th how many ones come before it: 1/16 more than the bits alone. */
export type RankBits = { readonly words: Uint32Array; readonly blocks: Uint32Array };

const WORDS_PER_BLOCK = 16;

/** Counts the ones of bits, the lowest of each word first. */
export function rankBits(words: Uint32Array): RankBits {
  const blocks = new Uint32Array(Math.floor(words.length / WORDS_PER_BLOCK) + 1);
  let ones = 0;
  for (let i = 0; i < words.length; i += 1) {
    if (i % WORDS_PER_BLOCK === 0) blocks[i / WORDS_PER_BLOCK] = ones;
    ones += popcount(words[i]);
  }
  if (words.length % WORDS_PER_BLOCK === 0) blocks[words.length / WORDS_PER_BLOCK] = ones;
  return { words, blocks };
}

/** How many of the first `count` bits are ones. */
export function onesBefore({ words, blocks }: RankBits, count: number): number {
  const last = count >>> 5;
  let word = (last >>> 4) << 4;
  let ones = blocks[last >>> 4];
  for (; word < last; word += 1) ones += popcount(words[word]);
  const rest = count & 31;
  return rest === 0 ? ones : ones + popcount(words[last] & ((1 << rest) - 1));
}

/** One bit, 0 or 1. */
export function bitAt({ words }: RankBits, place: number): number {
  return (words[place >>> 5] >>> (place & 31)) & 1;
}

function popcount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
