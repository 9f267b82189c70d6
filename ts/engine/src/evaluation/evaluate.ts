import type { Hex } from 'viem';
import type { Adapter } from '../adapter/peft.ts';
import { createGenerator, type Generator, withAdapter } from '../generation/generator.ts';
import type { BaseModel } from '../model/base.ts';
import { RUNTIME_PACKAGES } from '../runtime/profile.ts';
import { openRuntime, type Runtime } from '../runtime/runtime.ts';
import type { RowFormat } from '../training/rows.ts';
import { ANSWER_TOKENS, answerQuestions, type Question, textOf } from './exact-match.ts';
import { measurePerplexity } from './perplexity.ts';
import type { EvaluationResult } from './result.ts';

/** A datanet's rows, to be predicted. */
export type EvaluatedDatanet = {
  readonly id: number;
  readonly name: string;
  readonly trained: boolean;
  readonly rows: readonly string[];
  /** How the rows are read. Default `chat`. */
  readonly format?: RowFormat;
};

/** Questions with one right answer each. */
export type ExactMatchTask = { readonly name: string; readonly questions: readonly Question[] };

export type EvaluateOptions = {
  readonly base: BaseModel;
  /** Without it the base model is evaluated alone. */
  readonly adapter?: Adapter;
  readonly adapterHash?: Hex;
  readonly datanets: readonly EvaluatedDatanet[];
  readonly tasks: readonly ExactMatchTask[];
  /** Asked twice: greedily, and drawn with `sampling`. */
  readonly prompts: readonly string[];
  readonly sampling?: { readonly temperature: number; readonly topP: number; readonly seed: number };
  /** Room for an answer, in tokens. Default {@link ANSWER_TOKENS}. */
  readonly maxTokens?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Says what is being measured. */
  readonly onStage?: (stage: string) => void;
};

const SAMPLING = { temperature: 0.8, topP: 0.95, seed: 1 };

/** Compares a model with its base: perplexity per datanet, exact answers per task, and answers side by side. */
export async function evaluateModel(options: EvaluateOptions): Promise<EvaluationResult> {
  const { base, adapter, threads } = options;
  const runtime = await openRuntime('native', { threads });
  const generator = createGenerator(base, { threads });
  try {
    return {
      type: 'evaluation',
      version: 1,
      base: { weightsHash: base.weightsHash, tokenizerHash: base.tokenizerHash },
      adapter: adapter === undefined ? null : (options.adapterHash ?? null),
      runtime: RUNTIME_PACKAGES.native,
      perplexity: await perplexities(options, runtime),
      exactMatch: await exactMatches(options, generator),
      sideBySide: await sideBySide(options, generator),
    };
  } finally {
    await Promise.all([runtime.close(), generator.close()]);
  }
}

async function perplexities(options: EvaluateOptions, runtime: Runtime) {
  const { base, adapter, datanets, onStage, signal } = options;
  const results: EvaluationResult['perplexity'] = [];
  for (const { id, name, trained, rows, format } of datanets) {
    signal?.throwIfAborted();
    onStage?.(`perplexity of ${name}`);
    const { tokens, before, after } = await measurePerplexity({ runtime, base, adapter, rows, format });
    results.push({
      datanet: id,
      name,
      trained,
      rows: rows.length,
      tokens,
      base: before,
      adapter: after ?? null,
    });
  }
  return results;
}

async function exactMatches(options: EvaluateOptions, generator: Generator) {
  const { adapter, tasks, onStage, maxTokens, signal } = options;
  const results: EvaluationResult['exactMatch'] = [];
  const right = async (questions: readonly Question[], using?: Adapter) =>
    (await answerQuestions(generator, questions, using, { maxTokens, signal })).filter(({ exact }) => exact)
      .length;
  for (const { name, questions } of tasks) {
    onStage?.(`exact answers: ${name}`);
    results.push({
      task: name,
      questions: questions.length,
      base: await right(questions),
      adapter: adapter === undefined ? null : await right(questions, adapter),
    });
  }
  return results;
}

async function sideBySide(options: EvaluateOptions, generator: Generator) {
  const { adapter, prompts, sampling = SAMPLING, maxTokens = ANSWER_TOKENS, onStage, signal } = options;
  const results: EvaluationResult['sideBySide'] = [];
  onStage?.('answers side by side');
  for (const prompt of prompts) {
    for (const { temperature, topP, seed } of [{ temperature: 0, topP: 1, seed: 0 }, sampling]) {
      const messages = [{ role: 'user', content: prompt }] as const;
      const request = { messages, temperature, topP, seed, maxTokens, signal };
      const answer = (using?: Adapter) =>
        withAdapter(generator, using, (adapters) => textOf(generator.generate({ ...request, adapters })));
      results.push({
        prompt,
        temperature,
        seed,
        base: await answer(),
        adapter: adapter === undefined ? null : await answer(adapter),
      });
    }
  }
  return results;
}
