import type { Tokenizer } from '@openledger/engine/tokenizer/tokenizer';
import { encodeRow, type Row, type Sample } from '@openledger/engine/training/rows';
import { type Bindings, expand, sentence, type Words } from '@openledger/models/corpus-grammar';
import { createRandom, type Random } from '@openledger/models/corpus-random';
import {
  lightShapes,
  orchardShapes,
  type QuestionShape,
  workshopShapes,
} from '@openledger/models/corpus-shapes';
import { countryShapes, peopleShapes } from '@openledger/models/corpus-shapes-more';
import { thingWords } from '@openledger/models/corpus-things';
import { nameWords } from '@openledger/models/corpus-words';
import { contributionAsset } from '@openledger/sdk/protocol/assets';

/** What a row is, for judging scores by. */
export type RowKind = 'clean' | 'duplicate' | 'noise';

/** A row of the bench's own world. */
export type WorldRow = Row & { readonly topic: number; readonly kind: RowKind };

/** A question that is no row, with the answer whose loss is attributed. */
export type WorldQuery = { readonly topic: number; readonly text: string };

export type InfluenceWorld = {
  readonly rows: readonly WorldRow[];
  readonly queries: readonly WorldQuery[];
  readonly contributions: number;
};

const TOPICS = 12;
const CONTRIBUTIONS_PER_TOPIC = 3;
const SHAPES_PER_TOPIC = 5;
const QUERIES_PER_TOPIC = 4;
/** Fillings of an answer's slot, and of the slot a question asks about. A topic's habits are what can be learnt from its rows. */
const HABITS = 4;
const ENTITIES = 40;

/**
 * Twelve topics, three contributions each, of unequal size; a tenth of the rows are copies of other contributions'
 * rows and a tenth has an answer of shuffled words. Topics are made of the corpus' shapes with few fillings, so that
 * rows of one topic teach the same habits, and a query gains from many rows, not from one alone.
 */
export function influenceWorld(seed = 71, cleanRows = 1280): InfluenceWorld {
  return makeWorld(seed, cleanRows).world;
}

/** Further rows of a world's first topic, which are neither among its rows nor its queries. */
export function freshRows(seed: number, cleanRows: number, count: number): string[] {
  const { fresh } = makeWorld(seed, cleanRows);
  return Array.from({ length: count }, () => fresh(0));
}

function makeWorld(
  seed: number,
  cleanRows: number,
): { world: InfluenceWorld; fresh: (topic: number) => string } {
  const random = createRandom(seed);
  const shapes = [...lightShapes, ...orchardShapes, ...workshopShapes, ...countryShapes, ...peopleShapes];
  random.shuffle(shapes);
  const topics = Array.from({ length: TOPICS }, (_, t) =>
    topicOf(random, shapes.slice(t * SHAPES_PER_TOPIC, (t + 1) * SHAPES_PER_TOPIC)),
  );
  const seen = new Set<string>();
  const fresh = (t: number, only?: readonly QuestionShape[]): string => {
    for (;;) {
      const text = rowText(random, topics[t]!, only);
      if (seen.has(text)) continue;
      seen.add(text);
      return text;
    }
  };

  const drafts: { contribution: number; topic: number; kind: RowKind; text: string }[] = [];
  const sizes = contributionSizes(random, cleanRows);
  sizes.forEach((size, contribution) => {
    const topic = Math.floor(contribution / CONTRIBUTIONS_PER_TOPIC);
    const own = random.shuffle([...topics[topic]!.shapes]).slice(0, 3);
    for (let i = 0; i < size; i += 1) {
      drafts.push({ contribution, topic, kind: 'clean', text: fresh(topic, own) });
    }
  });
  const tenth = Math.round(cleanRows / 8);
  const clean = [...drafts];
  const words = clean.flatMap(({ text }) => text.split('\n')[1]!.split(' '));
  for (let i = 0; i < tenth; i += 1) {
    const copied = random.pick(clean);
    drafts.push({ ...copied, kind: 'duplicate', contribution: random.below(sizes.length) });
    const spoilt = random.pick(clean);
    const [question, answer] = spoilt.text.split('\n') as [string, string];
    const noise = answer.split(' ').map(() => random.pick(words));
    drafts.push({
      ...spoilt,
      kind: 'noise',
      contribution: random.below(sizes.length),
      text: `${question}\n${noise.join(' ')}`,
    });
  }
  const counts = new Map<number, number>();
  const rows = drafts
    .toSorted((a, b) => a.contribution - b.contribution)
    .map(({ contribution, topic, kind, text }) => {
      const row = counts.get(contribution) ?? 0;
      counts.set(contribution, row + 1);
      return { asset: contributionAsset(contribution + 1), row, text, topic, kind };
    });
  const queries = topics.flatMap((_, topic) =>
    Array.from({ length: QUERIES_PER_TOPIC }, () => ({ topic, text: fresh(topic) })),
  );
  return { world: { rows, queries, contributions: sizes.length }, fresh };
}

/** Queries as the engine reads them. */
export function querySamples(tokenizer: Tokenizer, queries: readonly WorldQuery[]): Sample[] {
  return queries.map(({ text }) => encodeRow(tokenizer, text));
}

type Topic = { readonly shapes: readonly QuestionShape[]; readonly words: Words };

function topicOf(random: Random, shapes: readonly QuestionShape[]): Topic {
  const all: Words = { ...nameWords, ...thingWords };
  const words: Record<string, Words[string]> = { ...all };
  const slots = (text: string) => [...text.matchAll(/\{(?:a:)?(\w+)(?:#\w+)?\}/g)].map((match) => match[1]!);
  const asked = new Set(shapes.flatMap(([question]) => slots(question)));
  for (const slot of new Set(shapes.flatMap(([question, answer]) => slots(question + answer)))) {
    // {later} follows from the document's {year}.
    if (slot === 'later') continue;
    const size = asked.has(slot) ? ENTITIES : HABITS;
    words[slot] = Array.from({ length: size }, () => expand(`{${slot}}`, all, random));
  }
  return { shapes, words };
}

function rowText(random: Random, topic: Topic, only = topic.shapes): string {
  const [question, answer] = random.pick(only);
  const bindings: Bindings = new Map();
  const asked = sentence(question, topic.words, random, bindings);
  return `${asked}\n${sentence(answer, topic.words, random, bindings)}`;
}

/** Sizes between about 8 and 100 rows, the same for every seed but for their order. */
function contributionSizes(random: Random, total: number): number[] {
  const count = TOPICS * CONTRIBUTIONS_PER_TOPIC;
  const shares = Array.from({ length: count }, (_, i) => 1.07 ** i);
  const sum = shares.reduce((a, b) => a + b);
  return random.shuffle(shares.map((share) => Math.max(5, Math.round((share / sum) * total))));
}
