/**
 * Fine-tunes the base model on the demo world and prints how many of the 120 questions the base and the adapter
 * answer word for word: `node ts/models/src/evaluate.ts`. Flags try other settings; `--verbose` prints misses.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { answerQuestions, exactMatch } from '@openledger/engine/evaluation/exact-match';
import { createGenerator } from '@openledger/engine/generation/generator';
import { loadBase } from '@openledger/engine/model/base';
import { type FineTuneSettings, MEMORISE } from '@openledger/engine/training/presets';
import { trainAdapter } from '@openledger/engine/training/run';

import { ProgressBar } from './progress.ts';
import { loadWorldQuestions } from './world.ts';
import { askedContributions, worldRun } from './world-run.ts';

const text = { type: 'string' } as const;
const { values: flags } = parseArgs({
  options: {
    base: text,
    profile: text,
    epochs: text,
    rank: text,
    alpha: text,
    lr: text,
    batch: text,
    beta2: text,
    warmup: text,
    clip: text,
    init: text,
    threads: text,
    verbose: { type: 'boolean' },
  },
});

const base = await loadBase(flags.base ?? fileURLToPath(new URL('../base/', import.meta.url)));
const { manifest, rows } = worldRun(base, askedContributions(), settingsFromFlags(MEMORISE));
const questions = loadWorldQuestions();
const threads = flags.threads === undefined ? undefined : Number(flags.threads);
const generator = createGenerator(base, { threads });
try {
  console.log(`base:    exact match ${percent(exactMatch(await answerQuestions(generator, questions)))}`);
  const started = performance.now();
  const bar = new ProgressBar('adapter', manifest.steps);
  for await (const event of trainAdapter({ base, manifest, rows, threads })) {
    if (event.type === 'step') {
      bar.update(event.step, `loss ${event.loss.toFixed(3)}  ${event.tokensPerSecond.toFixed(0)} tokens/s`);
    } else if (event.type === 'done') {
      bar.end();
      const seconds = (performance.now() - started) / 1000;
      const answers = await answerQuestions(generator, questions, event.adapter);
      const parameters = event.adapter.weights.length;
      console.log(`adapter: exact match ${percent(exactMatch(answers))}`);
      console.log(
        `${manifest.steps} steps in ${seconds.toFixed(1)} s (${manifest.runtime.profile}), ${parameters} parameters`,
      );
      for (const answer of flags.verbose ? answers.filter(({ exact }) => !exact) : []) {
        console.log(
          `- ${answer.question.question}\n  wanted ${answer.question.answer}\n  got    ${answer.text}`,
        );
      }
    }
  }
} finally {
  await generator.close();
}

function settingsFromFlags(preset: FineTuneSettings): FineTuneSettings {
  const number = (value: string | undefined, otherwise: number) =>
    value === undefined ? otherwise : Number(value);
  const { lora, optimizer, learningRate, batches } = preset;
  return {
    profile: flags.profile === 'native' || flags.profile === 'exact' ? flags.profile : preset.profile,
    epochs: number(flags.epochs, preset.epochs),
    lora: {
      ...lora,
      rank: number(flags.rank, lora.rank),
      alpha: number(flags.alpha, lora.alpha),
      initScale: number(flags.init, lora.initScale),
    },
    optimizer: {
      ...optimizer,
      beta2: number(flags.beta2, optimizer.beta2),
      clipNorm: number(flags.clip, optimizer.clipNorm),
    },
    learningRate: {
      ...learningRate,
      peak: number(flags.lr, learningRate.peak),
      warmup: number(flags.warmup, learningRate.warmup),
    },
    batches: { ...batches, batch: number(flags.batch, batches.batch) },
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
