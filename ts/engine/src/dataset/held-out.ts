import { splitChatRow } from '../training/rows.ts';
import { NEAR_DUPLICATE } from './duplicates.ts';
import { jaccard, SHINGLE_WORDS, shinglesOf, wordsOf } from './words.ts';

/** A row repeats a text when at least this share of the text's shingles is in the row. */
export const CONTAINED = 0.9;

/** Answers of fewer words are not looked for alone: many questions may have them. */
export const ANSWER_WORDS = 13;

/** A row that repeats a held-out text: its place in the list of rows, the text's in the list of texts. */
export type HeldOutRow = { readonly place: number; readonly text: number; readonly similarity: number };

/** What is looked for: the question of a held-out text, or its answer. */
type Passage = {
  readonly text: number;
  readonly shingles: ReadonlySet<string>;
  /** Of a question that may be found in another order of words. */
  readonly words?: ReadonlySet<string>;
  /** The least share of the shingles that a row must have to be compared. */
  readonly least: number;
};

/** A row as it is compared. */
type Compared = {
  /** Of the whole row, and of its question alone. */
  readonly shingles: ReadonlySet<string>;
  readonly question: ReadonlySet<string>;
  readonly words: ReadonlySet<string>;
};

/**
 * Rows that repeat held-out texts, such as the prompts of an evaluation, each with the text that it is most similar to
 * (of equally similar ones the first). Texts have the form of rows: a question in the first line, then perhaps its
 * answer. A row repeats a text when
 *
 * - it has at least {@link CONTAINED} of the shingles of the text's question, whatever else it says. A question of fewer
 *   than {@link SHINGLE_WORDS} words must be the row's whole question; or
 * - the two questions are near-duplicates; or
 * - its question has every word of the text's question in any order, and at most twice as many; or
 * - it has at least {@link CONTAINED} of the shingles of the text's answer, whatever it asks, if that answer has at least
 *   {@link ANSWER_WORDS} words.
 *
 * Removing what shares runs of words with a test is the usual practice: GPT-3 took runs of 8 to 13 words, by the length
 * of the test's examples (Brown et al. 2020, appendix C); Tülu 3 took 8 and compared prompts (Lambert et al. 2024, §3.2).
 * Prompts here are often shorter than that, and rows of one form differ in a name: so runs are of five words, and nearly
 * all of them must be there, not one or half. Like those, this finds no free rewording (Yang et al. 2023, Rethinking
 * benchmark and contamination with rephrased samples). A verdict depends on the row and the texts alone.
 *
 * Only rows that share a rare shingle or word with a text are compared with it, and none that could be found is missed:
 * of the n shingles of which a row must have k, it has one of any n − k + 1 (Chaudhuri, Ganti and Kaushik 2006).
 */
export function heldOutRows(texts: readonly string[], heldOut: readonly string[]): HeldOutRow[] {
  const passages = passagesOf(heldOut);
  const byShingle = indexOf(passages, ({ shingles, least }) => ({ members: shingles, least }));
  const byWord = indexOf(passages, ({ words }) => ({ members: words ?? new Set(), least: 1 }));
  return texts.flatMap((text, place): HeldOutRow[] => {
    const { question } = splitChatRow(text);
    const row: Compared = {
      shingles: shinglesOf(text),
      question: shinglesOf(question),
      words: new Set(wordsOf(question)),
    };
    const candidates = new Set([
      ...[...row.shingles, ...row.question].flatMap((shingle) => byShingle.get(shingle) ?? []),
      ...[...row.words].flatMap((word) => byWord.get(word) ?? []),
    ]);
    let best: HeldOutRow | undefined;
    for (const at of [...candidates].sort((a, b) => a - b)) {
      const similarity = similarityOf(passages[at], row);
      if (similarity > (best?.similarity ?? 0)) best = { place, text: passages[at].text, similarity };
    }
    return best === undefined ? [] : [best];
  });
}

/** What is looked for, in the order of the texts; of equal questions the first. Texts without words are not. */
function passagesOf(heldOut: readonly string[]): Passage[] {
  const known = new Set<string>();
  return heldOut.flatMap((one, text): Passage[] => {
    const { question, answer } = splitChatRow(one);
    const passages: Passage[] = [];
    const asked = wordsOf(question);
    if (asked.length > 0 && !known.has(asked.join(' '))) {
      const words = asked.length < SHINGLE_WORDS ? undefined : new Set(asked);
      passages.push({ text, shingles: shinglesOf(question), words, least: NEAR_DUPLICATE });
      known.add(asked.join(' '));
    }
    if (wordsOf(answer).length >= ANSWER_WORDS) {
      passages.push({ text, shingles: shinglesOf(answer), least: CONTAINED });
    }
    return passages;
  });
}

/** How much a row repeats of a passage; 0: too little to say so. */
function similarityOf({ shingles, words }: Passage, row: Compared): number {
  const contained = shareOf(shingles, (shingle) => row.shingles.has(shingle) || row.question.has(shingle));
  const found = contained >= CONTAINED ? contained : 0;
  // What has no list of words is an answer, or a question too short to be anything but equal.
  if (words === undefined || found === 1) return found;
  if (row.words.size <= 2 * words.size && shareOf(words, (word) => row.words.has(word)) === 1) return 1;
  const near = jaccard(shingles, row.question);
  return Math.max(found, near >= NEAR_DUPLICATE ? near : 0);
}

/**
 * The passages by some of their members, the rarest: as many as it takes that every set with at least `least` of all
 * members has one of them.
 */
function indexOf(
  passages: readonly Passage[],
  wanted: (passage: Passage) => { members: ReadonlySet<string>; least: number },
): Map<string, number[]> {
  const counts = new Map<string, number>();
  for (const passage of passages) {
    for (const member of wanted(passage).members) counts.set(member, (counts.get(member) ?? 0) + 1);
  }
  const index = new Map<string, number[]>();
  passages.forEach((passage, at) => {
    const { members, least } = wanted(passage);
    const rarest = [...members].sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0));
    // A hair less, because 0.7 × 10 is not always 7.
    const needed = Math.ceil(least * members.size - 1e-9);
    for (const member of rarest.slice(0, members.size - needed + 1)) {
      const known = index.get(member);
      if (known === undefined) index.set(member, [at]);
      else known.push(at);
    }
  });
  return index;
}

function shareOf(members: ReadonlySet<string>, has: (member: string) => boolean): number {
  let common = 0;
  for (const member of members) if (has(member)) common += 1;
  return common / members.size;
}
