import type { SpanIndex } from './span-index.ts';

/** Symbols of a shingle; how many of a contribution's are kept; the part of them that duplicates share. */
const SHINGLE = 16;
const KEPT = 128;
const ALIKE = 0.7;

/**
 * Which contributions are nearly the same text: per asset the oldest (least) of its cluster. Contributions are alike
 * if their sets of shingles have a Jaccard similarity of about 0.7 or more, estimated from the 128 least hashes of
 * each (Broder, 1997); shorter ones than a shingle, if they are equal. For display only: no payment depends on it.
 *
 * @param assets Those that matter; the work is linear in their text.
 */
export function duplicateClusters(
  indexes: readonly SpanIndex[],
  assets: ReadonlySet<number>,
): Map<number, number> {
  const sketches = new Map<number, Uint32Array>();
  for (const { text, documents } of indexes) {
    for (const { asset, start, length } of documents) {
      if (assets.has(asset)) sketches.set(asset, sketchOf(text.subarray(start, start + length)));
    }
  }
  const oldest = new Map<number, number>();
  for (const [asset, sketch] of [...sketches].sort(([a], [b]) => a - b)) {
    const first = [...oldest].find(
      ([other, head]) => other === head && areAlike(sketches.get(other)!, sketch),
    );
    oldest.set(asset, first?.[0] ?? asset);
  }
  return oldest;
}

/** The least hashes of all shingles, ascending, each once. */
function sketchOf(text: Uint16Array | Int32Array): Uint32Array {
  const width = Math.max(1, Math.min(SHINGLE, text.length));
  const hashes = new Uint32Array(Math.max(0, text.length - width + 1));
  for (let i = 0; i < hashes.length; i += 1) hashes[i] = hashOf(text, i, width);
  return Uint32Array.from(new Set(hashes.sort())).subarray(0, KEPT);
}

/** FNV-1a with a final mix. */
function hashOf(text: Uint16Array | Int32Array, from: number, width: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < width; i += 1) hash = Math.imul(hash ^ text[from + i], 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** Of the least hashes of both texts together, at least `ALIKE` are in both. */
function areAlike(a: Uint32Array, b: Uint32Array): boolean {
  const union = Uint32Array.from(new Set([...a, ...b]))
    .sort()
    .subarray(0, Math.max(Math.min(KEPT, a.length), Math.min(KEPT, b.length)));
  const inA = new Set(a);
  const inB = new Set(b);
  const shared = union.reduce((count, hash) => count + Number(inA.has(hash) && inB.has(hash)), 0);
  return shared >= ALIKE * union.length;
}
