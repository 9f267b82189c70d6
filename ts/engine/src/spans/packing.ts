/** Bits that every number up to `largest` fits. */
export function bitsFor(largest: number): number {
  return Math.max(1, 32 - Math.clz32(largest));
}

/** Words that hold `count` numbers of `bits` bits. */
export function wordsFor(count: number, bits: number): number {
  return Math.ceil((count * bits) / 32);
}

/** Numbers below 2^31 side by side, `bits` bits each, the lowest first. */
export function pack(numbers: Int32Array, bits: number): Uint32Array {
  const words = new Uint32Array(wordsFor(numbers.length, bits));
  let word = 0;
  let used = 0;
  let at = 0;
  for (let i = 0; i < numbers.length; i += 1) {
    const number = numbers[i];
    word |= number << used;
    used += bits;
    if (used < 32) continue;
    words[at++] = word;
    used -= 32;
    word = used === 0 ? 0 : number >>> (bits - used);
  }
  if (used > 0) words[at] = word;
  return words;
}

/** Reads what `pack` wrote: `into.length` numbers. */
export function unpack(words: Uint32Array, bits: number, into: Int32Array): void {
  const mask = (1 << bits) - 1;
  let used = 0;
  let at = 0;
  for (let i = 0; i < into.length; i += 1) {
    let number = words[at] >>> used;
    used += bits;
    if (used >= 32) {
      used -= 32;
      at += 1;
      if (used > 0) number |= words[at] << (bits - used);
    }
    into[i] = number & mask;
  }
}

/** One number of what `pack` wrote. */
export function unpackOne(words: Uint32Array, bits: number, i: number): number {
  const bit = i * bits;
  const at = Math.floor(bit / 32);
  const used = bit % 32;
  const low = words[at] >>> used;
  const number = used + bits > 32 ? low | (words[at + 1] << (32 - used)) : low;
  return number & ((1 << bits) - 1);
}
