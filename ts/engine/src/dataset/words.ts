/** Words per shingle. */
export const SHINGLE_WORDS = 5;

/**
 * One word: a character of a script that is written without spaces, or a run of letters, marks and digits.
 * Everything else separates.
 */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[\p{L}\p{M}\p{N}]+/gu;

/** The words of a text, compatibility forms and case folded, punctuation left out. */
export function wordsOf(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? [];
}

/**
 * The set of runs of `length` words. A shorter text is one shingle of all its words, so that it is near to nothing but
 * texts of the same words; a text without words has none.
 */
export function shinglesOf(text: string, length = SHINGLE_WORDS): Set<string> {
  const words = wordsOf(text);
  const shingles = new Set<string>();
  if (words.length === 0) return shingles;
  const last = Math.max(0, words.length - length);
  for (let i = 0; i <= last; i += 1) shingles.add(words.slice(i, i + length).join(' '));
  return shingles;
}

/** Jaccard similarity: common members ÷ all members; 0 for two empty sets. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  let common = 0;
  for (const member of small) if (large.has(member)) common += 1;
  const union = a.size + b.size - common;
  return union === 0 ? 0 : common / union;
}
