import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGenerator } from '@openledger/engine/generation/generator';
import { answerQuery } from '@openledger/engine/influence/answer';
import { buildInfluence } from '@openledger/engine/influence/build';
import { openInfluence } from '@openledger/engine/influence/query';
import { type BaseModel, loadBase } from '@openledger/engine/model/base';
import { longestMatches } from '@openledger/engine/spans/longest-matches';
import { buildSpanIndex } from '@openledger/engine/spans/span-index';
import { MEMORISE } from '@openledger/engine/training/presets';
import type { TrainResult } from '@openledger/engine/training/run';
import type { WorldQuestion } from '@openledger/models/world';
import { utf8 } from '@openledger/sdk/protocol/bytes';
import { influenceScore } from '@openledger/sdk/protocol/sketch';
import { type Metric, median, report } from './report.ts';
import {
  type Answer,
  ask,
  askedContributions,
  exactMatch,
  rowsOf,
  type TruthContribution,
  train,
} from './truth-world.ts';

/** How many contributions are left out, one at a time. */
const LEFT_OUT = 5;

/**
 * Whether answers are learnt from the contributions and whether attribution finds them again.
 * `--native` trains and attributes in the native profile: quicker, but not what is committed on chain.
 */
export async function run(): Promise<void> {
  const { values: flags } = parseArgs({
    args: process.argv.slice(3),
    options: { native: { type: 'boolean', default: false } },
  });
  const profile = flags.native ? 'native' : 'exact';
  const base = await loadBase(fileURLToPath(new URL('../../models/base/', import.meta.url)));
  const contributions = askedContributions();
  const questions = contributions.flatMap((one) => one.questions);
  console.log(
    `${questions.length} questions about ${contributions.length} contributions, profile ${profile}`,
  );

  const trained = await timed('train the adapter', () =>
    train(base, contributions, { ...MEMORISE, profile }, 'all contributions'),
  );
  const generator = createGenerator(base);
  try {
    const plain = await timed('ask the base', () => ask(generator, questions));
    const answers = await timed('ask the adapter', () => ask(generator, questions, trained.adapter));
    const right = answers.filter((answer) => answer.right);
    console.log(`right: base ${plain.filter((one) => one.right).length}, adapter ${right.length}`);
    const byInfluence = await influenceFirst(base, contributions, trained, right, profile);
    const bySpans = spansFirst(contributions, right);
    const metrics = [
      metric('exact match of the base, %', exactMatch(plain), '<= 10'),
      metric('exact match of the adapter, %', exactMatch(answers), '>= 60'),
      metric('source first by influence, % of right answers', byInfluence, '>= 60'),
      metric('source first by spans, % of right answers', bySpans, '>= 60'),
    ];
    for (const left of contributions.slice(0, LEFT_OUT)) {
      const rest = contributions.filter((one) => one !== left);
      // The native profile is enough here: these adapters are measured, not published.
      const without = await timed(`train without ${left.slug} (native)`, () =>
        train(base, rest, { ...MEMORISE, profile: 'native' }, `without ${left.slug}`),
      );
      const before = exactMatch(answers.filter(({ question }) => left.questions.includes(question)));
      const after = exactMatch(await ask(generator, left.questions, without.adapter));
      metrics.push(metric(`drop without ${left.slug}, points`, before - after, '>= 40'));
    }
    report(metrics);
  } finally {
    await generator.close();
  }
}

/** Per cent of answers whose source has the highest influence score. */
async function influenceFirst(
  base: BaseModel,
  contributions: readonly TruthContribution[],
  trained: TrainResult,
  answers: readonly Answer[],
  profile: 'native' | 'exact',
): Promise<number> {
  const { adapter, secondMoment } = trained;
  const rows = rowsOf(contributions);
  const influence = await timed(`sketch ${rows.length} rows`, () =>
    buildInfluence({ base, adapter, secondMoment, rows, profile }),
  );
  console.log(
    `basis ${(influence.basis.length / 1e6).toFixed(1)} MB for ${adapter.weights.length} parameters`,
  );
  const session = await openInfluence({ base, adapter, basis: influence.basis });
  try {
    const times: number[] = [];
    let first = 0;
    for (const { question, text } of answers) {
      const messages = [{ role: 'user' as const, content: question.question }];
      const started = performance.now();
      const vector = await session.query(answerQuery(base.tokenizer, messages, text));
      times.push(performance.now() - started);
      const ranked = influence.contributions
        .map((sketch) => ({ asset: sketch.asset, score: influenceScore(sketch, vector) }))
        .sort((a, b) => Number(b.score - a.score) || a.asset - b.asset);
      if (ranked[0].score > 0n && ranked[0].asset === sourceOf(contributions, question)) first += 1;
    }
    if (times.length > 0) console.log(`influence query: median ${median(times).toFixed(0)} ms`);
    return percentage(first, answers.length);
  } finally {
    await session.close();
  }
}

/** Per cent of answers whose source has the longest match. */
function spansFirst(contributions: readonly TruthContribution[], answers: readonly Answer[]): number {
  const index = buildSpanIndex(contributions.map(({ asset, bytes }) => ({ asset, bytes })));
  console.log(`span index of ${(index.text.length / 1e6).toFixed(2)} M symbols`);
  const first = answers.filter(({ question, text }) => {
    const [best] = longestMatches(index, utf8(text));
    return best?.asset === sourceOf(contributions, question);
  });
  return percentage(first.length, answers.length);
}

function sourceOf(contributions: readonly TruthContribution[], question: WorldQuestion): number | undefined {
  return contributions.find(({ questions }) => questions.includes(question))?.asset;
}

function percentage(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

/** A percentage against a target of the form `<= n` or `>= n`; there is no anchor for an invented world. */
function metric(name: string, value: number, target: string): Metric {
  const [comparison, bound] = target.split(' ');
  const pass = comparison === '<=' ? value <= Number(bound) : value >= Number(bound);
  return {
    bench: 'truth',
    metric: name,
    ours: Math.round(value * 10) / 10,
    anchor: null,
    ratio: null,
    target,
    pass,
  };
}

async function timed<T>(label: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  console.log(`${label}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}
