import { BYTE_TO_CHAR, WORD_PATTERN } from './bytes.ts';

/** A trained byte-pair vocabulary. The id of a token is its place in `tokens`. */
export type Vocabulary = {
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
  readonly specials: readonly string[];
};

/**
 * Trains byte-level byte-pair encoding: the most frequent pair of neighbouring tokens is merged until the
 * vocabulary is full. Ties go to the pair of older tokens, so the result depends on the text alone.
 */
export function trainVocabulary(
  texts: Iterable<string>,
  size: number,
  specials: readonly string[],
): Vocabulary {
  const tokens = [...specials, ...[...BYTE_TO_CHAR].sort()];
  const words = new WordTable(texts, new Map(tokens.map((token, id) => [token, id])));
  const merges: [string, string][] = [];
  while (tokens.length < size) {
    const pair = words.mostFrequentPair();
    if (pair === undefined) break;
    merges.push([tokens[pair[0]], tokens[pair[1]]]);
    words.merge(pair[0], pair[1], tokens.length);
    tokens.push(tokens[pair[0]] + tokens[pair[1]]);
  }
  return { tokens, merges, specials };
}

type Word = { ids: number[]; readonly count: number };

/** The distinct words of a text as token ids, with the frequency of every pair kept up to date. */
class WordTable {
  readonly #words: Word[];
  readonly #counts = new Map<number, number>();
  readonly #places = new Map<number, Set<number>>();

  constructor(texts: Iterable<string>, ids: ReadonlyMap<string, number>) {
    const frequencies = new Map<string, number>();
    for (const text of texts) {
      for (const [word] of text.matchAll(WORD_PATTERN))
        frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
    }
    const utf8 = new TextEncoder();
    this.#words = [...frequencies]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([word, count]) => ({
        ids: Array.from(utf8.encode(word), (byte) => ids.get(BYTE_TO_CHAR[byte])!),
        count,
      }));
    this.#words.forEach((word, place) => {
      this.#count(word.ids, word.count, place);
    });
  }

  mostFrequentPair(): [number, number] | undefined {
    let best = -1;
    let most = 1;
    for (const [key, count] of this.#counts) {
      if (count > most || (count === most && count > 1 && key < best)) {
        best = key;
        most = count;
      }
    }
    return best < 0 ? undefined : [Math.floor(best / PAIR_BASE), best % PAIR_BASE];
  }

  merge(left: number, right: number, merged: number): void {
    const key = left * PAIR_BASE + right;
    for (const place of this.#places.get(key) ?? []) {
      const word = this.#words[place];
      const ids = mergeIn(word.ids, left, right, merged);
      if (ids.length === word.ids.length) continue;
      this.#count(word.ids, -word.count, place);
      this.#count(ids, word.count, place);
      word.ids = ids;
    }
    this.#counts.delete(key);
    this.#places.delete(key);
  }

  #count(ids: readonly number[], change: number, place: number): void {
    for (let i = 0; i + 1 < ids.length; i += 1) {
      const key = ids[i] * PAIR_BASE + ids[i + 1];
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + change);
      if (change < 0) continue;
      const places = this.#places.get(key);
      if (places === undefined) this.#places.set(key, new Set([place]));
      else places.add(place);
    }
  }
}

/** Pairs are map keys of the form left · PAIR_BASE + right. */
const PAIR_BASE = 2 ** 20;

function mergeIn(ids: readonly number[], left: number, right: number, merged: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i += 1) {
    if (ids[i] === left && ids[i + 1] === right) {
      result.push(merged);
      i += 1;
    } else {
      result.push(ids[i]);
    }
  }
  return result;
}
