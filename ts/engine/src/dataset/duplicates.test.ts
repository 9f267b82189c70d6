import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { DisjointSets } from './clusters.ts';
import { exactDuplicates, NEAR_DUPLICATE, nearDuplicates } from './duplicates.ts';
import { jaccard, shinglesOf } from './words.ts';

/** All pairs, compared one by one. */
function bruteForce(texts: readonly string[]): number[][] {
  const sets = texts.map((text) => shinglesOf(text));
  const joined = new DisjointSets(texts.length);
  for (let i = 0; i < texts.length; i += 1) {
    for (let j = 0; j < i; j += 1) if (jaccard(sets[i], sets[j]) >= NEAR_DUPLICATE) joined.unite(i, j);
  }
  return joined.groups();
}

function randomText(random: Random, words: number): string {
  return Array.from({ length: words }, () => `w${random.below(400)}`).join(' ');
}

/** Replaces, drops or adds `edits` words. */
function edited(random: Random, text: string, edits: number): string {
  const words = text.split(' ');
  for (let i = 0; i < edits; i += 1) {
    const place = random.below(words.length);
    words.splice(place, random.below(2), ...(random.uniform() < 0.6 ? [`v${random.below(400)}`] : []));
  }
  return words.join(' ');
}

/** Texts of any similarity to one another: chains of edits, templates with one slot, and short lines. */
function mixture(seed: number): string[] {
  const random = new Random(seed);
  const texts: string[] = [];
  for (let i = 0; i < 25; i += 1) {
    let text = randomText(random, 3 + random.below(60));
    texts.push(text);
    for (let copy = random.below(5); copy > 0; copy -= 1) {
      text = edited(random, text, random.below(4));
      texts.push(text);
    }
  }
  for (let i = 0; i < 20; i += 1)
    texts.push(`the light of ${i % 7} is built of stone and stands on rock ${i % 3}`);
  return random.shuffle(texts);
}

describe('Near-duplicate clusters', () => {
  it('are those that comparing every pair gives', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const texts = mixture(seed);
      const found = nearDuplicates(texts).map(({ first, others }) => [first, ...others.map((o) => o.place)]);
      expect(found, `seed ${seed}`).toEqual(bruteForce(texts));
    }
  });

  it('name the earliest text first, with each other one’s exact similarity to it', () => {
    const words = Array.from({ length: 40 }, (_, i) => `word${i}`);
    const [whole, changed] = [words.join(' '), [...words.slice(0, -1), 'other'].join(' ')];
    const [cluster] = nearDuplicates(['something else entirely, of six words', whole, changed]);
    expect(cluster).toEqual({ first: 1, others: [{ place: 2, similarity: 35 / 37 }] });
  });

  it('look through case, punctuation, spacing and compatibility forms, but not through other words', () => {
    const text = 'The lamp burns whale oil and dried kelp, 12 hours a night.';
    const same = 'the LAMP   burns whale oil; and dried kelp — １２ hours a night!';
    expect(nearDuplicates([text, same])).toHaveLength(1);
    expect(nearDuplicates([text, text.replace('whale', 'seal').replace('12', '9')])).toHaveLength(0);
    expect(nearDuplicates(['…', '!!!'])).toHaveLength(0);
  });

  it('see the words of scripts that are written without spaces', () => {
    const text = '灯台の灯は鯨油と乾いた昆布を燃やして夜の間ずっと海を照らしている';
    expect(nearDuplicates([text, text.replace('ずっと', 'ずうっと')])).toHaveLength(1);
  });

  it('take many copies of one text in their stride', () => {
    const text = randomText(new Random(1), 30);
    const texts = Array.from({ length: 5_000 }, (_, i) => `${text} ${i}`);
    expect(nearDuplicates(texts)[0].others).toHaveLength(4_999);
  });
});

describe('A labelled set of copies and strangers', () => {
  /** Pairs of places with the same label. */
  const pairsOf = (groups: readonly (readonly number[])[]) =>
    new Set(groups.flatMap((group) => group.flatMap((a, i) => group.slice(i + 1).map((b) => `${a}-${b}`))));

  it('is told apart with an F1 of at least 0.95', () => {
    const random = new Random(11);
    const labelled: { text: string; label: number }[] = [];
    for (let label = 0; label < 400; label += 1) {
      const text = randomText(random, 40 + random.below(60));
      labelled.push({ text, label });
      // A copy that somebody changed a little: one word in forty, other case, other punctuation.
      for (let copy = random.below(3); copy > 0; copy -= 1) {
        const changed = edited(random, text, 1 + Math.floor(text.split(' ').length / 60));
        labelled.push({
          text: random.uniform() < 0.5 ? `${changed.toUpperCase()}.` : changed.replaceAll(' ', ',  '),
          label,
        });
      }
      // A stranger that quotes a third of it, in words of its own.
      const words = text.split(' ');
      const quote = words.slice(0, Math.floor(words.length / 3)).join(' ');
      labelled.push({
        text: `${quote} ${randomText(random, words.length - quote.split(' ').length)}`,
        label: -labelled.length,
      });
    }
    const texts = random.shuffle(labelled);
    const byLabel = new Map<number, number[]>();
    for (const [place, { label }] of texts.entries())
      byLabel.set(label, [...(byLabel.get(label) ?? []), place]);
    const truth = pairsOf([...byLabel.values()]);
    const found = pairsOf(
      nearDuplicates(texts.map(({ text }) => text)).map(({ first, others }) => [
        first,
        ...others.map((o) => o.place),
      ]),
    );
    const right = [...found].filter((pair) => truth.has(pair)).length;
    const f1 = (2 * right) / (found.size + truth.size);
    expect(truth.size).toBeGreaterThan(400);
    expect(f1).toBeGreaterThanOrEqual(0.95);
  });
});

describe('Exact duplicates', () => {
  it('are equal character by character, the earliest first', () => {
    expect(exactDuplicates(['a', 'b', 'A', 'a', 'c', 'b', 'a'])).toEqual([
      { first: 0, others: [3, 6] },
      { first: 1, others: [5] },
    ]);
  });
});
