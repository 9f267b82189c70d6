/**
 * Expands sentence shapes.
 *
 * `{slot}` is filled from the words, `{slot#2}` is a second filling, and both keep their value wherever the same document repeats
 * them; `{a:slot}` puts the right article in front. `(this|that|)` chooses one of its branches each time. Fillings may hold slots.
 */
import type { Random } from './corpus-random.ts';

/** What a slot may be filled with: phrases (shapes themselves), or a function that makes one and may look at the others. */
export type Filling = readonly string[] | ((random: Random, bindings: Bindings) => string);

/** Fillings by slot name. */
export type Words = Readonly<Record<string, Filling>>;

/** The values that a document's slots have so far. */
export type Bindings = Map<string, string>;

/** Expands one shape; slots already in `bindings` keep their value, new ones are added to it. */
export function expand(shape: string, words: Words, random: Random, bindings: Bindings = new Map()): string {
  let text = shape;
  // Innermost brackets first, so that a branch may hold further branches.
  for (
    let open = /\(([^()]*\|[^()]*)\)/.exec(text);
    open !== null;
    open = /\(([^()]*\|[^()]*)\)/.exec(text)
  ) {
    const branch = random.pick(open[1]!.split('|'));
    text = text.slice(0, open.index) + branch + text.slice(open.index + open[0].length);
  }
  return text.replace(
    /\{(a:)?(\w+)(#\w+)?\}/g,
    (_whole, article: string | undefined, slot: string, copy = '') => {
      const key = slot + copy;
      let value = bindings.get(key);
      if (value === undefined) {
        value = fill(slot, words, random, bindings);
        bindings.set(key, value);
      }
      return article === undefined ? value : withArticle(value);
    },
  );
}

/** Expands a shape into sentences: capitals at the start of each, no double spaces. */
export function sentence(
  shape: string,
  words: Words,
  random: Random,
  bindings: Bindings = new Map(),
): string {
  const text = expand(shape, words, random, bindings)
    .replace(/ {2,}/g, ' ')
    .replace(/ ([,.?!;])/g, '$1')
    .trim();
  return text.replace(
    /(^|[.?!] )([a-z])/g,
    (_whole, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

function fill(slot: string, words: Words, random: Random, bindings: Bindings): string {
  const filling = words[slot];
  if (filling === undefined) throw new Error(`The corpus has no words for {${slot}}.`);
  if (typeof filling === 'function') return filling(random, bindings);
  // Nested slots are fresh: {thing} inside two different fillings must not be forced to agree.
  const inner: Bindings = new Map();
  const value = expand(random.pick(filling), words, random, inner);
  return [...bindings.values()].includes(value)
    ? expand(random.pick(filling), words, random, new Map())
    : value;
}

function withArticle(value: string): string {
  return /^[aeio]|^u(?!ni|se)/i.test(value) ? `an ${value}` : `a ${value}`;
}
