import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { splitChatRow } from '../training/rows.ts';
import { NEAR_DUPLICATE } from './duplicates.ts';
import { ANSWER_CONTAINED, ANSWER_WORDS, heldOutRows, QUESTION_CONTAINED } from './held-out.ts';
import { jaccard, shinglesOf, wordsOf } from './words.ts';

const PROMPT = 'When was the lamp of Stony Lip first lit?';
const ANSWER =
  'The lamp of Stony Lip was first lit in 1803 by Caleb Hornsby, who fed it whale oil from a copper jug.';

/** The texts that rows are found to repeat. */
const repeated = (rows: readonly string[], heldOut: readonly string[]) =>
  heldOutRows(rows, heldOut).map(({ place, text }) => [place, text]);
const repeats = (row: string, ...heldOut: string[]) => heldOutRows([row], heldOut).length > 0;

/** The rule as it is told, without an index. */
function bruteForce(texts: readonly string[], heldOut: readonly string[]) {
  const partsOf = (text: string) => {
    const { question, answer } = splitChatRow(text);
    const [asked, answered] = [shinglesOf(question), shinglesOf(answer, 2)];
    const found = new Set([...shinglesOf(text), ...asked]);
    const words = { words: wordsOf(question), answerWords: wordsOf(answer).length };
    return { asked, answered, found, pairs: shinglesOf(text, 2), ...words };
  };
  type Parts = ReturnType<typeof partsOf>;
  const share = (some: ReadonlySet<string>, all: ReadonlySet<string>) =>
    [...some].filter((one) => all.has(one)).length / some.size;
  const similarity = (row: Parts, held: Parts) => {
    const [own, words] = [new Set(row.words), new Set(held.words)];
    const near = jaccard(held.asked, row.asked);
    const inOrder = share(held.asked, row.found);
    const answered = held.answerWords < ANSWER_WORDS ? 0 : share(held.answered, row.pairs);
    const anyOrder = held.words.length >= 5 && own.size <= 2 * words.size && share(words, own) === 1;
    return Math.max(
      inOrder >= QUESTION_CONTAINED ? inOrder : 0,
      answered >= ANSWER_CONTAINED ? answered : 0,
      anyOrder ? 1 : 0,
      near >= NEAR_DUPLICATE ? near : 0,
    );
  };
  const held = heldOut.map(partsOf);
  return texts.map(partsOf).flatMap((row, place) => {
    const found = held.map((one, text) => ({ place, text, similarity: similarity(row, one) }));
    const best = found.reduce((a, b) => (b.similarity > a.similarity ? b : a));
    return best.similarity > 0 ? [best] : [];
  });
}

/** Texts that share runs of words, from a little to all: cuts, edits and other orders of one another. */
function mixture(random: Random, count: number): string[] {
  const words = (n: number) => Array.from({ length: n }, () => `w${random.below(60)}`);
  const texts: string[] = [];
  while (texts.length < count) {
    const other = texts.length > 0 ? texts[random.below(texts.length)].split(/\s+/) : [];
    const at = random.below(other.length + 1);
    const parts = [
      ...other.slice(random.uniform() < 0.5 ? 0 : at),
      ...words(random.below(4)),
      ...(random.uniform() < 0.3 ? other.slice(0, at) : []),
    ];
    const used = random.uniform() < 0.1 ? random.shuffle(parts) : parts;
    const text = used.length < 3 ? words(4 + random.below(30)) : used.slice(0, 60);
    const cut = random.uniform() < 0.5 ? text.length : 3 + random.below(12);
    texts.push(`${text.slice(0, cut).join(' ')}\n${text.slice(cut).join(' ')}`.trim());
  }
  return texts;
}

describe('Rows that repeat held-out texts', () => {
  it('are found whatever they add to the prompt, change in the answer, or write in other letters', () => {
    const rows = [
      `${PROMPT}\n${ANSWER}`,
      `${PROMPT}\n${ANSWER.replace('whale', 'seal')}`,
      `${PROMPT}\nNobody knows.`,
      `Please tell me: ${PROMPT}\n${ANSWER}`,
      `WHEN was the lamp of “stony lip” first lit\n${ANSWER}`,
      `A riddle.\n${PROMPT} In 1803.`,
      `When was the lamp of\nStony Lip first lit? ${ANSWER}`,
      `${'The keeper wrote this down. '.repeat(20)}${PROMPT} ${'He then slept. '.repeat(20)}`,
      `Stony Lip: when was the lamp of it first lit?\n${ANSWER}`,
      PROMPT,
    ];
    const all = rows.map((_, place) => ({ place, text: 1, similarity: 1 }));
    expect(heldOutRows(rows, ['How far is it to the mill pond?', PROMPT])).toEqual(all);
  });

  it('are not those of the same form that ask something else', () => {
    const others = [
      'When was the lamp of Comet Reef first lit?',
      'When was the lamp of Stony Reef first lit?',
      'When was the lamp of Stony Lip last painted?',
      'When was the lamp first lit?',
    ];
    expect(repeated([...others, ...others.map((other) => `${other}\n${ANSWER}`)], [PROMPT])).toEqual([]);
    expect(repeats(`What burns?\n${ANSWER}`, `${PROMPT}\nIn 1803.`)).toBe(false);
  });

  it('may have a long question that was changed a little', () => {
    const words = Array.from({ length: 40 }, (_, i) => `word${i}`);
    const changed = words.with(20, 'other').join(' ');
    expect(heldOutRows([`${changed}\nYes.`], [words.join(' ')])).toEqual([
      { place: 0, text: 0, similarity: 31 / 41 },
    ]);
    expect(repeats(words.with(20, 'other').with(9, 'another').join(' '), words.join(' '))).toBe(false);
  });

  it('may ask in words of their own and have the answer, if it is long enough to be nobody else’s', () => {
    const row = `Since which year has it burned out there?\nAs told: ${ANSWER}`;
    expect(repeats(row, PROMPT)).toBe(false);
    expect(repeats(row, `${PROMPT}\n${ANSWER}`)).toBe(true);
    const changed = row.replace('whale', 'seal').replace('copper', 'tin');
    expect(heldOutRows([changed], [`${PROMPT}\n${ANSWER}`])).toEqual([
      { place: 0, text: 0, similarity: 17 / 21 },
    ]);
    expect(repeats(changed.replace('Caleb', 'Enoch'), `${PROMPT}\n${ANSWER}`)).toBe(false);
    const short = ANSWER.split(' ')
      .slice(0, ANSWER_WORDS - 1)
      .join(' ');
    expect(repeats(`What is told?\n${short}`, `${PROMPT}\n${short}`)).toBe(false);
    expect(repeats(`What is told?\n${short} 13`, `${PROMPT}\n${short} 13`)).toBe(true);
  });

  it('repeat a prompt of few words only when they ask nothing but it', () => {
    expect(repeats('what is KELP\nA weed.', 'What is kelp?')).toBe(true);
    expect(repeats('What is kelp soup?\nA meal.', 'What is kelp?')).toBe(false);
    expect(repeats('Kelp: what is it?\nA weed.', 'What is kelp?')).toBe(false);
    expect(repeats('…\nNothing.', '…', '', ' \n ')).toBe(false);
  });

  it('are told with the text that they are most similar to, the first of equal ones', () => {
    const words = Array.from({ length: 30 }, (_, i) => `word${i}`);
    const text = words.join(' ');
    const near = words.with(15, 'other').join(' ');
    expect(repeated([text, near], [near, text, text])).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(repeated([text], [])).toEqual([]);
    expect(repeated([], [text])).toEqual([]);
  });

  it('are those that comparing every pair gives', () => {
    let found = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const texts = mixture(new Random(seed), 120);
      const [rows, heldOut] = [texts.slice(0, 80), texts.slice(80)];
      const expected = bruteForce(rows, heldOut);
      expect(heldOutRows(rows, heldOut), `seed ${seed}`).toEqual(expected);
      found += expected.length;
    }
    expect(found).toBeGreaterThan(200);
    expect(found).toBeLessThan(20 * 70);
  });

  it('are found in a second or two where thousands of prompts have one form', () => {
    const name = (i: number) => `Cape ${String.fromCharCode(97 + (i % 26), 97 + ((i * 7) % 26))}${i}`;
    const prompt = (i: number) => `When was the old lamp of the great tower on ${name(i)} first lit again?`;
    const heldOut = Array.from({ length: 5_000 }, (_, i) => prompt(i));
    const rows = Array.from({ length: 5_000 }, (_, i) => `${prompt(i + 4_000)}\nIn ${i}.`);
    const started = performance.now();
    const found = repeated(rows, heldOut);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(found).toEqual(Array.from({ length: 1_000 }, (_, i) => [i, i + 4_000]));
  });
});
