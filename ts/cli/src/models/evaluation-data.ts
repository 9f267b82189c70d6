import { prepareDataset } from '@openledger/engine/dataset/prepare';
import type { EvaluatedDatanet, ExactMatchTask } from '@openledger/engine/evaluation/evaluate';
import { heldOutWording } from '@openledger/models/held-out';
import { loadWorld, questionsOf, type World } from '@openledger/models/world';
import { datanetRegistryAbi } from '@openledger/sdk/abis';
import { datanetCandidates } from '../datasets/candidates.ts';
import type { ThreadContext } from '../thread/context.ts';

/** What a model is measured on. */
export type EvaluationData = {
  readonly datanets: readonly EvaluatedDatanet[];
  readonly tasks: readonly ExactMatchTask[];
};

/** Every datanet on chain; those that `trained` names were learned from. */
export async function chainData(
  context: Pick<ThreadContext, 'config' | 'book' | 'chain'>,
  trained: readonly number[],
): Promise<EvaluationData> {
  const logs = await context.chain.getContractEvents({
    address: context.book.contracts.DatanetRegistry,
    abi: datanetRegistryAbi,
    eventName: 'DatanetCreated',
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  const datanets: EvaluatedDatanet[] = [];
  for (const { args } of logs) {
    const id = args.datanetId;
    const candidates = await datanetCandidates(context, [id], undefined);
    // Measuring is research, whatever the model may be used for, and asks no grant.
    const open = candidates.map((one) => ({ ...one, permission: 'open' as const }));
    const rows = prepareDataset(open, { use: 'research' }).rows.map(({ text }) => text);
    if (rows.length === 0) continue;
    // A datanet says how its rows are laid out: "text", or a kind of question and answer.
    const format = args.config.schema.startsWith('text') ? 'text' : 'chat';
    datanets.push({ id, name: args.config.name, trained: trained.includes(id), rows, format });
  }
  const learned = new Set(datanets.filter((one) => one.trained).map(({ name }) => name));
  return { datanets, tasks: worldTasks(loadWorld(), learned) };
}

/** The demo world's datanets from their files, for a model that is on no chain. */
export function worldData(): EvaluationData {
  const world = loadWorld();
  const datanets = world.datanets.map(({ name, contributions }, index) => ({
    id: index + 1,
    name,
    trained: false,
    rows: contributions.flatMap(({ rows }) => rows.map(({ text }) => text)),
  }));
  return { datanets, tasks: worldTasks(world, new Set(world.datanets.map(({ name }) => name))) };
}

/** The demo world's questions about some datanets: as its rows have them, and in words that no row has. */
function worldTasks(world: World, names: ReadonlySet<string>): ExactMatchTask[] {
  const asked = world.datanets.filter(({ name, asked }) => asked && names.has(name));
  const questions = questionsOf({ ...world, datanets: asked });
  if (questions.length === 0) return [];
  return [
    { name: 'demo world, the words of its rows', questions },
    { name: 'demo world, held-out wording', questions: questions.map(heldOutWording) },
  ];
}
