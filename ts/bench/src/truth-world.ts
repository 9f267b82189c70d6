import type { Adapter } from '@openledger/engine/adapter/peft';
import { textOf } from '@openledger/engine/evaluation/exact-match';
import { type Generator, withAdapter } from '@openledger/engine/generation/generator';
import type { BaseModel } from '@openledger/engine/model/base';
import { createManifest } from '@openledger/engine/training/manifest';
import type { FineTuneSettings } from '@openledger/engine/training/presets';
import { type TrainResult, trainAdapter } from '@openledger/engine/training/run';
import {
  loadWorld,
  loadWorldQuestions,
  type WorldContribution,
  type WorldQuestion,
} from '@openledger/models/world';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { keccak } from '@openledger/sdk/protocol/bytes';

/** A contribution of the world as an asset, as if the nine had been accepted in the world's order. */
export type TruthContribution = WorldContribution & {
  readonly asset: number;
  readonly datanetId: number;
  readonly questions: readonly WorldQuestion[];
};

/** The contributions that the 120 questions are about. */
export function askedContributions(): TruthContribution[] {
  const world = loadWorld();
  const questions = loadWorldQuestions();
  let tokenId = 0;
  const all = world.datanets.flatMap((datanet, i) =>
    datanet.contributions.map((contribution) => {
      tokenId += 1;
      return {
        ...contribution,
        asset: contributionAsset(tokenId),
        datanetId: i + 1,
        questions: questions.filter(
          (one) => one.datanet === contribution.datanet && one.contribution === contribution.slug,
        ),
      };
    }),
  );
  return all.filter(({ questions: asked }) => asked.length > 0);
}

/** The rows of contributions, as training and attribution read them. */
export function rowsOf(
  contributions: readonly TruthContribution[],
): { asset: number; row: number; text: string; datanet: number }[] {
  return contributions.flatMap(({ asset, datanetId, rows }) =>
    rows.map(({ index, text }) => ({ asset, row: index, text, datanet: datanetId })),
  );
}

/** Trains an adapter on contributions, with a line of progress on a terminal. */
export async function train(
  base: BaseModel,
  contributions: readonly TruthContribution[],
  settings: FineTuneSettings,
  label: string,
): Promise<TrainResult> {
  const rows = rowsOf(contributions);
  const manifest = createManifest({
    base,
    rows,
    settings,
    contributions: contributions.map(({ asset, datanetId, bytes }) => ({
      asset,
      datanet: datanetId,
      contentHash: keccak(bytes),
    })),
  });
  for await (const event of trainAdapter({ base, manifest, rows })) {
    if (event.type === 'done') return event;
    if (event.type === 'step' && process.stderr.isTTY) {
      process.stderr.write(
        `\r${label}: step ${event.step}/${manifest.steps}, loss ${event.loss.toFixed(3)} `,
      );
      if (event.step === manifest.steps) process.stderr.write('\n');
    }
  }
  throw new Error('Training ended without a result.');
}

export type Answer = { readonly question: WorldQuestion; readonly text: string; readonly right: boolean };

/** Asks questions greedily. An answer is right when it is the row's answer, byte by byte. */
export async function ask(
  generator: Generator,
  questions: readonly WorldQuestion[],
  adapter?: Adapter,
): Promise<Answer[]> {
  return withAdapter(generator, adapter, (adapters) =>
    Promise.all(
      questions.map(async (question) => {
        const messages = [{ role: 'user' as const, content: question.question }];
        const text = await textOf(generator.generate({ messages, adapters, maxTokens: 96 }));
        return { question, text, right: text === question.answer };
      }),
    ),
  );
}

/** Share of right answers, in per cent. */
export function exactMatch(answers: readonly Answer[]): number {
  return (100 * answers.filter(({ right }) => right).length) / answers.length;
}
