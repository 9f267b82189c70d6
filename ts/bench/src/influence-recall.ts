import { answerQuery } from '@openledger/engine/influence/answer';
import { buildInfluence } from '@openledger/engine/influence/build';
import { openInfluence } from '@openledger/engine/influence/query';
import type { BaseModel } from '@openledger/engine/model/base';
import { MEMORISE } from '@openledger/engine/training/presets';
import { influenceScore } from '@openledger/sdk/protocol/sketch';
import { askedContributions, rowsOf, train } from './truth-world.ts';

/**
 * Share of the world's questions whose one true row is among the `best` rows by influence. The question is asked in
 * other words than the row's, so that no query is a row.
 */
export async function factRecall(base: BaseModel, best: number): Promise<number> {
  const contributions = askedContributions();
  const settings = { ...MEMORISE, profile: 'native' as const };
  const { adapter, secondMoment } = await train(base, contributions, settings, 'ground-truth world');
  const rows = rowsOf(contributions);
  const influence = await buildInfluence({ base, adapter, secondMoment, rows, profile: 'native' });
  const session = await openInfluence({ base, adapter, basis: influence.basis });
  try {
    let [found, asked] = [0, 0];
    for (const { asset, questions } of contributions) {
      for (const { question, answer, row } of questions) {
        const content = `Please tell me: ${question}`;
        const vector = await session.query(answerQuery(base.tokenizer, [{ role: 'user', content }], answer));
        const ranked = influence.rows
          .map((sketch) => ({ ...sketch, score: influenceScore(sketch, vector) }))
          .sort((a, b) => Number(b.score - a.score))
          .slice(0, best);
        asked += 1;
        if (ranked.some((one) => one.asset === asset && one.row === row)) found += 1;
      }
    }
    return found / asked;
  } finally {
    await session.close();
  }
}
