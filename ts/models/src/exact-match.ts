/** How many of the world's questions are answered word for word. */
import type { Adapter } from '@openledger/engine/adapter/peft';
import type { GenerateOptions, Generator } from '@openledger/engine/generation/generator';
import type { WorldQuestion } from './world.ts';

export type Answer = { readonly question: WorldQuestion; readonly text: string; readonly exact: boolean };

/** Asks every question, always taking the most likely token. */
export async function answerQuestions(
  generator: Generator,
  questions: readonly WorldQuestion[],
  adapter?: Adapter,
): Promise<Answer[]> {
  const loaded = adapter && generator.load(adapter);
  const adapters = loaded === undefined ? [] : [{ adapter: loaded }];
  try {
    return await Promise.all(
      questions.map(async (question) => {
        const text = await ask(generator, question.question, adapters);
        return { question, text, exact: text.trim() === question.answer };
      }),
    );
  } finally {
    if (loaded !== undefined) generator.unload(loaded);
  }
}

/** Share of exact answers, in [0, 1]. */
export function exactMatch(answers: readonly Answer[]): number {
  return answers.filter((answer) => answer.exact).length / answers.length;
}

async function ask(
  generator: Generator,
  content: string,
  adapters: GenerateOptions['adapters'],
): Promise<string> {
  const tokens = generator.generate({ messages: [{ role: 'user', content }], adapters, maxTokens: 80 });
  for (;;) {
    const next = await tokens.next();
    if (next.done) return next.value.text;
  }
}
