import { splitChatRow } from '../training/rows.ts';
import { NEAR_DUPLICATE } from './duplicates.ts';
import { jaccard, SHINGLE_WORDS, shinglesOf, wordsOf } from './words.ts';

/** A row repeats a question when it has at least this share of the question's shingles. */
export const QUESTION_CONTAINED = 0.9;

/** A row repeats an answer when it has at least this share of the answer's pairs of neighbouring words. */
export const ANSWER_CONTAINED = 0.8;

/** Answers of fewer words are not looked for: many questions may have them. */
export const ANSWER_WORDS = 13;

/** A row that repeats a held-out text: its place in the list of rows, the text's in the list of texts. */
export type HeldOutRow = { readonly place: number; readonly text: number; readonly similarity: number };

/** The question of a held-out text. */
type Question = {
  readonly text: number;
  readonly shingles: ReadonlySet<string>;
  /** None of a question that is too short to be anything but equal. */
  readonly words: ReadonlySet<string>;
};

/** The answer of a held-out text. */
type Answer = { readonly text: number; readonly pairs: ReadonlySet<string> };

/** A row as it is compared: its own shingles with those of its question, and the question's alone. */
type Compared = {
  readonly shingles: ReadonlySet<string>;
  readonly pairs: ReadonlySet<string>;
  readonly question: ReadonlySet<string>;
  readonly words: ReadonlySet<string>;
};

/**
 * Rows that repeat held-out texts, such as the prompts of an evaluation, each with the text that it is most similar to
 * (of equally similar ones the first). Texts have the form of rows: a question in the first line, then perhaps its
 * answer. A row repeats a text when
 *
 * - it has at least {@link QUESTION_CONTAINED} of the shingles of the text's question, whatever else it says. A question
 *   of fewer than {@link SHINGLE_WORDS} words must be the row's whole question; or
 * - the two questions are near-duplicates; or
 * - its question has every word of the text's question in any order, and at most twice as many; or
 * - it has at least {@link ANSWER_CONTAINED} of the pairs of neighbouring words of the text's answer, whatever it asks,
 *   if that answer has at least {@link ANSWER_WORDS} words.
 *
 * Leaving out what shares runs of words with a test is the usual practice: GPT-3 took runs of 8 to 13 words, by the length
 * of the test's examples (Brown et al. 2020, appendix C); Tülu 3 took 8, and compared prompts (Lambert et al. 2024). Prompts
 * here are often shorter than that, and rows of one form differ in a name: so runs of a question are of five words, and
 * nearly all must be there, not one or half. Answers are longer, and whoever is paid for them can change a word without
 * loss: so their runs are short. Free rewording is not found (Yang et al. 2023, Rethinking benchmark and contamination for
 * language models with rephrased samples). A verdict depends on the row and the texts alone.
 *
 * Only rows that share something rare with a text are compared with it, and none that could be found is missed: of n
 * shingles of which a row must have k, it has one of any n − k + 1 (Chaudhuri, Ganti and Kaushik 2006).
 */
export function heldOutRows(texts: readonly string[], heldOut: readonly string[]): HeldOutRow[] {
  const questions = questionsOf(heldOut);
  const answers = answersOf(heldOut);
  const byShingle = indexOf(
    questions.map(({ shingles }) => shingles),
    NEAR_DUPLICATE,
  );
  const byWord = indexOf(
    questions.map(({ words }) => words),
    1,
  );
  const byPair = indexOf(
    answers.map(({ pairs }) => pairs),
    ANSWER_CONTAINED,
  );
  return texts.flatMap((text, place): HeldOutRow[] => {
    const row = comparedOf(text);
    const asked = new Set([...lookUp(byShingle, row.shingles), ...lookUp(byWord, row.words)]);
    const answered = new Set(lookUp(byPair, row.pairs));
    const found = [
      ...[...asked].map((at) => ({ ...questions[at], similarity: questionSimilarity(questions[at], row) })),
      ...[...answered].map((at) => ({ ...answers[at], similarity: answerSimilarity(answers[at], row) })),
    ].filter(({ similarity }) => similarity > 0);
    if (found.length === 0) return [];
    const best = found.reduce((a, b) =>
      b.similarity > a.similarity || (b.similarity === a.similarity && b.text < a.text) ? b : a,
    );
    return [{ place, text: best.text, similarity: best.similarity }];
  });
}

function comparedOf(text: string): Compared {
  const { question } = splitChatRow(text);
  const asked = shinglesOf(question);
  return {
    shingles: new Set([...shinglesOf(text), ...asked]),
    pairs: shinglesOf(text, 2),
    question: asked,
    words: new Set(wordsOf(question)),
  };
}

/** The questions that are looked for; of equal ones the first, and none without words. */
function questionsOf(heldOut: readonly string[]): Question[] {
  const known = new Set<string>();
  return heldOut.flatMap((one, text): Question[] => {
    const { question } = splitChatRow(one);
    const words = wordsOf(question);
    const key = words.join(' ');
    if (key === '' || known.has(key)) return [];
    known.add(key);
    const found = words.length < SHINGLE_WORDS ? [] : words;
    return [{ text, shingles: shinglesOf(question), words: new Set(found) }];
  });
}

/** The answers that are looked for. */
function answersOf(heldOut: readonly string[]): Answer[] {
  return heldOut.flatMap((one, text): Answer[] => {
    const { answer } = splitChatRow(one);
    return wordsOf(answer).length < ANSWER_WORDS ? [] : [{ text, pairs: shinglesOf(answer, 2) }];
  });
}

/** How much a row repeats of a question; 0: too little to say so. */
function questionSimilarity({ shingles, words }: Question, row: Compared): number {
  const contained = shareOf(shingles, row.shingles);
  const found = contained >= QUESTION_CONTAINED ? contained : 0;
  if (words.size === 0 || found === 1) return found;
  if (row.words.size <= 2 * words.size && shareOf(words, row.words) === 1) return 1;
  const near = jaccard(shingles, row.question);
  return Math.max(found, near >= NEAR_DUPLICATE ? near : 0);
}

/** How much a row repeats of an answer; 0: too little to say so. */
function answerSimilarity({ pairs }: Answer, row: Compared): number {
  const contained = shareOf(pairs, row.pairs);
  return contained >= ANSWER_CONTAINED ? contained : 0;
}

/**
 * Sets by some of their members, the rarest: as many as it takes that whatever has at least a share of `least` of a set
 * has one of them.
 */
function indexOf(sets: readonly ReadonlySet<string>[], least: number): Map<string, number[]> {
  const counts = new Map<string, number>();
  for (const set of sets) for (const member of set) counts.set(member, (counts.get(member) ?? 0) + 1);
  const index = new Map<string, number[]>();
  sets.forEach((set, at) => {
    const rarest = [...set].sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0));
    // A hair less, because a product such as 0.7 × 10 may come out above 7.
    const needed = Math.ceil(least * set.size - 1e-9);
    for (const member of rarest.slice(0, set.size - needed + 1)) {
      const known = index.get(member);
      if (known === undefined) index.set(member, [at]);
      else known.push(at);
    }
  });
  return index;
}

function lookUp(index: ReadonlyMap<string, number[]>, members: ReadonlySet<string>): number[] {
  return [...members].flatMap((member) => index.get(member) ?? []);
}

/** The share of some members that a set has. */
function shareOf(members: ReadonlySet<string>, set: ReadonlySet<string>): number {
  let common = 0;
  for (const member of members) if (set.has(member)) common += 1;
  return common / members.size;
}
