import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildCorpus, chatDocuments, taleDocuments } from './corpus.ts';
import { expand, sentence } from './corpus-grammar.ts';
import { createRandom } from './corpus-random.ts';
import { corpusStats, longestWorldRun, proseBytes, textOf } from './corpus-stats.ts';
import { entityOf, loadWorld, worldContributions } from './world.ts';

const corpus = buildCorpus();
const stats = corpusStats(corpus);

describe('the base corpus', () => {
  it('has 3 MB or more, of which at least 300 kB are prose', () => {
    expect(stats.bytes).toBeGreaterThanOrEqual(3_000_000);
    expect(proseBytes()).toBeGreaterThanOrEqual(300_000);
  });

  it('repeats itself little: 40 % of its 5-grams are distinct and no 8-gram is above 0.1 %', () => {
    expect(stats.distinct5).toBeGreaterThanOrEqual(0.4);
    expect(stats.top8.share, stats.top8.text).toBeLessThanOrEqual(0.001);
  });

  it('is at least 45 % questions and answers where it is generated', () => {
    expect(stats.chatBytes / (stats.bytes - proseBytes())).toBeGreaterThanOrEqual(0.45);
  });

  it('knows nothing of the demo world: no name of it, and no run of 48 characters of an answer', () => {
    expect(longestWorldRun(corpus).length).toBeLessThan(48);
    const text = corpus.map(textOf).join('\n');
    for (const row of worldContributions(loadWorld()).flatMap((c) => c.rows)) {
      const name = entityOf(row.question, row.answer);
      expect(text.includes(name), name).toBe(false);
    }
  });

  it('is made of whole, single-spaced sentences with every slot filled', () => {
    for (const document of [
      ...chatDocuments(createRandom(5), 60_000),
      ...taleDocuments(createRandom(6), 60_000),
    ]) {
      const text = textOf(document);
      expect(text).not.toMatch(/[{}|]|\.\.| {2}|undefined|\b(the|a|an) (the|a|an) /);
      expect(text).toMatch(/[.!?"]$/);
    }
  });

  it('is the same bytes on every machine', () => {
    const sample = [...chatDocuments(createRandom(7), 20_000), ...taleDocuments(createRandom(8), 20_000)];
    const hash = createHash('sha256').update(JSON.stringify(sample)).digest('hex');
    expect(hash).toMatchInlineSnapshot(`"8cbe160532717f329ec05a334e2cb5c148c0d7e8ff1c8bd67e457e0fa8727241"`);
  });
});

describe('sentence shapes', () => {
  const words = { apple: ['apple'], colour: ['red', 'blue'], nested: ['{colour} {apple}'] };

  it('keep a slot where it is repeated and put the right article in front', () => {
    expect(expand('{a:apple}, {apple}', words, createRandom(1))).toBe('an apple, apple');
    expect(expand('{a:nested}', words, createRandom(1))).toMatch(/^a (red|blue) apple$/);
  });

  it('choose one branch, and start every sentence with a capital', () => {
    expect(sentence('(yes|yes). it is {apple}.', words, createRandom(1))).toBe('Yes. It is apple.');
  });

  it('name the slot that has no words', () => {
    expect(() => expand('{pear}', words, createRandom(1))).toThrow(/no words for \{pear\}/);
  });
});
