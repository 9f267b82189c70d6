/** How many of the world's questions are answered word for word. */
import type { Adapter } from '@openledger/engine/adapter/peft';
import type { Generator } from '@openledger/engine/generation/generator';
import type { WorldQuestion } from './world.ts';

export type Answer = { readonly question: WorldQuestion; readonly text: string; readonly exact: boolean };

/** Asks every question, always taking the most likely token. */
export async function answerQuestions(
  generator: Generator,
  questions: readonly WorldQuestion[],
  adapter?: Adapter,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const question of questions) {
    const text = await ask(generator, question.question, adapter);
    answers.push({ question, text, exact: text.trim() === question.answer });
  }
  return answers;
}

/** Share of exact answers, in [0, 1]. */
export function exactMatch(answers: readonly Answer[]): number {
  return answers.filter((answer) => answer.exact).length / answers.length;
}

async function ask(generator: Generator, content: string, adapter: Adapter | undefined): Promise<string> {
  const tokens = generator.generate({ messages: [{ role: 'user', content }], adapter, maxTokens: 80 });
  for (;;) {
    const next = await tokens.next();
    if (next.done) return next.value.text;
  }
}
