import type { Adapter } from '../adapter/peft.ts';
import { type Generator, withAdapter } from '../generation/generator.ts';

/** A question with the only answer that counts. */
export type Question = { readonly question: string; readonly answer: string };

/** What a model said to a question. */
export type Answer<Q extends Question = Question> = {
  readonly question: Q;
  readonly text: string;
  readonly exact: boolean;
};

/** Room for an answer, in tokens, where nothing else is said. */
export const ANSWER_TOKENS = 80;
/** Questions that share a batch. */
const AT_ONCE = 32;

/** Asks every question, always taking the most likely token. */
export async function answerQuestions<Q extends Question>(
  generator: Generator,
  questions: readonly Q[],
  adapter?: Adapter,
  options: { readonly maxTokens?: number; readonly signal?: AbortSignal } = {},
): Promise<Answer<Q>[]> {
  const { maxTokens = ANSWER_TOKENS, signal } = options;
  return withAdapter(generator, adapter, async (adapters) => {
    const ask = async (question: Q): Promise<Answer<Q>> => {
      const messages = [{ role: 'user', content: question.question }] as const;
      const text = await textOf(generator.generate({ messages, adapters, signal, maxTokens }));
      return { question, text, exact: text.trim() === question.answer };
    };
    const answers: Answer<Q>[] = [];
    for (let i = 0; i < questions.length; i += AT_ONCE) {
      answers.push(...(await Promise.all(questions.slice(i, i + AT_ONCE).map(ask))));
    }
    return answers;
  });
}

/** Share of exact answers, in [0, 1]. */
export function exactMatch(answers: readonly Answer[]): number {
  return answers.filter((answer) => answer.exact).length / answers.length;
}

/** The whole text of a stream. */
export async function textOf(stream: ReturnType<Generator['generate']>): Promise<string> {
  for (;;) {
    const next = await stream.next();
    if (next.done) return next.value.text;
  }
}
