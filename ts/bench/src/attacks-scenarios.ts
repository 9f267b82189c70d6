import { exactDuplicates, nearDuplicates } from '@openledger/engine/dataset/duplicates';
import { heldOutRows } from '@openledger/engine/dataset/held-out';
import type { InfluenceRow } from '@openledger/engine/influence/build';
import { Random } from '@openledger/engine/numeric/random';
import { splitChatRow } from '@openledger/engine/training/rows';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import type { InfluenceWorld, WorldRow } from './influence-world.ts';

/** What an attacker contributes instead of honest rows. */
export type Scenario = {
  readonly name: string;
  /** The attacker's rows; several assets when the attacker has several identities. */
  readonly rows: readonly InfluenceRow[];
  /** Contributions whose pay the attack is after: of the same topic, or those that are copied. */
  readonly victims: ReadonlySet<number>;
  /** Whether the rows were made from the prompts that the attacker knows. */
  readonly usesPrompts?: true;
};

/** What an attacker knows besides the public data: the prompts of an evaluation, with good answers. */
export type Knowledge = { readonly world: InfluenceWorld; readonly prompts: readonly string[] };

/** The honest contribution that every attack is measured against: rows of the world's first topic. */
export function honest(world: InfluenceWorld, fresh: readonly string[], name = 'honest'): Scenario {
  return { name, rows: rowsOf(firstAsset(world), fresh), victims: rivals(world) };
}

/** Attacks that need no optimisation, each with as many rows as the honest contribution. */
export function attacks({ world, prompts }: Knowledge, fresh: readonly string[]): Scenario[] {
  const random = new Random(31);
  const count = fresh.length;
  const asset = firstAsset(world);
  const victims = world.rows.filter(({ topic, kind }) => topic === 0 && kind === 'clean');
  const copied = random.shuffle([...victims]).slice(0, count);
  const words = world.rows.flatMap(({ text }) => answerOf(text).split(' '));
  const word = () => words[random.below(words.length)]!;
  const withAnswer = (text: string, change: (answer: string) => string) =>
    `${questionOf(text)}\n${change(answerOf(text))}`;
  // Attacks with too few rows of their own are filled up with honest ones.
  const scenario = (name: string, texts: readonly string[], victims = rivals(world)): Scenario => ({
    name,
    rows: rowsOf(asset, [...texts, ...fresh].slice(0, count)),
    victims,
  });
  const owners = new Set(copied.map((row) => row.asset));
  return [
    scenario(
      'outlier norm: answers of random words',
      fresh.map((text) => withAnswer(text, (answer) => answer.split(' ').map(word).join(' '))),
    ),
    scenario(
      'outlier norm: every answer twice',
      fresh.map((text) => withAnswer(text, (answer) => `${answer} ${answer}`)),
    ),
    scenario(
      'exact duplicates of own rows',
      fresh.map((_, i) => fresh[i % Math.ceil(count / 3)]!),
    ),
    scenario(
      'exact duplicates of others’ rows',
      copied.map(({ text }) => text),
      owners,
    ),
    scenario(
      'near duplicates: one word changed',
      copied.map(({ text }) => withAnswer(text, (answer) => replaceWord(answer, random, word))),
      owners,
    ),
    scenario(
      'shadow copies: others’ facts, asked in other words',
      copied.map(({ text }) => `Please tell me: ${questionOf(text)}\n${answerOf(text)}`),
      owners,
    ),
    {
      name: 'split into five identities',
      rows: fresh.map((text, i) => ({
        asset: asset + 4 * (i % 5),
        row: Math.floor(i / 5),
        text,
      })),
      victims: rivals(world),
    },
    scenario(
      'poison: one wrong answer to every question',
      fresh.map((text) => withAnswer(text, () => answerOf(fresh[0]!))),
    ),
    ...[
      scenario('copying evaluation prompts', prompts),
      scenario(
        'rewording evaluation prompts: “Please tell me: …”',
        prompts.map((text) => `Please tell me: ${text}`),
      ),
      scenario(
        'rewording evaluation prompts: their words in another order',
        prompts.map((text) => withQuestion(text, turned)),
      ),
      scenario('rewording evaluation prompts: other question words, no articles', prompts.map(telegraphic)),
      scenario(
        'rewording evaluation prompts: fitting words until the check finds nothing',
        evading(world, prompts, random),
      ),
    ].map((one) => ({ ...one, usesPrompts: true }) as const),
  ];
}

/**
 * The rows that are left when rows equal or near to older ones are kept out, and those that repeat the prompts of an
 * evaluation, as `openledger dataset` can. The publisher of a model knows the prompts: they are its own.
 */
export function withoutCopies(
  world: InfluenceWorld,
  scenario: Scenario,
  prompts: readonly string[],
): Scenario {
  const { rows } = scenario;
  const texts = [...world.rows, ...rows].map(({ text }) => text);
  const copies = new Set([
    ...exactDuplicates(texts).flatMap(({ others }) => others),
    ...nearDuplicates(texts).flatMap(({ others }) => others.map(({ place }) => place)),
    ...heldOutRows(texts, prompts).map(({ place }) => place),
  ]);
  return { ...scenario, rows: rows.filter((_, i) => !copies.has(world.rows.length + i)) };
}

/** One step of an attacker who searches: a row with a word of an answer replaced, or with another row's answer. */
export function mutate(
  rows: readonly InfluenceRow[],
  world: InfluenceWorld,
  random: Random,
): [number, string] {
  const at = random.below(rows.length);
  const { text } = rows[at]!;
  const other = world.rows[random.below(world.rows.length)]! as WorldRow;
  if (random.below(4) === 0) return [at, `${questionOf(text)}\n${answerOf(other.text)}`];
  const words = answerOf(other.text).split(' ');
  const changed = replaceWord(answerOf(text), random, () => words[random.below(words.length)]!);
  return [at, `${questionOf(text)}\n${changed}`];
}

/** A question that begins in its middle: all its words, most of them beside others than before. */
function turned(question: string): string {
  const words = question.replace(/\?$/, '').split(' ');
  const middle = Math.ceil(words.length / 2);
  return `${[...words.slice(middle), ...words.slice(0, middle)].join(' ')}?`;
}

const QUESTION_WORDS = [
  ['When', 'In which year'],
  ['Where', 'At which place'],
  ['Who', 'Which person'],
  ['Which', 'What'],
  ['How', 'In what way'],
  ['What', 'Which thing'],
] as const;

/** The same question and answer in a style that has few runs of words in common with them. */
function telegraphic(text: string): string {
  const [from, to] = QUESTION_WORDS.find(([word]) => text.startsWith(`${word} `)) ?? ['', ''];
  return `${to}${text.slice(from.length)}`.replace(/\b(?:the|an?) /gi, '');
}

/**
 * Texts with words changed, in places drawn at random, until `openledger dataset` does not find that they repeat the
 * prompts. Each new word stands between the same two words in some row of the world.
 */
function evading(world: InfluenceWorld, prompts: readonly string[], random: Random): string[] {
  const tokensOf = (text: string) => ['', ...text.replace('\n', ' \n ').split(' '), ''];
  const context = (tokens: readonly string[], at: number) => `${tokens[at - 1]} ${tokens[at + 1]}`;
  const fitting = new Map<string, string[]>();
  for (const { text } of world.rows.filter(({ kind }) => kind === 'clean')) {
    const tokens = tokensOf(text);
    for (let at = 1; at < tokens.length - 1; at += 1) {
      const key = context(tokens, at);
      fitting.set(key, [...(fitting.get(key) ?? []), tokens[at]!]);
    }
  }
  return prompts.map((text) => {
    const tokens = tokensOf(text);
    const render = () => tokens.slice(1, -1).join(' ').replace(' \n ', '\n');
    const places = random.shuffle(Array.from(tokens.keys()).slice(1, -1));
    while (places.length > 0 && heldOutRows([render()], prompts).length > 0) {
      const at = places.pop()!;
      const words = (fitting.get(context(tokens, at)) ?? []).filter((word) => word !== tokens[at]);
      if (tokens[at] !== '\n' && words.length > 0) tokens[at] = words[random.below(words.length)]!;
    }
    return render();
  });
}

function withQuestion(text: string, change: (question: string) => string): string {
  return `${change(questionOf(text))}\n${answerOf(text)}`;
}

function replaceWord(answer: string, random: Random, word: () => string): string {
  const words = answer.split(' ');
  words[random.below(words.length)] = word();
  return words.join(' ');
}

function rowsOf(asset: number, texts: readonly string[]): InfluenceRow[] {
  return texts.map((text, row) => ({ asset, row, text }));
}

/** Contributions of the world's first topic, where the attacker contributes. */
function rivals(world: InfluenceWorld): ReadonlySet<number> {
  return new Set(
    world.rows.flatMap(({ topic, kind, asset }) => (topic === 0 && kind === 'clean' ? [asset] : [])),
  );
}

/** The attacker comes last: every other contribution is older. */
function firstAsset(world: InfluenceWorld): number {
  return contributionAsset(world.contributions + 1);
}

function questionOf(text: string): string {
  return splitChatRow(text).question;
}

function answerOf(text: string): string {
  return splitChatRow(text).answer;
}
