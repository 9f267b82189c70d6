import { Random } from '../numeric/random.ts';

/**
 * MinHash signatures cut into bands (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, §3.4).
 * Two sets of similarity s share a band with probability 1 − (1 − s⁴)⁴⁰: 0.99998 at 0.7, and 0.92 at 0.5, so nearly every
 * pair at the threshold becomes a candidate. Which candidates are duplicates is decided by the exact similarity alone.
 */
export const BANDS = 40;
export const BAND_ROWS = 4;
const HASHES = BANDS * BAND_ROWS;

/** One random number per hash function, the same on every machine. */
const seeds = (() => {
  const random = new Random(0x6d68);
  return Uint32Array.from({ length: HASHES }, () => random.next());
})();

/** 32-bit hash of a string (FNV-1a over its UTF-16 units, then mixed). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Writes the band keys of a set, given the hashes of its members, to `keys` from `offset` on. */
export function writeBandKeys(members: Uint32Array, keys: Uint32Array, offset: number): void {
  for (let band = 0; band < BANDS; band += 1) {
    let key = 0;
    for (let row = 0; row < BAND_ROWS; row += 1) {
      const seed = seeds[band * BAND_ROWS + row];
      let least = 0xffffffff;
      for (let i = 0; i < members.length; i += 1) {
        const hash = mix(members[i] ^ seed);
        if (hash < least) least = hash;
      }
      key = mix(Math.imul(key, 31) ^ least);
    }
    keys[offset + band] = key;
  }
}

/** Finaliser of MurmurHash3: a bijection of 32-bit numbers in which every bit depends on every other. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
