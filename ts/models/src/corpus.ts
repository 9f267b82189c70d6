/**
 * The corpus that the base model is trained on: prose written for this repository, generated tales, and generated questions with
 * answers. It is a function of the seed and the prose files alone. It never holds a name or an answer of the demo world.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Bindings, sentence, type Words } from './corpus-grammar.ts';
import { createRandom, type Random } from './corpus-random.ts';
import { lightShapes, orchardShapes, type QuestionShape, workshopShapes } from './corpus-shapes.ts';
import { countryShapes, peopleShapes } from './corpus-shapes-more.ts';
import { tales } from './corpus-tales.ts';
import { thingWords } from './corpus-things.ts';
import { nameWords, pronounsOf } from './corpus-words.ts';
import { entityOf, loadWorld, worldContributions } from './world.ts';

/** One document of the corpus. */
export type CorpusDocument =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'chat'; readonly question: string; readonly answer: string };

/** How much of what to make, and from which seed. */
export type CorpusOptions = {
  readonly seed?: number;
  /** Bytes of generated questions and answers. */
  readonly chatBytes?: number;
  /** Bytes of generated tales. */
  readonly taleBytes?: number;
};

/** Where the prose written by people lies. */
export const proseDirectory: string = fileURLToPath(new URL('../corpus/prose/', import.meta.url));

const words: Words = { ...nameWords, ...thingWords };

/** Builds the whole corpus, shuffled. The same options and prose files give the same documents. */
export function buildCorpus(options: CorpusOptions = {}): CorpusDocument[] {
  const { seed = 20_482, chatBytes = 1_800_000, taleBytes = 1_250_000 } = options;
  const documents: CorpusDocument[] = [
    ...proseDocuments(),
    ...chatDocuments(createRandom(seed), chatBytes),
    ...taleDocuments(createRandom(seed + 1), taleBytes),
  ];
  return createRandom(seed + 2).shuffle(documents);
}

/** The prose files, cut between paragraphs into documents of about `size` bytes. */
export function proseDocuments(size = 1200, directory: string = proseDirectory): CorpusDocument[] {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.txt'))
    .sort();
  return names.flatMap((name) => {
    const paragraphs = readFileSync(`${directory}/${name}`, 'utf8')
      .trim()
      .split(/\n{2,}/);
    const documents: CorpusDocument[] = [];
    let group: string[] = [];
    for (const paragraph of paragraphs) {
      group.push(paragraph.trim());
      if (group.join('\n\n').length >= size) {
        documents.push({ kind: 'text', text: group.join('\n\n') });
        group = [];
      }
    }
    if (group.length > 0) documents.push({ kind: 'text', text: group.join('\n\n') });
    return documents;
  });
}

/** Generated questions and answers, at least `bytes` of them. */
export function chatDocuments(random: Random, bytes: number): CorpusDocument[] {
  // Shapes of the world's own families come up more often than the rest: half of the questions.
  const near = [...lightShapes, ...orchardShapes, ...workshopShapes];
  const far = [...countryShapes, ...peopleShapes];
  const isTaken = worldFilter();
  const asked = new Set<string>();
  const documents: CorpusDocument[] = [];
  for (let written = 0; written < bytes; ) {
    const chat = chatDocument(random, random.pick(random.chance(52) ? near : far));
    const text = `${chat.question}\n${chat.answer}`;
    if (asked.has(chat.question) || isTaken(text)) continue;
    asked.add(chat.question);
    documents.push({ kind: 'chat', ...chat });
    written += text.length;
  }
  return documents;
}

/** Generated tales, at least `bytes` of them. */
export function taleDocuments(random: Random, bytes: number): CorpusDocument[] {
  const isTaken = worldFilter();
  const documents: CorpusDocument[] = [];
  for (let written = 0; written < bytes; ) {
    const text = taleText(random);
    if (isTaken(text)) continue;
    documents.push({ kind: 'text', text });
    written += text.length;
  }
  return documents;
}

function chatDocument(
  random: Random,
  [question, answer]: QuestionShape,
): { question: string; answer: string } {
  const bindings: Bindings = new Map();
  const asked = sentence(question, words, random, bindings);
  const answered = sentence(answer, words, random, bindings);
  if (!random.chance(12)) return { question: asked, answer: answered };
  const polite = random.pick([
    'Please tell me: ',
    'I would like to know: ',
    'A question: ',
    'Do you know this? ',
    'Tell me, ',
  ]);
  const rest = polite.endsWith(', ') ? asked[0]!.toLowerCase() + asked.slice(1) : asked;
  return { question: polite + rest, answer: answered };
}

function taleText(random: Random): string {
  const tale = random.pick(tales);
  const cast: Bindings = new Map();
  const cell = (slot: string): string => sentence(`{${slot}}`, words, random);
  cast
    .set('hero', cell('person'))
    .set('friend', cell('first'))
    .set('home', cell('town'))
    .set('away', cell('town'));
  const [he, his, him] = pronounsOf(cast.get('hero')!);
  cast.set('he', he).set('his', his).set('him', him);
  // Slots outside the cast are filled anew in each sentence.
  const say = (shape: string): string => sentence(shape, words, random, new Map(cast));
  const middle = random
    .shuffle([...tale.body])
    .slice(0, 4 + random.below(6))
    .map(say);
  const all = [say(random.pick(tale.open)), ...middle, say(random.pick(tale.close))];
  const cut = all.length > 7 ? 3 + random.below(all.length - 5) : all.length;
  const paragraphs = [all.slice(0, cut), all.slice(cut)].filter((part) => part.length > 0);
  return paragraphs.map((part) => part.join(' ')).join('\n\n');
}

/** True for text that names anything the demo world has a row about, or shares a run of 40 characters with one of its answers. */
function worldFilter(): (text: string) => boolean {
  const rows = worldContributions(loadWorld()).flatMap((contribution) => contribution.rows);
  const names = new RegExp(`\\b(?:${rows.map((row) => entityOf(row.question, row.answer)).join('|')})\\b`);
  const runs = new Set<string>();
  for (const { answer } of rows) {
    for (let i = 0; i + 40 <= answer.length; i++) runs.add(answer.slice(i, i + 40));
  }
  return (text) => {
    if (names.test(text)) return true;
    for (let i = 0; i + 40 <= text.length; i++) if (runs.has(text.slice(i, i + 40))) return true;
    return false;
  };
}
