import { type Cluster, DisjointSets } from './clusters.ts';
import { BANDS, hashText, writeBandKeys } from './minhash.ts';
import { jaccard, shinglesOf } from './words.ts';

/** Texts at least this similar are near-duplicates. */
export const NEAR_DUPLICATE = 0.7;

/** Texts that are equal, character by character. */
export function exactDuplicates(texts: readonly string[]): Cluster<number>[] {
  const places = new Map<string, number[]>();
  texts.forEach((text, place) => {
    const known = places.get(text);
    if (known === undefined) places.set(text, [place]);
    else known.push(place);
  });
  return [...places.values()]
    .filter((group) => group.length > 1)
    .map(([first, ...others]) => ({ first, others }));
}

/** A text in a cluster, with its exact similarity to the cluster's first. */
export type NearDuplicate = { readonly place: number; readonly similarity: number };

/**
 * Clusters of near-duplicates: texts whose sets of word shingles have a Jaccard similarity of at least
 * {@link NEAR_DUPLICATE}, directly or through others of the cluster. Candidates come from {@link writeBandKeys}; each is
 * verified with the exact similarity, so no cluster joins texts that are not near. The order of `texts` is that of
 * priority.
 */
export function nearDuplicates(texts: readonly string[]): Cluster<NearDuplicate>[] {
  const keys = new Uint32Array(texts.length * BANDS);
  const places: number[] = [];
  texts.forEach((text, place) => {
    const members = Uint32Array.from(shinglesOf(text), hashText);
    if (members.length === 0) return;
    writeBandKeys(members, keys, place * BANDS);
    places.push(place);
  });
  const sets = new DisjointSets(texts.length);
  const shingles = new ShingleCache(texts);
  for (let band = 0; band < BANDS; band += 1) {
    for (const bucket of bucketsOf(keys, band, places)) uniteSimilar(bucket, sets, shingles);
  }
  return sets.groups().map(([first, ...others]) => ({
    first,
    others: others.map((place) => ({
      place,
      similarity: jaccard(shingles.of(first), shingles.of(place)),
    })),
  }));
}

/** Places whose keys of one band are equal, in groups of two or more. */
function bucketsOf(keys: Uint32Array, band: number, places: readonly number[]): number[][] {
  const buckets = new Map<number, number[]>();
  for (const place of places) {
    const key = keys[place * BANDS + band];
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, [place]);
    else bucket.push(place);
  }
  return [...buckets.values()].filter((bucket) => bucket.length > 1);
}

/**
 * Unites the near-duplicates of a bucket. Texts that are united already are not compared again, so a bucket of many
 * copies costs about one comparison each.
 */
function uniteSimilar(bucket: readonly number[], sets: DisjointSets, shingles: ShingleCache): void {
  let groups: number[][] = [];
  for (const place of bucket) {
    const near = (group: readonly number[]) =>
      group.some((other) => jaccard(shingles.of(place), shingles.of(other)) >= NEAR_DUPLICATE);
    const joined = groups.filter((group) => {
      if (sets.find(group[0]) === sets.find(place)) return true;
      if (!near(group)) return false;
      sets.unite(group[0], place);
      return true;
    });
    const [own] = joined;
    if (own === undefined) {
      groups.push([place]);
    } else if (joined.length === 1) {
      own.push(place);
    } else {
      groups = [...groups.filter((group) => !joined.includes(group)), [...joined.flat(), place]];
    }
  }
}

/** Shingle sets of the texts that are compared, made when first needed. */
class ShingleCache {
  readonly #texts: readonly string[];
  readonly #sets = new Map<number, Set<string>>();

  constructor(texts: readonly string[]) {
    this.#texts = texts;
  }

  of(place: number): Set<string> {
    const known = this.#sets.get(place);
    if (known !== undefined) return known;
    const made = shinglesOf(this.#texts[place]);
    this.#sets.set(place, made);
    return made;
  }
}
